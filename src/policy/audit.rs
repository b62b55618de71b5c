//! The audit as a configuration and the command line describe it: where records go, and of which calls.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::diagnostics::quote;
use super::read::Reader;
use super::source::Node;

/// Of which calls there is an audit record.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AuditCalls {
    /// Of every call.
    #[default]
    All,
    /// Of what was not allowed, or did not end as it should.
    Refusals,
    /// Of what was not allowed, and of one in so many of the others.
    Sample(u64),
}

/// Why a text does not say which calls to record.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write `all`, `refusals`, or `sample:N` for refusals and one in N of the other calls")]
pub struct BadCalls;

impl FromStr for AuditCalls {
    type Err = BadCalls;

    fn from_str(text: &str) -> Result<Self, BadCalls> {
        match (text, text.strip_prefix("sample:")) {
            ("all", _) => Ok(Self::All),
            ("refusals", _) => Ok(Self::Refusals),
            (_, Some(number)) => match number.parse() {
                Ok(number) if number > 0 => Ok(Self::Sample(number)),
                Ok(_) | Err(_) => Err(BadCalls),
            },
            (_, None) => Err(BadCalls),
        }
    }
}

impl AuditCalls {
    /// Whether call number `number` is recorded; `plain` calls are those that were allowed and went well.
    pub const fn selects(self, plain: bool, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::Refusals => !plain,
            Self::Sample(one_in) => !plain || number.is_multiple_of(one_in),
        }
    }
}

/// Where audit records go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AuditSink {
    /// `unixgram:/path`: one datagram a record.
    Datagram(PathBuf),
    /// A path: one line a record, appended.
    File(PathBuf),
    /// `stdout`
    Stdout,
    /// `syslog`, or `syslog:/path`: one datagram a record to the system's log, with its priority in front.
    Syslog(PathBuf),
}

/// Why a text names no sink.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write `stdout`, a path with a slash in it, `syslog`, `syslog:/path` or `unixgram:/path`")]
pub struct BadSink;

/// Where the system's log listens (syslog(3)).
const DEV_LOG: &str = "/dev/log";

impl FromStr for AuditSink {
    type Err = BadSink;

    fn from_str(text: &str) -> Result<Self, BadSink> {
        let path = |text: &str| {
            if text.starts_with('/') {
                Ok(PathBuf::from(text))
            } else {
                Err(BadSink)
            }
        };
        match text.split_once(':') {
            Some(("syslog", rest)) => path(rest).map(Self::Syslog),
            Some(("unixgram", rest)) => path(rest).map(Self::Datagram),
            _ if text == "stdout" => Ok(Self::Stdout),
            _ if text == "syslog" => Ok(Self::Syslog(PathBuf::from(DEV_LOG))),
            _ if text.contains('/') => Ok(Self::File(PathBuf::from(text))),
            _ => Err(BadSink),
        }
    }
}

impl fmt::Display for AuditSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::File(path) => path.display().fmt(f),
            Self::Datagram(path) => write!(f, "unixgram:{}", path.display()),
            Self::Syslog(path) => write!(f, "syslog:{}", path.display()),
        }
    }
}

/// The `audit:` of a configuration.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Audit {
    /// Where records go; `None` for nowhere.
    pub to: Option<AuditSink>,
    /// Of which calls, where a socket does not say otherwise.
    pub calls: AuditCalls,
}

/// Reads the mapping.
pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Audit {
    let mut audit = Audit::default();
    for entry in reader.map(node, "audit").unwrap_or_default() {
        match entry.key.as_str() {
            "to" => audit.to = parsed(reader, &entry.value, "to"),
            "calls" => audit.calls = calls(reader, &entry.value, "calls").unwrap_or_default(),
            key => reader.unknown(
                entry.span,
                "key",
                key,
                ["to", "calls"],
                "`audit` has `to` and `calls`",
            ),
        }
    }
    audit
}

/// Reads which calls.
pub(super) fn calls(reader: &mut Reader<'_, '_>, node: &Node, key: &str) -> Option<AuditCalls> {
    parsed(reader, node, key)
}

fn parsed<T: FromStr<Err: fmt::Display>>(
    reader: &mut Reader<'_, '_>,
    node: &Node,
    key: &str,
) -> Option<T> {
    let text = reader.text(node, key)?;
    text.parse()
        .map_err(|problem| reader.error(node.span, format!("`{key}`: {}: {problem}", quote(text))))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_which_calls() {
        assert_eq!("all".parse(), Ok(AuditCalls::All));
        assert_eq!("refusals".parse(), Ok(AuditCalls::Refusals));
        assert_eq!("sample:100".parse(), Ok(AuditCalls::Sample(100)));
        for bad in [
            "",
            "none",
            "sample",
            "sample:",
            "sample:0",
            "sample:-1",
            "sample:x",
            "ALL",
        ] {
            assert_eq!(bad.parse::<AuditCalls>(), Err(BadCalls), "{bad}");
        }
    }

    #[test]
    fn a_sample_holds_every_refusal() {
        assert!((0..10).all(|number| AuditCalls::Sample(10).selects(false, number)));
        let sampled = |number: &u64| AuditCalls::Sample(10).selects(true, *number);
        assert_eq!((0..1000).filter(sampled).count(), 100);
        assert!(!AuditCalls::Refusals.selects(true, 0));
    }

    #[test]
    fn reads_and_writes_sinks() {
        for text in [
            "stdout",
            "/var/log/a.jsonl",
            "./here",
            "unixgram:/run/x",
            "syslog:/dev/log",
        ] {
            let sink = text.parse::<AuditSink>().map(|it| it.to_string());
            assert_eq!(sink, Ok(text.to_owned()));
        }
        assert_eq!(
            "syslog".parse(),
            Ok(AuditSink::Syslog(PathBuf::from("/dev/log")))
        );
        for bad in ["", "stderr", "file", "syslog:", "syslog:udp", "unixgram:x"] {
            assert_eq!(bad.parse::<AuditSink>(), Err(BadSink), "{bad}");
        }
    }
}
