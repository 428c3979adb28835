"""Vectors of checkpoints.md."""

import checkpoints as c
import ed25519
import reference as r
from ledger_samples import CREATED, GENESIS, KEYS, SECRETS, commit, encoded, rotate
from vector_cases import Cases

# golang.org/x/mod/sumdb/note, note_test.go (BSD-3-Clause): its example key and note
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETER_LINE = (
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcE"
    "lZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotp"
    "RZb6KE6RyyBwJnAM=\n"
)
PETER_NOTE = f"{PETER_TEXT}\n{PETER_LINE}"
# The Go checksum database: its key as the go command has it, and a head that it signed
GO_SUM = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
GO_SUM_HEAD = (
    "go.sum database tree\n63096908\n8lHrQPRYe4KT4WQ9/Qk8/taKnD6IRHbFgfN7vQE2Y54=\n\n"
    "\u2014 sum.golang.org Az3gri/oVBN1jAhNZ/iS+W31psFAWRT20/Gyrh"
    "pU6taFwulQGetBkH5S7wpGXdS935jiIGiUUAX"
    "BVHzT/P6fYhqAmAk=\n"
)
# RFC 8032 §7.1, TEST 1 to TEST 3 (TEST 1 has the secret SECRETS[0])
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e0652249"
        "01555fb8821590a33bacc61e39701cf9"
        "b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb"
        "69da085ac1e43e15996e458f3613d0f1"
        "1d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5a"
        "c3ac18ff9b538d16f290ae67f760984d"
        "c6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
# The points of small order in every encoding of 32 bytes, as those of C2SP/CCTV ed25519 (CC0)
SMALL = [
    "00" * 32,
    "00" * 31 + "80",
    "01" + "00" * 31,
    "01" + "00" * 30 + "80",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ec" + "ff" * 30 + "7f",
    "ec" + "ff" * 31,
    "ed" + "ff" * 30 + "7f",
    "ed" + "ff" * 31,
    "ee" + "ff" * 30 + "7f",
    "ee" + "ff" * 31,
]
WITNESS_SECRET = r.sha256(b"witness")
WITNESS = c.Key("witness.example/w1", c.WITNESS, ed25519.public_key(WITNESS_SECRET))
ORIGIN = c.origin_of(r.workspace_id(GENESIS))
OWN = [c.Key(ORIGIN, c.LOG, key) for key in KEYS]
TIME = 1763726400


# --------------------------------------------------------------------------- notes.json


def note_cases():
    about = "Signatures, keys for verifiers, and signed notes."
    cases = Cases("notes.json", "checkpoints.md", about)
    signatures(cases)
    verifier_keys(cases)
    notes(cases)
    refused_notes(cases)
    return cases


def signatures(cases):
    def inputs(key, message, signature):
        return {"operation": "signature", "key": key, "message": message, "signature": signature}

    def refuse(title, *parts):
        cases.refuse(f"signature, {title}", "SIG-1", "bad-signature", **inputs(*parts))

    known = [tuple(map(bytes.fromhex, vector)) for vector in RFC_8032]
    for number, parts in enumerate(known, 1):
        cases.accept(f"RFC 8032, TEST {number}", "SIG-1", **inputs(*parts))
    assert ed25519.sign(SECRETS[0], b"") == known[0][2]
    key, message, signature = known[1]
    for at in (0, 31, 32, 63):
        flipped = signature[:at] + bytes((signature[at] ^ 1,)) + signature[at + 1 :]
        refuse(f"byte {at} changed", key, message, flipped)
    refuse("another message", key, b"\x73", signature)
    refuse("a longer message", key, message + b"\x00", signature)
    refuse("another key", known[0][0], message, signature)
    scalar = int.from_bytes(signature[32:], "little")
    for factor in (1, 2):
        lifted = (scalar + factor * ed25519.L).to_bytes(32, "little")
        refuse(f"S and {factor} times the order", key, message, signature[:32] + lifted)
    for text in SMALL:
        point = bytes.fromhex(text)
        refuse(f"key {text}", point, b"", bytes((1,)) + bytes(63))
        refuse(f"key and R {text}", point, b"", point + bytes(32))
    mixed_orders(refuse)
    refuse("a key that is no point", b"\x02" + bytes(31), b"", signature)
    refuse("all bytes 255", b"\xff" * 32, b"", b"\xff" * 64)
    refuse("all bytes 0", bytes(32), b"", bytes(64))


