//! Names, paths and targets as members of an answer (NAME-7).

use std::{borrow::Cow, os::unix::ffi::OsStrExt, path::Path};

use markerbed_core::tree::{Shown, base64};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer, ser::SerializeMap};

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident { $text:literal, $base64:literal, $about:literal })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub(crate) struct $name(pub(crate) Vec<u8>);

        impl $name {
            /// As a terminal may show it (NAME-8).
            pub(crate) fn shown(&self) -> Shown<'_> {
                Shown::new(&self.0)
            }
        }

        impl From<&Path> for $name {
            fn from(path: &Path) -> Self {
                Self(path.as_os_str().as_bytes().to_vec())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut members = serializer.serialize_map(Some(1))?;
                match str::from_utf8(&self.0) {
                    Ok(text) => members.serialize_entry($text, text)?,
                    Err(_) => members.serialize_entry($base64, &base64::encode(&self.0))?,
                }
                members.end()
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "object",
                    "properties": {
                        $text: { "type": "string", "description": $about },
                        $base64: {
                            "type": "string",
                            "contentEncoding": "base64",
                            "description": concat!("instead of `", $text, "`, if it is not UTF-8"),
                        },
                    },
                    "oneOf": [{ "required": [$text] }, { "required": [$base64] }],
                })
            }
        }
    )*};
}

names! {
    /// A path from the root of a snapshot; the root is the empty path.
    PathBytes { "path", "path_b64", "the path from the root of the snapshot; empty: the root" }
    /// Where something that has moved was before.
    FromPath { "from_path", "from_path_b64", "the path where it was before" }
    /// Where a store is.
    StorePath { "store", "store_b64", "where the store is" }
    /// Where a key is.
    KeyPath { "key", "key_b64", "where the key is; whoever has it can write as the workspace" }
    /// Where a file is.
    FilePath { "file", "file_b64", "where the file is" }
    /// Where something was restored.
    TargetPath { "target", "target_b64", "where it was restored" }
    /// Another name in the same directory.
    TwinPath { "twin", "twin_b64", "the path of the other name that is the same there" }
    /// What an extended attribute is called.
    AttributeName { "name", "name_b64", "what it is called" }
    /// Where a symlink points.
    TargetBytes { "target", "target_b64", "where the symlink points" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_itself_and_other_bytes_are_base64() {
        let text = serde_json::to_string(&PathBytes("a\nb/é".into())).unwrap();
        let bytes = serde_json::to_string(&PathBytes(vec![0xff])).unwrap();

        assert_eq!(text, r#"{"path":"a\nb/é"}"#);
        assert_eq!(bytes, r#"{"path_b64":"/w=="}"#);
    }
}
