//! What core may name, hold and depend on.

use std::collections::BTreeSet;

use super::{
    Report,
    tokens::{Kind, Token, after_tree, begins_with, tokens, tokens_without_tests, tree},
    tree::Tree,
};
use crate::{failure::Failure, program::Program};

pub(super) fn hashing(tree: &Tree) -> Result<Report, Failure> {
    let mut report = Report::default();
    for (path, text) in tree.core() {
        report.looked_at += usize::from(path != HASH_FILE);
        for token in tokens(path, text)? {
            let only = match token.text.as_str() {
                SIGNATURE_CRATE => SIGNATURE_FILE,
                name if HASH_CRATES.contains(&name) => HASH_FILE,
                _ => continue,
            };
            if token.kind == Kind::Word && path != only {
                let sentence = format!("only {only} may name {}", token.text);
                report.find(path, token.line, &sentence);
            }
        }
    }
    Ok(report)
}

/// Numbers become bytes and bytes numbers in codec, and only its functions append to a buffer.
pub(super) fn canonical_bytes(tree: &Tree) -> Result<Report, Failure> {
    let mut report = Report::default();
    let is_free = |path: &str| BYTES_ALLOWED.iter().any(|allowed| path.starts_with(allowed));
    for (path, text) in tree.core().filter(|(path, _)| !is_free(path)) {
        report.looked_at += 1;
        let tokens = tokens_without_tests(path, text)?;
        let buffers = buffers(&tokens);
        for (index, token) in tokens.iter().enumerate() {
            let word = token.text.as_str();
            let is_conversion =
                BYTE_WORDS.contains(&word) && !BYTE_WORDS_ALLOWED.contains(&(path, word));
            let [dot, method] = [1, 2].map(|ahead| tokens.get(index + ahead));
            let is_appended = buffers.contains(word)
                && dot.is_some_and(|dot| dot.is("."))
                && method.is_some_and(|method| APPENDING.contains(&method.text.as_str()));
            if token.kind == Kind::Word && (is_conversion || is_appended) {
                let what =
                    if is_conversion { format!("use {word}") } else { format!("append to {word}") };
                let sentence =
                    format!("only core/src/codec/ may {what}; use or add a function there");
                report.find(path, token.line, &sentence);
            }
        }
    }
    Ok(report)
}

/// Names of buffers of canonical bytes: `out`, and whatever is a `&mut Vec<u8>`.
fn buffers(tokens: &[Token]) -> BTreeSet<&str> {
    let kind = [":", "&", "mut", "Vec", "<", "u8", ">"];
    let is_buffer = |at: &usize| tokens.get(at + 1..).is_some_and(|rest| begins_with(rest, &kind));
    let named = (0..tokens.len()).filter(is_buffer).filter_map(|at| tokens.get(at));
    named.map(|token| token.text.as_str()).chain(["out"]).collect()
}

/// A cap is a constant with a number of its own whose name says so; one made of others is none.
pub(super) fn limits(tree: &Tree) -> Result<Report, Failure> {
    let mut report = Report::default();
    for (path, text) in tree.core().filter(|(path, _)| *path != "core/src/limits.rs") {
        report.looked_at += 1;
        let tokens = tokens_without_tests(path, text)?;
        let mut rest = tokens.as_slice();
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            let (true, Some(name)) = (first.is("const"), after.first()) else { continue };
            let end = after.iter().position(|token| token.is(";")).unwrap_or(after.len());
            let is_number = |token: &Token| {
                token.kind == Kind::Literal
                    && token.text.starts_with(|at: char| at.is_ascii_digit())
            };
            let value = after.iter().take(end).skip_while(|token| !token.is("="));
            if is_cap(&name.text) && value.into_iter().any(is_number) {
                let sentence = format!("move the number of {} to core/src/limits.rs", name.text);
                report.find(path, name.line, &sentence);
            }
        }
    }
    Ok(report)
}

fn is_cap(name: &str) -> bool {
    name.split('_').any(|word| ["MAX", "LIMIT", "CAP"].contains(&word))
}

pub(super) fn dependencies(_: &Tree) -> Result<Report, Failure> {
    let listed = Program::cargo(
        "tree --locked --package markerbed-core --edges normal --target all --prefix none \
         --format {p}",
    )
    .read()?;
    Ok(check_dependencies(&listed))
}

/// Compares what `cargo tree` lists with the allow-list, both ways.
fn check_dependencies(listed: &str) -> Report {
    let name = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let found: BTreeSet<String> =
        listed.lines().filter_map(name).filter(|name| name != "markerbed-core").collect();
    let mut report = Report { looked_at: found.len(), ..Report::default() };
    for name in found.iter().filter(|name| !DEPENDENCIES.contains(&name.as_str())) {
        report.find("core/Cargo.toml", 1, &format!("{name} is not on the allow-list of core"));
    }
    for name in DEPENDENCIES.iter().filter(|name| !found.contains(**name)) {
        let sentence = format!("{name} is allowed but not used; take it off the list");
        report.find("tests/xtask/src/tidy/engine.rs", 1, &sentence);
    }
    report
}

