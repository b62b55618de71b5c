use regex::Regex;

use super::*;
use crate::demand::Unit;

fn matches(pattern: &Pattern, value: &str) -> bool {
    match pattern {
        Pattern::Any => true,
        Pattern::Exact(text) => text == value,
        Pattern::Regex(body) => Regex::new(&format!(r"\A(?:{body})\z"))
            .unwrap()
            .is_match(value),
        Pattern::Ports(ports) => ports.covers(value, false),
        Pattern::Most(_) => panic!("no text"),
    }
}

fn check_all(shape: Shape, table: &[(&str, &[&str], &[&str])]) {
    for (pattern, yes, no) in table {
        let compiled = of_shape(pattern, shape, false).unwrap();
        for value in *yes {
            assert!(
                matches(&compiled, value),
                "{pattern} must match {value}: {compiled:?}"
            );
        }
        for value in *no {
            assert!(
                !matches(&compiled, value),
                "{pattern} must not match {value}: {compiled:?}"
            );
        }
    }
}

#[test]
fn globs() {
    check_all(
        Shape::Text,
        &[
            ("web", &["web"], &["web2", "Web", "", "we", "web\n"]),
            ("web-*", &["web-", "web-1"], &["web-1/x", "web"]),
            ("a?c", &["abc", "a.c"], &["a/c", "ac", "abbc"]),
            ("/a/**", &["/a/", "/a/b", "/a/b/c\nd"], &["/a", "/ab"]),
            (
                "/a/**/z",
                &["/a/z", "/a/b/z", "/a/b/c/z"],
                &["/az", "/a/bz"],
            ),
            ("**/z", &["z", "a/z", "/z"], &["az"]),
            ("**", &["", "a/b\n"], &[]),
            ("*", &["", "a"], &["a/b"]),
            ("a.b", &["a.b"], &["axb"]),
            ("a|b", &["a|b"], &["a", "b"]),
            (r"c \*:\* rwm", &["c *:* rwm"], &["c 1:1 rwm"]),
            (r"\{x\}", &["{x}"], &["x"]),
            ("regex:a|b", &["a", "b"], &["ab", "xa", "ax", "a\n"]),
            ("regex:^a$|^b$", &["a", "b"], &["ab"]),
            ("regex:a.b", &["axb"], &["a\nb"]),
        ],
    );
    let wide = text("regex:a.*", true).unwrap();
    assert!(matches(&wide, "a\nb"));
}

#[test]
fn paths() {
    check_all(
        Shape::Path,
        &[
            (
                "/srv/ci/**:ro",
                &["/srv/ci/x:ro", "/srv/ci:ro"],
                &["/srv/ci/x:rw", "/srv/cix:ro", "/srv:ro"],
            ),
            (
                "/srv/ci/**",
                &["/srv/ci/x:ro", "/srv/ci/a/b:rw"],
                &["/srv/other:ro"],
            ),
            (
                "/srv/*:rw",
                &["/srv/x:ro", "/srv/x:rw"],
                &["/srv/x/y:rw", "/srv:rw"],
            ),
            ("/srv/", &["/srv:rw"], &["/srv/x:rw"]),
            ("/", &["/:rw"], &["/etc:rw"]),
            ("/**", &["/:rw", "/etc:rw"], &[]),
            ("**", &["/:rw"], &[]),
            (
                "regex:/srv/[a-z]+:ro",
                &["/srv/a:ro"],
                &["/srv/a:rw", "/srv/1:ro"],
            ),
        ],
    );
}

