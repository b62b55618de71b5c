//! Traces of pushes: what the engine was told for a push alone is taken away again, at the latest when a gate starts.

use std::sync::Arc;
use std::time::Duration;

use super::ask::{AskError, Asked, ask, fetch};
use super::engine::Engine;
use super::lease::{Lease, Making};
use super::tenancy::Tenants;
use crate::tenant::{self, Lookup, Tenant};

/// How long a gate waits before it looks again, where the engine could not be asked.
const PAUSE: Duration = Duration::from_secs(5);

impl Tenants {
    /// Takes away what pushes have left behind that a gate did not live to end, on the runtime that this is called on.
    pub fn tidy(&self, engine: &Arc<Engine>) {
        for state in self.all() {
            let (engine, making) = (Arc::clone(engine), Arc::clone(&self.making));
            drop(tokio::spawn(async move {
                while let Err(error) = tidy(&engine, &making, &state.tenant).await {
                    tracing::debug!(tenant = state.tenant.name(), %error, "cannot look for traces of pushes");
                    tokio::time::sleep(PAUSE).await;
                }
            }));
        }
    }
}

/// Why traces are still there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Left {
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error("the engine answers {status} to `{target}`")]
    Status { status: u16, target: String },
}

async fn tidy(engine: &Engine, making: &Arc<Making>, tenant: &Tenant) -> Result<(), Left> {
    let Asked::Done(marked) = ask(engine, |facts| tenant::marked(tenant, facts)).await? else {
        return Ok(());
    };
    for name in marked {
        // A push that has begun since takes its traces away itself.
        let Ok(_lease) = Lease::take(making, vec![name.clone()]) else {
            continue;
        };
        let asked = ask(engine, |facts| tenant::unmark(tenant, &name, facts)).await?;
        if let Asked::Done(removals) = asked {
            remove(engine, &removals).await?;
            tracing::info!(
                tenant = tenant.name(),
                name = name.name,
                "took away what a push had left behind"
            );
        }
    }
    Ok(())
}

/// Takes traces away, the mark last: where something stays, it is found again.
///
/// # Errors
/// What is still there.
pub(super) async fn remove(engine: &Engine, removals: &[Lookup]) -> Result<(), Left> {
    for removal in removals {
        let fact = fetch(engine, removal).await.map_err(AskError::from)?;
        if !matches!(fact.status, 200 | 404) {
            return Err(Left::Status {
                status: fact.status,
                target: removal.target.clone(),
            });
        }
    }
    Ok(())
}
