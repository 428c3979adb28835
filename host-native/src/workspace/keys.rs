//! The key that a user signs with in a workspace, and the pseudonym that stands in its ledger.
//!
//! Both lie in one file of the user's configuration folder, never in the store: whoever copies a
//! store does not become its owner.

use std::{
    ffi::OsStr,
    fmt::{self, Write as _},
    fs::{self, File, OpenOptions},
    io::{self, Read, Write as _},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use ed25519_dalek::{Signer, SigningKey};
use markerbed_core::{
    Id16, NodeId, Sha256Digest, WorkspaceId, id::PublicKey, signature::Signature,
};
use zeroize::Zeroizing;

use crate::shown::shown;

/// An Ed25519 key and the agent that signs with it.
pub struct Keys {
    signing: SigningKey,
    agent: Id16,
}

/// Why there is no key to sign with.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no such file.
    #[error(
        "{}: no key there; bring the workspace's, or name it with `--key`", shown(.path)
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// There is no seal key, and something was sealed with one.
    #[error(
        "{}: no seal key there; bring the one that earlier snapshots were sealed with, or name it \
         with `--seal-key`; `--no-seal` ends what they sealed, and with `--seal` begins anew",
        shown(.path)
    )]
    SealMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The newest snapshot was sealed with another seal key.
    #[error(
        "{}: not the seal key of the newest snapshot: it gives {node} another salt; bring the \
         right one, or begin anew with `--no-seal` and `--seal`",
        shown(.path)
    )]
    SealWrong {
        /// Which file.
        path: PathBuf,
        /// A sealed node of that snapshot.
        node: NodeId,
    },
    /// A key is there already; it is never written over.
    #[error("{}: a key is there already; it is not written over", shown(.path))]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// Others than the owner may read or write it.
    #[error(
        "{}: others may read or write it (mode {mode:04o}); run `chmod 600` on it", shown(.path)
    )]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not what was written.
    #[error("{}: not a whole key: {why}", shown(.path))]
    Broken {
        /// Which file.
        path: PathBuf,
        /// How it shows.
        why: &'static str,
    },
    /// It is the key of another workspace.
    #[error("{}: the key of workspace {found}, not of {wanted}", shown(.path))]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// Whose key it is.
        found: WorkspaceId,
        /// Whose key is needed.
        wanted: WorkspaceId,
    },
    /// Another key signs for the workspace.
    #[error("the key {found} is not the one of this workspace, {wanted}")]
    NotOfWorkspace {
        /// The key at hand.
        found: PublicKey,
        /// The key that signs for the workspace.
        wanted: PublicKey,
    },
    /// A key that must sign, too, is not at hand.
    #[error(
        "key {key} must sign the next checkpoint, too, and is not at hand; run `markerbed key \
         rotate` again where both keys are"
    )]
    SignerMissing {
        /// The key.
        key: PublicKey,
    },
    /// A larger head was signed: the store is older than what was signed.
    #[error(
        "{}: a checkpoint of {signed} entries was signed, and the store has {size}; it was put \
         back to an earlier state, or another store of this workspace goes on: nothing is signed",
        shown(.path)
    )]
    SignedMore {
        /// Which file says so.
        path: PathBuf,
        /// How many entries the largest signed head has.
        signed: u64,
        /// How many the head has that was to be signed.
        size: u64,
    },
    /// Another root of this size was signed.
    #[error(
        "{}: of {size} entries the root {signed} was signed, and the store has {root}: two \
         histories, and nothing is signed",
        shown(.path)
    )]
    SignedOther {
        /// Which file says so.
        path: PathBuf,
        /// How many entries both heads have.
        size: u64,
        /// The root that was signed.
        signed: Sha256Digest,
        /// The root that was to be signed.
        root: Sha256Digest,
    },
    /// The user has no configuration folder.
    #[error(
        "neither XDG_CONFIG_HOME nor HOME says where keys belong; name the key with `--key`, and \
         the seal key with `--seal-key`"
    )]
    NoFolder,
    /// The system refused.
    #[error("{}: {cause}", shown(.path))]
    System {
        /// What it refused.
        path: PathBuf,
        /// What it said.
        #[source]
        cause: io::Error,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {cause}")]
    NoEntropy {
        /// What it said.
        cause: getrandom::Error,
    },
}

