"""Vectors of ledger.md."""

import ed25519
import reference as r
from ledger_samples import (
    A,
    B,
    C,
    CREATED,
    D,
    FIRST_KEY,
    GENESIS,
    KEYS,
    OTHER,
    SECRETS,
    commit,
    encoded,
    entry,
    rotate,
)
from vector_cases import Cases
from vectors_grants import grant_states


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


FILES = [workspace_cases, entry_cases, state_cases]
