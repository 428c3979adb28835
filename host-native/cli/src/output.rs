//! What a command says: results on standard output, everything else on standard error.

use std::{
    env, fmt,
    io::{self, BufWriter, IsTerminal, Write},
};

use serde::Serialize;

use crate::{exit::Exit, failure::Failure, json::NodeMembers, text::counted};

/// Something that a command answers, as text for people and as JSON for programs.
pub(crate) trait Report: Serialize {
    /// Writes it for people: whole lines.
    ///
    /// # Errors
    ///
    /// What the output reports.
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()>;
}

/// Where a command's words go.
pub(crate) struct Output {
    out: BufWriter<Box<dyn Write + Send>>,
    style: Style,
    notes: Notes,
    is_closed: bool,
}

/// How results look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Style {
    /// For people.
    Text,
    /// For people at a terminal.
    Coloured,
    /// One object a line.
    Json,
}

/// What is said beside the results.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Notes {
    /// Nothing but errors, nor summaries of what was done.
    Quiet,
    /// What somebody should know.
    Normal,
    /// More of it.
    Verbose,
    /// As [`Notes::Normal`], but among the results: the demo shows all in one place.
    WithResults,
}

/// Text for people, with colours or without.
pub(crate) struct Text<'a> {
    out: &'a mut dyn Write,
    style: Style,
}

/// Colours that mean something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Colour {
    /// It is well, or is new.
    Green,
    /// It is not well, or is gone.
    Red,
    /// It has changed, or is undecided.
    Yellow,
    /// It is said by the way.
    Dim,
    /// It is what matters.
    Bold,
}

impl Style {
    /// What suits standard output: `NO_COLOR` and dumb terminals are respected.
    pub(crate) fn of_standard_output() -> Self {
        let forbids = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|value| value == "dumb");
        if io::stdout().is_terminal() && !forbids && !is_dumb { Self::Coloured } else { Self::Text }
    }
}

impl Output {
    /// Writes results to `out`.
    pub(crate) fn new(out: Box<dyn Write + Send>, style: Style, notes: Notes) -> Self {
        Self { out: BufWriter::with_capacity(OUTPUT_BYTES, out), style, notes, is_closed: false }
    }

    /// How results look.
    pub(crate) const fn style(&self) -> Style {
        self.style
    }

    /// Whether the reader of standard output has gone.
    pub(crate) const fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Whether answers are for programs.
    pub(crate) fn is_json(&self) -> bool {
        self.style == Style::Json
    }

    /// Whether more shall be said than usual.
    pub(crate) fn is_verbose(&self) -> bool {
        self.notes == Notes::Verbose
    }

    /// What is said beside the results.
    pub(crate) const fn notes(&self) -> Notes {
        self.notes
    }

    /// Gives one answer, or one line of many.
    ///
    /// # Errors
    ///
    /// If standard output takes no more.
    pub(crate) fn show(&mut self, report: &impl Report) -> Result<(), Failure> {
        self.put(report).map_err(|cause| Failure::output(&cause))
    }

    /// Tells what was done, and how the command ends: that was decided before it is told, so a
    /// reader who has gone does not change it. `--quiet` leaves it out.
    ///
    /// # Errors
    ///
    /// If standard output takes no more for another reason.
    pub(crate) fn tell(&mut self, report: &impl Report, exit: Exit) -> Result<Exit, Failure> {
        if self.notes == Notes::Quiet && self.style != Style::Json {
            return Ok(exit);
        }
        self.conclude(report, exit)
    }

