//! The policy language: a YAML file becomes tables, and the tables decide calls.
//!
//! A file goes through three stages. [`source`] reads it as a tree that knows its lines; the reader makes
//! rules of the tree and collects every mistake as a diagnostic; the compiler makes tables of the rules,
//! so that a decision does not depend on how many there are. Nothing is left to interpret at request time.

mod address;
pub mod compat;
mod config;
mod denial;
mod diagnostics;
mod permit;
mod preset;
mod source;

use std::sync::Arc;

pub use address::{Address, BadAddress};
pub use config::{Account, Config, DEFAULT_MODE, Limits, Socket};
pub use denial::{Denial, Missing, Reason};
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use permit::{Permit, Rewrite, RuleRef};
pub use preset::PRESETS;
pub use source::decode;

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
}

impl Policy {
    /// Reads the policy `name` from a file of rules for one socket. `file` is the file's name for messages.
    ///
    /// # Errors
    /// Every mistake in the file and in what it includes.
    pub fn load(
        _name: &str,
        file: &str,
        text: &str,
        _presets: &[Preset],
    ) -> Result<Self, Diagnostics> {
        unfinished(file, text)
    }

    /// The name, as denials, metrics and audit records show it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The reader of rules is still to come.
fn unfinished<T>(file: &str, text: &str) -> Result<T, Diagnostics> {
    let source = source::Source::new(file, text);
    let root = source.parse()?;
    let mut diagnostics = Diagnostics::default();
    if let source::Data::Map(entries) = &root.data {
        for entry in entries {
            diagnostics.error(&source, entry.value.span, "policies cannot be read yet");
        }
    }
    diagnostics.error(&source, root.span, "policies cannot be read yet");
    Err(diagnostics)
}
