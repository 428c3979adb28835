"""Notes, keys, checkpoints and the proofs that stand on them, from docs/spec/checkpoints.md."""

import base64
import binascii
from collections import namedtuple

import ed25519
import reference as r

NOTE_MOST = 1 << 20  # [LIM-23]
SIGNATURES_MOST = 100  # [LIM-24]
KEY_NAME_MOST = 255  # [LIM-25]
HASHES_MOST = 65
SIZE_MOST = 1 << 63
ORIGIN = "markerbed.dev/v1/"
DASH = "\u2014 "
LOG, WITNESS = 1, 4
# White_Space of Unicode, but for the controls that no name has
SPACES = {chr(code) for code in (0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)}
SPACES |= {chr(code) for code in range(0x2000, 0x200B)}

Key = namedtuple("Key", "name type public")
Line = namedtuple("Line", "name key_id data")
Note = namedtuple("Note", "text lines")
Checkpoint = namedtuple("Checkpoint", "origin size root note")
EntryProof = namedtuple("EntryProof", "entry index hashes checkpoint")
GrowthProof = namedtuple("GrowthProof", "old hashes checkpoint")


def decode_base64(text, code):
    """In its one form."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise r.Refused(code) from None
    r.require(encode_base64(data) == text, code)
    return data


def encode_base64(data):
    return base64.b64encode(data).decode("ascii")


def decode_text(data, code):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise r.Refused(code) from None


# --------------------------------------------------------------------------- keys


def is_name(name):
    """[KEY-1]"""
    if not 1 <= len(name.encode("utf-8")) <= KEY_NAME_MOST:
        return False
    return all(letter not in SPACES and letter != "+" and letter >= " " for letter in name)


def key_id(key):
    """[KEY-2]"""
    return r.sha256(key.name.encode("utf-8") + b"\n" + bytes((key.type,)) + key.public)[:4]


def key_text(key):
    """[KEY-3]"""
    return f"{key.name}+{key_id(key).hex()}+{encode_base64(bytes((key.type,)) + key.public)}"


def read_key(data):
    """[KEY-3]"""
    parts = decode_text(data, "bad-key").split("+", 2)
    r.require(len(parts) == 3 and is_name(parts[0]), "bad-key")
    material = decode_base64(parts[2], "bad-key")
    r.require(len(material) == 33 and material[0] in (LOG, WITNESS), "bad-key")
    key = Key(parts[0], material[0], material[1:])
    r.require(key_id(key).hex() == parts[1], "bad-key")
    return key


# --------------------------------------------------------------------------- notes


def read_note(data):
    """[NOTE-1, NOTE-2]"""
    r.require(len(data) <= NOTE_MOST, "bad-note")
    note = decode_text(data, "bad-note")
    r.require(all(letter >= " " or letter == "\n" for letter in note), "bad-note")
    text, found, lines = note.rpartition("\n\n")
    r.require(found and lines.endswith("\n"), "bad-note")
    lines = lines[:-1].split("\n")
    r.require(len(lines) <= SIGNATURES_MOST, "bad-note")
    return Note(text + "\n", [read_line(line) for line in lines])


def read_line(line):
    r.require(line.startswith(DASH), "bad-note")
    name, found, data = line[len(DASH) :].partition(" ")
    r.require(found and is_name(name), "bad-note")
    data = decode_base64(data, "bad-note")
    r.require(len(data) > 4, "bad-note")
    return Line(name, data[:4], data[4:])


def write_note(text, lines):
    lines = [f"{DASH}{line.name} {encode_base64(line.key_id + line.data)}\n" for line in lines]
    return (text + "\n" + "".join(lines)).encode("utf-8")


def signed_line(text, secret, name, time=None):
    """A line of type 01, or of type 04 with a time."""
    public = ed25519.public_key(secret)
    if time is None:
        key, data = Key(name, LOG, public), ed25519.sign(secret, text.encode("utf-8"))
    else:
        key = Key(name, WITNESS, public)
        signature = ed25519.sign(secret, cosigned(text, time))
        data = time.to_bytes(8, "big") + signature
    return Line(name, key_id(key), data)


def cosigned(text, time):
    return f"cosignature/v1\ntime {time}\n{text}".encode("utf-8")


def signers(note, keys):
    """The known keys that signed, each once with its time or none [NOTE-3, NOTE-4]."""
    found = []
    for line in note.lines:
        known = [key for key in keys if (key.name, key_id(key)) == (line.name, line.key_id)]
        if not known:
            continue
        signer = known[0], check_line(note.text, line, known[0])
        if signer[0] not in [key for key, _ in found]:
            found.append(signer)
    r.require(found, "unknown-key")
    return found


def check_line(text, line, key):
    time, signature, message = None, line.data, text.encode("utf-8")
    if key.type == WITNESS:
        time, signature = int.from_bytes(line.data[:8], "big"), line.data[8:]
        r.require(len(line.data) >= 8 and time < 1 << 63, "bad-signature")
        message = cosigned(text, time)
    r.require(ed25519.is_signature(key.public, message, signature), "bad-signature")
    return time


# --------------------------------------------------------------------------- checkpoints


def origin_of(workspace):
    """[CHK-1]"""
    return ORIGIN + workspace.hex()


def checkpoint_text(origin, size, root):
    return f"{origin}\n{size}\n{encode_base64(root)}\n"


def read_number(text, code):
    r.require(text.isascii() and text.isdigit(), code)
    r.require(text == "0" or text[0] != "0", code)
    r.require(int(text) <= SIZE_MOST, code)
    return int(text)


def read_checkpoint(data):
    """[CHK-2]"""
    note = read_note(data)
    lines = note.text.split("\n")
    r.require(len(lines) == 4 and lines[0], "bad-note")
    size, root = read_number(lines[1], "bad-note"), decode_base64(lines[2], "bad-note")
    r.require(len(root) == 32, "bad-note")
    return Checkpoint(lines[0], size, root, note)


def believe(checkpoint, keys):
    """The keys of the log that signed, and the witnesses with their times [CHK-3]."""
    logs = [key for key in keys if key.type == LOG]
    r.require(not logs or any(key.name == checkpoint.origin for key in logs), "other-origin")
    found = signers(checkpoint.note, keys)
    of_log = [key for key, time in found if time is None and key.name == checkpoint.origin]
    r.require(of_log, "unknown-key")
    return of_log, [(key, time) for key, time in found if time is not None]


# --------------------------------------------------------------------------- proof files

TITLE, EXTRA, INDEX, OLD = "c2sp.org/tlog-proof@v1\n", "extra ", "index ", "old "


def take_line(text):
    line, found, rest = text.partition("\n")
    r.require(found, "bad-proof")
    return line, rest


def take_hashes(text):
    hashes = []
    while True:
        line, text = take_line(text)
        if not line:
            return hashes, text
        hashes.append(decode_base64(line, "bad-proof"))
        r.require(len(hashes[-1]) == 32 and len(hashes) <= HASHES_MOST, "bad-proof")


def read_entry_proof(data):
    """[TLP-1]"""
    r.require(len(data) <= r.PROOF_MOST, "bad-proof")
    text = decode_text(data, "bad-proof")
    r.require(text.startswith(TITLE), "bad-proof")
    entry, text = None, text[len(TITLE) :]
    if text.startswith(EXTRA):
        line, text = take_line(text)
        entry = decode_base64(line[len(EXTRA) :], "bad-proof")
    line, text = take_line(text)
    r.require(line.startswith(INDEX), "bad-proof")
    hashes, text = take_hashes(text)
    index = read_number(line[len(INDEX) :], "bad-proof")
    return EntryProof(entry, index, hashes, read_checkpoint(text.encode("utf-8")))


def read_growth_proof(data):
    """[TLP-1]"""
    r.require(len(data) <= r.PROOF_MOST, "bad-proof")
    line, text = take_line(decode_text(data, "bad-proof"))
    r.require(line.startswith(OLD), "bad-proof")
    hashes, text = take_hashes(text)
    old = read_number(line[len(OLD) :], "bad-proof")
    return GrowthProof(old, hashes, read_checkpoint(text.encode("utf-8")))


def check_entry(proof):
    """[TLP-2]"""
    r.require(proof.entry is not None, "bad-proof")
    entry = r.decode_ledger_entry(proof.entry)
    r.require(entry.number == proof.index, "wrong-number")
    check_leaf(proof, r.leaf_hash(proof.entry))
    return entry


def check_leaf(proof, leaf):
    size, root = proof.checkpoint.size, proof.checkpoint.root
    r.verify_inclusion(size, proof.index, leaf, proof.hashes, root)


def check_growth(proof, before):
    """[TLP-3]"""
    now = proof.checkpoint
    r.require(before.origin == now.origin, "other-origin")
    r.require(before.size == proof.old, "bad-proof")
    r.verify_consistency(before.size, now.size, before.root, now.root, proof.hashes)


def write_hashes(hashes):
    return "".join(encode_base64(one) + "\n" for one in hashes) + "\n"


def write_entry_proof(entry, index, hashes, checkpoint):
    extra = "" if entry is None else f"{EXTRA}{encode_base64(entry)}\n"
    return f"{TITLE}{extra}{INDEX}{index}\n{write_hashes(hashes)}".encode("ascii") + checkpoint


def write_growth_proof(old, hashes, checkpoint):
    return f"{OLD}{old}\n{write_hashes(hashes)}".encode("ascii") + checkpoint
