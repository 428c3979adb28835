//! Tree proofs: what is there is shown, what is not is not, and no mutant claims anything else.

use markerbed_core::{
    ContentId, Id16, NodeId, SnapshotId,
    codec::{Canonical, put_u64},
    tree::{
        Child, Clock, Coverage, Expectation, Finding, Grade, Label, Name, Path, ProofOf, Snapshot,
        SnapshotFields, SourceKind, Tool, TreeClaim, TreeProof, Verdict, prove_path,
    },
};
use markerbed_suites::{Objects, Random, cases, print_count, seed};

use crate::tree_model::{Paths, Tree, plain_file, random_tree};

#[test]
fn every_path_is_proven_and_no_absent_one_is() {
    let cases = cases(60);
    let mut random = Random::new(seed(), "every_path_is_proven");
    let mut proofs = 0;
    for _ in 0..cases {
        let tree = random_tree(&mut random, 3, 5);
        let mut objects = Objects::default();
        let root = tree.store(&mut objects).id();
        for (path, child) in tree.paths().0 {
            let absent = path.join(&Name::new(b"absent").unwrap()).unwrap();

            for grade in [Grade::Full, Grade::Blind] {
                let proof = prove(&objects, ProofOf::Root(root), &path, grade).unwrap();
                let claim = verified(&proof, Expectation::Root(root));
                check_found(&claim, grade, &child);
                assert_eq!(claim.path, path);
            }
            let proof = prove(&objects, ProofOf::Root(root), &absent, Grade::Full).unwrap();
            let claim = verified(&proof, Expectation::Root(root));
            assert_eq!((claim.path, claim.found), (absent.clone(), Finding::Absent));
            assert_eq!(prove(&objects, ProofOf::Root(root), &absent, Grade::Blind), None);
            proofs += 3;
        }
    }
    print_count("every_path_is_proven", proofs, 1_000);
}

