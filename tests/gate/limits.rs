//! Each limit, at its edge and one beyond.

use super::{READ, plain, refusal};

/// The limits that hold when nothing is said.
const HEAD: usize = 64 * 1024;
const FIELDS: usize = 100;

/// A request head of exactly `size` bytes.
fn head_of(size: usize) -> String {
    let begin = "GET /_ping HTTP/1.1\r\nHost: docker\r\nX: ";
    let filler = size - begin.len() - "\r\n\r\n".len();
    format!("{begin}{}\r\n\r\n", "a".repeat(filler))
}

fn fields_of(count: usize) -> String {
    format!(
        "GET /_ping HTTP/1.1\r\nHost: docker\r\n{}\r\n",
        "X: y\r\n".repeat(count - 1)
    )
}

#[test]
fn a_head_may_have_so_many_bytes_and_no_more() {
    let world = plain(READ);
    let mut client = world.client();
    client.send(head_of(HEAD));
    assert_eq!(client.read_response().1, "OK");
    let mut client = world.client();
    client.try_send(head_of(HEAD + 1));
    let (head, _) = refusal(&mut client, &[400, 431]);
    assert_eq!(head.field("connection"), Some("close"));
    client.read_to_end();
    assert_eq!(world.engine.requests(), 1);
}

#[test]
fn a_head_may_have_so_many_fields_and_no_more() {
    let world = plain(READ);
    let mut client = world.client();
    client.send(fields_of(FIELDS));
    assert_eq!(client.read_response().1, "OK");
    let mut client = world.client();
    client.send(fields_of(FIELDS + 1));
    let (head, _) = refusal(&mut client, &[400, 431]);
    assert_eq!(head.field("connection"), Some("close"));
    assert_eq!(world.engine.requests(), 1);
}

#[test]
fn a_head_that_never_ends_is_given_up() {
    let world = plain(READ);
    let mut client = world.client();
    let mut sent = 0;
    client.send("GET /_ping HTTP/1.1\r\nHost: docker\r\n");
    while client.try_send("X: y\r\n") && sent < 10_000_000 {
        sent += 6;
    }
    assert!(sent < 10_000_000, "the gate goes on reading");
    assert_eq!(world.engine.connections(), 0);
}
