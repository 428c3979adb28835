#!/usr/bin/env python3
"""A slow, plain second implementation of the markerbed format, version 1, from docs/spec alone.

Each part names the page of docs/spec that it follows; the names in brackets are its rules.
Nothing here is fast, and nothing is shared with the engine: where the two agree, the page was
clear enough. It needs Python 3.9 or newer and the package `blake3`.
"""

import argparse
import hashlib
import json
import os
import re
import stat
import sys
from collections import deque, namedtuple
from functools import lru_cache

import ed25519
from blake3 import blake3

# --------------------------------------------------------------------------- limits.md

NAME_MOST = 1024  # [LIM-1]
KEY_MOST = 1152  # [LIM-2]
VALUE_MOST = 512  # [LIM-3]
ITEMS_MOST = 256  # [LIM-4]
LEVEL_MOST = 15  # [LIM-5]
ENTRIES_MOST = 1 << 40  # [LIM-6]
DEPTH_MOST = 4096  # [LIM-7]
TARGET_MOST = 4095  # [LIM-8]
SIZE_MOST = (1 << 63) - 1  # [LIM-9]
LABEL_MOST = 255  # [LIM-10]
PARENTS_MOST = 16  # [LIM-11]
TOOL_MOST = 127  # [LIM-12]
OBJECT_MOST = 1 << 20  # [LIM-13]
LEDGER_ENTRY_MOST = 1 << 14  # [LIM-14]
DOCUMENT_MOST = 1 << 24  # [LIM-15]
JSON_DEPTH_MOST = 128  # [LIM-16]
PROOF_MOST = 1 << 24  # [LIM-17]
EXTENDED_NAME_MOST = 255  # [LIM-19]
OWNER_NAME_MOST = 255  # [LIM-20]
ATTRIBUTE_ITEMS_MOST = 65536  # [LIM-21]
OWN_ATTRIBUTES_MOST = 255  # [LIM-22]
U32_MOST = (1 << 32) - 1
U64_MOST = (1 << 64) - 1


class Refused(ValueError):
    """Something is not what the format allows; `code` is from the table in encoding.md."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def require(condition, code):
    if not condition:
        raise Refused(code)


# --------------------------------------------------------------------------- ids.md

CONTEXT = "markerbed 2026-11-21 "


def content_id(data):
    """H(bytes), the plain BLAKE3 [ID-1]."""
    return blake3(data).digest()


def derive(context, data):
    """DK(context, data) [ID-2]."""
    return blake3(data, derive_key_context=CONTEXT + context).digest()


def sha256(data):
    return hashlib.sha256(data).digest()


def check_id_text(text):
    """64 lower-case hexadecimal digits, given as bytes [ID-3]."""
    require(len(text) == 64 and all(digit in b"0123456789abcdef" for digit in text), "bad-id")


# --------------------------------------------------------------------------- encoding.md


def varint(number):
    """LEB128 without a byte too many."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(number):
    """An `i64`."""
    return varint(2 * number if number >= 0 else -2 * number - 1)


def sized(data):
    """`bytes`, or the UTF-8 of a `string`."""
    return varint(len(data)) + data


def optional(encoded):
    """`option T`: of the encoded T, or of None."""
    return b"\x00" if encoded is None else b"\x01" + encoded


def listed(encoded_items):
    """`list T`: of the encoded items."""
    return varint(len(encoded_items)) + b"".join(encoded_items)


class Reader:
    """Fields of one object from left to right [ENC-1 … ENC-9]."""

    def __init__(self, data, most=OBJECT_MOST):
        require(len(data) <= most, "out-of-range")
        self.data = data
        self.position = 0

    def take(self, length):
        require(length <= len(self.data) - self.position, "truncated")
        self.position += length
        return self.data[self.position - length : self.position]

    def byte(self):
        return self.take(1)[0]

    def id(self):
        return self.take(32)

    def id16(self):
        return self.take(16)

    def u64(self):
        """[ENC-5]"""
        number = 0
        for place in range(10):
            byte = self.byte()
            require(place < 9 or byte <= 1, "number-too-large")
            number |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                require(byte > 0 or place == 0, "overlong-varint")
                return number
        raise AssertionError("the tenth byte ends a varint or is refused")

    def u32(self):
        number = self.u64()
        require(number <= U32_MOST, "number-too-large")
        return number

    def i64(self):
        number = self.u64()
        return number >> 1 if number & 1 == 0 else -(number >> 1) - 1

    def number(self, read, least, most, code="out-of-range"):
        number = read()
        require(least <= number <= most, code)
        return number

    def flag(self):
        """A `bool`, or the first byte of an `option` [ENC-6]."""
        return self.number(self.byte, 0, 1, "bad-flag") == 1

    def option(self, read):
        return read() if self.flag() else None

    def bytes(self, least=0, most=U32_MOST, code="out-of-range"):
        return self.take(self.number(self.u32, least, most, code))

    def string(self, least=0, most=U32_MOST):
        return decode_utf8(self.bytes(least, most))

    def count(self, least=0, most=U32_MOST):
        return self.number(self.u32, least, most)

    def known(self, read, known):
        """A kind, tag, format or operation [ENC-7]."""
        number = read()
        require(number in known, "unsupported-format")
        return number

    def format(self):
        self.known(self.u32, (1,))

    def end(self):
        """[ENC-8]"""
        require(self.position == len(self.data), "trailing-bytes")


