"""Keys chosen so that the cut of a map falls where a vector needs it."""

import reference as r


def name_key(number):
    return b"%06d" % number


def snapshot_key(number):
    return number.to_bytes(4, "big") + bytes(28)


def value_of(kind, number=0):
    """A value that the kind allows."""
    some_id = r.content_id(b"%d" % number)
    values = {r.DIRECTORY: b"\x01" + some_id, r.SNAPSHOTS: r.varint(number), r.KEYS: b"\x01"}
    values[r.GRANTS] = b"\x01" + some_id[:16] + r.varint(number)
    return values.get(kind, some_id)


def clause(keys, start, level):
    """Which of (i), (ii), (iii) ends the page at the last key, or None."""
    items = [r.Entry(key, b"") for key in keys]
    if not r.ends_page(items, start, len(items) - 1, level):
        return None
    if level <= 9 and r.cut_number(keys[-1]) < 1 << (256 - 5 * (level + 1)):
        return "i"
    before = keys[-64:-1] if len(keys) - start >= 128 else None
    if before and all(r.cut_number(keys[-1]) < r.cut_number(key) for key in before):
        return "ii"
    return "iii"


def choose(plan, level=0, key_of=name_key, first=0, accept=lambda key: True):
    """Ascending keys, one for each item of the plan; its clause, or None, ends the page there."""
    keys, start, number = [], 0, first
    for wanted in plan:
        while True:
            keys.append(key_of(number))
            number += 1
            if accept(keys[-1]) and clause(keys, start, level) == wanted:
                break
            keys.pop()
        if wanted is not None:
            start = len(keys)
    return keys


def entries_of(keys, kind):
    return [r.Entry(key, value_of(kind, index)) for index, key in enumerate(keys)]


def child(key, items, entries, kind=r.SNAPSHOTS, number=0):
    """A child whose page is nowhere."""
    return r.Child(key, value_of(kind, number), r.content_id(b"page" + key), items, entries)


def children_of(keys, kind=r.SNAPSHOTS, items=2):
    return [child(key, items, items, kind, index) for index, key in enumerate(keys)]
