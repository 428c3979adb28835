//! Properties of the engine: what must hold for every input, tried on seeded random ones.
#![forbid(unsafe_code)]

mod map;
mod map_forgery;
