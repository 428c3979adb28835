//! What a guest without std brings itself: memory, the end after a panic, and what it exports.
#![allow(unsafe_code, reason = "a component's exports, written by wit-bindgen")]

use crate::bindings;

/// What the exported functions are methods of.
pub(crate) struct Guest;

bindings::export!(Guest with_types_in bindings);

#[global_allocator]
static MEMORY: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Ends this instance; its host sees a trap. Core has no panics, and nothing here should add one.
#[panic_handler]
fn end(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
