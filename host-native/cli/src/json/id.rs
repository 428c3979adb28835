//! Ids as members of an answer.

use std::{borrow::Cow, fmt::Display};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

macro_rules! hex_ids {
    ($($(#[$doc:meta])* $name:ident, $digits:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, PartialEq, Serialize)]
        #[serde(transparent)]
        pub(crate) struct $name(String);

        impl $name {
            /// The digits.
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Display> From<T> for $name {
            fn from(id: T) -> Self {
                Self(id.to_string())
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
                    "type": "string",
                    "pattern": concat!("^[0-9a-f]{", $digits, "}$"),
                })
            }
        }
    )*};
}

hex_ids! {
    /// 32 bytes as 64 lower-case hexadecimal digits (ID-3).
    HexId, 64;
    /// 16 bytes as 32 lower-case hexadecimal digits.
    HexId16, 32;
}

impl HexId {
    /// As many digits as people need to tell a few hundred ids apart.
    pub(crate) fn short(&self) -> &str {
        self.0.get(..SHORT_DIGITS).unwrap_or(&self.0)
    }
}

/// A prefix that is taken as a reference, too.
const SHORT_DIGITS: usize = 8;
