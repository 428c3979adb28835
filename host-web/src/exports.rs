//! What JavaScript calls: bytes in and out, ids as hexadecimal digits, numbers as `bigint`.
//!
//! What is thrown is an `Error` whose `code` is the one that the failure has on every host.
#![allow(unreachable_pub, reason = "JavaScript reaches them")]

use std::{str::FromStr, sync::Arc};

use bytes::Bytes;
use js_sys::{Array, Object, Reflect, Uint8Array};
use markerbed_core::{
    Error as EngineError, NodeId, WorkspaceId,
    codec::Canonical,
    hash::content_id,
    ledger::LedgerEntry,
    tree::{
        Child, Expansion, Expectation, Finding, Grade, Path, Resolved, TreeChange, TreeClaim,
        TreeProof, Verdict,
    },
};
use markerbed_engine::{CallError, Direct, Engine, TreeStep};
use markerbed_storage::{Batch, MemoryStore, Outcome, Store, StoredEntry};
use wasm_bindgen::prelude::*;

use crate::{
    pieces::{ContentReader, ContentWriter, TreeWriter},
    store::IndexedDbStore,
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

/// Removes a store with all that is in it, and the mark of one that the browser took away.
#[wasm_bindgen(js_name = removeStore)]
pub async fn remove_store(
    #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
) -> Result<(), JsValue> {
    let name = values::text(&name, "name")?;
    IndexedDbStore::remove(&name).await.map_err(|failure| thrown(failure.into()))
}

/// One workspace of a store, and the engine over it.
#[wasm_bindgen]
pub struct Workspace {
    store: Arc<dyn Store>,
    /// None if everything is kept in memory.
    database: Option<IndexedDbStore>,
    engine: Direct,
    id: WorkspaceId,
}

#[wasm_bindgen]
impl Workspace {
    /// Makes the store `name`; throws `store-exists`, and `store-damaged` if one was taken away.
    #[wasm_bindgen(unchecked_return_type = "Workspace")]
    pub async fn create(
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] workspace: JsValue,
    ) -> Result<JsValue, JsValue> {
        let name = values::text(&name, "name")?;
        let id = parse_value(&workspace, "workspace")?;
        let store = IndexedDbStore::create(&name).await;
        store.map(|store| Self::in_database(store, id)).map_err(|failure| thrown(failure.into()))
    }

    /// Begins a store in memory: what it holds is gone with it.
    #[wasm_bindgen(js_name = inMemory, unchecked_return_type = "Workspace")]
    pub fn in_memory(
        #[wasm_bindgen(unchecked_param_type = "string")] workspace: &JsValue,
    ) -> Result<JsValue, JsValue> {
        let id = parse_value(workspace, "workspace")?;
        Ok(Self::over(Arc::new(MemoryStore::default()), None, id))
    }

    /// Opens the store `name`, and never makes one; throws `no-store` and `store-damaged`.
    #[wasm_bindgen(unchecked_return_type = "Workspace")]
    pub async fn open(
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] workspace: JsValue,
    ) -> Result<JsValue, JsValue> {
        let name = values::text(&name, "name")?;
        let id = parse_value(&workspace, "workspace")?;
        let store = IndexedDbStore::open(&name).await;
        store.map(|store| Self::in_database(store, id)).map_err(|failure| thrown(failure.into()))
    }

    /// What the browser said when it was asked to keep the data: `granted`, `refused`,
    /// `asked` as long as it has not answered, `unknown` if it gives no such promise; `none` of a
    /// store in memory.
    pub fn persistence(&self) -> String {
        let answer = self.database.as_ref().map(IndexedDbStore::persistence);
        answer.map_or("none".to_owned(), |answer| format!("{answer:?}").to_lowercase())
    }

    /// Puts contents that are handed over at once, and answers their ids.
    #[wasm_bindgen(js_name = putContents)]
    pub async fn put_contents(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array[]")] contents: JsValue,
    ) -> Result<Vec<String>, JsValue> {
        let contents = values::byte_list(&contents, "contents")?;
        let contents: Vec<Bytes> = contents.into_iter().map(Into::into).collect();
        let ids = self.store.put_contents(self.id, &contents).await;
        let ids = ids.map_err(|failure| thrown(failure.into()))?;
        Ok(ids.iter().map(ToString::to_string).collect())
    }

    /// Begins a content of any size.
    #[wasm_bindgen(js_name = writeContent, unchecked_return_type = "ContentWriter")]
    pub async fn write_content(&self) -> Result<JsValue, JsValue> {
        let writer = self.store.write_content(self.id).await;
        writer.map(ContentWriter::guarded).map_err(|failure| thrown(failure.into()))
    }

    /// Begins a tree of any size, step by step.
    #[wasm_bindgen(js_name = beginTree, unchecked_return_type = "TreeWriter")]
    pub async fn begin_tree(&self) -> Result<JsValue, JsValue> {
        self.engine.write_tree(self.id).await.map(TreeWriter::guarded).map_err(thrown)
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
        let opened = self.store.open_content(self.id, content).await;
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
        let given = files.map(|(at, file)| File::of(&file, &format!("files[{at}]")));
        let mut given = given.collect::<Result<Vec<_>, _>>()?;
        given.sort_by(|a, b| a.path.cmp_in_tree(&b.path));
        let mut writer = self.engine.write_tree(self.id).await.map_err(thrown)?;
        writer.take(steps(given)).await.map_err(thrown)?;
        writer.finish().await.map(|root| root.to_string()).map_err(thrown)
    }

    /// Up to `max` children of the directory at `path`, each `{ name, kind, id }`; `undefined` if
    /// there is none.
    pub async fn list(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] root: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] path: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] from: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] max: JsValue,
    ) -> Result<Option<Array>, JsValue> {
        let from = values::bytes(&from, "from")?;
        let max = values::number(&max, "max")?;
        let found = self.find(&root, &path).await?;
        let Some((id, _)) = found else { return Ok(None) };
        let list = self.engine.list_directory(self.id, id, from, max);
        let children = list.await.map_err(thrown)?.into_iter();
        let shown = children.map(|named| {
            let name = Uint8Array::from(named.name.as_bytes());
            object(&[
                ("name", name.into()),
                ("kind", kind(&named.child)),
                ("id", id_of(&named.child)),
            ])
        });
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
        let fetched = self.store.fetch_contents(self.id, &[content]).await;
        let fetched =
            fetched.map_err(|failure| thrown(failure.into()))?.into_iter().flatten().next();
        Ok(fetched.map(|bytes| Uint8Array::from(&bytes[..])))
    }

    /// Up to `max` changes between two trees, `{ changes: [{ change, path }], isComplete }`.
    pub async fn compare(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] before: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] after: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] max: JsValue,
    ) -> Result<Object, JsValue> {
        let (before, after) = (parse_value(&before, "before")?, parse_value(&after, "after")?);
        let max = values::number(&max, "max")?;
        let expansion = Expansion::Everything;
        let compare = self.engine.compare_trees(self.id, before, after, expansion, max);
        let difference = compare.await.map_err(thrown)?;
        let changes = difference.changes.iter().map(|change| {
            let path = Uint8Array::from(change.path().as_bytes());
            object(&[("change", word(change).into()), ("path", path.into())])
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
        let path = checked(&values::bytes(&path, "path")?)?;
        let grade = if values::flag(&is_blind, "isBlind")? { Grade::Blind } else { Grade::Full };
        let proof = self.engine.prove_path(self.id, root, None, path, grade).await;
        Ok(proof.map_err(thrown)?.map(|proof| Uint8Array::from(&proof[..])))
    }

    /// The number of the newest ledger entry; `undefined` before the first.
    pub async fn number(&self) -> Result<Option<u64>, JsValue> {
        self.store.number(self.id).await.map_err(|failure| thrown(failure.into()))
    }

    /// The canonical bytes of ledger entries, as many as one answer holds.
    pub async fn entries(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] from: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number | bigint")] to: JsValue,
    ) -> Result<Vec<Uint8Array>, JsValue> {
        let (from, to) = (values::number(&from, "from")?, values::number(&to, "to")?);
        let entries = self.store.fetch_entries(self.id, from..to).await;
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
        let outcome = self.store.commit(self.id, batch).await;
        let (outcome, number) = match outcome.map_err(|failure| thrown(failure.into()))? {
            Outcome::Committed { number } => ("committed", number),
            Outcome::Lost { number } => ("lost", number),
            Outcome::Already { number } => ("already", Some(number)),
        };
        object(&[("outcome", outcome.into()), ("number", number.into())])
    }
}

