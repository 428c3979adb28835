//! Which formats this component speaks.

use alloc::string::String;

use crate::{bindings::exports::markerbed::engine::format, guest::Guest};

impl format::Guest for Guest {
    fn number() -> u32 {
        markerbed_core::codec::FORMAT
    }

    fn tool() -> String {
        String::from(concat!("markerbed ", env!("CARGO_PKG_VERSION")))
    }
}