def decode_utf8(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("bad-utf8") from None


# --------------------------------------------------------------------------- names.md


def check_name(name):
    """[NAME-1]"""
    require(1 <= len(name) <= NAME_MOST, "out-of-range")
    require(b"\x00" not in name and b"/" not in name and name not in (b".", b".."), "bad-name")


def split_path(path):
    """The names of a path in bytes [NAME-4]."""
    names = path.split(b"/") if path else []
    require(len(names) <= DEPTH_MOST, "too-deep")
    for name in names:
        check_name(name)
    return names


def check_grant_path(path):
    """[GRANT-1]"""
    require(len(path) <= 1024, "out-of-range")
    split_path(path)


def is_control(character):
    return ord(character) <= 0x1F or 0x7F <= ord(character) <= 0x9F


def check_label(data):
    """A ref name or a source label, as bytes [NAME-5]."""
    require(1 <= len(data) <= LABEL_MOST, "out-of-range")
    require(not any(is_control(character) for character in decode_utf8(data)), "bad-text")


def check_tool(data):
    """[NAME-6]"""
    require(1 <= len(data) <= TOOL_MOST, "out-of-range")
    decode_utf8(data)
    require(all(0x20 <= byte <= 0x7E for byte in data), "bad-text")


def is_invisible(character):
    """Bidirectional and other invisible formatting characters of NAME-8."""
    point = ord(character)
    ranges = ((0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x2069))
    return point in (0x061C, 0xFEFF) or any(low <= point <= high for low, high in ranges)


def shown(name):
    """A name as a terminal shows it [NAME-8]."""
    out = []
    for character in name.decode("utf-8", "surrogateescape"):
        if character == "\\":
            out.append("\\\\")
        elif 0xDC80 <= ord(character) <= 0xDCFF or is_control(character) or is_invisible(character):
            raw = character.encode("utf-8", "surrogateescape")
            out.append("".join("\\x%02x" % byte for byte in raw))
        else:
            out.append(character)
    return "".join(out)


# --------------------------------------------------------------------------- map.md: the cut

DIRECTORY, REFS, GRANTS, SNAPSHOTS, KEYS, ATTRIBUTES, STATE = 1, 4, 5, 7, 9, 11, 12
MAP_KINDS = (DIRECTORY, REFS, GRANTS, SNAPSHOTS, KEYS, ATTRIBUTES, STATE)
NODE_KINDS = (1, 2, 3, 4, 5, 6)
STATE_TAGS = (1, 2, 6, 9)
ROLES = (1, 2, 3, 4)

Entry = namedtuple("Entry", "key value")
# key and value of a child are those of the last entry below its page
Child = namedtuple("Child", "key value page items entries")
Page = namedtuple("Page", "kind level items")
# root: MapId; pages: id → Page; shape: from level 0, the item counts of the level's pages
Map = namedtuple("Map", "root pages shape")


@lru_cache(maxsize=1 << 18)
def cut_number(key):
    """c(key)"""
    return int.from_bytes(derive("v1 map cut", key), "big")


def ends_page(items, start, index, level):
    """Whether the item ends the page that begins at `start` by (i), (ii) or (iii) of MAP-2."""
    c = cut_number(items[index].key)
    if level <= 9 and c < 1 << (256 - 5 * (level + 1)):
        return True
    number = index - start + 1
    before = items[index - 63 : index] if number >= 128 else None
    if before and all(c < cut_number(item.key) for item in before):
        return True
    return number == ITEMS_MOST


def cut(items, level):
    """The pages' items that end by (i), (ii) or (iii), and the items after the last of them."""
    pages, start = [], 0
    for index in range(len(items)):
        if ends_page(items, start, index, level):
            pages.append(items[start : index + 1])
            start = index + 1
    return pages, items[start:]


def cut_level(items, level):
    """The pages' items of a whole level [MAP-1, MAP-2, MAP-4]."""
    if len(items) <= 128:
        return [items]
    pages, rest = cut(items, level)
    return pages + [rest] if rest else pages


# --------------------------------------------------------------------------- store-directory.md

PART_LEAST, PART_MOST = 1 << 16, 1 << 20
GEAR = tuple(int.from_bytes(content_id(bytes([byte]))[:8], "little") for byte in range(256))


def part_end(content, start):
    """Where the part that begins at `start` ends [CUT-2, CUT-3]."""
    last = min(start + PART_MOST, len(content))
    least = start + PART_LEAST
    number = 0
    for byte in content[least - 64 : min(least, last)]:
        number = (number << 1) + GEAR[byte]
    for place in range(least, last):
        number = ((number << 1) + GEAR[content[place]]) & (1 << 64) - 1
        if number < 1 << 47:
            return min(place + 1, last)
    return last


def part_ends(content):
    """The end of each part of a content [CUT-1]; its length alone if it is not cut."""
    ends = [0]
    while len(content) > PART_MOST and ends[-1] < len(content):
        ends.append(part_end(content, ends[-1]))
    return ends[1:] or [len(content)]


# --------------------------------------------------------------------------- map.md: pages


def encode_entry(entry):
    return sized(entry.key) + sized(entry.value)


def encode_item(item):
    if isinstance(item, Entry):
        return encode_entry(item)
    return encode_entry(item) + item.page + varint(item.items) + varint(item.entries)


def encode_page(page):
    head = bytes((page.kind, page.level)) + varint(len(page.items))
    return head + b"".join(encode_item(item) for item in page.items)


def entry_hash(item):
    """Of an entry, or of the last entry of a child [MAP-6]."""
    return derive("v1 map item", encode_entry(item))


def child_hash(last_entry_hash, page, items, entries):
    """[MAP-7]"""
    return derive("v1 map child", last_entry_hash + page + varint(items) + varint(entries))


def item_hash(item):
    if isinstance(item, Entry):
        return entry_hash(item)
    return child_hash(entry_hash(item), item.page, item.items, item.entries)


def left_size(count):
    """The largest power of two below the count: the split of RFC 9162 §2.1."""
    return 1 << ((count - 1).bit_length() - 1)


def inner_hash(left, right):
    return derive("v1 map inner", left + right)


def in_page_root(hashes):
    """[MAP-8]"""
    if len(hashes) <= 1:
        return hashes[0] if hashes else bytes(32)
    split = left_size(len(hashes))
    return inner_hash(in_page_root(hashes[:split]), in_page_root(hashes[split:]))


def id_of_page(kind, level, count, root):
    """[MAP-9]"""
    return derive("v1 map page", bytes((kind, level)) + varint(count) + root)


def page_id(page):
    root = in_page_root([item_hash(item) for item in page.items])
    return id_of_page(page.kind, page.level, len(page.items), root)


def entries_of(page):
    """How many entries are below."""
    return sum(item.entries for item in page.items) if page.level else len(page.items)


def child_of(page):
    """The item of the level above that stands for the page."""
    last = page.items[-1]
    return Child(last.key, last.value, page_id(page), len(page.items), entries_of(page))


def check_key(kind, key):
    """The rule of the kind for a key [MAP-11]."""
    if kind in (DIRECTORY, ATTRIBUTES):
        check_name(key)
    elif kind == REFS:
        check_label(key)
    elif kind == GRANTS:
        require(len(key) >= 16, "out-of-range")
        check_grant_path(key[16:])
    elif kind in (SNAPSHOTS, KEYS):
        require(len(key) == 32, "out-of-range")
    else:
        require(len(key) == 1, "out-of-range")
        require(key[0] in STATE_TAGS, "unsupported-format")


def check_value(kind, value):
    """[MAP-12]"""
    reader = Reader(value)
    if kind == DIRECTORY:
        reader.known(reader.byte, NODE_KINDS)
        reader.id()
    elif kind == SNAPSHOTS:
        reader.u64()
    elif kind == GRANTS:
        reader.known(reader.byte, (0, *ROLES))
        reader.id16()
        reader.u64()
    elif kind == KEYS:
        reader.known(reader.byte, (1, 2, 3))
    else:
        reader.id()
    reader.end()


def check_entry(kind, entry, previous_key):
    """An entry that was not read from bytes, in the order of MAP-11 and MAP-12."""
    require(1 <= len(entry.key) <= KEY_MOST, "out-of-range")
    require(previous_key is None or entry.key > previous_key, "not-ascending")
    check_key(kind, entry.key)
    require(len(entry.value) <= VALUE_MOST, "out-of-range")
    check_value(kind, entry.value)


def read_page_head(reader, least):
    """Kind, level and item count [MAP-10]."""
    kind = reader.known(reader.byte, MAP_KINDS)
    level = reader.number(reader.byte, 0, LEVEL_MOST)
    return kind, level, reader.count(max(least, 1 if level else 0), ITEMS_MOST)


def read_link(reader, level):
    """Page id, items and entries of a child in a page of that level [MAP-13]."""
    page = reader.id()
    items = reader.count(1, ITEMS_MOST)
    entries = reader.u64()
    require(entries == items if level == 1 else entries >= items, "bad-count")
    return page, items, entries


def read_item(reader, kind, level, previous_key):
    """[MAP-11 … MAP-13]"""
    key = reader.bytes(1, KEY_MOST)
    require(previous_key is None or key > previous_key, "not-ascending")
    check_key(kind, key)
    value = reader.bytes(0, VALUE_MOST)
    check_value(kind, value)
    return Child(key, value, *read_link(reader, level)) if level else Entry(key, value)


def decode_page(data):
    """[MAP-10 … MAP-14]"""
    reader = Reader(data)
    kind, level, count = read_page_head(reader, 0)
    items = []
    for _ in range(count):
        items.append(read_item(reader, kind, level, items[-1].key if items else None))
    reader.end()
    page = Page(kind, level, items)
    require(entries_of(page) <= ENTRIES_MOST, "bad-count")
    return page


def check_root(page, kind):
    """A root in its place [MAP-15 … MAP-17]."""
    require(page.kind == kind, "page-mismatch")
    if page.level:
        require(len(page.items) >= 2, "wrong-cut")
        require(sum(item.items for item in page.items) > 128, "wrong-cut")
    if len(page.items) > 128:
        check_cut(page)


def check_cut(page):
    """No item but the last ends the page."""
    for index in range(len(page.items) - 1):
        require(not ends_page(page.items, 0, index, page.level), "wrong-cut")


def check_child(page, kind, level, left, is_last, child):
    """A page in its place below a parent of that kind and level [MAP-18, MAP-19]."""
    require(page.kind == kind and page.level == level - 1, "page-mismatch")
    require(page.items, "page-mismatch")
    require(left is None or page.items[0].key > left, "page-mismatch")
    last = page.items[-1]
    require((last.key, last.value) == (child.key, child.value), "page-mismatch")
    require(len(page.items) == child.items, "page-mismatch")
    require(entries_of(page) == child.entries, "page-mismatch")
    check_cut(page)
    require(is_last or ends_page(page.items, 0, len(page.items) - 1, page.level), "wrong-cut")


def build(kind, entries):
    """The map of entries in the order of their keys [MAP-1 … MAP-5]."""
    previous_key = None
    for entry in entries:
        check_entry(kind, entry, previous_key)
        previous_key = entry.key
    require(len(entries) <= ENTRIES_MOST, "out-of-range")
    return build_from(kind, entries, 0)


def build_from(kind, items, level):
    """Cuts this level and those above it."""
    pages, shape = {}, []
    while True:
        require(level <= LEVEL_MOST, "out-of-range")
        made = [Page(kind, level, group) for group in cut_level(items, level)]
        ids = [page_id(page) for page in made]
        pages.update(zip(ids, made))
        shape.append([len(page.items) for page in made])
        if len(made) == 1:
            return Map(ids[0], pages, shape)
        items = [child_of(page) for page in made]
        level += 1


def empty_map(kind):
    """The MapId of the map without entries [MAP-4]."""
    return page_id(Page(kind, 0, []))


def entries_below(pages, root):
    """All entries of a map, in order."""
    front = [pages[root]]
    while front[0].level:
        front = [pages[item.page] for page in front for item in page.items]
    return [entry for page in front for entry in page.items]


# --------------------------------------------------------------------------- map.md: operations


class Requests:
    """The pages that an operation asked a store for, round by round."""

    def __init__(self, store):
        self.store = store
        self.in_hand = {}
        self.rounds = []

    def ask(self, ids):
        """One round of what is not in hand, each once, in order of first asking."""
        lacking = [page for page in dict.fromkeys(ids) if page not in self.in_hand]
        if lacking:
            self.rounds.append(lacking)
            self.in_hand.update((page, self.store[page]) for page in lacking)


def covering(items, key):
    """The first item whose last key is not below the key, or None."""
    return next((item for item in items if item.key >= key), None)


def look_up(requests, root, keys):
    """The value of each key, None if it is absent [MAP-20]."""
    if not keys:
        return []
    requests.ask([root])
    found = dict.fromkeys(keys)
    at = dict.fromkeys(keys, root)
    while at:
        below = {}
        for key, page in at.items():
            page = requests.in_hand[page]
            item = covering(page.items, key)
            if item is not None and page.level:
                below[key] = item.page
            elif item is not None and item.key == key:
                found[key] = item.value
        requests.ask(below.values())
        at = below
    return [found[key] for key in keys]


def difference(requests, root_a, root_b):
    """[(key, value in A or None, value in B or None)], by key [MAP-21]."""
    if root_a == root_b:
        return []
    requests.ask([root_a, root_b])
    hand = requests.in_hand
    fronts, levels = [[root_a], [root_b]], [hand[root_a].level, hand[root_b].level]
    while True:
        if levels[0] != levels[1]:
            turn = [0] if levels[0] > levels[1] else [1]
        else:
            both = set(fronts[0]) & set(fronts[1])
            fronts = [[page for page in front if page not in both] for front in fronts]
            turn = [0, 1]
        requests.ask([page for side in turn for page in fronts[side]])
        if levels == [0, 0]:
            return merge(
                *([entry for page in front for entry in hand[page].items] for front in fronts)
            )
        for side in turn:
            fronts[side] = [item.page for page in fronts[side] for item in hand[page].items]
            levels[side] -= 1


def merge(entries_a, entries_b):
    a, b = dict(entries_a), dict(entries_b)
    keys = sorted(a.keys() | b.keys())
    return [(key, a.get(key), b.get(key)) for key in keys if a.get(key) != b.get(key)]


class Lacking(Exception):
    """A page that is not in hand."""


class Attempt:
    """One attempt at a level of a batch update: the old pages `used`, the items of new ones."""

    def __init__(self, hand, root, level, changes):
        self.hand, self.root, self.level = hand, root, level
        self.changes = deque(sorted(changes.items()))
        self.lacking, self.used, self.made = [], [], []

    def make(self):
        while self.changes:
            try:
                place = self.locate(self.changes[0][0])
            except Lacking:
                self.changes.popleft()
                continue
            try:
                self.run(*place)
            except Lacking:
                continue

    def page(self, page):
        if page not in self.hand:
            self.lacking.append(page)
            raise Lacking
        return self.hand[page]

    def descend(self, choose):
        """The id of the page of this level that `choose` leads to, and whether it is the last."""
        page, is_last = self.root, True
        while self.page(page).level > self.level:
            items = self.hand[page].items
            item = choose(items)
            if item is None:
                return None
            page, is_last = item.page, is_last and item is items[-1]
        return page, is_last

    def locate(self, key):
        return self.descend(lambda items: covering(items, key) or items[-1])

    def after(self, key):
        if self.page(self.root).level == self.level:
            return None
        return self.descend(lambda items: next((item for item in items if item.key > key), None))

    def run(self, page, is_last):
        """Cuts from the page on until a cut falls on the end of an old page."""
        rest = []
        while True:
            items = self.hand[page].items
            self.used.append(page)
            pages, rest = cut(rest + self.apply(items, is_last), self.level)
            self.made.extend(pages)
            if not rest:
                return
            following = None if is_last else self.after(items[-1].key)
            if following is None:
                self.made.append(rest)
                return
            page, is_last = following

    def apply(self, items, is_last):
        """The items of a page with the changes not yet used that belong there."""
        merged = {item.key: item for item in items}
        while self.changes and (is_last or self.changes[0][0] <= items[-1].key):
            key, change = self.changes.popleft()
            if change is None:
                merged.pop(key, None)
            else:
                merged[key] = change
        return [merged[key] for key in sorted(merged)]


def update(requests, root, kind, changes):
    """The new MapId, and the new pages by id; a change is a value or None [MAP-22]."""
    changes = {key: None if value is None else Entry(key, value) for key, value in changes.items()}
    made, level = {}, 0
    while changes:
        attempt = Attempt(requests.in_hand, root, level, changes)
        attempt.make()
        if attempt.lacking:
            requests.ask(attempt.lacking)
            continue
        if level == requests.in_hand[root].level:
            top = build_from(kind, [item for items in attempt.made for item in items], level)
            made.update(top.pages)
            return shrink(requests, top.root, kind, made), made
        pages = [Page(kind, level, items) for items in attempt.made]
        new = {page_id(page): page for page in pages}
        made.update(new)
        changes = changes_above(requests.in_hand, attempt.used, new)
        level += 1
    return root, made


def changes_above(hand, used, new):
    """The changes of the next level, from the old pages used and the new ones."""
    changes = {hand[page].items[-1].key: None for page in used if page not in new}
    used = set(used)
    added = [child_of(page) for made, page in new.items() if made not in used]
    changes.update((child.key, child) for child in added)
    return changes


def shrink(requests, root, kind, made):
    """Takes away the levels above one that is a single page."""
    while made[root].level:
        children = made[root].items
        if len(children) > 1 and sum(child.items for child in children) > 128:
            return root
        requests.ask([child.page for child in children if child.page not in made])
        known = {**requests.in_hand, **made}
        items = [item for child in children for item in known[child.page].items]
        page = Page(kind, made[root].level - 1 if children else 0, items)
        root = page_id(page)
        made[root] = page
    return root


def written(requests, root, made):
    """The pages of the new map that were not read, in pre-order."""
    out, stack = [], [root]
    while stack:
        page = stack.pop()
        if page in made:
            if page not in requests.in_hand:
                out.append(page)
            if made[page].level:
                stack.extend(item.page for item in reversed(made[page].items))
    return out


# --------------------------------------------------------------------------- map-proofs.md

# Elements of a partial page; a shown one is an Entry or a Child
Hidden = namedtuple("Hidden", "run hash")
Veiled = namedtuple("Veiled", "entry_hash page items entries")
PartialPage = namedtuple("PartialPage", "kind level count elements")


def encode_element(element):
    if isinstance(element, Hidden):
        return b"\x00" + varint(element.run) + element.hash
    if isinstance(element, Veiled):
        counts = varint(element.items) + varint(element.entries)
        return b"\x02" + element.entry_hash + element.page + counts
    return b"\x01" + encode_item(element)


def encode_partial(partial):
    head = bytes((partial.kind, partial.level)) + varint(partial.count)
    return head + b"".join(encode_element(element) for element in partial.elements)


def decode_partial(data):
    """A partial page and the id of its page [PART-1 … PART-3]."""
    reader = Reader(data)
    kind, level, count = read_page_head(reader, 1)
    elements, left, previous_key = [], count, None
    while left:
        tag = reader.known(reader.byte, (0, 1, 2) if level else (0, 1))
        if tag == 0:
            elements.append(Hidden(reader.count(1, left), reader.id()))
        elif tag == 1:
            elements.append(read_item(reader, kind, level, previous_key))
            previous_key = elements[-1].key
        else:
            elements.append(Veiled(reader.id(), *read_link(reader, level)))
        left -= elements[-1].run if tag == 0 else 1
    reader.end()
    root = join(deque(elements), count).hash
    return PartialPage(kind, level, count, elements), id_of_page(kind, level, count, root)


def join(elements, count):
    """Takes the elements of a subtree of so many items: Hidden, or another `hash` [PART-2]."""
    if isinstance(elements[0], Hidden) and elements[0].run >= count:
        require(elements[0].run == count, "bad-partial")
        return elements.popleft()
    if count == 1:
        return Seen(element_hash(elements.popleft()))
    split = left_size(count)
    left, right = join(elements, split), join(elements, count - split)
    require(not (isinstance(left, Hidden) and isinstance(right, Hidden)), "bad-partial")
    return Seen(inner_hash(left.hash, right.hash))


Seen = namedtuple("Seen", "hash")


def element_hash(element):
    return child_hash(*element) if isinstance(element, Veiled) else item_hash(element)


def hide(page, elements):
    """The partial page that has these elements, by index, and hides the rest."""

    def subtree(start, count):
        if not any(start <= index < start + count for index in elements):
            hashes = [item_hash(item) for item in page.items[start : start + count]]
            return [Hidden(count, in_page_root(hashes))]
        if count == 1:
            return [elements[start]]
        split = left_size(count)
        return subtree(start, split) + subtree(start + split, count - split)

    count = len(page.items)
    return PartialPage(page.kind, page.level, count, subtree(0, count))


def veil(child):
    return Veiled(entry_hash(child), child.page, child.items, child.entries)


def children_in_range(page, first, last):
    """The indexes of the children whose entries can lie in the range [PROOF-1]."""
    keys = [item.key for item in page.items]
    start = next((index for index, key in enumerate(keys) if key >= first), len(keys))
    stop = next((index for index, key in enumerate(keys) if key >= last), len(keys) - 1)
    return range(start, stop + 1)


def verify_full(root, kind, first, last, pages):
    """The entries from `first` to `last` of a map [PROOF-1 … PROOF-3]."""
    left_over, found = deque(pages), []

    def next_page(expected):
        require(left_over, "bad-proof")
        page = decode_page(left_over.popleft())
        require(page_id(page) == expected, "hash-mismatch")
        return page

    def visit(page, left, is_last):
        if page.level == 0:
            found.extend(entry for entry in page.items if first <= entry.key <= last)
            return
        for index in children_in_range(page, first, last):
            child = page.items[index]
            bound = page.items[index - 1].key if index else left
            at_end = is_last and index == len(page.items) - 1
            below = next_page(child.page)
            check_child(below, page.kind, page.level, bound, at_end, child)
            visit(below, bound, at_end)

    top = next_page(root)
    check_root(top, kind)
    visit(top, None, True)
    require(not left_over, "bad-proof")
    return found


def prove_full(store, root, first, last):
    """The pages of a full proof."""
    pages, stack = [], [root]
    while stack:
        page = store[stack.pop()]
        pages.append(encode_page(page))
        if page.level:
            indexes = children_in_range(page, first, last)
            stack.extend(page.items[index].page for index in reversed(indexes))
    return pages


def verify_blind(root, kind, pages):
    """The entry that is contained in the map [PROOF-4 … PROOF-6]."""
    require(kind in (DIRECTORY, SNAPSHOTS, ATTRIBUTES), "bad-proof")
    expected, level, items = root, None, None
    for index, data in enumerate(pages):
        partial, found = decode_partial(data)
        require(found == expected, "hash-mismatch")
        require(partial.kind == kind, "page-mismatch")
        if index:
            require((partial.level, partial.count) == (level, items), "page-mismatch")
        seen = [element for element in partial.elements if not isinstance(element, Hidden)]
        require(len(seen) == 1, "bad-proof")
        require(isinstance(seen[0], Veiled if partial.level else Entry), "bad-proof")
        if partial.level == 0:
            require(index == len(pages) - 1, "bad-proof")
            return seen[0]
        expected, level, items = seen[0].page, partial.level - 1, seen[0].items
    raise Refused("bad-proof")


def prove_blind(store, root, key):
    """The partial pages of a blind proof."""
    pages, page = [], store[root]
    while True:
        index = next(index for index, item in enumerate(page.items) if item.key >= key)
        item = page.items[index]
        pages.append(encode_partial(hide(page, {index: veil(item) if page.level else item})))
        if page.level == 0:
            return pages
        page = store[item.page]


# --------------------------------------------------------------------------- nodes.md

FILE, SYMLINK, TREE, SEALED_FILE, SEALED_SYMLINK, SEALED_TREE = NODE_KINDS
# `body` is a File, Link or Directory; `salt` is None unless the node is sealed
Node = namedtuple("Node", "kind salt body")
File = namedtuple("File", "executable size content")
Link = namedtuple("Link", "target")
Directory = namedtuple("Directory", "map nodes files bytes")


def file_node(executable, size, content):
    return Node(FILE, None, File(executable, size, content))


def encode_node(node):
    body = node.body
    if isinstance(body, File):
        fields = bytes((body.executable,)) + varint(body.size) + body.content
    elif isinstance(body, Link):
        fields = sized(body.target)
    else:
        fields = body.map + varint(body.nodes) + varint(body.files) + varint(body.bytes)
    return bytes((node.kind,)) + (node.salt or b"") + fields


def node_id(node):
    """[NODE-1]"""
    return derive("v1 node", encode_node(node))


def decode_node(data):
    """[NODE-1, NODE-2, NODE-7]"""
    reader = Reader(data)
    kind = reader.known(reader.byte, NODE_KINDS)
    salt = reader.id() if kind >= SEALED_FILE else None
    if kind in (FILE, SEALED_FILE):
        body = File(reader.flag(), reader.number(reader.u64, 0, SIZE_MOST), reader.id())
    elif kind in (SYMLINK, SEALED_SYMLINK):
        body = Link(reader.bytes(1, TARGET_MOST, "bad-target"))
        require(b"\x00" not in body.target, "bad-target")
    else:
        body = Directory(reader.id(), reader.u64(), reader.u64(), reader.u64())
    reader.end()
    if isinstance(body, Directory):
        require(body.files <= body.nodes, "bad-count")
        require((body.nodes == 0) == (body.map == empty_map(DIRECTORY)), "bad-count")
        require(body.nodes > 0 or body.bytes == 0, "bad-count")
    return Node(kind, salt, body)


def is_directory(node):
    return isinstance(node.body, Directory)


def counts_added(node):
    """What a child adds to its directory's nodes, files and bytes below [NODE-5]."""
    if is_directory(node):
        added = (1 + node.body.nodes, node.body.files, node.body.bytes)
    elif isinstance(node.body, File):
        added = (1, 1, node.body.size)
    else:
        added = (1, 0, 0)
    return added if node.salt is None else added[:2] + (0,)


def directory_of(children):
    """The directory of (name, node) in the order of names, and its map [NODE-4 … NODE-6]."""
    entries = [Entry(name, bytes((node.kind,)) + node_id(node)) for name, node in children]
    tree_map = build(DIRECTORY, entries)
    sums = [sum(counts) for counts in zip(*(counts_added(node) for _, node in children))]
    require(all(count <= U64_MOST for count in sums), "count-overflow")
    return Node(TREE, None, Directory(tree_map.root, *(sums or (0, 0, 0)))), tree_map


def seal(node, seal_key):
    """The sealed node of a plain one [SEAL-1]."""
    blank = Node(node.kind + 3, bytes(32), node.body)
    return blank._replace(salt=derive("v1 seal salt", seal_key + encode_node(blank)))


# --------------------------------------------------------------------------- attributes.md

NANOSECONDS_MOST = 10**9 - 1
# own: [(tag, value)]; children: MapId or None
Attributes = namedtuple("Attributes", "own children")


def encode_attributes(attributes):
    own = [bytes((tag,)) + sized(value) for tag, value in attributes.own]
    return listed(own) + optional(attributes.children)


def attributes_id(attributes):
    """[ATTR-1]"""
    return derive("v1 attributes", encode_attributes(attributes))


def decode_attributes(data):
    """[ATTR-2 … ATTR-4]"""
    reader = Reader(data)
    own = []
    for _ in range(reader.count(0, OWN_ATTRIBUTES_MOST)):
        tag = reader.known(reader.byte, range(1, 256))
        require(not own or tag > own[-1][0], "not-ascending")
        own.append((tag, reader.bytes()))
        check_attribute(*own[-1])
    children = reader.option(reader.id)
    reader.end()
    require(own or children is not None, "out-of-range")
    return Attributes(own, children)


def check_attribute(tag, value):
    """The value of a known tag [ATTR-3]."""
    reader = Reader(value)
    if tag == 1:
        reader.number(reader.u32, 0, 4095)
    elif tag == 2:
        read_instant(reader)
    elif tag == 3:
        reader.u32(), reader.u32()
    elif tag == 4:
        names = [reader.option(lambda: reader.string(1, OWNER_NAME_MOST)) for _ in range(2)]
        reader.end()
        require(names != [None, None], "out-of-range")
    elif tag == 5:
        read_extended(reader)
    elif tag == 6:
        reader.id()
    elif tag == 7:
        read_holes(reader)
    elif tag == 8:
        reader.u32(), reader.option(lambda: read_instant(reader))
    else:
        return
    reader.end()


def read_instant(reader):
    """Seconds since 1970 and nanoseconds."""
    reader.i64(), reader.number(reader.u32, 0, NANOSECONDS_MOST)


def read_extended(reader):
    previous = None
    for _ in range(reader.count(1, ATTRIBUTE_ITEMS_MOST)):
        name = reader.bytes(1, EXTENDED_NAME_MOST)
        require(previous is None or name > previous, "not-ascending")
        reader.id(), reader.number(reader.u64, 0, SIZE_MOST)
        previous = name


def read_holes(reader):
    previous_end = -1
    for _ in range(reader.count(1, ATTRIBUTE_ITEMS_MOST)):
        offset = reader.u64()
        require(offset > previous_end, "not-ascending")
        previous_end = offset + reader.number(reader.u64, 1, U64_MOST)
        require(previous_end <= SIZE_MOST, "out-of-range")


def link_group(path):
    """The value of tag 6 for the smallest path of a group."""
    return derive("v1 link group", path)


# --------------------------------------------------------------------------- snapshots.md

Snapshot = namedtuple(
    "Snapshot",
    "root parents source_kind source_label run captured_at clock agent rules coverage"
    " evidence attributes listing tool",
)
PARTIAL_COVERAGE = 2


def encode_snapshot(snapshot):
    return b"".join(
        (
            varint(1) + snapshot.root + listed(snapshot.parents),
            bytes((snapshot.source_kind,)) + sized(snapshot.source_label) + snapshot.run,
            zigzag(snapshot.captured_at) + bytes((snapshot.clock,)) + snapshot.agent,
            snapshot.rules + bytes((snapshot.coverage,)) + optional(snapshot.evidence),
            optional(snapshot.attributes) + optional(snapshot.listing) + sized(snapshot.tool),
        )
    )


def snapshot_id(snapshot):
    """[SNAP-1]"""
    return derive("v1 snapshot", encode_snapshot(snapshot))


def read_label(reader):
    """A ref name or source label in its bytes [NAME-5]."""
    label = reader.bytes(1, LABEL_MOST)
    check_label(label)
    return label


def read_tool(reader):
    tool = reader.bytes(1, TOOL_MOST)
    check_tool(tool)
    return tool


def read_parents(reader):
    """[SNAP-2]"""
    parents = []
    for _ in range(reader.count(0, PARENTS_MOST)):
        parent = reader.id()
        require(parent not in parents, "out-of-range")
        parents.append(parent)
    return parents


def decode_snapshot(data):
    reader = Reader(data)
    reader.format()
    snapshot = Snapshot(
        root=reader.id(),
        parents=read_parents(reader),
        source_kind=reader.known(reader.byte, (1,)),
        source_label=read_label(reader),
        run=reader.id16(),
        captured_at=reader.i64(),
        clock=reader.known(reader.byte, (1, 2, 3)),
        agent=reader.id16(),
        rules=reader.id(),
        coverage=reader.known(reader.byte, (1, 2, 3)),
        evidence=reader.option(reader.id),
        attributes=reader.option(reader.id),
        listing=reader.option(reader.id),
        tool=read_tool(reader),
    )
    reader.end()
    without_evidence = snapshot.coverage == PARTIAL_COVERAGE and snapshot.evidence is None
    require(not without_evidence, "out-of-range")  # [SNAP-3]
    return snapshot


# --------------------------------------------------------------------------- json.md

JSON_INTEGER_MOST = (1 << 53) - 1
JSON_STRING = re.compile(
    r'"(?:[^"\\\x00-\x1f]|\\["\\btnfr]|\\u00(?:0[0-7bef]|1[0-9a-f]))*"'  # [JSON-2]
)
JSON_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,15}")  # [JSON-3]
JSON_WORD = re.compile(r"true|false|null")