    /// As [`Self::tell`], for what was asked for: `--quiet` does not leave it out.
    ///
    /// # Errors
    ///
    /// If standard output takes no more for another reason.
    pub(crate) fn conclude(&mut self, report: &impl Report, exit: Exit) -> Result<Exit, Failure> {
        let shown = self.put(report).and_then(|()| self.out.flush());
        match shown.map_err(|cause| Failure::output(&cause)) {
            Ok(()) => Ok(exit),
            Err(Failure::OutputClosed) => {
                // What is held back would only fail again.
                self.out = BufWriter::new(Box::new(io::sink()));
                self.is_closed = true;
                Ok(exit)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Says why a command failed; a standard error that is closed is no reason to fail otherwise.
    pub(crate) fn fail(&mut self, line: &str) {
        match self.notes {
            Notes::WithResults => drop(writeln!(self.out, "markerbed: {line}")),
            _ => drop(writeln!(io::stderr(), "markerbed: {line}")),
        }
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    ///
    /// If standard output takes no more.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out.write_all(bytes).map_err(|cause| Failure::output(&cause))
    }

    /// Says something by the way.
    pub(crate) fn note(&mut self, note: impl fmt::Display) {
        if self.notes != Notes::Quiet {
            self.fail(&crate::failure::one_line(&note.to_string()));
        }
    }

    /// Hands on what is held back.
    ///
    /// # Errors
    ///
    /// If standard output takes no more.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|cause| Failure::output(&cause))
    }

    fn put(&mut self, report: &impl Report) -> io::Result<()> {
        if self.style == Style::Json {
            serde_json::to_writer(&mut self.out, report)?;
            return self.out.write_all(b"\n");
        }
        report.put_text(&mut Text { out: &mut self.out, style: self.style })
    }
}

impl Text<'_> {
    /// Writes one line.
    ///
    /// # Errors
    ///
    /// What the output reports.
    pub(crate) fn line(&mut self, line: impl fmt::Display) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    ///
    /// What the output reports.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// Writes what one thing is: its name, then its value.
    ///
    /// # Errors
    ///
    /// What the output reports.
    pub(crate) fn field(&mut self, name: &str, value: impl fmt::Display) -> io::Result<()> {
        let name = self.paint(Colour::Dim, format_args!("{name:<FIELD_COLUMNS$}"));
        self.line(format_args!("{name}  {value}"))
    }

    /// Writes what is known of a node.
    ///
    /// # Errors
    ///
    /// What the output reports.
    pub(crate) fn node(&mut self, node: &NodeMembers) -> io::Result<()> {
        self.node_and_word(node, "")
    }

    /// Writes what a proof says of a node; only its author knows whether sizes and counts are true
    /// (TREE-6).
    ///
    /// # Errors
    ///
    /// What the output reports.
    pub(crate) fn proven_node(&mut self, node: &NodeMembers) -> io::Result<()> {
        self.node_and_word(node, " (stated by the author)")
    }

    fn node_and_word(&mut self, node: &NodeMembers, word: &str) -> io::Result<()> {
        self.field("node", node.node.as_str())?;
        let executable = if node.executable == Some(true) { ", executable" } else { "" };
        self.field("kind", format_args!("{}{executable}", node.kind.0))?;
        if let Some(size) = node.size {
            let size = counted(size, "byte", "bytes");
            self.field("size", format_args!("{size}{word}"))?;
        }
        if let Some(content) = &node.content {
            self.field("content", content.as_str())?;
        }
        if let Some(target) = &node.target {
            self.field("target", target.shown())?;
        }
        if let Some(below) = &node.below {
            let nodes = counted(below.nodes, "node", "nodes");
            let files = counted(below.files, "file", "files");
            let bytes = counted(below.bytes, "byte", "bytes");
            self.field("below", format_args!("{nodes}: {files}, {bytes}{word}"))?;
        }
        Ok(())
    }

    /// The words in a colour, where there are colours.
    pub(crate) fn paint(&self, colour: Colour, words: impl fmt::Display) -> String {
        if self.style != Style::Coloured {
            return words.to_string();
        }
        let number = match colour {
            Colour::Green => 32,
            Colour::Red => 31,
            Colour::Yellow => 33,
            Colour::Dim => 2,
            Colour::Bold => 1,
        };
        format!("\u{1b}[{number}m{words}\u{1b}[0m")
    }
}

/// The longest name of a field.
const FIELD_COLUMNS: usize = 10;

/// Enough that a long listing is not one system call a line.
const OUTPUT_BYTES: usize = 64 << 10;
