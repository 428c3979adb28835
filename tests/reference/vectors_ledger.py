"""Vectors of ledger.md."""

import ed25519
import reference as r
from vector_cases import Cases

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


# --------------------------------------------------------------------------- workspaces.json


def workspace_cases():
    cases = Cases("workspaces.json", "ledger.md", "Genesis objects and the WorkspaceId of each.")
    data = r.encode_genesis(GENESIS)
    cases.accept("plain", "WS-1", bytes=data)
    cases.accept("all zero", "WS-1", bytes=b"\x01" + bytes(64))
    cases.accept("another nonce", "WS-1", bytes=b"\x01" + bytes([255] * 32) + FIRST_KEY)
    for number in (0, 2, 128):
        bent = r.varint(number) + data[1:]
        cases.refuse(f"format {number}", "ENC-7", "unsupported-format", bytes=bent)
    cases.refuse("nothing", "ENC-4", "truncated", bytes=b"")
    cases.refuse("only a format", "ENC-4", "truncated", bytes=b"\x01")
    cases.refuse("without its last byte", "ENC-4", "truncated", bytes=data[:-1])
    cases.refuse("and a byte", "ENC-8", "trailing-bytes", bytes=data + b"\x00")
    cases.refuse("format overlong", "ENC-5", "overlong-varint", bytes=b"\x81\x00" + data[1:])
    cases.refuse("format alone and unknown", "ENC-4", "unsupported-format", bytes=b"\x02")
    return cases


# --------------------------------------------------------------------------- entries.json


def entry_cases():
    cases = Cases("entries.json", "ledger.md", "Ledger entries and their leaf hashes.")
    operations = {
        "workspace created": CREATED,
        "snapshot committed": commit(A),
        "snapshot committed, a new ref": commit(A, b"main"),
        "snapshot committed, a ref moved": commit(A, b"main", B),
        "snapshot committed, the ref stays at it": commit(A, b"main", A),
        "ref set": r.RefMoved(b"main", None, A),
        "ref moved": r.RefMoved(b"main", A, B),
        "ref removed": r.RefMoved(b"main", A, None),
        "ref name of 255": r.RefMoved(b"r" * 255, None, A),
        "ref name not ASCII": r.RefMoved("\u00fcber".encode(), None, A),
        "state": r.Stated(A),
        "key rotated": r.KeyRotated(FIRST_KEY, KEYS[1], bytes(range(64))),
        **{f"key revoked, reason {at}": r.KeyRevoked(FIRST_KEY, at) for at in r.REASONS},
        "grant": r.Granted(OTHER, 1, b""),
        "grant of every role, admin": r.Granted(OTHER, 4, b"docs/internal"),
        "grant, path of 1,024": r.Granted(OTHER, 2, b"p" * 1024),
        "grant, path not UTF-8": r.Granted(OTHER, 3, b"a/\xff"),
        "revoke": r.Revoked(OTHER, b""),
        "revoke, a path": r.Revoked(OTHER, b"docs/internal"),
    }
    for title, operation in operations.items():
        rules = {r.RefMoved: "LED-2", r.Granted: "GRANT-1", r.Revoked: "GRANT-1"}
        rule = rules.get(type(operation), "LOG-1")
        cases.accept(title, rule, bytes=encoded(operation, 7))
    for number in (0, 127, 128, r.U64_MOST):
        cases.accept(f"number {number}", "LOG-1", bytes=encoded(commit(A), number))
    for time in (0, -1, -(1 << 63), (1 << 63) - 1):
        data = r.encode_ledger_entry(entry(commit(A), 7, time))
        cases.accept(f"time {time}", "LOG-1", bytes=data)
    refused_entries(cases)
    refused_operations(cases)
    return cases


def refused_entries(cases):
    data = encoded(commit(A, b"main", B), 7)

    def refuse(title, rule, error, bent):
        cases.refuse(title, rule, error, bytes=bent)

    refuse("nothing", "ENC-4", "truncated", b"")
    for number in (0, 2, 128):
        refuse(f"format {number}", "ENC-7", "unsupported-format", r.varint(number) + data[1:])
    refuse("without its last byte", "ENC-4", "truncated", data[:-1])
    refuse("and a byte", "ENC-8", "trailing-bytes", data + b"\x00")
    refuse("number overlong", "ENC-5", "overlong-varint", b"\x01\x87\x00" + data[2:])
    large = b"\x01" + bytes([128] * 9) + b"\x02"
    refuse("number of 65 bits", "ENC-5", "number-too-large", large)
    refuse("cut in the agent", "ENC-4", "truncated", data[:12])
    refuse("16,385 bytes", "LED-1", "out-of-range", data + bytes(16385 - len(data)))
    refuse("16,384 bytes", "ENC-8", "trailing-bytes", data + bytes(16384 - len(data)))
    refuse("16,385 bytes of another format", "ENC-3", "out-of-range", b"\x02" + bytes(16384))