def mixed_orders(refuse):
    """Right with a cofactor, or where points of small order are taken."""
    scalar, _ = ed25519.halves(SECRETS[0])
    torsion = ed25519.decode(bytes.fromhex(SMALL[4]))
    honest = ed25519.times(scalar, ed25519.BASE)
    nonce, message = 12345, b"mixed"
    for title, key, r_point in (
        ("R with a part of small order", honest, True),
        ("a key with a part of small order", ed25519.add(honest, torsion), False),
    ):
        point = ed25519.times(nonce, ed25519.BASE)
        point = ed25519.add(point, torsion) if r_point else point
        encoded_r, encoded_key = ed25519.encode(point), ed25519.encode(key)
        k = ed25519.number_of(encoded_r, encoded_key, message) % ed25519.L
        assert r_point or k % 8, "take another nonce"
        s = (nonce + k * scalar) % ed25519.L
        refuse(title, encoded_key, message, encoded_r + s.to_bytes(32, "little"))
    k = ed25519.number_of(bytes((1,)) + bytes(31), ed25519.encode(honest), message)
    s = k * scalar % ed25519.L
    zero = bytes((1,)) + bytes(31)
    refuse("R of order 1", ed25519.encode(honest), message, zero + s.to_bytes(32, "little"))


def verifier_keys(cases):
    def text(key):
        return {"operation": "key", "text": key.encode() if isinstance(key, str) else key}

    names = {"a": "one letter", "\u00fcber.example/x": "not ASCII", "k" * 255: "255 bytes"}
    good = {"PeterNeumann": PETER, "sum.golang.org": GO_SUM, "of a workspace": c.key_text(OWN[0])}
    good["of a witness"] = c.key_text(WITNESS)
    for name, title in names.items():
        good[f"named by {title}"] = c.key_text(c.Key(name, c.LOG, KEYS[0]))
    for title, key in good.items():
        cases.accept(f"key, {title}", "KEY-3", **text(key))

    def refuse(title, key, rule="KEY-3"):
        cases.refuse(f"key, {title}", rule, "bad-key", **text(key))

    # Two of the keys that the tests of sumdb/note refuse
    long = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="
    refuse("a key of 37 bytes", long)
    refuse("type 101", "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    for name in ("", "a b", "a\u00a0b", "a\u2003", "a\u0085", "a\tb", "a\x01", "k" * 256):
        text_of_key = c.key_text(c.Key(name, c.LOG, KEYS[0]))
        refuse(f"named {name[:8]!r}, {len(name)} letters", text_of_key, "KEY-1")
    data = PETER.encode()
    for at in range(len(data)):
        refuse(f"byte {at} changed", data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :])
        if at % 8 == 0:
            refuse(f"the first {at} bytes", data[:at])
    refuse("an id in capitals", PETER.replace("c74f", "C74F"))
    refuse("a byte more", data + b"\n")
    refuse("not UTF-8", b"\xff" + data)
    refuse("type 2", c.key_text(c.Key("a", 2, KEYS[0])))
    refuse("type 0", c.key_text(c.Key("a", 0, KEYS[0])))


def note_inputs(note, keys):
    data = note.encode() if isinstance(note, str) else note
    texts = [key if isinstance(key, str) else c.key_text(key) for key in keys]
    return {"operation": "note", "note": data, "keys": texts}


def own_note(text, *lines):
    return c.write_note(text, lines)


