"""Vectors of store-directory.md: small stores, byte by byte."""

import struct

import reference as r
import store as s
from vector_cases import Cases

STORE, OTHER_STORE = bytes(range(16)), bytes(range(100, 116))
OURS, THEIRS = bytes([0x11]) * 32, bytes([0x22]) * 32
ZEROS = bytes(1 << 12)


class Made:
    """A store that is being written."""

    def __init__(self, store=STORE):
        self.store, self.seed = store, s.seed_of(store)
        self.packs, self.number, self.durable = [s.pack_header(store, 1, 0)], 0, (1, 64)
        self.mark = b""

    def place(self):
        return len(self.packs), len(self.packs[-1])

    def put_record(self, *fields, place=None):
        self.packs[-1] += s.record(*fields, self.seed, place or self.place())

    def put(self, *items, packing=0, lines=None, count=None, workspace=OURS):
        """A record of items, each a kind, an id and bytes."""
        raw = b"".join(data for _, _, data in items)
        table = b"".join(s.table_line(*item, self.seed) for item in items)
        payload = s.repeated(raw) if packing else raw
        count = len(items) if count is None else count
        table = table if lines is None else lines
        self.put_record(s.ITEMS, packing, count, table, len(raw), payload, workspace)
        return self

    def line(self, kind, body, workspace=OURS):
        return s.line(kind, body, workspace, self.seed)

    def batch(self, *lines, number=None, workspace=OURS):
        """A batch of lines, behind which all is durable."""
        self.number = self.number + 1 if number is None else number
        payload = r.varint(self.number) + r.varint(self.durable[0]) + r.varint(self.durable[1])
        payload += b"".join(lines)
        self.put_record(s.BATCH, 0, 0, b"", len(payload), payload, workspace)
        self.durable = self.place()
        return self

    def row(self, key, value=None):
        return self.line(s.DELETE_ROW, key) if value is None else self.put_row(key, value)

    def put_row(self, key, value):
        return self.line(s.PUT_ROW, r.sized(key) + value)

    def entry(self, number, workspace=OURS):
        request = bytes(16) + number.to_bytes(16, "big")
        body = r.varint(number) + request + r.varint(0) + b"entry %d" % number
        return self.line(s.PUT_ENTRY, body, workspace)

    def seal(self):
        self.packs.append(s.pack_header(self.store, len(self.packs) + 1, len(self.packs[-1])))
        self.durable = self.place()
        return self

    def index(self, pack=1, end=None):
        data = self.packs[pack - 1]
        return s.index_file(data, pack, len(data) if end is None else end, self.store)

    def files(self, **others):
        files = {"format": s.format_file(self.store)}
        for number, data in enumerate(self.packs, 1):
            files[f"packs/{number:08}.pack"] = data
            if number < len(self.packs):
                files[f"index/{number:08}.index"] = self.index(number)
        files.update({NAMES.get(name, name): data for name, data in others.items()})
        return {name: runs_of(data) for name, data in files.items() if data is not None}


NAMES = {
    "one": "packs/00000001.pack",
    "two": "packs/00000002.pack",
    "index": "index/00000001.index",
    "index_two": "index/00000002.index",
}


def runs_of(data):
    """Hexadecimal runs, and long runs of one byte."""
    runs, at, start = [], 0, 0
    while at < len(data):
        end = at
        while end < len(data) and data[end] == data[at]:
            end += 1
        if end - at >= 64:
            runs += [{"hex": data[start:at].hex()}] if at > start else []
            runs.append({"byte": data[at], "bytes": end - at})
            start = end
        at = end
    return runs + ([{"hex": data[start:].hex()}] if len(data) > start else [])


def content(data):
    return s.CONTENT, r.content_id(data), data


def node(data):
    encoded = r.encode_node(r.file_node(False, len(data), r.content_id(data)))
    return 1, r.derive("v1 node", encoded), encoded


def flipped(data, at):
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


def small():
    """Two batches with something of each kind."""
    made = Made().put(content(b"one"), node(b"one"))
    made.batch(made.entry(0), made.row(b"a", b"1"), made.row(b"b", b"2"))
    made.put(content(b"x" * 500), packing=1)
    position = made.line(s.POSITION, r.varint(7) + b"reader")
    return made.batch(made.entry(1), made.row(b"a"), position)


def two_packs():
    made = small().seal().put(content(b"two"))
    return made.batch(made.entry(2), made.row(b"c", b"3"))