class JsonReader:
    """Takes canonical JSON and nothing else [JSON-1 … JSON-4]."""

    def __init__(self, data):
        require(len(data) <= DOCUMENT_MOST, "out-of-range")
        try:
            self.text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("bad-json") from None
        self.position = 0
        self.depth = 0
        self.value()
        require(self.position == len(self.text), "bad-json")

    def take(self, expected):
        if self.text.startswith(expected, self.position):
            self.position += len(expected)
            return True
        return False

    def match(self, pattern):
        found = pattern.match(self.text, self.position)
        require(found, "bad-json")
        self.position = found.end()
        return found.group()

    def value(self):
        if self.take("["):
            self.members("]", self.value)
        elif self.take("{"):
            names = []
            self.members("}", lambda: self.member(names))
        elif self.text.startswith('"', self.position):
            self.match(JSON_STRING)
        elif self.text[self.position : self.position + 1] in tuple("tfn"):
            self.match(JSON_WORD)
        else:
            require(abs(int(self.match(JSON_NUMBER))) <= JSON_INTEGER_MOST, "bad-json")

    def members(self, end, read):
        """What is between the brackets."""
        self.depth += 1
        require(self.depth <= JSON_DEPTH_MOST, "too-deep")
        if not self.take(end):
            read()
            while self.take(","):
                read()
            require(self.take(end), "bad-json")
        self.depth -= 1

    def member(self, names):
        name = json.loads(self.match(JSON_STRING)).encode("utf-16-be")
        require(not names or name > names[-1], "bad-json")  # [JSON-1]
        names.append(name)
        require(self.take(":"), "bad-json")
        self.value()


