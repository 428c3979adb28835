//! One file a command: it parses, drives, prints, and decides nothing.

pub(crate) mod acl;
pub(crate) mod cat;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod documents;
pub(crate) mod init;
pub(crate) mod log;
pub(crate) mod ls;
pub(crate) mod man;
pub(crate) mod prove;
pub(crate) mod refs;
pub(crate) mod repair;
pub(crate) mod restore;
pub(crate) mod sealing;
pub(crate) mod show;
pub(crate) mod snap;
pub(crate) mod source;
pub(crate) mod status;
pub(crate) mod verify;
pub(crate) mod version;
pub(crate) mod watch;
