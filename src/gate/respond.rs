//! Refusals, and the one place that turns each into an answer.

use std::fmt;

use super::body::TooLarge;
use super::engine::EngineError;
use super::relay::RelayError;
use super::tenancy::Clients;
use crate::api::BadTarget;
use crate::api::json::BadJson;
use crate::demand::{self, tar};
use crate::observe::{Decision, Exchange, Refused};
use crate::policy::Denial;
use crate::tenant::{self, Unshieldable};
use crate::wire::write::Unwritable;
use crate::wire::{BadBody, BadRequest, BadResponse, Version};

/// Why a request is answered by the gate and not by the engine.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The archive that is uploaded is not one that may be unpacked.
    Archive(tar::Refusal),
    /// The body breaks its framing.
    Body(BadBody),
    /// The body is not what the operation takes.
    BodyMeaning(demand::BadBody),
    /// The body did not come whole before the client ended it.
    BodyCut,
    /// The body did not come whole in time.
    BodyTooSlow {
        /// The time it had.
        seconds: u64,
    },
    /// The body is longer than what is read before a decision.
    BodyTooLarge(TooLarge),
    /// A body that the engine would read in another way than as the operation's own kind.
    ContentType {
        /// The operation's name.
        operation: String,
        /// What the client sent; `None` for nothing.
        found: Option<String>,
        /// What would do.
        wanted: &'static str,
    },
    /// The policy refuses.
    Denied(Box<Denial>),
    /// The engine cannot be reached or used.
    Engine(EngineError),
    /// The engine's answer is not HTTP that the gate accepts.
    EngineAnswer(BadResponse),
    /// The engine closed the connection without an answer.
    EngineClosed,
    /// The engine switched protocols unasked.
    EngineSwitched,
    /// The engine's connection broke.
    EngineBroken(RelayError),
    /// The head has no unambiguous reading.
    Head(BadRequest),
    /// The head did not come whole in time.
    HeadTooSlow {
        /// The time it had.
        seconds: u64,
    },
    /// The body is not the JSON that the engine would read.
    Json(BadJson),
    /// The engine's answer is not one that a tenant may get.
    Shield(Unshieldable),
    /// The tenant's walls refuse.
    Tenant(tenant::Refusal),
    /// The socket has as many connections as it takes.
    Busy {
        /// The limit.
        connections: usize,
    },
    /// The target has no unambiguous reading.
    Target(BadTarget),
    /// The call names more than can be looked up.
    TooManyNames {
        /// The limit.
        most: usize,
    },
    /// A head cannot be written on to the other side.
    Unwritable(Unwritable),
    /// A switch of protocols that the operation does not offer.
    Upgrade {
        /// The operation's name.
        operation: String,
    },
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl Refusal {
    /// The refusal that a denial is.
    pub(crate) fn denied(denial: Denial) -> Self {
        Self::Denied(Box::new(denial))
    }

    /// Tells the exchange's guard.
    pub(crate) fn note(&self, exchange: &mut Exchange) {
        let (status, reason, _) = self.terms();
        let (decision, denial, fault): (_, _, Option<&dyn fmt::Display>) = match self {
            Self::Denied(denial) => (Decision::Denied, Some(denial.as_ref()), None),
            Self::Tenant(refusal) if refusal.terms().0 < 500 => (Decision::Denied, None, None),
            Self::Busy { .. }
            | Self::Tenant(_)
            | Self::Engine(_)
            | Self::EngineAnswer(_)
            | Self::EngineBroken(_)
            | Self::EngineClosed
            | Self::EngineSwitched
            | Self::Shield(_)
            | Self::Unwritable(_) => (Decision::Failed, None, Some(self)),
            Self::Archive(_)
            | Self::Body(_)
            | Self::BodyCut
            | Self::BodyMeaning(_)
            | Self::BodyTooLarge(_)
            | Self::BodyTooSlow { .. }
            | Self::ContentType { .. }
            | Self::Head(_)
            | Self::HeadTooSlow { .. }
            | Self::Json(_)
            | Self::Target(_)
            | Self::TooManyNames { .. }
            | Self::Upgrade { .. } => (Decision::Malformed, None, None),
        };
        exchange.refused(&Refused {
            status,
            decision,
            reason,
            denial,
            fault,
        });
    }

    /// The status, the stable code, and whether the connection must end: it must where it is not certain
    /// what its next bytes mean.
    pub(crate) fn terms(&self) -> (u16, &'static str, bool) {
        match self {
            Self::Archive(bad) => (400, bad.code(), true),
            Self::Body(bad) => (400, bad.code(), true),
            Self::BodyMeaning(bad) => (400, bad.code(), false),
            Self::BodyCut => (400, "body_cut", true),
            Self::BodyTooSlow { .. } => (408, "body_too_slow", true),
            Self::BodyTooLarge(_) => (413, "body_too_large", true),
            Self::ContentType { .. } => (400, "content_type", true),
            Self::Denied(denial) => (403, denial.reason().code(), false),
            Self::Engine(EngineError::Unreachable { .. }) => (502, "engine_unreachable", false),
            Self::Engine(EngineError::Unusable { .. }) => (502, "engine_unusable", false),
            Self::EngineAnswer(_) => (502, "engine_answer_malformed", true),
            Self::EngineClosed => (502, "engine_closed", true),
            Self::EngineSwitched => (502, "engine_switched_unasked", true),
            Self::EngineBroken(_) => (502, "engine_broken", true),
            Self::Head(bad) => (bad.status(), bad.code(), true),
            Self::HeadTooSlow { .. } => (408, "head_too_slow", true),
            Self::Json(bad) => (400, bad.reason.code(), false),
            Self::Shield(_) => (502, "engine_answer_unreadable", true),
            Self::Tenant(refusal) => {
                let (status, code) = refusal.terms();
                (status, code, false)
            }
            Self::Busy { .. } => (503, "too_many_connections", true),
            Self::Target(bad) => (400, bad.code(), true),
            Self::TooManyNames { .. } => (400, "too_many_names", false),
            Self::Unwritable(_) => (502, "unwritable_head", true),
            Self::Upgrade { .. } => (400, "upgrade_not_offered", true),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(denial) => return denial.fmt(f),
            Self::Tenant(refusal) => return refusal.fmt(f),
            Self::Archive(_)
            | Self::Body(_)
            | Self::BodyMeaning(_)
            | Self::BodyCut
            | Self::BodyTooSlow { .. }
            | Self::BodyTooLarge(_)
            | Self::ContentType { .. }
            | Self::Engine(_)
            | Self::EngineAnswer(_)
            | Self::EngineClosed
            | Self::EngineSwitched
            | Self::EngineBroken(_)
            | Self::Head(_)
            | Self::HeadTooSlow { .. }
            | Self::Json(_)
            | Self::Shield(_)
            | Self::Busy { .. }
            | Self::Target(_)
            | Self::TooManyNames { .. }
            | Self::Unwritable(_)
            | Self::Upgrade { .. } => f.write_str("doodgate: ")?,
        }
        match self {
            Self::Archive(bad) => write!(f, "the upload is refused: {bad}"),
            Self::Body(bad) => write!(f, "malformed request body: {bad}"),
            Self::BodyMeaning(bad) => write!(f, "the request body is refused: {bad}"),
            Self::BodyCut => f.write_str("the request body ends before its announced length"),
            Self::BodyTooSlow { seconds } => {
                write!(f, "the request body did not come within {seconds} seconds")
            }
            Self::BodyTooLarge(body) => write!(f, "the request body is too large: {body}"),
            Self::ContentType {
                operation,
                found: Some(found),
                wanted,
            } => write!(
                f,
                "{operation} does not take a body of content type `{found}`: send {wanted}"
            ),
            Self::ContentType {
                operation,
                found: None,
                wanted,
            } => {
                write!(
                    f,
                    "{operation} does not take a body without a content type: send {wanted}"
                )
            }
            Self::Denied(_) | Self::Tenant(_) => Ok(()),
            Self::Shield(error) => error.fmt(f),
            Self::Engine(error) => error.fmt(f),
            Self::EngineAnswer(bad) => write!(f, "the engine's answer is malformed: {bad}"),
            Self::EngineClosed => {
                f.write_str("the engine closed the connection without an answer; try again")
            }
            Self::EngineSwitched => {
                f.write_str("the engine switched protocols without being asked")
            }
            Self::EngineBroken(error) => {
                write!(f, "the connection to the engine broke: {error}; try again")
            }
            Self::Head(bad) => write!(f, "malformed request: {bad}"),
            Self::HeadTooSlow { seconds } => {
                write!(f, "the request head did not come within {seconds} seconds")
            }
            Self::Json(bad) => write!(f, "the request body is refused: {bad}"),
            Self::Busy { connections } => write!(
                f,
                "this socket has {connections} open connections, its limit; close some, or raise \
                 `limits: connections`"
            ),
            Self::Target(bad) => write!(f, "malformed request target: {bad}"),
            Self::TooManyNames { most } => write!(
                f,
                "the call names more than {most} volumes, networks and containers: make several calls of it"
            ),
            Self::Unwritable(error) => write!(f, "cannot pass the message on: {error}"),
            Self::Upgrade { operation } => {
                write!(
                    f,
                    "{operation} does not offer the protocol that `Upgrade` asks for"
                )
            }
        }
    }
}

