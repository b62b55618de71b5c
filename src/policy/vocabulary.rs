//! The names that a rule may begin with, and the operations that each stands for.

use crate::api::{Group, OPERATIONS, Operation, OperationId};

/// What the first word of a rule selects.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    /// The operations.
    pub(super) operations: Vec<&'static Operation>,
    /// Which half of `ImageCreate` is meant, where that is among them; `None` for both.
    pub(super) half: Option<Half>,
}

/// A half of `ImageCreate`, which pulls with `fromImage` and imports without (moby,
/// `api/server/router/image/image_routes.go`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Half {
    /// `ImageImport`: from a URL or from the body.
    Import,
    /// `ImagePull`: from a registry.
    Pull,
}

const IMPORT: &str = "ImageImport";
const PULL: &str = "ImagePull";
const READ: &str = "read";

/// The operations that `name` stands for, if it is in the vocabulary.
pub(super) fn select(name: &str) -> Option<Selection> {
    let (operations, half): (Vec<_>, _) = match name {
        IMPORT => (
            vec![OperationId::ImageCreate.operation()],
            Some(Half::Import),
        ),
        PULL => (vec![OperationId::ImageCreate.operation()], Some(Half::Pull)),
        READ => (by(|operation| operation.harmless_read), None),
        "images.import" => return select(IMPORT),
        _ => match name.split_once('.') {
            Some((group, part)) => (
                by(|operation| operation.group.as_str() == group && operation.part == part),
                // The part's name says pull, and an import is no pull.
                (name == "images.pull").then_some(Half::Pull),
            ),
            None => (
                by(|operation| operation.group.as_str() == name || operation.name == name),
                None,
            ),
        },
    };
    (!operations.is_empty()).then_some(Selection { operations, half })
}

fn by(condition: impl Fn(&Operation) -> bool) -> Vec<&'static Operation> {
    OPERATIONS
        .iter()
        .filter(|operation| condition(operation))
        .collect()
}

/// Every name of the vocabulary, in alphabetical order of its kinds: groups and their parts, then operations.
pub(super) fn names() -> Vec<String> {
    let mut names = vec![READ.to_owned(), "images.import".to_owned()];
    names.extend(Group::ALL.map(|group| group.as_str().to_owned()));
    names.extend(
        OPERATIONS
            .iter()
            .map(|operation| format!("{}.{}", operation.group.as_str(), operation.part)),
    );
    names.sort();
    names.dedup();
    let mut operations: Vec<_> = OPERATIONS
        .iter()
        .map(|operation| operation.name)
        .chain([IMPORT, PULL])
        .map(str::to_owned)
        .collect();
    operations.sort();
    names.extend(operations);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_selects_operations_and_no_name_means_two_things() {
        let names = names();
        let mut seen = std::collections::BTreeSet::new();
        for name in &names {
            assert!(select(name).is_some(), "{name}");
            assert!(seen.insert(name), "{name} comes twice");
        }
    }

    #[test]
    fn a_group_is_the_sum_of_its_parts() {
        for group in Group::ALL {
            let whole = select(group.as_str()).map_or(0, |s| s.operations.len());
            let parts: usize = names()
                .iter()
                .filter(|name| name.starts_with(&format!("{group}.")) && *name != "images.import")
                .filter_map(|name| select(name))
                .map(|selection| selection.operations.len())
                .sum();
            assert_eq!(whole, parts, "{group}");
        }
    }

    #[test]
    fn what_is_in_no_vocabulary_selects_nothing() {
        for name in [
            "",
            "Read",
            "containers.",
            ".read",
            "containers.fly",
            "ContainerFly",
            "GET /x",
        ] {
            assert!(select(name).is_none(), "{name}");
        }
    }
}
