"""What vectors of ledgers are made of."""

import ed25519
import reference as r

FIRST_KEY = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
GENESIS = r.Genesis(bytes(range(32)), FIRST_KEY)
AGENT, REQUEST = bytes(range(16)), bytes(range(16, 32))
A, B, C, D = (r.content_id(b"snapshot %d" % number) for number in range(4))
TIME = 1763726400000
OTHER, THIRD = bytes([0xAA] * 16), bytes([0xBB] * 16)


def entry(operation, number=0, time=TIME, request=REQUEST, agent=AGENT):
    return r.LedgerEntry(number, time, agent, request, operation)


def encoded(operation, number=0, agent=AGENT):
    return r.encode_ledger_entry(entry(operation, number, agent=agent))


def commit(snapshot, name=None, source=None):
    return r.Committed(snapshot, None if name is None else r.Move(name, source))


CREATED = r.Created(GENESIS)
# The secret of RFC 8032 §7.1 TEST 1, whose public half is FIRST_KEY, and others
SECRETS = [
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
    *(r.sha256(b"secret %d" % number) for number in range(1, 4)),
]
KEYS = [ed25519.public_key(secret) for secret in SECRETS]
assert KEYS[0] == FIRST_KEY


def rotate(out, by, at, **other):
    """The key with the index `by` takes over from the one with the index `out` in entry `at`."""
    signed = {"old": KEYS[out], "workspace": r.workspace_id(GENESIS), "number": at, **other}
    signature = ed25519.sign(SECRETS[by], r.rotation_message(**signed))
    return r.KeyRotated(KEYS[out], KEYS[by], signature)
