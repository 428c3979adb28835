"""Judges vector cases: what the reference says about the inputs of a case.

A judge takes a case as it stands in a vector file and gives the members that come out of it, or
raises Refused. It reads only the inputs; what the file claims to come out is compared outside.
"""

import json
from functools import lru_cache

import checkpoints as c
import ed25519
import reference as r
import store as s

JUDGES = {}


def judges(file):
    """Registers the judge of a vector file."""

    def register(judge):
        JUDGES[file] = judge
        return judge

    return register


def judge(file, case):
    """The members that come out: those of the file's page, or `error` (and what goes with it)."""
    try:
        return JUDGES[file](case)
    except r.Refused as refused:
        return {"error": refused.code}


def unhex(text):
    return None if text is None else bytes.fromhex(text)


def hexed(data):
    return None if data is None else data.hex()


# --------------------------------------------------------------------------- plain values


@judges("hash.json")
def judge_hash(case):
    data = unhex(case["input"])
    context = case["context"]
    return {"output": hexed(r.content_id(data) if context is None else r.derive(context, data))}


@judges("varint.json")
def judge_varint(case):
    data = unhex(case["bytes"])
    reader = r.Reader(data)
    value = reader.u32() if case["width"] == 32 else reader.u64()
    reader.end()
    assert r.varint(value) == data
    return {"value": str(value)}


@judges("fields.json")
def judge_field(case):
    data = unhex(case["bytes"])
    reader = r.Reader(data)
    read, encode, show = {
        "bool": (reader.flag, lambda flag: bytes((flag,)), bool),
        "i64": (reader.i64, r.zigzag, str),
        "option-id": (lambda: reader.option(reader.id), r.optional, hexed),
        "bytes": (lambda: reader.bytes(0, 1024), r.sized, hexed),
        "string": (lambda: reader.string(0, 1024), lambda text: r.sized(text.encode()), str),
        "id16": (reader.id16, bytes, hexed),
    }[case["type"]]
    value = read()
    reader.end()
    assert encode(value) == data
    return {"value": show(value)}


@judges("names.json")
def judge_name(case):
    data = unhex(case["bytes"])
    check = {
        "name": r.check_name,
        "path": r.split_path,
        "ref-name": r.check_label,
        "tool": r.check_tool,
        "id-text": r.check_id_text,
    }[case["type"]]
    check(data)
    return {"shown": r.shown(data)} if case["type"] == "name" else {}


# --------------------------------------------------------------------------- maps


@judges("pages.json")
def judge_page(case):
    data = unhex(case["bytes"])
    page = r.decode_page(data)
    assert r.encode_page(page) == data
    place = case.get("place")
    if place and "root" in place:
        r.check_root(page, place["root"])
    elif place:
        child = child_from(place["child"])
        assert r.page_id(page) == child.page
        left = unhex(place["left"])
        r.check_child(page, place["kind"], place["level"], left, place["last"], child)
    return {
        "id": hexed(r.page_id(page)),
        "kind": page.kind,
        "level": page.level,
        "items": len(page.items),
        "entries": str(r.entries_of(page)),
    }


def child_from(member):
    return r.Child(
        unhex(member["last_key"]),
        unhex(member["last_value"]),
        unhex(member["page"]),
        member["items"],
        int(member["entries"]),
    )


def entries_from(member):
    """Of a map: `entries` or `generator`, and `changes` to these."""
    if "generator" in member:
        entries = generated(member["generator"])
    else:
        entries = [r.Entry(unhex(key), unhex(value)) for key, value in member["entries"]]
    if "changes" not in member:
        return entries
    return changed(entries, changes_from(member["changes"]))


def generated(generator):
    prefix = unhex(generator["prefix"])
    names = [prefix + b"%08d" % number for number in range(generator["count"])]
    return [r.Entry(name, b"\x01" + r.content_id(name)) for name in names]


def changes_from(pairs):
    return {unhex(key): unhex(value) for key, value in pairs}


def changed(entries, changes):
    merged = {**dict(entries), **changes}
    return [r.Entry(key, merged[key]) for key in sorted(merged) if merged[key] is not None]


@judges("maps.json")
def judge_map(case):
    entries = entries_from(case)
    built = r.build(case["kind"], entries)
    assert r.entries_below(built.pages, built.root) == entries
    check_whole_map(built, case["kind"])
    return {"root": hexed(built.root), "levels": built.shape}