pub(super) fn public_types(tree: &Tree) -> Result<Report, Failure> {
    let mut report = Report::default();
    for (path, text) in tree.core() {
        let tokens = tokens_without_tests(path, text)?;
        let foreign = foreign_names(&tokens);
        let mut rest = tokens.as_slice();
        while let Some((first, after)) = rest.split_first() {
            let shown = if first.is("pub") && !begins_with(after, &["("]) {
                report.looked_at += 1;
                public_part(after)
            } else if first.is("impl") {
                signature(after)
            } else {
                Vec::new()
            };
            for token in shown.iter().filter(|token| foreign.contains(token.text.as_str())) {
                let sentence = format!("{} of another crate is in core's public API", token.text);
                report.find(path, token.line, &sentence);
            }
            rest = after;
        }
    }
    Ok(report)
}

/// The crates core stands on, and what this file takes from them by name.
fn foreign_names(tokens: &[Token]) -> BTreeSet<&str> {
    let mut names: BTreeSet<&str> = FOREIGN_CRATES.iter().copied().collect();
    let mut rest = tokens;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let is_foreign = |root: &Token| FOREIGN_CRATES.contains(&root.text.as_str());
        if first.is("use") && after.first().is_some_and(is_foreign) {
            let path = after.iter().take_while(|token| !token.is(";"));
            let words = path.filter(|token| token.kind == Kind::Word && !token.is("self"));
            names.extend(words.map(|token| token.text.as_str()));
        }
    }
    names.remove("as");
    names
}

/// What is public of the item or field after a `pub`: its bodies and private fields are not.
fn public_part(item: &[Token]) -> Vec<Token> {
    let Some(first) = item.first() else { return Vec::new() };
    let keyword = item.iter().find(|token| !["async", "unsafe"].contains(&token.text.as_str()));
    match keyword.map_or(first.text.as_str(), |token| token.text.as_str()) {
        "use" => item.iter().take_while(|token| !token.is(";")).cloned().collect(),
        "enum" | "trait" | "union" => {
            let mut part = signature(item);
            let body = item.iter().position(|token| token.is("{"));
            part.extend_from_slice(body.and_then(|at| item.get(at..)).map_or(&[], tree));
            part
        }
        "struct" => {
            let private_fields = |token: &&Token| !token.is("(");
            signature(item).iter().take_while(private_fields).cloned().collect()
        }
        "fn" | "type" => signature(item),
        "const" | "static" => {
            signature(item).iter().take_while(|token| !token.is("=")).cloned().collect()
        }
        _ => field(item),
    }
}

/// Up to the braces or the semicolon.
fn signature(item: &[Token]) -> Vec<Token> {
    let ends = |token: &Token| token.is("{") || token.is(";");
    let mut rest = item;
    while rest.first().is_some_and(|token| !ends(token)) {
        rest = after_tree(rest);
    }
    item.iter().take(item.len() - rest.len()).cloned().collect()
}

/// Up to the comma that is in no angle brackets, or the end of the struct.
fn field(item: &[Token]) -> Vec<Token> {
    let mut angles = 0_i32;
    let mut rest = item;
    while let Some(first) = rest.first() {
        match first.text.as_str() {
            "<" => angles += 1,
            ">" => angles -= 1,
            "," if angles <= 0 => break,
            _ if first.kind == Kind::Close => break,
            _ => {}
        }
        rest = after_tree(rest);
    }
    item.iter().take(item.len() - rest.len()).cloned().collect()
}

const HASH_FILE: &str = "core/src/hash.rs";
const HASH_CRATES: &[&str] = &["blake3", "sha2"];
const SIGNATURE_FILE: &str = "core/src/signature.rs";
const SIGNATURE_CRATE: &str = "ed25519_dalek";

/// The crates that core names itself.
const FOREIGN_CRATES: &[&str] = &["blake3", "ed25519_dalek", "sha2", "spin", "thiserror"];

/// The codec, and texts: JSON, the base64 in it, and the listing, each as the spec fixes it.
const BYTES_ALLOWED: &[&str] =
    &["core/src/codec/", "core/src/json/", "core/src/tree/base64.rs", "core/src/tree/listing.rs"];

/// What turns numbers into bytes or back, or takes the first bytes as a field.
const BYTE_WORDS: &[&str] = &[
    "first_chunk",
    "from_be_bytes",
    "from_le_bytes",
    "from_ne_bytes",
    "last_chunk",
    "split_first_chunk",
    "split_last_chunk",
    "take_varint",
    "to_be_bytes",
    "to_le_bytes",
    "to_ne_bytes",
];

/// The cut compares a hash as a number; nothing is read from it.
const BYTE_WORDS_ALLOWED: &[(&str, &str)] = &[("core/src/map/cut.rs", "from_be_bytes")];

/// What appends to a buffer, or changes it.
const APPENDING: &[&str] =
    &["append", "extend", "extend_from_slice", "insert", "push", "resize", "splice"];

