//! `markerbed documents`

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Command, CommandFactory};
use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::Value;

use super::{
    acl::{AclAnswer, AclLsAnswer, AclWhyAnswer},
    audit::AuditVerifyAnswer,
    cat::CatAnswer,
    check::CheckAnswer,
    checkpoint::CheckpointAnswer,
    demo::DemoAnswer,
    init::InitAnswer,
    key::{KeyAnswer, KeyChangeAnswer, KeyNewAnswer},
    log::LogAnswer,
    ls::{ListedAnswer, LsAnswer},
    prove::ProveAnswer,
    prove_ledger::ProveLedgerAnswer,
    refs::{RefAnswer, RefLsAnswer},
    repair::RepairAnswer,
    restore::RestoreAnswer,
    show::ShowAnswer,
    snap::SnapAnswer,
    status::StatusAnswer,
    verify::VerifyAnswer,
    verify_ledger::VerifyLedgerAnswer,
    version::VersionAnswer,
};
use crate::{
    arguments::Arguments,
    codes::{CODES, Code, FINDINGS, LACKS, UNFITS},
    exit::Exit,
    failure::Failure,
    json::{Change, ErrorAnswer},
    text::shown,
};

/// Write the pages of docs/reference that are made from the program
#[derive(clap::Args)]
pub(crate) struct Documents {
    /// The directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl Documents {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        write(&self.directory.join("cli.md"), &help_page())?;
        write(&self.directory.join("exit-codes.md"), &codes_page())?;
        for (name, schema) in schemas() {
            let path = self.directory.join("json").join(format!("{name}.schema.json"));
            write(&path, &schema)?;
        }
        Ok(Exit::Done)
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |cause| Failure::system(shown(path), &cause);
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}

/// All help, as one page.
fn help_page() -> String {
    let mut page = String::from(HELP_INTRODUCTION);
    let mut command = Arguments::command().term_width(PAGE_COLUMNS).disable_help_subcommand(true);
    command.build();
    put_command(&mut page, &mut command, "");
    page
}

/// Exit codes, and what comes with them.
fn codes_page() -> String {
    let mut page = String::from(CODES_INTRODUCTION);
    for exit in Exit::ALL {
        page.push_str(&format!("| {} | {} |\n", exit.number(), exit.meaning()));
    }
    page.push_str(CODES_MIDDLE);
    for Code(code, exits, meaning) in CODES {
        page.push_str(&format!("| `{code}` | {exits} | {meaning} |\n"));
    }
    page.push_str(LACKS_HEADING);
    for (code, meaning) in LACKS {
        page.push_str(&format!("| `{code}` | {meaning} |\n"));
    }
    page.push_str(UNFITS_HEADING);
    for (code, meaning) in UNFITS {
        page.push_str(&format!("| `{code}` | {meaning} |\n"));
    }
    page.push_str(FINDINGS_HEADING);
    for (code, exit, meaning) in FINDINGS {
        page.push_str(&format!("| `{code}` | {exit} | {meaning} |\n"));
    }
    page
}

