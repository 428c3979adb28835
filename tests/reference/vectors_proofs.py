"""Vectors of map-proofs.md."""

import reference as r
from chosen_keys import child, choose, entries_of, snapshot_key, value_of
from judge import generated
from vector_cases import Cases

NAMES, SNAPSHOTS = r.DIRECTORY, r.SNAPSHOTS
HASH = bytes(range(32))


# --------------------------------------------------------------------------- partial-pages.json


def partial_cases():
    about = "Pages that show some items and hide the others."
    cases = Cases("partial-pages.json", "map-proofs.md", about)
    for count in (1, 2, 3, 4, 5, 7, 8, 13):
        shown_items(cases, count)
    large_pages(cases)
    upper_levels(cases)
    wrong_forms(cases)
    wrong_fields(cases)
    return cases


def names_page(count):
    return r.Page(NAMES, 0, entries_of([b"%02d" % number for number in range(count)], NAMES))


def add_hidden(cases, title, page, indexes, element=lambda item: item):
    partial = r.hide(page, {index: element(page.items[index]) for index in indexes})
    data = {"bytes": r.encode_partial(partial), "page": r.encode_page(page)}
    rule = "PART-4" if "all shown" in title else "PART-1" if "nothing" in title else "PART-3"
    assert cases.accept(title, rule, **data)["id"] == r.page_id(page).hex()


