//! What `snap` and `status` seal, and with which key.

use std::path::PathBuf;

use markerbed_core::{
    NodeId,
    tree::{RulesDocument, SealKey},
};
use markerbed_host::{
    drive::blocking::wait,
    snapshot::Sealing,
    workspace::{
        KeyError, RecordedSnapshot, SealFit, WorkspaceError, load_seal_key, make_seal_key,
        seal_key_file,
    },
};

use crate::{
    failure::Failure,
    host::Host,
    json::KeyPath,
    open::{Opened, Purpose},
};

/// What to seal.
#[derive(clap::Args)]
pub(crate) struct Seals {
    /// Seal what matches, written as in a .gitignore, and all below it; may be given again. Later
    /// snapshots of the source seal it, too
    #[arg(long, value_name = "PATTERN")]
    seal: Vec<String>,
    /// Seal no more what the newest snapshot of the source seals
    #[arg(long)]
    no_seal: bool,
    /// The seal key; else MARKERBED_SEAL_KEY, else in the configuration folder
    #[arg(long, value_name = "FILE")]
    seal_key: Option<PathBuf>,
}

/// What is sealed of a source, and where its key is.
pub(crate) struct Sealed {
    sealing: Sealing,
    path: PathBuf,
    /// The newest snapshot, if it is to be sealed on with the same key.
    before: Option<NodeId>,
}

impl Seals {
    /// What is to be sealed of a source whose newest snapshot this is; none: nothing.
    ///
    /// The key is made the first time, if something may be written.
    ///
    /// # Errors
    ///
    /// If it is not known what the newest snapshot seals, or if there is no key for it.
    pub(crate) fn find(
        &self,
        host: &mut Host,
        opened: &Opened,
        newest: Option<&RecordedSnapshot>,
        purpose: Purpose,
    ) -> Result<Option<Sealed>, Failure> {
        let newest = newest.filter(|_| !self.no_seal);
        let before = match newest {
            Some(newest) => patterns_of(opened, newest)?,
            None => Vec::new(),
        };
        let before_root = newest.filter(|_| !before.is_empty()).map(|newest| newest.snapshot.root);
        let patterns = go_on(before, &self.seal);
        if patterns.is_empty() {
            return Ok(None);
        }
        let named = self.seal_key.as_ref().or(host.place.seal_key.as_ref());
        let (config_home, home) = (host.place.config_home.as_deref(), host.place.home.as_deref());
        let path = match named {
            Some(path) => path.clone(),
            None => seal_key_file(config_home, home, opened.workspace.id())?,
        };
        let key = match load_seal_key(&path, opened.workspace.id()) {
            Err(KeyError::SealMissing { path })
                if purpose == Purpose::Write
                    && (self.no_seal || before_root.is_none() && !was_sealed(opened)?) =>
            {
                make(host, opened, &path)?
            }
            loaded => loaded?,
        };
        Ok(Some(Sealed { sealing: Sealing { patterns, key }, path, before: before_root }))
    }
}

impl Sealed {
    /// The same for the pipeline.
    pub(crate) fn sealing(&self) -> Sealing {
        self.sealing.clone()
    }

    /// Checks that the key is the one of the newest snapshot, now that the root is known: with
    /// another one every sealed item would have another id.
    ///
    /// # Errors
    ///
    /// If it is another one.
    pub(crate) fn check(
        &self,
        host: &mut Host,
        opened: &Opened,
        root: NodeId,
    ) -> Result<(), Failure> {
        let Some(before) = self.before.filter(|before| *before != root) else { return Ok(()) };
        match wait(opened.workspace.try_seal_key(before, &self.sealing.key)) {
            Ok(SealFit::Fits | SealFit::Unsealed) => {}
            Ok(SealFit::Differs(node)) => {
                return Err(KeyError::SealWrong { path: self.path.clone(), node }.into());
            }
            Ok(SealFit::Withheld) => host.output.note(format_args!(
                "the seal key could not be checked: no sealed node of the newest snapshot is in \
                 the store"
            )),
            Err(error) => {
                host.output.note(format_args!("the seal key could not be checked: {error}"));
            }
        }
        Ok(())
    }
}

