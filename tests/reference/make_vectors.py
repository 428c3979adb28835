"""Makes all vector files, and checks those in a directory against what it would make."""

import json
import os
import sys

import kept_stores
import vectors_checkpoints
import vectors_grants
import vectors_ledger
import vectors_log
import vectors_maps
import vectors_objects
import vectors_operations
import vectors_proofs
import vectors_store
import vectors_store_files
import vectors_tree_proofs
import vectors_trees
import vectors_values
from judge import judge

LEAST_CASES = 500
MODULES = (
    vectors_values,
    vectors_maps,
    vectors_operations,
    vectors_proofs,
    vectors_trees,
    vectors_objects,
    vectors_ledger,
    vectors_grants,
    vectors_log,
    vectors_checkpoints,
    vectors_tree_proofs,
    vectors_store,
    vectors_store_files,
)


def all_files():
    """(file name, Cases) of every vector file."""
    made = [maker() for module in MODULES for maker in module.FILES]
    return [(cases.file, cases) for cases in made]


def text_of(cases):
    """A vector file: one case a line."""
    head = [f'"about": {json.dumps(cases.about)},', f'"spec": {json.dumps(cases.spec)},']
    lines = [json.dumps(case, separators=(", ", ": ")) for case in cases.cases]
    return "{\n" + "\n".join(head) + '\n"cases": [\n' + ",\n".join(lines) + "\n]\n}\n"


def make(directory):
    os.makedirs(directory, exist_ok=True)
    for file, cases in all_files():
        with open(os.path.join(directory, file), "w", encoding="ascii", newline="\n") as out:
            out.write(text_of(cases))
    return 0


def check(directory):
    """Compares byte for byte and judges every case as it stands in the file; and kept stores."""
    faults, total = [], 0
    expected = dict(all_files())
    for file in sorted(expected.keys() | set(os.listdir(directory))):
        if file not in expected:
            faults.append(f"{file}: not a vector file of the reference")
            continue
        counts = check_file(directory, file, expected[file], faults)
        total += sum(counts)
        print(f"{file}: {counts[0]} accepting, {counts[1]} rejecting")
    print(f"{total} cases in {len(expected)} files")
    kept_stores.check(os.path.join(directory, "../compatibility"), faults)
    if total < LEAST_CASES:
        faults.append(f"fewer than {LEAST_CASES} cases")
    for fault in faults:
        print(f"reference.py: {fault}", file=sys.stderr)
    return 1 if faults else 0


def check_file(directory, file, expected, faults):
    """Counts the accepting and the rejecting cases; adds what is wrong to the faults."""
    try:
        with open(os.path.join(directory, file), encoding="ascii", newline="") as opened:
            text = opened.read()
        found = json.loads(text)["cases"]
    except (OSError, ValueError, KeyError) as error:
        faults.append(f"{file}: {error}")
        return 0, 0
    names = {case["name"]: case for case in found}
    for case in expected.cases:
        if names.get(case["name"]) != case:
            faults.append(f"{file}: case {case['name']!r} differs")
    for name in names.keys() - {case["name"] for case in expected.cases}:
        faults.append(f"{file}: case {name!r} is not of the reference")
    for case in found:
        if not agrees(file, case):
            faults.append(f"{file}: case {case['name']!r} is judged otherwise")
    if text != text_of(expected):
        faults.append(f"{file}: the bytes differ")
    rejecting = sum(1 for case in found if case.get("error") or case.get("fault"))
    return len(found) - rejecting, rejecting


def agrees(file, case):
    """Whether the case as it stands in the file is judged as it says."""
    try:
        outcome = judge(file, case)
    except (AssertionError, KeyError, TypeError, ValueError):
        return False
    return all(case.get(member) == value for member, value in outcome.items())