def refused_operations(cases):
    head = r.encode_ledger_entry(entry(r.Stated(A), 7))[:-33]

    def refuse(title, rule, error, fields):
        cases.refuse(title, rule, error, bytes=head + fields)

    refuse("no operation", "ENC-4", "truncated", b"")
    for tag in (0, 4, 7, 8, 9, 10, 11, 12, 13, 14, 18, 255):
        refuse(f"operation {tag}", "ENC-7", "unsupported-format", bytes((tag,)))
    genesis = r.encode_genesis(GENESIS)
    refuse("genesis of format 2", "ENC-7", "unsupported-format", b"\x01\x02" + genesis[1:])
    refuse("genesis cut", "ENC-4", "truncated", b"\x01" + genesis[:-1])
    refuse("committed, flag 2", "ENC-6", "bad-flag", b"\x05" + A + b"\x02")
    refuse("committed, move cut", "ENC-4", "truncated", b"\x05" + A + b"\x01")
    refuse("committed, from flag 2", "ENC-6", "bad-flag", b"\x05" + A + b"\x01\x01r\x02")
    names = {
        "empty": (b"", "out-of-range"),
        "256 bytes": (b"r" * 256, "out-of-range"),
        "not UTF-8": (b"\xff", "bad-utf8"),
        "a control": (b"a\x07", "bad-text"),
    }
    for title, (name, error) in names.items():
        move = b"\x05" + A + b"\x01" + r.sized(name) + b"\x00"
        refuse(f"committed, ref name {title}", "NAME-5", error, move)
        moved = b"\x06" + r.sized(name) + b"\x00\x01" + A
        refuse(f"ref moved, ref name {title}", "NAME-5", error, moved)
    equal = {"equal": r.optional(A) * 2, "both none": b"\x00\x00"}
    for title, places in equal.items():
        refuse(f"ref moved, {title}", "LED-2", "out-of-range", b"\x06\x01r" + places)
        longer = b"\x06\x01r" + places + b"\x00"
        refuse(f"ref moved, {title}, and a byte", "ENC-8", "trailing-bytes", longer)
    refuse("ref moved, to flag 3", "ENC-6", "bad-flag", b"\x06\x01r\x00\x03")
    refuse("key rotated, cut", "ENC-4", "truncated", b"\x0f" + bytes(127))
    refuse("key rotated, and a byte", "ENC-8", "trailing-bytes", b"\x0f" + bytes(129))
    refuse("key revoked, no reason", "ENC-4", "truncated", b"\x10" + A)
    for reason in (0, 4, 255):
        fields = b"\x10" + A + bytes((reason,))
        refuse(f"key revoked, reason {reason}", "LED-6", "unsupported-format", fields)
    refuse("key revoked, and a byte", "ENC-8", "trailing-bytes", b"\x10" + A + b"\x01\x00")
    refused_grants(refuse)
    refuse("state cut", "ENC-4", "truncated", b"\x11" + A[:31])
    refuse("state and a byte", "ENC-8", "trailing-bytes", b"\x11" + A + b"\x00")


def refused_grants(refuse):
    for tag, role in ((2, b"\x01"), (3, b"")):
        head = bytes((tag,)) + OTHER + role
        refuse(f"operation {tag}, no path", "ENC-4", "truncated", head)
        refuse(f"operation {tag}, agent cut", "ENC-4", "truncated", head[:16])
        refuse(f"operation {tag}, path cut", "ENC-4", "truncated", head + b"\x02a")
        refuse(f"operation {tag}, and a byte", "ENC-8", "trailing-bytes", head + b"\x00\x00")
        long = r.sized(b"p" * 1025)
        refuse(f"operation {tag}, path of 1,025", "GRANT-1", "out-of-range", head + long)
        paths = {"slash first": b"/a", "slash last": b"a/", "dots": b"a/..", "NUL": b"a\x00"}
        for title, path in paths.items():
            fields = head + r.sized(path)
            error = "out-of-range" if title.startswith("slash") else "bad-name"
            refuse(f"operation {tag}, path with {title}", "GRANT-1", error, fields)
    for role in (0, 5, 255):
        fields = b"\x02" + OTHER + bytes((role,)) + b"\x00"
        refuse(f"grant, role {role}", "GRANT-2", "unsupported-format", fields)


