"""Vectors of ids.md, encoding.md and names.md."""

import reference as r
from vector_cases import Cases

CONTEXTS = (
    "v1 node",
    "v1 attributes",
    "v1 snapshot",
    "v1 state",
    "v1 workspace",
    "v1 map page",
    "v1 map item",
    "v1 map child",
    "v1 map inner",
    "v1 map cut",
    "v1 seal salt",
    "v1 link group",
)


def hash_cases():
    about = "BLAKE3, plain and in key-derivation mode, of short inputs."
    cases = Cases("hash.json", "ids.md", about)
    plain = {
        "nothing": b"",
        "abc": b"abc",
        "one block": bytes(range(64)),
        "one block and a byte": bytes(range(65)),
        "one chunk": bytes(range(256)) * 4,
        "one chunk and a byte": bytes(range(256)) * 4 + b"\x00",
        "three chunks and a bit": bytes(range(251)) * 13,
    }
    for name, data in plain.items():
        cases.accept(f"plain, {name}", "ID-1", context=None, input=data)
    for context in CONTEXTS:
        cases.accept(f"{context}, nothing", "ID-2", context=context, input=b"")
        cases.accept(f"{context}, 33 bytes", "ID-2", context=context, input=bytes(range(33)))
    cases.accept("v1 node, two chunks", "ID-2", context="v1 node", input=bytes(range(256)) * 8)
    return cases


VARINTS = (
    (0, "00"),
    (1, "01"),
    (127, "7f"),
    (128, "8001"),
    (255, "ff01"),
    (300, "ac02"),
    (16383, "ff7f"),
    (16384, "808001"),
    (2097151, "ffff7f"),
    (2097152, "80808001"),
    (268435455, "ffffff7f"),
    (268435456, "8080808001"),
    (4294967295, "ffffffff0f"),
)
LONG_VARINTS = (
    (1 << 32, "8080808010"),
    ((1 << 35) - 1, "ffffffff7f"),
    (1 << 35, "808080808001"),
    ((1 << 56) - 1, "ffffffffffffff7f"),
    (1 << 56, "808080808080808001"),
    ((1 << 63) - 1, "ffffffffffffffff7f"),
    (1 << 63, "80808080808080808001"),
    ((1 << 64) - 1, "ffffffffffffffffff01"),
)


def varint_cases():
    about = "Numbers in LEB128, and every way to write one wrongly."
    cases = Cases("varint.json", "encoding.md", about)
    for width in (32, 64):
        for value, data in VARINTS + (LONG_VARINTS if width == 64 else ()):
            assert r.varint(value).hex() == data
            cases.accept(f"u{width} {value}", "ENC-5", width=width, bytes=data)
        refused = {
            "truncated": ("", "80", "ff", "ffffffff", "8080808080", "ffffffffffffffffff"),
            "overlong-varint": (
                "8000",
                "8100",
                "ff00",
                "808000",
                "80808000",
                "8080808000",
                "808080808000",
                "80808080808080808000",
            ),
            "number-too-large": (
                "80808080808080808002",
                "ffffffffffffffffff02",
                "ffffffffffffffffff7f",
                "8080808080808080808001",
                "ffffffffffffffffffff01",
                "80808080808080808080",
            ),
            "trailing-bytes": ("0000", "0100", "7f80", "800100"),
        }
        for error, inputs in refused.items():
            for data in inputs:
                rule = "ENC-8" if error == "trailing-bytes" else "ENC-5"
                name = f"u{width} {error} {data or 'nothing'}"
                cases.refuse(name, rule, error, width=width, bytes=data)
    for value, data in LONG_VARINTS:
        cases.refuse(f"u32 {value}", "ENC-5", "number-too-large", width=32, bytes=data)
    cases.refuse(
        "u32 of 35 bits, overlong", "ENC-5", "overlong-varint", width=32, bytes="ffffffffff00"
    )
    cases.refuse(
        "u32 too large and trailing", "ENC-4", "number-too-large", width=32, bytes="808080801000"
    )
    return cases


