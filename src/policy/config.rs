//! The whole configuration: sockets, the engine, limits, and the policies that the sockets use.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::address::Address;
use super::diagnostics::Diagnostics;
use super::{Policy, Preset};

/// What a configuration file says.
#[derive(Debug)]
pub struct Config {
    /// Where the engine listens; `None` leaves it to the command line and its default.
    pub engine: Option<Address>,
    /// Where health, metrics and the admin commands are answered; `None` for nowhere.
    pub admin: Option<Address>,
    /// The sockets, by name. Never empty.
    pub sockets: Vec<Socket>,
    /// The policies of the file, by name: those that no socket uses too.
    pub policies: BTreeMap<String, Arc<Policy>>,
    /// What a connection may use up.
    pub limits: Limits,
    /// What is doubtful about the file; no errors.
    pub warnings: Diagnostics,
}

/// A named listener with its policy.
#[derive(Clone, Debug)]
pub struct Socket {
    /// The name: letters, digits, `-`, `_` and `.`. Metrics and audit records carry it.
    pub name: String,
    /// Where it listens.
    pub listen: Address,
    /// The permission bits of a unix socket's file.
    pub mode: u32,
    /// Who owns a unix socket's file; `None` for the user that the gate runs as.
    pub owner: Option<Account>,
    /// The group of a unix socket's file; `None` for the group that the gate runs as.
    pub group: Option<Account>,
    /// What its clients may do.
    pub policy: Arc<Policy>,
}

/// A user or group as a file names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Account {
    /// By its number.
    Id(u32),
    /// By its name, for the shell to look up.
    Name(String),
}

/// What a client may use up before the gate refuses or closes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The longest request head, in bytes.
    pub head_bytes: usize,
    /// The most header fields in one head.
    pub fields: usize,
    /// The most connections of one socket at a time.
    pub connections: usize,
    /// How long a client may take to send a head that it has begun.
    pub head_timeout: Duration,
    /// The longest body that is read before the decision, in bytes.
    pub body_bytes: usize,
    /// How long streams may go on after the gate was told to stop.
    pub drain_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 64 << 10,
            fields: 100,
            connections: 1024,
            head_timeout: Duration::from_secs(10),
            body_bytes: 4 << 20,
            drain_grace: Duration::from_secs(10),
        }
    }
}

/// The permission bits of a unix socket's file when the configuration names none.
pub const DEFAULT_MODE: u32 = 0o660;

impl Config {
    /// Reads a configuration file: one with `sockets:`.
    ///
    /// `file` is the name for messages, `presets` are the policies that may be named beyond the file's own.
    ///
    /// # Errors
    /// Every mistake in the file.
    pub fn load(file: &str, text: &str, _presets: &[Preset]) -> Result<Self, Diagnostics> {
        super::unfinished(file, text)
    }
}
