"""Vectors of tree-proofs.md."""

import reference as r
from vector_cases import Cases
from vectors_objects import PLAIN_SNAPSHOT
from vectors_trees import EMPTY, SEAL_KEY, file_of, link_to

OTHER = r.content_id(b"other")


class Tree:
    """A tree with a directory of two levels, sealed items, and everything in it by id."""

    def __init__(self):
        self.nodes, self.pages = {}, {}
        many = self.directory(
            [(b"%04d" % number, file_of(b"%d\n" % number)) for number in range(300)]
        )
        inner = self.directory([(b"empty", EMPTY), (b"file", file_of(b"inner\n"))])
        secret = self.directory([(b"file", file_of(b"secret\n"))], sealed=True)
        self.root = self.directory(
            [
                (b"inner", inner),
                (b"link", link_to(b"many/0001")),
                (b"many", many),
                (b"odd\xff\n", file_of(b"odd", True)),
                (b"readme", file_of(b"hello\n")),
                (b"sealed-file", r.seal(file_of(b"sealed\n"), SEAL_KEY)),
                (b"sealed-link", r.seal(link_to(b"readme"), SEAL_KEY)),
                (b"sealed-tree", secret),
            ]
        )
        self.add_node(EMPTY)
        self.pages[r.empty_map(r.DIRECTORY)] = r.Page(r.DIRECTORY, 0, [])
        self.root_id = r.node_id(self.root)

    def directory(self, children, sealed=False):
        node, tree_map = r.directory_of(children)
        self.pages.update(tree_map.pages)
        for _, child in children:
            self.add_node(child)
        return self.add_node(r.seal(node, SEAL_KEY) if sealed else node)

    def add_node(self, node):
        self.nodes[r.node_id(node)] = node
        return node

    def prove(self, path, grade=r.FULL, snapshot=None, root=None):
        """The proof of a path given as text with `/`."""
        names = path.split(b"/") if path else []
        root = self.root_id if root is None else root
        return r.prove_in_tree(self.nodes, self.pages, root, names, grade, snapshot)


def tree_proof_cases():
    about = "Tree proofs: present, contained, absent; and bent in every field."
    cases = Cases("tree-proofs.json", "tree-proofs.md", about)
    tree = Tree()
    snapshot = r.encode_snapshot(PLAIN_SNAPSHOT._replace(root=tree.root_id))
    right_proofs(cases, tree)
    expectations(cases, tree, snapshot)
    wrong_bytes(cases, tree, snapshot)
    bent_present(cases, tree)
    bent_absent(cases, tree)
    bent_blind(cases, tree)
    bent_snapshots(cases, tree, snapshot)
    every_byte(cases)
    return cases


def accept(cases, title, rule, proof, claim, expect=None, verdict=None):
    expect = {"root": proof.root} if expect is None else expect
    outcome = cases.accept(title, rule, bytes=r.encode_tree_proof(proof), expect=expect or None)
    found = (outcome["claim"], outcome["verdict"])
    assert found == (claim, verdict or "verified"), (title, outcome)


def refuse(cases, title, rule, error, proof, expect=None):
    data = proof if isinstance(proof, bytes) else r.encode_tree_proof(proof)
    cases.refuse(title, rule, error, bytes=data, expect=expect)