def field_cases():
    cases = Cases("fields.json", "encoding.md", "One field of each type, alone.")
    for data in (b"\x00", b"\x01"):
        cases.accept(f"bool {data[0]}", "ENC-6", type="bool", bytes=data)
    for data in (b"\x02", b"\x80", b"\xff"):
        cases.refuse(f"bool {data.hex()}", "ENC-6", "bad-flag", type="bool", bytes=data)
    cases.refuse("bool of nothing", "ENC-4", "truncated", type="bool", bytes=b"")
    cases.refuse("bool and a byte", "ENC-8", "trailing-bytes", type="bool", bytes=b"\x01\x00")
    cases.refuse("bool wrong and a byte", "ENC-4", "bad-flag", type="bool", bytes=b"\x02\x00")
    signed_cases(cases)
    id_cases(cases)
    sized_cases(cases)
    return cases


def signed_cases(cases):
    edges = (0, -1, 1, -2, 2, 63, -64, 64, -65, 1763726400000, -1763726400000)
    for value in edges + ((1 << 63) - 1, -(1 << 63)):
        cases.accept(f"i64 {value}", "ENC-1", type="i64", bytes=r.zigzag(value))
    refused = {
        "truncated": "80",
        "overlong-varint": "8000",
        "number-too-large": "80808080808080808002",
        "trailing-bytes": "0000",
    }
    for error, data in refused.items():
        cases.refuse(f"i64 {error}", "ENC-5", error, type="i64", bytes=data)


def id_cases(cases):
    some = bytes(range(32))
    cases.accept("option-id none", "ENC-6", type="option-id", bytes=b"\x00")
    cases.accept("option-id some", "ENC-6", type="option-id", bytes=b"\x01" + some)
    refused = {
        "of nothing": (b"", "truncated", "ENC-4"),
        "flag 2": (b"\x02" + some, "bad-flag", "ENC-6"),
        "flag overlong": (b"\x81\x00" + some, "bad-flag", "ENC-6"),
        "short": (b"\x01" + some[:31], "truncated", "ENC-4"),
        "none and an id": (b"\x00" + some, "trailing-bytes", "ENC-8"),
        "and a byte": (b"\x01" + some + b"\x00", "trailing-bytes", "ENC-8"),
    }
    for name, (data, error, rule) in refused.items():
        cases.refuse(f"option-id {name}", rule, error, type="option-id", bytes=data)
    cases.accept("id16", "ENC-1", type="id16", bytes=some[:16])
    cases.refuse("id16 short", "ENC-4", "truncated", type="id16", bytes=some[:15])
    cases.refuse("id16 long", "ENC-8", "trailing-bytes", type="id16", bytes=some[:17])


def sized_cases(cases):
    for kind in ("bytes", "string"):
        for length in (0, 1, 127, 128, 1024):
            data = r.sized(b"a" * length)
            cases.accept(f"{kind} of {length}", "ENC-1", type=kind, bytes=data)
        refused = {
            "of nothing": ("", "truncated"),
            "short by one": ("0361 62", "truncated"),
            "length cut": ("80", "truncated"),
            "length overlong": ("810061", "overlong-varint"),
            "length of 33 bits": ("808080801061", "number-too-large"),
            "length of 65 bits": ("8080808080808080800261", "number-too-large"),
            "of 1025, nothing there": ("8108", "out-of-range"),
            "of 2^32-1, nothing there": ("ffffffff0f", "out-of-range"),
            "trailing": ("016100", "trailing-bytes"),
        }
        for name, (data, error) in refused.items():
            data = data.replace(" ", "")
            rules = {
                "overlong-varint": "ENC-5",
                "number-too-large": "ENC-5",
                "trailing-bytes": "ENC-8",
                "out-of-range": "ENC-9",
            }
            rule = rules.get(error, "ENC-4")
            cases.refuse(f"{kind} {name}", rule, error, type=kind, bytes=data)
    cases.accept("bytes not UTF-8", "ENC-1", type="bytes", bytes="03ff00fe")
    texts = {
        "two bytes": "\u00e9",
        "three bytes": "\u20ac",
        "four bytes": "\U0001f600",
        "NUL": "\0",
        "U+10FFFF": "\U0010ffff",
    }
    for name, text in texts.items():
        data = r.sized(text.encode())
        cases.accept(f"string, {name}", "ENC-1", type="string", bytes=data)
    broken = {
        "a lone continuation": "80",
        "a cut character": "e282",
        "overlong slash": "c0af",
        "a surrogate": "eda080",
        "above U+10FFFF": "f4908080",
        "byte ff": "ff",
    }
    for name, data in broken.items():
        data = r.sized(bytes.fromhex(data))
        cases.refuse(f"string, {name}", "ENC-4", "bad-utf8", type="string", bytes=data)
    cases.refuse("string broken and trailing", "ENC-4", "bad-utf8", type="string", bytes="01ff00")
    cases.refuse("string broken and cut", "ENC-4", "truncated", type="string", bytes="02ff")