# --------------------------------------------------------------------------- state.json


def state_after(operations):
    state = r.State()
    for number, operation in enumerate(operations):
        state.apply(entry(operation, number))
    return r.Stated(state.id())


def state_cases():
    about = "Entries applied in order: the StateId after each, or the first that is refused."
    cases = Cases("state.json", "ledger.md", about)

    def inputs(operations):
        return {"entries": [encoded(operation, at) for at, operation in enumerate(operations)]}

    base = [CREATED, commit(A), commit(B, b"main")]
    good = {
        "nothing": ("STATE-2", []),
        "created": ("APPLY-2", [CREATED]),
        "numbers from 0": ("APPLY-1", [CREATED, commit(D)]),
        "a snapshot": ("APPLY-3", base[:2]),
        "two snapshots": ("APPLY-3", [CREATED, commit(A), commit(B)]),
        "two snapshots in the other order": ("APPLY-3", [CREATED, commit(B), commit(A)]),
        "a snapshot and a ref": ("APPLY-3", base),
        "a ref follows snapshots": (
            "APPLY-3",
            base + [commit(C, b"main", B), commit(D, b"main", C)],
        ),
        "two refs": ("APPLY-3", base + [commit(C, b"other")]),
        "a ref set": ("APPLY-4", base + [r.RefMoved(b"old", None, A)]),
        "a ref moved back": ("APPLY-4", base + [r.RefMoved(b"main", B, A)]),
        "a ref removed": ("APPLY-4", base + [r.RefMoved(b"main", B, None)]),
        "a ref removed and set again": (
            "APPLY-4",
            base + [r.RefMoved(b"main", B, None), r.RefMoved(b"main", None, A)],
        ),
        "state at the start": ("APPLY-5", [CREATED, state_after([CREATED])]),
        "state after others": ("APPLY-5", base + [state_after(base)]),
        "state twice": ("APPLY-5", base + [state_after(base)] * 2),
        "state, then more": ("APPLY-5", base + [state_after(base), commit(C)]),
    }
    turned = [CREATED, rotate(0, 1, 1)]
    good.update(
        {
            "a key rotated": ("APPLY-6", turned),
            "a key rotated, entry 200": ("LED-5", [CREATED] + commits(199) + [rotate(0, 1, 200)]),
            "a key rotated twice": ("APPLY-6", turned + [rotate(1, 2, 2)]),
            "a key revoked": ("APPLY-7", turned + [r.KeyRevoked(KEYS[0], 3)]),
            "two keys revoked": (
                "APPLY-7",
                turned + [rotate(1, 2, 2), r.KeyRevoked(KEYS[1], 1), r.KeyRevoked(KEYS[0], 2)],
            ),
            "state after keys": (
                "APPLY-5",
                turned
                + [r.KeyRevoked(KEYS[0], 3), state_after(turned + [r.KeyRevoked(KEYS[0], 1)])],
            ),
        }
    )
    for title, (rule, operations) in good.items():
        cases.accept(title, rule, **inputs(operations))
    many = [CREATED] + [commit(r.content_id(b"%d" % number)) for number in range(140)]
    outcome = cases.accept("140 snapshots, a map of two levels", "STATE-1", **inputs(many))
    assert outcome["state_ids"][-1] == state_after(many).state.hex()
    other = [r.Created(r.Genesis(bytes(32), FIRST_KEY))]
    cases.accept("another nonce, the same state", "STATE-3", **inputs(other))
    two_times = [r.encode_ledger_entry(entry(CREATED, 0, 5)), encoded(commit(A), 1)]
    cases.accept("another time, the same state", "STATE-3", entries=two_times)
    refused_states(cases, inputs, base)
    grant_states(cases)
    return cases