def check_json(data):
    JsonReader(data)


# --------------------------------------------------------------------------- listing.md


def listing(lines):
    """Of (path, SHA-256) and (path, None, NodeId) in any order [LIST-1 … LIST-4]."""
    return b"".join(listing_line(*line) for line in sorted(lines, key=lambda line: line[0]))


def listing_line(path, digest, sealed_id=None):
    escaped = path.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    start = b"\\" if escaped != path else b""
    what = digest.hex() if digest else "sealed " + sealed_id.hex()
    return start + what.encode() + b"  " + escaped + b"\n"


# --------------------------------------------------------------------------- ledger.md: entries

Genesis = namedtuple("Genesis", "nonce first_key")
LedgerEntry = namedtuple("LedgerEntry", "number time agent request operation")
Created = namedtuple("Created", "genesis")
Committed = namedtuple("Committed", "snapshot move")
Move = namedtuple("Move", "name source")
RefMoved = namedtuple("RefMoved", "name source to")
KeyRotated = namedtuple("KeyRotated", "old new signature")
KeyRevoked = namedtuple("KeyRevoked", "key reason")
Stated = namedtuple("Stated", "state")
Granted = namedtuple("Granted", "agent role path")
Revoked = namedtuple("Revoked", "agent path")
OPERATIONS = {
    1: Created,
    2: Granted,
    3: Revoked,
    5: Committed,
    6: RefMoved,
    15: KeyRotated,
    16: KeyRevoked,
    17: Stated,
}
REASONS = (1, 2, 3)  # [LED-6]
OPERATION_NAMES = {
    Created: "workspace created",
    Granted: "grant",
    Revoked: "revoke",
    Committed: "snapshot committed",
    RefMoved: "ref moved",
    KeyRotated: "key rotated",
    KeyRevoked: "key revoked",
    Stated: "state",
}


