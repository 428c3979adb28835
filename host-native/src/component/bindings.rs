//! What wasmtime makes of the worlds.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "generated: a component's values are read from and written to its memory"
)]

/// The world `engine`.
pub(super) mod engine {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "engine",
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

/// The world `verifier`.
pub(super) mod verifier {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "verifier",
        exports: { default: async },
    });
}
