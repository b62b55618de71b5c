//! The `sockets:` of a configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Policy;
use super::address::Address;
use super::audit::{self, AuditCalls};
use super::config::{Account, DEFAULT_MODE, Socket, address};
use super::diagnostics::{Diagnostic, Severity, quote};
use super::enforcement::{Enforcement, ObserveOnly};
use super::file::{Library, NAME_HELP, is_name};
use super::read::Reader;
use super::source::{Entry, Node, Source};
use super::tenancy::{self, Tenancy};

const KEYS: &[&str] = &[
    "audit",
    "group",
    "insecure",
    "listen",
    "mode",
    "observe-only",
    "owner",
    "policy",
];

/// Reads the sockets. `built` are the policies of the file.
pub(super) fn read(
    source: &Source<'_>,
    entries: &[&Entry],
    library: &mut Library<'_>,
    mut built: BTreeMap<String, Arc<Policy>>,
) -> Vec<Socket> {
    let mut sockets: Vec<Socket> = Vec::new();
    for entry in entries {
        let mut diagnostics = std::mem::take(&mut library.diagnostics);
        let mut reader = Reader {
            source,
            diagnostics: &mut diagnostics,
        };
        let draft = Draft::read(&mut reader, entry);
        if let Some((listen, node)) = &draft.listen
            && let Some(other) = sockets.iter().find(|socket| socket.listen == *listen)
        {
            reader.error(
                node.span,
                format!("the socket `{}` listens there already", other.name),
            );
        }
        if let Some(tenant) = &draft.tenant {
            let other = sockets.iter().find(|socket| {
                let other = socket.tenant.as_ref();
                other.is_some_and(|o| {
                    o.name == tenant.name
                        && (&o.quota, o.lifetime) != (&tenant.quota, tenant.lifetime)
                })
            });
            if let Some(other) = other {
                reader.error_help(
                    entry.span,
                    format!(
                        "the tenant {} has another quota or life at the socket `{}`",
                        quote(&tenant.name),
                        other.name
                    ),
                    "all sockets of a tenant share one `quota`, `ttl`, `on-idle` and `idle`: write the same for each",
                );
            }
        }
        library.diagnostics = diagnostics;
        let policy = draft
            .policy
            .and_then(|(name, node)| policy(source, library, &mut built, name, node));
        if let (Some(policy), Some((listen, _))) = (policy, draft.listen) {
            sockets.push(Socket {
                name: entry.key.clone(),
                listen,
                mode: draft.mode.unwrap_or(DEFAULT_MODE),
                owner: draft.owner,
                group: draft.group,
                policy,
                audit: draft.audit,
                enforcement: draft.enforcement,
                tenant: draft.tenant.map(Arc::new),
            });
        }
    }
    sockets
}

/// Finds a policy of the file or a preset by its name.
fn policy(
    source: &Source<'_>,
    library: &mut Library<'_>,
    built: &mut BTreeMap<String, Arc<Policy>>,
    name: &str,
    node: &Node,
) -> Option<Arc<Policy>> {
    if let Some(policy) = built.get(name) {
        return Some(Arc::clone(policy));
    }
    if library.has(name) {
        let policy = Arc::new(library.build(name, name)?);
        built.insert(name.to_owned(), Arc::clone(&policy));
        return Some(policy);
    }
    let names = library.names();
    Reader {
        source,
        diagnostics: &mut library.diagnostics,
    }
    .unknown(
        node.span,
        "policy",
        name,
        names.iter().map(String::as_str),
        "name one of `policies`, or a preset: `doodgate presets` lists them",
    );
    None
}

/// A socket's keys, as far as they can be read.
#[derive(Default)]
struct Draft<'n> {
    listen: Option<(Address, &'n Node)>,
    policy: Option<(&'n str, &'n Node)>,
    mode: Option<u32>,
    owner: Option<Account>,
    group: Option<Account>,
    audit: Option<AuditCalls>,
    enforcement: Enforcement,
    tenant: Option<Tenancy>,
}

