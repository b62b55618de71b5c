//! What a set of operations exposes, in words.

use std::collections::BTreeSet;
use std::fmt;

use super::acl::Admitted;
use crate::api::{Harm, Method};

/// One kind of harm that a policy opens the door to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Exposure {
    /// The harm.
    pub harm: Harm,
    /// The operations that can do it, in the table's order.
    pub operations: Vec<&'static str>,
    /// The variables that let them pass.
    pub variables: Vec<&'static str>,
}

/// The harms worth a warning, the worst first, each with what it means. What tells only what runs on the
/// host is what these sections are switched on for, and is left out.
static WARNED: &[(Harm, &str)] = &[
    (Harm::HostEscape, "can become root on the host"),
    (
        Harm::OpaqueTunnel,
        "opens connections that nobody can see into",
    ),
    (Harm::CodeExecution, "runs code inside containers"),
    (Harm::Credential, "takes or uses credentials"),
    (
        Harm::SecretLeak,
        "reveals secrets: environments, arguments, files, logs, tokens",
    ),
    (Harm::Exfiltration, "sends data out of the host"),
    (
        Harm::ServerSideRequest,
        "makes the engine contact a host of the client's choice",
    ),
    (Harm::Integrity, "changes what a name means to others"),
    (Harm::DenialOfService, "stops, deletes or exhausts"),
];

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = WARNED
            .iter()
            .find(|(harm, _)| *harm == self.harm)
            .map_or("tells what runs on the host", |(_, meaning)| meaning);
        write!(
            f,
            "{}: {meaning} ({})",
            self.variables.join(", "),
            self.operations.join(", ")
        )
    }
}

pub(super) fn of(admitted: &[Admitted]) -> Vec<Exposure> {
    WARNED
        .iter()
        .filter_map(|(harm, _)| {
            let harmful = admitted
                .iter()
                .filter(|one| one.operation.harms.contains(harm));
            let operations: Vec<_> = harmful.clone().map(|one| one.operation.name).collect();
            let variables: BTreeSet<_> = harmful.flat_map(variables).collect();
            (!operations.is_empty()).then(|| Exposure {
                harm: *harm,
                operations,
                variables: variables.into_iter().collect(),
            })
        })
        .collect()
}

/// The variables by which an operation passes: `POST` too, where its method needs that one.
fn variables(one: &Admitted) -> impl Iterator<Item = &'static str> {
    let post = match one.operation.method {
        Method::Get | Method::Head => None,
        Method::Delete | Method::Options | Method::Post | Method::Put => Some("POST"),
    };
    // The ALLOW_* variables of linuxserver's image do not need POST, but name the harm by themselves.
    [one.variable]
        .into_iter()
        .chain(post.filter(|_| !one.variable.starts_with("ALLOW_")))
}
