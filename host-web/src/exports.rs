//! What JavaScript calls: bytes in and out, ids as hexadecimal digits, numbers as `bigint`.
//!
//! What is thrown is an `Error` whose `code` is the one that the failure has on every host.
#![allow(unreachable_pub, reason = "JavaScript reaches them")]

use std::str::FromStr;

use bytes::Bytes;
use js_sys::{Array, Object, Reflect, Uint8Array};
use markerbed_core::{
    Error as EngineError, NodeId,
    codec::Canonical,
    hash::content_id,
    ledger::LedgerEntry,
    tree::{
        Directory, Expansion, Expectation, File, Finding, NamedChild, Node, Path, Resolved,
        TreeChange, TreeClaim, TreeProof, Verdict,
    },
};
use markerbed_engine::{CallError, TreeStep};
use markerbed_storage::{Batch, Outcome, StoredEntry};
use markerbed_workspace::{Reference, WorkspaceError};
use wasm_bindgen::prelude::*;

use crate::{
    pieces::{ContentReader, ContentWriter, TreeWriter},
    values,
};

#[wasm_bindgen(module = "/src/freed.js")]
extern "C" {
    /// Makes calls of a freed object throw an error with this code.
    pub(crate) fn guard(object: &JsValue, code: &str, message: &str);
}

/// The ids of contents.
#[wasm_bindgen(js_name = contentIds)]
pub fn content_ids(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array[]")] contents: &JsValue,
) -> Result<Vec<String>, JsValue> {
    let contents = values::byte_list(contents, "contents")?;
    Ok(contents.iter().map(|content| content_id(content).to_string()).collect())
}

/// What a proof file turns out to be, if `root` is the tree that is meant.
///
/// Answers `{ verdict, root, path, found, kind, content }`, or `{ verdict: "broken", code }`.
#[wasm_bindgen(js_name = verifyPath)]
pub fn verify_path(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] proof: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "string | undefined")] root: &JsValue,
) -> Result<Object, JsValue> {
    let proof = values::bytes(proof, "proof")?;
    let expectation = match values::text_or_nothing(root, "root")? {
        Some(root) => Expectation::Root(parse(&root)?),
        None => Expectation::Nothing,
    };
    match TreeProof::verify(&proof, expectation) {
        Verdict::Verified(claim) => shown_claim("verified", &claim),
        Verdict::Consistent(claim) => shown_claim("consistent", &claim),
        Verdict::Differs(claim) => shown_claim("differs", &claim),
        Verdict::Broken(error) => {
            object(&[("verdict", "broken".into()), ("code", error.code().into())])
        }
    }
}

/// One workspace of a store, and the engine over it.
#[wasm_bindgen]
pub struct Workspace(markerbed_workspace::Workspace);

#[wasm_bindgen]
impl Workspace {
    /// Its id.
    #[wasm_bindgen(getter)]
    pub fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// Puts contents that are handed over at once, and answers their ids.
    #[wasm_bindgen(js_name = putContents)]
    pub async fn put_contents(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array[]")] contents: JsValue,
    ) -> Result<Vec<String>, JsValue> {
        let contents = values::byte_list(&contents, "contents")?;
        let contents: Vec<Bytes> = contents.into_iter().map(Into::into).collect();
        let ids = self.0.store().put_contents(self.0.id(), &contents).await;
        let ids = ids.map_err(|failure| thrown(failure.into()))?;
        Ok(ids.iter().map(ToString::to_string).collect())
    }

    /// Begins a content of any size.
    #[wasm_bindgen(js_name = writeContent, unchecked_return_type = "ContentWriter")]
    pub async fn write_content(&self) -> Result<JsValue, JsValue> {
        let writer = self.0.store().write_content(self.0.id()).await;
        writer.map(ContentWriter::guarded).map_err(|failure| thrown(failure.into()))
    }

    /// Begins a tree of any size, step by step.
    #[wasm_bindgen(js_name = beginTree, unchecked_return_type = "TreeWriter")]
    pub async fn begin_tree(&self) -> Result<JsValue, JsValue> {
        self.0.engine().write_tree(self.0.id()).await.map(TreeWriter::guarded).map_err(thrown)
    }

