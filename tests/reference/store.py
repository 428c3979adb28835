"""The files of a directory store, read and written as docs/spec/store-directory.md says.

A reader of all bytes, without any index; who needs one makes it anew. Of Zstandard it knows frames
of plain and repeated bytes, which is all that the vectors have.
"""

import re
import struct
from collections import namedtuple

import reference as r
from xxhash import xxh3_64_intdigest

WORDS = b"markerbed store directory "
PACK_MAGIC, RECORD_MAGIC, INDEX_MAGIC = b"mbpack1\n", b"mbR1", b"mbidx01\n"
HEADER, HEAD = 64, 72  # bytes of the header of a pack and of a record
ITEMS, BATCH = 1, 2
CONTENT, PART, RECIPE = 0x10, 0x11, 0x12
ROW, ENTRY, REQUEST, SUBSCRIBER = 0x20, 0x21, 0x22, 0x23
PUT_ENTRY, PUT_ROW, DELETE_ROW, REMOVE, POSITION = 1, 2, 3, 4, 5
BLOCK, DATA = 4096, 4088
U64 = r.U64_MOST


def sum64(data, seed=0):
    return xxh3_64_intdigest(data, seed & U64)


def short(data, seed):
    whole = sum64(data, seed)
    return (whole >> 32) ^ (whole & 0xFFFFFFFF)


def u32(number):
    return struct.pack("<I", number)


def u64(number):
    return struct.pack("<Q", number)


# --------------------------------------------------------------------------- format, marks


def format_file(store, version="1"):
    return WORDS + version.encode() + b"\n" + store.hex().encode() + b"\n"


def read_format(data):
    """The store's id; or why it is none that can be read [DIR-1]."""
    first = data.split(b"\n")[0]
    require(first.startswith(WORDS), "no store")
    require(first == WORDS + b"1", "another format")
    digits = data[len(first) + 1 : -1]
    try:
        store = bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        raise Fault("no store") from None
    require(len(store) == 16 and data == format_file(store), "no store")
    return store


Mark = namedtuple("Mark", "sequence pack offset")


def encode_mark(mark, seed):
    data = struct.pack("<QIQ", *mark)
    return data + u64(sum64(data, seed))


def newest_mark(data, seed):
    """[MARK-1]"""
    found = [Mark(0, 0, 0)]
    for place in (0, 4096):
        mark = data[place : place + 28]
        if len(mark) == 28 and u64(sum64(mark[:20], seed)) == mark[20:]:
            found.append(Mark(*struct.unpack("<QIQ", mark[:20])))
    return max(found)


class Fault(ValueError):
    """What is wrong with a store, and where: places are (pack, offset), or packs."""

    def __init__(self, what, places=()):
        super().__init__(what)
        self.what, self.places = what, sorted(set(places))


def require(condition, what):
    if not condition:
        raise Fault(what)


# --------------------------------------------------------------------------- packs and records


def seed_of(store):
    return sum64(store)


def pack_header(store, pack, previous):
    data = PACK_MAGIC + store + struct.pack("<IQ", pack, previous) + bytes(20)
    return data + u64(sum64(data, seed_of(store)))


def record(kind, packing, items, table, raw, payload, workspace, seed, place):
    """A record as it stands at `place`, a pack and an offset [REC-1]."""
    fields = struct.pack("<BBHIIII", kind, packing, 0, items, len(table), raw, len(payload))
    head = RECORD_MAGIC + fields + workspace + u64(sum64(payload, seed))
    total = sum64(head + table, seed + ((place[0] << 40) ^ place[1]))
    return head + u64(total) + table + payload


def table_line(kind, item_id, data, seed):
    return bytes((kind,)) + item_id + r.varint(len(data)) + u32(short(data, seed))


def repeated(data):
    """A frame of Zstandard of one byte over and over."""
    assert data == data[:1] * len(data)
    out, most = b"\x28\xb5\x2f\xfd\xa0" + u32(len(data)), 128 << 10
    for at in range(0, len(data), most):
        size, is_last = min(most, len(data) - at), at + most >= len(data)
        out += (is_last | 1 << 1 | size << 3).to_bytes(3, "little") + data[:1]
    return out


def unpack(payload, raw):
    """The bytes of a frame of plain and repeated bytes; None if it is none of `raw` bytes."""
    if payload[:5] != b"\x28\xb5\x2f\xfd\xa0" or payload[5:9] != u32(raw):
        return None
    out, at, last = b"", 9, False
    while not last:
        head = int.from_bytes(payload[at : at + 3], "little")
        last, kind, size = head & 1, head >> 1 & 3, head >> 3
        if kind == 0:
            out, at = out + payload[at + 3 : at + 3 + size], at + 3 + size
        elif kind == 1:
            out, at = out + payload[at + 3 : at + 4] * size, at + 4
        else:
            return None
    return out if len(out) == raw and at == len(payload) else None