def refused_states(cases, inputs, base):
    refused = {
        "first not created": ("APPLY-1", "not-genesis", [commit(A)]),
        "first is a state": ("APPLY-1", "not-genesis", [state_after([])]),
        "created twice": ("APPLY-1", "not-genesis", [CREATED, CREATED]),
        "created at the end": ("APPLY-1", "not-genesis", base + [CREATED]),
        "a snapshot twice": ("APPLY-3", "already-recorded", base + [commit(A)]),
        "a snapshot twice, and a wrong move": (
            "APPLY-3",
            "already-recorded",
            base + [commit(A, b"main", D)],
        ),
        "committed, the ref is there": ("APPLY-3", "ref-conflict", base + [commit(C, b"main")]),
        "committed, the ref is elsewhere": (
            "APPLY-3",
            "ref-conflict",
            base + [commit(C, b"main", A)],
        ),
        "committed, no such ref": ("APPLY-3", "ref-conflict", base + [commit(C, b"x", A)]),
        "committed, from the snapshot itself": (
            "APPLY-3",
            "ref-conflict",
            base + [commit(C, b"main", C)],
        ),
        "ref to what was never committed": (
            "APPLY-4",
            "unknown-snapshot",
            base + [r.RefMoved(b"main", B, D)],
        ),
        "ref to nowhere from elsewhere": (
            "APPLY-4",
            "unknown-snapshot",
            base + [r.RefMoved(b"main", A, D)],
        ),
        "ref moved, it is elsewhere": (
            "APPLY-4",
            "ref-conflict",
            base + [r.RefMoved(b"main", A, B)],
        ),
        "ref set, it is there": ("APPLY-4", "ref-conflict", base + [r.RefMoved(b"main", None, A)]),
        "ref removed, no such ref": ("APPLY-4", "ref-conflict", base + [r.RefMoved(b"x", A, None)]),
        "ref removed twice": ("APPLY-4", "ref-conflict", base + [r.RefMoved(b"main", B, None)] * 2),
        "another state": ("APPLY-5", "wrong-state", base + [r.Stated(A)]),
        "the state one entry late": ("APPLY-5", "wrong-state", base + [state_after(base[:2])]),
        "a state of nothing": ("APPLY-5", "wrong-state", [CREATED, state_after([])]),
    }
    for title, (rule, error, operations) in refused.items():
        cases.refuse(title, rule, error, **inputs(operations))
    refused_keys(cases, inputs)
    numbers = {"a number twice": (0, 0), "a number left out": (0, 2), "first number 1": (1,)}
    for title, wrong in numbers.items():
        entries = [encoded(commit(A) if at else CREATED, at) for at in wrong]
        cases.refuse(title, "APPLY-1", "wrong-number", entries=entries)
    entries = [encoded(CREATED), encoded(CREATED, 5)]
    cases.refuse("wrong number and created twice", "APPLY-1", "wrong-number", entries=entries)
    entries = [encoded(CREATED), encoded(r.RefMoved(b"r", A, A), 1)]
    cases.refuse("an entry that is malformed", "LED-2", "out-of-range", entries=entries)
    entries = [encoded(CREATED), encoded(commit(A), 1), encoded(commit(A), 2), b""]
    cases.refuse("more after the refused one", "APPLY-3", "already-recorded", entries=entries)


def commits(count):
    return [commit(r.content_id(b"%d" % number)) for number in range(count)]


def refused_keys(cases, inputs):
    turned = [CREATED, rotate(0, 1, 1)]
    revoked = turned + [r.KeyRevoked(KEYS[0], 3)]
    right = rotate(0, 1, 1)
    flipped = bytes((right.signature[0] ^ 1,)) + right.signature[1:]
    by_old = ed25519.sign(SECRETS[0], r.rotation_message(KEYS[0], r.workspace_id(GENESIS), 1))
    lifted = right.signature[:32] + (
        int.from_bytes(right.signature[32:], "little") + ed25519.L
    ).to_bytes(32, "little")
    lifted = right._replace(signature=lifted)
    weak = bytes((1,)) + bytes(31)
    refused = {
        "rotated, a key of nobody": ("foreign-key", [CREATED, rotate(2, 1, 1)]),
        "rotated, the old key is out": ("rotated-key", turned + [rotate(0, 2, 2)]),
        "rotated, the old key is revoked": ("revoked-key", revoked + [rotate(0, 2, 3)]),
        "rotated to itself": ("known-key", [CREATED, rotate(0, 0, 1)]),
        "rotated back": ("known-key", turned + [rotate(1, 0, 2)]),
        "rotated to a revoked key": ("known-key", revoked + [rotate(1, 0, 3)]),
        "rotated, a bit flipped": ("bad-signature", [CREATED, right._replace(signature=flipped)]),
        "rotated, signed by the old key": (
            "bad-signature",
            [CREATED, right._replace(signature=by_old)],
        ),
        "rotated, S above the order": ("bad-signature", [CREATED, lifted]),
        "rotated, for another number": ("bad-signature", [CREATED, rotate(0, 1, 1, number=2)]),
        "rotated, for another workspace": (
            "bad-signature",
            [CREATED, rotate(0, 1, 1, workspace=bytes(32))],
        ),
        "rotated, for another old key": ("bad-signature", [CREATED, rotate(0, 1, 1, old=KEYS[2])]),
        "rotated to a key of small order": (
            "bad-signature",
            [CREATED, r.KeyRotated(KEYS[0], weak, weak + bytes(32))],
        ),
        "rotated, an old key of nobody and a wrong signature": (
            "foreign-key",
            [CREATED, r.KeyRotated(KEYS[2], KEYS[1], bytes(64))],
        ),
    }
    for title, (error, operations) in refused.items():
        cases.refuse(title, "APPLY-6", error, **inputs(operations))
    refused = {
        "revoked, a key of nobody": ("foreign-key", [CREATED, r.KeyRevoked(KEYS[1], 1)]),
        "revoked, the only key": ("last-key", [CREATED, r.KeyRevoked(KEYS[0], 3)]),
        "revoked, the new key": ("last-key", turned + [r.KeyRevoked(KEYS[1], 3)]),
        "revoked twice": ("revoked-key", revoked + [r.KeyRevoked(KEYS[0], 3)]),
        "the state before a key was revoked": ("wrong-state", revoked + [state_after(turned)]),
    }
    for title, (error, operations) in refused.items():
        rule = "APPLY-5" if error == "wrong-state" else "APPLY-7"
        cases.refuse(title, rule, error, **inputs(operations))