def store_cases():
    cases = Cases("store.json", "store-directory.md", "Small stores, and what they hold.")
    for make in (
        directory_cases,
        mark_cases,
        pack_cases,
        record_cases,
        item_cases,
        batch_cases,
        opening_cases,
        index_cases,
        damaged_index_cases,
        cut_cases,
    ):
        make(cases)
    return cases


def directory_cases(cases):
    cases.accept("nothing yet", "DIR-1", files=Made().files())
    cases.accept("two batches", "DIR-1", files=small().files())
    text = s.format_file(STORE)
    for version in ("2", "0", "01", ""):
        other = s.format_file(STORE, version)
        cases.fault(
            f"version {version!r}", "DIR-1", "another format", files=small().files(format=other)
        )
    for name, other in {
        "empty": b"",
        "without its last newline": text[:-1],
        "with a byte more": text + b"\n",
        "digits in upper case": text[:28] + text[28:].upper(),
        "a digit less": text[:-2] + b"\n",
        "other words": b"M" + text[1:],
    }.items():
        cases.fault(f"format: {name}", "DIR-1", "no store", files=small().files(format=other))
    files = small().files(**{"format": None, "format.new": text})
    cases.fault("made only up to format.new", "DIR-2", "no store", files=files)
    others = {
        "note": b"text",
        "packs/1.pack": b"x",
        "packs/00000002.pack.new": b"x",
        "index/00000001.index.new": b"x",
        "format.new": b"x",
    }
    cases.accept("names that are not in the table", "DIR-4", files=small().files(**others))
    files = small().files(**{"format.new": text})
    cases.accept("what an interrupted maker left beside it", "DIR-2", files=files)


def mark_cases(cases):
    made = small()
    end = made.place()

    def with_marks(one, two=b""):
        return made.files(durable=(one.ljust(4096, b"\0") + two).ljust(8192, b"\0"))

    def mark(*fields, seed=made.seed):
        return s.encode_mark(s.Mark(*fields), seed)

    whole, less, more = mark(2, *end), mark(1, 1, 64), mark(3, *end)
    for name, files in {
        "no mark yet": with_marks(b""),
        "the newer mark first": with_marks(whole, less),
        "the newer mark second": with_marks(less, whole),
        "one mark torn": with_marks(flipped(more, 3), whole),
        "both torn": with_marks(flipped(more, 0), flipped(more, 27)),
        "a file cut short": made.files(durable=whole[:27]),
        "a mark of another store": with_marks(mark(9, 9, 9, seed=s.seed_of(OTHER_STORE))),
    }.items():
        cases.accept(name, "MARK-1", files=files)
    for name, files in {
        "of more batches than there are": with_marks(less, more),
        "of more bytes than there are": with_marks(mark(2, 1, end[1] + 1)),
        "of a pack that is not there": with_marks(mark(2, 2, 64)),
    }.items():
        cases.fault(f"a mark {name}", "MARK-1", "damaged", files=files)


def pack_cases(cases):
    made = two_packs()
    one, two = made.packs
    cases.accept("two packs", "PACK-1", files=made.files())
    newest = small()
    for name, begun in {"nothing": b"", "a part": two[:63], "zeros": bytes(64)}.items():
        files = newest.files(two=begun, index=newest.index())
        cases.accept(f"{name} of the header of a next pack", "PACK-1", files=files)
    for name, files in {
        "a sealed pack has a byte more": made.files(one=one + b"\0"),
        "a sealed pack lacks its last byte": made.files(one=one[:-1]),
        "a sealed pack lacks its last record": made.files(one=one[: two_ends(one)]),
        "the first pack is missing": made.files(one=None),
        "the header of a sealed pack": made.files(one=flipped(one, 40)),
        "the header of the pack with the newest batch": made.files(two=flipped(two, 30)),
        "the first pack is empty": Made().files(one=b""),
        "there is no pack": small().files(one=None),
    }.items():
        cases.fault(name, "PACK-1", "damaged", files=files)
    for name, files in {
        "a pack of another store": made.files(two=s.pack_header(OTHER_STORE, 2, len(one))),
        "the first pack as the second": made.files(two=one),
        "a pack of another store behind the newest one": small().files(
            two=Made(OTHER_STORE).packs[0]
        ),
    }.items():
        cases.fault(name, "OPEN-9", "damaged", files=files)
    torn = flipped(s.pack_header(OTHER_STORE, 2, 64), 63)
    files = newest.files(two=torn, index=newest.index())
    cases.accept("a header that passes for no store", "OPEN-9", files=files)


def two_ends(pack):
    """Where the last record of a pack begins."""
    return s.walk(pack, 1, s.seed_of(STORE))[-1][0][1]


