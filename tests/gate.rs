//! The running gate between raw bytes: a scripted client on one side, a scripted engine on the other.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "a test that overflows or cuts a letter fails, as it should"
)]

#[cfg(test)]
#[path = "presets/recorded.rs"]
mod recorded;
#[cfg(test)]
mod support;
#[cfg(test)]
#[path = "presets/tables.rs"]
mod tables;

#[cfg(test)]
mod gate {
    mod builds;
    mod explained;
    mod faults;
    mod framing;
    mod limits;
    mod lookups;
    mod memory;
    mod orders;
    mod presets;
    mod process;
    mod streams;
    mod tunnel;

    use crate::support::{Conn, Head, Next, World, answer};

    /// Every group, with everything that its operations can demand.
    pub(crate) const EVERYTHING: &str = "version: 1
allow:
  - system: {body: any}
  - containers: {body: any}
  - exec: {body: any}
  - images: {body: any}
  - build: {body: any}
  - networks: {body: any}
  - volumes: {body: any}
  - session: {body: any}
";

    /// What a monitor gets, and no more.
    pub(crate) const READ: &str = "version: 1\nallow: [read]\n";

    /// An engine that takes each body and answers every request with the same JSON.
    pub(crate) fn plain(policy: &str) -> World {
        World::new(policy, |conn, head| {
            conn.read_body(head);
            conn.send(if head.line().contains("/_ping") {
                answer::ping()
            } else {
                answer::json("{}")
            });
            Next::Request
        })
    }

    /// Asserts that a connection still takes requests, by one that every policy here allows.
    pub(crate) fn assert_alive(client: &mut Conn) {
        client.send("GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n");
        assert_eq!(client.read_response().1, "OK");
    }

    /// Asserts that `head` is an error of ours with a message for people, and returns the message.
    pub(crate) fn refusal(client: &mut Conn, statuses: &[u16]) -> (Head, String) {
        let (head, body) = client.read_response();
        assert!(
            statuses.contains(&head.status()),
            "{statuses:?} expected: {}{body}",
            head.text
        );
        assert_eq!(head.field("content-type"), Some("application/json"));
        let value: serde_json::Value = body.parse().expect("the engine's error shape");
        let message = value["message"].as_str().expect("a message").to_owned();
        assert!(!message.is_empty());
        (head, message)
    }
}