Record = namedtuple("Record", "place kind packing items table raw payload workspace is_whole end")


def record_at(data, pack, offset, seed):
    """The record whose head passes for its place, or None [REC-1]."""
    head = data[offset : offset + HEAD]
    if len(head) < HEAD or head[:4] != RECORD_MAGIC:
        return None
    kind, packing, zeros, items, table, raw, stored = struct.unpack("<BBHIIII", head[4:24])
    end = offset + HEAD + table + stored
    fits = kind in (ITEMS, BATCH) and packing in (0, 1) and zeros == 0 and stored <= raw
    fits = fits and table <= 1 << 23 and raw <= 80 << 20 and (packing or stored == raw)
    fits = fits and (kind == ITEMS or (items, table, packing) == (0, 0, 0))
    if not fits or end > len(data):
        return None
    table = data[offset + HEAD : offset + HEAD + table]
    if u64(sum64(head[:64] + table, seed + ((pack << 40) ^ offset))) != head[64:]:
        return None
    payload = data[end - stored : end]
    is_whole = u64(sum64(payload, seed)) == head[56:64]
    workspace, place = head[24:56], (pack, offset)
    return Record(place, kind, packing, items, table, raw, payload, workspace, is_whole, end)


Item = namedtuple("Item", "kind id at length sum")


def items_of(found):
    """The lines of a table [REC-2], or None."""
    reader, items, at = r.Reader(found.table, 1 << 23), [], 0
    try:
        while reader.position < len(found.table):
            kind, item_id, length = reader.byte(), reader.id(), reader.u32()
            items.append(Item(kind, item_id, at, length, reader.take(4)))
            at += length
    except r.Refused:
        return None
    known = all(item.kind in (1, 2, 3, 4, 5, CONTENT, PART, RECIPE) for item in items)
    return items if known and at == found.raw and len(items) == found.items else None


def is_item(item, data, seed):
    """Whether these are the bytes of an item [REC-4]; of objects only nodes are proven here."""
    if data is None or len(data) != item.length or u32(short(data, seed)) != item.sum:
        return False
    if item.kind in (CONTENT, PART):
        return r.content_id(data) == item.id
    try:
        if item.kind == RECIPE:
            read_recipe(data)
            return True
        return item.kind == 1 and r.node_id(r.decode_node(data)) == item.id
    except r.Refused:
        return False


def recipe(content):
    """[CUT-4]"""
    out, start = r.varint(len(content)), 0
    for end in r.part_ends(content):
        out += r.content_id(content[start:end]) + r.varint(end - start)
        start = end
    return out


def read_recipe(data):
    """The length of a content, and the id and the length of each of its parts."""
    reader, parts = r.Reader(data, 80 << 20), []
    length = reader.u64()
    while reader.position < len(data):
        parts.append((reader.id(), reader.u32()))
    r.require(sum(count for _, count in parts) == length, "out-of-range")
    return length, parts


# --------------------------------------------------------------------------- batches


def line_seed(workspace, seed):
    return sum64(workspace, seed)


def line(kind, body, workspace, seed):
    data = bytes((kind,)) + r.varint(len(body)) + body
    return data + u32(short(data, line_seed(workspace, seed)))


Line = namedtuple("Line", "at kind key value is_whole")


def read_batch(found, seed):
    """The number, how far all was durable, and the lines; or None [BAT-3]."""
    reader, lines = r.Reader(found.payload, 80 << 20), []
    try:
        number, durable = reader.u64(), (reader.u32(), reader.u64())
        while reader.position < len(found.payload):
            lines.append(read_line(reader, found, seed))
    except r.Refused:
        return None
    return number, durable, lines


def read_line(reader, found, seed):
    at, kind = reader.position, reader.byte()
    r.require(kind in (PUT_ENTRY, PUT_ROW, DELETE_ROW, REMOVE, POSITION), "out-of-range")
    body = r.Reader(reader.bytes(0, 1 << 21), 1 << 21)
    rest = lambda: body.take(len(body.data) - body.position)
    if kind == PUT_ENTRY:
        number, request, _ = body.u64(), body.take(32), body.u32()
        key, value = (number, request), rest()
    elif kind == PUT_ROW:
        key = body.bytes(0, 1 << 21)
        value = rest()
    elif kind == POSITION:
        value = body.u64()
        key = r.decode_utf8(rest()).encode()
    else:
        key, value = body.id() if kind == REMOVE else rest(), None
    body.end()
    data = reader.data[at : reader.position]
    is_whole = u32(short(data, line_seed(found.workspace, seed))) == reader.take(4)
    start = found.place[1] + HEAD + len(found.table)
    return Line(start + at, kind, key, value, is_whole)


# --------------------------------------------------------------------------- opening


