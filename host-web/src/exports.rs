//! What JavaScript calls: bytes in and out, ids as hexadecimal digits, numbers as `bigint`.
//!
//! What is thrown is an `Error` whose `code` is the one that the failure has on every host.
#![allow(unreachable_pub, reason = "JavaScript reaches them")]

use std::{str::FromStr, sync::Arc};

use bytes::Bytes;
use js_sys::{Array, Error, Object, Reflect, Uint8Array};
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
use markerbed_storage::{Batch, Contents, Outcome, Records, Store, StoredEntry};
use wasm_bindgen::prelude::*;

use crate::store::IndexedDbStore;

/// The ids of contents.
#[wasm_bindgen(js_name = contentIds)]
pub fn content_ids(contents: Vec<Uint8Array>) -> Vec<String> {
    contents.iter().map(|content| content_id(&content.to_vec()).to_string()).collect()
}

/// What a proof file turns out to be, if `root` is the tree that is meant.
///
/// Answers `{ verdict, root, path, found, kind, content }`, or `{ verdict: "broken", code }`.
#[wasm_bindgen(js_name = verifyPath)]
pub fn verify_path(proof: &[u8], root: Option<String>) -> Result<Object, JsValue> {
    let expectation = match root {
        Some(root) => Expectation::Root(parse(&root)?),
        None => Expectation::Nothing,
    };
    match TreeProof::verify(proof, expectation) {
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
pub async fn remove_store(name: String) -> Result<(), JsValue> {
    IndexedDbStore::remove(&name).await.map_err(|failure| thrown(failure.into()))
}

/// One workspace of a store in IndexedDB, and the engine over it.
#[wasm_bindgen]
pub struct Workspace {
    store: IndexedDbStore,
    engine: Direct,
    id: WorkspaceId,
}

#[wasm_bindgen]
impl Workspace {
    /// Makes the store `name`; throws `store-exists`, and `store-damaged` if one was taken away.
    pub async fn create(name: String, workspace: String) -> Result<Workspace, JsValue> {
        let id = parse(&workspace)?;
        let store = IndexedDbStore::create(&name).await;
        store.map(|store| Self::over(store, id)).map_err(|failure| thrown(failure.into()))
    }

    /// Opens the store `name`, and never makes one; throws `no-store` and `store-damaged`.
    pub async fn open(name: String, workspace: String) -> Result<Workspace, JsValue> {
        let id = parse(&workspace)?;
        let store = IndexedDbStore::open(&name).await;
        store.map(|store| Self::over(store, id)).map_err(|failure| thrown(failure.into()))
    }

    /// What the browser said when it was asked to keep the data: `granted`, `refused`, `unknown`.
    pub fn persistence(&self) -> String {
        format!("{:?}", self.store.persistence()).to_lowercase()
    }

    /// Puts a tree of files, each `{ path, bytes, executable? }`, and answers its root.
    #[wasm_bindgen(js_name = writeTree)]
    pub async fn write_tree(&self, files: Vec<Object>) -> Result<String, JsValue> {
        let mut given = files.iter().map(File::of).collect::<Result<Vec<_>, _>>()?;
        given.sort_by(|a, b| a.path.cmp_in_tree(&b.path));
        let mut writer = self.engine.write_tree(self.id).await.map_err(thrown)?;
        writer.take(steps(given)).await.map_err(thrown)?;
        writer.finish().await.map(|root| root.to_string()).map_err(thrown)
    }

    /// Up to `max` children of the directory at `path`, each `{ name, kind, id }`; `undefined` if
    /// there is none.
    pub async fn list(
        &self,
        root: String,
        path: &[u8],
        from: &[u8],
        max: u32,
    ) -> Result<Option<Array>, JsValue> {
        let Some(id) = self.find(&root, path).await?.map(|found| found.0) else { return Ok(None) };
        let list = self.engine.list_directory(self.id, id, from.to_vec(), u64::from(max));
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
        root: String,
        path: &[u8],
    ) -> Result<Option<Uint8Array>, JsValue> {
        let found = self.find(&root, path).await?;
        let Some(content) = found.and_then(|found| found.1) else { return Ok(None) };
        let fetched = self.store.fetch_contents(self.id, &[content]).await;
        let fetched =
            fetched.map_err(|failure| thrown(failure.into()))?.into_iter().flatten().next();
        Ok(fetched.map(|bytes| Uint8Array::from(&bytes[..])))
    }

    /// Up to `max` changes between two trees, `{ changes: [{ change, path }], isComplete }`.
    pub async fn compare(
        &self,
        before: String,
        after: String,
        max: u32,
    ) -> Result<Object, JsValue> {
        let (before, after) = (parse(&before)?, parse(&after)?);
        let expansion = Expansion::Everything;
        let compare = self.engine.compare_trees(self.id, before, after, expansion, u64::from(max));
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
        root: String,
        path: &[u8],
        is_blind: bool,
    ) -> Result<Option<Uint8Array>, JsValue> {
        let (root, path) = (parse(&root)?, checked(path)?);
        let grade = if is_blind { Grade::Blind } else { Grade::Full };
        let proof = self.engine.prove_path(self.id, root, None, path, grade).await;
        Ok(proof.map_err(thrown)?.map(|proof| Uint8Array::from(&proof[..])))
    }

    /// The number of the newest ledger entry; `undefined` before the first.
    pub async fn number(&self) -> Result<Option<u64>, JsValue> {
        self.store.number(self.id).await.map_err(|failure| thrown(failure.into()))
    }

    /// The canonical bytes of ledger entries, as many as one answer holds.
    pub async fn entries(&self, from: u64, to: u64) -> Result<Vec<Uint8Array>, JsValue> {
        let entries = self.store.fetch_entries(self.id, from..to).await;
        let entries = entries.map_err(|failure| thrown(failure.into()))?;
        Ok(entries.iter().map(|entry| Uint8Array::from(&entry[..])).collect())
    }

    /// Appends ledger entries, canonical bytes, after the one numbered `expected`.
    ///
    /// Answers `{ outcome, number }`: `committed`, `lost` to another tab, or `already` committed.
    pub async fn commit(
        &self,
        expected: Option<u64>,
        entries: Vec<Uint8Array>,
    ) -> Result<Object, JsValue> {
        let entry = |bytes: &Uint8Array| {
            LedgerEntry::decode(&bytes.to_vec()).map(|entry| StoredEntry::of(&entry))
        };
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
    fn over(store: IndexedDbStore, id: WorkspaceId) -> Self {
        #[expect(clippy::arc_with_non_send_sync, reason = "a browser's store has one thread")]
        let shared: Arc<dyn Store> = Arc::new(store.clone());
        Self { store, engine: Direct::new(shared), id }
    }

    /// What is at a path: its id and, if it is a file, its content.
    async fn find(
        &self,
        root: &str,
        path: &[u8],
    ) -> Result<Option<(NodeId, Option<markerbed_core::ContentId>)>, JsValue> {
        let resolve = self.engine.resolve(self.id, parse(root)?, checked(path)?);
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
    fn of(given: &Object) -> Result<Self, JsValue> {
        let bytes = |name: &str| {
            let found = Reflect::get(given, &name.into())?.dyn_into::<Uint8Array>();
            found
                .map(|found| found.to_vec())
                .map_err(|_| Error::new(&format!("{name} is no Uint8Array")))
        };
        let path = checked(&bytes("path").map_err(JsValue::from)?)?;
        let executable = Reflect::get(given, &"executable".into())?.is_truthy();
        Ok(Self { path, bytes: bytes("bytes")?.into(), executable })
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

fn parse<T: FromStr<Err = EngineError>>(text: &str) -> Result<T, JsValue> {
    text.parse().map_err(|error: EngineError| thrown(error.into()))
}

fn object(properties: &[(&str, JsValue)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in properties {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object)
}

fn thrown(failure: CallError) -> JsValue {
    let error = Error::new(&failure.to_string());
    let _never_fails = Reflect::set(&error, &"code".into(), &failure.code().into());
    error.into()
}
