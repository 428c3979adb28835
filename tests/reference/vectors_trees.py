"""Vectors of nodes.md."""

import reference as r
from vector_cases import Cases

EMPTY = r.Node(r.TREE, None, r.Directory(r.empty_map(r.DIRECTORY), 0, 0, 0))
SEAL_KEY = bytes(range(100, 132))
SOME_ID = r.content_id(b"some")


def file_of(data, executable=False):
    return r.file_node(executable, len(data), r.content_id(data))


def link_to(target):
    return r.Node(r.SYMLINK, None, r.Link(target))


def directory(nodes, files, total, map_id=SOME_ID):
    return r.Node(r.TREE, None, r.Directory(map_id, nodes, files, total))


# --------------------------------------------------------------------------- nodes.json


def node_cases():
    cases = Cases("nodes.json", "nodes.md", "Single nodes, plain and sealed.")
    nodes = {
        "empty file": file_of(b""),
        "file": file_of(b"hello\n"),
        "executable file": file_of(b"#!/bin/sh\n", True),
        "file of 2^63-1": r.file_node(False, r.SIZE_MOST, SOME_ID),
        "symlink": link_to(b"../a/b"),
        "symlink of one byte": link_to(b"/"),
        "symlink of 4,095": link_to(b"t" * 4095),
        "symlink not UTF-8": link_to(b"\xff\n"),
        "empty directory": EMPTY,
        "directory": directory(3, 2, 10),
        "directory without files": directory(1, 0, 0),
        "directory of files only": directory(2, 2, 0),
        "directory, counts at 2^64-1": directory(r.U64_MOST, r.U64_MOST, r.U64_MOST),
        "directory, bytes without files": directory(1, 0, 5),
    }
    for name, node in nodes.items():
        cases.accept(name, GOOD_NODE_RULES.get(name, "NODE-1"), bytes=r.encode_node(node))
        sealed = r.seal(node, SEAL_KEY)
        cases.accept(f"sealed {name}", "SEAL-1", bytes=r.encode_node(sealed), seal_key=SEAL_KEY)
    other = r.seal(nodes["file"], bytes(32))
    cases.accept("another seal key", "SEAL-1", bytes=r.encode_node(other), seal_key=bytes(32))
    for kind in (4, 5, 6):
        plain = {4: nodes["file"], 5: nodes["symlink"], 6: nodes["directory"]}[kind]
        node = r.Node(kind, bytes([255] * 32), plain.body)
        cases.accept(f"kind {kind}, a salt of any bytes", "SEAL-2", bytes=r.encode_node(node))
    refused_nodes(cases, nodes)
    return cases


GOOD_NODE_RULES = {
    "file of 2^63-1": "LIM-9",
    "symlink of 4,095": "LIM-8",
    "symlink not UTF-8": "NODE-2",
    "empty directory": "NODE-7",
    "directory of files only": "NODE-7",
}


