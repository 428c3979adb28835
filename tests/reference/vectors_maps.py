"""Vectors of map.md."""

import reference as r
from chosen_keys import child, children_of, choose, entries_of, snapshot_key, value_of
from vector_cases import Cases

NAMES, SNAPSHOTS = r.DIRECTORY, r.SNAPSHOTS


def page_bytes(kind, level, items, count=None):
    """A page as it would be encoded, right or wrong."""
    count = len(items) if count is None else count
    return bytes((kind, level)) + r.varint(count) + b"".join(map(r.encode_item, items))


def raw_entry(key, value):
    return r.sized(key) + r.sized(value)


# --------------------------------------------------------------------------- pages.json


def page_cases():
    cases = Cases("pages.json", "map.md", "Map pages, decoded alone and read in their place.")
    plain_pages(cases)
    wrong_heads(cases)
    wrong_keys(cases)
    wrong_values(cases)
    wrong_children(cases)
    roots_in_place(cases)
    wrong_places(cases)
    cuts_in_place(cases)
    return cases


def plain_pages(cases):
    for kind in r.MAP_KINDS:
        cases.accept(f"empty, kind {kind}", "MAP-4", bytes=page_bytes(kind, 0, []))
        fixed = {SNAPSHOTS: bytes(32), r.KEYS: bytes(32), r.GRANTS: bytes(16), r.STATE: b"\x01"}
        key = fixed.get(kind, b"name")
        entry = r.Entry(key, value_of(kind))
        cases.accept(f"one entry, kind {kind}", "MAP-9", bytes=page_bytes(kind, 0, [entry]))
        link = r.Child(*entry, bytes(32), 1, 1)
        cases.accept(f"one child, kind {kind}", "MAP-7", bytes=page_bytes(kind, 1, [link]))
    for count in (2, 3, 4, 5, 7, 8, 9):
        entries = entries_of([b"%d" % number for number in range(count)], NAMES)
        cases.accept(f"{count} entries", "MAP-8", bytes=page_bytes(NAMES, 0, entries))
    for count in (127, 128, 129, 255, 256):
        entries = entries_of([snapshot_key(number) for number in range(count)], SNAPSHOTS)
        cases.accept(f"{count} entries", "MAP-8", bytes=page_bytes(SNAPSHOTS, 0, entries))
    state = [r.Entry(bytes((tag,)), bytes(32)) for tag in (1, 2, 9)]
    cases.accept("all state tags", "MAP-11", bytes=page_bytes(r.STATE, 0, state))
    state.insert(2, r.Entry(b"\x06", bytes(32)))
    cases.accept("all state tags and grants", "MAP-11", bytes=page_bytes(r.STATE, 0, state))
    for node_kind in r.NODE_KINDS:
        entry = r.Entry(b"a", bytes((node_kind,)) + bytes(32))
        name = f"node kind {node_kind}"
        cases.accept(name, "MAP-12", bytes=page_bytes(NAMES, 0, [entry]))
    edges = {"name of 1,024": b"n" * 1024, "name ff": b"\xff", "name before longer": b"a"}
    for name, key in edges.items():
        entries = [r.Entry(key, value_of(NAMES)), r.Entry(key + b"\x01", value_of(NAMES))]
        entries = entries[:1] if len(key) == 1024 else entries
        cases.accept(name, "MAP-11", bytes=page_bytes(NAMES, 0, entries))
    entry = r.Entry(b"r" * 255, bytes(32))
    cases.accept("ref name of 255", "MAP-11", bytes=page_bytes(r.REFS, 0, [entry]))
    for ordinal in (0, 127, 128, r.U64_MOST):
        entry = r.Entry(bytes(32), r.varint(ordinal))
        cases.accept(f"ordinal {ordinal}", "MAP-12", bytes=page_bytes(SNAPSHOTS, 0, [entry]))
    for level in (2, 9, 10, 15):
        link = child(snapshot_key(1), 256, r.ENTRIES_MOST)
        name = f"level {level}, 2^40 entries"
        rule = "MAP-10" if level == 15 else "MAP-14"
        cases.accept(name, rule, bytes=page_bytes(SNAPSHOTS, level, [link]))
    link = child(snapshot_key(1), 256, 256)
    cases.accept("256 items in the child", "MAP-13", bytes=page_bytes(SNAPSHOTS, 1, [link]))


