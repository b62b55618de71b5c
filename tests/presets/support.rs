//! Asks a policy about a request, from the bytes of its head on: the way of the live gate.

use doodgate::api::json::Document;
use doodgate::api::{BodyKind, Call};
use doodgate::demand;
use doodgate::policy::{Denial, PRESETS, Policy, Preset, Reason};
use doodgate::wire::{Limits, Parsed, RequestHead};

pub(crate) use super::tables::{folder, rows};

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

/// The policy's answer to a request that has only the fields that it must have.
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
    judge(policy, &bytes, body)
}

/// The policy's answer to the head in `bytes`, with a body that is a document where the operation takes one.
pub(crate) fn judge(policy: &Policy, bytes: &str, body: Option<&str>) -> Result<(), Refusal> {
    let mut head = RequestHead::default();
    match head.parse(bytes.as_bytes(), &Limits::default()) {
        Ok(Parsed::Complete(length)) => assert_eq!(length, bytes.len()),
        Ok(Parsed::Partial) => panic!("no head: {bytes}"),
        Err(bad) => return Err(Refusal::unreadable(&bad)),
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
