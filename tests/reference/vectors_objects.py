"""Vectors of attributes.md, snapshots.md, json.md and listing.md."""

import reference as r
from vector_cases import Cases
from vectors_trees import SEAL_KEY, SOME_ID, file_of

# --------------------------------------------------------------------------- attributes.json


def instant(seconds, nanoseconds):
    return r.zigzag(seconds) + r.varint(nanoseconds)


def owners(user, group):
    return b"".join(r.optional(None if name is None else r.sized(name)) for name in (user, group))


def extended(*items):
    return r.listed([r.sized(name) + SOME_ID + r.varint(size) for name, size in items])


def holes(*pairs):
    return r.listed([r.varint(offset) + r.varint(length) for offset, length in pairs])


def attribute_cases():
    about = "Attributes objects: own attributes of each tag, and the map of the children's."
    cases = Cases("attributes.json", "attributes.md", about)
    for title, (tag, value) in GOOD_ATTRIBUTES.items():
        add_own(cases, title, [(tag, value)])
    whole = [
        (tag, value)
        for tag, value in (
            (1, r.varint(0o644)),
            (2, instant(1763726400, 5)),
            (3, b"\x00\x00"),
            (200, b""),
        )
    ]
    add_own(cases, "several", whole)
    everything = [(tag, b"") for tag in range(9, 256)]
    add_own(cases, "every unknown tag", everything)
    add_own(cases, "children only", [], SOME_ID)
    add_own(cases, "own and children", whole, SOME_ID)
    data = r.encode_attributes(r.Attributes([], r.empty_map(r.ATTRIBUTES)))
    cases.accept("children the empty map, which only its reader sees", "ATTR-6", bytes=data)
    refused_attributes(cases)
    refused_values(cases)
    return cases


def add_own(cases, title, own, children=None):
    rule = "ATTR-3" if len(own) == 1 else "ATTR-1"
    rule = {"children only": "ATTR-2", "every unknown tag": "LIM-22"}.get(title, rule)
    data = r.encode_attributes(r.Attributes(own, children))
    cases.accept(title, rule, bytes=data)


U32, U64 = r.varint(r.U32_MOST), r.varint(r.U64_MOST)
SIZE_ABOVE = r.SIZE_MOST + 1

GOOD_ATTRIBUTES = {
    "mode 0": (1, b"\x00"),
    "mode 4095": (1, r.varint(4095)),
    "mtime 0": (2, instant(0, 0)),
    "mtime before 1970": (2, instant(-1, 999999999)),
    "mtime at the ends": (2, instant(-(1 << 63), 0)),
    "mtime at the other end": (2, instant((1 << 63) - 1, 999999999)),
    "owner root": (3, b"\x00\x00"),
    "owner at the end": (3, U32 + U32),
    "both owner names": (4, owners(b"root", b"wheel")),
    "only a user": (4, owners("\u00fc".encode(), None)),
    "only a group": (4, owners(None, b"g" * 255)),
    "one extended attribute": (5, extended((b"user.a", 0))),
    "extended attributes": (5, extended((b"a", 1), (b"ab", r.SIZE_MOST), (b"\xff" * 255, 3))),
    "link group": (6, r.link_group(b"a/b")),
    "one hole": (7, holes((0, 1))),
    "holes": (7, holes((0, 4096), (4097, 1), (1 << 40, 7))),
    "a hole to the end": (7, holes((0, r.SIZE_MOST))),
    "a last hole of one": (7, holes((5, 6), (r.SIZE_MOST - 1, 1))),
    "Windows without a time": (8, b"\x20\x00"),
    "Windows with a time": (8, U32 + b"\x01" + instant(-5, 100)),
    "tag 9 of any bytes": (9, b"\xff\xff"),
    "tag 255 of nothing": (255, b""),
}


