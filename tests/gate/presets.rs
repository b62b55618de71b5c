//! What clients send through a running gate under the preset of theirs, byte for byte: heads, content types, switches
//! of protocol and bodies in pieces included.

use std::collections::BTreeSet;

use doodgate::policy::PRESETS;

use super::plain;
use crate::recorded::{self, Recorded};
use crate::support::World;

/// An archive with nothing in it, in one piece.
fn archive() -> Vec<u8> {
    let zeros = vec![0; 1024];
    [&b"400\r\n"[..], &zeros, &b"\r\n0\r\n\r\n"[..]].concat()
}

/// The status of the answer to a request on a connection of its own.
fn status(world: &World, row: &Recorded, lines: &[String]) -> u16 {
    let mut client = world.client();
    let mut bytes = row.write(lines).into_bytes();
    match row.body.as_deref() {
        Some("@tar") => bytes.extend(archive()),
        Some(body) => bytes.extend(body.as_bytes()),
        None => {}
    }
    client.send(bytes);
    client.read_head().status()
}

#[test]
fn what_clients_send_gets_its_answer_through_a_running_gate() {
    let heads = recorded::heads();
    let mut wrong = Vec::new();
    for preset in PRESETS {
        let world = plain(preset.name);
        let (allowed, refused): (Vec<_>, Vec<_>) = recorded::of(preset.name)
            .into_iter()
            .partition(|row| row.allowed);
        let mut ask = |rows: &[Recorded], expected: &BTreeSet<u16>| {
            for row in rows {
                let status = status(&world, row, &heads[&row.head]);
                if !expected.contains(&status) {
                    wrong.push(format!(
                        "{}: {} {} ({}): {} {}: {status}",
                        preset.name, row.client, row.version, row.source, row.method, row.target
                    ));
                }
            }
        };
        ask(&refused, &BTreeSet::from([400, 403]));
        assert_eq!(world.engine.connections(), 0, "{}", preset.name);
        ask(&allowed, &BTreeSet::from([200]));
    }
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