def by(agents_and_operations):
    pairs = enumerate(agents_and_operations)
    return {"entries": [encoded(operation, at, agent) for at, (agent, operation) in pairs]}


def stated_by(agents_and_operations):
    state = r.State()
    for at, (agent, operation) in enumerate(agents_and_operations):
        state.apply(entry(operation, at, agent))
    return r.Stated(state.id())


def granted(agent, role, path=b"", by=AGENT):
    return (by, r.Granted(agent, role, path))


def grant_states(cases):
    created = (AGENT, CREATED)
    admin, writer = granted(OTHER, 4), granted(OTHER, 2)
    good = {
        "before any grant anybody writes": ("GRANT-4", [(OTHER, commit(A))]),
        "a grant": ("APPLY-9", [writer, (OTHER, commit(A))]),
        "a grant of a path": ("GRANT-3", [granted(OTHER, 1, b"a/b")]),
        "two scopes of one agent": ("GRANT-3", [granted(OTHER, 1), granted(OTHER, 2, b"a")]),
        "a grant replaced": ("APPLY-9", [granted(OTHER, 1), granted(OTHER, 2)]),
        "a grant revoked": ("APPLY-9", [writer, (AGENT, r.Revoked(OTHER, b""))]),
        "a grant revoked and given again": (
            "APPLY-9",
            [writer, (AGENT, r.Revoked(OTHER, b"")), writer],
        ),
        "the founder revoked by another admin": (
            "GRANT-3",
            [admin, (OTHER, r.Revoked(AGENT, b"")), (OTHER, commit(A))],
        ),
        "the founder made a reader": ("GRANT-3", [admin, granted(AGENT, 1, b"", OTHER)]),
        "the founder has a path besides": ("GRANT-3", [admin, granted(AGENT, 1, b"a", OTHER)]),
        "an admin of a path grants below it": (
            "APPLY-8",
            [granted(OTHER, 4, b"a"), granted(THIRD, 1, b"a/b", OTHER)],
        ),
        "a state by a writer": ("APPLY-8", [writer, (OTHER, stated_by([created, writer]))]),
        "a writer moves a ref": (
            "APPLY-8",
            [(AGENT, commit(A)), writer, (OTHER, r.RefMoved(b"r", None, A))],
        ),
    }
    for title, (rule, entries) in good.items():
        cases.accept(f"grants: {title}", rule, **by([created, *entries]))
    many = [granted(r.content_id(b"%d" % at)[:16], 1 + at % 4) for at in range(140)]
    cases.accept("grants: 140 agents, a map of two levels", "STATE-1", **by([created, *many]))
    reader = granted(OTHER, 1)
    by_reader = [created, reader, (OTHER, stated_by([created, reader]))]
    title = "grants: a state by one who may only read"
    cases.refuse(title, "APPLY-8", "not-permitted", **by(by_reader))
    for title, (rule, error, entries) in {**not_permitted(), **wrong_grants()}.items():
        cases.refuse(f"grants: {title}", rule, error, **by([created, *entries]))


