//! The gate's own questions to the engine: what the names in a call are.

use std::borrow::Cow;

use hyper::StatusCode;

use super::engine::{Engine, EngineError};
use super::respond::Refusal;
use super::{identity, links};
use crate::api::json::Document;
use crate::api::{Call, Query, Route, UnknownParameters};
use crate::demand::Demand;
use crate::demand::facts::{self, Facts, Reference, Target};
use crate::observe::Exchange;

/// The most names in one call that are looked up.
const MOST: usize = 100;

/// What `call` demands besides `demands`, because of what the names in it are in the engine. Asked only once a call is allowed
/// as it stands, so that a denied call never reaches the engine.
///
/// # Errors
/// [`Refusal`], when a name cannot be looked up: what it is stays unknown, and what is unknown is closed.
pub(crate) async fn demands(
    engine: &Engine,
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
        let learned = inspect(engine, reference, exchange).await?;
        found.extend(learned.demands);
        further.extend(learned.references);
    }
    further.retain(|reference| matters(reference.target));
    if further.len() > MOST {
        return Err(Refusal::TooManyNames { most: MOST });
    }
    for reference in &further {
        found.extend(inspect(engine, reference, exchange).await?.demands);
    }
    found.extend(links::demands(&found, exchange).await);
    Ok(found)
}

/// Whether what a name is can add demands to a call; what containers and images are concerns tenants alone.
fn matters(target: Target) -> bool {
    match target {
        Target::MountsOf
        | Target::NamespaceOf
        | Target::Network
        | Target::NetworkOf
        | Target::Volume => true,
        Target::Container | Target::Image => false,
    }
}

async fn inspect(
    engine: &Engine,
    reference: &Reference<'_>,
    exchange: &mut Exchange,
) -> Result<Facts<'static>, Refusal> {
    let call = Call {
        route: Route::Known(
            reference.target.inspection().operation(),
            [Cow::Borrowed(reference.name.as_ref()), Cow::Borrowed("")],
        ),
        version: None,
        query: Query::default(),
        upgrade: None,
    };
    let mut target = Vec::new();
    call.write_target(
        engine.version().await?,
        UnknownParameters::Drop,
        &mut target,
    );
    let target = String::from_utf8_lossy(&target);
    let unusable = |reason: String| EngineError::Unusable {
        call: format!("GET {target}"),
        reason,
    };
    let (status, body) = engine.get(&target).await?;
    match status {
        StatusCode::OK => {
            let document = Document::parse(&body).map_err(|bad| unusable(bad.to_string()))?;
            identity::note(&target, document.root(), str::to_owned, exchange);
            Ok(facts::learn(reference, Some(&document)))
        }
        StatusCode::NOT_FOUND => Ok(facts::learn(reference, None)),
        other => Err(unusable(format!("its status is {other}")).into()),
    }
}
