//! Which names a file system can hold, and which of them it holds to be one (NAME-9).

use std::{collections::HashMap, io};

use markerbed_core::tree::{Name, NodeKind};
use unicode_normalization::UnicodeNormalization;

use super::Unfit;
use crate::folder::{EntryKind, Folder, Permissions};

/// What a file system makes of names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct NameRules {
    /// Bytes of the longest name.
    pub(super) bytes_max: u64,
    /// Names that differ in case are one.
    pub(super) folds_case: bool,
    /// Names that Unicode holds to be equal are one.
    pub(super) folds_forms: bool,
    /// Names must be UTF-8.
    pub(super) wants_utf8: bool,
    /// Names are limited as on Windows.
    pub(super) is_windows: bool,
    /// It holds symlinks.
    pub(super) has_symlinks: bool,
}

impl NameRules {
    /// Those of all systems that are in use, together.
    pub(super) const STRICTEST: Self = Self {
        bytes_max: 255,
        folds_case: true,
        folds_forms: true,
        wants_utf8: true,
        is_windows: true,
        has_symlinks: false,
    };

    /// Finds out by trying, in a directory of its own that goes away again.
    ///
    /// # Errors
    ///
    /// If nothing can be written there.
    pub(super) fn probe(folder: &Folder, probe_name: &[u8]) -> io::Result<Self> {
        let bytes_max = rustix::fs::fstatvfs(folder.as_file())?.f_namemax;
        folder.make_folder(probe_name, Permissions::Usual)?;
        let probed =
            folder.open_folder(probe_name).and_then(|probe| Self::probe_in(&probe, bytes_max));
        folder.remove_folder(probe_name)?;
        probed
    }

    fn probe_in(probe: &Folder, bytes_max: u64) -> io::Result<Self> {
        let composed = "\u{e9}".as_bytes();
        let made = |name: &[u8]| probe.create_file(name, Permissions::Usual).map(drop);
        let is_there = |name: &[u8]| probe.kind_of(name).is_ok();
        made(b"a")?;
        let rules = Self {
            bytes_max,
            folds_case: is_there(b"A"),
            folds_forms: made(composed).is_ok() && is_there("e\u{301}".as_bytes()),
            wants_utf8: made(b"\xff").is_err(),
            is_windows: made(b"a:b").is_err() || made(b"p.").is_err() || is_there(b"p"),
            has_symlinks: probe.make_symlink(b"l", b"a").is_ok(),
        };
        let mut names = Vec::new();
        probe.list(|name, _: EntryKind| names.push(name.to_vec()))?;
        names.iter().try_for_each(|name| probe.remove_file(name))?;
        Ok(rules)
    }

    /// Whether two names can be one.
    const fn has_twins(&self) -> bool {
        self.folds_case || self.folds_forms
    }

    /// Why a name cannot be held; none if it can.
    pub(super) fn refuse(&self, name: &[u8]) -> Option<Unfit> {
        if name.len() as u64 > self.bytes_max {
            return Some(Unfit::TooLong);
        }
        if self.wants_utf8 && std::str::from_utf8(name).is_err() {
            return Some(Unfit::NotText);
        }
        if self.is_windows { refuse_on_windows(name) } else { None }
    }

    /// What all twins of a name have in common.
    ///
    /// Coarser than any one file system: it may hold two names to be twins that are not, never the
    /// other way round.
    fn fold(&self, name: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(name) else {
            return if self.folds_case { name.to_ascii_lowercase() } else { name.to_vec() };
        };
        if !self.folds_forms {
            return fold_case(text).into_bytes();
        }
        let plain: String = text.nfd().filter(|character| !is_ignorable(*character)).collect();
        let folded = if self.folds_case { fold_case(&plain) } else { plain };
        folded.nfd().collect::<String>().into_bytes()
    }
}

/// Judges the names of a tree that come in pre-order.
#[derive(Debug)]
pub(crate) struct NameJudge {
    rules: NameRules,
    /// For each directory on the way to the one at hand, by what it has in common with its twins,
    /// each name so far.
    levels: Vec<HashMap<Vec<u8>, Name>>,
}