def record_cases(cases):
    cases.accept("a batch without lines", "REC-3", files=small().batch().files())
    made = small()
    table = s.table_line(*content(b"two"), made.seed)
    payload, place = b"two", made.place()
    good = (s.ITEMS, 0, 1, table, 3, payload, OURS)
    whole = small()
    whole.put_record(*good)
    cases.accept("an item behind the last batch", "REC-1", files=whole.files())
    odd = {
        "of another offset": (good, (1, 64)),
        "of another pack": (good, (2, place[1])),
        "of no kind": ((3,) + good[1:], place),
        "packed in no known way": (good[:1] + (2,) + good[2:], place),
        "of plain bytes that are fewer than they are": (good[:4] + (4,) + good[5:], place),
        "that grew by packing": (good[:1] + (1,) + good[2:4] + (2,) + good[5:], place),
    }
    for name, (fields, at) in odd.items():
        cut_off = small()
        cut_off.put_record(*fields, place=at)
        cases.accept(f"a record {name}, behind the end", "REC-1", files=cut_off.files())
        lost = small()
        lost.put_record(*fields, place=at)
        lost.batch()
        lost.batch()
        cases.fault(f"a record {name}", "REC-1", "damaged", files=lost.files())
    for name, (kind, packing, count, lines) in {
        "with a table": (s.BATCH, 0, 0, table),
        "that counts an item": (s.BATCH, 0, 1, b""),
        "that is packed": (s.BATCH, 1, 0, b""),
    }.items():
        lost = small()
        body = r.varint(3) + r.varint(1) + r.varint(64)
        body = s.repeated(body[:1] * 40) if packing else body
        lost.put_record(kind, packing, count, lines, max(len(body), 40 * packing), body, OURS)
        lost.batch(number=3)
        lost.batch()
        cases.fault(f"a batch {name}", "REC-3", "damaged", files=lost.files())


def item_cases(cases):
    def stored(*items, **fields):
        made = Made().put(*items, **fields)
        return made.batch(made.entry(0)).batch().files()

    cases.accept("items one after the other", "REC-2", files=stored(content(b"a"), content(b"bc")))
    cases.accept("no item", "REC-2", files=stored())
    cases.accept("an empty content", "REC-2", files=stored(content(b"")))
    seed, first = s.seed_of(STORE), content(b"a")
    line = s.table_line(*first, seed)
    no_kind = s.table_line(0x13, *first[1:], seed)
    for name, files in {
        "that counts another number of items": stored(first, count=2),
        "with an item of no kind": stored(first, lines=no_kind),
        "with lines of fewer bytes": stored(first, content(b"b"), lines=line),
        "with lines of more bytes": stored(first, lines=line + line),
        "with a byte behind its lines": stored(first, lines=line + b"\0"),
    }.items():
        cases.fault(f"a table {name}", "REC-2", "damaged", files=files)
    for name, lines in {
        "a short sum": line[:-4] + bytes(4),
        "an id": s.table_line(s.CONTENT, content(b"b")[1], b"a", seed),
    }.items():
        cases.fault(f"{name} of other bytes", "REC-4", "damaged", files=stored(first, lines=lines))
    packed = stored(content(b"z" * 300), packing=1)
    cases.accept("a content that is packed", "REC-4", files=packed)
    theirs = Made().put(content(b"theirs"), workspace=THEIRS)
    theirs.batch(theirs.entry(0), theirs.row(b"a", b"1"))
    cases.accept("a content of another workspace", "REC-4", files=theirs.files())


def batch_cases(cases):
    for numbers in ((1, 2, 3), (2,), (1, 3), (1, 2, 2), (1, 1)):
        made = Made()
        for at, number in enumerate(numbers):
            made.batch(made.entry(at), number=number)
        name = f"numbers {', '.join(map(str, numbers))}"
        if numbers == (1, 2, 3):
            cases.accept(name, "BAT-1", files=made.files())
        else:
            cases.fault(name, "BAT-1", "damaged", files=made.files())
    made = Made()
    made.batch(made.row(b"a", b"1"), made.row(b"a"), made.row(b"a", b"2"), made.row(b"b", b"1"))
    made.batch(made.row(b"b", b""), made.row(b"a", b"3"), made.row(b"a"))
    cases.accept("several lines of a row", "BAT-2", files=made.files())
    for name, line in {
        "of no kind": made.line(6, b""),
        "of kind 0": made.line(0, b""),
        "without its sum": made.row(b"a")[:-4],
        "with too short a body": made.line(s.REMOVE, bytes(31)),
        "with too long a body": made.line(s.REMOVE, bytes(33)),
        "of a name that is not UTF-8": made.line(s.POSITION, r.varint(1) + b"\xff"),
    }.items():
        odd = Made()
        odd.batch(odd.row(b"a", b"1"), line)
        cases.accept(f"a line {name}, in the newest batch", "BAT-3", files=odd.files())
        odd.batch(number=2)
        odd.batch()
        cases.fault(f"a line {name}", "BAT-3", "damaged", files=odd.files())
    foreign = Made()
    foreign.batch(foreign.line(s.DELETE_ROW, b"a", THEIRS))
    cases.fault("a line of another workspace", "REC-4", "damaged", files=foreign.files())
    gone = Made().put(content(b"one"), content(b"two"))
    gone.batch(gone.line(s.REMOVE, r.content_id(b"one")), gone.line(s.REMOVE, r.content_id(b"two")))
    gone.put(content(b"two"))
    gone.batch()
    cases.accept("contents removed, and one put again", "BAT-4", files=gone.files())


