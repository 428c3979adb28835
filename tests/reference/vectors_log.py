"""Vectors of the log tree of ledger.md."""

import reference as r
from vector_cases import Cases

# The leaves of the Certificate Transparency tests, and the root published for all eight
KNOWN_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
KNOWN_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def leaf(index):
    return b"leaf %d" % index


def log_cases():
    about = "The log tree: roots, inclusion and consistency proofs, right and wrong."
    cases = Cases("log.json", "ledger.md", about)
    for size in range(len(KNOWN_LEAVES) + 1):
        leaves = KNOWN_LEAVES[:size]
        title = f"root of the {size} known leaves"
        outcome = cases.accept(title, "LOG-1", operation="root", leaves=leaves)
    assert outcome["root"] == KNOWN_ROOT
    tree = [leaf(index) for index in range(257)]
    for size in [*range(1, 21), 127, 128, 129, 255, 256, 257]:
        title = f"root of {size} leaves"
        cases.accept(title, "LOG-5", operation="root", leaves=tree[:size])
    inclusions(cases, tree)
    consistencies(cases, tree)
    wrong_inclusions(cases, tree)
    wrong_consistencies(cases, tree)
    return cases


def inclusion(tree, size, index):
    hashes = [r.leaf_hash(data) for data in tree[:size]]
    return {
        "operation": "inclusion",
        "size": str(size),
        "index": str(index),
        "leaf": tree[index],
        "proof": r.prove_inclusion(hashes, index),
        "root": r.log_root(hashes),
    }


def inclusions(cases, tree):
    for size in range(1, 21):
        for index in range(size):
            if size <= 9 or index in (0, size // 2, size - 2, size - 1):
                title = f"leaf {index} of {size}"
                cases.accept(title, "LOG-2", **inclusion(tree, size, index))
    for index in (0, 127, 128, 255, 256):
        cases.accept(f"leaf {index} of 257", "LOG-2", **inclusion(tree, 257, index))


def consistency(tree, size, to_size):
    hashes = [r.leaf_hash(data) for data in tree[:to_size]]
    return {
        "operation": "consistency",
        "from": str(size),
        "to": str(to_size),
        "from_root": r.log_root(hashes[:size]),
        "to_root": r.log_root(hashes),
        "proof": r.prove_consistency(hashes, size),
    }


def consistencies(cases, tree):
    for to_size in range(0, 21):
        for size in range(0, to_size + 1):
            if to_size <= 9 or size in (0, 1, to_size // 2, to_size - 1, to_size):
                title = f"from {size} to {to_size}"
                cases.accept(title, "LOG-3", **consistency(tree, size, to_size))
    for size in (1, 2, 100, 128, 129, 255, 256):
        cases.accept(f"from {size} to 257", "LOG-3", **consistency(tree, size, 257))


def wrong_inclusions(cases, tree):
    good = inclusion(tree, 7, 3)
    proof, other = good["proof"], r.sha256(b"other")

    def refuse(title, error, start=good, **changed):
        cases.refuse(f"inclusion, {title}", "LOG-4", error, **{**start, **changed})

    refuse("index 7 of 7", "bad-proof", index="7")
    refuse("index 8 of 7", "bad-proof", index="8")
    refuse("size 0", "bad-proof", size="0", index="0", proof=[])
    refuse("index 2^64-1", "bad-proof", index=str(r.U64_MOST))
    refuse("a hash too few", "bad-proof", proof=proof[:-1])
    refuse("no hash", "bad-proof", proof=[])
    refuse("a hash too many", "bad-proof", proof=proof + [other])
    refuse("one leaf, a hash too many", "bad-proof", inclusion(tree, 1, 0), proof=[other])
    refuse("the last leaf, a hash too many", "bad-proof", inclusion(tree, 7, 6), proof=proof)
    refuse("the last leaf, a hash too few", "bad-proof", inclusion(tree, 7, 6), proof=proof[:1])
    refuse("100 hashes", "bad-proof", proof=[other] * 100)
    refuse("another size, more hashes needed", "bad-proof", size="9")
    refuse("size 2^64-1", "bad-proof", size=str(r.U64_MOST))
    refuse("another root", "hash-mismatch", root=other)
    refuse("another leaf", "hash-mismatch", leaf=leaf(4))
    refuse("another index", "hash-mismatch", index="2")
    title = "inclusion, another size and index of the same path, as RFC 9162 takes it"
    cases.accept(title, "LOG-2", **{**inclusion(tree, 7, 6), "size": "6", "index": "5"})
    refuse("hashes swapped", "hash-mismatch", proof=proof[::-1])
    for at in range(len(proof)):
        bent = proof[:at] + [other] + proof[at + 1 :]
        refuse(f"hash {at} changed", "hash-mismatch", proof=bent)
    refuse("another root and a hash too few", "bad-proof", root=other, proof=proof[:-1])
    refuse("one leaf, another root", "hash-mismatch", inclusion(tree, 1, 0), root=other)


def wrong_consistencies(cases, tree):
    good = consistency(tree, 5, 7)
    proof, other = good["proof"], r.sha256(b"other")

    def refuse(title, error, start=good, **changed):
        cases.refuse(f"consistency, {title}", "LOG-4", error, **{**start, **changed})

    swapped = {"from": "7", "to": "5"}
    refuse("from above to", "bad-proof", **swapped)
    refuse("a hash too few", "bad-proof", proof=proof[:-1])
    refuse("no hash", "bad-proof", proof=[])
    refuse("a hash too many", "bad-proof", proof=proof + [other])
    refuse("100 hashes", "bad-proof", proof=[other] * 100)
    refuse("another size to, fewer hashes needed", "bad-proof", to="6")
    refuse("another root from", "hash-mismatch", from_root=other)
    refuse("another root to", "hash-mismatch", to_root=other)
    swapped = {"from_root": good["to_root"], "to_root": good["from_root"]}
    refuse("the roots swapped", "hash-mismatch", **swapped)
    refuse("another root and a hash too many", "bad-proof", to_root=other, proof=proof + [other])
    for at in range(len(proof)):
        bent = proof[:at] + [other] + proof[at + 1 :]
        refuse(f"hash {at} changed", "hash-mismatch", proof=bent)
    power = consistency(tree, 4, 7)
    for at in range(len(power["proof"])):
        bent = power["proof"][:at] + [other] + power["proof"][at + 1 :]
        refuse(f"from 4, hash {at} changed", "hash-mismatch", power, proof=bent)
    refuse("from 4, another root from", "hash-mismatch", power, from_root=other)
    refuse("from 4, a hash too few", "bad-proof", power, proof=power["proof"][:-1])
    refuse("from 4, no hash", "bad-proof", power, proof=[])
    from_none, equal = consistency(tree, 0, 5), consistency(tree, 5, 5)
    refuse("from 0, a hash", "bad-proof", from_none, proof=[other])
    refuse("from 0, another root from", "hash-mismatch", from_none, from_root=other)
    refuse("equal sizes, a hash", "bad-proof", equal, proof=[other])
    refuse("equal sizes, other roots", "hash-mismatch", equal, to_root=other)
    nothing = consistency(tree, 0, 0)
    refuse("from 0 to 0, another root", "hash-mismatch", nothing, from_root=other, to_root=other)
    refuse("from 0 to 0, another root to", "hash-mismatch", nothing, to_root=other)


FILES = [log_cases]