impl Workspace {
    fn in_database(database: IndexedDbStore, id: WorkspaceId) -> JsValue {
        #[expect(clippy::arc_with_non_send_sync, reason = "a browser's store has one thread")]
        let store = Arc::new(database.clone());
        Self::over(store, Some(database), id)
    }

    fn over(store: Arc<dyn Store>, database: Option<IndexedDbStore>, id: WorkspaceId) -> JsValue {
        let engine = Direct::new(store.clone());
        let workspace = JsValue::from(Self { store, database, engine, id });
        guard(&workspace, "bad-usage", "the workspace was freed");
        workspace
    }

    /// What is at a path: its id and, if it is a file, its content.
    async fn find(
        &self,
        root: &JsValue,
        path: &JsValue,
    ) -> Result<Option<(NodeId, Option<markerbed_core::ContentId>)>, JsValue> {
        let path = checked(&values::bytes(path, "path")?)?;
        let resolve = self.engine.resolve(self.id, parse_value(root, "root")?, path);
        Ok(match resolve.await.map_err(thrown)? {
            Resolved::Found { id, node } => Some((id, node.as_file().map(|file| file.content()))),
            Resolved::Absent { .. } | Resolved::NotDirectory { .. } => None,
        })
    }
}

/// A file as it was handed over.
struct File {
    path: Path,
    bytes: Bytes,
    executable: bool,
}

impl File {
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
fn steps(files: Vec<File>) -> Vec<TreeStep> {
    let mut steps = Vec::new();
    let mut inside: Vec<Vec<u8>> = Vec::new();
    for File { path, bytes, executable } in files {
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

const fn word(change: &TreeChange) -> &'static str {
    match change {
        TreeChange::Added { .. } => "added",
        TreeChange::Removed { .. } => "removed",
        TreeChange::Changed { .. } => "changed",
        TreeChange::Mode { .. } => "mode",
        TreeChange::Moved { .. } => "moved",
    }
}

fn kind(child: &Child) -> JsValue {
    child.kind.word().into()
}

fn id_of(child: &Child) -> JsValue {
    child.id.to_string().into()
}

fn checked(path: &[u8]) -> Result<Path, JsValue> {
    Path::new(path).map_err(|error| thrown(error.into()))
}

pub(crate) fn parse<T: FromStr<Err = EngineError>>(text: &str) -> Result<T, JsValue> {
    text.parse().map_err(|error: EngineError| thrown(error.into()))
}

fn parse_value<T: FromStr<Err = EngineError>>(value: &JsValue, name: &str) -> Result<T, JsValue> {
    parse(&values::text(value, name)?)
}

pub(crate) fn object(properties: &[(&str, JsValue)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in properties {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object)
}

pub(crate) fn thrown(failure: CallError) -> JsValue {
    values::refused(failure.code(), &failure.to_string())
}
