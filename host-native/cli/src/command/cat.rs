//! `markerbed cat`

use std::{ffi::OsString, io};

use markerbed_core::{
    ContentId,
    tree::{File, NodeBody, base64},
};
use markerbed_host::{
    drive::blocking::wait,
    store::{StoreError, limits::WHOLE_CONTENT_BYTES_MAX},
    workspace::Place,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    exit::Exit,
    failure::{Failure, Told},
    host::Host,
    json::{HexId, PathBytes},
    open::{Opened, Purpose, reference},
    output::{Report, Style, Text},
    text::grouped,
};

/// Print the bytes of a file, each proven to be what was recorded
///
/// Exits with 3 if the bytes are not in the store. With --json the bytes are a member, and a file
/// above 16 MiB is refused with 3.
#[derive(clap::Args)]
pub(crate) struct Cat {
    /// The file
    #[arg(value_name = "REF:PATH")]
    reference: OsString,
}

/// What `markerbed cat --json` answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "cat")]
pub(crate) struct CatAnswer {
    #[serde(flatten)]
    path: PathBytes,
    /// How many bytes the file has.
    size: u64,
    /// The ContentId of the bytes, what b3sum prints.
    content: HexId,
    /// The bytes, if they are UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The bytes in base64, if they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    text_b64: Option<String>,
}

impl Cat {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let opened = Opened::of(host, Purpose::Read)?;
        let reference = reference(&self.reference)?;
        let place = wait(opened.workspace.resolve_node(&reference))?;
        let NodeBody::File(file) = place.node.body() else {
            let kind = place.node.kind();
            let advice = if kind.is_directory() { "ls" } else { "show" };
            let message = format!("{reference}: is a {kind}, not a file; try `markerbed {advice}`");
            return Err(Failure::usage("not-a-file", message));
        };
        if host.output.style() == Style::Json {
            return answer(host, &opened, &place, *file);
        }
        let missing = || missing(&reference, &place, file.content());
        let failed = |error| failed(&reference, &place, error);
        let content = opened.store().open_content(opened.workspace.id(), file.content());
        let mut content = wait(content).map_err(failed)?.ok_or_else(missing)?;
        while let Some(piece) = wait(content.next()).map_err(failed)? {
            host.output.bytes(&piece)?;
        }
        Ok(Exit::Done)
    }
}

fn answer(host: &mut Host, opened: &Opened, place: &Place, file: File) -> Result<Exit, Failure> {
    if file.size_bytes() > WHOLE_CONTENT_BYTES_MAX {
        // Not even its size is told of what is sealed (SEAL-3).
        let has = match place.node.salt() {
            Some(_) => "has more bytes".to_owned(),
            None => format!("has {} bytes", grouped(file.size_bytes())),
        };
        let most = grouped(WHOLE_CONTENT_BYTES_MAX);
        let message = format!("{}: {has}, --json takes at most {most}; leave it out", place.path);
        return Err(Failure::new(Exit::Incomplete, "too-large", message));
    }
    let ids = [file.content()];
    let fetched = wait(opened.store().fetch_contents(opened.workspace.id(), &ids));
    let bytes = fetched.map_err(|error| failed(&place.path, place, error))?.pop().flatten();
    let bytes = bytes.ok_or_else(|| missing(&place.path, place, file.content()))?;
    let text = str::from_utf8(&bytes).ok().map(str::to_owned);
    let answer = CatAnswer {
        path: PathBytes(place.path.as_bytes().to_vec()),
        size: bytes.len() as u64,
        content: file.content().into(),
        text_b64: text.is_none().then(|| base64::encode(&bytes)),
        text,
    };
    host.output.conclude(&answer, Exit::Done)
}

fn missing(what: impl std::fmt::Display, place: &Place, content: ContentId) -> Failure {
    let content = if place.node.salt().is_some() { String::new() } else { format!(" {content}") };
    let message = format!(
        "{what}: its content{content} is not in the store; `markerbed check` lists what is missing"
    );
    Failure::new(Exit::Incomplete, "missing-content", message)
}

/// What the store failed with; it names a content by its digest, and that of a sealed file is told
/// nowhere (SEAL-3).
fn failed(what: impl std::fmt::Display, place: &Place, error: StoreError) -> Failure {
    let is_told = place.node.salt().is_none() || !matches!(error, StoreError::Damaged { .. });
    match Failure::from(error) {
        Failure::Told(told) if !is_told => {
            let message =
                format!("{what}: its content is damaged; `markerbed check` says what else is");
            Failure::Told(Told { message, ..told })
        }
        failure => failure,
    }
}

impl Report for CatAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        text.line(self.text.as_deref().or(self.text_b64.as_deref()).unwrap_or_default())
    }
}