impl Keys {
    /// Takes 32 and 16 random bytes: the secret, and the agent's pseudonym.
    pub fn from_random(secret: &[u8; 32], agent: Id16) -> Self {
        Self { signing: SigningKey::from_bytes(secret), agent }
    }

    /// The half that everybody may know.
    pub fn public(&self) -> PublicKey {
        PublicKey::from_bytes(self.signing.verifying_key().to_bytes())
    }

    /// The pseudonym: never a name or an address.
    pub const fn agent(&self) -> Id16 {
        self.agent
    }

    /// Writes the key of a workspace to a file that nobody else may read, and that was not there.
    ///
    /// Folders above it are made as far as they are missing. It is durable when this returns.
    ///
    /// # Errors
    ///
    /// [`KeyError::Exists`] or [`KeyError::System`].
    pub fn save(&self, path: &Path, workspace: WorkspaceId) -> Result<(), KeyError> {
        write_private(path, &self.text(workspace))
    }

    /// Reads the key of a workspace.
    ///
    /// # Errors
    ///
    /// [`KeyError::Missing`], [`KeyError::Exposed`], [`KeyError::Broken`], [`KeyError::Foreign`] or
    /// [`KeyError::System`].
    pub fn load(path: &Path, workspace: WorkspaceId) -> Result<Self, KeyError> {
        let text = read_private(path)?;
        let broken = |why| KeyError::Broken { path: path.to_owned(), why };
        let mut lines = text.split_inclusive('\n').map(|line| line.strip_suffix('\n'));
        let mut next = |name: &str| lines.next().flatten()?.strip_prefix(name)?.strip_prefix(' ');
        if next(TITLE.0) != Some(TITLE.1) {
            return Err(broken("it does not begin as a key of this version does"));
        }
        let found = next("workspace").and_then(|id| id.parse().ok());
        let found: WorkspaceId = found.ok_or_else(|| broken("its workspace cannot be read"))?;
        if found != workspace {
            return Err(KeyError::Foreign { path: path.to_owned(), found, wanted: workspace });
        }
        let agent = next("agent").and_then(|id| id.parse().ok());
        let agent = agent.ok_or_else(|| broken("its agent cannot be read"))?;
        let public = next("public").and_then(|id| id.parse().ok());
        let public: PublicKey = public.ok_or_else(|| broken("its public half cannot be read"))?;
        let secret = next("secret").and_then(read_secret);
        let secret = secret.ok_or_else(|| broken("its secret half cannot be read"))?;
        if lines.next().is_some() {
            return Err(broken("something follows its end"));
        }
        let keys = Self::from_random(&secret, agent);
        if keys.public() == public { Ok(keys) } else { Err(broken("its halves do not fit")) }
    }

    /// Signs with the secret half.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature::from_bytes(self.signing.sign(message).to_bytes())
    }

    /// Checks that it is the key that signs for a workspace now.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotOfWorkspace`].
    pub fn check_fits(&self, active: PublicKey) -> Result<(), KeyError> {
        let (found, wanted) = (self.public(), active);
        if found == wanted { Ok(()) } else { Err(KeyError::NotOfWorkspace { found, wanted }) }
    }

    fn text(&self, workspace: WorkspaceId) -> Zeroizing<String> {
        let mut text = private_text();
        let secret = Zeroizing::new(self.signing.to_bytes());
        text.push_str(&format!("{} {}\nworkspace {workspace}\n", TITLE.0, TITLE.1));
        text.push_str(&format!("agent {}\npublic {}\nsecret ", self.agent, self.public()));
        push_secret(&mut text, &secret);
        text
    }
}

impl fmt::Debug for Keys {
    /// Shows the public half only.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { agent, .. } = self;
        out.debug_struct("Keys")
            .field("public", &self.public())
            .field("agent", agent)
            .finish_non_exhaustive()
    }
}

