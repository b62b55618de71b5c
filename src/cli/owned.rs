//! What tenants have in an engine, for commands that do one thing after the other.

use std::collections::BTreeMap;

use tokio::runtime::Runtime;

use super::Failure;
use super::run::DEFAULT_ENGINE;
use crate::gate::{Asked, Engine, ask, remove};
use crate::policy::Address;
use crate::tenant::{self, Holdings, Removal};

/// A line to an engine.
pub(crate) struct Line {
    runtime: Runtime,
    engine: Engine,
}

impl Line {
    /// To the engine at `address`, or to where engines are.
    pub(crate) fn to(address: Option<&str>) -> Result<Self, Failure> {
        let text = address.unwrap_or(DEFAULT_ENGINE);
        let address: Address = text
            .parse()
            .map_err(|error| Failure::Unusable(format!("`{text}` is not an address: {error}")))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            runtime,
            engine: Engine::new(address),
        })
    }

    /// What tenants have, by their names: all of them, or one.
    pub(crate) fn owned(
        &self,
        tenant: Option<&str>,
    ) -> Result<BTreeMap<String, Holdings>, Failure> {
        let asked = ask(&self.engine, |facts| tenant::holdings(facts, tenant));
        match self.runtime.block_on(asked) {
            Ok(Asked::Done(owned)) => Ok(owned),
            Ok(Asked::Answer(_)) => Ok(BTreeMap::new()),
            Err(error) => Err(Failure::Fault(error.to_string())),
        }
    }

    /// Removes an object: why it is still there.
    pub(crate) fn remove(&self, removal: &Removal) -> Result<(), String> {
        self.runtime
            .block_on(remove(&self.engine, removal))
            .map(|_| ())
    }
}
