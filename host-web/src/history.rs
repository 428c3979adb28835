//! What a workspace has recorded, for JavaScript: snapshots, refs, the ledger.
#![allow(unreachable_pub, reason = "JavaScript reaches them")]

use bytes::Bytes;
use js_sys::{Array, Object, Uint8Array};
use markerbed_core::{
    Id16, NodeId, SnapshotId,
    codec::Canonical,
    ledger::Operation,
    tree::{
        Clock, Coverage, EvidenceDocument, Gap, GapReason, Grade, Label, Path, RulesDocument,
        Snapshot, Tool,
    },
};
use markerbed_workspace::{
    Committed, Logged, RecordedSnapshot, RefOutcome, Reference, SnapshotDraft, Stamp, When,
};
use wasm_bindgen::prelude::*;

use crate::{
    exports::{Workspace, object, parse_value, thrown, unworkable},
    values,
};

#[wasm_bindgen]
impl Workspace {
    /// Records a snapshot and moves the ref named like its source to it.
    ///
    /// `draft` is `{ source, root, run, gaps, message?, always? }`, a gap `{ path, reason,
    /// attempts }`. Answers `{ isNew, snapshot }`: it is not new if the newest of its source says
    /// the same.
    #[wasm_bindgen(js_name = commitSnapshot)]
    pub async fn commit_snapshot(
        &self,
        #[wasm_bindgen(unchecked_param_type = "object")] draft: JsValue,
        #[wasm_bindgen(
            unchecked_param_type = "{ agent: Uint8Array, request: Uint8Array, timeMs: number }"
        )]
        stamp_given: JsValue,
    ) -> Result<Object, JsValue> {
        let stamp = stamp(&stamp_given)?;
        let (always, called) = values::field(&draft, "always", "draft")?;
        let when = if values::flag(&always, &called)? { When::Always } else { When::Changed };
        let draft = draft_of(&draft, stamp.time_ms)?;
        let committed = self.inner().commit_snapshot(&draft, when, &stamp).await;
        let (is_new, recorded) = match committed.map_err(unworkable)? {
            Committed::Recorded(recorded) => (true, recorded),
            Committed::Unchanged(recorded) => (false, recorded),
        };
        let snapshot = shown_recorded(&recorded)?.into();
        object(&[("isNew", is_new.into()), ("snapshot", snapshot)])
    }

    /// The Ed25519 public key that the workspace began with.
    #[wasm_bindgen(js_name = publicKey)]
    pub async fn public_key(&self) -> Result<Uint8Array, JsValue> {
        let genesis = self.inner().genesis().await.map_err(unworkable)?;
        Ok(Uint8Array::from(&genesis.first_key.as_bytes()[..]))
    }

    /// The snapshot that a reference means, as on the command line: `@`, `@-`, `#41`, a ref, digits
    /// of an id.
    #[wasm_bindgen(js_name = findSnapshot)]
    pub async fn find_snapshot(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] reference: JsValue,
    ) -> Result<Object, JsValue> {
        let reference = reference_of(&reference)?;
        let found = self.inner().resolve_snapshot(&reference).await;
        shown_recorded(&found.map_err(unworkable)?)
    }

    /// What was said of a snapshot, and what could not be seen: `{ message, leftOut, gaps }`.
    pub async fn evidence(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] reference: JsValue,
    ) -> Result<Object, JsValue> {
        let reference = reference_of(&reference)?;
        let found = self.inner().resolve_snapshot(&reference).await.map_err(unworkable)?;
        let evidence = match found.snapshot.evidence {
            None => EvidenceDocument::default(),
            Some(content) => {
                let store = self.inner().store();
                let fetched = store.fetch_contents(self.inner().id(), &[content]).await;
                let fetched = fetched.map_err(|failure| thrown(failure.into()))?;
                let missing = || {
                    let message = format!("the evidence of snapshot {} is missing", found.id);
                    values::refused("missing-document", &message)
                };
                let bytes = fetched.into_iter().flatten().next().ok_or_else(missing)?;
                EvidenceDocument::read(&bytes).map_err(|error| thrown(error.into()))?
            }
        };
        let gaps = evidence.gaps.iter().map(shown_gap).collect::<Result<Array, _>>()?;
        object(&[
            ("message", evidence.message.into()),
            ("leftOut", evidence.left_out.into()),
            ("gaps", gaps.into()),
        ])
    }

    /// Up to `max` entries, the newest first, from before the one numbered `before`; each
    /// `{ number, timeMs, agent, operation, snapshot?, ref? }`.
    pub async fn log(
        &self,
        #[wasm_bindgen(unchecked_param_type = "number | bigint | undefined")] before: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] max: JsValue,
    ) -> Result<Array, JsValue> {
        let before = values::number_or_nothing(&before, "before")?;
        let max = usize::try_from(values::number(&max, "max")?).unwrap_or(usize::MAX);
        let logged = self.inner().log(before, max).await.map_err(unworkable)?;
        logged.iter().map(shown_logged).collect()
    }

    /// All refs by name, each `{ name, snapshot, number }`.
    pub async fn refs(&self) -> Result<Array, JsValue> {
        let refs = self.inner().refs().await.map_err(unworkable)?;
        let shown = refs.into_iter().map(|place| {
            object(&[
                ("name", place.name.as_str().into()),
                ("snapshot", place.snapshot.to_string().into()),
                ("number", place.number.into()),
            ])
        });
        shown.collect()
    }

    /// Moves a ref from one snapshot to another, by id; `from` is nothing if there is no such ref
    /// yet, `to` is nothing if it shall go. Answers the number of the entry, `undefined` if it was
    /// there already; throws `ref-moved` if it is elsewhere.
    #[wasm_bindgen(js_name = moveRef)]
    pub async fn move_ref(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string | undefined")] from: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string | undefined")] to: JsValue,
        #[wasm_bindgen(
            unchecked_param_type = "{ agent: Uint8Array, request: Uint8Array, timeMs: number }"
        )]
        stamp_given: JsValue,
    ) -> Result<Option<u64>, JsValue> {
        let stamp = stamp(&stamp_given)?;
        let name = label(&name, "name")?;
        let id = |value: &JsValue, name: &str| -> Result<Option<SnapshotId>, JsValue> {
            let is_given = values::text_or_nothing(value, name)?.is_some();
            is_given.then(|| parse_value(value, name)).transpose()
        };
        let moved = match (id(&from, "from")?, id(&to, "to")?) {
            (from, Some(to)) => self.inner().move_ref(&name, from, to, &stamp).await,
            (Some(from), None) => self.inner().remove_ref(&name, from, &stamp).await,
            (None, None) => {
                return Err(values::refused("bad-usage", "neither from nor to is given"));
            }
        };
        Ok(match moved.map_err(unworkable)? {
            RefOutcome::Moved { number } => Some(number),
            RefOutcome::Unchanged => None,
        })
    }

    /// A proof file of what is at `path`, absence too, in the tree that `reference` names; of a
    /// snapshot it brings the snapshot along. `isBlind` leaves out the neighbours' names;
    /// `undefined` if the path is absent and the proof blind.
    #[wasm_bindgen(js_name = proveOf)]
    pub async fn prove_of(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] reference: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] path: JsValue,
        #[wasm_bindgen(unchecked_param_type = "boolean")] is_blind: JsValue,
    ) -> Result<Option<Uint8Array>, JsValue> {
        let tree = self.inner().resolve_tree(&reference_of(&reference)?).await;
        let tree = tree.map_err(unworkable)?;
        let snapshot = tree.snapshot.as_ref().map(|recorded| &recorded.snapshot);
        self.prove_tree(tree.root, snapshot, &path, &is_blind).await
    }
}