def refused_attributes(cases):
    def refuse(title, rule, error, data):
        cases.refuse(title, rule, error, bytes=data)

    one = r.encode_attributes(r.Attributes([(1, b"\x00")], None))
    refuse("nothing", "ENC-4", "truncated", b"")
    refuse("no children flag", "ENC-4", "truncated", one[:-1])
    refuse("and a byte", "ENC-8", "trailing-bytes", one + b"\x00")
    refuse("children flag 2", "ENC-6", "bad-flag", one[:-1] + b"\x02" + SOME_ID)
    refuse("children cut", "ENC-4", "truncated", one[:-1] + b"\x01" + SOME_ID[:31])
    refuse("neither own nor children", "ATTR-2", "out-of-range", b"\x00\x00")
    refuse("neither, and a byte", "ENC-8", "trailing-bytes", b"\x00\x00\x00")
    refuse("256 own", "LIM-22", "out-of-range", r.varint(256))
    refuse("2^32-1 own", "LIM-22", "out-of-range", U32)
    refuse("255 own, none there", "ENC-9", "truncated", r.varint(255))
    refuse("own overlong", "ENC-5", "overlong-varint", b"\x81\x00")
    refuse("tag 0", "ATTR-3", "unsupported-format", b"\x01\x00\x00\x00")
    for title, tags in {"twice": (3, 3), "descending": (9, 1)}.items():
        own = [(tag, b"\x00\x00" if tag == 3 else b"\x00") for tag in tags]
        data = r.encode_attributes(r.Attributes(own, None))
        refuse(f"tags {title}", "ATTR-3", "not-ascending", data)
    refuse("value cut", "ENC-4", "truncated", b"\x01\x09\x05ab")
    refuse("value of 2^32-1", "ENC-9", "truncated", b"\x01\x09" + U32)


def refused_values(cases):
    refused = {
        "out-of-range": {
            "mode 4096": (1, r.varint(4096)),
            "mtime of 10^9 nanoseconds": (2, instant(0, 10**9)),
            "no owner names": (4, owners(None, None)),
            "an empty user": (4, owners(b"", None)),
            "an empty group": (4, owners(b"u", b"")),
            "a user of 256": (4, owners(b"u" * 256, None)),
            "a group of 256": (4, owners(None, b"g" * 256)),
            "no extended attributes": (5, b"\x00"),
            "65,537 extended attributes": (5, r.varint(65537)),
            "an extended attribute without a name": (5, extended((b"", 0))),
            "an extended name of 256": (5, extended((b"n" * 256, 0))),
            "an extended size of 2^63": (5, extended((b"a", SIZE_ABOVE))),
            "no holes": (7, b"\x00"),
            "65,537 holes": (7, r.varint(65537)),
            "a hole of nothing": (7, holes((0, 0))),
            "a hole beyond 2^63-1": (7, holes((0, SIZE_ABOVE))),
            "a hole that ends beyond 2^63-1": (7, holes((r.SIZE_MOST, 1))),
            "a hole that ends beyond 2^64": (7, holes((r.U64_MOST, r.U64_MOST))),
            "Windows, 10^9 nanoseconds": (8, b"\x00\x01" + instant(0, 10**9)),
        },
        "not-ascending": {
            "extended name twice": (5, extended((b"a", 0), (b"a", 0))),
            "extended names descend": (5, extended((b"ab", 0), (b"a", 0))),
            "holes descend": (7, holes((9, 1), (5, 1))),
            "holes overlap": (7, holes((0, 4), (3, 4))),
            "holes touch": (7, holes((0, 4), (4, 4))),
        },
        "bad-utf8": {
            "a user not UTF-8": (4, owners(b"\xff", None)),
            "a group not UTF-8": (4, owners(b"u", b"\xc0\xaf")),
        },
        "bad-flag": {
            "owner names, flag 2": (4, b"\x02\x00"),
            "Windows, flag 2": (8, b"\x00\x02"),
        },
        "number-too-large": {
            "mode of 33 bits": (1, bytes.fromhex("8080808010")),
            "uid of 33 bits": (3, bytes.fromhex("808080801000")),
            "mtime of 65 bits": (2, bytes([128] * 9) + b"\x02\x00"),
        },
        "overlong-varint": {
            "mode overlong": (1, b"\x80\x00"),
            "gid overlong": (3, b"\x00\x80\x00"),
        },
    }
    for error, values in refused.items():
        for title, own in values.items():
            data = r.encode_attributes(r.Attributes([own], None))
            rule = "ATTR-4" if own[0] in (5, 7) else "ATTR-3"
            cases.refuse(title, rule, error, bytes=data)
    for tag in range(1, 9):
        title, (_, value) = next(item for item in GOOD_ATTRIBUTES.items() if item[1][0] == tag)
        longer = r.encode_attributes(r.Attributes([(tag, value + b"\x00")], None))
        cases.refuse(f"{title}, and a byte", "ATTR-3", "trailing-bytes", bytes=longer)
        shorter = r.encode_attributes(r.Attributes([(tag, value[:-1])], None))
        cases.refuse(f"{title}, a byte short", "ATTR-3", "truncated", bytes=shorter)


