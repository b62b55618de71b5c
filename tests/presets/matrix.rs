//! Every operation under every preset, as a reviewed table.

use std::fmt::Write as _;
use std::fs;

use doodgate::api::{BodyKind, OPERATIONS, Operation};
use doodgate::policy::{Policy, Reason};

use super::support::{Refusal, ask, folder, operation_target, policies};

const HEAD: &str = "\
# Every operation under every preset. Written by `DOODGATE_BLESS=1 cargo test --test presets`; review each change.
# -     refused
# safe  allowed, with what is safe in every container, and with what the rule grants
# some  allowed under conditions that the rule names
# any   allowed with whatever it demands
";

/// A row of the table: the name that a policy uses, and the shape of the request.
struct Row {
    name: &'static str,
    operation: &'static Operation,
    query: &'static str,
}

/// Every operation, and the two halves of `ImageCreate` in its place, by name.
fn table() -> Vec<Row> {
    let mut rows: Vec<Row> = OPERATIONS
        .iter()
        .flat_map(|operation| {
            let row = |name, query| Row {
                name,
                operation,
                query,
            };
            match operation.name {
                "ImageCreate" => {
                    vec![
                        row("ImagePull", "?fromImage=alpine"),
                        row("ImageImport", "?fromSrc=-"),
                    ]
                }
                name => vec![row(name, least_query(name))],
            }
        })
        .collect();
    rows.sort_by_key(|row| row.name);
    rows
}

/// Parameters without which an operation is something else than what clients ask for.
fn least_query(name: &str) -> &'static str {
    match name {
        "ContainerArchive" | "ContainerArchiveInfo" | "PutContainerArchive" => "?path=/tmp",
        "ImageSearch" => "?term=alpine",
        _ => "",
    }
}

/// The smallest body that is one of the operation.
fn least_body(operation: &Operation) -> Option<&'static str> {
    match (operation.body, operation.name) {
        (BodyKind::Json, "ContainerCreate") => Some(r#"{"Image":"alpine"}"#),
        (BodyKind::Json, "ContainerExec") => Some(r#"{"Cmd":["id"]}"#),
        (BodyKind::Json, "NetworkConnect" | "NetworkDisconnect") => Some(r#"{"Container":"x"}"#),
        (BodyKind::Json, "NetworkCreate" | "VolumeCreate") => Some(r#"{"Name":"x"}"#),
        (BodyKind::Json, "PluginPull" | "PluginUpgrade" | "PluginSet") => Some("[]"),
        (BodyKind::Json, _) => Some("{}"),
        (BodyKind::None | BodyKind::Stream, _) => None,
    }
}

fn cell(policy: &Policy, row: &Row) -> &'static str {
    let method = row.operation.method.as_str();
    let target = format!("{}{}", operation_target(row.operation.template), row.query);
    let body = least_body(row.operation);
    let unheard = format!(
        "{target}{}unheard=of",
        if row.query.is_empty() { '?' } else { '&' }
    );
    let refusal = ask(policy, method, &target, body);
    match refusal {
        Ok(()) if ask(policy, method, &unheard, body).is_ok() => "any",
        Ok(()) => "safe",
        Err(Refusal {
            reason: Some(Reason::OperationNotAllowed),
            ..
        }) => "-",
        // The other half is allowed.
        Err(_) if row.operation.name == "ImageCreate" => "-",
        Err(_) => "some",
    }
}

fn matrix() -> String {
    let policies = policies();
    let mut text = HEAD.to_owned();
    let names: Vec<_> = policies.iter().map(|(preset, _)| preset.name).collect();
    writeln!(text, "operation\t{}", names.join("\t")).unwrap();
    for row in table() {
        let cells: Vec<_> = policies
            .iter()
            .map(|(_, policy)| cell(policy, &row))
            .collect();
        writeln!(text, "{}\t{}", row.name, cells.join("\t")).unwrap();
    }
    text
}

#[test]
fn the_matrix_is_as_reviewed() {
    let file = folder().join("matrix.tsv");
    let now = matrix();
    if std::env::var_os("DOODGATE_BLESS").is_some_and(|value| value == "1") {
        fs::write(&file, &now).unwrap();
        return;
    }
    let reviewed = fs::read_to_string(&file).unwrap();
    for (reviewed, now) in reviewed.lines().zip(now.lines()) {
        assert_eq!(reviewed, now, "DOODGATE_BLESS=1 writes the matrix anew");
    }
    assert_eq!(reviewed.lines().count(), now.lines().count());
}