def wrong_heads(cases):
    def refuse(name, rule, error, data):
        cases.refuse(name, rule, error, bytes=data)

    refuse("nothing", "ENC-4", "truncated", b"")
    refuse("only a kind", "ENC-4", "truncated", b"\x01")
    refuse("no item count", "ENC-4", "truncated", b"\x01\x00")
    for kind in (0, 2, 3, 6, 8, 10, 13, 14, 255):
        refuse(f"kind {kind}", "MAP-10", "unsupported-format", bytes((kind, 0, 0)))
    refuse("unknown kind, level and count wrong too", "ENC-4", "unsupported-format", b"\x02\x10")
    for level in (16, 255):
        refuse(f"level {level}", "MAP-10", "out-of-range", bytes((1, level, 1)))
    for level in (1, 15):
        refuse(f"no items at level {level}", "MAP-4", "out-of-range", bytes((1, level, 0)))
    for name, count in (("257", "8102"), ("2^32-1", "ffffffff0f")):
        for level in (0, 1):
            data = bytes((1, level)) + bytes.fromhex(count)
            refuse(f"count {name} at level {level}", "MAP-10", "out-of-range", data)
    refuse("count overlong", "ENC-5", "overlong-varint", bytes.fromhex("01008000"))
    refuse("count of 33 bits", "ENC-5", "number-too-large", bytes.fromhex("01008080808010"))
    refuse("empty and a byte", "ENC-8", "trailing-bytes", bytes(3)[:0] + b"\x01\x00\x00\x00")
    entries = entries_of([b"a", b"b"], NAMES)
    whole = page_bytes(NAMES, 0, entries)
    refuse("an entry more than counted", "ENC-8", "trailing-bytes", page_bytes(1, 0, entries, 1))
    refuse("an entry fewer than counted", "ENC-4", "truncated", page_bytes(1, 0, entries, 3))
    refuse("256 counted, none there", "ENC-9", "truncated", bytes.fromhex("01008002"))
    refuse("without its last byte", "ENC-4", "truncated", whole[:-1])
    refuse("and a byte", "ENC-8", "trailing-bytes", whole + b"\x00")
    large = bytes((1, 0)) + r.varint(1) + r.varint(r.OBJECT_MOST)
    refuse("key of 2^20", "LIM-2", "out-of-range", large)