impl Workspace {
    pub(crate) async fn prove_tree(
        &self,
        root: NodeId,
        snapshot: Option<&Snapshot>,
        path: &JsValue,
        is_blind: &JsValue,
    ) -> Result<Option<Uint8Array>, JsValue> {
        let path = values::bytes(path, "path")?;
        let path = Path::new(&path).map_err(|error| thrown(error.into()))?;
        let grade = if values::flag(is_blind, "isBlind")? { Grade::Blind } else { Grade::Full };
        let snapshot = snapshot.map(|snapshot| Bytes::from(snapshot.encode()));
        let (engine, id) = (self.inner().engine(), self.inner().id());
        let proof = engine.prove_path(id, root, snapshot, path, grade).await;
        Ok(proof.map_err(thrown)?.map(|proof| Uint8Array::from(&proof[..])))
    }
}

/// `{ agent, request, timeMs }`: 16 bytes each, and milliseconds since 1970 UTC.
pub(crate) fn stamp(given: &JsValue) -> Result<Stamp, JsValue> {
    let id = |name: &str| {
        let (value, called) = values::field(given, name, "stamp")?;
        values::fixed(&value, &called).map(Id16::from_bytes)
    };
    let (time, called) = values::field(given, "timeMs", "stamp")?;
    let time_ms = i64::try_from(values::number(&time, &called)?);
    let outside = |_| values::refused("out-of-range", &format!("{called} is above 2^63 - 1"));
    Ok(Stamp { agent: id("agent")?, request: id("request")?, time_ms: time_ms.map_err(outside)? })
}