def notes(cases):
    def accept(title, rule, note, *keys):
        return cases.accept(f"note, {title}", rule, **note_inputs(note, keys))

    accept("sumdb/note's example", "NOTE-3", PETER_NOTE, PETER)
    accept("a head of the Go checksum database", "NOTE-3", GO_SUM_HEAD, GO_SUM)
    accept("with keys that did not sign", "NOTE-3", PETER_NOTE, GO_SUM, PETER, WITNESS)
    accept("the same line twice", "NOTE-3", PETER_NOTE + PETER_LINE, PETER)
    accept("100 lines", "NOTE-1", PETER_NOTE + PETER_LINE * 99, PETER)
    stranger = c.signed_line(PETER_TEXT, SECRETS[1], "stranger.example")
    line = c.signed_line(PETER_TEXT, SECRETS[0], "a")
    key = c.Key("a", c.LOG, KEYS[0])
    accept("a stranger, too", "NOTE-3", own_note(PETER_TEXT, stranger, line), key)
    other = line._replace(data=bytes(64), key_id=b"\x00\x00\x00\x01")
    accept("the name of a known key, another id", "NOTE-3", own_note(PETER_TEXT, other, line), key)
    other = line._replace(data=bytes(64), name="b")
    accept("the id of a known key, another name", "NOTE-3", own_note(PETER_TEXT, other, line), key)
    other = line._replace(data=bytes(4627), name="b")
    accept("a long signature of a stranger", "NOTE-3", own_note(PETER_TEXT, other, line), key)
    for text in ("\n", "a\n\nb\n", "\n\n\n", "\u00fcber\n", "a\n\u2014 b\n", "\u007f\u2028\n"):
        line = c.signed_line(text, SECRETS[0], "a")
        accept(f"text {text!r}", "NOTE-1", own_note(text, line), key)
    times = (0, 1, TIME, (1 << 63) - 1)
    for time in times:
        cosigned = c.signed_line(PETER_TEXT, WITNESS_SECRET, WITNESS.name, time)
        accept(f"cosigned at {time}", "KEY-2", own_note(PETER_TEXT, cosigned), WITNESS)