def check_whole_map(built, kind):
    """Every page of a map that was built is one that its reader takes in its place."""
    r.check_root(built.pages[built.root], kind)
    assert all(r.decode_page(r.encode_page(page)) == page for page in built.pages.values())
    front = [(built.root, None, True)]
    while built.pages[front[0][0]].level:
        below = []
        for page_id, left, is_last in front:
            page = built.pages[page_id]
            for item in page.items:
                place = (left, is_last and item is page.items[-1])
                r.check_child(built.pages[item.page], kind, page.level, *place, item)
                below.append((item.page, *place))
                left = item.key
        front = below


# --------------------------------------------------------------------------- nodes


def node_members(node):
    """A node's fields by name."""
    body = node.body
    members = {"kind": node.kind}
    if node.salt is not None:
        members["salt"] = hexed(node.salt)
    if isinstance(body, r.File):
        shown = {"executable": body.executable, "size": str(body.size)}
        members.update(shown, content=hexed(body.content))
    elif isinstance(body, r.Link):
        members["target"] = hexed(body.target)
    else:
        counts = {"nodes": str(body.nodes), "files": str(body.files), "bytes": str(body.bytes)}
        members.update(map=hexed(body.map), **counts)
    return members


@judges("nodes.json")
def judge_node(case):
    data = unhex(case["bytes"])
    node = r.decode_node(data)
    assert r.encode_node(node) == data
    if "seal_key" in case:
        plain = r.Node(node.kind - 3, None, node.body)
        assert r.seal(plain, unhex(case["seal_key"])) == node
    return {"id": hexed(r.node_id(node)), "node": node_members(node)}


@judges("trees.json")
def judge_tree(case):
    children = [
        (unhex(child["name"]), r.decode_node(unhex(child["node"]))) for child in case["children"]
    ]
    node, _ = r.directory_of(children)
    assert r.decode_node(r.encode_node(node)) == node
    return {"node": hexed(r.encode_node(node)), "id": hexed(r.node_id(node))}


# --------------------------------------------------------------------------- map operations


@lru_cache(maxsize=8)
def build_text(kind, text):
    return r.build(kind, entries_from(json.loads(text)))


def build_from(kind, member):
    return build_text(kind, json.dumps(member))


@judges("map-operations.json")
def judge_operation(case):
    before = build_from(case["kind"], case["before"])
    operation = {"look-up": judge_look_up, "difference": judge_difference, "update": judge_update}
    outcome, requests = operation[case["operation"]](case, before)
    asked = [page for asked in requests.rounds for page in asked]
    assert len(asked) == len(set(asked))
    return {**outcome, "rounds": [[hexed(page) for page in asked] for asked in requests.rounds]}


def judge_look_up(case, before):
    requests = r.Requests(before.pages)
    keys = [unhex(key) for key in case["keys"]]
    values = r.look_up(requests, before.root, keys)
    entries = dict(r.entries_below(before.pages, before.root))
    assert values == [entries.get(key) for key in keys]
    return {"values": [hexed(value) for value in values]}, requests


def judge_difference(case, before):
    after = build_from(case["kind"], case["after"])
    requests = r.Requests({**before.pages, **after.pages})
    found = r.difference(requests, before.root, after.root)
    both = [r.entries_below(pages, root) for root, pages, _ in (before, after)]
    assert found == r.merge(*both)
    return {"differences": [[hexed(part) for part in row] for row in found]}, requests


def judge_update(case, before):
    requests = r.Requests(before.pages)
    changes = changes_from(case["changes"])
    root, made = r.update(requests, before.root, case["kind"], changes)
    written = r.written(requests, root, made)
    entries = changed(r.entries_below(before.pages, before.root), changes)
    rebuilt = r.build(case["kind"], entries)
    assert root == rebuilt.root
    assert set(written) == rebuilt.pages.keys() - before.pages.keys()
    outcome = {"root": hexed(root), "written": [hexed(page) for page in written]}
    return outcome, requests


# --------------------------------------------------------------------------- map proofs


@judges("partial-pages.json")
def judge_partial(case):
    data = unhex(case["bytes"])
    partial, page_id = r.decode_partial(data)
    assert r.encode_partial(partial) == data
    if "page" in case:
        assert r.page_id(r.decode_page(unhex(case["page"]))) == page_id
    return {"id": hexed(page_id)}