    /// Opens the file at `path` for reading from its first byte to its last; `undefined` if there
    /// is none.
    #[wasm_bindgen(js_name = openFile, unchecked_return_type = "ContentReader | undefined")]
    pub async fn open_file(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] root: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] path: JsValue,
    ) -> Result<JsValue, JsValue> {
        let found = self.find(&root, &path).await?;
        let Some(content) = found.and_then(|found| found.1) else { return Ok(JsValue::UNDEFINED) };
        let opened = self.0.store().open_content(self.0.id(), content).await;
        let opened = opened.map_err(|failure| thrown(failure.into()))?;
        Ok(opened.map_or(JsValue::UNDEFINED, ContentReader::guarded))
    }

    /// Puts a tree of files, each `{ path, bytes, executable? }`, and answers its root.
    #[wasm_bindgen(js_name = writeTree)]
    pub async fn write_tree(
        &self,
        #[wasm_bindgen(
            unchecked_param_type = "{ path: Uint8Array, bytes: Uint8Array, executable?: boolean }[]"
        )]
        files: JsValue,
    ) -> Result<String, JsValue> {
        let files = values::list(&files, "files")?.into_iter().enumerate();
        let given = files.map(|(at, file)| GivenFile::of(&file, &format!("files[{at}]")));
        let mut given = given.collect::<Result<Vec<_>, _>>()?;
        given.sort_by(|a, b| a.path.cmp_in_tree(&b.path));
        let mut writer = self.0.engine().write_tree(self.0.id()).await.map_err(thrown)?;
        writer.take(steps(given)).await.map_err(thrown)?;
        writer.finish().await.map(|root| root.to_string()).map_err(thrown)
    }

    /// Up to `max` children of the directory at `path`, from the first whose name is not below
    /// `from`; `undefined` if there is none.
    ///
    /// Each is `{ name, kind, id, bytes, files, content, target }`: a directory has the bytes and
    /// files of all that is below it, a file its own and its content, a symlink its target;
    /// nothing of a child whose node is missing.
    pub async fn list(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] root: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] path: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] from: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] max: JsValue,
    ) -> Result<Option<Array>, JsValue> {
        let from = values::bytes(&from, "from")?;
        let max = values::number(&max, "max")?;
        let Some((id, _)) = self.find(&root, &path).await? else { return Ok(None) };
        let children = self.0.list_children(id, from, max).await.map_err(unworkable)?;
        let shown = children.iter().map(|(named, node)| shown_child(named, node.as_ref()));
        shown.collect::<Result<Array, _>>().map(Some)
    }

    /// The bytes of the file at `path`; `undefined` if there is none.
    #[wasm_bindgen(js_name = readFile)]
    pub async fn read_file(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] root: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] path: JsValue,
    ) -> Result<Option<Uint8Array>, JsValue> {
        let found = self.find(&root, &path).await?;
        let Some(content) = found.and_then(|found| found.1) else { return Ok(None) };
        let fetched = self.0.store().fetch_contents(self.0.id(), &[content]).await;
        let fetched =
            fetched.map_err(|failure| thrown(failure.into()))?.into_iter().flatten().next();
        Ok(fetched.map(|bytes| Uint8Array::from(&bytes[..])))
    }

    /// Up to `max` changes between two trees, `{ changes: [{ change, path, from? }], isComplete }`.
    pub async fn compare(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] before: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] after: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] max: JsValue,
    ) -> Result<Object, JsValue> {
        let (before, after) =
            (self.tree(&before, "before").await?, self.tree(&after, "after").await?);
        let max = values::number(&max, "max")?;
        let expansion = Expansion::Everything;
        let compare = self.0.engine().compare_trees(self.0.id(), before, after, expansion, max);
        let difference = compare.await.map_err(thrown)?;
        let changes = difference.changes.iter().map(|change| {
            let path = |path: &Path| JsValue::from(Uint8Array::from(path.as_bytes()));
            let from = match change {
                TreeChange::Moved { from, .. } => path(from),
                _ => JsValue::UNDEFINED,
            };
            let word = change.word().into();
            object(&[("change", word), ("path", path(change.path())), ("from", from)])
        });
        let changes = changes.collect::<Result<Array, _>>()?;
        object(&[("changes", changes.into()), ("isComplete", difference.is_complete.into())])
    }

    /// A proof file of what is at `path`, absence too; `isBlind` leaves out the neighbours' names.
    pub async fn prove(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] root: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] path: JsValue,
        #[wasm_bindgen(unchecked_param_type = "boolean")] is_blind: JsValue,
    ) -> Result<Option<Uint8Array>, JsValue> {
        let root = parse_value(&root, "root")?;
        self.prove_tree(root, None, &path, &is_blind).await
    }

    /// The number of the newest ledger entry; `undefined` before the first.
    pub async fn number(&self) -> Result<Option<u64>, JsValue> {
        self.0.store().number(self.0.id()).await.map_err(|failure| thrown(failure.into()))
    }

    /// The canonical bytes of ledger entries, as many as one answer holds.
    pub async fn entries(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] from: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] to: JsValue,
    ) -> Result<Vec<Uint8Array>, JsValue> {
        let (from, to) = (values::number(&from, "from")?, values::number(&to, "to")?);
        let entries = self.0.store().fetch_entries(self.0.id(), from..to).await;
        let entries = entries.map_err(|failure| thrown(failure.into()))?;
        Ok(entries.iter().map(|entry| Uint8Array::from(&entry[..])).collect())
    }

    /// Appends ledger entries, canonical bytes, after the one numbered `expected`.
    ///
    /// Answers `{ outcome, number }`: `committed`, `lost` to another tab, or `already` committed.
    pub async fn commit(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number | bigint | undefined")] expected: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array[]")] entries: JsValue,
    ) -> Result<Object, JsValue> {
        let expected = values::number_or_nothing(&expected, "expected")?;
        let entries = values::byte_list(&entries, "entries")?;
        let entry =
            |bytes: &Vec<u8>| LedgerEntry::decode(bytes).map(|entry| StoredEntry::of(&entry));
        let entries = entries.iter().map(entry).collect::<Result<_, _>>();
        let entries = entries.map_err(|error: EngineError| thrown(error.into()))?;
        let batch = Batch { expected, entries, rows: Vec::new() };
        let outcome = self.0.store().commit(self.0.id(), batch).await;
        let (outcome, number) = match outcome.map_err(|failure| thrown(failure.into()))? {
            Outcome::Committed { number } => ("committed", number),
            Outcome::Lost { number } => ("lost", number),
            Outcome::Already { number } => ("already", Some(number)),
        };
        object(&[("outcome", outcome.into()), ("number", number.into())])
    }
}