impl KeyError {
    /// The stable, machine-readable name of this failure.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "key-missing",
            Self::SealMissing { .. } => "seal-key-missing",
            Self::SealWrong { .. } => "seal-key-wrong",
            Self::Exists { .. } => "key-exists",
            Self::Exposed { .. } => "key-exposed",
            Self::Broken { .. } => "key-broken",
            Self::Foreign { .. } => "key-foreign",
            Self::NotOfWorkspace { .. } => "key-not-of-workspace",
            Self::SignerMissing { .. } => "signer-missing",
            Self::SignedMore { .. } => "signed-more",
            Self::SignedOther { .. } => "signed-other",
            Self::NoFolder => "no-configuration-folder",
            Self::System { .. } => "key-system",
            Self::NoEntropy { .. } => "no-entropy",
        }
    }

    /// What a caller can do about it.
    pub const fn class(&self) -> super::ErrorClass {
        match self {
            Self::System { .. } | Self::NoEntropy { .. } => super::ErrorClass::Failed,
            Self::Exists { .. } | Self::NoFolder => super::ErrorClass::Usage,
            _ => super::ErrorClass::NotPermitted,
        }
    }
}

/// Where the key of a workspace lies, if the user names no other place: in the folder of
/// markerbed below what the variables `XDG_CONFIG_HOME`, or else `HOME`, say.
///
/// # Errors
///
/// [`KeyError::NoFolder`]. A relative `XDG_CONFIG_HOME` counts for nothing, as its standard says.
pub fn key_file(
    config_home: Option<&OsStr>,
    home: Option<&OsStr>,
    workspace: WorkspaceId,
) -> Result<PathBuf, KeyError> {
    let absolute = |path: &&OsStr| Path::new(path).is_absolute();
    let folder = match (config_home.filter(absolute), home.filter(absolute)) {
        (Some(folder), _) => PathBuf::from(folder),
        (None, Some(home)) => Path::new(home).join(".config"),
        (None, None) => return Err(KeyError::NoFolder),
    };
    Ok(folder.join("markerbed").join(format!("{workspace}.key")))
}

/// Takes random bytes from the system: for keys, nonces, agents, runs and requests.
///
/// # Errors
///
/// [`KeyError::NoEntropy`].
pub fn random_bytes<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|cause| KeyError::NoEntropy { cause })?;
    Ok(bytes)
}

/// Room for the text of a key.
pub(super) fn private_text() -> Zeroizing<String> {
    // Large enough from the start: a string that grows leaves copies behind.
    Zeroizing::new(String::with_capacity(FILE_BYTES_MAX))
}

/// Adds 32 secret bytes in hexadecimal digits and ends the line.
pub(super) fn push_secret(text: &mut String, secret: &[u8; 32]) {
    for byte in secret {
        // A string takes all that is written to it.
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
}

/// Writes a small file that was not there and that only its owner may read; it is durable when
/// this returns. Folders above it are made as far as they are missing.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), KeyError> {
    let system = |cause| KeyError::System { path: path.to_owned(), cause };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(system)?;
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = opened.map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => KeyError::Exists { path: path.to_owned() },
        _ => system(cause),
    })?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| File::open(folder)?.sync_all());
    written.map_err(|cause| {
        // Half a key would only be in the way of the next try.
        let _ = fs::remove_file(path);
        system(cause)
    })
}

/// Reads a small file that only its owner may read.
pub(super) fn read_private(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let system = |cause: io::Error| match cause.kind() {
        io::ErrorKind::NotFound => KeyError::Missing { path: path.to_owned() },
        _ => KeyError::System { path: path.to_owned(), cause },
    };
    let broken = |why| KeyError::Broken { path: path.to_owned(), why };
    // A named pipe must not hold the program before it is looked at.
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(nonblocking).open(path);
    let file = file.map_err(system)?;
    let metadata = file.metadata().map_err(system)?;
    if !metadata.is_file() {
        return Err(broken("it is no file"));
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES_MAX + 1));
    match file.take(FILE_BYTES_MAX as u64 + 1).read_to_string(&mut text) {
        Ok(bytes) if bytes > FILE_BYTES_MAX => Err(broken("it is too long")),
        Ok(_) => Ok(text),
        Err(cause) if cause.kind() == io::ErrorKind::InvalidData => Err(broken("it is no text")),
        Err(cause) => Err(system(cause)),
    }
}

/// Reads 64 hexadecimal digits.
pub(super) fn read_secret(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut secret = Zeroizing::new([0; 32]);
    if text.len() != 2 * secret.len() || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, digits) in secret.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(secret)
}

/// The first line: what the file is, and the number of its form.
const TITLE: (&str, &str) = ("markerbed-key", "1");
/// More than a key ever has.
const FILE_BYTES_MAX: usize = 1_024;
