//! Image references: every case is what distribution/reference makes of it.

use doodgate::api::image::{BadReference, ImageTerm, Reference};

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn names_are_normalised() {
    let cases = [
        ("alpine", "docker.io/library/alpine"),
        ("alpine:3.20", "docker.io/library/alpine:3.20"),
        ("library/alpine", "docker.io/library/alpine"),
        ("docker.io/alpine", "docker.io/library/alpine"),
        (
            "docker.io/library/alpine:latest",
            "docker.io/library/alpine:latest",
        ),
        ("index.docker.io/alpine", "docker.io/library/alpine"),
        ("index.docker.io/library/alpine", "docker.io/library/alpine"),
        ("index.docker.io/team/app", "docker.io/team/app"),
        ("team/app", "docker.io/team/app"),
        ("team/app/web:1", "docker.io/team/app/web:1"),
        ("localhost/app", "localhost/app"),
        ("localhost:5000/app", "localhost:5000/app"),
        ("localhost:5000", "docker.io/library/localhost:5000"),
        ("localhost", "docker.io/library/localhost"),
        ("example.com", "docker.io/library/example.com"),
        (
            "registry.corp:5000/a/b:1.0_x-Y",
            "registry.corp:5000/a/b:1.0_x-Y",
        ),
        ("10.0.0.1:5000/app", "10.0.0.1:5000/app"),
        ("[::1]:5000/app", "[::1]:5000/app"),
        ("[2001:db8::1]/app", "[2001:db8::1]/app"),
        ("Registry/app", "Registry/app"),
        ("Docker.io/library/alpine", "Docker.io/library/alpine"),
        (
            "docker.io:443/library/alpine",
            "docker.io:443/library/alpine",
        ),
        ("a__b/c.d/e---f/g_h", "docker.io/a__b/c.d/e---f/g_h"),
        ("xn--n3h.com/app", "xn--n3h.com/app"),
        ("sha256:abcd", "docker.io/library/sha256:abcd"),
    ];
    for (text, canonical) in cases {
        assert_eq!(
            Reference::parse(text).map(|name| name.to_string()),
            Ok(canonical.to_owned()),
            "{text}"
        );
        let again = Reference::parse(canonical).map(|name| name.to_string());
        assert_eq!(
            again,
            Ok(canonical.to_owned()),
            "{canonical} is not canonical"
        );
    }
    let both = format!("alpine:1@{DIGEST}");
    assert_eq!(
        Reference::parse(&both).map(|name| name.to_string()),
        Ok(format!("docker.io/library/alpine:1@{DIGEST}"))
    );
}

#[test]
fn what_is_no_name_is_refused_by_name() {
    type Variant = fn(String) -> BadReference;
    let cases: [(&str, Variant); 28] = [
        ("", BadReference::Empty),
        (":tag", BadReference::Empty),
        ("docker.io/", BadReference::Empty),
        ("localhost/", BadReference::Empty),
        (HEX, BadReference::Identifier),
        ("Alpine", BadReference::Uppercase),
        ("team/App", BadReference::Uppercase),
        ("registry.corp/App", BadReference::Uppercase),
        ("foo_bar.com/app", BadReference::Domain),
        ("foo:bar/baz", BadReference::Domain),
        ("-host.corp/app", BadReference::Domain),
        ("host..corp/app", BadReference::Domain),
        ("host.corp:/app", BadReference::Domain),
        ("[::1/app", BadReference::Domain),
        ("https://registry.corp/app", BadReference::Domain),
        ("../app", BadReference::Domain),
        ("a//b", BadReference::Path),
        ("/alpine", BadReference::Path),
        ("alpine/", BadReference::Path),
        ("a..b", BadReference::Path),
        ("a___b", BadReference::Path),
        ("a._b", BadReference::Path),
        ("-a", BadReference::Path),
        ("a-", BadReference::Path),
        ("a b", BadReference::Path),
        ("alp\u{456}ne", BadReference::Path),
        ("a%2fb", BadReference::Path),
        ("a\nb", BadReference::Path),
    ];
    for (text, variant) in cases {
        assert_eq!(
            Reference::parse(text),
            Err(variant(text.to_owned())),
            "{text}"
        );
    }
    for (text, tag) in [
        ("alpine:", ""),
        ("alpine:.1", ".1"),
        ("x/alpine:1/2", "1/2"),
        ("alpine:a:b", "a:b"),
        ("a:\u{e9}", "\u{e9}"),
    ] {
        assert_eq!(
            Reference::parse(text),
            Err(BadReference::Tag(tag.to_owned())),
            "{text}"
        );
    }
    for digest in [
        "",
        "sha256:0",
        "md5:0123456789abcdef0123456789abcdef",
        &DIGEST.to_uppercase(),
        "sha256:",
        &format!("{DIGEST}0"),
    ] {
        assert_eq!(
            Reference::parse(&format!("alpine@{digest}")),
            Err(BadReference::Digest(digest.to_owned()))
        );
    }
    let long = "a".repeat(256);
    assert_eq!(
        Reference::parse(&format!("x/{long}")),
        Err(BadReference::TooLong(format!("x/{long}")))
    );
    assert_eq!(
        Reference::parse(&format!("a:{}", "t".repeat(129))),
        Err(BadReference::Tag("t".repeat(129)))
    );
}