def name_cases():
    about = "Names, paths, ref names, tool strings and ids as text."
    cases = Cases("names.json", "names.md", about)
    for name, data in SHOWN.items():
        cases.accept(f"name, {name}", "NAME-8", type="name", bytes=data)
    allowed = {
        "three dots": b"...",
        "dot file": b".a",
        "space": b" ",
        "one byte": b"a",
        "1,024 bytes": b"n" * 1024,
        "any but two bytes": bytes(set(range(1, 256)) - {47}),
    }
    for name, data in allowed.items():
        cases.accept(f"name, {name}", "NAME-1", type="name", bytes=data)
    refused = {"empty": b"", "1,025 bytes": b"n" * 1025}
    for name, data in refused.items():
        cases.refuse(f"name, {name}", "NAME-1", "out-of-range", type="name", bytes=data)
    refused = {
        "dot": b".",
        "dot dot": b"..",
        "slash": b"/",
        "slash within": b"a/b",
        "NUL": b"\0",
        "NUL within": b"a\0b",
        "slash last": b"a/",
    }
    for name, data in refused.items():
        cases.refuse(f"name, {name}", "NAME-1", "bad-name", type="name", bytes=data)
    cases.refuse("name, 1,025 slashes", "NAME-1", "out-of-range", type="name", bytes=b"/" * 1025)
    path_cases(cases)
    label_cases(cases)
    id_text_cases(cases)
    return cases


SHOWN = {
    "plain": b"README.md",
    "UTF-8": "na\u00efve \u6f22\u5b57 \U0001f600".encode(),
    "decomposed": "e\u0301".encode(),
    "backslash": b"a\\b",
    "backslash x": b"\\x41",
    "new line": b"a\nb",
    "escape": b"\x1b[31mred",
    "U+0001 and U+001F": b"\x01\x1f",
    "U+007F": b"a\x7f",
    "U+0080 and U+009F": "\u0080\u009f".encode(),
    "U+00A0 stays": "\u00a0".encode(),
    "right to left override": "a\u202eb".encode(),
    "U+061C": "\u061c".encode(),
    "U+200A stays, U+200B": "\u200a\u200b".encode(),
    "U+200F, U+2010 stays": "\u200f\u2010".encode(),
    "U+2027 stays, U+2028": "\u2027\u2028".encode(),
    "U+202E, U+202F stays": "\u202e\u202f".encode(),
    "U+205F stays, U+2060": "\u205f\u2060".encode(),
    "U+2069, U+206A stays": "\u2069\u206a".encode(),
    "U+FEFF": "\ufeffa".encode(),
    "Latin-1": b"caf\xe9",
    "cut character": b"\xe2\x82",
    "cut character, then a letter": b"\xf0\x9f\x98a",
    "surrogate": b"\xed\xa0\x80",
    "overlong": b"\xc0\xaf",
    "above U+10FFFF": b"\xf4\x90\x80\x80",
    "continuation after a character": "\u00e9".encode() + b"\x80",
    "bytes fe and ff": b"\xfe\xff",
}