/// What a client is told. A tenant is not told what the gate asked of the engine and what came back: that may be about
/// others, and names are the engine's there.
fn told(refusal: &Refusal, clients: &Clients) -> String {
    match (clients, refusal) {
        (
            Clients::Tenant(_),
            Refusal::Engine(EngineError::Unusable { .. })
            | Refusal::Tenant(tenant::Refusal::Facts { .. }),
        ) => "doodgate: the engine's answer to a question of the gate's own cannot be used; the gate's log says more"
            .to_owned(),
        (Clients::Tenant(resident), Refusal::Denied(denial)) => {
            resident.tenant().plain_text(&denial.to_string())
        }
        (Clients::Host | Clients::Tenant(_), _) => refusal.to_string(),
    }
}

/// Writes the answer to a refused request: the engine's error shape, so that clients print it.
pub(crate) fn write_refusal(
    refusal: &Refusal,
    clients: &Clients,
    version: Version,
    head_only: bool,
    close: bool,
    out: &mut Vec<u8>,
) {
    let (status, _, _) = refusal.terms();
    let message = serde_json::json!({ "message": told(refusal, clients) });
    let body = format!("{message}\n");
    let protocol = match version {
        Version::Http10 => "HTTP/1.0",
        Version::Http11 => "HTTP/1.1",
    };
    let connection = match (version, close) {
        (_, true) => "Connection: close\r\n",
        (Version::Http10, false) => "Connection: keep-alive\r\n",
        (Version::Http11, false) => "",
    };
    let head = format!(
        "{protocol} {status} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{connection}\r\n",
        reason_phrase(status),
        body.len(),
    );
    out.extend_from_slice(head.as_bytes());
    if !head_only {
        out.extend_from_slice(body.as_bytes());
    }
}

fn reason_phrase(status: u16) -> &'static str {
    hyper::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Refused")
}
