"""Vectors of grants.md."""

import reference as r
from ledger_samples import A, AGENT, B, CREATED, KEYS, OTHER, THIRD, commit, encoded, entry, rotate
from vector_cases import Cases


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


FILES = [grant_cases]