def wrong_keys(cases):
    good = value_of(NAMES)

    def refuse(name, error, kind, keys, rule="MAP-11", value=None):
        entries = [r.Entry(key, value_of(kind) if value is None else value) for key in keys]
        cases.refuse(name, rule, error, bytes=page_bytes(kind, 0, entries))

    refuse("key of no bytes", "out-of-range", NAMES, [b""])
    refuse("key of 1,153", "out-of-range", NAMES, [b"n" * 1153])
    refuse("name of 1,025", "out-of-range", NAMES, [b"n" * 1025])
    refuse("name of 1,152", "out-of-range", NAMES, [b"n" * 1152])
    refuse("attributes, name of 1,025", "out-of-range", r.ATTRIBUTES, [b"n" * 1025])
    cut = b"\x01\x00\x01" + r.varint(1153) + b"n"
    cases.refuse("key of 1,153, cut", "MAP-11", "out-of-range", bytes=cut)
    cut = b"\x01\x00\x01" + r.varint(1025) + b"n"
    cases.refuse("name of 1,025, cut", "MAP-11", "truncated", bytes=cut)
    for name, key in {"dot": b".", "dot dot": b"..", "slash": b"a/b", "NUL": b"\0"}.items():
        refuse(f"name {name}", "bad-name", NAMES, [key])
        refuse(f"attributes, name {name}", "bad-name", r.ATTRIBUTES, [key])
    refuse("ref name of 256", "out-of-range", r.REFS, [b"r" * 256])
    refuse("ref name not UTF-8", "bad-utf8", r.REFS, [b"\xff"])
    refuse("ref name with a control", "bad-text", r.REFS, [b"a\n"])
    for kind in (SNAPSHOTS, r.KEYS):
        for length in (1, 31, 33):
            refuse(f"kind {kind}, key of {length}", "out-of-range", kind, [bytes(length)])
    refuse("state, key of 2", "out-of-range", r.STATE, [b"\x01\x00"])
    for tag in (0, 3, 4, 5, 7, 8, 10, 255):
        refuse(f"state tag {tag}", "unsupported-format", r.STATE, [bytes((tag,))])
    agent = bytes(range(16))
    refuse("grants, key of 15", "out-of-range", r.GRANTS, [agent[:15]])
    refuse("grants, path of 1,025", "out-of-range", r.GRANTS, [agent + b"p" * 1025], "GRANT-1")
    paths = {"dot": b".", "empty name": b"a//b", "slash at the end": b"a/"}
    for name, path in paths.items():
        error = "bad-name" if path == b"." else "out-of-range"
        refuse(f"grants, path {name}", error, r.GRANTS, [agent + path], "GRANT-1")
    refuse("equal keys", "not-ascending", NAMES, [b"a", b"a"])
    refuse("descending keys", "not-ascending", NAMES, [b"b", b"a"])
    refuse("prefix after longer", "not-ascending", NAMES, [b"ab", b"a"])
    refuse("signed bytes", "not-ascending", NAMES, [b"\xff", b"\x7f"])
    refuse("descending, then a bad name", "not-ascending", NAMES, [b"a", b"."])
    refuse("state tag 0 after 1", "not-ascending", r.STATE, [b"\x01", b"\x00"])
    refuse("snapshot ids descend", "not-ascending", SNAPSHOTS, [bytes([1] * 32), bytes(32)])
    refuse("short snapshot id descends", "not-ascending", SNAPSHOTS, [bytes([1] * 32), b"\x00"])
    refuse("bad name and bad value", "bad-name", NAMES, [b"."], "ENC-4", b"\x09")
    above = [child(b"b", 1, 1, NAMES), child(b"a", 1, 1, NAMES)]
    data = page_bytes(NAMES, 1, above)
    cases.refuse("last keys descend", "MAP-11", "not-ascending", bytes=data)
    data = page_bytes(NAMES, 1, [r.Child(b"..", good, bytes(32), 1, 1)])
    cases.refuse("last key is dot dot", "MAP-11", "bad-name", bytes=data)


def wrong_values(cases):
    keys = {SNAPSHOTS: bytes(32), r.KEYS: bytes(32), r.GRANTS: bytes(16), r.STATE: b"\x01"}

    def refuse(name, error, kind, value):
        entry = r.Entry(keys.get(kind, b"a"), value)
        cases.refuse(name, "MAP-12", error, bytes=page_bytes(kind, 0, [entry]))
        link = r.Child(*entry, bytes(32), 1, 1)
        cases.refuse(f"{name}, in a child", "MAP-12", error, bytes=page_bytes(kind, 1, [link]))

    refuse("no value", "truncated", NAMES, b"")
    refuse("value without its last byte", "truncated", NAMES, b"\x01" + bytes(31))
    refuse("value and a byte", "trailing-bytes", NAMES, b"\x01" + bytes(33))
    for kind in (0, 7, 255):
        value = bytes((kind,)) + bytes(32)
        refuse(f"node kind {kind}", "unsupported-format", NAMES, value)
    refuse("value of 513", "out-of-range", NAMES, bytes(513))
    refuse("value of 512", "trailing-bytes", NAMES, b"\x01" + bytes(511))
    for kind in (r.REFS, r.ATTRIBUTES, r.STATE):
        refuse(f"kind {kind}, value of 31", "truncated", kind, bytes(31))
        refuse(f"kind {kind}, value of 33", "trailing-bytes", kind, bytes(33))
    refuse("ordinal of nothing", "truncated", SNAPSHOTS, b"")
    refuse("ordinal overlong", "overlong-varint", SNAPSHOTS, b"\x80\x00")
    refuse("ordinal of 65 bits", "number-too-large", SNAPSHOTS, bytes([128] * 9) + b"\x02")
    refuse("ordinal and a byte", "trailing-bytes", SNAPSHOTS, b"\x00\x00")
    by = bytes(range(16))
    for role in (5, 255):
        value = bytes((role,)) + by + b"\x07"
        refuse(f"role {role}", "unsupported-format", r.GRANTS, value)
    refuse("grant without an entry", "truncated", r.GRANTS, b"\x01" + by)
    refuse("grant and a byte", "trailing-bytes", r.GRANTS, b"\x01" + by + b"\x07\x00")
    for status in (0, 4, 255):
        refuse(f"key status {status}", "unsupported-format", r.KEYS, bytes((status,)))
    refuse("key status and a byte", "trailing-bytes", r.KEYS, b"\x01\x00")
    refuse("no key status", "truncated", r.KEYS, b"")
    cut = b"\x01\x00\x01" + r.sized(b"a") + r.varint(513)
    cases.refuse("value of 513, cut", "MAP-12", "out-of-range", bytes=cut)
    cut = b"\x01\x00\x01" + r.sized(b"a") + r.varint(512) + b"\x00"
    cases.refuse("value of 512, cut", "MAP-12", "truncated", bytes=cut)