#[test]
fn images() {
    check_all(
        Shape::Image,
        &[
            (
                "alpine",
                &[
                    "docker.io/library/alpine",
                    "docker.io/library/alpine:3.20",
                    "docker.io/library/alpine@sha256:00",
                    "docker.io/library/alpine:1@sha256:00",
                ],
                &[
                    "docker.io/library/alpine-x",
                    "docker.io/x/alpine:1",
                    "registry.corp/alpine:1",
                ],
            ),
            (
                "alpine:3.20",
                &["docker.io/library/alpine:3.20"],
                &[
                    "docker.io/library/alpine:3.21",
                    "docker.io/library/alpine:3.20@sha256:00",
                ],
            ),
            (
                "alpine:3.*",
                &["docker.io/library/alpine:3.20"],
                &["docker.io/library/alpine:4"],
            ),
            (
                "alpine@sha256:00",
                &["docker.io/library/alpine@sha256:00"],
                &["docker.io/library/alpine:1"],
            ),
            (
                "grafana/*",
                &["docker.io/grafana/loki:1"],
                &["docker.io/library/grafana:1", "docker.io/grafana/a/b:1"],
            ),
            (
                "docker.io/library/*",
                &["docker.io/library/alpine:1"],
                &["docker.io/x/y:1"],
            ),
            ("docker.io/alpine", &["docker.io/library/alpine:1"], &[]),
            ("index.docker.io/x/y", &["docker.io/x/y:1"], &[]),
            (
                "registry.corp/**",
                &["registry.corp/a:1", "registry.corp/a/b@sha256:00"],
                &[
                    "registry.corp.evil/a:1",
                    "xregistry.corp/a:1",
                    "docker.io/registry.corp/a",
                ],
            ),
            (
                "registry.corp:5000/app",
                &["registry.corp:5000/app:2"],
                &["registry.corp/app:2"],
            ),
            ("localhost/*", &["localhost/x:1"], &[]),
            (
                "*/app",
                &["registry.corp/app:1"],
                &["docker.io/library/app:1"],
            ),
            (
                "**/app",
                &["docker.io/library/app:1", "r.corp/a/b/app:1"],
                &["docker.io/library/xapp:1"],
            ),
            (
                "*",
                &["docker.io/library/x:1"],
                &["docker.io/a/b:1", "r.corp/x:1"],
            ),
            ("**", &["r.corp/x:1"], &[]),
            ("sha256:*", &["sha256:00"], &["docker.io/library/sha256:00"]),
        ],
    );
}

#[test]
fn port_ranges() {
    check_all(
        Shape::Ports,
        &[
            (
                "8080",
                &["0.0.0.0:8080/tcp", "[::1]:8080/udp"],
                &["0.0.0.0:8081/tcp"],
            ),
            (
                "127.0.0.1:8000-8999/tcp",
                &[
                    "127.0.0.1:8000/tcp",
                    "127.0.0.1:8999/tcp",
                    "127.0.0.1:8100-8200/tcp",
                ],
                &[
                    "127.0.0.1:7999/tcp",
                    "0.0.0.0:8000/tcp",
                    "127.0.0.1:8000/udp",
                    "127.0.0.1:8900-9000/tcp",
                    "127.0.0.1:0/tcp",
                    "junk",
                ],
            ),
            ("[::1]:80", &["[::1]:80/tcp"], &["[::]:80/tcp"]),
            ("*:0", &["0.0.0.0:0/tcp"], &["0.0.0.0:1/tcp"]),
            (
                "127.0.0.1:*",
                &["127.0.0.1:0/tcp", "127.0.0.1:65535/sctp"],
                &["127.0.0.2:1/tcp"],
            ),
            ("**", &["junk"], &[]),
        ],
    );
    let Pattern::Ports(denied) = ports("127.0.0.1:22").unwrap() else {
        panic!()
    };
    for value in [
        "127.0.0.1:22/tcp",
        "0.0.0.0:22/tcp",
        "127.0.0.1:1-100/tcp",
        "junk",
    ] {
        assert!(denied.covers(value, true), "{value}");
    }
    assert!(!denied.covers("127.0.0.1:23/tcp", true));
}

#[test]
fn what_is_no_pattern_says_why() {
    for (pattern, shape, part) in [
        ("{a,b}", Shape::Text, "write alternatives as a list"),
        ("[a-z]", Shape::Text, "no meaning"),
        ("a\\", Shape::Text, "in front of nothing"),
        (
            "regex:(",
            Shape::Text,
            "not a regular expression: unclosed group",
        ),
        ("regex:a)|(?:b", Shape::Text, "not a regular expression"),
        ("regex:(?x)a #", Shape::Text, "not a regular expression"),
        ("regex:(a{1000}){1000}", Shape::Text, "too large"),
        ("srv/x", Shape::Path, "absolute"),
        ("/srv/../etc", Shape::Path, "no `.`, `..`"),
        ("Alpine", Shape::Image, "lower case"),
        ("https://r.corp/x", Shape::Image, "no `://`"),
        ("", Shape::Image, "an image is"),
        ("80-70", Shape::Ports, "above its last"),
        ("x:80", Shape::Ports, "ports are written"),
        ("80/http", Shape::Ports, "protocol"),
        ("65536", Shape::Ports, "ports are written"),
        ("lots", Shape::Limit(Unit::Count), "a count is"),
        ("x", Shape::Flag, "`true`"),
    ] {
        let error = of_shape(pattern, shape, false).unwrap_err();
        assert!(error.contains(part), "{pattern}: {error}");
    }
    assert!(of_shape(&format!("regex:{}", "a".repeat(3000)), Shape::Text, false).is_err());
}