def not_permitted():
    admin, writer = granted(OTHER, 4), granted(OTHER, 2)
    return {
        "granted by nobody": ("APPLY-8", "not-permitted", [granted(THIRD, 1, b"", OTHER)]),
        "revoked by nobody": ("APPLY-8", "not-permitted", [(OTHER, r.Revoked(AGENT, b""))]),
        "granted by a writer": (
            "APPLY-8",
            "not-permitted",
            [writer, granted(THIRD, 1, b"", OTHER)],
        ),
        "granted by an admin of a path, above it": (
            "APPLY-8",
            "not-permitted",
            [granted(OTHER, 4, b"a/b"), granted(THIRD, 1, b"a", OTHER)],
        ),
        "granted by an admin of a path, beside it": (
            "GRANT-4",
            "not-permitted",
            [granted(OTHER, 4, b"a/b"), granted(THIRD, 1, b"a/bc", OTHER)],
        ),
        "committed by a reader": (
            "APPLY-8",
            "not-permitted",
            [granted(OTHER, 1), (OTHER, commit(A))],
        ),
        "committed by another, once there are grants": (
            "APPLY-8",
            "not-permitted",
            [writer, (THIRD, commit(A))],
        ),
        "committed by a writer of a path": (
            "APPLY-8",
            "not-permitted",
            [granted(OTHER, 2, b"a"), (OTHER, commit(A))],
        ),
        "committed by one whose grant was revoked": (
            "APPLY-8",
            "not-permitted",
            [writer, (AGENT, r.Revoked(OTHER, b"")), (OTHER, commit(A))],
        ),
        "committed by the founder, revoked": (
            "GRANT-3",
            "not-permitted",
            [admin, (OTHER, r.Revoked(AGENT, b"")), (AGENT, commit(A))],
        ),
        "a ref moved by a synthesiser": (
            "APPLY-8",
            "not-permitted",
            [(AGENT, commit(A)), granted(OTHER, 3), (OTHER, r.RefMoved(b"r", None, A))],
        ),
        "not permitted before anything else": (
            "APPLY-8",
            "not-permitted",
            [writer, (THIRD, r.RefMoved(b"r", B, A))],
        ),
        "a key rotated by a writer": (
            "APPLY-8",
            "not-permitted",
            [writer, (OTHER, rotate(0, 1, 2))],
        ),
        "a key revoked by a writer": (
            "APPLY-8",
            "not-permitted",
            [writer, (OTHER, r.KeyRevoked(KEYS[0], 1))],
        ),
    }


def wrong_grants():
    admin, writer = granted(OTHER, 4), granted(OTHER, 2)
    return {
        "granted to oneself": ("APPLY-9", "own-grant", [granted(AGENT, 4)]),
        "granted to oneself below": ("APPLY-9", "own-grant", [granted(AGENT, 1, b"a")]),
        "the last admin revokes itself": ("APPLY-9", "own-grant", [(AGENT, r.Revoked(AGENT, b""))]),
        "granted twice": ("APPLY-9", "grant-conflict", [writer, writer]),
        "revoked, never granted": ("APPLY-9", "grant-conflict", [(AGENT, r.Revoked(OTHER, b""))]),
        "revoked at another path": (
            "APPLY-9",
            "grant-conflict",
            [writer, (AGENT, r.Revoked(OTHER, b"a"))],
        ),
        "revoked twice": (
            "APPLY-9",
            "grant-conflict",
            [writer, *[(AGENT, r.Revoked(OTHER, b""))] * 2],
        ),
        "the founder granted what it has": (
            "GRANT-3",
            "grant-conflict",
            [admin, granted(AGENT, 4, b"", OTHER)],
        ),
    }

# --------------------------------------------------------------------------- grants.json