fn draft_of(given: &JsValue, captured_at_ms: i64) -> Result<SnapshotDraft, JsValue> {
    let field = |name: &str| values::field(given, name, "draft");
    let failed = |error: markerbed_core::Error| thrown(error.into());
    let (source, source_called) = field("source")?;
    let (root, root_called) = field("root")?;
    let (run, run_called) = field("run")?;
    let (message, message_called) = field("message")?;
    let (gaps, gaps_called) = field("gaps")?;
    let gaps = values::list(&gaps, &gaps_called)?.into_iter().enumerate();
    let gaps = gaps.map(|(at, given)| gap(&given, &format!("{gaps_called}[{at}]")));
    let evidence = EvidenceDocument {
        message: values::text_or_nothing(&message, &message_called)?,
        gaps: gaps.collect::<Result<_, _>>()?,
        ..EvidenceDocument::default()
    };
    let is_whole = evidence.gaps.is_empty();
    let has_evidence = !is_whole || evidence.message.is_some();
    let evidence = has_evidence.then(|| evidence.write()).transpose().map_err(failed)?;
    Ok(SnapshotDraft {
        source: label(&source, &source_called)?,
        root: parse_value(&root, &root_called)?,
        attributes: None,
        coverage: if is_whole { Coverage::Complete } else { Coverage::Partial },
        rules: portable_rules().write().map_err(failed)?.into(),
        evidence: evidence.map(Bytes::from),
        listing: None,
        run: Id16::from_bytes(values::fixed(&run, &run_called)?),
        captured_at_ms,
        clock: Clock::Host,
        tool: Tool::new(TOOL).map_err(failed)?,
    })
}

/// What a browser sees is what `snap --portable` records: no executable bits, no symlinks, no names
/// that are not UTF-8.
fn portable_rules() -> RulesDocument {
    RulesDocument {
        gitignore: false,
        ignore_files: Vec::new(),
        exclude: Vec::new(),
        seal: Vec::new(),
        one_file_system: false,
        always: Vec::new(),
        portable: true,
        others: Vec::new(),
    }
}

fn gap(given: &JsValue, called: &str) -> Result<Gap, JsValue> {
    let (path, path_called) = values::field(given, "path", called)?;
    let (reason, reason_called) = values::field(given, "reason", called)?;
    let (attempts, attempts_called) = values::field(given, "attempts", called)?;
    let reason = values::text(&reason, &reason_called)?;
    let unknown =
        || values::refused("bad-usage", &format!("{reason_called} is no reason of a gap"));
    let attempts = u32::try_from(values::number(&attempts, &attempts_called)?);
    let outside = |_| values::refused("out-of-range", &format!("{attempts_called} is too large"));
    Ok(Gap {
        path: values::bytes(&path, &path_called)?,
        reason: GapReason::from_word(&reason).ok_or_else(unknown)?,
        attempts: attempts.map_err(outside)?,
    })
}

fn shown_gap(gap: &Gap) -> Result<Object, JsValue> {
    object(&[
        ("path", Uint8Array::from(&gap.path[..]).into()),
        ("reason", gap.reason.word().into()),
        ("attempts", gap.attempts.into()),
    ])
}

fn shown_recorded(recorded: &RecordedSnapshot) -> Result<Object, JsValue> {
    shown_snapshot(&recorded.snapshot, recorded.number)
}

fn shown_snapshot(snapshot: &Snapshot, number: u64) -> Result<Object, JsValue> {
    let parents = snapshot.parents.iter().map(|id| JsValue::from(id.to_string()));
    object(&[
        ("id", snapshot.id().to_string().into()),
        ("root", snapshot.root.to_string().into()),
        ("number", number.into()),
        ("source", snapshot.source_label.as_str().into()),
        ("timeMs", (snapshot.captured_at_ms as f64).into()),
        ("parents", parents.collect::<Array>().into()),
        ("isComplete", (snapshot.coverage == Coverage::Complete).into()),
        ("tool", snapshot.tool.as_str().into()),
    ])
}

fn shown_logged(logged: &Logged) -> Result<Object, JsValue> {
    let entry = &logged.entry;
    let snapshot = logged.snapshot.as_ref().map(|snapshot| shown_snapshot(snapshot, entry.number));
    let shown = object(&[
        ("number", entry.number.into()),
        ("timeMs", (entry.time_ms as f64).into()),
        ("agent", Uint8Array::from(&entry.agent.as_bytes()[..]).into()),
        ("operation", word(&entry.operation).into()),
        ("snapshot", snapshot.transpose()?.into()),
    ])?;
    Ok(shown)
}

/// The operation in one word, as on the command line.
const fn word(operation: &Operation) -> &'static str {
    match operation {
        Operation::WorkspaceCreated(_) => "workspace",
        Operation::SnapshotCommitted { .. } => "snapshot",
        Operation::RefMoved(_) => "ref",
        Operation::KeyRotated(_) | Operation::KeyRevoked(_) => "key",
        Operation::State(_) => "state",
        _ => "other",
    }
}

fn label(value: &JsValue, name: &str) -> Result<Label, JsValue> {
    Label::new(&values::text(value, name)?).map_err(|error| thrown(error.into()))
}

fn reference_of(value: &JsValue) -> Result<Reference, JsValue> {
    let text = values::text(value, "reference")?;
    Reference::parse(text.as_bytes()).map_err(unworkable)
}

const TOOL: &str = concat!("markerbed ", env!("CARGO_PKG_VERSION"));
