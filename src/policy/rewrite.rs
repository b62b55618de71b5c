//! `set` and `force`: what a rule writes into the document of a call that it allows.

use crate::api::json::{Document, Value};
use crate::api::{BodyKind, Call, Operation, Query, Route};
use crate::demand::{self, Demand, Kind};

use super::diagnostics::quote;
use super::matcher::Matcher;
use super::quantity;
use super::read::Reader;
use super::rule::Rule;
use super::source::{Data, Node, Span};

/// A value for one field.
#[derive(Clone, Debug)]
pub(super) struct Rewriting {
    /// The field's path in the document.
    pub(super) path: Vec<String>,
    /// The path as demands write their places.
    pub(super) place: String,
    /// Whether it replaces what the client sent, or only fills what the client left out.
    pub(super) force: bool,
    /// The value as JSON, by which rewritings are compared.
    pub(super) text: String,
    value: Value<'static>,
    span: Span,
}

/// The fields whose value is a map: its keys are compared byte by byte, where the engine compares the names of
/// fields regardless of case (moby, `api/types/container` and its neighbours).
const MAPS: &[&str] = &[
    "Annotations",
    "Config",
    "DriverOpts",
    "EndpointsConfig",
    "ExposedPorts",
    "Labels",
    "Options",
    "PortBindings",
    "StorageOpt",
    "Sysctls",
    "Tmpfs",
    "Volumes",
];

impl Rewriting {
    /// Whether the demand is about a field that this writes, so that what the client sent for it does not reach the
    /// engine.
    pub(super) fn covers(&self, demand: &Demand<'_>, document: Option<&Document<'_>>) -> bool {
        // The name of an unknown field may hold dots, and then looks like the path of another.
        demand.kind != Kind::UnknownField
            && demand
                .place
                .text()
                .strip_prefix(self.place.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            && (self.force || self.fills(document))
    }

    /// Whether the client left the field out.
    pub(super) fn fills(&self, document: Option<&Document<'_>>) -> bool {
        let mut value = document.map(Document::root);
        let mut parent = "";
        for segment in &self.path {
            value = value.and_then(|value| {
                if MAPS.contains(&parent) {
                    value.entry(segment)
                } else {
                    value.field(segment)
                }
            });
            parent = segment;
        }
        value.is_none_or(is_zero)
    }

    /// Whether both write the same field, or one a part of the other's, with different values.
    pub(super) fn conflicts(&self, other: &Self) -> bool {
        // A forced value stands over one that only fills.
        self.force == other.force
            && (self.path.starts_with(&other.path) || other.path.starts_with(&self.path))
            && (self.path != other.path || self.text != other.text)
    }

    /// Writes the value.
    pub(super) fn apply(&self, document: &mut Document<'_>) {
        write(document.root_mut(), "", &self.path, &self.value);
    }

    /// The parts by which rewritings are ordered.
    pub(super) fn key(&self) -> (&[String], bool, &str) {
        (&self.path, self.force, &self.text)
    }
}

fn write(target: &mut Value<'_>, parent: &str, path: &[String], value: &Value<'static>) {
    let Some((name, rest)) = path.split_first() else {
        *target = value.clone();
        return;
    };
    let is_map = MAPS.contains(&parent);
    let old = if is_map {
        target.entry(name).cloned()
    } else {
        target.field(name).cloned()
    };
    let mut inner = if rest.is_empty() {
        Value::Null
    } else {
        old.unwrap_or(Value::Null)
    };
    write(&mut inner, name, rest, value);
    if is_map {
        target.set_entry(name.clone(), inner);
    } else {
        target.set_field(name.clone(), inner);
    }
}

/// Whether the engine cannot tell the value from one that was not sent. The docker CLI sends every field of a
/// container, most of them so.
fn is_zero(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(digits) => digits.parse() == Ok(0.0_f64),
        Value::Text(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

/// Reads the mapping below `set:` or `force:`.
pub(super) fn read(
    reader: &mut Reader<'_, '_>,
    node: &Node,
    key: &str,
    force: bool,
    out: &mut Vec<Rewriting>,
) {
    let before = out.len();
    for entry in reader.map(node, key).unwrap_or_default() {
        let path: Vec<String> = entry.key.split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) || entry.key.contains(['[', ']']) {
            reader.error_help(
                entry.span,
                format!("{} is no path of a field", quote(&entry.key)),
                "write `HostConfig.Memory`; a name with a dot in it stands one level below: `Labels: {com.example.team: ci}`",
            );
            continue;
        }
        fields(reader, path, &entry.value, entry.span, force, out);
    }
    if out.len() == before && !reader.diagnostics.has_errors() {
        reader.error(node.span, format!("`{key}` has no fields"));
    }
}

fn fields(
    reader: &mut Reader<'_, '_>,
    path: Vec<String>,
    node: &Node,
    span: Span,
    force: bool,
    out: &mut Vec<Rewriting>,
) {
    if let Data::Map(entries) = &node.data
        && !entries.is_empty()
    {
        for entry in entries {
            let mut path = path.clone();
            path.push(entry.key.clone());
            fields(reader, path, &entry.value, entry.span, force, out);
        }
        return;
    }
    let value = json(node);
    let mut text = Vec::new();
    Document::new(value.clone()).write(&mut text);
    let rewriting = Rewriting {
        place: place(&path),
        path,
        force,
        text: String::from_utf8_lossy(&text).into_owned(),
        value,
        span,
    };
    if out
        .iter()
        .any(|other| other.force == force && rewriting.path == other.path)
    {
        reader.error(
            span,
            format!("`{}` is written a second time", rewriting.place),
        );
    } else {
        out.push(rewriting);
    }
}

/// A path as demands write their places: the key of a map stands in brackets.
fn place(path: &[String]) -> String {
    let mut place = String::new();
    let mut parent = "";
    for segment in path {
        if MAPS.contains(&parent) {
            place.extend(["[", &format!("{segment:?}"), "]"]);
        } else {
            if !place.is_empty() {
                place.push('.');
            }
            place.push_str(segment);
        }
        parent = segment;
    }
    place
}

/// A value of the file as JSON. An amount of bytes with its unit is a number.
fn json(node: &Node) -> Value<'static> {
    match &node.data {
        Data::Scalar { .. } if node.is_null() => Value::Null,
        Data::Scalar { text, plain: false } => Value::text(text.clone()),
        Data::Scalar { text, plain: true } => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            text => {
                if let Some(bytes) = quantity::bytes_with_unit(text) {
                    return Value::Number(bytes.to_string().into());
                }
                let digits = text.strip_prefix('-').unwrap_or(text);
                let number = digits.bytes().all(|b| b.is_ascii_digit())
                    && !digits.is_empty()
                    && digits.len() < 19
                    && (digits == "0" || !digits.starts_with('0'));
                if number {
                    Value::Number(text.to_owned().into())
                } else {
                    Value::text(text.to_owned())
                }
            }
        },
        Data::List(items) => Value::Array(items.iter().map(json).collect()),
        Data::Map(entries) => {
            let mut object = Value::Object(Vec::new());
            for entry in entries {
                object.set_entry(entry.key.clone(), json(&entry.value));
            }
            object
        }
    }
}