def read_store(files):
    """(what a store holds, how many bytes at its end never counted), or a Fault.

    `files` are the bytes of each by its name.
    """
    store = read_format(files.get("format", b""))
    seed = seed_of(store)
    packs = numbered(files, "packs", "pack")
    mark = newest_mark(files.get("durable", b""), seed)
    damage, events, durable = [], [], max((1, HEADER), mark[1:])
    before, end = 0, (0, 0)
    for pack, data in packs.items():
        if pack != before + 1:
            events.append(((before + 1, 0), None))
        header = data[:HEADER]
        if is_pack_header(header, store, pack):
            durable = max(durable, (pack, HEADER))
            previous = len(packs[before]) if before == pack - 1 > 0 else None
            if previous not in (None, struct.unpack("<Q", header[28:36])[0]):
                damage.append((before, previous))  # [OPEN-1]
        elif is_elsewhere(header):
            damage.append((pack, 0))  # [OPEN-9]
        else:
            events.append(((pack, 0), None))
        found = walk(data, pack, seed)
        batches = [read_batch(record, seed) for _, record in found if is_batch(record)]
        durable = max([durable] + [batch[1] for batch in batches if batch])
        events += found
        before, end = pack, (pack, len(data))
    if not packs:
        end = (1, 0)
        events.append((end, None))
    counted, end = count(events, durable, end, damage, seed)
    check_numbers(counted, mark, durable, end, damage, seed)
    for found in counted:
        if not is_proven(found, seed):
            damage.append(found.place)
    if damage:
        raise Fault("damaged", damage)
    torn = sum(
        len(data) - (end[1] if pack == end[0] else 0)
        for pack, data in packs.items()
        if pack >= end[0]
    )
    return held(counted, seed), torn


def numbered(files, folder, ending):
    """The bytes of the files of a folder by their numbers; other names are left out [DIR-4]."""
    names = {name: re.fullmatch(rf"{folder}/(\d{{8}})\.{ending}", name) for name in sorted(files)}
    found = {int(match[1]): files[name] for name, match in names.items() if match}
    return {number: data for number, data in found.items() if number > 0}


def is_pack_header(data, store, pack):
    return len(data) == HEADER and data == pack_header(
        store, pack, *struct.unpack("<Q", data[28:36])
    )


def is_elsewhere(data):
    """Whether it would pass for another store or number."""
    if len(data) < HEADER:
        return False
    return is_pack_header(data, data[8:24], struct.unpack("<I", data[24:28])[0])


def is_batch(found):
    return found is not None and found.kind == BATCH and found.is_whole


def walk(data, pack, seed):
    """The records of a pack with their places, None where there is none."""
    events, at = [], min(HEADER, len(data))
    while at < len(data):
        found = record_at(data, pack, at, seed)
        events.append(((pack, at), found))
        if found is None:
            following = range(at + 1, len(data))
            at = next((n for n in following if record_at(data, pack, n, seed)), len(data))
        else:
            at = found.end
    return events


def is_readable(found, seed):
    if found is None:
        return False
    return (
        read_batch(found, seed) is not None if found.kind == BATCH else items_of(found) is not None
    )


def count(events, durable, end, damage, seed):
    """The records that count, and where the store ends [OPEN-3, OPEN-4]."""
    counted = []
    for place, found in events:
        is_good = is_readable(found, seed) and (found.kind == ITEMS or found.is_whole)
        if place < durable:
            counted += [found] if is_good else []
            damage += [] if is_good else [place]
        elif is_good and found.is_whole:
            counted.append(found)
        else:
            return counted, place
    return counted, end


def check_numbers(counted, mark, durable, end, damage, seed):
    """[BAT-1, OPEN-6]"""
    numbers = [read_batch(found, seed)[0] for found in counted if found.kind == BATCH]
    last = numbers[-1] if numbers else 0
    is_gapless = numbers == list(range(1, last + 1))
    if end < durable or last < mark.sequence or (not is_gapless and not damage):
        damage.append(end)


def is_proven(found, seed):
    if found.kind == BATCH:
        return all(line.is_whole for line in read_batch(found, seed)[2])
    raw = found.payload if found.packing == 0 else unpack(found.payload, found.raw)
    if not found.is_whole or raw is None:
        return False
    return all(is_item(i, raw[i.at : i.at + i.length], seed) for i in items_of(found))


def held(counted, seed):
    """By workspace: entries, rows, positions, ids of objects and contents [BAT-2, BAT-4]."""
    workspaces = {}
    for found in counted:
        names = ("entries", "rows", "positions", "objects", "contents")
        ours = workspaces.setdefault(found.workspace, {name: {} for name in names})
        for item in items_of(found) if found.kind == ITEMS else ():
            if item.kind in (CONTENT, RECIPE):
                ours["contents"][item.id] = item.kind
            elif item.kind != PART:
                ours["objects"][item.id] = item.kind
        for line in read_batch(found, seed)[2] if found.kind == BATCH else ():
            apply(ours, line)
    return workspaces


