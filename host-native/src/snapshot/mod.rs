//! Takes a directory in: walks it, reads it, and makes the tree that means exactly it.
//!
//! [`take`] records raw names, kinds, executable bits, contents and symlink targets, and follows no
//! link below its root. What the rules leave out is counted ([`RulesDocument`]); what cannot be
//! recorded is a [`Gap`]. The root is a function of what was there and of the rules: no clock, no
//! locale, no order of listing and nothing outside the work tree enters it.
//!
//! [`Gap`]: markerbed_core::tree::Gap
//! [`RulesDocument`]: markerbed_core::tree::RulesDocument

mod assemble;
mod attention;
mod error;
mod extras;
mod listing;
mod look;
mod owners;
mod pattern;
mod read;
mod recall;
mod rules;
mod seen;
mod sink;
mod stamp;
mod take;
mod walk;
mod work;

pub use attention::{Attention, Expect};
pub use error::SnapError;
pub use markerbed_workspace::Holding;
pub use seen::{NewSeen, Seen, SeenPlace};
pub use sink::{HashOnly, NodesOnly, PieceSink, Sink, StoreSink};
pub use take::{Memory, Recorded, Sealing, SnapOptions, Statistics, Taken, take, take_again};
