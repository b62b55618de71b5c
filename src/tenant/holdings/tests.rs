use super::super::{Fact, Lookup};
use super::*;

const HEX: &str = "00000000000000000000000000000000000000000000000000000000000000aa";

const TASK: &str = "web.1.0123456789abcdefghijklmno";

/// What an engine has of `acme`, of `zulu`, and of the host, all labelled or named like something of `acme`.
fn engine(lookup: &Lookup) -> (u16, String) {
    let own = r#"{"io.doodgate.tenant":"acme","io.doodgate.memory":"64"}"#;
    let of = |labels: &str, rest: &str| format!("{{\"Labels\":{labels},{rest}}}");
    let body = match lookup.target.split('?').next().unwrap() {
        "/containers/json" => format!(
            "[{},{},{},{},{}]",
            of(
                own,
                r#""Id":"c1","Names":["/acme.old"],"State":"running","Created":100"#
            ),
            of(
                own,
                r#""Id":"c2","Names":["/acme.new"],"State":"exited","Created":200"#
            ),
            of(
                own,
                &format!(r#""Id":"c5","Names":["/acme__{TASK}"],"State":"exited","Created":9"#)
            ),
            of(
                own,
                r#""Id":"c3","Names":["/host"],"State":"running","Created":1"#
            ),
            of(
                r#"{"io.doodgate.tenant":"zulu"}"#,
                r#""Id":"c4","Names":["/zulu.a"],"State":"running","Created":1"#
            ),
        ),
        "/networks" => format!(
            "[{},{}]",
            of(own, r#""Id":"n1","Name":"acme.net""#),
            of("null", r#""Id":"n2","Name":"acme.fake""#)
        ),
        "/volumes" => format!(
            r#"{{"Volumes":[{},{},{}]}}"#,
            of(own, r#""Name":"acme.db""#),
            of(own, &format!(r#""Name":"{HEX}""#)),
            of(r#"{"io.doodgate.tenant":"a.b"}"#, r#""Name":"x""#),
        ),
        "/services" => format!(
            r#"[{{"ID":"s1","CreatedAt":"1970-01-01T00:02:00Z","Spec":{}}}]"#,
            of(own, r#""Name":"acme__web""#)
        ),
        "/secrets" => format!(
            r#"[{{"ID":"s2","Spec":{}}},{{"ID":"s3","Spec":{}}}]"#,
            of(own, r#""Name":"acme__key""#),
            of(r#"{"io.doodgate.tenant":"zulu"}"#, r#""Name":"zulu__key""#),
        ),
        "/configs" => return (503, r#"{"message":"no manager"}"#.to_owned()),
        "/images/json" if !lookup.target.contains('?') => format!(
            "[{},{}]",
            of(
                "null",
                r#""Id":"sha256:3","RepoTags":["alpine:1","acme.tenant.doodgate.invalid/base:1"]"#
            ),
            of(
                own,
                r#""Id":"sha256:1","RepoTags":["acme.tenant.doodgate.invalid/a:1"]"#
            )
        ),
        "/images/json" => format!(
            "[{},{}]",
            of(
                own,
                r#""Id":"sha256:1","RepoTags":["acme.tenant.doodgate.invalid/a:1"],"Created":5,"Size":7"#
            ),
            of(
                own,
                r#""Id":"sha256:2","RepoTags":["<none>:<none>"],"Created":9,"Size":7"#
            )
        ),
        "/containers/c1/json" => {
            format!(r#"{{"Id":"c1","Name":"/acme.old","Config":{{"Labels":{own}}}}}"#)
        }
        "/volumes/acme.db" => of("null", r#""Name":"acme.db""#),
        _ => return (404, r#"{"message":"no"}"#.to_owned()),
    };
    (200, body)
}

fn asked<T>(step: impl Fn(&Facts) -> Result<T, Stop>) -> T {
    let mut facts = Facts::default();
    loop {
        match step(&facts) {
            Ok(done) => return done,
            Err(Stop::Lookup(lookup)) => {
                let (status, body) = engine(&lookup);
                let body = body.into_bytes();
                facts.add(lookup, Fact { status, body });
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

fn names(removals: &[Removal]) -> Vec<&str> {
    removals
        .iter()
        .map(|removal| removal.name.as_str())
        .collect()
}

#[test]
fn what_is_a_tenants_goes_in_order() {
    let all = asked(|facts| holdings(facts, None));
    assert_eq!(all.keys().collect::<Vec<_>>(), ["acme", "zulu"]);
    let one = asked(|facts| holdings(facts, Some("acme")));
    assert_eq!(one.len(), 1);
    let acme = &one["acme"];
    assert_eq!(
        names(&acme.removals(Extent::All)),
        [
            "web", "old", "new", TASK, "net", "db", HEX, "key", "sha256:2", "a:1", "base:1"
        ]
    );
    assert_eq!(
        names(&acme.removals(Extent::Remains)),
        ["web", "old", "new", TASK, "net", HEX]
    );
    assert_eq!(names(&acme.removals(Extent::Older(200))), ["web", "old"]);
    assert_eq!(names(&acme.removals(Extent::Older(101))), ["old"]);
    assert!(acme.removals(Extent::Older(100)).is_empty());
    let usage = acme.usage();
    for (counted, amount) in [
        (Counted::Containers, 2),
        (Counted::Running, 1),
        (Counted::Memory, 128),
        (Counted::Volumes, 2),
        (Counted::Images, 2),
        (Counted::ImageBytes, 14),
    ] {
        assert_eq!(usage.of(counted), amount, "{counted:?}");
    }
}

#[test]
fn each_object_is_looked_at_once_more() {
    let all = asked(|facts| holdings(facts, Some("acme")));
    let removals = all["acme"].removals(Extent::All);
    let standing = |name: &str| {
        let removal = removals
            .iter()
            .find(|removal| removal.name == name)
            .unwrap();
        asked(|facts| removal.standing(facts))
    };
    assert_eq!(standing("old"), Standing::Own);
    assert_eq!(standing("new"), Standing::Gone);
    assert_eq!(standing("db"), Standing::Foreign);
}