def wrong_children(cases):
    key = snapshot_key(1)

    def refuse(name, error, level, counts, rule="MAP-13"):
        links = [child(snapshot_key(index), *pair) for index, pair in enumerate(counts)]
        cases.refuse(name, rule, error, bytes=page_bytes(SNAPSHOTS, level, links))

    refuse("no items in the child", "out-of-range", 1, [(0, 0)])
    refuse("257 items in the child", "out-of-range", 1, [(257, 257)])
    refuse("2^32-1 items in the child", "out-of-range", 1, [(r.U32_MOST, r.U32_MOST)])
    refuse("level 1, entries above items", "bad-count", 1, [(2, 3)])
    refuse("level 1, entries below items", "bad-count", 1, [(2, 1)])
    refuse("level 2, entries below items", "bad-count", 2, [(2, 1)])
    refuse("level 2, no entries", "bad-count", 2, [(1, 0)])
    refuse("2^40+1 entries", "bad-count", 2, [(256, r.ENTRIES_MOST + 1)], "MAP-14")
    refuse("2^40 entries and one", "bad-count", 2, [(9, r.ENTRIES_MOST), (1, 1)], "MAP-14")
    half = r.ENTRIES_MOST // 2
    refuse("twice 2^39 entries and one", "bad-count", 3, [(9, half), (9, half), (1, 1)], "MAP-14")
    refuse("a sum of 65 bits", "bad-count", 2, [(1, r.U64_MOST), (1, 2)], "MAP-14")
    links = [child(key, 256, r.ENTRIES_MOST + 1)]
    data = page_bytes(SNAPSHOTS, 2, links)
    cases.refuse("2^40+1 entries and a byte", "ENC-8", "trailing-bytes", bytes=data + b"\x00")
    data = page_bytes(SNAPSHOTS, 1, [child(key, 2, 2)])
    cases.refuse("child cut in its counts", "ENC-4", "truncated", bytes=data[:-1])
    cases.refuse("child cut in its page id", "ENC-4", "truncated", bytes=data[:-3])
    entry_only = page_bytes(SNAPSHOTS, 1, [r.Entry(key, b"\x00")])
    cases.refuse("an entry at level 1", "ENC-4", "truncated", bytes=entry_only)
    data = page_bytes(SNAPSHOTS, 0, [child(key, 2, 2)])
    cases.refuse("a child at level 0", "ENC-8", "trailing-bytes", bytes=data)
    long = page_bytes(SNAPSHOTS, 1, [])[:2] + b"\x01" + raw_entry(key, b"\x00") + bytes(32)
    cases.refuse("items overlong", "ENC-5", "overlong-varint", bytes=long + b"\x82\x00\x02")
    cases.refuse("entries overlong", "ENC-5", "overlong-varint", bytes=long + b"\x02\x82\x00")