@judges("map-proofs.json")
def judge_map_proof(case):
    root, kind = unhex(case["map"]), case["kind"]
    pages = [unhex(page) for page in case["pages"]]
    if case["grade"] == "blind":
        claimed = unhex(case["key"]), unhex(case["value"])
        r.require(r.verify_blind(root, kind, pages) == claimed, "bad-proof")
        return {}
    found = r.verify_full(root, kind, unhex(case["from"]), unhex(case["to"]), pages)
    return {"entries": [[hexed(key), hexed(value)] for key, value in found]}


@judges("tree-proofs.json")
def judge_tree_proof(case):
    data, expected = unhex(case["bytes"]), case["expect"] or {}
    ids = unhex(expected.get("root")), unhex(expected.get("snapshot"))
    try:
        verdict, claim, proof = r.verdict_of_tree_proof(data, *ids)
    except r.Refused as refused:
        return {"verdict": "false", "error": refused.code}
    assert r.encode_tree_proof(proof) == data
    return {"verdict": verdict, "claim": claim}


# --------------------------------------------------------------------------- objects


@judges("attributes.json")
def judge_attributes(case):
    data = unhex(case["bytes"])
    attributes = r.decode_attributes(data)
    assert r.encode_attributes(attributes) == data
    return {"id": hexed(r.attributes_id(attributes))}


@judges("snapshots.json")
def judge_snapshot(case):
    data = unhex(case["bytes"])
    snapshot = r.decode_snapshot(data)
    assert r.encode_snapshot(snapshot) == data
    members = {
        name: hexed(part) if isinstance(part, bytes) else part
        for name, part in snapshot._asdict().items()
    }
    members.update(
        parents=[hexed(parent) for parent in snapshot.parents],
        source_label=snapshot.source_label.decode(),
        captured_at=str(snapshot.captured_at),
        tool=snapshot.tool.decode(),
    )
    return {"id": hexed(r.snapshot_id(snapshot)), "snapshot": members}


@judges("json.json")
def judge_json(case):
    r.check_json(unhex(case["bytes"]))
    return {}


@judges("listing.json")
def judge_listing(case):
    lines = [
        (unhex(line["path"]), unhex(line.get("sha256")), unhex(line.get("sealed")))
        for line in case["lines"]
    ]
    listing = r.listing(lines)
    return {"listing": hexed(listing), "sha256": hexed(r.sha256(listing))}


# --------------------------------------------------------------------------- the ledger


@judges("workspaces.json")
def judge_workspace(case):
    data = unhex(case["bytes"])
    genesis = r.decode_genesis(data)
    assert r.encode_genesis(genesis) == data
    return {"id": hexed(r.workspace_id(genesis))}


@judges("entries.json")
def judge_ledger_entry(case):
    data = unhex(case["bytes"])
    entry = r.decode_ledger_entry(data)
    assert r.encode_ledger_entry(entry) == data
    operation = r.OPERATION_NAMES[type(entry.operation)]
    return {"leaf": hexed(r.leaf_hash(data)), "operation": operation}


@judges("state.json")
def judge_state(case):
    state, ids = r.State(), []
    for index, data in enumerate(case["entries"]):
        try:
            state.apply(r.decode_ledger_entry(unhex(data)))
        except r.Refused as refused:
            assert not ids or hexed(state.id()) == ids[-1]
            return {"error": refused.code, "at": index}
        ids.append(hexed(state.id()))
    return {"state_ids": ids}


@judges("grants.json")
def judge_grant(case):
    for key, value in case["grants"]:
        r.check_key(r.GRANTS, unhex(key))
        r.check_value(r.GRANTS, unhex(value))
    founder, agent, path = (unhex(case[name]) for name in ("founder", "agent", "path"))
    r.check_grant_path(path)
    grants = {unhex(key): unhex(value) for key, value in case["grants"]}
    decision, since = r.decide(founder, grants, agent, case["right"], path)
    return {"decision": decision} | ({} if since is None else {"by_entry": str(since)})


@judges("log.json")
def judge_log(case):
    operation = {"root": log_root, "inclusion": inclusion, "consistency": consistency}
    return operation[case["operation"]](case)


def log_root(case):
    leaves = [r.leaf_hash(unhex(leaf)) for leaf in case["leaves"]]
    compact = r.compact_range(leaves)
    root = r.log_root(leaves)
    assert r.root_of_compact_range(compact) == root
    return {"root": hexed(root), "compact": [hexed(part) for part in compact]}


def inclusion(case):
    proof = [unhex(part) for part in case["proof"]]
    leaf, root = r.leaf_hash(unhex(case["leaf"])), unhex(case["root"])
    r.verify_inclusion(int(case["size"]), int(case["index"]), leaf, proof, root)
    return {}