def right_proofs(cases, tree):
    present = (
        "",
        "readme",
        "link",
        "inner",
        "inner/empty",
        "inner/file",
        "many",
        "many/0000",
        "many/0150",
        "many/0299",
        "sealed-file",
        "sealed-link",
        "sealed-tree",
        "sealed-tree/file",
    )
    for path in [*map(str.encode, present), b"odd\xff\n"]:
        title = path.decode("ascii", "backslashreplace") or "the root"
        accept(cases, f"present, {title}", "TREE-3", tree.prove(path), "present")
        blind = tree.prove(path, r.BLIND)
        accept(cases, f"contained, {title}", "TREE-5", blind, "contained")
    absent = {
        "nope": "below all",
        "a": "in the root, first",
        "zzz": "in the root, last",
        "many/0150x": "between two pages or entries",
        "many/!": "before the first page",
        "many/9999": "behind the last page",
        "inner/empty/x": "in an empty directory",
        "inner/nope/deeper/still": "its directory too",
        "readme/x": "below a file",
        "link/x": "below a symlink",
        "inner/file/x/y": "below a file, two names",
        "sealed-file/x": "below a sealed file",
        "sealed-link/x": "below a sealed symlink",
        "sealed-tree/nope": "in a sealed directory",
    }
    for path, title in absent.items():
        accept(cases, f"absent, {title}", "TREE-4", tree.prove(path.encode()), "absent")
    for node in (file_of(b"root"), link_to(b"x"), EMPTY, r.seal(file_of(b"root"), SEAL_KEY)):
        root = r.node_id(tree.add_node(node))
        title = f"the root is of kind {node.kind}"
        accept(cases, f"present, {title}", "NODE-10", tree.prove(b"", root=root), "present")
        blind = tree.prove(b"", r.BLIND, root=root)
        accept(cases, f"contained, {title}", "TREE-3", blind, "contained")
        accept(cases, f"absent, {title}", "TREE-4", tree.prove(b"a/b", root=root), "absent")
    deep = file_of(b"deep")
    for _ in range(40):
        deep = tree.directory([(b"d", deep)])
    proof = tree.prove(b"/".join([b"d"] * 40), root=r.node_id(deep))
    accept(cases, "present, 40 names deep", "TREE-3", proof, "present")
    path = [b"readme"] + [b"x"] * 4095
    proof = r.prove_in_tree(tree.nodes, tree.pages, tree.root_id, path)
    accept(cases, "absent, a path of 4,096 names", "TREE-4", proof, "absent")


def expectations(cases, tree, snapshot):
    plain, whole = tree.prove(b"readme"), tree.prove(b"readme", snapshot=snapshot)
    absent = tree.prove(b"nope", snapshot=snapshot)
    blind = tree.prove(b"many/0150", r.BLIND, snapshot)
    snapshot_id = r.id_of_snapshot(snapshot)

    def add(title, proof, claim, verdict, **expect):
        rule = "TREE-2" if title == "the snapshot" else "TREE-6"
        accept(cases, f"expected: {title}", rule, proof, claim, expect, verdict)

    add("nothing", plain, "present", "consistent")
    add("nothing, with a snapshot", whole, "present", "consistent")
    add("nothing, blind", blind, "contained", "consistent")
    add("nothing, absent", absent, "absent", "consistent")
    add("the root, with a snapshot", whole, "present", "verified", root=tree.root_id)
    add("the snapshot", whole, "present", "verified", snapshot=snapshot_id)
    add("the snapshot, absent", absent, "absent", "verified", snapshot=snapshot_id)
    add("the snapshot, blind", blind, "contained", "verified", snapshot=snapshot_id)
    add("another root", plain, "present", "false", root=OTHER)
    add("another root, absent", absent, "absent", "false", root=OTHER)
    add("another snapshot", whole, "present", "false", snapshot=OTHER)
    add("a snapshot, none there", plain, "present", "false", snapshot=snapshot_id)
    add("the root given as a snapshot", whole, "present", "false", snapshot=tree.root_id)
    add("the snapshot given as a root", whole, "present", "false", root=snapshot_id)