def refused_nodes(cases, nodes):
    def refuse(name, rule, error, data):
        cases.refuse(name, rule, error, bytes=data)

    refuse("nothing", "ENC-4", "truncated", b"")
    for kind in (0, 7, 8, 255):
        refuse(f"kind {kind}", "NODE-1", "unsupported-format", bytes((kind,)))
    for name in ("file", "symlink", "directory"):
        for node in (nodes[name], r.seal(nodes[name], SEAL_KEY)):
            data = r.encode_node(node)
            refuse(f"kind {node.kind} without its last byte", "ENC-4", "truncated", data[:-1])
            refuse(f"kind {node.kind} and a byte", "ENC-8", "trailing-bytes", data + b"\x00")
            refuse(f"kind {node.kind} alone", "ENC-4", "truncated", data[:1])
    for salt in (b"", bytes(32)):
        kind, word = (4, "sealed ") if salt else (1, "")
        start = bytes((kind,)) + salt
        size = r.varint(r.SIZE_MOST + 1)
        refuse(f"{word}file, flag 2", "ENC-6", "bad-flag", start + b"\x02\x00" + SOME_ID)
        refuse(f"{word}file of 2^63", "NODE-2", "out-of-range", start + b"\x00" + size + SOME_ID)
        refuse(f"{word}file of 2^63, cut", "NODE-2", "out-of-range", start + b"\x00" + size)
        refuse(f"{word}file, size overlong", "ENC-5", "overlong-varint", start + b"\x00\x80\x00")
        start = bytes((kind + 1,)) + salt
        refuse(f"{word}symlink to nothing", "NODE-2", "bad-target", start + b"\x00")
        target = r.sized(b"t" * 4096)
        refuse(f"{word}symlink of 4,096", "NODE-2", "bad-target", start + target)
        refuse(f"{word}symlink of 4,096, cut", "NODE-2", "bad-target", start + target[:2])
        refuse(f"{word}symlink of 2^32-1", "NODE-2", "bad-target", start + r.varint(r.U32_MOST))
        refuse(f"{word}symlink with NUL", "NODE-2", "bad-target", start + r.sized(b"a\0b"))
        refuse(f"{word}symlink cut", "ENC-4", "truncated", start + b"\x05ab\x00")
        wrong_counts(refuse, word, kind + 2, salt)


def wrong_counts(refuse, word, kind, salt):
    empty = EMPTY.body.map
    wrong = {
        "more files than nodes": (SOME_ID, 1, 2, 0),
        "no nodes, a map": (SOME_ID, 0, 0, 0),
        "nodes, the empty map": (empty, 1, 1, 0),
        "nodes without files, the empty map": (empty, 1, 0, 0),
        "no nodes, but bytes": (empty, 0, 0, 1),
        "no nodes, but files": (empty, 0, 1, 0),
    }
    for name, (map_id, *counts) in wrong.items():
        node = r.Node(kind, salt or None, r.Directory(map_id, *counts))
        data = r.encode_node(node)
        refuse(f"{word}directory, {name}", "NODE-7", "bad-count", data)
    refuse(f"{word}directory, wrong counts and a byte", "ENC-8", "trailing-bytes", data + b"\x00")
    start = bytes((kind,)) + salt + SOME_ID
    large = bytes([128] * 9) + b"\x02"
    refuse(f"{word}directory, nodes of 65 bits", "ENC-5", "number-too-large", start + large)
    over = start + b"\x81\x00\x00\x00"
    refuse(f"{word}directory, nodes overlong", "ENC-5", "overlong-varint", over)


# --------------------------------------------------------------------------- trees.json


def tree_cases():
    cases = Cases("trees.json", "nodes.md", "Directories made of their children.")

    def add(name, rule, children):
        inputs = [{"name": key, "node": r.encode_node(node)} for key, node in children]
        return cases.accept(name, rule, children=inputs)

    small, run = file_of(b"a\n"), file_of(b"#!/bin/sh\n", True)
    inner, _ = r.directory_of([(b"a", small), (b"run", run)])
    sealed_file, sealed_tree = r.seal(small, SEAL_KEY), r.seal(inner, SEAL_KEY)
    sealed_link = r.seal(link_to(b"a"), SEAL_KEY)
    trees = {
        "no children": [],
        "a file": [(b"a", small)],
        "an executable file": [(b"run", run)],
        "a symlink": [(b"link", link_to(b"a"))],
        "an empty directory": [(b"d", EMPTY)],
        "an empty file": [(b"e", file_of(b""))],
        "one of each": [(b"d", inner), (b"f", small), (b"l", link_to(b"f"))],
        "the same file twice": [(b"a", small), (b"b", small)],
        "a directory twice": [(b"a", inner), (b"b", inner)],
        "odd names": [(name, small) for name in (b"\x01", b" ", b"...", b"A", b"a\n", b"\xff")],
    }
    for name, children in trees.items():
        add(name, "NODE-5", children)
    sealed = {
        "a sealed file": [(b"a", sealed_file)],
        "a sealed symlink": [(b"a", sealed_link)],
        "a sealed directory": [(b"a", sealed_tree)],
        "a sealed empty directory": [(b"a", r.seal(EMPTY, SEAL_KEY))],
        "sealed beside plain": [(b"a", small), (b"b", sealed_file), (b"c", sealed_tree)],
        "a directory with a sealed one": [(b"a", r.directory_of([(b"s", sealed_tree)])[0])],
    }
    for name, children in sealed.items():
        add(name, "NODE-5", children)
    for count in (128, 129, 400):
        name = f"{count} empty files"
        add(name, "NODE-4", [(b"%04d" % index, file_of(b"")) for index in range(count)])
    full_counts(add, cases)
    nested_pairs(add, cases)
    refused_trees(cases, small)
    return cases