/// Tells which fields the operation does not have: the engine would ignore them, and the author's intent with
/// them. The demands of a document with nothing else in it say so.
pub(super) fn check(
    reader: &mut Reader<'_, '_>,
    operations: &[&'static Operation],
    rewritings: &[Rewriting],
) {
    let Some(first) = rewritings.first() else {
        return;
    };
    let [operation] = operations else {
        reader.error_help(
            first.span,
            "`set` and `force` need a rule for one operation",
            "write the rule for `ContainerCreate`, `ServiceCreate` or another operation with a JSON body",
        );
        return;
    };
    if operation.body != BodyKind::Json {
        reader.error(
            first.span,
            format!("`{}` has no JSON body to write to", operation.name),
        );
        return;
    }
    for rewriting in rewritings {
        let mut document = Document::new(Value::Object(Vec::new()));
        rewriting.apply(&mut document);
        let call = Call {
            route: Route::Known(operation, [const { std::borrow::Cow::Borrowed("") }; 2]),
            version: None,
            query: Query::default(),
            upgrade: None,
        };
        match demand::of(&call, Some(&document)) {
            Err(problem) => reader.error(rewriting.span, problem.to_string()),
            Ok(demands) => {
                if let Some(unknown) = demands.iter().find(|d| d.kind == Kind::UnknownField) {
                    reader.error(
                        rewriting.span,
                        format!(
                            "`{}` has no field {}",
                            operation.name,
                            quote(&unknown.place.text())
                        ),
                    );
                }
            }
        }
    }
}

impl Rule {
    /// Whether the rule writes a label that `matcher` matches.
    pub(super) fn writes_label(&self, matcher: &Matcher, number: usize) -> bool {
        self.rewriting.iter().any(|rewriting| {
            let [.., parent, key] = rewriting.path.as_slice() else {
                return false;
            };
            parent == "Labels"
                && rewriting
                    .value
                    .as_str()
                    .is_some_and(|value| matcher.rules_for(&format!("{key}={value}")).has(number))
        })
    }
}