def wrong_bytes(cases, tree, snapshot):
    proof = tree.prove(b"inner/file", snapshot=snapshot)
    data = r.encode_tree_proof(proof)

    def bent(title, rule, error, data):
        refuse(cases, f"bytes, {title}", rule, error, data)

    bent("nothing", "ENC-4", "truncated", b"")
    bent("15 of the magic", "ENC-4", "truncated", data[:15])
    bent("only the magic", "ENC-4", "truncated", data[:16])
    bent("another magic", "TREE-1", "unsupported-format", b"M" + data[1:])
    head = data[:15] + b"\r"
    bent("a carriage return in the magic", "TREE-1", "unsupported-format", head + data[16:])
    for number in (0, 2):
        head = data[:16] + bytes((number,))
        bent(f"format {number}", "ENC-7", "unsupported-format", head + data[17:])
    for grade in (0, 3):
        head = data[:17] + bytes((grade,))
        bent(f"grade {grade}", "TREE-1", "unsupported-format", head + data[18:])
    bent("snapshot flag 2", "ENC-6", "bad-flag", data[:18] + b"\x02" + data[19:])
    bent("without its last byte", "ENC-4", "truncated", data[:-1])
    bent("and a byte", "ENC-8", "trailing-bytes", data + b"\x00")
    plain = r.encode_tree_proof(tree.prove(b""))
    start = plain[:51]
    assert plain[51:53] == b"\x00\x00"
    bent("4,097 names", "LIM-7", "out-of-range", start + r.varint(4097))
    bent("2^32-1 names", "LIM-7", "out-of-range", start + r.varint(r.U32_MOST))
    bent("4,096 names, none there", "ENC-9", "truncated", start + r.varint(4096))
    names = {
        "dot dot": (b"..", "bad-name"),
        "a slash": (b"a/b", "bad-name"),
        "nothing": (b"", "out-of-range"),
        "1,025 bytes": (b"n" * 1025, "out-of-range"),
    }
    for title, (name, error) in names.items():
        data = start + b"\x01" + r.sized(name) + b"\x00\x00"
        bent(f"a name of {title}", "NAME-1", error, data)
    bent("more steps than names", "TREE-1", "out-of-range", start + b"\x01\x01a\x02")
    bent("a step, no name", "TREE-1", "out-of-range", start + b"\x00\x01")
    step = start + b"\x01\x01a\x01"
    bent("2^32-1 pages", "ENC-9", "truncated", step + b"\x00" + r.varint(r.U32_MOST))
    bent("a node of 2^32-1 bytes", "ENC-9", "truncated", step + r.varint(r.U32_MOST))
    bent("steps cut", "ENC-4", "truncated", start + b"\x01\x01a")
    bent("end flag 2", "ENC-6", "bad-flag", start + b"\x00\x00\x02")
    bent("end and a byte", "ENC-8", "trailing-bytes", plain + b"\x00")


def with_step(proof, index, node=None, pages=None):
    """The proof with another node or other pages in one step."""
    steps = list(proof.steps)
    old_node, old_pages = steps[index]
    node = old_node if node is None else node
    steps[index] = (node, old_pages if pages is None else pages)
    return proof._replace(steps=steps)


def bent_present(cases, tree):
    proof = tree.prove(b"many/0150")
    other = tree.prove(b"inner/file")
    root_page, leaf_page = proof.steps[1][1]

    def bent(title, error, changed, rule="TREE-3"):
        refuse(cases, f"present, bent: {title}", rule, error, changed)

    bent("another root", "hash-mismatch", proof._replace(root=OTHER))
    bent("another path", "bad-proof", proof._replace(path=[b"many", b"0150x"]))
    bent("another path that is there", "hash-mismatch", proof._replace(path=[b"many", b"0020"]))
    bent("the first name another", "hash-mismatch", proof._replace(path=[b"inner", b"0150"]))
    bent("a name more", "bad-proof", proof._replace(path=proof.path + [b"x"]))
    bent("a step fewer", "bad-proof", proof._replace(steps=proof.steps[:1]))
    bent("no steps", "bad-proof", proof._replace(steps=[]))
    bent("the steps swapped", "hash-mismatch", proof._replace(steps=proof.steps[::-1]))
    bent("the first step twice", "hash-mismatch", proof._replace(steps=proof.steps[:1] * 2))
    bent("another end", "hash-mismatch", proof._replace(end=other.end))
    bent("the end cut", "truncated", proof._replace(end=proof.end[:-1]))
    bent("the end and a byte", "trailing-bytes", proof._replace(end=proof.end + b"\x00"))
    bent("the end empty", "truncated", proof._replace(end=b""))
    executable = r.encode_node(file_of(b"150\n", True))
    bent("the end executable", "hash-mismatch", proof._replace(end=executable))
    bent("another node", "hash-mismatch", with_step(proof, 1, node=other.steps[1][0]))
    bent("a node cut", "truncated", with_step(proof, 1, node=proof.steps[1][0][:-1]))
    bent("a file as node", "hash-mismatch", with_step(proof, 1, node=other.end))
    pages = {
        "no pages": ("bad-proof", "PROOF-2", []),
        "a page fewer": ("bad-proof", "PROOF-2", [root_page]),
        "a page more": ("bad-proof", "PROOF-2", [root_page, leaf_page, b""]),
        "pages swapped": ("hash-mismatch", "PROOF-1", [leaf_page, root_page]),
        "a page cut": ("truncated", "PROOF-1", [root_page, leaf_page[:-1]]),
    }
    for title, (error, rule, wrong) in pages.items():
        bent(title, error, with_step(proof, 1, pages=wrong), rule)
    bent("the pages of another step", "hash-mismatch", with_step(proof, 0, pages=proof.steps[1][1]))
    bent("grade blind", "unsupported-format", proof._replace(grade=r.BLIND), "PART-1")
    below_file = tree.prove(b"readme/x")._replace(end=other.end)
    bent("below a file", "bad-proof", below_file)
    forged_kinds(bent, tree)