def roots_in_place(cases):
    def place(name, rule, error, kind, level, items, expected=SNAPSHOTS):
        inputs = {"bytes": page_bytes(kind, level, items), "place": {"root": expected}}
        if error:
            cases.refuse(f"root, {name}", rule, error, **inputs)
        else:
            cases.accept(f"root, {name}", rule, **inputs)

    place("empty", "MAP-15", None, SNAPSHOTS, 0, [])
    place("empty of another kind", "MAP-15", "page-mismatch", NAMES, 0, [])
    keys = [snapshot_key(number) for number in range(300)]
    two = children_of(keys[:2], items=64)
    place("another kind and a wrong cut", "MAP-15", "page-mismatch", SNAPSHOTS, 1, two, NAMES)
    cut_first = choose(["i", None], key_of=snapshot_key)
    place("2 entries, a cut", "MAP-17", None, SNAPSHOTS, 0, entries_of(cut_first, SNAPSHOTS))
    wrong = "wrong-cut"
    place("128 items below", "MAP-16", wrong, SNAPSHOTS, 1, two)
    more = [two[0]._replace(items=65, entries=65), two[1]]
    place("129 items below", "MAP-16", None, SNAPSHOTS, 1, more)
    one = children_of(keys[:1], items=256)
    place("one child of 256", "MAP-16", wrong, SNAPSHOTS, 1, one)
    place("one child at level 15", "MAP-16", wrong, SNAPSHOTS, 15, one)
    few = children_of(keys[:128], items=1)
    place("128 children of one", "MAP-16", wrong, SNAPSHOTS, 1, few)
    place("128 children of two", "MAP-16", None, SNAPSHOTS, 2, children_of(keys[:128]))
    for count in (128, 129):
        entries = entries_of(choose(["i"] + [None] * (count - 1), key_of=snapshot_key), SNAPSHOTS)
        error = "wrong-cut" if count > 128 else None
        place(f"{count} entries, (i) at the first", "MAP-17", error, SNAPSHOTS, 0, entries)
    root_cut(place, "(i) at the last but one", [None] * 127 + ["i", None], "wrong-cut")
    root_cut(place, "(i) at the last", [None] * 128 + ["i"], None)
    root_cut(place, "(ii) at the last but one", [None] * 127 + ["ii", None], "wrong-cut")
    root_cut(place, "(ii) at the last", [None] * 128 + ["ii"], None)
    root_cut(place, "no cut in 129", [None] * 129, None)
    root_cut(place, "no cut in 255", [None] * 255, None)
    root_cut(place, "(iii) at the last", [None] * 255 + ["iii"], None)
    for level in (1, 2):
        plan = [None] * 60 + ["i"] + [None] * 68
        root_cut(place, f"level {level}, (i) within", plan, "wrong-cut", level)
        root_cut(place, f"level {level}, no cut", [None] * 129, None, level)
    lower = choose([None] * 60 + ["i"] + [None] * 68, key_of=snapshot_key)
    place("level 1, (i) of level 0 only", "MAP-17", None, SNAPSHOTS, 1, children_of(lower))


def root_cut(place, name, plan, error, level=0):
    keys = choose(plan, level, snapshot_key)
    items = children_of(keys) if level else entries_of(keys, SNAPSHOTS)
    place(f"{name}", "MAP-17", error, SNAPSHOTS, level, items)


class Place:
    """A page and the child that stands for it, to be bent."""

    def __init__(self, cases, keys, level=0):
        self.cases = cases
        items = children_of(keys) if level else entries_of(keys, SNAPSHOTS)
        self.page = r.Page(SNAPSHOTS, level, items)
        self.child = r.child_of(self.page)

    def add(self, name, rule, error, left=None, last=True, page=None, **changed):
        page = page or self.page
        kind, level = changed.pop("kind", page.kind), changed.pop("level", page.level + 1)
        child = self.child._replace(page=r.page_id(page), **changed)
        members = {
            "last_key": child.key,
            "last_value": child.value,
            "page": child.page,
            "items": child.items,
            "entries": str(child.entries),
        }
        place = {"kind": kind, "level": level, "left": left, "last": last, "child": members}
        inputs = {"bytes": r.encode_page(page), "place": place}
        if error:
            self.cases.refuse(f"child, {name}", rule, error, **inputs)
        else:
            self.cases.accept(f"child, {name}", rule, **inputs)