def path_cases(cases):
    allowed = {
        "root": b"",
        "one name": b"a",
        "three names": b"a/b/c",
        "not UTF-8": b"\xff/\xfe",
        "4,096 names": b"/".join([b"a"] * 4096),
        "long name": b"a/" + b"b" * 1024,
    }
    for name, data in allowed.items():
        cases.accept(f"path, {name}", "NAME-4", type="path", bytes=data)
    refused = {
        "leading slash": (b"/a", "out-of-range"),
        "trailing slash": (b"a/", "out-of-range"),
        "two slashes": (b"a//b", "out-of-range"),
        "only a slash": (b"/", "out-of-range"),
        "dot": (b"a/./b", "bad-name"),
        "dot dot": (b"..", "bad-name"),
        "NUL": (b"a/\0", "bad-name"),
        "a name of 1,025": (b"a/" + b"b" * 1025, "out-of-range"),
        "4,097 names": (b"/".join([b"a"] * 4097), "too-deep"),
    }
    for name, (data, error) in refused.items():
        cases.refuse(f"path, {name}", "NAME-4", error, type="path", bytes=data)


def label_cases(cases):
    allowed = {
        "plain": "main",
        "slash": "a/b",
        "UTF-8": "\u00fcber",
        "space": " ",
        "U+00A0": "\u00a0",
        "255 bytes": "r" * 255,
        "bidirectional": "\u202e",
    }
    for name, text in allowed.items():
        cases.accept(f"ref-name, {name}", "NAME-5", type="ref-name", bytes=text.encode())
    refused = {
        "empty": (b"", "out-of-range"),
        "256 bytes": (b"r" * 256, "out-of-range"),
        "not UTF-8": (b"a\xff", "bad-utf8"),
        "not UTF-8, a control": (b"\x01\xff", "bad-utf8"),
        "NUL": (b"\x00", "bad-text"),
        "U+001F": (b"a\x1f", "bad-text"),
        "U+007F": (b"\x7f", "bad-text"),
        "U+0080": ("\u0080".encode(), "bad-text"),
        "U+009F": ("\u009f".encode(), "bad-text"),
    }
    for name, (data, error) in refused.items():
        cases.refuse(f"ref-name, {name}", "NAME-5", error, type="ref-name", bytes=data)
    for name, text in {"plain": "markerbed 0.1.0", "edges": " ~", "127 bytes": "t" * 127}.items():
        cases.accept(f"tool, {name}", "NAME-6", type="tool", bytes=text.encode())
    refused = {
        "empty": (b"", "out-of-range"),
        "128 bytes": (b"t" * 128, "out-of-range"),
        "1f": (b"\x1f", "bad-text"),
        "7f": (b"\x7f", "bad-text"),
        "not ASCII": ("\u00e9".encode(), "bad-text"),
        "not UTF-8": (b"\x80", "bad-utf8"),
    }
    for name, (data, error) in refused.items():
        cases.refuse(f"tool, {name}", "NAME-6", error, type="tool", bytes=data)


def id_text_cases(cases):
    text = bytes(range(32)).hex()
    cases.accept("id-text, plain", "ID-3", type="id-text", bytes=text.encode())
    cases.accept("id-text, zero", "ID-3", type="id-text", bytes=b"0" * 64)
    refused = {
        "empty": "",
        "63 digits": text[1:],
        "65 digits": text + "0",
        "upper case": text.upper(),
        "one upper-case digit": text[:-1] + "F",
        "g": text[:-1] + "g",
        "space": " " + text[1:],
        "kind before it": "node " + text,
        "0x": "0x" + text[2:],
        "line feed": text + "\n",
        "62 digits": text[2:],
    }
    for name, data in refused.items():
        cases.refuse(f"id-text, {name}", "ID-3", "bad-id", type="id-text", bytes=data.encode())


FILES = [hash_cases, varint_cases, field_cases, name_cases]
