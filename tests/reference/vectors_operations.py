"""Vectors of the operations of map.md, with the requests they make."""

import reference as r
from chosen_keys import choose, entries_of, snapshot_key, value_of
from judge import generated
from vector_cases import Cases

NAMES, SNAPSHOTS = r.DIRECTORY, r.SNAPSHOTS
BIG = 12345


def generator(count, prefix=b""):
    return {"generator": {"count": count, "prefix": prefix}}


def listed(keys):
    """A map of snapshots over chosen keys."""
    return {"entries": entries_of(keys, SNAPSHOTS)}


def name(number):
    return b"%08d" % number


def new_value(key):
    return b"\x02" + r.content_id(b"new " + key)


def puts(*keys):
    return [(key, new_value(key)) for key in keys]


def deletions(keys):
    return [(key, None) for key in keys]


def first_pages(before, count=3):
    """The names in the first pages of a generated map."""
    entries = generated({"count": before, "prefix": ""})
    pages, _ = r.cut(entries, 0)
    return [[entry.key for entry in page] for page in pages[:count]]


def operation_cases():
    about = "Look-ups, differences and updates: results and the pages asked for, round by round."
    cases = Cases("map-operations.json", "map.md", about)
    look_ups(cases)
    differences(cases)
    small_updates(cases)
    large_updates(cases)
    chosen_updates(cases)
    shrinking_updates(cases)
    return cases


# --------------------------------------------------------------------------- look-ups


def look_ups(cases):
    def add(title, before, keys, kind=NAMES):
        inputs = {"operation": "look-up", "kind": kind, "before": before, "keys": keys}
        cases.accept(f"look-up, {title}", "MAP-20", **inputs)

    empty = {"entries": []}
    add("no keys", generator(300), [])
    add("in the empty map", empty, [b"a"])
    add("in one entry: before, it, after", generator(1), [b"0", name(0), b"1"])
    add("in one page", generator(128), [name(5), name(5) + b"a", name(127), b"x"])
    add("one key", generator(BIG), [name(6000)])
    add("first key", generator(BIG), [name(0)])
    add("last key", generator(BIG), [name(BIG - 1)])
    add("below the first key", generator(BIG), [b"0"])
    add("above the last key", generator(BIG), [b"a"])
    add("between two keys", generator(BIG), [name(6000) + b"a"])
    pages = first_pages(BIG)
    ends = [key for page in pages for key in (page[0], page[-1])]
    add("both ends of the first pages", generator(BIG), ends)
    add("just above the end of a page", generator(BIG), [pages[0][-1] + b"\x01"])
    add("many keys", generator(BIG), [name(number) for number in range(0, BIG, 411)])
    keys = [b"a", name(3), name(4), name(9999), name(9999) + b"\x01", b"b"]
    add("present and absent", generator(BIG), sorted(keys))
    singles = choose([None] * 127 + ["ii"] + [None] * 10, 1, snapshot_key, 0, is_first_clause)
    some = sorted(singles[::30] + [bytes(32), b"\xff" * 32])
    add("pages of one entry, three levels", listed(singles), some, SNAPSHOTS)


def is_first_clause(key):
    return r.cut_number(key) < 1 << 251


# --------------------------------------------------------------------------- differences


def differences(cases):
    def add(title, before, after, kind=NAMES):
        inputs = {"operation": "difference", "kind": kind, "before": before, "after": after}
        return cases.accept(f"difference, {title}", "MAP-21", **inputs)

    def change(title, *changes):
        add(title, generator(BIG), {**generator(BIG), "changes": changes})

    empty = {"entries": []}
    add("both empty", empty, empty)
    add("equal, one page", generator(100), generator(100))
    add("equal, three levels", generator(BIG), generator(BIG))
    add("empty and one", empty, generator(1))
    add("one and empty", generator(1), empty)
    add("empty and two levels", empty, generator(300))
    add("two levels and empty", generator(300), empty)
    add("disjoint, one page", generator(20, b"a"), generator(30, b"b"))
    add("disjoint, two levels", generator(200, b"a"), generator(250, b"b"))
    add(
        "interleaved",
        generator(130),
        {
            **generator(130),
            "changes": deletions([name(7)])
            + puts(*(name(number) + b"x" for number in range(10, 130, 30)), b"a"),
        },
    )
    change("one value", *puts(name(7000)))
    change("one inserted", *puts(name(7000) + b"x"))
    change("one deleted", (name(7000), None))
    change("inserted at the front", *puts(b"\x01"))
    change("appended at the end", *puts(b"a"))
    change("first deleted", (name(0), None))
    change("last deleted", (name(BIG - 1), None))
    pages = first_pages(BIG)
    change("the last key of a page deleted", (pages[1][-1], None))
    change("a whole page deleted", *deletions(pages[1]))
    change("three far apart", *puts(name(10), name(6000) + b"x"), (name(12000), None))
    add("128 and 129 entries", generator(128), generator(129))
    add("heights one and two", generator(100), generator(400))
    add("heights two and one", generator(400), generator(100))
    add("heights two and three", generator(4064), generator(4065))
    singles = choose([None] * 127 + ["ii"] + [None] * 10, 1, snapshot_key, 0, is_first_clause)
    add(
        "pages of one entry, a middle one less",
        listed(singles),
        {**listed(singles), "changes": deletions([singles[70]])},
        SNAPSHOTS,
    )
    add("heights one and three", listed(singles[:20]), listed(singles), SNAPSHOTS)
    add("heights three and one", listed(singles), listed(singles[-1:]), SNAPSHOTS)