def refused_notes(cases):
    def refuse(title, rule, error, note, *keys):
        cases.refuse(f"note, {title}", rule, error, **note_inputs(note, keys or (PETER,)))

    bad = {
        "nothing": "",
        "only a text": PETER_TEXT,
        "no line": PETER_TEXT + "\n",
        "the last newline cut": PETER_NOTE[:-1],
        "a control": "\x01" + PETER_NOTE,
        "a carriage return": PETER_NOTE.replace("\n", "\r\n"),
        "a tab": PETER_NOTE.replace(" ", "\t", 1),
        "no empty line": PETER_TEXT + PETER_LINE,
        "an empty line at the end": PETER_NOTE + "\n",
        "a line of another form": PETER_NOTE + "Unexpected line.\n",
        "a hyphen": PETER_NOTE.replace("\u2014", "-"),
        "an en dash": PETER_NOTE.replace("\u2014", "\u2013"),
        "no name": PETER_NOTE.replace("PeterNeumann ", " "),
        "a name with a space": PETER_NOTE.replace("PeterNeumann", "Bad Name"),
        "a name with a plus": PETER_NOTE.replace("PeterNeumann", "Bad+Name"),
        "a name with a wide space": PETER_NOTE.replace("PeterNeumann", "Bad\u3000Name"),
        "a name of 256": PETER_NOTE.replace("PeterNeumann", "n" * 256),
        "two spaces": PETER_NOTE.replace("PeterNeumann ", "PeterNeumann  "),
        "base64 without padding": PETER_NOTE.replace("AM=\n", "AM\n"),
        "base64 with bits to spare": PETER_NOTE.replace("AM=\n", "AN=\n"),
        "base64 for addresses": PETER_NOTE.replace("go/Z", "go_Z"),
        "a space at the end": PETER_NOTE.replace("AM=\n", "AM= \n"),
        "only an id": f"{PETER_TEXT}\n\u2014 PeterNeumann x08gow==\n",
        "less than an id": f"{PETER_TEXT}\n\u2014 PeterNeumann x08g\n",
        "101 lines": PETER_NOTE + PETER_LINE * 100,
        "not UTF-8": b"\xff" + PETER_NOTE.encode(),
        "half a letter": PETER_NOTE.encode()[:-1] + b"\xc3\n",
        "1 MiB and a byte": "a" * ((1 << 20) + 1 - len(PETER_NOTE.encode())) + PETER_NOTE,
    }
    for title, note in bad.items():
        rule = "NOTE-2" if "name" in title or "id" in title.split() else "NOTE-1"
        refuse(title, rule, "bad-note", note)
    refuse("another text", "NOTE-3", "bad-signature", PETER_NOTE.replace("answer", "Answer"))
    wrong = PETER_LINE.replace("RyyBwJnAM=", "RyyBwJnBM=")
    for title, lines in {"first": wrong + PETER_LINE, "last": PETER_LINE + wrong}.items():
        bent = f"{PETER_TEXT}\n{lines}"
        refuse(f"a wrong signature {title}", "NOTE-3", "bad-signature", bent)
    refuse("keys of others", "NOTE-4", "unknown-key", PETER_NOTE, GO_SUM, WITNESS)
    cases.refuse("note, no key", "NOTE-4", "unknown-key", **note_inputs(PETER_NOTE, ()))
    line = c.signed_line(PETER_TEXT, SECRETS[0], "a")
    key = c.Key("a", c.LOG, KEYS[0])
    for length in (1, 63, 65, 72):
        bent = line._replace(data=(line.data * 2)[:length])
        refuse(f"{length} bytes", "KEY-2", "bad-signature", own_note(PETER_TEXT, bent), key)
    cosigned = c.signed_line(PETER_TEXT, WITNESS_SECRET, WITNESS.name, TIME)
    for title, data in {
        "another time": (TIME + 1).to_bytes(8, "big") + cosigned.data[8:],
        "a time above 2^63": (1 << 63).to_bytes(8, "big") + cosigned.data[8:],
        "no time": cosigned.data[8:],
        "a byte more": cosigned.data + b"\x00",
        "4 bytes": cosigned.data[:4],
    }.items():
        bent = own_note(PETER_TEXT, cosigned._replace(data=data))
        refuse(f"cosigned, {title}", "KEY-2", "bad-signature", bent, WITNESS)
    high = c.signed_line(PETER_TEXT, WITNESS_SECRET, WITNESS.name, 1 << 63)
    refuse("cosigned at 2^63", "KEY-2", "bad-signature", own_note(PETER_TEXT, high), WITNESS)
    as_log = c.signed_line(PETER_TEXT, WITNESS_SECRET, WITNESS.name)
    bent = as_log._replace(key_id=c.key_id(WITNESS), data=bytes(8) + as_log.data)
    bent = own_note(PETER_TEXT, bent)
    refuse("a note signed as a cosignature", "KEY-2", "bad-signature", bent, WITNESS)


# --------------------------------------------------------------------------- checkpoints.json

OPERATIONS = [CREATED, *(commit(r.content_id(b"%d" % number)) for number in range(40))]
ENTRIES = [encoded(operation, number) for number, operation in enumerate(OPERATIONS)]
LEAVES = [r.leaf_hash(entry) for entry in ENTRIES]


def head(size, *secrets, origin=ORIGIN, root=None, cosigned=None):
    """A checkpoint of the first entries, signed by the keys of the workspace with these indexes."""
    root = r.log_root(LEAVES[:size]) if root is None else root
    text = c.checkpoint_text(origin, size, root)
    lines = [c.signed_line(text, SECRETS[index], origin) for index in secrets or (0,)]
    if cosigned is not None:
        lines.append(c.signed_line(text, WITNESS_SECRET, WITNESS.name, cosigned))
    return c.write_note(text, lines)


def signed(text):
    return c.write_note(text, [c.signed_line(text, SECRETS[0], ORIGIN)])


def checkpoint_cases():
    about = "Checkpoints, and proofs of entries and of growth."
    cases = Cases("checkpoints.json", "checkpoints.md", about)
    heads(cases)
    refused_heads(cases)
    entry_proofs(cases)
    growth_proofs(cases)
    return cases