# --------------------------------------------------------------------------- snapshots.json

PLAIN_SNAPSHOT = r.Snapshot(
    root=r.node_id(file_of(b"hello\n")),
    parents=[],
    source_kind=1,
    source_label=b"docs",
    run=bytes(range(16)),
    captured_at=1763726400000,
    clock=1,
    agent=bytes(range(16, 32)),
    rules=r.content_id(b"rules"),
    coverage=1,
    evidence=None,
    attributes=None,
    listing=None,
    tool=b"markerbed 0.1.0",
)


GOOD_SNAPSHOT_RULES = {
    "16 parents": "LIM-11",
    "parents descend": "SNAP-2",
    "label of 255": "LIM-10",
    "coverage partial": "SNAP-3",
    "coverage unknown": "SNAP-3",
    "tool of 127": "LIM-12",
}


def some_ids(count):
    return [r.content_id(b"%d" % number) for number in range(count)]


def snapshot_cases():
    cases = Cases("snapshots.json", "snapshots.md", "Snapshots, each field at its edges.")
    good = {
        "plain": {},
        "everything": {
            "parents": some_ids(2),
            "evidence": SOME_ID,
            "attributes": SOME_ID,
            "listing": r.sha256(b""),
            "coverage": 2,
        },
        "one parent": {"parents": some_ids(1)},
        "16 parents": {"parents": some_ids(16)},
        "parents descend": {"parents": sorted(some_ids(5), reverse=True)},
        "label of 255": {"source_label": b"l" * 255},
        "label not ASCII": {"source_label": "\u00fcber \u6f22".encode()},
        "at 1970": {"captured_at": 0},
        "before 1970": {"captured_at": -1},
        "at the first time": {"captured_at": -(1 << 63)},
        "at the last time": {"captured_at": (1 << 63) - 1},
        "clock of the source": {"clock": 2},
        "clock unknown": {"clock": 3},
        "coverage partial": {"coverage": 2, "evidence": SOME_ID},
        "coverage unknown": {"coverage": 3},
        "complete with evidence": {"evidence": SOME_ID},
        "tool of one": {"tool": b"~"},
        "tool of 127": {"tool": b"t" * 127},
    }
    for title, changed in good.items():
        data = r.encode_snapshot(PLAIN_SNAPSHOT._replace(**changed))
        cases.accept(title, GOOD_SNAPSHOT_RULES.get(title, "SNAP-1"), bytes=data)
    refused_snapshots(cases)
    return cases


def refused_snapshots(cases):
    data = r.encode_snapshot(PLAIN_SNAPSHOT)
    twice = some_ids(1) * 2
    refused = {
        "unsupported-format": {
            "source kind 0": {"source_kind": 0},
            "source kind 2": {"source_kind": 2},
            "clock 0": {"clock": 0},
            "clock 4": {"clock": 4},
            "coverage 0": {"coverage": 0},
            "coverage 4": {"coverage": 4},
        },
        "out-of-range": {
            "17 parents": {"parents": some_ids(17)},
            "a parent twice": {"parents": twice},
            "the last of 16 parents twice": {"parents": some_ids(15) + some_ids(1)},
            "label empty": {"source_label": b""},
            "label of 256": {"source_label": b"l" * 256},
            "tool empty": {"tool": b""},
            "tool of 128": {"tool": b"t" * 128},
            "partial without evidence": {"coverage": 2},
        },
        "bad-utf8": {
            "label not UTF-8": {"source_label": b"\xff"},
            "tool not UTF-8": {"tool": b"\xff"},
        },
        "bad-text": {
            "label with a line feed": {"source_label": b"a\n"},
            "label with U+0085": {"source_label": "\u0085".encode()},
            "tool with a tab": {"tool": b"a\tb"},
            "tool not ASCII": {"tool": "\u00fc".encode()},
        },
    }
    rules = {
        "source_label": "NAME-5",
        "tool": "NAME-6",
        "parents": "SNAP-2",
        "coverage": "ENC-7",
        "clock": "ENC-7",
        "source_kind": "ENC-7",
    }
    for error, changes in refused.items():
        for title, changed in changes.items():
            rule = rules[next(iter(changed))]
            rule = "SNAP-3" if title.startswith("partial") else rule
            rule = "LIM-11" if title == "17 parents" else rule
            bent = r.encode_snapshot(PLAIN_SNAPSHOT._replace(**changed))
            cases.refuse(title, rule, error, bytes=bent)
    for number in (0, 2, 300):
        bent = r.varint(number) + data[1:]
        cases.refuse(f"format {number}", "ENC-7", "unsupported-format", bytes=bent)
    cases.refuse("format overlong", "ENC-5", "overlong-varint", bytes=b"\x81\x00" + data[1:])
    cases.refuse("nothing", "ENC-4", "truncated", bytes=b"")
    cases.refuse("without its last byte", "ENC-4", "truncated", bytes=data[:-1])
    cases.refuse("and a byte", "ENC-8", "trailing-bytes", bytes=data + b"\x00")
    bent = r.encode_snapshot(PLAIN_SNAPSHOT._replace(coverage=2)) + b"\x00"
    cases.refuse("partial without evidence, and a byte", "ENC-8", "trailing-bytes", bytes=bent)
    start = data[:33]
    cases.refuse("2^32-1 parents", "LIM-11", "out-of-range", bytes=start + U32)
    cases.refuse("16 parents, none there", "ENC-9", "truncated", bytes=start + b"\x10")
    bent = r.encode_snapshot(PLAIN_SNAPSHOT._replace(parents=twice))[:98]
    cases.refuse("a parent twice, cut after it", "SNAP-2", "out-of-range", bytes=bent)
    at = data.index(PLAIN_SNAPSHOT.rules) + 33
    for field, offset in (("evidence", 0), ("attributes", 1), ("listing", 2)):
        bent = data[: at + offset] + b"\x02" + data[at + offset + 1 :]
        cases.refuse(f"{field}, flag 2", "ENC-6", "bad-flag", bytes=bent)