impl Workspace {
    pub(crate) fn guarded(workspace: markerbed_workspace::Workspace) -> JsValue {
        let workspace = JsValue::from(Self(workspace));
        guard(&workspace, "bad-usage", "the workspace was freed");
        workspace
    }

    pub(crate) const fn inner(&self) -> &markerbed_workspace::Workspace {
        &self.0
    }

    /// The tree that is named by its root or, as on the command line, by a reference.
    async fn tree(&self, named: &JsValue, name: &str) -> Result<NodeId, JsValue> {
        let text = values::text(named, name)?;
        let root = text.parse::<NodeId>();
        if let Ok(root) = root {
            let is_there = self.0.store().has_objects(self.0.id(), &[root.into()]).await;
            if is_there.map_err(|failure| thrown(failure.into()))? == [true] {
                return Ok(root);
            }
        }
        let reference = Reference::parse(text.as_bytes()).map_err(unworkable)?;
        match self.0.resolve_tree(&reference).await {
            Ok(tree) => Ok(tree.root),
            // What is missing there is said when it is asked for.
            Err(WorkspaceError::NothingNamed { .. }) if root.is_ok() => {
                root.map_err(|error| thrown(error.into()))
            }
            Err(error) => Err(unworkable(error)),
        }
    }

    /// What is at a path: its id and, if it is a file, its content.
    async fn find(
        &self,
        root: &JsValue,
        path: &JsValue,
    ) -> Result<Option<(NodeId, Option<markerbed_core::ContentId>)>, JsValue> {
        let path = checked(&values::bytes(path, "path")?)?;
        let root = self.tree(root, "root").await?;
        let resolve = self.0.engine().resolve(self.0.id(), root, path);
        Ok(match resolve.await.map_err(thrown)? {
            Resolved::Found { id, node } => Some((id, node.as_file().map(|file| file.content()))),
            Resolved::Absent { .. } | Resolved::NotDirectory { .. } => None,
        })
    }
}

