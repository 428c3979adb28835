"""Checks the stores that were kept in tests/compatibility, as far as sums and indexes go.

Their frames are of a real Zstandard, which the reference does not unpack.
"""

import json
import os

import store as s

KINDS = {1, 2, 3, 4, 5, s.CONTENT, s.PART, s.RECIPE}
LINES = {s.PUT_ENTRY, s.PUT_ROW, s.DELETE_ROW, s.REMOVE, s.POSITION}


def check(directory, faults):
    """Adds what is wrong with a kept store, or missing in all of them, to the faults."""
    kinds, lines, packings = set(), set(), set()
    for name, files in stores(directory):
        store = s.read_format(files["format"])
        seed = s.seed_of(store)
        before = len(faults)
        for pack, data in s.numbered(files, "packs", "pack").items():
            for place, found in s.walk(data, pack, seed):
                if found is None or not found.is_whole or not s.is_readable(found, seed):
                    faults.append(f"{name}: no whole record at {place}")
                elif found.kind == s.ITEMS:
                    kinds |= {item.kind for item in s.items_of(found)}
                    packings.add(found.packing)
                else:
                    batch = s.read_batch(found, seed)[2]
                    lines |= {line.kind for line in batch if line.is_whole}
        # An index is made of a whole pack only.
        wrong = s.check_indexes(files, store) if len(faults) == before else []
        faults += [f"{name}: the index of pack {pack} is not made by its pack" for pack in wrong]
    if (kinds, lines, packings) != (KINDS, LINES, {0, 1}):
        faults.append(f"kept stores: they lack a kind: {kinds}, {lines}, {packings}")


def stores(directory):
    """(name, files) of each kept store."""
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        if os.path.isdir(path):
            yield name, files_below(os.path.join(path, "store"))
        else:
            with open(path, encoding="ascii") as opened:
                yield (
                    name,
                    {file: joined(runs) for file, runs in json.load(opened)["files"].items()},
                )


def files_below(folder):
    files = {}
    for above, _, names in os.walk(folder):
        for path in (os.path.join(above, name) for name in names):
            with open(path, "rb") as opened:
                files[os.path.relpath(path, folder)] = opened.read()
    return files


def joined(member):
    """The bytes of a file that is kept as runs between zeros."""
    data = bytearray(member["length"])
    for start, digits in member["runs"]:
        data[start : start + len(digits) // 2] = bytes.fromhex(digits)
    return bytes(data)
