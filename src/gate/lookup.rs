//! The gate's own questions to the engine: what the names in a call are.

use std::borrow::Cow;

use hyper::StatusCode;

use super::current::InForce;
use super::engine::{Engine, EngineError};
use super::respond::Refusal;
use super::server::Socket;
use super::tenancy::Clients;
use super::{identity, links};
use crate::api::json::Document;
use crate::api::{Call, Query, Route, UnknownParameters};
use crate::demand::facts::{self, ById, Facts, Reference, Target};
use crate::demand::{Demand, Kind, Value};
use crate::observe::Exchange;
use crate::policy::Reason;

/// The most names in one call that are looked up.
const MOST: usize = 100;

/// What the engine has answered for this call before: the targets, without a version, and the bodies.
pub(crate) type Known = Vec<(String, Vec<u8>)>;

/// What `call` demands besides `demands`, because of what the names in it are in the engine. Asked only once a call is allowed
/// as it stands, so that a denied call never reaches the engine; what is `known` already is not asked again.
///
/// # Errors
/// [`Refusal`], when a name cannot be looked up: what it is stays unknown, and what is unknown is closed.
pub(crate) async fn demands(
    (engine, known): (&Engine, &Known),
    call: &Call<'_>,
    document: Option<&Document<'_>>,
    demands: &[Demand<'_>],
    exchange: &mut Exchange,
) -> Result<Vec<Demand<'static>>, Refusal> {
    let mut references = facts::references(call, document, demands);
    references.retain(|reference| matters(reference.target));
    references.dedup_by(|one, other| one.target == other.target && one.name == other.name);
    if references.len() > MOST {
        return Err(Refusal::TooManyNames { most: MOST });
    }
    let mut found = links::demands(demands, exchange).await;
    let mut further = Vec::new();
    for reference in &references {
        let learned = inspect((engine, known), reference, exchange).await?;
        found.extend(learned.demands);
        further.extend(learned.references);
    }
    further.retain(|reference| matters(reference.target));
    if further.len() > MOST {
        return Err(Refusal::TooManyNames { most: MOST });
    }
    for reference in &further {
        found.extend(inspect((engine, known), reference, exchange).await?.demands);
    }
    found.extend(links::demands(&found, exchange).await);
    Ok(found)
}

/// Calls an image by a name of its own, where the client has named it by its id and a rule says which images may be used:
/// the first name that allows the call, unless another one is denied. An image that is deleted is called by all of its names.
/// One that nothing in the engine is called stays what the client wrote.
///
/// # Errors
/// [`Refusal`], when the image cannot be looked up.
pub(crate) async fn call_by_name<'c>(
    socket: &Socket,
    in_force: &InForce,
    (call, document): (&'c Call<'c>, Option<&'c Document<'c>>),
    demands: &mut Vec<Demand<'c>>,
    exchange: &mut Exchange,
) -> Result<(), Refusal> {
    // A tenant's images are looked up with all else that it refers to.
    let Clients::Host = socket.clients else {
        return Ok(());
    };
    let policy = &in_force.policy;
    let Some((number, by_id)) = facts::image_by_id(call, demands) else {
        return Ok(());
    };
    let decide = |demands: &[Demand<'_>]| policy.decide(call, document, demands).map(drop);
    let mut others = demands.clone();
    let Value::Text(id) = others.remove(number).value else {
        return Ok(());
    };
    // No name could allow a call that is denied without the image.
    if !policy.names(call, Kind::Image) || decide(&others).is_err() {
        return Ok(());
    }
    let engine = &socket.engine;
    let asked = (engine.as_ref(), &Known::new());
    let names = ask(asked, (Target::Image, &id), exchange, facts::image_names).await?;
    let mut names = names.unwrap_or_default();
    if by_id == ById::All {
        // The id is no name that goes with the image, unless it has no other.
        names.truncate(names.len().saturating_sub(1).max(1));
        *demands = facts::called_all(demands, number, &names);
        return Ok(());
    }
    let mut best: Option<Vec<Demand<'c>>> = None;
    for name in names {
        let called = facts::called(demands, number, &name);
        match decide(&called) {
            Err(denial) if denial.reason() == Reason::DeniedByRule => {
                *demands = called;
                return Ok(());
            }
            Ok(()) if best.as_ref().is_none_or(|best| decide(best).is_err()) => {
                best = Some(called);
            }
            Err(_) if best.is_none() => best = Some(called),
            Ok(()) | Err(_) => {}
        }
    }
    if let Some(best) = best {
        *demands = best;
    }
    Ok(())
}

/// Whether what a name is can add demands to a call; what containers and images are concerns tenants alone.
fn matters(target: Target) -> bool {
    match target {
        Target::MountsOf
        | Target::NamespaceOf
        | Target::Network
        | Target::NetworkOf
        | Target::Volume => true,
        Target::Container | Target::Exec | Target::Image => false,
    }
}

async fn inspect(
    (engine, known): (&Engine, &Known),
    reference: &Reference<'_>,
    exchange: &mut Exchange,
) -> Result<Facts<'static>, Refusal> {
    let named = (reference.target, &*reference.name);
    let learn = |found: &Document<'_>| facts::learn(reference, Some(found));
    let facts = ask((engine, known), named, exchange, learn).await?;
    Ok(facts.unwrap_or_else(|| facts::learn(reference, None)))
}

/// Asks the engine what a name is, and reads its answer; `None` for a name that nothing has.
pub(super) async fn ask<T>(
    (engine, known): (&Engine, &Known),
    (kind, name): (Target, &str),
    exchange: &mut Exchange,
    read: impl FnOnce(&Document<'_>) -> T,
) -> Result<Option<T>, Refusal> {
    let call = Call {
        route: Route::Known(
            kind.inspection().operation(),
            [Cow::Borrowed(name), Cow::Borrowed("")],
        ),
        version: None,
        query: Query::default(),
        upgrade: None,
    };
    let mut target = Vec::new();
    let version = engine.version().await?;
    call.write_target(Some(version), UnknownParameters::Drop, &mut target);
    let target = String::from_utf8_lossy(&target);
    let bare = target.strip_prefix(&format!("/v{version}"));
    let unusable = |reason: String| EngineError::Unusable {
        call: format!("GET {target}"),
        reason,
    };
    let found = known.iter().find(|(known, _)| Some(known.as_str()) == bare);
    let (status, body) = match found {
        Some((_, body)) => (StatusCode::OK, body.clone().into()),
        None => engine.get(&target).await?,
    };
    match status {
        StatusCode::OK => {
            let document = Document::parse(&body).map_err(|bad| unusable(bad.to_string()))?;
            identity::note(&target, document.root(), str::to_owned, exchange);
            Ok(Some(read(&document)))
        }
        StatusCode::NOT_FOUND => Ok(None),
        other => Err(unusable(format!("its status is {other}")).into()),
    }
}
