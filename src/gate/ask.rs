//! What the core has to know of the engine, asked until it is content.

use std::time::Duration;

use super::engine::{Engine, EngineError};
use crate::tenant::{self, Answer, Fact, Facts, Lookup, Stop};

/// How long the engine may take to answer a look-up.
const LOOKUP_TIME: Duration = Duration::from_secs(30);
/// The most look-ups for one question: what a document refers to, many times over.
const MAX_LOOKUPS: usize = 200;

/// What came of a question.
#[derive(Debug)]
pub enum Asked<T> {
    /// What was wanted.
    Done(T),
    /// The gate can answer by itself.
    Answer(Answer),
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The engine does not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The core refuses.
    #[error("{0}")]
    Refused(tenant::Refusal),
}

/// Asks the engine for what `step` wants to know, until it is content.
///
/// # Errors
/// [`AskError`].
pub async fn ask<T>(
    engine: &Engine,
    step: impl Fn(&Facts) -> Result<T, Stop>,
) -> Result<Asked<T>, AskError> {
    ask_and_note(engine, step, |_, _| {}).await
}

/// The same, with `note` told each answer.
pub(super) async fn ask_and_note<T>(
    engine: &Engine,
    step: impl Fn(&Facts) -> Result<T, Stop>,
    mut note: impl FnMut(&Lookup, &Fact),
) -> Result<Asked<T>, AskError> {
    let mut facts = Facts::default();
    for _ in 0..MAX_LOOKUPS {
        match step(&facts) {
            Ok(done) => return Ok(Asked::Done(done)),
            Err(Stop::Refuse(refusal)) => return Err(AskError::Refused(refusal)),
            Err(Stop::Answer(answer)) => return Ok(Asked::Answer(answer)),
            Err(Stop::Lookup(lookup)) => {
                let fact = fetch(engine, &lookup).await?;
                note(&lookup, &fact);
                facts.add(lookup, fact);
            }
        }
    }
    Err(AskError::Refused(tenant::Refusal::Way {
        what: format!("a call that refers to more than {MAX_LOOKUPS} objects"),
        why: "each has to be looked up",
    }))
}

pub(super) async fn fetch(engine: &Engine, lookup: &Lookup) -> Result<Fact, EngineError> {
    let method = match lookup.method {
        tenant::Ask::Get => hyper::Method::GET,
        tenant::Ask::Make => hyper::Method::POST,
        tenant::Ask::Remove => hyper::Method::DELETE,
    };
    let document = hyper::body::Bytes::copy_from_slice(lookup.body.as_bytes());
    let (status, body) = engine
        .call(method, &lookup.target, document, LOOKUP_TIME)
        .await?;
    Ok(Fact {
        status: status.as_u16(),
        body: body.to_vec(),
    })
}