def wrong_places(cases):
    keys = choose([None, None, "i"], key_of=snapshot_key, first=1)
    place = Place(cases, keys)
    before, first = snapshot_key(0), keys[0]
    place.add("last of the leftmost", "MAP-18", None)
    place.add("not the last", "MAP-18", None, last=False)
    place.add("after a left bound", "MAP-18", None, left=before, last=False)
    place.add("left bound just below", "MAP-18", None, left=first[:-1])
    mismatches = {
        "parent of another kind": {"kind": r.KEYS},
        "parent of the same level": {"level": 0},
        "parent two levels above": {"level": 2},
        "left bound equal to the first key": {"left": first},
        "left bound above": {"left": keys[1]},
        "another last key": {"key": keys[1]},
        "another last value": {"value": b"\x7f"},
        "fewer items": {"items": 4, "entries": 4},
        "more items": {"items": 2, "entries": 2},
        "other entries": {"entries": 4},
    }
    for name, bent in mismatches.items():
        place.add(name, "MAP-18", "page-mismatch", **bent)
    empty = r.Page(SNAPSHOTS, 0, [])
    place.add("an empty page", "MAP-18", "page-mismatch", page=empty)
    above = Place(cases, choose([None, None], 1, snapshot_key, 1), 1)
    above.add("level 1", "MAP-18", None)
    above.add("level 1, left bound below its first last key", "MAP-18", None, left=before)
    name = "level 1, left bound equal to its first last key"
    above.add(name, "MAP-18", "page-mismatch", left=above.page.items[0].key)
    above.add("level 1, other entries", "MAP-18", "page-mismatch", entries=5)
    above.add("level 1, no cut and not the last", "MAP-19", "wrong-cut", last=False)


def cuts_in_place(cases):
    """Every clause: a cut that is there, one that is missing, one that comes too early."""

    def add(name, plan, last, error=None, level=0):
        Place(cases, choose(plan, level, snapshot_key), level).add(name, "MAP-19", error, last=last)

    wrong = "wrong-cut"
    add("one entry, (i)", ["i"], False)
    add("one entry, the level's last", [None], True)
    add("one entry, cut too early", [None], False, wrong)
    add("3 entries, cut too early", [None] * 3, False, wrong)
    add("(i) missed", ["i", None], True, wrong)
    add("(i) missed, then (i)", [None, "i", None, "i"], False, wrong)
    add("127 entries, cut too early", [None] * 127, False, wrong)
    add("128 entries, cut too early", [None] * 128, False, wrong)
    add("128 entries, (ii)", [None] * 127 + ["ii"], False)
    add("128 entries, (ii) missed", [None] * 127 + ["ii", None], True, wrong)
    add("200 entries, (ii)", [None] * 199 + ["ii"], False)
    add("200 entries, cut too early", [None] * 200, False, wrong)
    add("200 entries, the level's last", [None] * 200, True)
    add("255 entries, cut too early", [None] * 255, False, wrong)
    add("255 entries, the level's last", [None] * 255, True)
    add("256 entries, (iii)", [None] * 255 + ["iii"], False)
    add("256 entries, (i)", [None] * 255 + ["i"], False)
    add("256 entries, (i) missed", [None] * 254 + ["i", None], False, wrong)
    least = minimum_at(127)
    Place(cases, least).add("127 entries, the 127th least", "MAP-19", wrong, last=False)
    add("level 1, (i)", [None, "i"], False, level=1)
    add("level 1, (i) missed", ["i", None], True, wrong, 1)
    add("level 1, (ii)", [None] * 127 + ["ii"], False, level=1)
    add("level 1, (ii) missed", [None] * 127 + ["ii", None], True, wrong, 1)
    add("level 1, (iii)", [None] * 255 + ["iii"], False, level=1)
    add("level 1, 128 children, cut too early", [None] * 128, False, wrong, 1)
    add("level 2, (i)", [None, "i"], False, level=2)
    keys = choose([None, "i"], 1, snapshot_key)
    name = "level 2, cut by (i) of level 1"
    Place(cases, keys, 2).add(name, "MAP-19", wrong, last=False)
    name = "level 10, cut by (i) of level 1"
    Place(cases, keys, 10).add(name, "MAP-19", wrong, last=False)


