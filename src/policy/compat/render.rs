//! The policy file that an environment means.

use super::Image;
use super::acl::{Admitted, Switches};

/// Writes the operations that pass as a policy file. `body: any` grants whatever a call of the operation
/// demands, because the images look at no query and no body.
pub(super) fn policy(image: Image, switches: &Switches, admitted: &[Admitted]) -> String {
    let on = switches.on().collect::<Vec<_>>().join(", ");
    let allow = if admitted.is_empty() { " []" } else { "" };
    let head = format!(
        "# What the environment variables mean to {image}.\n# Switched on: {on}.\nversion: 1\nallow:{allow}"
    );
    let rules = admitted.iter().map(|one| {
        format!(
            "  - {}: {{body: any}} # {}",
            one.operation.name, one.variable
        )
    });
    [head]
        .into_iter()
        .chain(rules)
        .chain([String::new()])
        .collect::<Vec<_>>()
        .join("\n")
}