# --------------------------------------------------------------------------- json.json


JSON_TEXTS = {
    "JSON-1": (
        "{}",
        "[]",
        '""',
        "null",
        "true",
        "false",
        "[[],{}]",
        '{"a":1}',
        '{"a":1,"b":2}',
        '{"":0,"a":0,"aa":0}',
        '{"A":0,"a":0}',
        '{"\u20ac":0,"\U0001f600":0,"\ufb33":0}',
        '{"a":{"b":[1,"x",null,true]}}',
        '{"1":0,"10":0,"2":0}',
        '{"\\n":0,"\\r":0," ":0}',
    ),
    "JSON-2": (
        '"\\"\\\\"',
        '"/"',
        '"\\b\\t\\n\\f\\r"',
        '"\\u0000\\u0007\\u000b\\u000e\\u001f"',
        '"\x7f"',
        '"\u0080\u2028\ufeff"',
        '"\u00fc\u20ac\U0001f600\U0010ffff"',
        '"\ufffe"',
    ),
    "JSON-3": (
        "0",
        "1",
        "-1",
        "10",
        "9007199254740991",
        "-9007199254740991",
        '"9007199254740992"',
        "[0,-5,1000000]",
    ),
}

NO_JSON_TEXTS = {
    "JSON-1": (
        "",
        " {}",
        "{} ",
        "{}\n",
        "[1, 2]",
        "[1 ]",
        '{"a": 1}',
        '{"a" :1}',
        '{ "a":1}',
        "\t1",
        '{"b":1,"a":2}',
        '{"a":1,"a":1}',
        '{"a":1,"a":2}',
        '{"aa":0,"a":0}',
        '{"\ufb33":0,"\U0001f600":0}',
        '{" ":0,"\\n":0}',
    ),
    "JSON-2": (
        '"\\/"',
        '"\\u0041"',
        '"\\u00e9"',
        '"\\u0008"',
        '"\\u000a"',
        '"\\u0009"',
        '"\\u000B"',
        '"\\u001F"',
        '"\\u007f"',
        '"\\u2028"',
        '"\\ud83d\\ude00"',
        '"\\ud800"',
        '"\\x41"',
        '"\n"',
        '"\x1f"',
        '"\x00"',
        '"a',
        '"\\"',
        "'a'",
        '"\\u00"',
        '"\\a"',
        '{"a":1,"\\u0062":2}',
    ),
    "JSON-3": (
        "-0",
        "00",
        "01",
        "-01",
        "+1",
        "1.0",
        "0.5",
        "1e3",
        "1E3",
        ".5",
        "1.",
        "-",
        "0x1",
        "9007199254740992",
        "-9007199254740992",
        "10000000000000000000000",
        "NaN",
        "Infinity",
        "1_0",
        "- 1",
        "1e400",
    ),
    "JSON-4": (
        "[",
        "]",
        "{",
        "}",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        '{"a"}',
        '{"a":}',
        '{"a":1,}',
        "{1:2}",
        "{a:1}",
        "[}",
        "nul",
        "True",
        "tru",
        "nulll",
        "1 1",
        "[][]",
        '"a""b"',
        ",",
        "//x",
        "[1]x",
        "undefined",
        "\ufeff{}",
        "\ufeff1",
    ),
}