def shown_items(cases, count):
    page = names_page(count)
    choices = {
        "nothing shown": [],
        "the first shown": [0],
        "the last shown": [count - 1],
        "all shown": range(count),
        "every other shown": range(0, count, 2),
        "all but the middle one shown": [index for index in range(count) if index != count // 2],
    }
    for title, indexes in choices.items():
        if count > 2 or title[0] != "a" and title[0] != "e":
            add_hidden(cases, f"{count} entries, {title}", page, indexes)
    if count <= 2:
        add_hidden(cases, f"{count} entries, all shown", page, range(count))


def large_pages(cases):
    entries = entries_of([snapshot_key(number) for number in range(256)], SNAPSHOTS)
    for count in (127, 128, 129, 255, 256):
        page = r.Page(SNAPSHOTS, 0, entries[:count])
        for index in sorted({0, 64, 127, count - 1} - {count}):
            if index < count:
                partial = r.hide(page, {index: page.items[index]})
                title = f"{count} entries, only number {index}"
                outcome = cases.accept(title, "PART-2", bytes=r.encode_partial(partial))
                assert outcome["id"] == r.page_id(page).hex()


def upper_levels(cases):
    keys = [snapshot_key(number) for number in range(5)]
    page = r.Page(SNAPSHOTS, 1, [child(key, 9, 9, number=5) for key in keys])
    add_hidden(cases, "level 1, one veiled", page, [2], r.veil)
    add_hidden(cases, "level 1, all veiled", page, range(5), r.veil)
    add_hidden(cases, "level 1, one shown", page, [4])
    add_hidden(cases, "level 1, all shown", page, range(5))
    add_hidden(cases, "level 1, all hidden", page, [])
    mixed = {1: page.items[1], 2: r.veil(page.items[2]), 4: page.items[4]}
    data = r.encode_partial(r.hide(page, mixed))
    outcome = cases.accept("level 1, shown and veiled", "PART-3", bytes=data)
    assert outcome["id"] == r.page_id(page).hex()
    top = r.Page(SNAPSHOTS, 15, [child(keys[0], 256, r.ENTRIES_MOST)])
    add_hidden(cases, "level 15, one veiled", top, [0], r.veil)


def head(kind, level, count):
    return bytes((kind, level)) + r.varint(count)


def wrong_forms(cases):
    """Each hidden run is one whole subtree and has no hidden sibling [PART-2]."""
    page = names_page(8)

    def refuse(title, plan):
        elements = []
        for part in plan:
            shown = part == "shown"
            at = sum(1 if isinstance(seen, r.Entry) else seen.run for seen in elements)
            elements.append(page.items[at] if shown else r.Hidden(part, HASH))
        count = sum(1 if isinstance(element, r.Entry) else element.run for element in elements)
        data = r.encode_partial(r.PartialPage(NAMES, 0, count, elements))
        cases.refuse(title, "PART-2", "bad-partial", bytes=data)

    refuse("8 hidden as 4 and 4", [4, 4])
    refuse("2 hidden as 1 and 1", [1, 1])
    refuse("3 hidden as 2 and 1", [2, 1])
    refuse("4 hidden as 2, 1 and 1", [2, 1, 1])
    refuse("hidden siblings beside a shown one", [1, 1, "shown"])
    refuse("a pair of a four not merged", ["shown", 1, 1, 1])
    refuse("a run across two subtrees", ["shown", 3])
    refuse("a run of 2 at an odd place", ["shown", 2, "shown"])
    refuse("a run of 3 in 4", [3, "shown"])
    refuse("a run of 3 in 8", ["shown", "shown", "shown", "shown", 3, "shown"])
    refuse("a run of 7 after one", ["shown", 7])
    refuse("a run of 4 in 5 and more", [2, 2, "shown"])
    refuse("a run of 5 in 8", [5, "shown", "shown", "shown"])
    refuse("a run of 6 in 7", [6, "shown"])
    add_hidden(cases, "a run of 4 in 5", names_page(5), [4])
    add_hidden(cases, "a run of 3 in 7", names_page(7), [0, 1, 2, 3])


def wrong_fields(cases):
    page = names_page(2)
    shown = b"\x01" + r.encode_item(page.items[0])
    second = b"\x01" + r.encode_item(page.items[1])
    hidden = b"\x00\x01" + HASH

    def refuse(title, rule, error, data):
        cases.refuse(title, rule, error, bytes=data)

    refuse("nothing", "ENC-4", "truncated", b"")
    refuse("kind 2", "PART-1", "unsupported-format", head(2, 0, 1) + shown)
    refuse("level 16", "PART-1", "out-of-range", head(1, 16, 1) + shown)
    for level in (0, 1):
        refuse(f"no items at level {level}", "PART-1", "out-of-range", head(1, level, 0))
        refuse(f"257 items at level {level}", "PART-1", "out-of-range", head(1, level, 257))
    refuse("2^32-1 items", "ENC-9", "out-of-range", head(1, 0, r.U32_MOST))
    refuse("256 items, none there", "ENC-9", "truncated", head(1, 0, 256))
    for tag in (3, 255):
        data = head(1, 0, 1) + bytes((tag,)) + shown[1:]
        refuse(f"element {tag}", "PART-1", "unsupported-format", data)
    veiled = b"\x02" + HASH + HASH
    data = head(1, 0, 1) + veiled + b"\x01\x01"
    refuse("veiled at level 0", "PART-1", "unsupported-format", data)
    runs = {
        "0": ("00", "out-of-range"),
        "2 of 1": ("02", "out-of-range"),
        "2^32-1": ("ffffffff0f", "out-of-range"),
        "33 bits": ("8080808010", "number-too-large"),
        "1, overlong": ("8100", "overlong-varint"),
    }
    for title, (run, error) in runs.items():
        data = head(1, 0, 1) + b"\x00" + bytes.fromhex(run) + HASH
        refuse(f"run of {title}", "PART-1", error, data)
    for run, title in ((2, "run above what is left"), (0, "run of 0 after all but one")):
        data = head(1, 0, 2) + shown + bytes((0, run)) + HASH
        refuse(title, "PART-1", "out-of-range", data)
    refuse("hash cut", "ENC-4", "truncated", head(1, 0, 1) + hidden[:-1])
    refuse("an element too few", "ENC-4", "truncated", head(1, 0, 2) + shown)
    refuse("an element too many", "ENC-8", "trailing-bytes", head(1, 0, 1) + hidden + hidden)
    refuse("and a byte", "ENC-8", "trailing-bytes", head(1, 0, 2) + shown + hidden + b"\x00")
    data = head(1, 0, 2) + hidden + hidden + b"\x00"
    refuse("not merged, and a byte", "ENC-8", "trailing-bytes", data)
    refuse("shown items descend", "PART-1", "not-ascending", head(1, 0, 2) + second + shown)
    refuse("shown items equal", "PART-1", "not-ascending", head(1, 0, 2) + shown + shown)
    data = head(1, 0, 3) + second + hidden + shown
    refuse("shown items descend across hidden", "PART-1", "not-ascending", data)
    bad = b"\x01" + r.sized(b"..") + r.sized(value_of(NAMES))
    refuse("shown name dot dot", "PART-1", "bad-name", head(1, 0, 2) + bad + hidden)
    bad = b"\x01" + r.sized(b"a") + r.sized(b"\x07" + HASH)
    refuse("shown value of kind 7", "PART-1", "unsupported-format", head(1, 0, 2) + bad + hidden)
    counts = {
        "no items": ("0000", "out-of-range"),
        "257 items": ("81028102", "out-of-range"),
        "entries not items at level 1": ("0203", "bad-count"),
    }
    whole = b"\x01" + r.encode_entry(page.items[0]) + HASH
    for title, (data, error) in counts.items():
        data = bytes.fromhex(data)
        refuse(f"veiled, {title}", "PART-1", error, head(1, 1, 1) + veiled + data)
        refuse(f"shown child, {title}", "PART-1", error, head(1, 1, 1) + whole + data)
    data = head(1, 2, 1) + veiled + b"\x02\x01"
    refuse("veiled, entries below items at level 2", "PART-1", "bad-count", data)
    refuse("veiled, cut", "ENC-4", "truncated", head(1, 1, 1) + veiled + b"\x01")
    refuse("an entry at level 1", "ENC-4", "truncated", head(1, 1, 1) + shown)


# --------------------------------------------------------------------------- map-proofs.json


class Proofs:
    """Proofs in one map, right ones and bent ones."""

    def __init__(self, cases, kind, entries):
        self.cases, self.kind = cases, kind
        self.map = r.build(kind, entries)

    def full(self, first, last):
        return r.prove_full(self.map.pages, self.map.root, first, last)

    def blind(self, key):
        return r.prove_blind(self.map.pages, self.map.root, key)

    def add_full(self, title, first, last=None, pages=None, error=None, rule="PROOF-1", **changed):
        last = first if last is None else last
        inputs = {
            "map": self.map.root,
            "kind": self.kind,
            "grade": "full",
            "from": first,
            "to": last,
            "pages": self.full(first, last) if pages is None else pages,
        }
        return self.add(f"full, {title}", rule, error, {**inputs, **changed})

    def add_blind(self, title, of, pages=None, error=None, rule="PROOF-4", **changed):
        values = dict(r.entries_below(self.map.pages, self.map.root))
        inputs = {
            "map": self.map.root,
            "kind": self.kind,
            "grade": "blind",
            "key": of,
            "value": values.get(of),
            "pages": self.blind(of) if pages is None else pages,
        }
        return self.add(f"blind, {title}", rule, error, {**inputs, **changed})

    def add(self, title, rule, error, inputs):
        if error:
            return self.cases.refuse(title, rule, error, **inputs)
        return self.cases.accept(title, rule, **inputs)


def name(number):
    return b"%08d" % number


def map_proof_cases():
    about = "Proofs in one map: full ones of a range or of absence, blind ones of an entry."
    cases = Cases("map-proofs.json", "map-proofs.md", about)
    full_proofs(cases)
    bent_full_proofs(cases)
    forged_maps(cases)
    blind_proofs(cases)
    bent_blind_proofs(cases)
    return cases


def names_proofs(cases, count):
    return Proofs(cases, NAMES, generated({"count": count, "prefix": ""}))


def full_proofs(cases):
    empty = Proofs(cases, NAMES, [])
    empty.add_full("the empty map", b"a", rule="PROOF-3")
    for kind in r.MAP_KINDS:
        fixed = {SNAPSHOTS: bytes(32), r.KEYS: bytes(32), r.GRANTS: bytes(16), r.STATE: b"\x01"}
        key = fixed.get(kind, b"a")
        one = Proofs(cases, kind, [r.Entry(key, value_of(kind))])
        one.add_full(f"one entry of kind {kind}", key, rule="PROOF-3")
    page = names_proofs(cases, 20)
    page.add_full("one page, a range", name(3), name(5), rule="PROOF-3")
    page.add_full("one page, all", b"\x01", b"z", rule="PROOF-3")
    for count, words in ((300, "two levels"), (12345, "three levels")):
        proofs = names_proofs(cases, count)
        middle = count // 2
        proofs.add_full(f"{words}, a key", name(middle), rule="PROOF-3")
        proofs.add_full(f"{words}, the first", name(0), rule="PROOF-1")
        proofs.add_full(f"{words}, the last", name(count - 1), rule="PROOF-2")
        absent = {"between two": name(middle) + b"x", "below all": b"\x01", "above all": b"z"}
        for title, key in absent.items():
            outcome = proofs.add_full(f"{words}, absent {title}", key, rule="PROOF-3")
            assert outcome["entries"] == []
    proofs = names_proofs(cases, 300)
    page = r.covering(proofs.map.pages[proofs.map.root].items, name(150)).key
    proofs.add_full("a range over the end of a page", page, page + b"\x01", rule="PROOF-3")
    proofs.add_full("a range over three pages", name(60), name(150), rule="PROOF-3")
    proofs.add_full("a range of all entries", b"\x01", b"z", rule="PROOF-3")
    proofs.add_full("a range beyond the end", name(295), b"z", rule="PROOF-3")
    proofs.add_full("a range before the start", b"\x01", name(2), rule="PROOF-3")
    proofs.add_full("an empty range between two", name(99) + b"a", name(99) + b"b", rule="PROOF-3")


def bent_full_proofs(cases):
    proofs = names_proofs(cases, 300)
    key, other = name(150), name(20)
    good, elsewhere = proofs.full(key, key), proofs.full(other, other)
    assert len(good) == 2 and good[1] != elsewhere[1]

    def refuse(title, error, pages, rule="PROOF-1", **changed):
        proofs.add_full(title, key, None, pages, error, rule, **changed)

    refuse("no pages", "bad-proof", [], "PROOF-2")
    refuse("only the root", "bad-proof", good[:1], "PROOF-2")
    refuse("a page more", "bad-proof", good + elsewhere[1:], "PROOF-2")
    refuse("the last page twice", "bad-proof", good + good[1:], "PROOF-2")
    refuse("pages in the wrong order", "hash-mismatch", good[::-1])
    refuse("without the root", "hash-mismatch", good[1:])
    refuse("another page of the map", "hash-mismatch", [good[0], elsewhere[1]])
    refuse("another map", "hash-mismatch", good, map=HASH)
    refuse("another kind expected", "page-mismatch", good, kind=r.ATTRIBUTES)
    refuse("a page cut", "truncated", [good[0], good[1][:-1]])
    refuse("a page and a byte", "trailing-bytes", [good[0], good[1] + b"\x00"])
    refuse("the root cut", "truncated", [good[0][:-1], good[1]])
    refuse("an empty page", "truncated", [good[0], b""])
    flipped = good[1][:-1] + bytes((good[1][-1] ^ 1,))
    refuse("a value changed", "hash-mismatch", [good[0], flipped])
    refuse("the range is wider than the pages", "bad-proof", good, "PROOF-2", to=b"z")
    refuse("the range is elsewhere", "hash-mismatch", good, **{"from": other, "to": other})
    wide = proofs.full(name(60), name(150))
    refuse("the range is narrower than the pages", "hash-mismatch", wide)
    partial = r.encode_partial(r.hide(r.decode_page(good[1]), {}))
    refuse("a partial page in it", "out-of-range", [good[0], partial])


class Forgery:
    """A map of one page of three children, of which one thing is wrong."""

    def __init__(self, cases):
        keys = choose([None] * 57 + ["i"] + [None] * 57 + ["i"] + [None] * 20, 0, snapshot_key, 1)
        entries = entries_of(keys, SNAPSHOTS)
        self.proofs = Proofs(cases, SNAPSHOTS, entries)
        root = self.proofs.map.pages[self.proofs.map.root]
        self.children = root.items
        self.pages = [self.proofs.map.pages[item.page] for item in root.items]
        assert len(self.pages) == 3

    def refuse(self, title, error, key, pages, children=None, rule="MAP-18"):
        children = [r.child_of(page) for page in pages] if children is None else children
        root = r.Page(SNAPSHOTS, 1, children)
        below = pages[children.index(r.covering(children, key))]
        proof = [r.encode_page(root), r.encode_page(below)]
        self.proofs.add_full(
            f"forged map, {title}", key, None, proof, error, rule, map=r.page_id(root)
        )


def forged_maps(cases):
    forgery = Forgery(cases)
    first, second, third = forgery.pages
    children = forgery.children

    def bent(index, **changed):
        out = list(children)
        out[index] = out[index]._replace(**changed)
        return out

    inner = second.items[3].key
    refuse = forgery.refuse
    refuse("one child", "wrong-cut", inner, [second], rule="MAP-16")
    refuse("128 items below", "wrong-cut", inner, [first, second], rule="MAP-16")
    longer = bent(1, items=59, entries=59)
    refuse("more items than there are", "page-mismatch", inner, forgery.pages, longer)
    wrong = bent(1, value=b"\x7f")
    refuse("another last value", "page-mismatch", inner, forgery.pages, wrong)
    wrong = bent(1, key=children[1].key + b"\x00")
    refuse("a last key of 33 bytes", "out-of-range", inner, forgery.pages, wrong, rule="MAP-11")
    wrong = bent(1, key=second.items[-2].key)
    refuse("another last key", "page-mismatch", inner, forgery.pages, wrong)
    wrong = bent(0, key=second.items[0].key)
    key = second.items[1].key
    refuse("left bound not below the first key", "page-mismatch", key, forgery.pages, wrong)
    joined = r.Page(SNAPSHOTS, 0, first.items + second.items[:30])
    rest = r.Page(SNAPSHOTS, 0, second.items[30:])
    refuse("a cut missed", "wrong-cut", first.items[3].key, [joined, rest, third], rule="MAP-19")
    parts = [r.Page(SNAPSHOTS, 0, second.items[:30]), rest]
    refuse("a cut too early", "wrong-cut", inner, [first, *parts, third], rule="MAP-19")
    deeper = r.Page(SNAPSHOTS, 1, children[:2])
    wrong = r.child_of(deeper)._replace(items=116, entries=116)
    refuse(
        "a child of its own level", "page-mismatch", inner, [deeper, third], [wrong, children[2]]
    )
    other = r.Page(r.KEYS, 0, [r.Entry(entry.key, b"\x01") for entry in second.items])
    wrong = bent(1, page=r.page_id(other), value=b"\x01")
    refuse("a page of another kind", "page-mismatch", inner, [first, other, third], wrong)
    refuse(
        "an empty page",
        "page-mismatch",
        inner,
        [first, r.Page(SNAPSHOTS, 0, []), third],
        bent(1, page=r.empty_map(SNAPSHOTS)),
    )


def blind_proofs(cases):
    for kind in (NAMES, SNAPSHOTS, r.ATTRIBUTES):
        key = bytes(range(1, 33)) if kind == SNAPSHOTS else b"a"
        one = Proofs(cases, kind, [r.Entry(key, value_of(kind))])
        one.add_blind(f"one entry of kind {kind}", key, rule="PROOF-6")
    for kind, key in ((r.REFS, b"main"), (r.KEYS, bytes(32)), (r.STATE, b"\x01")):
        one = Proofs(cases, kind, [r.Entry(key, value_of(kind))])
        one.add_blind(f"one entry of kind {kind}", key, error="bad-proof", rule="PROOF-6")
    for count in (2, 3, 128, 129, 300, 12345):
        proofs = names_proofs(cases, count)
        for number in sorted({0, count // 2, count - 1}):
            rule = "PROOF-4" if number else "PROOF-5"
            proofs.add_blind(f"number {number} of {count}", name(number), rule=rule)


def bent_blind_proofs(cases):
    proofs = names_proofs(cases, 300)
    key, other = name(150), name(20)
    good, elsewhere = proofs.blind(key), proofs.blind(other)
    top, leaf = (proofs.map.pages[page] for page in path_to(proofs.map, key))
    at = next(index for index, item in enumerate(top.items) if item.key >= key)
    child_at, entry_at = top.items[at], [entry.key for entry in leaf.items].index(key)

    def refuse(title, error, pages, rule="PROOF-4", **changed):
        proofs.add_blind(title, key, pages, error, rule, **changed)

    def partial(page, elements):
        return r.encode_partial(r.hide(page, elements))

    refuse("no pages", "bad-proof", [])
    refuse("only the root", "bad-proof", good[:1])
    refuse("a page more", "bad-proof", good + good[1:])
    refuse("without the root", "hash-mismatch", good[1:])
    refuse("another map", "hash-mismatch", good, map=HASH)
    refuse("the page of another entry", "hash-mismatch", [good[0], elsewhere[1]])
    refuse("another key claimed", "bad-proof", good, key=other)
    refuse("another value claimed", "bad-proof", good, value=value_of(NAMES))
    refuse("a proof of another key", "bad-proof", elsewhere)
    refuse("another kind expected", "page-mismatch", good, kind=r.ATTRIBUTES)
    refuse("refs expected", "bad-proof", good, "PROOF-6", kind=r.REFS)
    refuse("the root cut", "truncated", [good[0][:-1], good[1]])
    refuse("the last page and a byte", "trailing-bytes", [good[0], good[1] + b"\x00"])
    leaf_good = {entry_at: leaf.items[entry_at]}
    shown_child = partial(top, {at: child_at})
    refuse("the child shown", "bad-proof", [shown_child, good[1]])
    refuse("nothing but hidden in the root", "bad-proof", [partial(top, {}), good[1]])
    two = {at: r.veil(child_at), 0: r.veil(top.items[0])}
    refuse("two veiled", "bad-proof", [partial(top, two), good[1]])
    two = {at: r.veil(child_at), 0: top.items[0]}
    refuse("one veiled and one shown", "bad-proof", [partial(top, two), good[1]])
    refuse("nothing but hidden in the last", "bad-proof", [good[0], partial(leaf, {})])
    two = {**leaf_good, 0: leaf.items[0]}
    refuse("two shown", "bad-proof", [good[0], partial(leaf, two)])
    wrong = r.encode_page(leaf)
    refuse("a whole page in it", "unsupported-format", [good[0], wrong])
    flipped = good[1][:-1] + bytes((good[1][-1] ^ 1,))
    refuse("a hidden hash changed", "hash-mismatch", [good[0], flipped])
    split = r.PartialPage(NAMES, 0, 2, [r.Hidden(1, HASH), r.Hidden(1, HASH)])
    refuse("hidden ones not merged", "bad-partial", [good[0], r.encode_partial(split)], "PART-2")
    forged_blind(cases, leaf, key)


def path_to(tree, key):
    page, path = tree.root, []
    while True:
        path.append(page)
        if tree.pages[page].level == 0:
            return path
        page = r.covering(tree.pages[page].items, key).page


def forged_blind(cases, leaf, key):
    """Roots that say of the page below what is not so."""
    item = next(entry for entry in leaf.items if entry.key == key)
    inside = {leaf.items.index(item): item}

    def refuse(title, level, child_item, below):
        root = r.Page(NAMES, level, [child_item, child(b"z", 70, 70, NAMES)])
        pages = [r.encode_partial(r.hide(root, {0: r.veil(child_item)})), *below]
        inputs = {
            "map": r.page_id(root),
            "kind": NAMES,
            "grade": "blind",
            "key": key,
            "value": item.value,
            "pages": pages,
        }
        cases.refuse(f"blind, forged map, {title}", "PROOF-4", "page-mismatch", **inputs)

    below = [r.encode_partial(r.hide(leaf, inside))]
    whole = r.child_of(leaf)
    refuse("other items", 1, whole._replace(items=90, entries=90), below)
    refuse("a level left out", 2, whole, below)
    other = r.Page(r.ATTRIBUTES, 0, [r.Entry(entry.key, entry.value[1:]) for entry in leaf.items])
    at = leaf.items.index(item)
    data = r.encode_partial(r.hide(other, {at: other.items[at]}))
    refuse("a page of another kind", 1, whole._replace(page=r.page_id(other)), [data])


FILES = [partial_cases, map_proof_cases]
