//! Hostile and benign requests, byte for byte, through the real gate in front of an engine that counts.
//!
//! The requests are in `attacks/cases.jsonl`, one a line: the policy that they are sent `under` (a file
//! beside it), the `verdict`, the reason `why`, and the `bytes` (one character a byte; a pair of text and
//! number is a repetition). A request that must be refused must not reach the engine in any form, and gets
//! a 4xx; one that must pass reaches it exactly once, freshly written.

#[cfg(test)]
#[expect(
    dead_code,
    reason = "these tests need a part of what the gate's tests need"
)]
mod support;

#[cfg(test)]
mod attacks {
    use std::fmt::Write;
    use std::fs;
    use std::path::{Path, PathBuf};

    use serde_json::Value;

    use crate::support::{Conn, Dir, FakeEngine, Next, World, answer};

    /// What must become of a case.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    enum Verdict {
        /// Refused with a 4xx; the engine hears nothing.
        Refuse,
        /// The first request may pass; what is behind it must not reach the engine.
        Once,
        /// Every request passes.
        Pass,
        /// A tenant's view: refused, or answered with the tenant's own objects only.
        Confine,
    }

    struct Case {
        name: String,
        under: String,
        verdict: Verdict,
        why: String,
        bytes: Vec<u8>,
    }

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks")
    }

    fn cases(under: &str) -> Vec<Case> {
        let text = fs::read_to_string(folder().join("cases.jsonl")).expect("the cases");
        let cases: Vec<Case> = text
            .lines()
            .map(case)
            .filter(|case| case.under == under)
            .collect();
        assert!(!cases.is_empty(), "no case under {under}");
        cases
    }

    fn case(line: &str) -> Case {
        let value: Value = line.parse().expect("a case is JSON");
        let text = |name: &str| value[name].as_str().expect(name).to_owned();
        let latin = |text: &str| -> Vec<u8> {
            text.chars()
                .map(|c| u8::try_from(u32::from(c)).expect("one character a byte"))
                .collect()
        };
        let bytes = value["bytes"]
            .as_array()
            .expect("bytes")
            .iter()
            .flat_map(|part| match part.as_str() {
                Some(text) => latin(text),
                None => latin(part[0].as_str().expect("text")).repeat(
                    part[1]
                        .as_u64()
                        .expect("a count")
                        .try_into()
                        .expect("a count"),
                ),
            })
            .collect();
        Case {
            name: text("case"),
            under: text("under"),
            verdict: match text("verdict").as_str() {
                "refuse" => Verdict::Refuse,
                "once" => Verdict::Once,
                "pass" => Verdict::Pass,
                "confine" => Verdict::Confine,
                other => panic!("no verdict: {other}"),
            },
            why: text("why"),
            bytes,
        }
    }

    /// An engine that knows no exec and nothing called `nope`, and the gate before it.
    fn world(policy: &str, more: &[&str]) -> World {
        let dir = Dir::new();
        let engine = FakeEngine::start(&dir.path("engine.sock"), |conn, head| {
            conn.read_body(head);
            let absent = head.line().contains("/exec/f") || head.line().contains("/nope/");
            conn.send(if head.line().starts_with("HEAD ") {
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n".to_vec()
            } else if absent {
                answer::status("404 Not Found", "{\"message\":\"no such thing\"}")
            } else if head.line().contains("/_ping") {
                answer::ping()
            } else {
                answer::json("{}")
            });
            Next::Request
        });
        let policy = folder().join(format!("{policy}.yaml"));
        let gate = World::gate(&dir, &policy.display().to_string(), more);
        World { gate, engine, dir }
    }

    /// Runs every case of a profile under a policy, and fails with all that went wrong.
    fn hold(profile: &str, policy: &str) {
        hold_in(&world(policy, &[]), profile, policy);
    }

    fn hold_in(world: &World, profile: &str, policy: &str) {
        let mut wrong = String::new();
        for case in cases(profile) {
            if let Err(reason) = run(world, &case) {
                writeln!(wrong, "{} ({}): {reason}", case.name, case.why).expect("a string");
            }
        }
        let count = wrong.lines().count();
        assert!(
            wrong.is_empty(),
            "{count} cases of {profile} under {policy}:\n{wrong}"
        );
    }

    fn run(world: &World, case: &Case) -> Result<(), String> {
        let before = world.engine.received().concat().len();
        let asked = world.engine.requests();
        let mut client = world.client();
        client.try_send(&case.bytes);
        let expected = match case.verdict {
            Verdict::Pass => heads_in(&case.bytes),
            Verdict::Refuse | Verdict::Once | Verdict::Confine => 1,
        };
        let statuses = statuses(&mut client, expected, case.bytes.starts_with(b"HEAD "));
        drop(client);
        world.engine.wait_idle();
        let asked = world.engine.requests().saturating_sub(asked);
        let received = world.engine.received().concat().split_off(before);
        let seen = || {
            format!(
                "answers {statuses:?}, at the engine {}",
                received.escape_ascii()
            )
        };
        let refused = statuses
            .first()
            .is_some_and(|status| (400..500).contains(status));
        let right = match case.verdict {
            Verdict::Refuse => refused && received.is_empty(),
            Verdict::Once => asked <= 1 && !statuses.is_empty(),
            Verdict::Confine => refused && received.is_empty() || asked == 1,
            Verdict::Pass => {
                asked == expected
                    && statuses.len() == expected
                    && statuses.iter().all(|status| *status == 200)
                    && is_fresh(&received)
            }
        };
        if right {
            Ok(())
        } else {
            Err(format!("{:?} expected: {}", case.verdict, seen()))
        }
    }

    /// The statuses of so many answers, or of as many as come.
    fn statuses(client: &mut Conn, count: usize, bodiless: bool) -> Vec<u16> {
        let mut statuses = Vec::new();
        while statuses.len() < count {
            let Some(head) = client.try_read_head() else {
                break;
            };
            if !head.line().contains(" 100 ") {
                statuses.push(head.status());
                if !bodiless && (head.length().is_some() || head.chunked()) {
                    client.read_body(&head);
                }
            }
        }
        statuses
    }

    fn heads_in(bytes: &[u8]) -> usize {
        String::from_utf8_lossy(bytes).matches(" HTTP/1.").count()
    }

    /// Whether requests look like the gate's own writing: a version in the path, but for a ping, one Host, one length at most.
    fn is_fresh(received: &[u8]) -> bool {
        let text = String::from_utf8_lossy(received).to_lowercase();
        text.split("\r\n\r\n")
            .filter(|head| head.contains(" http/1.1\r\n"))
            .all(|head| {
                head.split(' ')
                    .nth(1)
                    .is_some_and(|target| target == "/_ping" || target.starts_with("/v1.4"))
                    && head.matches("\r\nhost: ").count() == 1
                    && head.matches("\r\ncontent-length: ").count() <= 1
                    && !head.contains("\r\nx-http-method-override")
            })
    }

    #[test]
    fn read_only() {
        hold("read-only", "read-only");
    }

    #[test]
    fn no_host_escape() {
        hold("no-host-escape", "no-host-escape");
    }

    #[test]
    fn image_allowlist() {
        hold("image-allowlist", "image-allowlist");
        hold("image-latest", "image-latest");
    }

    #[test]
    fn conditions() {
        for profile in ["archive-path", "signals", "classic-build"] {
            hold(profile, profile);
        }
    }

    #[test]
    fn tenant() {
        let world = world("tenant", &["--tenant", "me"]);
        let mine = format!(
            r#"{{"Id":"{}","Name":"/me.mine","Config":{{"Labels":{{"io.doodgate.tenant":"me"}}}}}}"#,
            "1".repeat(64)
        );
        let victim = format!(
            r#"{{"Id":"{}","Name":"/you.victim","Config":{{"Labels":{{"io.doodgate.tenant":"you"}}}}}}"#,
            "2".repeat(64)
        );
        let network = format!(
            r#"{{"Id":"{}","Name":"me.mynet","Labels":{{"io.doodgate.tenant":"me"}}}}"#,
            "3".repeat(64)
        );
        let image = r#"{"Id":"sha256:4","RepoTags":["alpine:latest"],"Config":{"Labels":null}}"#;
        for (path, answer) in [
            ("/containers/me.mine/json", mine.as_str()),
            ("/containers/victim/json", &victim),
            ("/networks/me.mynet", &network),
            ("/images/alpine/json", image),
        ] {
            world.engine.has(path, answer::json(answer));
        }
        hold_in(&world, "tenant", "tenant");
    }

    #[test]
    fn no_policy_lets_these_through() {
        for policy in ["read-only", "no-host-escape", "any"] {
            hold("any", policy);
        }
    }
}