/// A file as it was handed over.
struct GivenFile {
    path: Path,
    bytes: Bytes,
    executable: bool,
}

impl GivenFile {
    fn of(given: &JsValue, called: &str) -> Result<Self, JsValue> {
        let (path, path_called) = values::field(given, "path", called)?;
        let (bytes, bytes_called) = values::field(given, "bytes", called)?;
        let (executable, executable_called) = values::field(given, "executable", called)?;
        Ok(Self {
            path: checked(&values::bytes(&path, &path_called)?)?,
            bytes: values::bytes(&bytes, &bytes_called)?.into(),
            executable: values::flag(&executable, &executable_called)?,
        })
    }
}

/// A walk over files that are in the order of the tree: each directory is entered once.
fn steps(files: Vec<GivenFile>) -> Vec<TreeStep> {
    let mut steps = Vec::new();
    let mut inside: Vec<Vec<u8>> = Vec::new();
    for GivenFile { path, bytes, executable } in files {
        let mut names: Vec<_> = path.names().map(<[u8]>::to_vec).collect();
        let name = names.pop().unwrap_or_default();
        let shared = inside.iter().zip(&names).take_while(|(a, b)| a == b).count();
        steps.extend(inside.drain(shared..).map(|_| TreeStep::Leave));
        for entered in names.into_iter().skip(shared) {
            steps.push(TreeStep::Enter(entered.clone()));
            inside.push(entered);
        }
        steps.push(TreeStep::File { name, executable, bytes });
    }
    steps.extend(inside.drain(..).map(|_| TreeStep::Leave));
    steps
}

fn shown_claim(verdict: &str, claim: &TreeClaim) -> Result<Object, JsValue> {
    let (found, node) = match &claim.found {
        Finding::Present { node, .. } => ("present", Some(node)),
        Finding::Contained { node, .. } => ("contained", Some(node)),
        Finding::Absent => ("absent", None),
    };
    let content = node.and_then(|node| node.as_file()).map(|file| file.content().to_string());
    object(&[
        ("verdict", verdict.into()),
        ("root", claim.root.to_string().into()),
        ("path", Uint8Array::from(claim.path.as_bytes()).into()),
        ("found", found.into()),
        ("kind", node.map(|node| node.kind().word()).into()),
        ("content", content.into()),
    ])
}

fn shown_child(named: &NamedChild, node: Option<&Node>) -> Result<Object, JsValue> {
    let file = node.and_then(Node::as_file);
    let below = node.and_then(Node::as_directory).map(Directory::below);
    let bytes = file.map(File::size_bytes).or(below.map(|below| below.bytes));
    let target = node.and_then(Node::as_symlink).map(|symlink| Uint8Array::from(symlink.target()));
    object(&[
        ("name", Uint8Array::from(named.name.as_bytes()).into()),
        ("kind", named.child.kind.word().into()),
        ("id", named.child.id.to_string().into()),
        ("bytes", bytes.into()),
        ("files", below.map(|below| below.files).into()),
        ("content", file.map(|file| file.content().to_string()).into()),
        ("target", target.into()),
    ])
}

fn checked(path: &[u8]) -> Result<Path, JsValue> {
    Path::new(path).map_err(|error| thrown(error.into()))
}

pub(crate) fn parse<T: FromStr<Err = EngineError>>(text: &str) -> Result<T, JsValue> {
    text.parse().map_err(|error: EngineError| thrown(error.into()))
}

pub(crate) fn parse_value<T: FromStr<Err = EngineError>>(
    value: &JsValue,
    name: &str,
) -> Result<T, JsValue> {
    parse(&values::text(value, name)?)
}

pub(crate) fn object(properties: &[(&str, JsValue)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in properties {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object)
}

pub(crate) fn unworkable(failure: WorkspaceError) -> JsValue {
    values::refused(failure.code(), &failure.to_string())
}

pub(crate) fn thrown(failure: CallError) -> JsValue {
    values::refused(failure.code(), &failure.to_string())
}