/// What a snapshot seals.
fn patterns_of(opened: &Opened, snapshot: &RecordedSnapshot) -> Result<Vec<String>, Failure> {
    let document = "rules";
    let rules = opened.content(snapshot.snapshot.rules)?;
    let missing = WorkspaceError::MissingDocument { document, snapshot: snapshot.id };
    let rules = RulesDocument::read(&rules.ok_or(missing)?);
    let rules = rules.map_err(|fault| WorkspaceError::BadDocument { document, fault })?;
    Ok(rules.seal)
}

/// The patterns from before, and those that are new: a pattern that is there and still decides
/// for all that it matches is not repeated, so that the rules stay the same.
fn go_on(mut patterns: Vec<String>, given: &[String]) -> Vec<String> {
    for pattern in given {
        let is_negated = pattern.starts_with('!');
        let at = patterns.iter().position(|before| before == pattern);
        let decides =
            |at: usize| patterns.iter().skip(at).all(|later| later.starts_with('!') == is_negated);
        match at {
            Some(at) if decides(at) => continue,
            // The last one decides, so the one before says nothing.
            Some(at) => drop(patterns.remove(at)),
            None => {}
        }
        patterns.push(pattern.clone());
    }
    patterns
}

/// Tells whether any snapshot of the workspace seals something: then there was a key.
fn was_sealed(opened: &Opened) -> Result<bool, Failure> {
    let mut before = None;
    let mut seen = std::collections::HashSet::new();
    loop {
        let logged = wait(opened.workspace.log(before, ENTRIES_AT_ONCE))?;
        let Some(last) = logged.last() else { return Ok(false) };
        before = Some(last.entry.number);
        for snapshot in logged.iter().filter_map(|logged| logged.snapshot.as_ref()) {
            if !seen.insert(snapshot.rules) {
                continue;
            }
            let rules = opened.content(snapshot.rules)?;
            let rules = rules.and_then(|rules| RulesDocument::read(&rules).ok());
            if rules.is_some_and(|rules| !rules.seal.is_empty()) {
                return Ok(true);
            }
        }
    }
}

fn make(host: &mut Host, opened: &Opened, path: &std::path::Path) -> Result<SealKey, Failure> {
    let id = opened.workspace.id();
    match make_seal_key(path, id, host.inputs.random()?) {
        // Another process was faster.
        Err(KeyError::Exists { .. }) => Ok(load_seal_key(path, id)?),
        made => {
            let made = made?;
            let shown = KeyPath::from(path);
            host.output.note(format_args!(
                "made the seal key {}: keep it, and keep it to yourself",
                shown.shown()
            ));
            Ok(made)
        }
    }
}

const ENTRIES_AT_ONCE: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::go_on;

    #[test]
    fn what_was_sealed_goes_on_and_what_is_given_is_added_once() {
        let together = |before: &[&str], given: &[&str]| {
            let texts = |texts: &[&str]| -> Vec<String> {
                texts.iter().map(|text| (*text).to_owned()).collect()
            };
            go_on(texts(before), &texts(given)).join(" ")
        };

        assert_eq!(together(&[], &["a", "b"]), "a b");
        assert_eq!(together(&["a", "b"], &[]), "a b");
        assert_eq!(together(&["a", "b"], &["a"]), "a b", "the order says nothing");
        assert_eq!(together(&["a", "!b"], &["a"]), "!b a", "the last one decides");
        assert_eq!(together(&["a", "!b"], &["!b", "c"]), "a !b c");
        assert_eq!(together(&["!b", "a"], &["!b", "a", "!b"]), "a !b");
    }
}