def forged_kinds(bent, tree):
    """Directories that say of a child another kind than it has."""
    child = file_of(b"hello\n")
    inner = r.directory_of([(b"f", child)])[0]
    for node, title in ((child, "the end"), (inner, "a step")):
        entry = r.Entry(b"a", bytes((r.SYMLINK,)) + r.node_id(node))
        forged = r.build(r.DIRECTORY, [entry])
        root = r.Node(r.TREE, None, r.Directory(forged.root, 1, 0, 0))
        pages = {**tree.pages, **forged.pages, **r.directory_of([(b"f", child)])[1].pages}
        nodes = {r.node_id(part): part for part in (root, node, child)}
        path = [b"a"] if node is child else [b"a", b"f"]
        proof = r.prove_in_tree(nodes, pages, r.node_id(root), path)
        bent(f"the kind of {title} is another", "node-mismatch", proof)
    counts = r.Node(r.TREE, None, r.Directory(r.empty_map(r.DIRECTORY), 1, 0, 0))
    proof = r.TreeProof(r.FULL, None, r.node_id(counts), [], [], r.encode_node(counts))
    bent("a directory whose counts cannot be", "bad-count", proof, "NODE-7")
    wrong_map = r.build(r.ATTRIBUTES, [r.Entry(b"a", OTHER)])
    root = r.Node(r.TREE, None, r.Directory(wrong_map.root, 1, 0, 0))
    page = r.encode_page(wrong_map.pages[wrong_map.root])
    steps = [(r.encode_node(root), [page])]
    proof = r.TreeProof(r.FULL, None, r.node_id(root), [b"a"], steps, r.encode_node(child))
    bent("a directory over a map of attributes", "page-mismatch", proof, "MAP-15")


def bent_absent(cases, tree):
    proof, there = tree.prove(b"many/0150x"), tree.prove(b"many/0150")
    root_page, leaf_page = proof.steps[1][1]

    def bent(title, error, changed, rule="TREE-4"):
        refuse(cases, f"absent, bent: {title}", rule, error, changed)

    bent("the name is there", "bad-proof", there._replace(end=None))
    bent(
        "the name of the first step is there",
        "bad-proof",
        there._replace(end=None, steps=there.steps[:1]),
    )
    bent("grade blind", "bad-proof", proof._replace(grade=r.BLIND))
    bent("no steps", "bad-proof", proof._replace(steps=[]))
    bent("the root has no path", "bad-proof", tree.prove(b"")._replace(end=None))
    bent("an end", "bad-proof", proof._replace(end=there.end))
    bent("a step fewer", "bad-proof", proof._replace(steps=proof.steps[:1]))
    bent("another path that is there", "bad-proof", proof._replace(path=[b"many", b"0150"]))
    bent("another path in another page", "hash-mismatch", proof._replace(path=[b"many", b"0020x"]))
    bent("another root", "hash-mismatch", proof._replace(root=OTHER))
    bent("no pages", "bad-proof", with_step(proof, 1, pages=[]), "PROOF-2")
    bent("a page fewer", "bad-proof", with_step(proof, 1, pages=[root_page]), "PROOF-2")
    other = tree.prove(b"many/0020x").steps[1][1][1]
    bent("another page", "hash-mismatch", with_step(proof, 1, pages=[root_page, other]), "PROOF-1")
    bent("the empty page", "hash-mismatch", with_step(proof, 1, pages=[b"\x01\x00\x00"]), "PROOF-1")
    partial = r.encode_partial(r.hide(r.decode_page(leaf_page), {}))
    changed = with_step(proof, 1, pages=[root_page, partial])
    bent("a partial page", "out-of-range", changed, "MAP-11")
    deeper = tree.prove(b"inner/nope")
    longer = deeper._replace(path=deeper.path + [b"x"], steps=deeper.steps + deeper.steps[1:])
    bent("the absent name is not the last step", "bad-proof", longer)
    file = tree.prove(b"readme/x")
    bent("pages below a file", "bad-proof", with_step(file, 1, pages=[root_page]))
    bent("an empty page below a file", "bad-proof", with_step(file, 1, pages=[b""]))
    longer = file._replace(path=file.path + [b"y"], steps=file.steps + file.steps[1:])
    bent("a step below a file", "bad-proof", longer, "TREE-3")


