//! The whole configuration: sockets, the engine, limits, and the policies that the sockets use.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::address::Address;
use super::audit::{self, Audit, AuditCalls};
use super::diagnostics::{Diagnostics, quote};
use super::file::{self, Library};
use super::read::Reader;
use super::source::{Data, Entry, Node, Source};
use super::{Enforcement, Policy, Preset, Tenancy, limits, sockets};
use crate::api::ApiVersion;

/// What a configuration file says.
#[derive(Debug)]
pub struct Config {
    /// Where the engine listens; `None` leaves it to the command line and its default.
    pub engine: Option<Address>,
    /// Where health, metrics and the admin commands are answered; `None` for nowhere.
    pub admin: Option<Address>,
    /// Where audit records go, and of which calls.
    pub audit: Audit,
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
    /// Of which of its calls there are audit records; `None` for what holds for all sockets.
    pub audit: Option<AuditCalls>,
    /// Whether its clients are held to the policy. Always for those of a tenant.
    pub enforcement: Enforcement,
    /// Whose clients they are; `None` for the host's own, who see the whole engine as far as the policy allows.
    pub tenant: Option<Arc<Tenancy>>,
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
    /// The longest body that is read before the decision, in bytes, whatever the operation.
    pub body_bytes: usize,
    /// How long a client may take to send such a body.
    pub body_timeout: Duration,
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
            body_timeout: Duration::from_secs(60),
            drain_grace: Duration::from_secs(10),
        }
    }
}

/// The permission bits of a unix socket's file when the configuration names none.
pub const DEFAULT_MODE: u32 = 0o660;

/// The keys of a configuration file.
const KEYS: &[&str] = &[
    "admin",
    "audit",
    "engine",
    "limits",
    "min-api-version",
    "policies",
    "sockets",
    "version",
];

impl Config {
    /// Reads a configuration file: one with `sockets:`.
    ///
    /// `file` is the name for messages, `presets` are the policies that may be named beyond the file's own.
    ///
    /// # Errors
    /// Every mistake in the file and in what its policies include.
    pub fn load(file: &str, text: &str, presets: &[Preset]) -> Result<Self, Diagnostics> {
        let source = Source::new(file, text);
        let root = source.parse()?;
        let mut diagnostics = Diagnostics::default();
        let mut reader = Reader {
            source: &source,
            diagnostics: &mut diagnostics,
        };
        let Some(entries) = reader.root(&root) else {
            return Err(diagnostics);
        };
        let head = Head::read(&mut reader, &root, entries);
        let mut library = Library::new(presets, &source.file, head.minimum, diagnostics);
        if let Some(node) = head.policies {
            library.read(&source, node);
        }
        let (policies, warnings) = build(&mut library, head.policies);
        let sockets = sockets::read(&source, &head.sockets, &mut library, policies.clone());
        library.diagnostics.sort();
        if library.diagnostics.has_errors() {
            return Err(library.diagnostics);
        }
        let mut all = library.diagnostics;
        all.extend(warnings);
        all.sort();
        Ok(Self {
            engine: head.engine,
            admin: head.admin,
            audit: head.audit,
            sockets,
            policies,
            limits: head.limits,
            warnings: all,
        })
    }

    /// Whether a file is a whole configuration, and not a policy for one socket: whether it has `sockets:` or
    /// another key that only a configuration has.
    ///
    /// # Errors
    /// What keeps the file from being read at all.
    pub fn is_config(file: &str, text: &str) -> Result<bool, Diagnostics> {
        let root = Source::new(file, text).parse()?;
        Ok(match &root.data {
            Data::Map(entries) => entries.iter().any(|entry| {
                matches!(
                    entry.key.as_str(),
                    "sockets" | "engine" | "admin" | "audit" | "limits"
                )
            }),
            Data::Scalar { .. } | Data::List(_) => false,
        })
    }
}

/// The file's policies by name, and what is doubtful about them.
fn build(
    library: &mut Library<'_>,
    node: Option<&Node>,
) -> (BTreeMap<String, Arc<Policy>>, Diagnostics) {
    let mut policies = BTreeMap::new();
    let mut warnings = Diagnostics::default();
    let entries = match node.map(|node| &node.data) {
        Some(Data::Map(entries)) => entries.as_slice(),
        Some(Data::Scalar { .. } | Data::List(_)) | None => &[],
    };
    for entry in entries {
        if let Some(policy) = library.build(&entry.key, &entry.key) {
            warnings.extend(policy.warnings().clone());
            policies.insert(entry.key.clone(), Arc::new(policy));
        }
    }
    (policies, warnings)
}

/// The keys of a configuration that need no policy to be read.
#[derive(Default)]
struct Head<'n> {
    engine: Option<Address>,
    admin: Option<Address>,
    audit: Audit,
    limits: Limits,
    minimum: Option<ApiVersion>,
    policies: Option<&'n Node>,
    sockets: Vec<&'n Entry>,
}

impl<'n> Head<'n> {
    fn read(reader: &mut Reader<'_, '_>, root: &Node, entries: &'n [Entry]) -> Self {
        let mut head = Self::default();
        file::check_version(reader, root, entries);
        if !entries.iter().any(|entry| entry.key == "sockets") {
            reader.error_help(
                root.span.first(),
                "a configuration has `sockets`, and this file has none",
                "add `sockets: {docker: {listen: \"unix:///run/doodgate/docker.sock\", policy: read-only}}`, or give the file with `--policy`",
            );
        }
        for entry in entries {
            match entry.key.as_str() {
                "version" => {}
                "engine" => head.engine = address(reader, &entry.value, "engine"),
                "admin" => {
                    head.admin = address(reader, &entry.value, "admin");
                    if head.admin.as_ref().is_some_and(|address| !address.is_local()) {
                        reader.error_help(
                            entry.value.span,
                            "the admin listener tells what clients do, and others than this machine could reach it",
                            "use a unix socket or `tcp://127.0.0.1:PORT`",
                        );
                    }
                }
                "audit" => head.audit = audit::read(reader, &entry.value),
                "limits" => limits::read(reader, &entry.value, &mut head.limits),
                "min-api-version" => head.minimum = file::version(reader, &entry.value),
                "policies" => head.policies = Some(&entry.value),
                "sockets" => {
                    let sockets = reader.map(&entry.value, "sockets");
                    if sockets.is_some_and(<[Entry]>::is_empty) {
                        reader.error(entry.value.span, "`sockets` is empty");
                    }
                    head.sockets = sockets.unwrap_or_default().iter().collect();
                }
                "allow" | "deny" | "include" => reader.error_help(
                    entry.span,
                    format!("`{}` has no place beside `sockets`", entry.key),
                    "put it into a policy: `policies: {NAME: {allow: [...]}}`",
                ),
                key => reader.unknown(
                    entry.span,
                    "key",
                    key,
                    KEYS.iter().copied(),
                    "a configuration has `version`, `engine`, `admin`, `audit`, `limits`, `min-api-version`, `sockets` and `policies`",
                ),
            }
        }
        head
    }
}

/// Reads an address.
pub(super) fn address(reader: &mut Reader<'_, '_>, node: &Node, name: &str) -> Option<Address> {
    let text = reader.text(node, name)?;
    match text.parse() {
        Ok(address) => Some(address),
        Err(problem) => {
            reader.error(node.span, format!("`{name}`: {}: {problem}", quote(text)));
            None
        }
    }
}
