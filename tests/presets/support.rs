//! Asks a policy about a request, from the bytes of its head on: the way of the live gate.

use std::fs;
use std::path::PathBuf;

use doodgate::api::json::Document;
use doodgate::api::{BodyKind, Call};
use doodgate::demand;
use doodgate::policy::{Denial, PRESETS, Policy, Preset, Reason};
use doodgate::wire::{Limits, Parsed, RequestHead};

/// Versions that clients ask for, and none.
pub(crate) const VERSIONS: [&str; 4] = ["", "/v1.25", "/v1.41", "/v1.51"];

/// Why a request is refused.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    /// The policy's reason; `None` when the request has no reading.
    pub(crate) reason: Option<Reason>,
    /// What the client is told.
    pub(crate) message: String,
}

impl Refusal {
    fn unreadable(error: &impl ToString) -> Self {
        Self {
            reason: None,
            message: error.to_string(),
        }
    }
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        Self {
            reason: Some(denial.reason()),
            message: denial.to_string(),
        }
    }
}

/// The policy's answer to a request.
pub(crate) fn ask(
    policy: &Policy,
    method: &str,
    target: &str,
    body: Option<&str>,
) -> Result<(), Refusal> {
    let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: docker\r\n");
    if let Some(body) = body {
        bytes += &format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
    }
    bytes += "\r\n";
    let mut head = RequestHead::default();
    match head.parse(bytes.as_bytes(), &Limits::default()) {
        Ok(Parsed::Complete(length)) => assert_eq!(length, bytes.len()),
        other => panic!("{method} {target}: {other:?}"),
    }
    let call = Call::parse(&head).map_err(|bad| Refusal::unreadable(&bad))?;
    policy.admit(&call)?;
    let takes_json = call
        .operation()
        .is_some_and(|operation| operation.body == BodyKind::Json);
    let document = match body {
        Some(body) if takes_json => {
            Some(Document::parse(body.as_bytes()).map_err(|bad| Refusal::unreadable(&bad))?)
        }
        _ => None,
    };
    let demands = demand::of(&call, document.as_ref()).map_err(|bad| Refusal::unreadable(&bad))?;
    policy.decide(&call, document.as_ref(), &demands)?;
    Ok(())
}

/// Every preset, compiled.
pub(crate) fn policies() -> Vec<(&'static Preset, Policy)> {
    PRESETS
        .iter()
        .map(|preset| {
            let policy = Policy::load(preset.name, preset.file, preset.text, PRESETS)
                .unwrap_or_else(|mistakes| panic!("{mistakes}"));
            (preset, policy)
        })
        .collect()
}

/// A path of an operation, with `x` for each of its names.
pub(crate) fn operation_target(template: &str) -> String {
    template
        .split('/')
        .map(|segment| {
            if segment.starts_with('{') {
                "x"
            } else {
                segment
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// Where the tables lie.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/presets")
}

/// The rows of a table: lines of fields between tabs, without comments and empty lines.
pub(crate) fn rows<const N: usize>(file: &str) -> Vec<[String; N]> {
    let path = folder().join(file);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<_> = line.split('\t').map(str::to_owned).collect();
            fields
                .try_into()
                .unwrap_or_else(|_| panic!("{file}: {N} fields in `{line}`"))
        })
        .collect()
}