def apply(ours, line):
    if line.kind == PUT_ENTRY:
        ours["entries"][line.key[0]] = line.value
    elif line.kind == PUT_ROW:
        ours["rows"][line.key] = line.value
    elif line.kind == DELETE_ROW:
        ours["rows"].pop(line.key, None)
    elif line.kind == REMOVE:
        ours["contents"].pop(line.key, None)
    else:
        ours["positions"][line.key] = line.value


# --------------------------------------------------------------------------- index files


def index_file(data, pack, end, store):
    """The index of a pack up to `end` [IDX-1 … IDX-8]."""
    seed, numbers, sections = seed_of(store), [], {}
    for _, found in walk(data[:end], pack, seed):
        keys, rows, entries = sections.setdefault(found.workspace, ({}, {}, []))
        for item in items_of(found) if found.kind == ITEMS else ():
            kind = CONTENT if item.kind == RECIPE else item.kind
            keys[kind, item.id] = found.place[1]
        if found.kind == BATCH:
            number, _, lines = read_batch(found, seed)
            numbers.append(number)
            for line in lines:
                put_key(keys, rows, entries, line)
    tables = [(workspace, *sections[workspace]) for workspace in sorted(sections)]
    out, heads = b"", b""
    for workspace, keys, rows, entries in tables:
        ends = (min(entries), max(entries) + 1) if entries else (0, 0)
        heads += workspace + struct.pack("<QQII", *ends, len(keys), len(rows))
        out += section(keys, rows, seed)
    blocks = -(-(48 + len(heads) + len(out)) // DATA)
    first, last = (numbers[0], numbers[-1]) if numbers else (0, 0)
    head = INDEX_MAGIC + struct.pack("<IIQQQQ", pack, len(tables), end, first, last, blocks)
    return in_blocks(head + heads + out, pack, seed)


def put_key(keys, rows, entries, line):
    if line.kind == PUT_ENTRY:
        number, request = line.key
        entries.append(number)
        keys[ENTRY, u64(number)] = keys[REQUEST, request] = line.at
    elif line.kind in (PUT_ROW, DELETE_ROW):
        keys[ROW, line.key] = rows[line.key] = line.at
    elif line.kind == REMOVE:
        keys[CONTENT, line.key] = line.at
    else:
        keys[SUBSCRIBER, line.key] = line.at


def section(keys, rows, seed):
    """The tables of one section [IDX-6, IDX-7]."""
    hashed = sorted((sum64(key, seed + (kind << 56)), at) for (kind, key), at in keys.items())
    slots = -(-10 * len(hashed) // 256)
    bits = next(b for b in range(33) if (128 << b) >= len(hashed))
    words = [0] * (8 * slots)
    starts = [0] * (1 << bits)
    table = b""
    for number, at in hashed:
        slot = number * slots >> 64
        for word in range(8):
            words[8 * slot + word] |= 1 << (number >> 5 * word & 31)
        for bucket in range((number >> (64 - bits)) + 1, 1 << bits):
            starts[bucket] += 1
        table += u32((number << bits & U64) >> 32) + u32(at)
    out = b"".join(map(u32, words)) + (b"".join(map(u32, starts)) if bits else b"") + table
    out += b"".join(u32(rows[key]) for key in sorted(rows))
    return out + bytes(-len(rows) * 4 % 8)


def in_blocks(data, pack, seed):
    """[IDX-1, IDX-2]"""
    out, first = b"", 0
    for number, at in enumerate(range(0, len(data), DATA)):
        part = data[at : at + DATA].ljust(DATA, b"\0")
        place = INDEX_MAGIC + u32(pack) + u32(number) + u64(first)
        total = sum64(part, sum64(place, seed))
        first = first or total
        out += part + u64(total)
    return out


def check_indexes(files, store):
    """The packs whose index is not what the pack makes it."""
    packs, wrong = numbered(files, "packs", "pack"), []
    for pack, data in numbered(files, "index", "index").items():
        if data == b"" and pack == max(packs):
            continue
        covered = data[16:24]
        end = struct.unpack("<Q", covered)[0] if len(covered) == 8 else 0
        found = packs.get(pack, b"")
        ends = (
            [HEADER] + [place[1] for place, _ in walk(found, pack, seed_of(store))] + [len(found)]
        )
        if end not in ends or data != index_file(found, pack, end, store):
            wrong.append(pack)
        elif pack < max(packs) and end < len(found):
            wrong.append(pack)
    sealed = [pack for pack in packs if pack < max(packs)]
    return wrong + [pack for pack in sealed if f"index/{pack:08}.index" not in files]
