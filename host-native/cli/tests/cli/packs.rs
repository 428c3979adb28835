//! The files of a store, taken apart by `docs/spec/store-directory.md` alone.

use std::{fs, path::Path};

/// A piece of a store.
pub(crate) enum Stored {
    /// An object, a content or a part of one, and its line in the table of its record.
    Item { kind: u8, id: [u8; 32], line: Vec<u8>, bytes: Vec<u8> },
    /// Anything else: headers, batches, and files other than packs, unpacked.
    Other { place: String, bytes: Vec<u8> },
}

/// All pieces of the store in a directory.
pub(crate) fn stored(store: &Path) -> Vec<Stored> {
    let mut found = Vec::new();
    let mut folders = vec![store.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            let place = path.strip_prefix(store).unwrap().display().to_string();
            if place.starts_with("packs/") {
                take_pack(&place, &bytes, &mut found);
            } else if let Some(frame) = bytes.strip_prefix(SEEN) {
                let (frame, end) = frame.split_at(frame.len() - 16);
                let unpacked = zstd::decode_all(frame).unwrap();
                found.push(Stored::Other { place: format!("{place}, unpacked"), bytes: unpacked });
                found.push(Stored::Other { place, bytes: end.to_vec() });
            } else {
                found.push(Stored::Other { place, bytes });
            }
        }
    }
    found
}

fn take_pack(place: &str, pack: &[u8], found: &mut Vec<Stored>) {
    assert_eq!(&pack[..8], b"mbpack1\n");
    let other = |bytes: &[u8]| Stored::Other { place: place.to_owned(), bytes: bytes.to_vec() };
    found.push(other(&pack[..HEADER_BYTES]));
    let mut rest = &pack[HEADER_BYTES..];
    while !rest.is_empty() {
        assert_eq!(&rest[..4], b"mbR1");
        let number = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap()) as usize;
        let (table_bytes, payload_bytes) = (number(12), number(20));
        let (header, after) = rest.split_at(RECORD_BYTES);
        let (table, after) = after.split_at(table_bytes);
        let (payload, after) = after.split_at(payload_bytes);
        let payload =
            if header[5] == 1 { zstd::decode_all(payload).unwrap() } else { payload.to_vec() };
        if header[4] == 1 {
            // Of a record with one content the header has its length.
            found.push(other(&[&header[..16], &header[24..]].concat()));
            take_items(table, &payload, found);
        } else {
            found.push(other(header));
            found.push(other(&payload));
        }
        rest = after;
    }
}

fn take_items(mut table: &[u8], mut payload: &[u8], found: &mut Vec<Stored>) {
    while let Some(&kind) = table.first() {
        let id = table[1..33].try_into().unwrap();
        let mut length = 0_usize;
        let mut end = 33;
        loop {
            let byte = table[end];
            length |= usize::from(byte & 0x7f) << (7 * (end - 33));
            end += 1;
            if byte < 0x80 {
                break;
            }
        }
        let (line, rest) = table.split_at(end + 4);
        let (bytes, after) = payload.split_at(length);
        found.push(Stored::Item { kind, id, line: line.to_vec(), bytes: bytes.to_vec() });
        (table, payload) = (rest, after);
    }
    assert!(payload.is_empty());
}

const SEEN: &[u8] = b"markerbed seen 2\n";
const HEADER_BYTES: usize = 64;
const RECORD_BYTES: usize = 72;