def minimum_at(count):
    """So many keys without (i), the last with the least c: one item too few for (ii)."""
    plain = [key for key in map(snapshot_key, range(1000)) if not is_first_clause(key)]
    keys = plain[: count - 1]
    least = min(map(r.cut_number, keys))
    return keys + [next(key for key in plain[count:] + more_plain() if r.cut_number(key) < least)]


def more_plain():
    return [key for key in map(snapshot_key, range(1000, 9000)) if not is_first_clause(key)]


def is_first_clause(key):
    return r.cut_number(key) < 1 << 251


# --------------------------------------------------------------------------- maps.json


def map_cases():
    cases = Cases("maps.json", "map.md", "Whole maps: their roots and the items of their pages.")
    for kind in r.MAP_KINDS:
        cases.accept(f"empty, kind {kind}", "MAP-4", kind=kind, entries=[])
    generated = (1, 2, 3, 127, 128, 129, 130, 255, 256, 257, 258, 512, 1000, 4096, 12345)
    for count in generated:
        generator = {"count": count, "prefix": b""}
        cases.accept(f"{count} generated", "MAP-3", kind=NAMES, generator=generator)
    for prefix in (b"a", b"long name that is shared by all of them ", b"\xff\xfe"):
        generator = {"count": 700, "prefix": prefix}
        name = f"700 generated, prefix {prefix.hex()}"
        cases.accept(name, "MAP-3", kind=NAMES, generator=generator)
    chosen_maps(cases)
    generated_shapes(cases)
    few_entries(cases)
    refused_maps(cases)
    return cases


def chosen_maps(cases):
    def add(name, rule, shape, plan, level=0, kind=SNAPSHOTS):
        key_of = snapshot_key
        entries = entries_of(choose(plan, level, key_of), kind)
        outcome = cases.accept(name, rule, kind=kind, entries=entries)
        assert outcome["levels"] == shape, (name, outcome["levels"])

    none = [None]
    add("128 entries, each (i)", "MAP-1", [[128]], ["i"] * 128)
    add("129 entries, no cut", "MAP-2", [[129]], none * 129)
    add("255 entries, no cut", "MAP-2", [[255]], none * 255)
    add("256 entries, (iii) at the end", "MAP-2", [[256]], none * 255 + ["iii"])
    add("257 entries, (iii)", "MAP-2", [[256, 1], [2]], none * 255 + ["iii", None])
    add("129 entries, (i) at the end", "MAP-2", [[129]], none * 128 + ["i"])
    add("129 entries, (i) before the last", "MAP-2", [[128, 1], [2]], none * 127 + ["i", None])
    add("129 entries, (i) at the first", "MAP-2", [[1, 128], [2]], ["i"] + none * 128)
    add("129 entries, (ii) at 128", "MAP-2", [[128, 1], [2]], none * 127 + ["ii", None])
    add("129 entries, (ii) at the end", "MAP-2", [[129]], none * 128 + ["ii"])
    add("200 entries, (ii) at 199", "MAP-2", [[199, 1], [2]], none * 198 + ["ii", None])
    plan = none * 127 + ["ii"] + none * 127 + ["ii"] + none * 2
    add("two pages by (ii)", "MAP-2", [[128, 128, 2], [3]], plan)
    plan = none * 255 + ["iii"] + none * 130
    add("two pages by (iii)", "MAP-2", [[256, 130], [2]], plan)


