//! How much a component may have.

use std::time::Duration;

/// How much a component may have. None of it changes an answer: what is over a limit is an error.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Bytes of linear memory of one instance.
    pub memory_bytes: usize,
    /// Elements of its tables.
    pub table_elements: usize,
    /// Instances at the same time, and so calls; a call more is refused.
    pub instances: u32,
    /// Bytes that one call to a store may bring to this program.
    pub host_call_bytes: usize,
    /// How often one call may ask the store.
    pub questions: u64,
    /// How long an instance may compute without asking for anything.
    pub compute: Duration,
    /// How long a store may take to answer.
    pub answer: Duration,
    /// Bytes of stack of an instance.
    pub stack_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 512 << 20,
            table_elements: 10_000,
            instances: 64,
            host_call_bytes: 128 << 20,
            questions: 10_000_000,
            compute: Duration::from_secs(60),
            answer: Duration::from_secs(60),
            stack_bytes: 1 << 20,
        }
    }
}