def grant_cases():
    about = "What the grants of a workspace allow an agent: every role, right, scope and path."
    cases = Cases("grants.json", "grants.md", about)
    rights = ("read", "write", "synthesise", "administer")
    paths = {"the root": b"", "a": b"a", "a/b": b"a/b", "a/b/c": b"a/b/c", "a/bc": b"a/bc"}
    scopes = {"the whole": b"", "a": b"a", "a/b": b"a/b"}

    def ask(title, rule, grants, agent, right, path, expected):
        held = sorted((key, value) for key, value in grants.items())
        asked = {"founder": AGENT, "grants": held, "agent": agent, "right": right, "path": path}
        outcome = cases.accept(title, rule, **asked)
        assert (outcome["decision"], outcome.get("by_entry")) == expected, title

    words = {1: "reader", 2: "writer", 3: "synthesiser", 4: "admin", 0: "revoked"}
    for role, word in words.items():
        for scope_title, scope in scopes.items():
            grants = {OTHER + scope: bytes((role,)) + AGENT + b"\x07"}
            for right in rights:
                for path_title, path in paths.items():
                    title = f"{word} of {scope_title}: {right} at {path_title}"
                    covers = path == scope or not scope or path.startswith(scope + b"/")
                    gives = {
                        "read": role > 0,
                        "write": role in (2, 4),
                        "synthesise": role in (3, 4),
                        "administer": role == 4,
                    }[right]
                    expected = ("allowed", "7") if covers and gives else ("denied", None)
                    ask(title, "GRANT-2", grants, OTHER, right, path, expected)
    value = bytes((4,)) + AGENT + b"\x03"
    for right in rights:
        ask(f"no grants, the founder: {right}", "GRANT-3", {}, AGENT, right, b"a", ("allowed", "0"))
        expected = ("denied", None) if right == "administer" else ("open", None)
        ask(f"no grants, another: {right}", "GRANT-4", {}, OTHER, right, b"a", expected)
        held = {OTHER: value}
        ask(f"the founder besides: {right}", "GRANT-3", held, AGENT, right, b"", ("allowed", "0"))
        ask(f"a third: {right}", "GRANT-4", held, THIRD, right, b"", ("denied", None))
        held = {OTHER: value, AGENT: bytes(1) + OTHER + b"\x09"}
        ask(f"the founder revoked: {right}", "GRANT-3", held, AGENT, right, b"", ("denied", None))
    several = {
        OTHER: bytes((1,)) + AGENT + b"\x05",
        OTHER + b"a": bytes((2,)) + AGENT + b"\x04",
        OTHER + b"a/b": bytes((4,)) + AGENT + b"\x03",
    }
    shortest = {"read": "5", "write": "4", "synthesise": "3", "administer": "3"}
    for right, entry_number in shortest.items():
        title = f"several, the shortest path: {right}"
        ask(title, "GRANT-4", several, OTHER, right, b"a/b/c", ("allowed", entry_number))
    return cases


# --------------------------------------------------------------------------- log.json

# The leaves of the Certificate Transparency tests, and the root published for all eight
KNOWN_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
KNOWN_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def leaf(index):
    return b"leaf %d" % index


def log_cases():
    about = "The log tree: roots, inclusion and consistency proofs, right and wrong."
    cases = Cases("log.json", "ledger.md", about)
    for size in range(len(KNOWN_LEAVES) + 1):
        leaves = KNOWN_LEAVES[:size]
        title = f"root of the {size} known leaves"
        outcome = cases.accept(title, "LOG-1", operation="root", leaves=leaves)
    assert outcome["root"] == KNOWN_ROOT
    tree = [leaf(index) for index in range(257)]
    for size in [*range(1, 21), 127, 128, 129, 255, 256, 257]:
        title = f"root of {size} leaves"
        cases.accept(title, "LOG-5", operation="root", leaves=tree[:size])
    inclusions(cases, tree)
    consistencies(cases, tree)
    wrong_inclusions(cases, tree)
    wrong_consistencies(cases, tree)
    return cases


def inclusion(tree, size, index):
    hashes = [r.leaf_hash(data) for data in tree[:size]]
    return {
        "operation": "inclusion",
        "size": str(size),
        "index": str(index),
        "leaf": tree[index],
        "proof": r.prove_inclusion(hashes, index),
        "root": r.log_root(hashes),
    }


