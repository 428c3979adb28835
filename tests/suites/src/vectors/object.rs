//! The engine's objects against the golden vectors: fields, names, nodes and trees.

use crate::vector::{Case, cases_of, check_code, to_hex};
use markerbed_core::{
    Error, NodeId,
    codec::{Canonical, Reader, put_bool, put_bytes, put_fixed, put_i64, put_option},
    map::{self, Entry, MapKind},
    tree::{Child, Label, Name, NewChild, Node, NodeBody, Path, SealKey, Tool, build_directory},
};

pub(super) fn fields() {
    for case in cases_of(include_str!("../../../vectors/fields.json"), 78) {
        let bytes = case.bytes("bytes");
        let mut reader = Reader::new(&bytes);
        let mut out = Vec::new();
        let read = match case.text("type").as_str() {
            "bool" => reader.take_bool().map(|value| {
                put_bool(&mut out, value);
                serde_json::Value::from(value)
            }),
            "i64" => reader.take_i64().map(|value| {
                put_i64(&mut out, value);
                value.to_string().into()
            }),
            "option-id" => reader.take_option(Reader::take_fixed).map(|id: Option<[u8; 32]>| {
                put_option(&mut out, id, |out, id| put_fixed(out, &id));
                id.map(|id| to_hex(&id)).into()
            }),
            "bytes" => reader.take_bytes(0..=1_024).map(|value| {
                put_bytes(&mut out, value);
                to_hex(value).into()
            }),
            "string" => reader.take_string(0..=1_024).map(|value| {
                put_bytes(&mut out, value.as_bytes());
                value.into()
            }),
            "id16" => reader.take_fixed::<16>().map(|value| {
                put_fixed(&mut out, &value);
                to_hex(&value).into()
            }),
            other => panic!("{}: {other}", case.name()),
        };
        let read = read.and_then(|value| reader.finish().map(|()| value));

        if let Some(value) = check_code(&case, read) {
            assert_eq!(value, case.value("value"), "{}", case.name());
            assert_eq!(out, bytes, "{}", case.name());
        }
    }
}

pub(super) fn names() {
    for case in cases_of(include_str!("../../../vectors/names.json"), 97) {
        let bytes = case.bytes("bytes");
        let read = match case.text("type").as_str() {
            "name" => Name::new(&bytes).map(|name| name.as_bytes().to_vec()),
            "path" => Path::new(&bytes).map(|path| path.as_bytes().to_vec()),
            "ref-name" => Label::from_bytes(&bytes).map(|label| label.as_str().into()),
            "tool" => Tool::from_bytes(&bytes).map(|tool| tool.as_str().into()),
            "id-text" => {
                let text = std::str::from_utf8(&bytes).map_err(|_| Error::BadId);
                text.and_then(str::parse::<NodeId>).map(|id| id.to_string().into())
            }
            other => panic!("{}: {other}", case.name()),
        };

        if let Some(found) = check_code(&case, read) {
            assert_eq!(found, bytes, "{}", case.name());
            if case.get("shown").is_some() {
                let shown = Name::new(&bytes).unwrap().shown().to_string();
                assert_eq!(shown, case.text("shown"), "{}", case.name());
            }
        }
    }
}

pub(super) fn nodes() {
    for case in cases_of(include_str!("../../../vectors/nodes.json"), 93) {
        let bytes = case.bytes("bytes");
        let Some(node) = check_code(&case, Node::decode(&bytes)) else { continue };

        assert_eq!(node.encode(), bytes, "{}", case.name());
        assert_eq!(node.id().to_string(), case.text("id"), "{}", case.name());
        assert_eq!(fields_of(&node), case.value("node"), "{}", case.name());
        if case.get("seal_key").is_some() {
            let key = SealKey::from_bytes(case.bytes("seal_key").try_into().unwrap());
            let plain = Node::from(node.body().clone());
            assert_eq!(plain.seal(&key), node, "{}", case.name());
            assert_eq!(node.seal(&key), node, "{}", case.name());
        }
    }
}

/// The node as the vectors write it.
fn fields_of(node: &Node) -> serde_json::Value {
    let mut fields = serde_json::Map::new();
    let mut put = |name: &str, value: serde_json::Value| fields.insert(name.to_owned(), value);
    put("kind", node.kind().number().into());
    if let Some(salt) = node.salt() {
        put("salt", salt.to_string().into());
    }
    match node.body() {
        NodeBody::File(file) => {
            put("executable", file.is_executable().into());
            put("size", file.size_bytes().to_string().into());
            put("content", file.content().to_string().into());
        }
        NodeBody::Symlink(symlink) => {
            put("target", to_hex(symlink.target()).into());
        }
        NodeBody::Directory(directory) => {
            let below = directory.below();
            put("map", directory.children().to_string().into());
            put("nodes", below.nodes.to_string().into());
            put("files", below.files.to_string().into());
            put("bytes", below.bytes.to_string().into());
        }
    }
    fields.into()
}

pub(super) fn trees() {
    for case in cases_of(include_str!("../../../vectors/trees.json"), 43) {
        let directory = check_code(&case, directory_of(&case));

        if let Some(directory) = directory {
            assert_eq!(to_hex(&directory.encode()), case.text("node"), "{}", case.name());
            assert_eq!(directory.id().to_string(), case.text("id"), "{}", case.name());
        }
    }
}

fn directory_of(case: &Case) -> Result<Node, Error> {
    let mut children = Vec::new();
    for child in case.get("children").unwrap().list() {
        let node = Node::decode(&child.bytes("node"))?;
        let name = Name::new(&child.bytes("name"))?;
        children.push(NewChild { name, child: Child::of(&node), adds: node.adds()? });
    }
    // The directory can be made in any order; its map must be given in that of the names.
    let entries = children
        .iter()
        .map(|new| Entry { key: new.name.as_bytes().to_vec(), value: new.child.encode() });
    let map = map::build(MapKind::Directory, entries.collect())?;
    let adds: Vec<_> = children.iter().map(|new| new.adds).collect();
    let built = build_directory(children)?;
    assert_eq!(built.directory.children(), map.root, "{}", case.name());
    assert_eq!(built.directory.check_counts(adds), Ok(()), "{}", case.name());
    Ok(built.directory.into())
}
