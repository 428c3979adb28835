"""Vectors of store-directory.md."""

from judge import run_of
from vector_cases import Cases

KIB = 1 << 10
LEAST, MOST = 64 * KIB, 1 << 20


def noise(name, count):
    return {"noise": name, "bytes": count}


def fill(byte, count):
    return {"byte": byte, "bytes": count}


def cut_cases():
    cases = Cases("cuts.json", "store-directory.md", "Where large contents are cut.")

    def add(name, rule, *runs):
        return cases.accept(name, rule, input=list(runs))["ends"]

    add("one byte", "CUT-1", fill(0, 1))
    add("as long as a part may be", "CUT-1", noise("a", MOST))
    add("a byte longer", "CUT-1", noise("a", MOST + 1))
    add("zeros", "CUT-2", fill(0, 2 * MOST + 1))
    add("the same byte", "CUT-2", fill(255, MOST + LEAST))
    ends = add("noise", "CUT-2", noise("b", 3 * MOST))
    add("the same with a byte before it", "CUT-2", fill(7, 1), noise("b", 3 * MOST))
    add("ends where a part would", "CUT-2", noise("b", ends[-2]))
    add("ends a byte behind it", "CUT-2", noise("b", ends[-2] + 1))
    add("zeros, then noise", "CUT-2", fill(0, MOST - 1), noise("c", 512 * KIB))
    add("noise, then zeros", "CUT-2", noise("c", 512 * KIB), fill(0, MOST + 1))
    add("repeats", "CUT-2", *[noise("d", 40_000)] * 30)
    window = run_of(noise("b", ends[0]))[-64:]
    for place in (LEAST, LEAST + 1, LEAST + 2, MOST - 1, MOST):
        before, after = fill(0, place - 64), fill(0, 2 * MOST - place)
        name = f"bytes that end a part after {place} of them"
        add(name, "CUT-2", before, {"hex": window.hex()}, after)
    return cases


FILES = (cut_cases,)