# --------------------------------------------------------------------------- updates


def update(cases, title, before, changes, kind=NAMES):
    changes = sorted(changes)
    inputs = {"operation": "update", "kind": kind, "before": before, "changes": changes}
    return cases.accept(f"update, {title}", "MAP-22", **inputs)


def small_updates(cases):
    def add(title, count, *changes):
        before = generator(count) if count else {"entries": []}
        update(cases, title, before, changes)

    names = [name(number) for number in range(300)]
    add("the empty map, no change", 0)
    add("no change", 300)
    add("empty to one", 0, *puts(b"a"))
    add("empty stays empty", 0, (b"a", None))
    add("empty to 128", 0, *puts(*names[:128]))
    add("empty to 129", 0, *puts(*names[:129]))
    add("one to empty", 1, (names[0], None))
    add("one to two", 1, *puts(b"a"))
    add("one replaced", 1, *puts(names[0]))
    add("127 to 128", 127, *puts(names[127]))
    add("128 to 129", 128, *puts(names[128]))
    add("129 to 128, the last deleted", 129, (names[128], None))
    add("129 to 128, the first deleted", 129, (names[0], None))
    add("129 to 128, the middle deleted", 129, (names[64], None))
    add("129, one replaced", 129, *puts(names[64]))
    add("130, one deleted and one added", 130, (names[3], None), *puts(b"a"))
    add("delete all of 300", 300, *deletions(names))
    add("delete all but the first of 300", 300, *deletions(names[1:]))
    add("delete all but the last of 300", 300, *deletions(names[:-1]))
    add("delete all of 300, then one at the end", 300, *deletions(names), *puts(b"a"))
    add("delete all of 300, then one at the front", 300, *deletions(names), *puts(b"\x01"))
    add("300 down to 128", 300, *deletions(names[128:]))
    add("300 down to 129", 300, *deletions(names[129:]))
    add("300 down to 128, every other first", 300, *deletions(names[:300:2] + names[1:44:2]))
    add("same value", 300, (names[9], b"\x01" + r.content_id(names[9])))


def large_updates(cases):
    def add(title, *changes, count=BIG):
        update(cases, f"{title}, {count}", generator(count), changes)

    pages = first_pages(BIG)
    last_page = r.cut(generated({"count": BIG, "prefix": ""}), 0)
    add("insert in the middle", *puts(name(7000) + b"x"))
    add("insert at the front", *puts(b"\x01"))
    add("append at the end", *puts(b"a"))
    add("append 50 at the end", *puts(*(b"a%03d" % number for number in range(50))))
    add("replace a value", *puts(name(7000)))
    add("replace the first and the last", *puts(name(0), name(BIG - 1)))
    add("replace the last value of a page", *puts(pages[1][-1]))
    add("delete one", (name(7000), None))
    add("delete the first", (name(0), None))
    add("delete the last", (name(BIG - 1), None))
    add("delete the last key of a page", (pages[1][-1], None))
    add("delete the last keys of two pages", (pages[1][-1], None), (pages[2][-1], None))
    add("delete the first key of a page", (pages[1][0], None))
    add("delete a page", *deletions(pages[1]))
    add("delete the first two pages", *deletions(pages[0] + pages[1]))
    add("delete the level's last page", *deletions(entry.key for entry in last_page[1]))
    add("replace in the last page and append", *puts(name(BIG - 1), b"a", b"b"))
    add("delete the last key and append", (name(BIG - 1), None), *puts(b"a"))
    add("delete what is absent", (b"\x01", None), (name(7000) + b"x", None), (b"a", None))
    add(
        "delete what is absent and put what is there",
        (b"a", None),
        (name(5), b"\x01" + r.content_id(name(5))),
    )
    add(
        "many apart",
        *puts(*(name(number) + b"y" for number in range(100, BIG, 997))),
        *deletions(name(number) for number in range(600, BIG, 997)),
    )
    enders = [
        entry.key
        for entry in generated({"count": BIG, "prefix": ""})
        if r.cut_number(entry.key) < 1 << 246
    ]
    add("delete the last key of a page of level 1", (enders[2], None))
    add("delete the last keys of all pages of level 1", *deletions(enders))
    new = choose(["i"] * 3, 1, lambda number: b"00006000%05d" % number)
    add("insert keys that end pages of level 1", *puts(*new))
    assert (height(4064), height(4065)) == (2, 3)
    add("grow by a level", *puts(name(4064)), count=4064)
    add("shrink by a level", (name(4064), None), count=4065)