fn check_found(claim: &TreeClaim, grade: Grade, child: &Child) {
    match (&claim.found, grade) {
        (Finding::Present { id, node }, Grade::Full)
        | (Finding::Contained { id, node }, Grade::Blind) => {
            assert_eq!(Child::of(node), *child);
            assert_eq!(*id, child.id);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_proof_is_judged_by_what_is_known_from_outside() {
    let mut objects = Objects::default();
    let snapshot = snapshot(small_tree().store(&mut objects).id());
    let (root, id) = (snapshot.root, snapshot.id());
    let path = Path::new(b"d/a").unwrap();
    let of = ProofOf::Snapshot(Box::new(snapshot));
    let proof = prove(&objects, of, &path, Grade::Full).unwrap();
    let without = prove(&objects, ProofOf::Root(root), &path, Grade::Full).unwrap();
    let (other_root, other) = (NodeId::from_bytes([1; 32]), SnapshotId::from_bytes([1; 32]));
    let judge = |proof: &TreeProof, expectation| TreeProof::verify(&proof.encode(), expectation);

    assert!(matches!(judge(&proof, Expectation::Snapshot(id)), Verdict::Verified(_)));
    assert!(matches!(judge(&proof, Expectation::Snapshot(other)), Verdict::Differs(_)));
    assert!(matches!(judge(&proof, Expectation::Root(other_root)), Verdict::Differs(_)));
    assert!(matches!(judge(&without, Expectation::Snapshot(id)), Verdict::Differs(_)));
    let Verdict::Consistent(claim) = judge(&proof, Expectation::Nothing) else { panic!() };
    assert_eq!((claim.root, claim.snapshot), (root, Some(id)));
    // Whoever knows the root alone does not know that the snapshot is a true one.
    let Verdict::Verified(claim) = judge(&proof, Expectation::Root(root)) else { panic!() };
    assert_eq!((claim.root, claim.snapshot), (root, None));
}

#[test]
fn no_mutated_proof_claims_anything_else() {
    let mut random = Random::new(seed(), "no_mutated_proof");
    let mut objects = Objects::default();
    let snapshot = snapshot(small_tree().store(&mut objects).id());
    let expectation = Expectation::Snapshot(snapshot.id());
    let paths = small_tree().paths();
    let mut mutants = 0;
    for (path, grade) in [
        ("d/a", Grade::Full),
        ("d/a", Grade::Blind),
        ("d/absent", Grade::Full),
        ("link/below", Grade::Full),
        ("wide/f7", Grade::Full),
        ("wide/f7", Grade::Blind),
        ("", Grade::Full),
    ] {
        let of = ProofOf::Snapshot(Box::new(snapshot.clone()));
        let path = Path::new(path.as_bytes()).unwrap();
        let proof = prove(&objects, of, &path, grade).unwrap();
        let claim = verified(&proof, expectation);
        let bytes = proof.encode();

        let mut check = |mutant: &[u8]| {
            if mutant != bytes {
                let verdict = TreeProof::verify(mutant, expectation);
                if let Verdict::Verified(found) = &verdict {
                    // Of absence there is more than one true claim with the same pages; and of
                    // the root, which needs none, two grades.
                    assert!(found.found == Finding::Absent || path.is_root(), "{path}: {found:?}");
                    assert_ne!(*found, claim, "{path}: another proof of the same");
                    assert!(is_true(&paths, found), "{path}: {found:?}");
                }
                mutants += 1;
            }
        };
        every_byte(&bytes, &mut check);
        for _ in 0..cases(2_000) {
            check(&spliced(&mut random, &bytes));
        }
    }
    print_count("no_mutated_proof", mutants, 55_000);
}

fn is_true(paths: &Paths, claim: &TreeClaim) -> bool {
    let child = paths.0.get(&claim.path);
    match &claim.found {
        Finding::Present { id, node } | Finding::Contained { id, node } => {
            child == Some(&Child { kind: node.kind(), id: *id })
        }
        Finding::Absent => child.is_none(),
    }
}

/// Each byte flipped in eight ways, left out, doubled, and the input ended before it.
fn every_byte(bytes: &[u8], check: &mut impl FnMut(&[u8])) {
    // Long proofs are mostly hashes of pages: some of their bytes stand for all.
    let step = 1 + bytes.len() / 1_500;
    for at in (0..bytes.len()).step_by(step) {
        for bit in 0..8 {
            let mut mutant = bytes.to_vec();
            mutant[at] ^= 1 << bit;
            check(&mutant);
        }
        let (before, after) = bytes.split_at(at);
        check(&[before, &after[1..]].concat());
        check(&[before, &after[..1], after].concat());
        check(before);
    }
}

/// A stretch of the proof put somewhere else.
fn spliced(random: &mut Random, bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u64;
    let from = random.below(length) as usize;
    let stretch = &bytes[from..bytes.len().min(from + 1 + random.below(80) as usize)];
    let at = random.below(length) as usize;
    let over = if random.below(2) == 0 { stretch.len() } else { 0 };
    [&bytes[..at], stretch, &bytes[bytes.len().min(at + over)..]].concat()
}

#[test]
fn a_proof_of_one_path_is_none_of_another() {
    let mut objects = Objects::default();
    let root = small_tree().store(&mut objects).id();
    let prove = |path: &str| {
        let path = Path::new(path.as_bytes()).unwrap();
        prove(&objects, ProofOf::Root(root), &path, Grade::Full).unwrap().encode()
    };
    let (present, absent) = (prove("d/a"), prove("d/b-absent"));
    // The same pages, and the other's path and end: "present" and "absent" are never both shown.
    let name = |bytes: &[u8], name: &[u8]| {
        let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
        at..at + name.len()
    };
    let mut mutant = absent.clone();
    let place = name(&mutant, b"\x08b-absent");
    mutant.splice(place, *b"\x01a");

    assert!(matches!(TreeProof::verify(&mutant, Expectation::Root(root)), Verdict::Broken(_)));
    let place = name(&present, b"\x01d\x01a");
    let mut mutant = present;
    mutant.splice(place, *b"\x01d\x01b");
    assert!(matches!(TreeProof::verify(&mutant, Expectation::Root(root)), Verdict::Broken(_)));
}

#[test]
fn the_deepest_and_the_longest_paths_are_proven() {
    let mut objects = Objects::default();
    let name = "n".repeat(1_024);
    let mut tree = Tree::Leaf(plain_file(false, 1));
    for _ in 0..60 {
        tree = Tree::Directory([(name.clone().into_bytes(), tree)].into());
    }
    let root = tree.store(&mut objects).id();
    let path = Path::new([name.as_str(); 60].join("/").as_bytes()).unwrap();

    let proof = prove(&objects, ProofOf::Root(root), &path, Grade::Blind).unwrap();

    assert_eq!(verified(&proof, Expectation::Root(root)).path, path);
    let mut length = Vec::new();
    put_u64(&mut length, 1_024);
    assert_eq!(length, [0x80, 0x08]);
}

fn prove(objects: &Objects, of: ProofOf, path: &Path, grade: Grade) -> Option<TreeProof> {
    let path = path.clone();
    objects.drive(move |io| async move { prove_path(&io, of, &path, grade).await }).output.unwrap()
}

fn verified(proof: &TreeProof, expectation: Expectation) -> TreeClaim {
    let bytes = proof.encode();
    assert_eq!(TreeProof::decode(&bytes).as_ref(), Ok(proof));
    match TreeProof::verify(&bytes, expectation) {
        Verdict::Verified(claim) => claim,
        other => panic!("{other:?}"),
    }
}

/// A directory of two files, one of 300, a symlink.
fn small_tree() -> Tree {
    let leaf = |size| Tree::Leaf(plain_file(false, size));
    let link = markerbed_core::tree::Symlink::new(b"d").unwrap();
    let wide = (0..300).map(|at| (format!("f{at}").into_bytes(), leaf(at))).collect();
    let small = [(b"a".to_vec(), leaf(1)), (b"b".to_vec(), leaf(2))].into();
    Tree::Directory(
        [
            (b"d".to_vec(), Tree::Directory(small)),
            (b"link".to_vec(), Tree::Leaf(link.into())),
            (b"wide".to_vec(), Tree::Directory(wide)),
        ]
        .into(),
    )
}

fn snapshot(root: NodeId) -> Snapshot {
    let fields = SnapshotFields {
        root,
        parents: Vec::new(),
        source_kind: SourceKind::Directory,
        source_label: Label::new("source").unwrap(),
        run: Id16::from_bytes([1; 16]),
        captured_at_ms: 0,
        clock: Clock::Host,
        agent: Id16::from_bytes([2; 16]),
        rules: ContentId::from_bytes([3; 32]),
        coverage: Coverage::Complete,
        evidence: None,
        attributes: None,
        listing: None,
        tool: Tool::new("test 1").unwrap(),
    };
    Snapshot::new(fields).unwrap()
}