def head_inputs(note, keys):
    texts = [key if isinstance(key, str) else c.key_text(key) for key in keys]
    return {"operation": "checkpoint", "checkpoint": note, "keys": texts}


def heads(cases):
    def accept(title, rule, note, *keys):
        cases.accept(f"checkpoint, {title}", rule, **head_inputs(note, keys))

    for size in (0, 1, 2, 40):
        accept(f"of {size} entries", "CHK-1", head(size), OWN[0])
    accept("of 2^63 entries", "CHK-2", head(1 << 63, root=bytes(32)), OWN[0])
    accept("by two keys, one known", "CHK-6", head(9, 0, 1), OWN[0])
    accept("by two keys, the other known", "CHK-6", head(9, 0, 1), OWN[1])
    accept("by two keys, both known", "CHK-6", head(9, 0, 1), OWN[1], OWN[0])
    accept("cosigned", "CHK-3", head(9, cosigned=TIME), OWN[0], WITNESS)
    accept("cosigned by somebody", "CHK-3", head(9, cosigned=TIME), OWN[0])
    other = c.Key("log.example", c.LOG, KEYS[1])
    accept("with a key of another log", "CHK-3", head(9), other, OWN[0])
    foreign = head(9, origin="log.example")
    accept("of another kind of log", "CHK-3", foreign, c.Key("log.example", c.LOG, KEYS[0]))


def refused_heads(cases):
    def refuse(title, rule, error, note, *keys):
        inputs = head_inputs(note, keys or (OWN[0],))
        cases.refuse(f"checkpoint, {title}", rule, error, **inputs)

    root = r.log_root(LEAVES[:9])
    good = c.checkpoint_text(ORIGIN, 9, root)
    last = good.split("\n")[2]
    bad = {
        "an extension line": good + "state\n",
        "an empty line after it": good + "\n",
        "two lines": f"{ORIGIN}\n9\n",
        "no origin": f"\n9\n{last}\n",
        "size 09": good.replace("\n9\n", "\n09\n"),
        "size +9": good.replace("\n9\n", "\n+9\n"),
        "size -9": good.replace("\n9\n", "\n-9\n"),
        "size 9.0": good.replace("\n9\n", "\n9.0\n"),
        "size 0x9": good.replace("\n9\n", "\n0x9\n"),
        "size empty": good.replace("\n9\n", "\n\n"),
        "size and a space": good.replace("\n9\n", "\n9 \n"),
        "size in other digits": good.replace("\n9\n", "\n\u0669\n"),
        "size 2^63 and 1": good.replace("\n9\n", f"\n{(1 << 63) + 1}\n"),
        "size 2^64": good.replace("\n9\n", f"\n{1 << 64}\n"),
        "a root of 31 bytes": c.checkpoint_text(ORIGIN, 9, root[:31]),
        "a root of 33 bytes": c.checkpoint_text(ORIGIN, 9, root + b"\x00"),
        "a root without padding": good.replace("=\n", "\n"),
        "a root in digits": f"{ORIGIN}\n9\n{root.hex()}\n",
    }
    for title, text in bad.items():
        refuse(title, "CHK-2", "bad-note", signed(text))
    refuse("no note", "NOTE-1", "bad-note", good.encode())
    note = head(9)
    for title, bent in {
        "another size": note.replace(b"\n9\n", b"\n8\n"),
        "another root": note.replace(last.encode(), c.encode_base64(bytes(32)).encode()),
        "the signature of another size": head(8).replace(b"\n8\n", b"\n9\n"),
    }.items():
        refuse(title, "CHK-3", "bad-signature", bent)
    refuse("one of two keys wrong", "CHK-3", "bad-signature", wrong_second(), OWN[0], OWN[1])
    refuse("of another workspace", "CHK-3", "other-origin", head(9, origin=c.origin_of(bytes(32))))
    refuse("signed under another name", "CHK-3", "unknown-key", renamed(good))
    refuse("by a key that is not known", "CHK-3", "unknown-key", head(9, 1))
    refuse("by a key that was revoked", "CHK-7", "unknown-key", head(9, 0), OWN[1])
    refuse("only cosigned", "CHK-3", "unknown-key", head(9, 1, cosigned=TIME), OWN[0], WITNESS)
    refuse("only witnesses known", "CHK-3", "unknown-key", head(9, cosigned=TIME), WITNESS)
    known = GO_SUM_HEAD.encode()
    refuse("of a log whose key has another name", "CHK-3", "other-origin", known, GO_SUM)
    swapped = head(9, cosigned=TIME).replace(b"\n9\n", b"\n8\n")
    refuse("cosigned, another size", "CHK-3", "bad-signature", swapped, OWN[0], WITNESS)