def encode_genesis(genesis):
    return varint(1) + genesis.nonce + genesis.first_key


def workspace_id(genesis):
    """[WS-1]"""
    return derive("v1 workspace", encode_genesis(genesis))


def read_genesis(reader):
    reader.format()
    return Genesis(reader.id(), reader.id())


def decode_genesis(data):
    reader = Reader(data)
    genesis = read_genesis(reader)
    reader.end()
    return genesis


def encode_operation(operation):
    if isinstance(operation, Created):
        return encode_genesis(operation.genesis)
    if isinstance(operation, Committed):
        move = operation.move and sized(operation.move.name) + optional(operation.move.source)
        return operation.snapshot + optional(move)
    if isinstance(operation, RefMoved):
        return sized(operation.name) + optional(operation.source) + optional(operation.to)
    if isinstance(operation, KeyRotated):
        return operation.old + operation.new + operation.signature
    if isinstance(operation, KeyRevoked):
        return operation.key + bytes((operation.reason,))
    if isinstance(operation, Granted):
        return operation.agent + bytes((operation.role,)) + sized(operation.path)
    if isinstance(operation, Revoked):
        return operation.agent + sized(operation.path)
    return operation.state


def encode_ledger_entry(entry):
    tag = next(tag for tag, kind in OPERATIONS.items() if isinstance(entry.operation, kind))
    head = varint(1) + varint(entry.number) + zigzag(entry.time) + entry.agent + entry.request
    return head + bytes((tag,)) + encode_operation(entry.operation)


