//! Every cap of the format, one constant a row of `docs/spec/limits.md`.

/// Bytes of a name (LIM-1).
pub const NAME_BYTES_MAX: u32 = 1_024;
/// Bytes of a map key (LIM-2).
pub const MAP_KEY_BYTES_MAX: u32 = 1_152;
/// Bytes of a map value (LIM-3).
pub const MAP_VALUE_BYTES_MAX: u32 = 512;
/// Items of a page (LIM-4).
pub const PAGE_ITEMS_MAX: u32 = 256;
/// Items of a level that is one page whatever its keys are (MAP-1).
pub const WHOLE_LEVEL_ITEMS_MAX: u32 = 128;
/// Level of a page (LIM-5).
pub const LEVEL_MAX: u8 = 15;
/// Entries of a map (LIM-6).
pub const MAP_ENTRIES_MAX: u64 = 1 << 40;
/// Names of a path (LIM-7).
pub const DEPTH_MAX: u32 = 4_096;
/// Bytes of a symlink's target (LIM-8).
pub const TARGET_BYTES_MAX: u32 = 4_095;
/// Bytes of a file (LIM-9).
pub const FILE_BYTES_MAX: u64 = (1 << 63) - 1;
/// Bytes of a ref name or a source label (LIM-10).
pub const LABEL_BYTES_MAX: u32 = 255;
/// Parents of a snapshot (LIM-11).
pub const PARENTS_MAX: u32 = 16;
/// Bytes of a tool string (LIM-12).
pub const TOOL_BYTES_MAX: u32 = 127;
/// Bytes of an object (LIM-13).
pub const OBJECT_BYTES_MAX: u32 = 1 << 20;
/// Bytes of a ledger entry (LIM-14).
pub const ENTRY_BYTES_MAX: u32 = 1 << 14;
/// Bytes of an evidence or rules document (LIM-15).
pub const DOCUMENT_BYTES_MAX: u32 = 1 << 24;
/// Arrays and objects of JSON that are open at once (LIM-16).
pub const JSON_DEPTH_MAX: u32 = 128;
/// Bytes of a proof file (LIM-17).
pub const PROOF_BYTES_MAX: u32 = 1 << 24;
/// Requests of one round trip (LIM-18).
pub const BATCH_REQUESTS_MAX: usize = 4_096;
/// Bytes of an extended attribute's name (LIM-19).
pub const XATTR_NAME_BYTES_MAX: u32 = 255;
/// Bytes of an owner's name (LIM-20).
pub const OWNER_NAME_BYTES_MAX: u32 = 255;
/// Items of a list inside an attribute (LIM-21).
pub const ATTRIBUTE_LIST_ITEMS_MAX: u32 = 65_536;
/// Own attributes of a node (LIM-22).
pub const OWN_ATTRIBUTES_MAX: u32 = 255;
/// Bytes of a signed note (LIM-23).
pub const NOTE_BYTES_MAX: u32 = 1 << 20;
/// Signatures of a note (LIM-24).
pub const NOTE_SIGNATURES_MAX: usize = 100;
/// Bytes of the name of a key (LIM-25).
pub const KEY_NAME_BYTES_MAX: u32 = 255;
/// Bytes of the path of a grant (LIM-26).
pub const GRANT_PATH_BYTES_MAX: u32 = 1_024;

// What other pages of the specification bound.

/// Permission bits, set-user-id, set-group-id and sticky (attribute 1).
pub const MODE_BITS_MAX: u32 = 0o7777;
/// Nanoseconds after a second (attributes 2 and 8).
pub const NANOSECONDS_MAX: u32 = 999_999_999;
/// The largest number in JSON: every reader keeps it whole (JSON-3).
pub const JSON_INTEGER_MAX: i64 = (1 << 53) - 1;
/// Pages of a proof of one key: one a level.
pub const KEY_PROOF_PAGES_MAX: usize = LEVEL_MAX as usize + 1;

// What bounds memory and no format.

/// Hashes of a proof about a log: its leaves fit 64 bits.
pub const LOG_PROOF_HASHES_MAX: usize = 65;
/// Leaves of a log, so many that counting on by one never overflows.
pub const LOG_LEAVES_MAX: u64 = 1 << 63;
/// Nodes that a walk remembers before it reads one directory after the other.
pub const WALK_PENDING_MAX: usize = 1 << 16;
/// Nodes that a walk fetches at once.
pub const WALK_WINDOW_MAX: usize = 4_096;
/// Directories that a walk reads side by side.
pub const WALK_DIRECTORIES_MAX: usize = 256;
/// Children of a directory that are read at once.
pub const CHILDREN_AT_ONCE_MAX: usize = 4_096;
/// Directories that a difference reads side by side.
pub const DIFFERENCE_DIRECTORIES_MAX: usize = 256;
/// Bytes of paths for each change that a difference may have.
pub const CHANGE_PATH_BYTES_MAX: u64 = 4_096;