fn put_command(page: &mut String, command: &mut Command, above: &str) {
    let name = format!("{above}{}", command.get_name());
    let help = command.render_long_help().to_string();
    let help = match help.split_once("\nEverywhere:\n") {
        // The same everywhere, so it stands in one place.
        Some((help, _)) if !above.is_empty() => help,
        _ => &help,
    };
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    page.push_str(&format!("\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end()));
    let above = format!("{name} ");
    for below in command.get_subcommands_mut().filter(|below| !below.is_hide_set()) {
        put_command(page, below, &above);
    }
}

/// The schema of each answer, by the name of its file.
fn schemas() -> Vec<(&'static str, String)> {
    vec![
        ("error", schema::<ErrorAnswer>()),
        ("init", schema::<InitAnswer>()),
        ("status", schema::<StatusAnswer>()),
        ("snap", schema::<SnapAnswer>()),
        ("log", schema::<LogAnswer>()),
        ("show", schema::<ShowAnswer>()),
        ("ls", schema::<LsAnswer>()),
        ("ls-sha256", schema::<ListedAnswer>()),
        ("cat", schema::<CatAnswer>()),
        ("diff", schema::<Change>()),
        ("restore", schema::<RestoreAnswer>()),
        ("prove", schema::<ProveAnswer>()),
        ("verify", schema::<VerifyAnswer>()),
        ("check", schema::<CheckAnswer>()),
        ("audit-verify", schema::<AuditVerifyAnswer>()),
        ("checkpoint", schema::<CheckpointAnswer>()),
        ("key", schema::<KeyAnswer>()),
        ("key-change", schema::<KeyChangeAnswer>()),
        ("key-new", schema::<KeyNewAnswer>()),
        ("prove-ledger", schema::<ProveLedgerAnswer>()),
        ("verify-ledger", schema::<VerifyLedgerAnswer>()),
        ("repair", schema::<RepairAnswer>()),
        ("ref-set", schema::<RefAnswer>()),
        ("ref-ls", schema::<RefLsAnswer>()),
        ("acl-grant", schema::<AclAnswer>()),
        ("acl-ls", schema::<AclLsAnswer>()),
        ("acl-why", schema::<AclWhyAnswer>()),
        ("demo", schema::<DemoAnswer>()),
        ("version", schema::<VersionAnswer>()),
    ]
}

fn schema<T: JsonSchema>() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let settings = settings.with_transform(RecursiveTransform(without_null));
    let generator = settings.into_generator();
    let schema = generator.into_root_schema_for::<T>();
    // A schema is a JSON value: writing it cannot fail.
    format!("{:#}\n", schema.as_value())
}

/// An answer leaves out what is absent; nothing is ever null.
fn without_null(schema: &mut Schema) {
    let Some(members) = schema.as_object_mut() else { return };
    if let Some(Value::Array(types)) = members.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            members.insert("type".to_owned(), only);
        }
    }
    let Some(Value::Array(choices)) = members.get_mut("anyOf") else { return };
    choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
    if let [Value::Object(only)] = choices.as_slice() {
        let only = only.clone();
        members.remove("anyOf");
        for (name, value) in only {
            members.entry(name).or_insert(value);
        }
    }
}

const HELP_INTRODUCTION: &str = "\
# The command line

Made from the program by `markerbed documents`; a test compares it. What exit codes mean is in
[exit-codes.md](exit-codes.md), how to name snapshots and nodes in [references.md](references.md),
and what `--json` answers in [json](json).
";

const CODES_INTRODUCTION: &str = "\
# Exit codes and error codes

Made from the program by `markerbed documents`; a test compares it. A failure is one line on
standard error that says what, where and what to do. With `--json` it is an object, too, the last
line on standard output ([schema](json/error.schema.json)); `code` is stable, `message` is for
people.

| exit code | |
|---|---|
";

const CODES_MIDDLE: &str = "
A command that does several things ends with the largest of their codes. A reader that closes
standard output early ends a listing with 0. A signal that ends a command (SIGINT, SIGTERM, SIGHUP)
gives 130.

## Error codes

Besides these, an error has a code of the engine ([encoding.md](../spec/encoding.md)):
`missing-object` comes with 3, what is wrong with stored bytes with 4, what is wrong with an
argument with 2. `verify` tells of a proof that is wrong in its answer, and ends with 1; there
`other-tree` says that the proof is about another tree than the one expected.

| code | exit code | what is true |
|---|---|---|
";

const UNFITS_HEADING: &str = "
## What another system cannot hold

`status --portable --json` lists it in `unfit`, and with `--exit-code` the exit code is 1.

| code | what is true |
|---|---|
";

const LACKS_HEADING: &str = "
## What a restore lacks

`restore --json` lists it in `lacking`, and the exit code is 3.

| code | what is true |
|---|---|
";

const FINDINGS_HEADING: &str = "
## What a check finds

`check --json` lists it in `findings`. If all that was found comes with 3, so does the exit code;
otherwise it is 4.

| code | exit code | what is true |
|---|---|---|
";

const PAGE_COLUMNS: usize = 100;
