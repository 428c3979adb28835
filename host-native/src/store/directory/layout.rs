//! The names of the files and the few bytes that are at fixed places.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::sum::Seed;

/// Names the format.
pub(super) const FORMAT_FILE: &str = "format";
/// What `format` is called until it is complete.
pub(super) const NEW_FORMAT_FILE: &str = "format.new";
/// Held by who writes.
pub(super) const LOCK_FILE: &str = "lock";
/// How far the store is known to be durable.
pub(super) const MARK_FILE: &str = "durable";
/// Holds the packs.
pub(super) const PACKS_DIRECTORY: &str = "packs";
/// Holds what is derived from the packs, so that opening need not read them.
pub(super) const INDEX_DIRECTORY: &str = "index";
/// What was found behind the end of a pack and is not torn.
pub(super) const ASIDE_DIRECTORY: &str = "aside";

/// What the first line of `format` says before the version.
pub(super) const FORMAT_WORDS: &str = "markerbed store directory ";
/// The version that is read and written.
pub(super) const FORMAT_VERSION: &str = "1";

/// Bytes before the first record of a pack.
pub(super) const PACK_HEADER_BYTES: u64 = 64;

/// A store's own random name, so that a file of another store is recognised.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct StoreId(pub(super) [u8; 16]);

/// A place in the packs. The order is that of writing.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Position {
    pub(super) pack: u32,
    pub(super) offset: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at byte {}", pack_name(self.pack), self.offset)
    }
}

/// The path of a pack.
pub(super) fn pack_path(store: &Path, pack: u32) -> PathBuf {
    store.join(PACKS_DIRECTORY).join(format!("{pack:08}.pack"))
}

/// The number of the pack whose file has this name.
pub(super) fn pack_number(name: &str) -> Option<u32> {
    let number = name.strip_suffix(".pack")?.parse().ok()?;
    (number > 0 && format!("{number:08}.pack") == name).then_some(number)
}

/// The path of the index of a pack.
pub(super) fn index_path(store: &Path, pack: u32) -> PathBuf {
    store.join(index_name(pack))
}

/// Where the index of a pack is until it is complete.
pub(super) fn new_index_path(store: &Path, pack: u32) -> PathBuf {
    store.join(format!("{}.new", index_name(pack)))
}

/// The number of the pack whose index has this name.
pub(super) fn index_number(name: &str) -> Option<u32> {
    pack_number(&format!("{}.pack", name.strip_suffix(".index")?))
}

/// How errors name the index of a pack.
pub(super) fn index_name(pack: u32) -> String {
    format!("{INDEX_DIRECTORY}/{pack:08}.index")
}

fn pack_name(pack: u32) -> String {
    format!("{PACKS_DIRECTORY}/{pack:08}.pack")
}

/// The whole `format` file.
pub(super) fn format_text(store: StoreId) -> String {
    let hex: String = store.0.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{FORMAT_WORDS}{FORMAT_VERSION}\n{hex}\n")
}

/// What a `format` file says.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Format {
    /// A store that can be read.
    Known(StoreId),
    /// A store of another version.
    Unknown(String),
    /// No store's.
    Foreign,
}

/// Reads a `format` file.
pub(super) fn parse_format(text: &[u8]) -> Format {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.split('\n');
    let Some(version) = lines.next().and_then(|line| line.strip_prefix(FORMAT_WORDS)) else {
        return Format::Foreign;
    };
    if version != FORMAT_VERSION {
        return Format::Unknown(version.chars().take(40).collect());
    }
    match lines.next().and_then(store_id) {
        Some(store) if text == format_text(store) => Format::Known(store),
        _ => Format::Foreign,
    }
}

fn store_id(hex: &str) -> Option<StoreId> {
    u128::from_str_radix(hex, 16).ok().map(|number| StoreId(number.to_be_bytes()))
}

/// What a pack begins with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct PackHeader {
    pub(super) store: StoreId,
    pub(super) pack: u32,
    /// Bytes of the pack before it, which is sealed; 0 for the first.
    pub(super) previous_bytes: u64,
}

impl PackHeader {
    pub(super) fn encode(&self, seed: Seed) -> Vec<u8> {
        let mut out = Vec::with_capacity(PACK_HEADER_BYTES as usize);
        out.extend_from_slice(PACK_MAGIC);
        out.extend_from_slice(&self.store.0);
        out.extend_from_slice(&self.pack.to_le_bytes());
        out.extend_from_slice(&self.previous_bytes.to_le_bytes());
        out.resize(PACK_HEADER_BYTES as usize - 8, 0);
        let sum = seed.sum(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    /// Reads the header of pack `pack` of the store of `seed`.
    pub(super) fn decode(
        bytes: &[u8],
        store: StoreId,
        pack: u32,
        seed: Seed,
    ) -> Result<Self, &'static str> {
        let previous = bytes.get(28..36).and_then(|bytes| bytes.try_into().ok());
        let previous_bytes = previous.map(u64::from_le_bytes).ok_or(HEADER_SHORT)?;
        let header = Self { store, pack, previous_bytes };
        if header.encode(seed) == bytes {
            return Ok(header);
        }
        // What passes for another place was written whole, so no crash has torn it.
        let theirs = bytes.get(8..24).and_then(|id| id.try_into().ok()).map(StoreId);
        let number = bytes.get(24..28).and_then(|number| number.try_into().ok());
        let is_whole = |theirs, pack| {
            Self { store: theirs, pack, previous_bytes }.encode(Seed::of(theirs)) == bytes
        };
        Err(match (theirs, number.map(u32::from_le_bytes)) {
            (Some(theirs), Some(number)) if is_whole(theirs, number) => {
                if theirs == store {
                    MISNAMED_PACK
                } else {
                    FOREIGN_PACK
                }
            }
            _ => HEADER_BROKEN,
        })
    }
}

/// How far the store was durable after a commit: a hint that is never ahead of the truth.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Mark {
    /// The number of the newest batch that was acknowledged; 0 before the first.
    pub(super) sequence: u64,
    /// Everything before it is durable.
    pub(super) durable: Position,
}