def read_operation(reader):
    tag = reader.known(reader.byte, OPERATIONS)
    if tag == 1:
        return Created(read_genesis(reader))
    if tag == 2:
        return Granted(reader.id16(), reader.known(reader.byte, ROLES), read_grant_path(reader))
    if tag == 3:
        return Revoked(reader.id16(), read_grant_path(reader))
    if tag == 5:
        snapshot = reader.id()
        move = reader.option(lambda: Move(read_label(reader), reader.option(reader.id)))
        return Committed(snapshot, move)
    if tag == 6:
        name = read_label(reader)
        return RefMoved(name, reader.option(reader.id), reader.option(reader.id))
    if tag == 15:
        return KeyRotated(reader.id(), reader.id(), reader.take(64))
    if tag == 16:
        return KeyRevoked(reader.id(), reader.known(reader.byte, REASONS))
    return Stated(reader.id())


def rotation_message(old, workspace, number):
    """[LED-5]"""
    return b"markerbed 2026-11-21 v1 key rotated\0" + old + workspace + varint(number)
def read_grant_path(reader):
    path = reader.bytes(0, 1024)
    check_grant_path(path)
    return path


def decode_ledger_entry(data):
    """[LED-1, LED-2]"""
    reader = Reader(data, LEDGER_ENTRY_MOST)
    reader.format()
    head = reader.u64(), reader.i64(), reader.id16(), reader.id16()
    operation = read_operation(reader)
    reader.end()
    if isinstance(operation, RefMoved):
        require(operation.source != operation.to, "out-of-range")
    return LedgerEntry(*head, operation)


# --------------------------------------------------------------------------- ledger.md: state


ACTIVE, ROTATED_OUT, REVOKED = b"\x01", b"\x02", b"\x03"


class State:
    """What a workspace holds [APPLY-1 … APPLY-9, STATE-1, STATE-2]."""

    def __init__(self):
        self.count = 0
        self.workspace = None
        self.founder = None
        self.refs, self.snapshots, self.grants, self.keys = {}, {}, {}, {}

    def id(self):
        maps = (
            (1, REFS, self.refs),
            (2, SNAPSHOTS, self.snapshots),
            (6, GRANTS, self.grants),
            (9, KEYS, self.keys),
        )
        entries = [
            Entry(bytes((tag,)), build(kind, sorted_entries(items)).root)
            for tag, kind, items in maps
            if items
        ]
        return derive("v1 state", varint(1) + build(STATE, entries).root)

    def apply(self, entry):
        """Changes nothing if it raises."""
        require(entry.number == self.count, "wrong-number")
        operation = entry.operation
        require(isinstance(operation, Created) == (self.count == 0), "not-genesis")
        self.check_permitted(entry.agent, operation)
        if isinstance(operation, Created):
            self.founder = entry.agent
            self.workspace = workspace_id(operation.genesis)
            self.keys[operation.genesis.first_key] = ACTIVE
        elif isinstance(operation, Committed):
            self.commit(operation)
        elif isinstance(operation, (Granted, Revoked)):
            self.change_grant(operation, entry)
        elif isinstance(operation, RefMoved):
            require(operation.to is None or operation.to in self.snapshots, "unknown-snapshot")
            self.move(operation.name, operation.source, operation.to)
        elif isinstance(operation, KeyRotated):
            self.rotate(operation)
        elif isinstance(operation, KeyRevoked):
            self.revoke(operation.key)
        else:
            require(operation.state == self.id(), "wrong-state")
        self.count += 1

    def rotate(self, operation):
        """[APPLY-6]"""
        status = self.keys.get(operation.old)
        require(status is not None, "foreign-key")
        require(status != ROTATED_OUT, "rotated-key")
        require(status != REVOKED, "revoked-key")
        require(operation.new not in self.keys, "known-key")
        message = rotation_message(operation.old, self.workspace, self.count)
        is_right = ed25519.is_signature(operation.new, message, operation.signature)
        require(is_right, "bad-signature")
        self.keys[operation.old], self.keys[operation.new] = ROTATED_OUT, ACTIVE

    def revoke(self, key):
        """[APPLY-7]"""
        require(key in self.keys, "foreign-key")
        require(self.keys[key] != REVOKED, "revoked-key")
        require(self.keys[key] != ACTIVE, "last-key")
        self.keys[key] = REVOKED

    def check_permitted(self, agent, operation):
        """[APPLY-8]"""
        if isinstance(operation, (Committed, RefMoved, Stated)):
            needed, path = "write", b""
        elif isinstance(operation, (Granted, Revoked)):
            needed, path = "administer", operation.path
        elif isinstance(operation, (KeyRotated, KeyRevoked)) and self.grants:
            needed, path = "administer", b""
        else:
            return
        verdict = decide(self.founder, self.grants, agent, needed, path)
        require(verdict[0] != "denied", "not-permitted")

    def change_grant(self, operation, entry):
        """[APPLY-9, GRANT-3]"""
        require(operation.agent != entry.agent, "own-grant")
        role = operation.role if isinstance(operation, Granted) else 0
        held = grants_of(self.founder, self.grants, operation.agent).get(operation.path, (0, 0))
        require(held[0] != role, "grant-conflict")
        value = bytes((role,)) + entry.agent + varint(entry.number)
        self.grants[operation.agent + operation.path] = value

    def commit(self, operation):
        require(operation.snapshot not in self.snapshots, "already-recorded")
        if operation.move:
            self.move(*operation.move, operation.snapshot)
        self.snapshots[operation.snapshot] = varint(len(self.snapshots))

    def move(self, name, source, to):
        require(self.refs.get(name) == source, "ref-conflict")
        if to is None:
            del self.refs[name]
        else:
            self.refs[name] = to