def inclusions(cases, tree):
    for size in range(1, 21):
        for index in range(size):
            if size <= 9 or index in (0, size // 2, size - 2, size - 1):
                title = f"leaf {index} of {size}"
                cases.accept(title, "LOG-2", **inclusion(tree, size, index))
    for index in (0, 127, 128, 255, 256):
        cases.accept(f"leaf {index} of 257", "LOG-2", **inclusion(tree, 257, index))


def consistency(tree, size, to_size):
    hashes = [r.leaf_hash(data) for data in tree[:to_size]]
    return {
        "operation": "consistency",
        "from": str(size),
        "to": str(to_size),
        "from_root": r.log_root(hashes[:size]),
        "to_root": r.log_root(hashes),
        "proof": r.prove_consistency(hashes, size),
    }


def consistencies(cases, tree):
    for to_size in range(0, 21):
        for size in range(0, to_size + 1):
            if to_size <= 9 or size in (0, 1, to_size // 2, to_size - 1, to_size):
                title = f"from {size} to {to_size}"
                cases.accept(title, "LOG-3", **consistency(tree, size, to_size))
    for size in (1, 2, 100, 128, 129, 255, 256):
        cases.accept(f"from {size} to 257", "LOG-3", **consistency(tree, size, 257))


def wrong_inclusions(cases, tree):
    good = inclusion(tree, 7, 3)
    proof, other = good["proof"], r.sha256(b"other")

    def refuse(title, error, start=good, **changed):
        cases.refuse(f"inclusion, {title}", "LOG-4", error, **{**start, **changed})

    refuse("index 7 of 7", "bad-proof", index="7")
    refuse("index 8 of 7", "bad-proof", index="8")
    refuse("size 0", "bad-proof", size="0", index="0", proof=[])
    refuse("index 2^64-1", "bad-proof", index=str(r.U64_MOST))
    refuse("a hash too few", "bad-proof", proof=proof[:-1])
    refuse("no hash", "bad-proof", proof=[])
    refuse("a hash too many", "bad-proof", proof=proof + [other])
    refuse("one leaf, a hash too many", "bad-proof", inclusion(tree, 1, 0), proof=[other])
    refuse("the last leaf, a hash too many", "bad-proof", inclusion(tree, 7, 6), proof=proof)
    refuse("the last leaf, a hash too few", "bad-proof", inclusion(tree, 7, 6), proof=proof[:1])
    refuse("100 hashes", "bad-proof", proof=[other] * 100)
    refuse("another size, more hashes needed", "bad-proof", size="9")
    refuse("size 2^64-1", "bad-proof", size=str(r.U64_MOST))
    refuse("another root", "hash-mismatch", root=other)
    refuse("another leaf", "hash-mismatch", leaf=leaf(4))
    refuse("another index", "hash-mismatch", index="2")
    title = "inclusion, another size and index of the same path, as RFC 9162 takes it"
    cases.accept(title, "LOG-2", **{**inclusion(tree, 7, 6), "size": "6", "index": "5"})
    refuse("hashes swapped", "hash-mismatch", proof=proof[::-1])
    for at in range(len(proof)):
        bent = proof[:at] + [other] + proof[at + 1 :]
        refuse(f"hash {at} changed", "hash-mismatch", proof=bent)
    refuse("another root and a hash too few", "bad-proof", root=other, proof=proof[:-1])
    refuse("one leaf, another root", "hash-mismatch", inclusion(tree, 1, 0), root=other)


def wrong_consistencies(cases, tree):
    good = consistency(tree, 5, 7)
    proof, other = good["proof"], r.sha256(b"other")

    def refuse(title, error, start=good, **changed):
        cases.refuse(f"consistency, {title}", "LOG-4", error, **{**start, **changed})

    swapped = {"from": "7", "to": "5"}
    refuse("from above to", "bad-proof", **swapped)
    refuse("a hash too few", "bad-proof", proof=proof[:-1])
    refuse("no hash", "bad-proof", proof=[])
    refuse("a hash too many", "bad-proof", proof=proof + [other])
    refuse("100 hashes", "bad-proof", proof=[other] * 100)
    refuse("another size to, fewer hashes needed", "bad-proof", to="6")
    refuse("another root from", "hash-mismatch", from_root=other)
    refuse("another root to", "hash-mismatch", to_root=other)
    swapped = {"from_root": good["to_root"], "to_root": good["from_root"]}
    refuse("the roots swapped", "hash-mismatch", **swapped)
    refuse("another root and a hash too many", "bad-proof", to_root=other, proof=proof + [other])
    for at in range(len(proof)):
        bent = proof[:at] + [other] + proof[at + 1 :]
        refuse(f"hash {at} changed", "hash-mismatch", proof=bent)
    power = consistency(tree, 4, 7)
    for at in range(len(power["proof"])):
        bent = power["proof"][:at] + [other] + power["proof"][at + 1 :]
        refuse(f"from 4, hash {at} changed", "hash-mismatch", power, proof=bent)
    refuse("from 4, another root from", "hash-mismatch", power, from_root=other)
    refuse("from 4, a hash too few", "bad-proof", power, proof=power["proof"][:-1])
    refuse("from 4, no hash", "bad-proof", power, proof=[])
    from_none, equal = consistency(tree, 0, 5), consistency(tree, 5, 5)
    refuse("from 0, a hash", "bad-proof", from_none, proof=[other])
    refuse("from 0, another root from", "hash-mismatch", from_none, from_root=other)
    refuse("equal sizes, a hash", "bad-proof", equal, proof=[other])
    refuse("equal sizes, other roots", "hash-mismatch", equal, to_root=other)
    nothing = consistency(tree, 0, 0)
    refuse("from 0 to 0, another root", "hash-mismatch", nothing, from_root=other, to_root=other)
    refuse("from 0 to 0, another root to", "hash-mismatch", nothing, to_root=other)


FILES = [workspace_cases, entry_cases, state_cases, grant_cases, log_cases]