def bent_blind(cases, tree):
    proof = tree.prove(b"many/0150", r.BLIND)
    other, full = tree.prove(b"many/0020", r.BLIND), tree.prove(b"many/0150")
    root_page, leaf_page = proof.steps[1][1]

    def bent(title, error, changed, rule="TREE-5"):
        refuse(cases, f"contained, bent: {title}", rule, error, changed)

    bent("another name", "bad-proof", proof._replace(path=[b"many", b"0151"]))
    bent("the first name another", "bad-proof", proof._replace(path=[b"inner", b"0150"]))
    bent("the proof of another name", "bad-proof", with_step(proof, 1, pages=other.steps[1][1]))
    bent("another end", "hash-mismatch", proof._replace(end=other.end), "TREE-3")
    bent("grade full", "out-of-range", proof._replace(grade=r.FULL), "MAP-11")
    bent("full pages", "unsupported-format", with_step(proof, 1, pages=full.steps[1][1]), "PART-1")
    bent("no pages", "bad-proof", with_step(proof, 1, pages=[]), "PROOF-4")
    bent("a page fewer", "bad-proof", with_step(proof, 1, pages=[root_page]), "PROOF-4")
    more = [root_page, leaf_page, leaf_page]
    bent("a page more", "bad-proof", with_step(proof, 1, pages=more), "PROOF-4")
    swapped = [leaf_page, root_page]
    bent("pages swapped", "hash-mismatch", with_step(proof, 1, pages=swapped), "PROOF-4")
    bent(
        "another leaf page",
        "hash-mismatch",
        with_step(proof, 1, pages=[root_page, other.steps[1][1][1]]),
        "PROOF-4",
    )
    bent("a step fewer", "bad-proof", proof._replace(steps=proof.steps[:1]), "TREE-3")
    bent("another root", "hash-mismatch", proof._replace(root=OTHER), "TREE-3")
    readme = tree.prove(b"readme", r.BLIND)
    below = readme._replace(path=[b"readme", b"x"], steps=readme.steps + [(readme.end, [])])
    bent("below a file", "bad-proof", below, "TREE-3")


def bent_snapshots(cases, tree, snapshot):
    proof = tree.prove(b"readme", snapshot=snapshot)

    def bent(title, error, changed, rule="TREE-2"):
        refuse(cases, f"snapshot, bent: {title}", rule, error, proof._replace(snapshot=changed))

    bent("of another root", "hash-mismatch", r.encode_snapshot(PLAIN_SNAPSHOT))
    bent("cut", "truncated", snapshot[:-1])
    bent("and a byte", "trailing-bytes", snapshot + b"\x00")
    bent("empty", "truncated", b"")
    bent("of format 2", "unsupported-format", b"\x02" + snapshot[1:])
    other = proof._replace(root=OTHER)
    refuse(cases, "snapshot, bent: another root in the proof", "TREE-2", "hash-mismatch", other)
    broken = proof._replace(snapshot=snapshot[:-1], steps=[])
    refuse(cases, "snapshot, bent: cut, and no steps", "TREE-1", "truncated", broken)


def every_byte(cases):
    """Each byte of a small proof changed: none of them is verified, but for another true claim."""
    small = Tree.__new__(Tree)
    small.nodes, small.pages = {}, {}
    root = small.directory([(b"f", file_of(b"x")), (b"g", link_to(b"f"))])
    root_id = r.node_id(root)
    for grade, path, word in (
        (r.FULL, b"f", "present"),
        (r.BLIND, b"f", "contained"),
        (r.FULL, b"e", "absent"),
    ):
        data = r.encode_tree_proof(small.prove(path, grade, root=root_id))
        name_at = 16 + 1 + 1 + 1 + 32 + 1 + 1
        assert data[name_at : name_at + 1] == path
        for at in range(16, len(data)):
            bent = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
            error = error_of(bent, root_id)
            if word == "absent" and at == name_at:
                assert error is None
                continue
            assert error is not None, (word, at)
            if at % 5 == 0:
                title = f"{word}, byte {at} changed"
                refuse(cases, title, "TREE-6", error, bent, {"root": root_id})


def error_of(data, root):
    try:
        r.verdict_of_tree_proof(data, root)
    except r.Refused as refused:
        return refused.code
    return None


FILES = [tree_proof_cases]