def consistency(case):
    proof = [unhex(part) for part in case["proof"]]
    roots = unhex(case["from_root"]), unhex(case["to_root"])
    r.verify_consistency(int(case["from"]), int(case["to"]), *roots, proof)
    return {}


# --------------------------------------------------------------------------- checkpoints.md


@judges("notes.json")
def judge_note(case):
    operation = {"signature": signature, "key": verifier_key, "note": note}
    return operation[case["operation"]](case)


def signature(case):
    parts = [unhex(case[member]) for member in ("key", "message", "signature")]
    r.require(ed25519.is_signature(*parts), "bad-signature")
    return {}


def verifier_key(case):
    data = unhex(case["text"])
    key = c.read_key(data)
    assert c.key_text(key).encode() == data
    return {"name": hexed(key.name.encode()), "type": key.type, "public": hexed(key.public)}


def note(case):
    data = unhex(case["note"])
    read = c.read_note(data)
    assert c.write_note(*read) == data
    return {
        "text": hexed(read.text.encode()),
        "lines": len(read.lines),
        "signers": [signer(*found) for found in c.signers(read, keys_of(case))],
    }


def keys_of(case):
    return [c.read_key(key.encode()) for key in case["keys"]]


def signer(key, time):
    return [c.key_text(key), None if time is None else str(time)]


@judges("checkpoints.json")
def judge_checkpoint(case):
    operation = {"checkpoint": checkpoint, "entry": entry_proof, "growth": growth_proof}
    return operation[case["operation"]](case)


def checkpoint(case):
    read = c.read_checkpoint(unhex(case["checkpoint"]))
    log, witnesses = c.believe(read, keys_of(case))
    return {
        "origin": hexed(read.origin.encode()),
        "size": str(read.size),
        "root": hexed(read.root),
        "log": [c.key_text(key) for key in log],
        "witnesses": [signer(*witness) for witness in witnesses],
    }


def entry_proof(case):
    data = unhex(case["proof"])
    proof = c.read_entry_proof(data)
    rest = c.write_note(*proof.checkpoint.note)
    assert c.write_entry_proof(proof.entry, proof.index, proof.hashes, rest) == data
    if "leaf" in case:
        c.check_leaf(proof, unhex(case["leaf"]))
        return {"number": str(proof.index)}
    return {"number": str(c.check_entry(proof).number)}


def growth_proof(case):
    data = unhex(case["proof"])
    proof = c.read_growth_proof(data)
    rest = c.write_note(*proof.checkpoint.note)
    assert c.write_growth_proof(proof.old, proof.hashes, rest) == data
    c.check_growth(proof, c.read_checkpoint(unhex(case["before"])))
    return {"size": str(proof.checkpoint.size)}


# --------------------------------------------------------------------------- store-directory.md


@judges("store.json")
def judge_store(case):
    """What the store holds; of a wrong index what it holds without one."""
    files = {name: b"".join(map(run_of, runs)) for name, runs in case["files"].items()}
    try:
        held, torn = s.read_store(files)
    except s.Fault as fault:
        return {"fault": fault.what, "places": [list(place) for place in fault.places]}
    wrong = s.check_indexes(files, s.read_format(files["format"]))
    outcome = {"fault": "index", "packs": wrong} if wrong else {}
    return {
        **outcome,
        "torn": torn,
        "holds": {key.hex(): shown(ours) for key, ours in held.items()},
    }


def shown(ours):
    """What one workspace holds, in the order of keys."""
    texts = {"entries": str, "rows": hexed, "positions": bytes.decode}
    values = {"entries": hexed, "rows": hexed, "positions": str}
    out = {}
    for name, text in texts.items():
        pairs = sorted(ours[name].items())
        out[name] = [[text(key), values[name](value)] for key, value in pairs]
    for name in ("objects", "contents"):
        out[name] = [item.hex() for item in sorted(ours[name])]
    return out


@judges("cuts.json")
def judge_cuts(case):
    return {"ends": ends_of(json.dumps(case["input"]))}


@lru_cache(maxsize=64)
def ends_of(runs):
    return r.part_ends(b"".join(run_of(run) for run in json.loads(runs)))


def run_of(run):
    if "hex" in run:
        return bytes.fromhex(run["hex"])
    count = run["bytes"]
    if "byte" in run:
        return bytes([run["byte"]]) * count
    name = run["noise"].encode()
    blocks = (r.content_id(name + i.to_bytes(8, "little")) for i in range((count + 31) // 32))
    return b"".join(blocks)[:count]