def full_counts(add, cases):
    top = r.U64_MOST
    add("nodes at 2^64-1", "NODE-6", [(b"a", directory(top - 1, 0, 0))])
    add("bytes at 2^64-1", "NODE-6", [(b"a", directory(1, 1, top - 1)), (b"b", file_of(b"x"))])
    add("files at 2^64-1", "NODE-6", [(b"a", directory(top - 1, top - 1, 0))])
    sealed = r.seal(directory(1, 1, top), SEAL_KEY)
    add("bytes of sealed ones do not add", "NODE-5", [(b"a", sealed), (b"b", sealed)])
    over = {
        "a directory of 2^64-1 nodes": [(b"a", directory(top, 0, 0))],
        "one node too many": [(b"a", directory(top - 1, 0, 0)), (b"b", EMPTY)],
        "one byte too many": [(b"a", directory(1, 1, top)), (b"b", file_of(b"x"))],
        "three files of 2^63-1": [
            (name, r.file_node(False, r.SIZE_MOST, SOME_ID)) for name in (b"a", b"b", b"c")
        ],
        "one sealed node too many": [(b"a", r.seal(directory(top, 0, 0), SEAL_KEY))],
    }
    for name, children in over.items():
        refuse_children(cases, f"overflow, {name}", "NODE-6", "count-overflow", children)


def nested_pairs(add, cases):
    """Directories that list one child twice: the 64th has more than 2^64 nodes."""
    node = file_of(b"x")
    for depth in range(1, 64):
        children = [(b"a", node), (b"b", node)]
        node = r.directory_of(children)[0]
        if depth in (1, 2, 62, 63):
            add(f"pairs nested {depth} deep", "NODE-6", children)
    assert node.body.nodes == (1 << 64) - 2
    refuse_children(
        cases, "pairs nested 64 deep", "NODE-6", "count-overflow", [(b"a", node), (b"b", node)]
    )
    node = file_of(b"x")
    for _ in range(1, 100):
        node = r.directory_of([(b"a", node)])[0]
    add("100 directories, one in the other", "NODE-9", [(b"a", node)])


def refuse_children(cases, name, rule, error, children):
    inputs = [{"name": key, "node": r.encode_node(node)} for key, node in children]
    cases.refuse(name, rule, error, children=inputs)


def refused_trees(cases, small):
    refused = {
        "name twice": ("not-ascending", [b"a", b"a"]),
        "names descend": ("not-ascending", [b"b", b"a"]),
        "name dot": ("bad-name", [b"."]),
        "name dot dot": ("bad-name", [b".."]),
        "name with a slash": ("bad-name", [b"a/b"]),
        "name with NUL": ("bad-name", [b"a\0"]),
        "no name": ("out-of-range", [b""]),
        "name of 1,025": ("out-of-range", [b"n" * 1025]),
    }
    for name, (error, names) in refused.items():
        refuse_children(cases, name, "NODE-4", error, [(key, small) for key in names])
    bad = [{"name": b"a", "node": b"\x03" + SOME_ID + b"\x01\x02\x00"}]
    cases.refuse("a child that is malformed", "NODE-7", "bad-count", children=bad)


FILES = [node_cases, tree_cases]