def opening_cases(cases):
    made = small()
    cases.accept("three packs", "OPEN-1", files=two_packs().seal().files())
    cases.accept("what later batches say is durable", "OPEN-3", files=small().batch().files())
    one = made.packs[0]
    records = [place[1] for place, _ in s.walk(one, 1, made.seed)]
    for name, at in {"first": 0, "second": 1, "third": 2}.items():
        files = made.files(one=flipped(one, records[at] + 60))
        if at < 2:
            cases.fault(f"the head of the {name} record", "OPEN-3", "damaged", files=files)
        else:
            cases.accept(f"the head of the {name} record, behind the mark", "OPEN-4", files=files)
    last = len(one) - 1
    cases.accept(
        "the last byte of the newest batch", "OPEN-4", files=made.files(one=flipped(one, last))
    )
    cases.accept("the newest batch, torn", "OPEN-4", files=made.files(one=one[:last]))
    cases.accept("text behind the end", "OPEN-4", files=made.files(one=one + b"text"))
    cases.accept("zeros behind the end", "OPEN-4", files=made.files(one=one + ZEROS))
    cases.accept("an older record behind the end", "OPEN-4", files=made.files(one=one + one[64:]))
    durable = s.encode_mark(s.Mark(2, *made.place()), made.seed).ljust(8192, b"\0")
    cases.accept("all that was acknowledged", "OPEN-6", files=made.files(durable=durable))
    for name, wrong in {
        "the last byte of an acknowledged batch": flipped(one, last),
        "an acknowledged batch, torn": one[:last],
        "an acknowledged batch, gone": one[: records[-1]],
    }.items():
        cases.fault(name, "OPEN-6", "damaged", files=made.files(one=wrong, durable=durable))
    files = made.files(one=flipped(one, records[0] + 72 + 2 * 39))
    cases.fault("the payload of a durable record", "OPEN-3", "damaged", files=files)
    third = two_packs().seal()
    cases.fault("a pack between two", "OPEN-1", "damaged", files=third.files(two=None))


def index_cases(cases):
    made = two_packs()
    ends = [place[1] for place, _ in s.walk(made.packs[0], 1, made.seed)]
    cases.accept("an index of a sealed pack", "IDX-1", files=made.files(index=made.index()))
    both = made.files(index=made.index(), index_two=made.index(2))
    cases.accept("an index of each pack", "SYNC-3", files=both)
    newest = small()
    for end in ends:
        files = newest.files(index=newest.index(1, end))
        cases.accept(f"an index of the first {end} bytes", "OPEN-2", files=files)
    cases.accept("an index of the newest pack", "IDX-4", files=newest.files(index=newest.index()))
    theirs = small().put(content(b"theirs"), workspace=THEIRS)
    theirs.batch(theirs.entry(0, THEIRS), workspace=THEIRS)
    cases.accept("an index of two workspaces", "IDX-5", files=theirs.files(index=theirs.index()))
    for rule, count in (("IDX-6", 127), ("IDX-7", 128), ("IDX-8", 129), ("IDX-2", 700)):
        many = Made()
        many.batch(*[many.row(b"row %d" % number, b"") for number in range(count)])
        many.batch(*[many.row(b"row %d" % number) for number in range(0, count, 3)])
        files = many.files(index=many.index())
        cases.accept(f"an index of {count} keys", rule, files=files)
    many.batch(*[many.row(b"more %d" % number, b"") for number in range(100)])
    cases.accept("an index of three blocks", "IDX-3", files=many.files(index=many.index()))
    cases.accept("an emptied index of the newest pack", "IDX-9", files=small().files(index=b""))


