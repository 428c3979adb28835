//! Why a call gave no answer.

use std::time::Duration;

use markerbed_core::Error;
use markerbed_storage::{StoreError, drive::DriveError};

/// Why a call gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// What was stored, or what was asked, is not what it should be.
    #[error(transparent)]
    Engine(#[from] Error),
    /// The place could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What runs the engine stopped it.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
}

/// A failure of what runs the engine, not of the data and not of the store.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RuntimeError {
    /// The bytes are no component, or one of another world.
    #[error(
        "not a component of the world {world}: {cause}; give the one that this version was built \
         with"
    )]
    NotAComponent {
        /// The world that was wanted.
        world: &'static str,
        /// What the runtime says.
        cause: String,
    },
    /// The component reads and writes another format.
    #[error(
        "the component is of format {found}, this version runs format {known}; give the one that \
         this version was built with"
    )]
    OtherFormat {
        /// The format that it says.
        found: u32,
        /// The format that this version runs.
        known: u32,
    },
    /// The engine ended by itself in the middle of a call.
    #[error("the component stopped in the middle of a call: {cause}; {ASK_AGAIN}")]
    Trapped {
        /// What the runtime says.
        cause: String,
    },
    /// A call wanted more than it may have.
    #[error(
        "the component wanted more {what} than it may have{}; `Limits::{limit}` sets how much",
        which_is(max.as_deref())
    )]
    OverLimit {
        /// Of what.
        what: &'static str,
        /// How much it may have, with its unit, where that is known.
        max: Option<String>,
        /// Which limit it is, as the runtime's limits call it.
        limit: &'static str,
    },
    /// It answered what core in this program does not.
    #[error("the component is wrong: {what}; give the one that this version was built with")]
    Wrong {
        /// What it says, and what is true.
        what: String,
    },
    /// A store did not answer in time.
    #[error("the store did not answer within {waited:?}; {ASK_AGAIN}")]
    NoAnswer {
        /// How long was waited.
        waited: Duration,
    },
    /// A store panicked instead of answering.
    #[error("the store panicked while it was asked: {cause}; {ASK_AGAIN}")]
    StorePanicked {
        /// What it said.
        cause: String,
    },
    /// The runtime cannot be made here.
    #[error("components cannot be run here: {cause}; run the engine natively")]
    NoRuntime {
        /// What the runtime says.
        cause: String,
    },
}

fn which_is(max: Option<&str>) -> String {
    max.map(|max| format!(", which is {max}")).unwrap_or_default()
}

/// What to do when it is not known how far a call came.
const ASK_AGAIN: &str = "ask again, the same request is recorded at most once";

impl CallError {
    /// The stable, machine-readable name of this failure.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Engine(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Runtime(error) => error.code(),
        }
    }
}

impl RuntimeError {
    /// The stable, machine-readable name of this failure.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAComponent { .. } => "not-a-component",
            Self::OtherFormat { .. } => "component-format",
            Self::Trapped { .. } => "component-trapped",
            Self::OverLimit { .. } => "component-over-limit",
            Self::Wrong { .. } => "component-wrong",
            Self::NoAnswer { .. } => "component-no-answer",
            Self::StorePanicked { .. } => "component-store-panicked",
            Self::NoRuntime { .. } => "component-no-runtime",
        }
    }
}

/// For a layer over a store that computes: its failure is none of the store's.
impl From<CallError> for StoreError {
    fn from(error: CallError) -> Self {
        let code = error.code();
        match error {
            CallError::Store(error) => error,
            CallError::Engine(cause) => Self::Computing { code, cause: cause.into() },
            CallError::Runtime(cause) => Self::Computing { code, cause: cause.into() },
        }
    }
}

impl From<DriveError> for CallError {
    fn from(error: DriveError) -> Self {
        match error {
            DriveError::Engine(error) => Self::Engine(error),
            DriveError::Store(error) => Self::Store(error),
        }
    }
}
