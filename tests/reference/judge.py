"""Judges vector cases: what the reference says about the inputs of a case.

A judge takes a case as it stands in a vector file and gives the members that come out of it, or
raises Refused. It reads only the inputs; what the file claims to come out is compared outside.
"""

import reference as r

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
        r.require(r.page_id(page) == child.page, "hash-mismatch")
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