def wrong_second():
    read = c.read_note(head(9, 0, 1))
    other = c.read_note(head(8, 0, 1))
    return c.write_note(read.text, [read.lines[0], other.lines[1]])


def renamed(text):
    return c.write_note(text, [c.signed_line(text, SECRETS[0], "log.example")])


def entry_inputs(proof, **more):
    return {"operation": "entry", "proof": proof, **more}


def entry_proof(number, size, **bent):
    parts = {
        "entry": ENTRIES[number],
        "index": number,
        "hashes": r.prove_inclusion(LEAVES[:size], number),
        "checkpoint": head(size),
        **bent,
    }
    return c.write_entry_proof(**parts)


def entry_proofs(cases):
    places = ((0, 1), (0, 2), (1, 2), (3, 7), (6, 7), (8, 9), (0, 40), (39, 40), (31, 33))
    for index, size in places:
        title = f"entry {index} of {size}"
        cases.accept(title, "TLP-2", **entry_inputs(entry_proof(index, size)))
    bare = entry_proof(3, 7, entry=None)
    cases.accept("entry, the leaf known", "TLP-1", **entry_inputs(bare, leaf=LEAVES[3]))

    def refuse(title, rule, error, proof, **more):
        cases.refuse(f"entry, {title}", rule, error, **entry_inputs(proof, **more))

    refuse("not brought along", "TLP-2", "bad-proof", bare)
    refuse("another leaf", "TLP-2", "hash-mismatch", bare, leaf=LEAVES[4])
    good, hashes = entry_proof(3, 7), r.prove_inclusion(LEAVES[:7], 3)
    swapped = encoded(OPERATIONS[4], 3)
    swapped = entry_proof(3, 7, entry=swapped)
    refuse("another entry with its number", "TLP-2", "hash-mismatch", swapped)
    refuse("the next entry", "TLP-2", "wrong-number", entry_proof(3, 7, entry=ENTRIES[4]))
    refuse("the entry cut", "TLP-2", "truncated", entry_proof(3, 7, entry=ENTRIES[3][:-1]))
    refuse("the entry empty", "TLP-2", "truncated", entry_proof(3, 7, entry=b""))
    refuse("a hash less", "TLP-2", "bad-proof", entry_proof(3, 7, hashes=hashes[:-1]))
    refuse("a hash more", "TLP-2", "bad-proof", entry_proof(3, 7, hashes=hashes + [bytes(32)]))
    refuse("hashes swapped", "TLP-2", "hash-mismatch", entry_proof(3, 7, hashes=hashes[::-1]))
    for at in range(len(hashes)):
        bent = hashes[:at] + [bytes(32)] + hashes[at + 1 :]
        refuse(f"hash {at} changed", "TLP-2", "hash-mismatch", entry_proof(3, 7, hashes=bent))
    refuse("of a longer log", "TLP-2", "bad-proof", entry_proof(3, 7, checkpoint=head(9)))
    refuse("66 hashes", "TLP-1", "bad-proof", entry_proof(3, 7, hashes=[bytes(32)] * 66))
    refuse("65 hashes", "TLP-2", "bad-proof", entry_proof(3, 7, hashes=[bytes(32)] * 65))
    refuse("behind the end", "TLP-2", "wrong-number", entry_proof(3, 7, index=7))
    refuse("no checkpoint", "NOTE-1", "bad-note", entry_proof(3, 7, checkpoint=b""))
    first, _, rest = good.partition(b"\n")
    extra, _, after = rest.partition(b"\n")
    for title, bent in {
        "nothing": b"",
        "version 2": good.replace(b"@v1", b"@v2", 1),
        "no title": rest,
        "only a title": first + b"\n",
        "two entries": first + b"\n" + extra + b"\n" + rest,
        "the index first": first + b"\n" + after.replace(b"\n", b"\n" + extra + b"\n", 1),
        "no index": first + b"\n" + extra + b"\n" + after.partition(b"\n")[2],
        "index 03": good.replace(b"index 3", b"index 03"),
        "index empty": good.replace(b"index 3", b"index "),
        "index -3": good.replace(b"index 3", b"index -3"),
        "two spaces": good.replace(b"index 3", b"index  3"),
        "carriage returns": good.replace(b"\n", b"\r\n"),
        "base64 without padding": good.replace(b"=\n", b"\n", 1),
        "a hash of 31 bytes": entry_proof(3, 7, hashes=[bytes(31)]),
        "a byte before it": b"\n" + good,
        "not UTF-8": good.replace(b"index", b"\xff", 1),
        "cut": good[:120],
    }.items():
        refuse(title, "TLP-1", "bad-proof", bent)