def damaged_index_cases(cases):
    made = theirs = small()
    theirs.put(content(b"theirs"), workspace=THEIRS)
    theirs.batch(theirs.entry(0, THEIRS), workspace=THEIRS)
    index = made.index()
    data, keys, rows, filter_at = index[:4088], *tables(index)

    def remade(at, put, pack=1, store=STORE):
        return s.in_blocks(data[:at] + put + data[at + len(put) :], pack, s.seed_of(store))

    first, second = data[keys : keys + 8], data[keys + 8 : keys + 16]
    heads = data[48:104], data[104:160]
    for rule, name, wrong in (
        ("IDX-1", "a byte of the zeros behind the tables", remade(4087, b"\1")),
        ("IDX-1", "a block more", index + bytes(4096)),
        ("IDX-1", "a byte less", index[:-1]),
        ("IDX-2", "sums of another pack", remade(0, b"", pack=2)),
        ("IDX-2", "sums of another store", remade(0, b"", store=OTHER_STORE)),
        ("IDX-3", "a flipped bit", flipped(index, keys)),
        ("IDX-3", "a flipped bit of a sum", flipped(index, 4095)),
        ("IDX-6", "a filter without its first slot", remade(filter_at, bytes(4))),
        ("IDX-6", "a filter with all bits", remade(filter_at, b"\xff" * 32)),
        ("IDX-7", "keys in another order", remade(keys, second + first)),
        ("IDX-7", "another tag", remade(keys, flipped(first, 0))),
        ("IDX-8", "an offset that is not in it", remade(keys + 4, b"\xff" * 4)),
        ("IDX-5", "another offset", remade(keys + 4, second[4:])),
        (
            "IDX-5",
            "rows in another order",
            remade(rows, data[rows + 4 : rows + 8] + data[rows : rows + 4]),
        ),
        ("IDX-9", "sections in another order", remade(48, heads[1] + heads[0])),
        ("IDX-9", "a section less", remade(12, s.u32(1))),
        ("IDX-9", "another pack in its head", remade(8, s.u32(2))),
        ("IDX-9", "another count of blocks", remade(40, s.u64(2))),
        ("IDX-9", "other words", remade(0, b"M")),
        ("IDX-9", "another count of keys", remade(96, s.u32(2000))),
        ("IDX-5", "other numbers of entries", remade(80, s.u64(1))),
        ("IDX-5", "other numbers of batches", remade(24, s.u64(2))),
        ("OPEN-2", "an end behind its pack", remade(16, s.u64(made.place()[1] + 1))),
        ("OPEN-2", "an end within a record", remade(16, s.u64(made.place()[1] - 1))),
        ("OPEN-2", "an end within the header", remade(16, s.u64(63))),
    ):
        cases.fault(f"an index with {name}", rule, "index", files=made.files(index=wrong))
    packs = two_packs()
    part = packs.index(1, two_ends(packs.packs[0]))
    for name, wrong in {"a part": part, "nothing": b"", "no index": None}.items():
        files = packs.files(index=wrong)
        cases.fault(f"of a sealed pack {name}", "SYNC-3", "index", files=files)


def tables(index):
    """Where the keys, the rows and the filter of the first section begin."""
    (sections,) = struct.unpack("<I", index[12:16])
    (count,) = struct.unpack("<I", index[96:100])
    filter_at = 48 + 56 * sections
    keys = filter_at + 32 * -(-10 * count // 256)
    return keys, keys + 8 * count, filter_at


def cut_cases(cases):
    large = bytes((1 << 20) + 1)
    parts = [(s.PART, r.content_id(part), part) for part in (large[: 1 << 20], b"\0")]

    def kept(recipe):
        made = Made().put(parts[0], packing=1).put(parts[1])
        made.put((s.RECIPE, r.content_id(large), recipe))
        return made.batch().files()

    whole = s.recipe(large)
    halves = [parts[1][1], r.content_id(large[: 1 << 20])]
    turned = r.varint(len(large)) + halves[0] + b"\1" + halves[1] + r.varint(1 << 20)
    cases.accept("a content in parts", "CUT-4", files=kept(whole))
    cases.accept("a content that was cut elsewhere", "CUT-4", files=kept(turned))
    for name, wrong in {
        "of another length": r.varint(len(large) + 1) + whole[3:],
        "without its last part": whole[:-33],
        "that ends early": whole[:-1],
        "with a byte more": whole + b"\0",
    }.items():
        cases.fault(f"a recipe {name}", "CUT-4", "damaged", files=kept(wrong))


FILES = (store_cases,)
