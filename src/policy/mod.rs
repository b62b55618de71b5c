//! The policy language: a YAML file becomes tables, and the tables decide calls.
//!
//! A file goes through three stages. `source` reads it as a tree that knows its lines; the reader makes
//! rules of the tree and collects every mistake as a diagnostic; the compiler makes tables of the rules,
//! so that a decision does not depend on how many there are. Nothing is left to interpret at request time.

mod address;
mod audit;
pub mod compat;
mod compile;
mod config;
mod decide;
mod denial;
mod diagnostics;
mod enforcement;
mod evaluate;
mod file;
mod limits;
mod lint;
mod mask;
mod matcher;
mod pattern;
mod permit;
mod preset;
mod quantity;
mod quota;
mod read;
mod remedy;
mod rewrite;
mod rule;
mod sockets;
mod source;
mod suggest;
mod summary;
mod tenancy;
mod vocabulary;

use std::sync::Arc;

use crate::api::ApiVersion;

pub use address::{Address, BadAddress};
pub use audit::{Audit, AuditCalls, AuditSink, BadCalls, BadSink};
pub use config::{Account, Config, DEFAULT_MODE, Limits, Socket};
pub use decide::{Outcome, RuleTrace, Trace};
pub use denial::{Denial, Missing, Reason};
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use enforcement::{Enforcement, ObserveOnly};
pub use permit::{Basis, Permit, Rewrite, RuleRef};
pub use preset::PRESETS;
pub use quota::{Counted, PortRange, Quota, Shares};
pub use remedy::remedy;
pub use rule::Effect;
pub use source::decode;
pub use summary::{HostReach, Summary};
pub use tenancy::{Lifetime, OnIdle, SharedImages, Tenancy};

/// A policy that comes with the program.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name: `read-only`.
    pub name: &'static str,
    /// Its file, as messages name it: `policies/read-only.yaml`.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// What the clients of a socket may do, ready to decide calls.
#[derive(Debug)]
pub struct Policy {
    name: Arc<str>,
    minimum: ApiVersion,
    tables: compile::Tables,
    warnings: Diagnostics,
}

impl Policy {
    /// Reads the policy `name` from a file of rules for one socket. `file` is the file's name for messages,
    /// `presets` are the policies that it may include beyond its own.
    ///
    /// # Errors
    /// Every mistake in the file and in what it includes.
    pub fn load(
        name: &str,
        file: &str,
        text: &str,
        presets: &[Preset],
    ) -> Result<Self, Diagnostics> {
        file::load(name, file, text, presets)
    }

    /// The policy of a preset.
    ///
    /// # Errors
    /// Every mistake in the preset, or in what it includes.
    pub fn preset(preset: &Preset, presets: &[Preset]) -> Result<Self, Diagnostics> {
        Self::load(preset.name, preset.file, preset.text, presets)
    }

    /// The name, as denials, metrics and audit records show it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The lowest API version that its clients may ask for.
    pub const fn min_api_version(&self) -> ApiVersion {
        self.minimum
    }

    /// What is doubtful about the rules of the policy's own file; no errors.
    pub const fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }
}

/// Reads any bytes as a policy and as a configuration, and writes what is said of them: for fuzzing, which looks for
/// a panic.
pub fn fuzz_policy(bytes: &[u8]) {
    let said = decode("fuzz.yaml", bytes).and_then(|text| {
        let config = Config::load("fuzz.yaml", text, PRESETS);
        let policy = Policy::load("fuzz", "fuzz.yaml", text, PRESETS)?;
        Ok((policy.summary(), config.map(|config| config.warnings)))
    });
    match said {
        Ok((summary, config)) => drop((summary, config)),
        Err(problems) => drop(problems.render(true)),
    }
}

#[cfg(test)]
mod tests;
