//! Build contexts that stream through: what the Dockerfile takes something from is granted before the engine has it.

use super::{plain, refusal};
use crate::support::{Conn, World};

const POLICY: &str = "version: 1
allow:
  - SystemPing
  - ImageBuild: {base-image: [alpine, \"registry.example.com/**\"], build-remote: \"**\"}
";

const OPEN: &str = "version: 1\nallow: [SystemPing, ImageBuild]\n";

/// One entry of an archive.
pub(crate) fn entry(name: &str, kind: u8, data: &[u8]) -> Vec<u8> {
    let mut block = vec![0_u8; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..107].copy_from_slice(b"0000644");
    block[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
    block[148..156].copy_from_slice(b"        ");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block.extend_from_slice(data);
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

pub(crate) fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = entries.concat();
    bytes.extend_from_slice(&[0; 1024]);
    bytes
}

fn context(dockerfile: &str) -> Vec<u8> {
    archive(&[
        entry("a", b'0', b"first"),
        entry("Dockerfile", b'0', dockerfile.as_bytes()),
        entry("z", b'0', &[b'z'; 3000]),
    ])
}

/// What gzip makes of `bytes` without making them smaller: blocks that are stored (RFC 1951, section 3.2.4).
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3];
    let mut pieces = bytes.chunks(60_000).peekable();
    while let Some(piece) = pieces.next() {
        let length = u16::try_from(piece.len()).expect("a block's length");
        out.push(u8::from(pieces.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(piece);
    }
    out.extend([0; 8]);
    out
}

fn build(world: &World, query: &str, body: &[u8]) -> Conn {
    let mut client = world.client();
    client.send(format!(
        "POST /v1.41/build{query} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\nContent-Length: {}\r\n\r\n",
        body.len()
    ));
    client.try_send(body);
    client
}

/// Asserts that the engine has got nothing that it could build from since it had `before` connections.
fn assert_unbuilt(world: &World, before: usize, body: &[u8]) {
    for seen in world.engine.received().iter().skip(before) {
        assert!(
            seen.len() < body.len(),
            "the whole context has gone through"
        );
        let text = String::from_utf8_lossy(seen);
        let content = text
            .split_once("\r\n\r\n")
            .map_or("", |(_, content)| content);
        assert!(!content.contains("evil"), "the Dockerfile has gone through");
    }
}

#[test]
fn a_build_from_what_is_granted_goes_through() {
    let world = plain(POLICY);
    let args = "?buildargs=%7B%22V%22:%223%22%7D";
    for (query, dockerfile) in [
        ("", "FROM alpine\nRUN true"),
        ("", "FROM alpine:3 AS a\nFROM a\nCOPY --from=0 / /"),
        (
            "",
            "FROM scratch\nCOPY --from=registry.example.com/x/y:1 / /",
        ),
        (args, "ARG V=evil\nFROM registry.example.com/x:$V"),
    ] {
        for body in [context(dockerfile), gzip(&context(dockerfile))] {
            let mut client = build(&world, query, &body);
            assert_eq!(client.read_head().status(), 200, "{dockerfile}");
            let seen = world.engine.received();
            assert!(
                seen.last().is_some_and(|seen| seen.ends_with(&body)),
                "{dockerfile}"
            );
        }
    }
}

#[test]
fn a_build_from_anything_else_is_refused_before_the_engine_has_the_dockerfile() {
    let world = plain(POLICY);
    for (query, dockerfile, named) in [
        ("", "FROM evil", "docker.io/library/evil:latest"),
        (
            "",
            "FROM alpine AS a\nFROM evil",
            "docker.io/library/evil:latest",
        ),
        (
            "",
            "FROM alpine\nCOPY --from=evil / /",
            "docker.io/library/evil:latest",
        ),
        (
            "",
            "FROM alpine\nRUN --mount=from=evil,target=/x true",
            "docker.io/library/evil:latest",
        ),
        (
            "",
            "# syntax=evil/frontend\nFROM alpine",
            "docker.io/evil/frontend:latest",
        ),
        ("", "fr\\\nom ev\\\nil", "docker.io/library/evil:latest"),
        ("", "ARG B=alpine\nFROM $B\n# evil\nFROM $C", "(unseen)"),
        ("", "FROM alpine\nRUN cat <<evil", "(unseen)"),
        (
            "?buildargs=%7B%22B%22:%22evil%22%7D",
            "ARG B=alpine\nFROM $B",
            "docker.io/library/evil:latest",
        ),
        (
            "",
            "FROM alpine@sha256:0123456789012345678901234567890123456789012345678901234567890123\nFROM sha256:evil",
            "sha256:evil",
        ),
    ] {
        for body in [context(dockerfile), gzip(&context(dockerfile))] {
            let before = world.engine.connections();
            let (_, message) = refusal(&mut build(&world, query, &body), &[403]);
            assert!(
                message.contains("ImageBuild") && message.contains("base-image"),
                "{message}"
            );
            assert!(message.contains(named), "{dockerfile}: {message}");
            assert_unbuilt(&world, before, &body);
        }
    }
}

#[test]
fn what_cannot_be_seen_is_refused_unless_every_image_is_granted() {
    let good = "FROM alpine";
    let dockerfile = || entry("Dockerfile", b'0', good.as_bytes());
    let mut sparse = dockerfile();
    sparse[156] = b'S';
    let cases: [(&str, &str, Vec<u8>); 11] = [
        ("no Dockerfile", "", archive(&[entry("evil", b'0', b"x")])),
        (
            "another name",
            "?dockerfile=x/../evil",
            archive(&[dockerfile(), entry("evil", b'0', b"FROM evil")]),
        ),
        ("a link", "", archive(&[entry("Dockerfile", b'2', b"")])),
        (
            "out and back",
            "",
            archive(&[dockerfile(), entry("x/../Dockerfile", b'0', b"FROM evil")]),
        ),
        ("xz", "", b"\xfd7zXZ\0evil".to_vec()),
        ("zstd", "", b"\x28\xb5\x2f\xfdevil".to_vec()),
        ("no archive", "", b"FROM evil\n".repeat(80)),
        ("a cut archive", "", context(good)[..1100].to_vec()),
        (
            "a longer Dockerfile",
            "",
            archive(&[entry("Dockerfile", b'0', &vec![b'#'; (1 << 20) + 1])]),
        ),
        ("a sparse file", "", archive(&[sparse])),
        (
            "two gzip members",
            "",
            [gzip(&context(good)), gzip(&context("FROM evil"))].concat(),
        ),
    ];
    let world = plain(POLICY);
    let open = plain(&POLICY.replace("alpine,", "\"**\","));
    for (name, query, body) in cases {
        let before = world.engine.connections();
        let (_, message) = refusal(&mut build(&world, query, &body), &[403]);
        assert!(message.contains("(unseen)"), "{name}: {message}");
        for seen in world.engine.received().iter().skip(before) {
            assert!(!seen.ends_with(&body), "{name}");
        }
        let mut client = build(&open, query, &body);
        assert_eq!(client.read_head().status(), 200, "{name}");
    }
    let asked = world.engine.requests();
    for query in ["?remote=https://example.com/x", "?version=2", "?session=x"] {
        let (_, message) = refusal(&mut build(&world, query, &context(good)), &[403]);
        assert!(message.contains("(unseen)"), "{query}: {message}");
        assert_eq!(world.engine.requests(), asked, "{query}");
    }
}

#[test]
fn a_denial_takes_what_nobody_sees_for_what_is_denied() {
    let policy = "version: 1\nallow: [SystemPing, ImageBuild]\ndeny: [{ImageBuild: {base-image: \"evil/**\"}}]\n";
    let world = plain(policy);
    for (dockerfile, status) in [
        ("FROM alpine", 200),
        ("FROM evil/x", 403),
        ("FROM $EVIL", 403),
    ] {
        let mut client = build(&world, "", &context(dockerfile));
        assert_eq!(client.read_head().status(), status, "{dockerfile}");
    }
}

#[test]
fn a_rule_that_names_no_base_images_takes_every_context() {
    for body in [context("FROM anything"), b"\xfd7zXZ\0no archive".to_vec()] {
        let world = plain(OPEN);
        let mut client = build(&world, "", &body);
        assert_eq!(client.read_head().status(), 200);
    }
}

/// The engine unpacks what it has and builds when the archive has ended, whatever the body still promises.
#[test]
fn an_archive_that_ends_without_a_dockerfile_is_stopped_at_its_end() {
    let world = plain(POLICY);
    let body = archive(&[entry("evil", b'0', b"FROM evil")]);
    let mut client = world.client();
    client.send(
        "POST /v1.41/build?dockerfile=./x/../evil HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\nContent-Length: 100000000\r\n\r\n",
    );
    client.send(&body);
    let (_, message) = refusal(&mut client, &[403]);
    assert!(
        message.contains("does not hold the Dockerfile"),
        "{message}"
    );
    let seen = world.engine.received().concat();
    assert!(
        !seen.ends_with(&[0; 512]),
        "the end of the archive has gone through"
    );
}