/// Everything that is linked into core, on any target; each was looked at before it came here.
const DEPENDENCIES: &[&str] = &[
    "arrayvec",
    "blake3",
    "block-buffer",
    "cfg-if",
    "constant_time_eq",
    "cpufeatures",
    "crypto-common",
    "curve25519-dalek",
    "curve25519-dalek-derive",
    "digest",
    "ed25519",
    "ed25519-dalek",
    "fiat-crypto",
    "hybrid-array",
    "libc",
    "proc-macro2",
    "quote",
    "sha2",
    "signature",
    "spin",
    "subtle",
    "syn",
    "thiserror",
    "thiserror-impl",
    "typenum",
    "unicode-ident",
    "zeroize",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_outside_hash_rs_is_found_but_not_in_a_comment() {
        let tree = Tree::planted(&[
            ("core/src/hash.rs", "use blake3::Hasher;"),
            ("core/src/map/cut.rs", "// blake3\nfn f() { blake3::hash(b\"\"); }"),
            ("core/src/id.rs", "#[cfg(test)] mod tests { use sha2::Sha256; }"),
            ("host-native/src/lib.rs", "use blake3::Hasher;"),
        ]);

        let report = hashing(&tree).unwrap();

        assert_eq!(report.looked_at, 2);
        assert_eq!(report.findings.len(), 2, "{:?}", report.findings);
        assert!(report.findings[0].starts_with("core/src/map/cut.rs:2: "));
    }

    #[test]
    fn bytes_taken_apart_outside_codec_are_found() {
        let tree = Tree::planted(&[
            ("core/src/codec/read.rs", "fn f() { u32::from_le_bytes(x); }"),
            ("core/src/tree/node.rs", "fn f() { u32::from_le_bytes(x); }"),
            ("core/src/map/page.rs", "fn f() { hash_of(|out| out.push(1)); }"),
            ("core/src/tree/path.rs", "fn put(to: &mut Vec<u8>) {\nto.extend_from_slice(x); }"),
            ("core/src/map/item.rs", "fn f(out: &mut Vec<u8>) { put_byte(out, 1); row.push(1); }"),
            ("core/src/id.rs", "#[cfg(test)] mod tests { fn f() { x.to_be_bytes(); } }"),
        ]);

        let report = canonical_bytes(&tree).unwrap();

        let places =
            ["core/src/tree/node.rs:1: ", "core/src/map/page.rs:1: ", "core/src/tree/path.rs:2: "];
        assert_eq!(report.findings.len(), places.len(), "{:?}", report.findings);
        for (finding, place) in report.findings.iter().zip(places) {
            assert!(finding.starts_with(place), "{finding}");
        }
    }

    #[test]
    fn a_cap_outside_limits_is_found_but_not_one_made_of_others() {
        let tree = Tree::planted(&[
            ("core/src/limits.rs", "pub const DEPTH_MAX: u32 = 4_096;"),
            ("core/src/a.rs", "const ITEMS_MAX: u32 = 256;"),
            ("core/src/b.rs", "impl X { const BYTES_MAX: u32 = limits::OBJECT_BYTES_MAX; }"),
            ("core/src/c.rs", "const KIND: u8 = 1; const fn f() -> u8 { 3 }"),
        ]);

        let report = limits(&tree).unwrap();

        assert_eq!(
            report.findings,
            ["core/src/a.rs:1: move the number of ITEMS_MAX to core/src/limits.rs"]
        );
    }

    #[test]
    fn a_dependency_too_many_and_one_too_few_are_found() {
        let mut listed = DEPENDENCIES.join(" v1\n");
        listed.push_str(" v1\nmarkerbed-core v0.1.0 (core)\n");
        let more = format!("{listed}serde v1.0.0\n");
        let fewer = listed.replace("spin v1\n", "");

        assert_eq!(check_dependencies(&listed).findings, [""; 0]);
        assert!(check_dependencies(&more).findings[0].contains("serde"));
        assert!(check_dependencies(&fewer).findings[0].contains("spin"));
    }

    #[test]
    fn foreign_types_in_the_public_api_are_found() {
        let planted = [
            "pub use sha2::Digest;",
            "pub fn f() -> blake3::Hash { x }",
            "use spin::Mutex; pub struct A { pub lock: Mutex<u8>, }",
            "use spin::Mutex; pub struct A(pub Mutex<u8>);",
            "pub enum E { A(blake3::Hash) }",
            "use sha2::{Digest, Sha256}; impl Digest for A {}",
            "use spin::Mutex; pub type Lock = Mutex<u8>;",
        ];
        for source in planted {
            let tree = Tree::planted(&[("core/src/a.rs", source)]);
            assert!(!public_types(&tree).unwrap().findings.is_empty(), "{source}");
        }
        let fine = [
            "use spin::Mutex; pub struct A { lock: Mutex<u8>, pub map: Map<u8, u8>, }",
            "pub struct A(blake3::Hasher);",
            "pub fn f() { blake3::hash(b\"\"); }",
            "use spin::Mutex; pub(crate) fn f() -> Mutex<u8> { x }",
            "#[derive(thiserror::Error)] pub enum E { A }",
        ];
        for source in fine {
            let tree = Tree::planted(&[("core/src/a.rs", source)]);
            assert_eq!(public_types(&tree).unwrap().findings, [""; 0], "{source}");
        }
    }
}
