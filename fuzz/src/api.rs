//! Request targets and JSON documents.

use doodgate::api::json::{Document, Value};
use doodgate::api::{ApiVersion, Call, UnknownParameters};

/// A document's canonical form is JSON to others too, and reads as the same document.
pub fn json(data: &[u8]) {
    let Ok(document) = Document::parse(data) else { return };
    let mut canonical = Vec::new();
    document.write(&mut canonical);
    let again = Document::parse(&canonical).expect("the canonical form is read");
    assert_eq!(document, again);
    let mut twice = Vec::new();
    again.write(&mut twice);
    assert_eq!(canonical, twice);
    match serde_json::from_slice::<serde_json::Value>(&canonical) {
        Ok(theirs) => assert!(same(document.root(), &theirs)),
        // The engine does not look at the range of a number in a field that it does not know.
        Err(why) => assert!(why.to_string().starts_with("number out of range"), "{why}"),
    }
}

fn same(ours: &Value<'_>, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(one), serde_json::Value::Bool(other)) => one == other,
        (Value::Number(one), serde_json::Value::Number(other)) => {
            one.parse::<f64>().ok() == other.as_f64()
        }
        (Value::Text(one), serde_json::Value::String(other)) => one == other,
        (Value::Array(one), serde_json::Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), serde_json::Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|member| {
                    other.get(member.name.as_ref()).is_some_and(|value| same(&member.value, value))
                })
        }
        _ => false,
    }
}

/// The target that is written for the engine reads as the same call. The input is a method, a space and a target.
pub fn target(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Some((method, target)) = text.split_once(' ') else { return };
    let Ok(call) = Call::from_parts(method, target, None) else { return };
    let newest = Some(ApiVersion::new(1, 56));
    let mut out = Vec::new();
    call.write_target(newest, UnknownParameters::Forward, &mut out);
    let written = str::from_utf8(&out).expect("ASCII");
    let again = Call::from_parts(method, written, None).expect("what is written is read");
    assert_eq!(call.route, again.route, "{written}");
    let mut twice = Vec::new();
    again.write_target(newest, UnknownParameters::Forward, &mut twice);
    assert_eq!(out, twice);
}