impl Mark {
    /// Bytes of the mark's file: two places, written in turn.
    pub(super) const FILE_BYTES: usize = 2 * MARK_SLOT_BYTES;

    /// Where the `turn`th mark goes.
    pub(super) const fn place(turn: u64) -> u64 {
        (turn % 2) * MARK_SLOT_BYTES as u64
    }

    pub(super) fn encode(&self, seed: Seed) -> Vec<u8> {
        let mut out = Vec::with_capacity(MARK_BYTES);
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&self.durable.pack.to_le_bytes());
        out.extend_from_slice(&self.durable.offset.to_le_bytes());
        let sum = seed.sum(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    /// Reads the newest mark of the file that is whole.
    pub(super) fn newest(file: &[u8], seed: Seed) -> Self {
        let slots = file.chunks(MARK_SLOT_BYTES);
        slots
            .filter_map(|slot| Self::decode(slot.get(..MARK_BYTES)?, seed))
            .max()
            .unwrap_or_default()
    }

    fn decode(bytes: &[u8], seed: Seed) -> Option<Self> {
        let (sequence, rest) = bytes.split_first_chunk()?;
        let (pack, rest) = rest.split_first_chunk()?;
        let (offset, _) = rest.split_first_chunk()?;
        let (pack, offset) = (u32::from_le_bytes(*pack), u64::from_le_bytes(*offset));
        let sequence = u64::from_le_bytes(*sequence);
        let mark = Self { sequence, durable: Position { pack, offset } };
        (mark.encode(seed) == bytes).then_some(mark)
    }
}

const PACK_MAGIC: &[u8; 8] = b"mbpack1\n";
/// Faults of packs that were put there by somebody else than a writer of this store.
pub(super) const FOREIGN_PACK: &str = "it is a pack of another store";
pub(super) const MISNAMED_PACK: &str = "it is another pack of this store";
const HEADER_SHORT: &str = "it ends inside its first bytes";
const HEADER_BROKEN: &str = "its first bytes are not those of a pack";
const MARK_BYTES: usize = 28;
/// Each mark lies in a disk sector of its own.
const MARK_SLOT_BYTES: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: StoreId = StoreId([7; 16]);

    #[test]
    fn a_format_file_is_known_foreign_or_of_another_version() {
        assert_eq!(parse_format(format_text(STORE).as_bytes()), Format::Known(STORE));
        for other in ["0", "9"] {
            let text = format!("markerbed store directory {other}\n");
            assert_eq!(parse_format(text.as_bytes()), Format::Unknown(other.into()));
        }
        assert_eq!(parse_format(b"markerbed store directory 1\nxyz\n"), Format::Foreign);
        assert_eq!(parse_format(b""), Format::Foreign);
    }

    #[test]
    fn a_pack_has_one_name() {
        assert_eq!(pack_number("00000001.pack"), Some(1));
        for name in ["00000000.pack", "1.pack", "00000001.pac", "+0000001.pack", "x"] {
            assert_eq!(pack_number(name), None, "{name}");
        }
        assert_eq!(index_number("00000002.index"), Some(2));
        assert_eq!(index_number("00000002.index.new"), None);
    }

    #[test]
    fn a_pack_header_is_read_in_its_place_only() {
        let seed = Seed::of(STORE);
        let header = PackHeader { store: STORE, pack: 2, previous_bytes: 99 };
        let bytes = header.encode(seed);

        assert_eq!(PackHeader::decode(&bytes, STORE, 2, seed), Ok(header));
        assert_eq!(PackHeader::decode(&bytes, STORE, 3, seed), Err(MISNAMED_PACK));
        let mut torn = bytes.clone();
        torn[30] ^= 1;
        assert_eq!(PackHeader::decode(&torn, STORE, 2, seed), Err(HEADER_BROKEN));
        assert_eq!(PackHeader::decode(&[], STORE, 2, seed), Err(HEADER_SHORT));
        let other = StoreId([8; 16]);
        let found = PackHeader::decode(&bytes, other, 2, Seed::of(other));
        assert_eq!(found, Err(FOREIGN_PACK));
    }

    #[test]
    fn of_two_marks_the_newest_whole_one_counts() {
        let seed = Seed::of(STORE);
        let mark = |sequence| Mark { sequence, durable: Position { pack: 1, offset: sequence } };
        let mut file = vec![0; Mark::FILE_BYTES];
        assert_eq!(Mark::newest(&file, seed), Mark::default());
        for turn in [4, 5] {
            let place = Mark::place(turn) as usize;
            file[place..place + MARK_BYTES].copy_from_slice(&mark(turn).encode(seed));
        }

        assert_eq!(Mark::newest(&file, seed), mark(5));
        file[Mark::place(5) as usize] ^= 1;
        assert_eq!(Mark::newest(&file, seed), mark(4));
    }
}