impl NameJudge {
    pub(super) const fn new(rules: NameRules) -> Self {
        Self { rules, levels: Vec::new() }
    }

    /// Judges by the rules of all systems together.
    pub(crate) const fn of_all_systems() -> Self {
        Self::new(NameRules::STRICTEST)
    }

    /// Why the last name of a path of `depth` names cannot be held; none if it can.
    pub(crate) fn refuse(&mut self, depth: usize, name: &Name, kind: NodeKind) -> Option<Unfit> {
        if self.rules.has_twins() {
            self.levels.resize_with(depth, HashMap::new);
        }
        if let Some(why) = self.rules.refuse(name.as_bytes()) {
            return Some(why);
        }
        if kind.is_symlink() && !self.rules.has_symlinks {
            return Some(Unfit::Symlink);
        }
        let level = self.levels.last_mut()?;
        let twin = level.insert(self.rules.fold(name.as_bytes()), name.clone());
        twin.map(|twin| Unfit::Twin { twin })
    }
}

/// By way of upper case, so that `ß` and `ss` meet; before it in lower case, so that `ẞ` does, too.
fn fold_case(text: &str) -> String {
    let lower = text.chars().flat_map(char::to_lowercase);
    lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

fn refuse_on_windows(name: &[u8]) -> Option<Unfit> {
    let forbidden = |byte: &u8| *byte < b' ' || b"<>:\"/\\|?*".contains(byte);
    if name.iter().any(forbidden) {
        return Some(Unfit::Character);
    }
    if name.ends_with(b".") || name.ends_with(b" ") {
        return Some(Unfit::Ending);
    }
    // It counts in units of UTF-16.
    let units = std::str::from_utf8(name).map_or(name.len(), |text| text.encode_utf16().count());
    if units > 255 {
        return Some(Unfit::TooLong);
    }
    let stem = name.split(|byte| *byte == b'.').next().unwrap_or_default().to_ascii_lowercase();
    let stem = stem.trim_ascii_end();
    // The superscript digits of Latin-1 count there, too.
    let is_port =
        |digits: &[u8]| matches!(digits, [b'0'..=b'9'] | b"\xc2\xb9" | b"\xc2\xb2" | b"\xc2\xb3");
    let is_device = RESERVED.contains(&stem)
        || stem.strip_prefix(b"com").is_some_and(is_port)
        || stem.strip_prefix(b"lpt").is_some_and(is_port);
    is_device.then_some(Unfit::Device)
}

/// Characters that some file systems drop before they compare.
const fn is_ignorable(character: char) -> bool {
    matches!(character,
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

const RESERVED: [&[u8]; 6] = [b"con", b"prn", b"aux", b"nul", b"conin$", b"conout$"];

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: NameRules = NameRules {
        bytes_max: 255,
        folds_case: false,
        folds_forms: false,
        wants_utf8: false,
        is_windows: false,
        has_symlinks: true,
    };

    #[test]
    fn names_that_differ_in_case_are_twins_where_case_is_folded() {
        let rules = NameRules { folds_case: true, ..PLAIN };

        for [one, other] in
            [["a", "A"], ["Straße", "STRASSE"], ["STRAẞE", "straße"], ["\u{3c3}", "\u{3c2}"]]
        {
            assert_eq!(rules.fold(one.as_bytes()), rules.fold(other.as_bytes()), "{one} {other}");
        }
        assert_eq!(rules.fold("ÉTÉ".as_bytes()), rules.fold("été".as_bytes()));
        assert_eq!(rules.fold(b"\xffA"), rules.fold(b"\xffa"));
        assert_ne!(rules.fold("e\u{301}".as_bytes()), rules.fold("\u{e9}".as_bytes()));
        assert_ne!(rules.fold(b"a"), rules.fold(b"b"));
    }

    #[test]
    fn names_of_other_forms_are_twins_where_forms_are_folded() {
        let rules = NameRules { folds_forms: true, ..PLAIN };

        for [one, other] in
            [["e\u{301}", "\u{e9}"], ["a\u{200d}b", "ab"], ["\u{1100}\u{1161}", "\u{ac00}"]]
        {
            assert_eq!(rules.fold(one.as_bytes()), rules.fold(other.as_bytes()), "{one} {other}");
        }
        assert_ne!(rules.fold(b"a"), rules.fold(b"A"));
        let both = NameRules { folds_case: true, ..rules };
        assert_eq!(both.fold("E\u{301}".as_bytes()), both.fold("\u{e9}".as_bytes()));
    }

    #[test]
    fn names_that_windows_cannot_hold_are_refused() {
        let rules = NameRules { is_windows: true, wants_utf8: true, ..PLAIN };

        for name in
            ["a:b", "a\\b", "a?", "*", "\"", "<", ">", "|", "\u{1}", "a.", "a ", "CON", "con.txt"]
        {
            assert!(rules.refuse(name.as_bytes()).is_some(), "{name}");
        }
        for name in ["nul", "LPT1", "com9.tar.gz", "aux .c", "CONIN$"] {
            assert!(rules.refuse(name.as_bytes()).is_some(), "{name}");
        }
        for name in ["COM\u{b9}", "lpt\u{b3}.x", &"\u{e9}".repeat(256)] {
            assert!(rules.refuse(name.as_bytes()).is_some(), "{name}");
        }
        assert_eq!(rules.refuse("\u{e9}".repeat(127).as_bytes()), None);
        let long = NameRules { bytes_max: 1_020, ..rules };
        assert_eq!(long.refuse("\u{e9}".repeat(255).as_bytes()), None);
        assert_eq!(long.refuse("\u{e9}".repeat(256).as_bytes()), Some(Unfit::TooLong));
        for name in ["con1", "lpt", "comma", "a.b", ".a", "nul_", "\u{e9}"] {
            assert_eq!(rules.refuse(name.as_bytes()), None, "{name}");
        }
        assert!(rules.refuse(b"\xff").is_some());
        assert!(PLAIN.refuse(&[b'a'; 256]).is_some());
        assert_eq!(PLAIN.refuse(b"a:\\\xff. "), None);
    }

    #[test]
    fn twins_are_looked_for_in_one_directory_at_a_time() {
        let mut judge = NameJudge::of_all_systems();
        let tree = [
            (1, "a"),
            (2, "X"),
            (2, "x"),
            (1, "con"), // its own name cannot be held, and it is another directory all the same
            (2, "x"),
            (3, "x"),
            (2, "y"),
            (3, "x"),
            (1, "A"),
        ];

        let unfit = tree.map(|(depth, name)| {
            let name = Name::new(name.as_bytes()).unwrap();
            judge.refuse(depth, &name, NodeKind::File).map(|why| why.code())
        });

        let none = None;
        let twin = Some("twin");
        let device = Some("device-name");
        assert_eq!(unfit, [none, none, twin, device, none, none, none, none, twin]);
    }

    #[test]
    fn what_has_a_twin_or_is_no_file_is_refused_whatever_it_is() {
        let refuse = |kind: NodeKind| {
            let mut judge = NameJudge::of_all_systems();
            ["a", "A"].map(|name| {
                let name = Name::new(name.as_bytes()).unwrap();
                judge.refuse(1, &name, kind).map(|why| why.code())
            })
        };

        for kind in [NodeKind::File, NodeKind::Directory, NodeKind::SealedFile] {
            assert_eq!(refuse(kind), [None, Some("twin")], "{kind}");
        }
        for kind in [NodeKind::Symlink, NodeKind::SealedSymlink] {
            assert_eq!(refuse(kind), [Some("symlink"); 2], "{kind}");
        }
    }

    #[test]
    fn a_probe_leaves_nothing_behind() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = Folder::open_at(scratch.path()).unwrap();

        let rules = NameRules::probe(&folder, b"probe").unwrap();

        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
        assert!(rules.bytes_max >= 255 && rules.has_symlinks);
    }
}
