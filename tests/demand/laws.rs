//! Laws that hold for every document.

use doodgate::api::Call;
use doodgate::api::json::{Document, Member, Value};
use doodgate::demand::{self, Kind};
use proptest::collection::vec;
use proptest::prelude::*;

/// Names that mean something to engines, and a few that do not.
const NAMES: [&str; 24] = [
    "HostConfig",
    "Privileged",
    "Binds",
    "Mounts",
    "Type",
    "Source",
    "Target",
    "NetworkMode",
    "PidMode",
    "CapAdd",
    "Devices",
    "PathOnHost",
    "SecurityOpt",
    "Image",
    "Labels",
    "Env",
    "PortBindings",
    "HostPort",
    "MaskedPaths",
    "VolumeOptions",
    "DriverConfig",
    "Options",
    "New",
    "PidsLimit",
];

const TEXTS: [&str; 12] = [
    "",
    "/:/h",
    "bind",
    "/",
    "host",
    "all",
    "v:/x",
    "80/tcp",
    "seccomp:unconfined",
    "\u{e9}\n\"\\",
    "alpine",
    "A=b",
];

fn value() -> impl Strategy<Value = Value<'static>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::int),
        proptest::sample::select(&["0", "-1", "1.5", "2e9"][..])
            .prop_map(|digits| Value::Number(digits.into())),
        proptest::sample::select(&TEXTS[..]).prop_map(Value::text),
        ".{0,8}".prop_map(|text: String| Value::text(text.replace('\0', ""))),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((proptest::sample::select(&NAMES[..]), inner), 0..6).prop_map(object),
        ]
    })
}

fn object(entries: Vec<(&'static str, Value<'static>)>) -> Value<'static> {
    let mut object = Value::Object(Vec::new());
    for (name, value) in entries {
        object.set_entry(name, value);
    }
    object
}

/// What a create body demands beyond the operation, as text; `None` when it is refused.
fn asked(document: &Document<'_>) -> Option<Vec<String>> {
    let call = Call::from_parts("POST", "/v1.41/containers/create", None).expect("a good target");
    let demands = demand::of(&call, Some(document)).ok()?;
    let asked = demands
        .iter()
        .filter(|demand| !demand.safe && demand.kind != Kind::UnknownField);
    Some(
        asked
            .map(|demand| format!("{:?} {:?} {}", demand.kind, demand.value, demand.place))
            .collect(),
    )
}

proptest! {
    #[test]
    fn the_canonical_form_is_the_same_document(root in value()) {
        let document = Document::new(root);
        let mut bytes = Vec::new();
        document.write(&mut bytes);
        let again = Document::parse(&bytes).expect("the canonical form is JSON");
        prop_assert_eq!(&again, &document);
        let mut twice = Vec::new();
        again.write(&mut twice);
        prop_assert_eq!(bytes, twice);
    }

    #[test]
    fn a_further_name_takes_no_demand_away(root in vec((proptest::sample::select(&NAMES[..]), value()), 0..6),
        host in vec((proptest::sample::select(&NAMES[..]), value()), 0..6),
        name in proptest::sample::select(&NAMES[..]), further in value()) {
        let mut before = object(root);
        before.set_entry("HostConfig", object(host));
        let mut after = before.clone();
        if let Some(host) = after.field_mut("HostConfig") && host.field(name).is_none() {
            host.set_entry(name, further.clone());
        }
        if after.field(name).is_none() {
            after.set_entry(name, further);
        }
        if let (Some(few), Some(more)) = (asked(&Document::new(before)), asked(&Document::new(after))) {
            for demand in few {
                prop_assert!(more.contains(&demand), "{demand} is gone from {more:?}");
            }
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in vec(any::<u8>(), 0..200), text in r#"[\[\]{}":,a\\u0 n-]{0,60}"#) {
        for input in [&bytes[..], text.as_bytes()] {
            if let Ok(document) = Document::parse(input) {
                let _: Option<Vec<String>> = asked(&document);
            }
        }
    }

    #[test]
    fn names_are_matched_in_any_case(upper in vec(any::<bool>(), 40), root in value()) {
        fn respell(value: &Value<'static>, upper: &[bool]) -> Value<'static> {
            match value {
                Value::Object(members) => Value::Object(members.iter().map(|member| Member {
                    name: member.name.char_indices().map(|(at, letter)| if upper[at % upper.len()] {
                        letter.to_ascii_uppercase()
                    } else {
                        letter.to_ascii_lowercase()
                    }).collect::<String>().into(),
                    value: respell(&member.value, upper),
                }).collect()),
                Value::Array(items) => Value::Array(items.iter().map(|item| respell(item, upper)).collect()),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => value.clone(),
            }
        }
        let document = Document::new(object(vec![("HostConfig", object(vec![("Mounts", Value::Array(vec![root])), ("Privileged", Value::Bool(true))]))]));
        let respelt = Document::new(respell(document.root(), &upper));
        let count = |document| asked(document).map(|demands| demands.len());
        prop_assert_eq!(count(&document), count(&respelt));
    }
}