#[test]
fn a_pull_takes_its_tag_or_digest_from_either_place() {
    let cases = [
        ("alpine", "3.20", "docker.io/library/alpine:3.20".to_owned()),
        ("alpine", "", "docker.io/library/alpine".to_owned()),
        ("alpine:", "", "docker.io/library/alpine".to_owned()),
        (
            "alpine:3.19",
            "",
            "docker.io/library/alpine:3.19".to_owned(),
        ),
        (
            "alpine:3.19",
            "3.20",
            "docker.io/library/alpine:3.20".to_owned(),
        ),
        (
            "alpine",
            DIGEST,
            format!("docker.io/library/alpine@{DIGEST}"),
        ),
        (
            "alpine:3.19",
            DIGEST,
            format!("docker.io/library/alpine@{DIGEST}"),
        ),
        (
            &format!("alpine@{DIGEST}"),
            "3.20",
            format!("docker.io/library/alpine:3.20@{DIGEST}"),
        ),
        (
            "registry.corp:5000/a",
            "b",
            "registry.corp:5000/a:b".to_owned(),
        ),
    ];
    for (image, tag, expected) in cases {
        assert_eq!(
            Reference::pulled(image, tag).map(|name| name.to_string()),
            Ok(expected),
            "{image} {tag}"
        );
    }
    assert_eq!(
        Reference::pulled("alpine", "sha256:0"),
        Err(BadReference::Tag("sha256:0".to_owned()))
    );
    assert_eq!(
        Reference::pulled("alpine::", ""),
        Err(BadReference::Tag(String::new()))
    );
    assert!(
        Reference::pulled("alpine", "").is_ok_and(|name| name.is_repository()),
        "a pull of every tag"
    );
}

#[test]
fn a_given_name_has_a_tag() {
    let given = |repo, tag| Reference::given(repo, tag).map(|name| name.to_string());
    assert_eq!(
        given("app", ""),
        Ok("docker.io/library/app:latest".to_owned())
    );
    assert_eq!(given("app:1", ""), Ok("docker.io/library/app:1".to_owned()));
    assert_eq!(
        given("app:1", "2"),
        Ok("docker.io/library/app:2".to_owned())
    );
    let digested = format!("app@{DIGEST}");
    assert_eq!(
        given(&digested, "2"),
        Err(BadReference::Digested(digested.clone()))
    );
    let pushed = |name, tag| Reference::pushed(name, tag).map(|name| name.to_string());
    assert_eq!(pushed("app", ""), Ok("docker.io/library/app".to_owned()));
    assert_eq!(
        pushed("localhost:5000/app", "1"),
        Ok("localhost:5000/app:1".to_owned())
    );
}

#[test]
fn a_term_may_be_an_id() {
    let named = |text: &str| Reference::parse(text).expect("a name").or_latest();
    let either = |text: &str, prefix: &str| ImageTerm::NameOrId {
        name: named(text),
        prefix: prefix.to_owned(),
    };
    let cases = [
        (HEX, ImageTerm::Id(DIGEST.to_owned())),
        (DIGEST, ImageTerm::Id(DIGEST.to_owned())),
        ("alpine", ImageTerm::Name(named("alpine:latest"))),
        ("a", either("a", "a")),
        ("ab12", either("ab12", "ab12")),
        ("sha256:ab12", either("sha256:ab12", "ab12")),
        ("cafe:1", ImageTerm::Name(named("cafe:1"))),
        ("docker.io/cafe", ImageTerm::Name(named("cafe"))),
        ("sha256", ImageTerm::Name(named("sha256"))),
    ];
    for (text, expected) in cases {
        assert_eq!(ImageTerm::parse(text), Ok(expected), "{text}");
    }
    assert!(ImageTerm::parse("ABC").is_err());
    assert!(ImageTerm::parse("").is_err());
}
