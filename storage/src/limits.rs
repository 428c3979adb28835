//! Every cap of the storage contracts. The format's own caps are core's.

use std::ops::Range;

use markerbed_core::limits::{DOCUMENT_BYTES_MAX, OBJECT_BYTES_MAX};

use super::StoreError;

/// Bytes of a content that is handed over whole; larger ones are read as a stream or in ranges.
pub const WHOLE_CONTENT_BYTES_MAX: u64 = DOCUMENT_BYTES_MAX as u64;
/// Bytes of one range of a content.
pub const RANGE_BYTES_MAX: u64 = DOCUMENT_BYTES_MAX as u64;
/// Bytes of a row's key.
pub const ROW_KEY_BYTES_MAX: usize = 4_096;
/// Bytes of a row's value.
pub const ROW_VALUE_BYTES_MAX: usize = 1 << 20;
/// Rows or entries of one answer.
pub const ANSWER_ITEMS_MAX: usize = 4_096;
/// Bytes of all entries and rows of one batch.
pub const BATCH_BYTES_MAX: usize = 64 << 20;
/// Bytes of a subscriber's name.
pub const SUBSCRIBER_BYTES_MAX: usize = 255;

/// Refuses an object that is none.
///
/// # Errors
///
/// [`StoreError::TooLarge`].
pub fn check_object(bytes: usize) -> Result<(), StoreError> {
    check_length("an object", bytes, OBJECT_BYTES_MAX as usize)
}

/// Refuses to hand over a large content whole.
///
/// # Errors
///
/// [`StoreError::TooLarge`].
pub fn check_whole(bytes: u64) -> Result<(), StoreError> {
    check_bytes("a content asked for as a whole", bytes, WHOLE_CONTENT_BYTES_MAX)
}

/// Cuts `range` to a content of `length` bytes.
///
/// # Errors
///
/// [`StoreError::TooLarge`].
pub fn clip_range(range: Range<u64>, length: u64) -> Result<Range<u64>, StoreError> {
    let start = range.start.min(length);
    let end = range.end.clamp(start, length);
    check_bytes("a range of a content", end - start, RANGE_BYTES_MAX)?;
    Ok(start..end)
}

/// Refuses a subscriber's name that is too long.
///
/// # Errors
///
/// [`StoreError::TooLarge`].
pub fn check_subscriber(subscriber: &str) -> Result<(), StoreError> {
    check_length("a subscriber's name", subscriber.len(), SUBSCRIBER_BYTES_MAX)
}

/// Refuses what is longer than its cap.
///
/// # Errors
///
/// [`StoreError::TooLarge`].
pub fn check_length(what: &'static str, bytes: usize, bytes_max: usize) -> Result<(), StoreError> {
    check_bytes(what, bytes as u64, bytes_max as u64)
}

fn check_bytes(what: &'static str, bytes: u64, bytes_max: u64) -> Result<(), StoreError> {
    if bytes <= bytes_max { Ok(()) } else { Err(StoreError::TooLarge { what, bytes, bytes_max }) }
}
