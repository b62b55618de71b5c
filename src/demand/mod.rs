//! What a call demands.
//!
//! A pure function from a call and its body to a list of [`Demand`]s, each with a [`Kind`], a value, and the
//! place it came from. A policy rule grants demands; what it does not grant is the error message, the audit
//! record, the answer of `explain` and the draft of `learn`.

mod body;
mod canonical;
pub mod dockerfile;
pub mod facts;
mod head;
mod kind;
pub(crate) mod normal;
mod page;
mod place;
mod reference;
mod schema;
pub mod tar;
mod walk;

use std::borrow::Cow;

use crate::api::json::Document;
use crate::api::{BodyKind, Call};
pub use canonical::canonicalise;
pub use kind::{KINDS, Kind, KindInfo, Shape, Unit};
pub use page::reference;
pub use place::Place;
use walk::Walk;

/// One thing that a call asks for.
///
/// # What grants it
/// When the rule names the demand's kind, one of the rule's patterns must match the value. When it does not, the
/// demand is granted if it is [`safe`](Self::safe) and not otherwise. `body: any` grants every demand.
/// A [`Kind::Body`] demand is granted by `body: any` alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand<'c> {
    /// What is asked for.
    pub kind: Kind,
    /// With which value.
    pub value: Value<'c>,
    /// Where: a JSON path (`HostConfig.Binds[0]`), `query.NAME`, `path.NAME`, `header.NAME`.
    pub place: Place<'c>,
    /// Whether the bare name of the operation grants it. An ordinary image, network or label is a demand, so that a
    /// rule can restrict which; it is safe, so that a rule that is silent about it lets it pass. What reaches the
    /// host is never safe. One kind has both: `network-mode` is safe with `bridge`, and not with `host`.
    pub safe: bool,
}

impl Demand<'_> {
    /// Whether the client has left out what is demanded, so that its value only stands for what comes of that. Such values
    /// stand in parentheses, as no image, user or network does.
    pub fn is_left_out(&self) -> bool {
        match &self.value {
            Value::Text(text) => text.starts_with('('),
            Value::Flag | Value::Number(_) | Value::Unlimited => false,
        }
    }
}

/// What a demand asks for of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'c> {
    /// No more than the kind says ([`Shape::Flag`]).
    Flag,
    /// A text in the kind's normal form.
    Text(Cow<'c, str>),
    /// An amount in the kind's unit ([`Shape::Limit`]).
    Number(u64),
    /// No bound at all ([`Shape::Limit`]): asked for, or left to the engine, whose default is none.
    Unlimited,
}

/// Why a body cannot be what its operation takes. Answered with 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBody {
    /// A field has a value of another type than the engine reads.
    #[error("`{place}` must be {wanted}")]
    WrongType {
        /// The JSON path; empty for the whole body.
        place: String,
        /// What the engine reads.
        wanted: &'static str,
    },
    /// Two names of one struct are equal but for case: the engine would read both into one field.
    #[error("`{place}` comes twice, in different case")]
    FoldedTwin {
        /// The JSON path of the second.
        place: String,
    },
    /// The name of a field is not ASCII; some such names fold to the engine's own (U+017F on `s`, U+212A on `k`).
    #[error("the field name `{place}` is not ASCII")]
    ForeignName {
        /// The JSON path.
        place: String,
    },
}

impl BadBody {
    /// The stable code for audit records and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongType { .. } => "body_wrong_type",
            Self::FoldedTwin { .. } => "body_folded_twin",
            Self::ForeignName { .. } => "body_foreign_name",
        }
    }
}

/// How many demands there is room for at first: what an ordinary container has.
const ROOM: usize = 48;

/// What `call` demands, with `body` if its operation takes JSON and the client sent any.
///
/// # Errors
/// [`BadBody`] when the body is not what the operation takes.
pub fn of<'c>(
    call: &'c Call<'c>,
    body: Option<&'c Document<'c>>,
) -> Result<Vec<Demand<'c>>, BadBody> {
    let Some(operation) = call.operation() else {
        return Ok(Vec::new());
    };
    let mut walk = Walk::default();
    head::demands(&mut walk, call)?;
    match (operation.body, body) {
        (BodyKind::Json, Some(body)) => {
            walk.demands.reserve(ROOM);
            body::demands(&mut walk, operation.id, body)?;
        }
        (BodyKind::Json | BodyKind::Stream | BodyKind::None, _) => {}
    }
    Ok(walk.demands)
}

/// The demand that comes with a body on a route that the gate does not know: nothing can be said of it. The gate
/// adds it to those of the call.
pub fn of_unread_body() -> Demand<'static> {
    Demand {
        kind: Kind::Body,
        value: Value::Flag,
        place: "body".into(),
        safe: false,
    }
}

/// The demand that comes with a request header, if one does: the gate adds it to those of the call.
pub fn of_header(name: &str) -> Option<Demand<'static>> {
    let name = match name.to_ascii_lowercase().as_str() {
        "x-registry-auth" => "x-registry-auth",
        "x-registry-config" => "x-registry-config",
        _ => return None,
    };
    Some(Demand {
        kind: Kind::RegistryAuth,
        value: Value::Text(Cow::Borrowed(name)),
        place: format!("header.{name}").into(),
        safe: true,
    })
}