def json_cases():
    cases = Cases("json.json", "json.md", "Canonical JSON, and what only looks like it.")
    for rule, texts in JSON_TEXTS.items():
        for text in texts:
            cases.accept(title_of(text), rule, bytes=text.encode())
    cases.accept("128 arrays", "JSON-4", bytes=b"[" * 128 + b"]" * 128)
    cases.accept("128 arrays and objects", "JSON-4", bytes=b'[{"a":' * 64 + b"0" + b"}]" * 64)
    for rule, texts in NO_JSON_TEXTS.items():
        for text in texts:
            cases.refuse(f"not {title_of(text)}", rule, "bad-json", bytes=text.encode())
    for data in (b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\xe2\x82"', b"\xff\xfe1\x00"):
        cases.refuse(f"bytes {data.hex()}", "JSON-4", "bad-json", bytes=data)
    deep = {
        "129 arrays": b"[" * 129 + b"]" * 129,
        "129 arrays that open": b"[" * 129,
        "1,000 arrays that open": b"[" * 1000,
        "129 objects": b'{"a":' * 128 + b"{}" + b"}" * 128,
        "128 objects and an array": b'{"a":' * 128 + b"[]" + b"}" * 128,
    }
    for title, data in deep.items():
        cases.refuse(title, "JSON-4", "too-deep", bytes=data)
    cases.refuse("128 arrays that open", "JSON-4", "bad-json", bytes=b"[" * 128)
    wide = b"[" + b"[]," * 200 + b"[]]"
    cases.accept("201 arrays side by side", "JSON-4", bytes=wide)
    return cases


def title_of(text):
    """The text in ASCII, so that names tell what is tried."""
    return text.encode("ascii", "backslashreplace").decode() or "nothing"


# --------------------------------------------------------------------------- listing.json


def listing_cases():
    cases = Cases("listing.json", "listing.md", "Plain listings as sha256sum checks them.")

    def file(path, data=b""):
        return {"path": path, "sha256": r.sha256(data)}

    def sealed(path, data=b"a"):
        return {"path": path, "sealed": r.node_id(r.seal(file_of(data), SEAL_KEY))}

    def files(*paths):
        return [file(path) for path in paths]

    good = {
        "nothing": ("LIST-5", []),
        "one file": ("LIST-1", [file(b"a", b"hello\n")]),
        "two files": ("LIST-1", [file(b"a"), file(b"b/c", b"x")]),
        "a space before and after": ("LIST-1", [file(b" a ")]),
        "bytes not UTF-8": ("LIST-2", [file(b"\xff\xfe")]),
        "a tab and an escape": ("LIST-2", [file(b"a\tb\x1b")]),
        "a backslash": ("LIST-2", [file(b"a\\b")]),
        "a line feed": ("LIST-2", [file(b"a\nb")]),
        "a carriage return": ("LIST-2", [file(b"a\r")]),
        "all three": ("LIST-2", [file(b"\\\n\r\\n")]),
        "a backslash in a directory": ("LIST-2", [file(b"a\\b/c")]),
        "sealed": ("LIST-3", [sealed(b"secret")]),
        "sealed, a line feed": ("LIST-3", [sealed(b"a\nb")]),
        "sealed among files": ("LIST-3", [file(b"c"), sealed(b"b"), file(b"a")]),
        "order of the whole path": ("LIST-4", files(b"a/b", b"a.b", b"a0", b"a")),
        "order is bytewise": ("LIST-4", files(b"\xc3\xa9", b"z", b"Z", b"\xff")),
        "order of unescaped paths": ("LIST-4", files(b"a\\", b"a]", b"a\n", b"a[")),
    }
    for title, (rule, lines) in good.items():
        cases.accept(title, rule, lines=lines)
    return cases


FILES = [attribute_cases, snapshot_cases, json_cases, listing_cases]