impl<'n> Draft<'n> {
    fn read(reader: &mut Reader<'_, '_>, socket: &'n Entry) -> Self {
        let mut draft = Self::default();
        if !is_name(&socket.key) {
            reader.error_help(
                socket.span,
                format!("{} is no name of a socket", quote(&socket.key)),
                NAME_HELP,
            );
        }
        let Some(entries) = reader.map(&socket.value, &socket.key) else {
            return draft;
        };
        let mut insecure = false;
        for entry in entries {
            let (key, node) = (entry.key.as_str(), &entry.value);
            match key {
                "listen" => draft.listen = address(reader, node, key).map(|address| (address, node)),
                "policy" => draft.policy = reader.text(node, key).map(|name| (name, node)),
                "mode" => draft.mode = mode(reader, node),
                "owner" => draft.owner = account(reader, node, key),
                "group" => draft.group = account(reader, node, key),
                "insecure" => insecure = reader.boolean(node, key).unwrap_or_default(),
                "audit" => draft.audit = audit::calls(reader, node, key),
                "observe-only" => draft.enforcement = enforcement(reader, entry, entries),
                key if tenancy::KEYS.contains(&key) => {}
                key => reader.unknown(
                    entry.span,
                    "key",
                    key,
                    KEYS.iter().chain(tenancy::KEYS).copied(),
                    "a socket has `listen`, `policy`, `mode`, `owner`, `group`, `insecure`, `audit` and `observe-only`; and that of a tenant has `tenant`, `namespace`, `shared-images`, `quota`, `ttl`, `on-idle` and `idle`",
                ),
            }
        }
        draft.tenant = tenancy::read(reader, entries);
        draft.check(reader, socket, entries, insecure);
        draft
    }

    fn check(
        &self,
        reader: &mut Reader<'_, '_>,
        socket: &Entry,
        entries: &[Entry],
        insecure: bool,
    ) {
        for (key, example) in [
            ("listen", "listen: unix:///run/doodgate/docker.sock"),
            ("policy", "policy: read-only"),
        ] {
            if !entries.iter().any(|entry| entry.key == key) {
                reader.error_help(
                    socket.span,
                    format!("the socket {} has no `{key}`", quote(&socket.key)),
                    format!("add `{example}`"),
                );
            }
        }
        let Some((listen, node)) = &self.listen else {
            return;
        };
        if !listen.is_local() && !insecure {
            reader.error_help(
                node.span,
                "other machines could reach this address, without encryption and without a password",
                "use a unix socket or `tcp://127.0.0.1:PORT`, or add `insecure: true` if every machine that reaches it may use it",
            );
        }
        if matches!(listen, Address::Tcp { .. }) {
            for entry in entries {
                if matches!(entry.key.as_str(), "mode" | "owner" | "group") {
                    reader.error(
                        entry.span,
                        format!("`{}` is for unix sockets alone", entry.key),
                    );
                }
            }
        }
    }
}

/// Reads whether a socket only observes. A tenant's cannot: what keeps tenants apart begins with what the policy allows.
fn enforcement(reader: &mut Reader<'_, '_>, entry: &Entry, socket: &[Entry]) -> Enforcement {
    if reader.boolean(&entry.value, "observe-only") != Some(true) {
        return Enforcement::Enforced;
    }
    if socket.iter().any(|other| other.key == "tenant") {
        reader.error_help(
            entry.span,
            "the socket of a tenant cannot only observe",
            "try the policy on a socket without `tenant`, or take `observe-only` out",
        );
        return Enforcement::Enforced;
    }
    let warning = Diagnostic::new(
        Severity::Warning,
        reader.source,
        entry.span,
        "the policy is not enforced: what it refuses is passed on to the engine",
    );
    reader.diagnostics.push(warning.help(
        "grant what `doodgate top` shows as would be refused, and then take `observe-only` out",
    ));
    Enforcement::ObserveOnly(ObserveOnly::asked_for())
}

/// Reads permission bits: `"0660"`.
fn mode(reader: &mut Reader<'_, '_>, node: &Node) -> Option<u32> {
    let text = reader.text(node, "mode")?;
    let digits = text.strip_prefix('0').unwrap_or(text);
    let octal = digits.len() == 3 && digits.bytes().all(|b| matches!(b, b'0'..=b'7'));
    if !octal {
        reader.error_help(
            node.span,
            format!("{} is no mode of a socket", quote(text)),
            "write three octal digits behind a zero: `mode: \"0660\"`",
        );
        return None;
    }
    let mode = u32::from_str_radix(digits, 8).ok()?;
    if mode & 0o006 != 0 {
        let warning = Diagnostic::new(
            Severity::Warning,
            reader.source,
            node.span,
            "every user of this machine can use the socket",
        );
        reader
            .diagnostics
            .push(warning.help("`mode: \"0660\"` with a `group` is for its members alone"));
    }
    Some(mode)
}

/// Reads a user or group, by name or number.
fn account(reader: &mut Reader<'_, '_>, node: &Node, name: &str) -> Option<Account> {
    let text = reader.text(node, name)?;
    if text.bytes().all(|b| b.is_ascii_digit())
        && let Ok(id) = text.parse()
        && id != u32::MAX
    {
        return Some(Account::Id(id));
    }
    let named = text.len() <= 32
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'$'));
    if !named {
        reader.error(
            node.span,
            format!("`{name}`: {} is neither a name nor a number", quote(text)),
        );
        return None;
    }
    Some(Account::Name(text.to_owned()))
}