def generated_shapes(cases):
    """Maps whose levels have shapes that are asked for."""
    levels_of_one = choose_level_one(130)
    entries = entries_of(levels_of_one, SNAPSHOTS)
    outcome = cases.accept(
        "130 entries, each (i) at level 1: two levels of single items",
        "MAP-2",
        kind=SNAPSHOTS,
        entries=entries,
    )
    assert [len(level) for level in outcome["levels"][:2]] == [130, 130], outcome["levels"]
    for plan in ([None] * 129, [None] * 200, [None] * 255 + ["iii"]):
        name = f"{len(plan)} entries, each (i) at level 0 only"
        entries = entries_of(choose(plan, 1, snapshot_key, accept=is_first_clause), SNAPSHOTS)
        outcome = cases.accept(name, "MAP-2", kind=SNAPSHOTS, entries=entries)
        assert outcome["levels"] == [[1] * len(plan), [len(plan)]]
    plan = [None] * 127 + ["ii"] + [None] * 10
    entries = entries_of(choose(plan, 1, snapshot_key, accept=is_first_clause), SNAPSHOTS)
    outcome = cases.accept("(ii) at level 1", "MAP-2", kind=SNAPSHOTS, entries=entries)
    assert outcome["levels"] == [[1] * 138, [128, 10], [2]]
    names = [b"%08d" % number for number in range(12345)]
    last_alone = next(n for n in range(12000, 12345) if is_first_clause(names[n - 1]))
    outcome = cases.accept(
        "the last page of level 0 has one entry",
        "MAP-2",
        kind=NAMES,
        generator={"count": last_alone + 1, "prefix": b""},
    )
    assert outcome["levels"][0][-1] == 1 and len(outcome["levels"]) == 3
    upper = next(n for n in range(9000, 12345) if r.cut_number(names[n - 1]) < 1 << 246)
    outcome = cases.accept(
        "the last page of level 1 has one item",
        "MAP-2",
        kind=NAMES,
        generator={"count": upper + 1, "prefix": b""},
    )
    assert outcome["levels"][1][-1] == 1 and len(outcome["levels"]) == 3


def choose_level_one(count):
    """Keys that end their page by (i) at level 0 and at level 1."""
    found, number = [], 0
    while len(found) < count:
        key = snapshot_key(number)
        if r.cut_number(key) < 1 << 246:
            found.append(key)
        number += 1
    return found


def few_entries(cases):
    some = r.content_id(b"")
    cases.accept("refs", "MAP-6", kind=r.REFS, entries=[(b"main", some), ("\u00fc".encode(), some)])
    cases.accept("one snapshot", "MAP-6", kind=SNAPSHOTS, entries=[(some, b"\x00")])
    cases.accept("keys", "MAP-6", kind=r.KEYS, entries=[(bytes(32), b"\x01"), (some, b"\x01")])
    state = [(bytes((tag,)), some) for tag in (1, 2, 9)]
    cases.accept("state", "MAP-6", kind=r.STATE, entries=state)
    cases.accept("attributes", "MAP-6", kind=r.ATTRIBUTES, entries=[(b"a", some), (b"b", some)])
    odd = [b" ", b"-", b"...", b"A", b"a", b"a\n", b"a ", b"ab", "\u00e9".encode(), b"\xff"]
    entries = [(name, value_of(NAMES, index)) for index, name in enumerate(odd)]
    cases.accept("odd names", "NAME-2", kind=NAMES, entries=entries)


def refused_maps(cases):
    value = value_of(NAMES)

    def refuse(name, rule, error, *entries, kind=NAMES):
        cases.refuse(name, rule, error, kind=kind, entries=entries)

    refuse("a key twice", "MAP-11", "not-ascending", (b"a", value), (b"a", value))
    refuse("keys descend", "MAP-11", "not-ascending", (b"b", value), (b"a", value))
    refuse("no key", "MAP-11", "out-of-range", (b"", value))
    refuse("name of 1,025", "MAP-11", "out-of-range", (b"n" * 1025, value))
    refuse("dot dot", "MAP-11", "bad-name", (b"..", value))
    refuse("value of 513", "MAP-12", "out-of-range", (b"a", bytes(513)))
    refuse("node kind 7", "MAP-12", "unsupported-format", (b"a", b"\x07" + bytes(32)))
    refuse("short id", "MAP-12", "truncated", (b"a", b"\x01" + bytes(31)))
    refuse("state tag 3", "MAP-11", "unsupported-format", (b"\x03", bytes(32)), kind=r.STATE)


FILES = [page_cases, map_cases]