RIGHTS = {
    1: ("read",),
    2: ("read", "write"),
    3: ("read", "synthesise"),
    4: ("read", "write", "synthesise", "administer"),
}


def grants_of(founder, grants, agent):
    """By path the role, and the entry that gave it [GRANT-3]."""
    held = {b"": (4, 0)} if agent == founder else {}
    for key, value in grants.items():
        if key[:16] == agent:
            held[key[16:]] = value[0], Reader(value[17:]).u64()
    return held


def decide(founder, grants, agent, right, path):
    """[GRANT-2, GRANT-4]"""
    held = grants_of(founder, grants, agent)
    names = path.split(b"/") if path else []
    above = [b"/".join(names[:count]) for count in range(len(names) + 1)]
    for scope in above:
        role, since = held.get(scope, (0, 0))
        if role and right in RIGHTS[role]:
            return "allowed", since
    return ("open", None) if not grants and right != "administer" else ("denied", None)


def sorted_entries(items):
    return [Entry(key, items[key]) for key in sorted(items)]


# --------------------------------------------------------------------------- ledger.md: log tree


def leaf_hash(data):
    """[LOG-1]"""
    return sha256(b"\x00" + data)


def log_inner(left, right):
    return sha256(b"\x01" + left + right)


def log_root(leaves):
    """Of leaf hashes [LOG-1]."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha256(b"")
    split = left_size(len(leaves))
    return log_inner(log_root(leaves[:split]), log_root(leaves[split:]))


def compact_range(leaves):
    """[LOG-5]"""
    roots, start = [], 0
    for bit in reversed(range(len(leaves).bit_length())):
        if len(leaves) >> bit & 1:
            roots.append(log_root(leaves[start : start + (1 << bit)]))
            start += 1 << bit
    return roots


def root_of_compact_range(roots):
    if not roots:
        return sha256(b"")
    total = roots[-1]
    for root in reversed(roots[:-1]):
        total = log_inner(root, total)
    return total


def prove_inclusion(leaves, index):
    """PATH of RFC 9162 §2.1.3.1 [LOG-2]."""
    if len(leaves) == 1:
        return []
    split = left_size(len(leaves))
    left, right = leaves[:split], leaves[split:]
    if index < split:
        return prove_inclusion(left, index) + [log_root(right)]
    return prove_inclusion(right, index - split) + [log_root(left)]


def verify_inclusion(size, index, leaf, proof, root):
    """RFC 9162 §2.1.3.2 [LOG-2, LOG-4]."""
    require(index < size, "bad-proof")
    first, second, computed = index, size - 1, leaf
    for sibling in proof:
        require(second > 0, "bad-proof")
        if first & 1 or first == second:
            computed = log_inner(sibling, computed)
            while first and not first & 1:
                first, second = first >> 1, second >> 1
        else:
            computed = log_inner(computed, sibling)
        first, second = first >> 1, second >> 1
    require(second == 0, "bad-proof")
    require(computed == root, "hash-mismatch")


def prove_consistency(leaves, size, whole=True):
    """SUBPROOF of RFC 9162 §2.1.4.1 of the first `size` leaves [LOG-3]."""
    if size in (0, len(leaves)):
        return [] if whole else [log_root(leaves)]
    split = left_size(len(leaves))
    left, right = leaves[:split], leaves[split:]
    if size <= split:
        return prove_consistency(left, size, whole) + [log_root(right)]
    return prove_consistency(right, size - split, False) + [log_root(left)]


def verify_consistency(size, to_size, root, to_root, proof):
    """RFC 9162 §2.1.4.2 [LOG-3, LOG-4]."""
    require(size <= to_size, "bad-proof")
    if size in (0, to_size):
        require(not proof, "bad-proof")
        require(size or root == sha256(b""), "hash-mismatch")
        require(size < to_size or root == to_root, "hash-mismatch")
        return
    require(proof, "bad-proof")
    rest = deque(proof)
    first, second = size - 1, to_size - 1
    while first & 1:
        first, second = first >> 1, second >> 1
    computed = to_computed = root if size & (size - 1) == 0 else rest.popleft()
    for sibling in rest:
        require(second > 0, "bad-proof")
        if first & 1 or first == second:
            computed = log_inner(sibling, computed)
            to_computed = log_inner(sibling, to_computed)
            while first and not first & 1:
                first, second = first >> 1, second >> 1
        else:
            to_computed = log_inner(to_computed, sibling)
        first, second = first >> 1, second >> 1
    require(second == 0, "bad-proof")
    require((computed, to_computed) == (root, to_root), "hash-mismatch")


# --------------------------------------------------------------------------- tree-proofs.md

MAGIC = b"markerbed-proof\n"
FULL, BLIND = 1, 2
# snapshot and end: bytes or None; steps: [(bytes of the node, pages)]
TreeProof = namedtuple("TreeProof", "grade snapshot root path steps end")


def encode_tree_proof(proof):
    steps = [sized(node) + listed([sized(page) for page in pages]) for node, pages in proof.steps]
    snapshot, end = (None if part is None else sized(part) for part in (proof.snapshot, proof.end))
    path = listed([sized(name) for name in proof.path])
    head = MAGIC + varint(1) + bytes((proof.grade,)) + optional(snapshot) + proof.root
    return head + path + listed(steps) + optional(end)


def decode_tree_proof(data):
    """[TREE-1]"""
    reader = Reader(data, PROOF_MOST)
    require(reader.take(16) == MAGIC, "unsupported-format")
    reader.format()
    grade = reader.known(reader.byte, (FULL, BLIND))
    snapshot = reader.option(reader.bytes)
    root = reader.id()
    path = []
    for _ in range(reader.count(0, DEPTH_MOST)):
        path.append(reader.bytes(1, NAME_MOST))
        check_name(path[-1])
    steps = []
    for _ in range(reader.count(0, len(path))):
        node = reader.bytes()
        steps.append((node, [reader.bytes() for _ in range(reader.u32())]))
    end = reader.option(reader.bytes)
    reader.end()
    return TreeProof(grade, snapshot, root, path, steps, end)


def decode_expected_node(data, expected_id, expected_kind):
    """The node at a place that gives its id and, below the root, its kind [TREE-3]."""
    node = decode_node(data)
    require(node_id(node) == expected_id, "hash-mismatch")
    require(expected_kind in (None, node.kind), "node-mismatch")
    return node


def value_of_name(proof, node, name, pages):
    """What the pages of a step prove about a name: its value, or None if it is absent."""
    require(is_directory(node), "bad-proof")
    if proof.grade == FULL:
        found = verify_full(node.body.map, DIRECTORY, name, name, pages)
        return found[0].value if found else None
    entry = verify_blind(node.body.map, DIRECTORY, pages)
    require(entry.key == name, "bad-proof")  # [TREE-5]
    return entry.value


def verify_tree_proof(data):
    """The proof and its claim; raises if a rule is broken [TREE-2 … TREE-5]."""
    proof = decode_tree_proof(data)
    if proof.snapshot is not None:
        require(decode_snapshot(proof.snapshot).root == proof.root, "hash-mismatch")
    present = proof.end is not None
    if present:
        require(len(proof.steps) == len(proof.path), "bad-proof")
    else:
        require(proof.grade == FULL and proof.steps, "bad-proof")
    expected_id, expected_kind = proof.root, None
    for index, (data, pages) in enumerate(proof.steps):
        node = decode_expected_node(data, expected_id, expected_kind)
        last_of_absent = not present and index == len(proof.steps) - 1
        if last_of_absent and not is_directory(node):
            require(not pages, "bad-proof")
            break
        value = value_of_name(proof, node, proof.path[index], pages)
        require((value is None) == last_of_absent, "bad-proof")
        if value is not None:
            expected_kind, expected_id = value[0], value[1:]
    if present:
        decode_expected_node(proof.end, expected_id, expected_kind)
        return proof, "present" if proof.grade == FULL else "contained"
    return proof, "absent"


def verdict_of_tree_proof(data, expected_root=None, expected_snapshot=None):
    """Verdict, claim and proof [TREE-6]; raises Refused where the verdict is `false` by a rule."""
    proof, claim = verify_tree_proof(data)
    if expected_root is None and expected_snapshot is None:
        return "consistent", claim, proof
    if expected_root is not None:
        same = expected_root == proof.root
    else:
        same = proof.snapshot is not None and expected_snapshot == id_of_snapshot(proof.snapshot)
    return "verified" if same else "false", claim, proof


def id_of_snapshot(data):
    return snapshot_id(decode_snapshot(data))


def prove_in_tree(nodes, pages, root, path, grade=FULL, snapshot=None):
    """A tree proof of a path, from nodes and pages by id; absence is always proven in full."""
    steps, node, end = [], nodes[root], None
    for name in path:
        if not is_directory(node):
            steps.append((encode_node(node), []))
            break
        map_id = node.body.map
        value = look_up(Requests(pages), map_id, [name])[0]
        if value is None or grade == FULL:
            steps.append((encode_node(node), prove_full(pages, map_id, name, name)))
        else:
            steps.append((encode_node(node), prove_blind(pages, map_id, name)))
        if value is None:
            break
        node = nodes[value[1:]]
    else:
        end = encode_node(node)
    return TreeProof(grade, snapshot, root, path, steps, end)


# --------------------------------------------------------------------------- a real directory


class Gaps:
    """What a directory on disk holds and a tree cannot [snapshots.md, reasons of a gap]."""

    def __init__(self):
        self.count = 0

    def add(self, names, reason):
        self.count += 1
        path = shown(b"/".join(names))
        print(f"gap: {path}: {reason}", file=sys.stderr)


# A directory being read: its names from the root, (device, inode), names still to do, children
Frame = namedtuple("Frame", "names identity todo children")


def root_of_directory(path, gaps):
    """The node of a directory on disk, without ignore rules; the walk changes the working one."""
    os.chdir(path)
    stack = [open_frame([])]
    while True:
        frame = stack[-1]
        if frame.todo:
            name = frame.todo.pop()
            try:
                take_in(name, stack)
            except OSError:
                gaps.add(frame.names + [name], "unreadable")
            except Refused as refused:
                gaps.add(frame.names + [name], refused.code)
            continue
        stack.pop()
        node, _ = directory_of(sorted(frame.children))
        if not stack:
            return node
        leave(stack[-1].identity)
        stack[-1].children.append((frame.names[-1], node))


def take_in(name, stack):
    """Adds one entry to the frame on top, or a frame for it; Refused says why it is a gap."""
    frame = stack[-1]
    names = frame.names + [name]
    status = os.lstat(name)
    kind = stat.S_IFMT(status.st_mode)
    if names == [b".markerbed"] and os.path.lexists(b".markerbed/format"):
        return
    require(len(names) <= DEPTH_MOST, "too-deep")
    if kind == stat.S_IFDIR:
        stack.append(enter(name, names))
    elif kind == stat.S_IFLNK:
        frame.children.append((name, read_symlink(name)))
    elif kind == stat.S_IFREG:
        frame.children.append((name, read_file(name, bool(status.st_mode & 0o100))))
    else:
        raise Refused({stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket"}.get(kind, "device"))


def identity(status):
    return status.st_dev, status.st_ino


def open_frame(names):
    return Frame(names, identity(os.stat(".")), os.listdir(b"."), [])


def enter(name, names):
    """Goes into a directory; not into one that has become a link meanwhile."""
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        there = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            os.fchdir(there)
            return open_frame(names)
        except OSError:
            os.fchdir(here)
            raise
        finally:
            os.close(there)
    finally:
        os.close(here)


def leave(parent):
    os.chdir("..")
    if identity(os.stat(".")) != parent:
        raise SystemExit("reference.py: the directory was moved while it was read")


def read_symlink(name):
    target = os.readlink(name)
    require(1 <= len(target) <= TARGET_MOST, "name")
    return Node(SYMLINK, None, Link(target))


def read_file(name, executable):
    hasher, size = blake3(), 0
    with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        while True:
            part = file.read(1 << 20)
            if not part:
                return file_node(executable, size, hasher.digest())
            hasher.update(part)
            size += len(part)


# --------------------------------------------------------------------------- command line


def command_make(arguments):
    import make_vectors

    return make_vectors.make(arguments.directory)


def command_check(arguments):
    import make_vectors

    return make_vectors.check(arguments.directory)


def command_root(arguments):
    gaps = Gaps()
    node = root_of_directory(arguments.directory, gaps)
    print(node_id(node).hex())
    return 3 if gaps.count else 0


def id_argument(text):
    try:
        check_id_text(text.encode("utf-8", "surrogateescape"))
    except Refused:
        raise argparse.ArgumentTypeError("64 lower-case hexadecimal digits wanted") from None
    return bytes.fromhex(text)


def command_verify(arguments):
    with open(arguments.proof, "rb") as file:
        data = file.read(PROOF_MOST + 1)
    try:
        verdict, claim, proof = verdict_of_tree_proof(data, arguments.root, arguments.snapshot)
    except Refused as refused:
        print(f"false: {refused.code}")
        return 1
    print(f"{verdict}: {shown(b'/'.join(proof.path)) or '(the root)'} is {claim}")
    print(f"root {proof.root.hex()}")
    if proof.snapshot is not None:
        print(f"snapshot {id_of_snapshot(proof.snapshot).hex()}")
    return {"verified": 0, "false": 1, "consistent": 3}[verdict]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    about = {
        "make": (command_make, "write all vector files into DIR"),
        "check": (command_check, "make the vector files again, compare, and judge each case"),
        "root": (command_root, "print the NodeId of a directory, nothing ignored"),
    }
    for name, (run, text) in about.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("directory", metavar="DIR")
        command.set_defaults(run=run)
    text = "check a tree proof: exit code 0 verified, 1 false, 3 consistent only"
    command = commands.add_parser("verify", help=text, description=text)
    command.add_argument("proof", metavar="PROOF")
    expectation = command.add_mutually_exclusive_group()
    for option, text in (("--root", "the NodeId"), ("--snapshot", "the SnapshotId")):
        text += " that it must have"
        expectation.add_argument(option, metavar="HEX", type=id_argument, help=text)
    command.set_defaults(run=command_verify)
    arguments = parser.parse_args()
    try:
        return arguments.run(arguments)
    except OSError as error:
        print(f"reference.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