def growth_inputs(proof, before):
    return {"operation": "growth", "proof": proof, "before": before}


def growth_proof(start, size, **bent):
    hashes = r.prove_consistency(LEAVES[:size], start)
    parts = {"old": start, "hashes": hashes, "checkpoint": head(size), **bent}
    return c.write_growth_proof(**parts)


def growth_proofs(cases):
    for old, size in ((0, 7), (1, 2), (4, 7), (5, 7), (7, 7), (32, 40), (33, 40)):
        title = f"growth from {old} to {size}"
        inputs = growth_inputs(growth_proof(old, size), head(old))
        cases.accept(title, "TLP-3", **inputs)

    def refuse(title, rule, error, proof, before=None):
        inputs = growth_inputs(proof, head(5) if before is None else before)
        cases.refuse(f"growth, {title}", rule, error, **inputs)

    good, hashes = growth_proof(5, 7), r.prove_consistency(LEAVES[:7], 5)
    fork = head(5, root=r.sha256(b"fork"))
    refuse("from a fork", "CHK-8", "hash-mismatch", good, fork)
    refuse("equal sizes, a fork", "CHK-8", "hash-mismatch", growth_proof(5, 5), fork)
    into = growth_proof(5, 7, checkpoint=head(7, root=bytes(32)))
    refuse("into a fork", "CHK-8", "hash-mismatch", into)
    back = growth_proof(5, 5, old=7, checkpoint=head(5))
    refuse("backwards", "CHK-8", "bad-proof", back, head(7))
    refuse("from another size", "TLP-3", "bad-proof", good, head(4))
    refuse("of another log", "TLP-3", "other-origin", good, head(5, origin="log.example"))
    for at in range(len(hashes)):
        bent = hashes[:at] + [bytes(32)] + hashes[at + 1 :]
        refuse(f"hash {at} changed", "TLP-3", "hash-mismatch", growth_proof(5, 7, hashes=bent))
    refuse("a hash less", "TLP-3", "bad-proof", growth_proof(5, 7, hashes=hashes[:-1]))
    refuse("a hash more", "TLP-3", "bad-proof", growth_proof(5, 7, hashes=hashes + [bytes(32)]))
    refuse("66 hashes", "TLP-1", "bad-proof", growth_proof(5, 7, hashes=[bytes(32)] * 66))
    for title, bent in {
        "nothing": b"",
        "new": good.replace(b"old", b"new", 1),
        "old 05": good.replace(b"old 5", b"old 05"),
        "old empty": good.replace(b"old 5", b"old "),
        "no empty line": good.replace(b"\n\n", b"\n", 1),
        "base64 without padding": good.replace(b"=\n", b"\n", 1),
    }.items():
        refuse(title, "TLP-1", "bad-proof", bent)
    refuse("no checkpoint", "NOTE-1", "bad-note", growth_proof(5, 7, checkpoint=b""))


FILES = [note_cases, checkpoint_cases]
