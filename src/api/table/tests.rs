use std::collections::BTreeSet;

use super::*;

#[test]
fn a_row_stands_at_its_id() {
    for operation in OPERATIONS {
        assert_eq!(operation.name, format!("{:?}", operation.id));
        assert!(
            std::ptr::eq(operation.id.operation(), operation),
            "{}",
            operation.name
        );
    }
}

#[test]
fn a_route_is_one_operation() {
    let mut routes = BTreeSet::new();
    for operation in OPERATIONS {
        assert!(
            routes.insert((operation.method, operation.template)),
            "{}",
            operation.name
        );
    }
}

#[test]
fn a_row_is_whole() {
    for operation in OPERATIONS {
        assert!(operation.template.starts_with('/'), "{}", operation.name);
        assert!(!operation.part.is_empty(), "{}", operation.name);
        assert!(!operation.summary.is_empty(), "{}", operation.name);
        let mut names = BTreeSet::new();
        for name in operation
            .query
            .iter()
            .map(|parameter| parameter.name)
            .chain(operation.inert.iter().copied())
        {
            assert!(names.insert(name), "{} has {name} twice", operation.name);
        }
    }
}