def height(count):
    return len(r.build(NAMES, generated({"count": count, "prefix": ""})).shape)


def chosen_updates(cases):
    """Keys that never meet (i): the pages are cut by (ii) and (iii)."""

    def add(title, before, *changes):
        update(cases, f"chosen keys, {title}", listed(before), changes, SNAPSHOTS)

    def put(*keys):
        return [(key, b"\x7f") for key in keys]

    numbers = range(2060, 2500)
    plain = [key for key in map(snapshot_key, numbers) if not is_first_clause(key)][:420]
    shape = r.build(SNAPSHOTS, entries_of(plain, SNAPSHOTS)).shape
    assert shape == [[140, 136, 135, 9], [4]]
    front, ender = snapshot_key(1), plain[139]
    middle = plain[200][:31] + b"\x01"
    assert not is_first_clause(front) and not is_first_clause(middle)
    add("insert at the front", plain, *put(front))
    add("insert in the middle", plain, *put(middle))
    add("append", plain, *put(b"\xff" * 32))
    add("delete the end of a page by (ii)", plain, (ender, None))
    add("delete the first", plain, (plain[0], None))
    with_cut = next(
        key
        for key in (front[:4] + number.to_bytes(28, "big") for number in range(999))
        if is_first_clause(key)
    )
    add("insert a key that meets (i)", plain, *put(with_cut))
    full = choose([None] * 255 + ["iii"] + [None] * 100, 0, snapshot_key, 10)
    add("insert in front of a page by (iii)", full, *put(front))
    add("delete in a page by (iii)", full, (full[100], None))
    add("delete the 256th", full, (full[255], None))
    add("256 to 257", full[:256], *put(full[256]))
    add("257 to 256", full[:257], (full[256], None))


def shrinking_updates(cases):
    """Maps that lose levels, pages and all but one page."""

    def add(title, before, *changes):
        update(cases, f"shrink, {title}", listed(before), changes, SNAPSHOTS)

    two = choose([None] * 255 + ["iii", None], 0, snapshot_key)
    add("pages of 256 and 1, the last deleted", two, (two[256], None))
    small = choose([None] * 127 + ["i", None], 0, snapshot_key)
    add("pages of 128 and 1, the last deleted", small, (small[128], None))
    add("pages of 128 and 1, the first page loses one", small, (small[0], None))
    add("pages of 128 and 1, the cut deleted", small, (small[127], None))
    few = choose(([None] * 29 + ["i"]) * 5, 0, snapshot_key)
    add("five pages of 30, one emptied", few, *deletions(few[30:60]))
    add("five pages of 30, all but the third emptied", few, *deletions(few[:60] + few[90:]))
    add("five pages of 30, 22 of one deleted", few, *deletions(few[35:57]))
    singles = choose([None] * 127 + ["ii"] + [None] * 10, 1, snapshot_key, 0, is_first_clause)
    add("three levels, all deleted", singles, *deletions(singles))
    add("three levels to one page", singles, *deletions(singles[3:-3]))
    add("three levels to one entry", singles, *deletions(singles[1:]))
    add("three levels to one entry in the middle", singles, *deletions(singles[:70] + singles[71:]))
    add("three levels to two", singles, (singles[127], None))
    add("three levels to one, by ten", singles, *deletions(singles[50:60]))
    mined = [key for key in map(snapshot_key, range(140000)) if r.cut_number(key) < 1 << 246]
    mined = mined[:132]
    assert len(mined) == 132
    add("pages of one at two levels, to 128", mined, *deletions(mined[:4]))
    add("pages of one at two levels, to 129", mined, *deletions(mined[10:13]))
    add("pages of one at two levels, to one", mined, *deletions(mined[1:]))
    add("pages of one at two levels, one inserted", mined, (mined[60][:31] + b"\x01", b"\x05"))
    assert value_of(SNAPSHOTS, 5) == b"\x05"


FILES = [operation_cases]
