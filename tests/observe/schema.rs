//! Audit records are checked against `docs/audit.schema.json`, by as much of JSON Schema as it uses.

use serde_json::Value;

/// Panics unless `record` is as the schema says.
pub(crate) fn check(record: &Value) {
    let schema: Value = include_str!("../../docs/audit.schema.json")
        .parse()
        .expect("a schema in JSON");
    let mut wrong = Vec::new();
    validate(&schema, &schema, record, "", &mut wrong);
    assert!(wrong.is_empty(), "{record}\n{}", wrong.join("\n"));
}

fn validate(root: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let mut complain = |problem: String| wrong.push(format!("{at}: {problem}"));
    for (keyword, wanted) in schema.as_object().expect("a schema is an object") {
        let holds = match keyword.as_str() {
            "$schema"
            | "$defs"
            | "title"
            | "description"
            | "properties"
            | "items"
            | "additionalProperties" => true,
            "$ref" => {
                let name = wanted.as_str().and_then(|it| it.strip_prefix("#/$defs/"));
                let target = &root["$defs"][name.expect("a reference into $defs")];
                let mut inner = Vec::new();
                validate(root, target, value, at, &mut inner);
                inner.into_iter().for_each(&mut complain);
                true
            }
            "type" => wanted.as_array().map_or_else(
                || is_of(wanted, value),
                |types| types.iter().any(|it| is_of(it, value)),
            ),
            "const" => value == wanted,
            "enum" => wanted.as_array().expect("values").contains(value),
            "minimum" => value.as_u64() >= wanted.as_u64(),
            "maximum" => value.as_u64() <= wanted.as_u64(),
            "pattern" => {
                let pattern = wanted.as_str().expect("a pattern");
                regex::Regex::new(pattern)
                    .expect("a pattern")
                    .is_match(value.as_str().unwrap_or_default())
            }
            "required" => wanted
                .as_array()
                .expect("names")
                .iter()
                .all(|name| value.get(name.as_str().expect("a name")).is_some()),
            other => panic!("the schema uses {other}, which this checker does not know"),
        };
        if !holds {
            complain(format!("{value} is not {keyword} {wanted}"));
        }
    }
    if let Some(members) = value.as_object() {
        for (name, member) in members {
            let at = format!("{at}.{name}");
            match (
                schema["properties"].get(name),
                &schema["additionalProperties"],
            ) {
                (Some(known), _) => validate(root, known, member, &at, wrong),
                (None, Value::Bool(false)) => wrong.push(format!("{at} is not in the schema")),
                (None, Value::Object(_)) => {
                    validate(root, &schema["additionalProperties"], member, &at, wrong);
                }
                (None, _) => {}
            }
        }
    }
    if let (Some(elements), Some(items)) = (value.as_array(), schema.get("items")) {
        for (index, element) in elements.iter().enumerate() {
            validate(root, items, element, &format!("{at}[{index}]"), wrong);
        }
    }
}

fn is_of(wanted: &Value, value: &Value) -> bool {
    match wanted.as_str().expect("the name of a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "null" => value.is_null(),
        other => panic!("the schema uses the type {other}"),
    }
}

#[test]
fn the_schema_knows_every_decision() {
    let schema: Value = include_str!("../../docs/audit.schema.json")
        .parse()
        .expect("a schema");
    let words = doodgate::observe::Decision::ALL.map(doodgate::observe::Decision::as_str);
    let mut known: Vec<_> = schema["properties"]["decision"]["enum"]
        .as_array()
        .expect("words")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    known.sort_unstable();
    assert_eq!(known, words);
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let schema: Value = include_str!("../../docs/audit.schema.json")
        .parse()
        .expect("a schema");
    for bad in [
        serde_json::json!({}),
        serde_json::json!({"schema": 2}),
        serde_json::json!({"decision": "maybe"}),
        serde_json::json!({"surprise": 1}),
        serde_json::json!({"missing": [{"grant": "bind"}]}),
        serde_json::json!({"time": "yesterday"}),
        serde_json::json!({"peer": {"certificate_subject": 1}}),
    ] {
        let mut wrong = Vec::new();
        validate(&schema, &schema, &bad, "", &mut wrong);
        assert!(!wrong.is_empty(), "{bad}");
    }
}
