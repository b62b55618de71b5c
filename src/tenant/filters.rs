//! The `filters` parameter: a map from a filter's name to its values.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::swarm::{SERVICE_NAME, TASK_NAME};
use super::{LABEL_PREFIX, OWNER_LABEL, Refusal, Tenant};
use crate::api::Call;
use crate::api::json::{Document, Value};

/// Filters, in one form for the two that clients write: `{"label": ["a"]}` and `{"label": {"a": true}}`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Filters(BTreeMap<String, BTreeSet<String>>);

impl Filters {
    /// Reads a call's filters.
    pub(super) fn of(call: &Call<'_>) -> Result<Self, Refusal> {
        match call.parameter("filters") {
            None | Some("") => Ok(Self::default()),
            Some(text) => Self::parse(text),
        }
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        let bad = |reason: String| Refusal::Malformed {
            name: "filters",
            reason,
        };
        let document = Document::parse(text.as_bytes()).map_err(|error| bad(error.to_string()))?;
        let members = match document.root() {
            Value::Null => return Ok(Self::default()),
            Value::Object(members) => members,
            Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Array(_) => {
                return Err(bad("it is no map".to_owned()));
            }
        };
        let mut filters = Self::default();
        for member in members {
            let values = filters
                .0
                .entry(member.name.clone().into_owned())
                .or_default();
            match &member.value {
                Value::Array(items) => {
                    for item in items {
                        let text = item.as_str().ok_or_else(|| {
                            bad(format!("`{}` holds what is no text", member.name))
                        })?;
                        values.insert(text.to_owned());
                    }
                }
                Value::Object(entries) => {
                    for entry in entries {
                        // What a map's `false` means has differed from engine to engine.
                        if entry.value.as_bool() != Some(true) {
                            return Err(bad(format!("a value of `{}` is not true", member.name)));
                        }
                        values.insert(entry.name.clone().into_owned());
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
                    return Err(bad(format!(
                        "`{}` is neither a list nor a map",
                        member.name
                    )));
                }
            }
        }
        filters.check_labels()?;
        Ok(filters)
    }

    fn check_labels(&self) -> Result<(), Refusal> {
        let labels = self
            .0
            .iter()
            .filter(|(name, _)| name.starts_with("label"))
            .flat_map(|(_, values)| values);
        for label in labels {
            if label.trim_start().starts_with(LABEL_PREFIX) {
                return Err(Refusal::Reserved(label.clone()));
            }
        }
        Ok(())
    }

    /// Lets through what is the tenant's, and nothing else.
    pub(super) fn add_owner(&mut self, tenant: &Tenant) {
        self.add("label", format!("{OWNER_LABEL}={}", tenant.name()));
    }

    pub(super) fn add(&mut self, name: &str, value: String) {
        self.0.entry(name.to_owned()).or_default().insert(value);
    }

    /// Takes the values of `name` out.
    pub(super) fn take(&mut self, name: &str) -> BTreeSet<String> {
        self.0.remove(name).unwrap_or_default()
    }

    /// Whether `value` passes the filter `name`.
    pub(super) fn may_be(&self, name: &str, value: &str) -> bool {
        let values = self.0.get(name);
        values.is_none_or(|values| values.is_empty() || values.contains(value))
    }

    /// Adds the engine's names to the values of `name`, which name objects or the beginnings of their identifiers.
    pub(super) fn add_names(&mut self, name: &str, tenant: &Tenant) {
        if let Some(values) = self.0.get_mut(name) {
            let named: Vec<String> = values
                .iter()
                .map(|value| value.strip_prefix('/').unwrap_or(value))
                .flat_map(|value| [tenant.engine_name(value), tenant.swarm_name(value)])
                .collect();
            values.extend(named);
        }
    }

    /// Names services and tasks in the values of `label` as the engine does.
    pub(super) fn name_tasks(&mut self, tenant: &Tenant) {
        if let Some(values) = self.0.get_mut("label") {
            *values = std::mem::take(values)
                .into_iter()
                .map(|label| match label.split_once('=') {
                    Some((name @ (SERVICE_NAME | TASK_NAME), value)) => {
                        format!("{name}={}", tenant.swarm_name(value))
                    }
                    Some(_) | None => label,
                })
                .collect();
        }
    }

    /// Takes the `name` filter out: the engine would compare its values with names that the tenant does not know. A
    /// value that is no expression matches nothing, as it does for the engine.
    pub(super) fn take_names(&mut self) -> Result<Vec<Regex>, Refusal> {
        self.take("name")
            .iter()
            .map(|value| {
                Regex::new(value).map_err(|error| Refusal::Malformed {
                    name: "filters",
                    reason: format!("`{value}` is no expression: {error}"),
                })
            })
            .collect()
    }

    /// Gives the call these filters in place of its own.
    pub(super) fn write(&self, call: &mut Call<'_>) {
        call.set_parameter("filters", self.to_string());
    }
}

impl std::fmt::Display for Filters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut root = serde_json::Map::new();
        for (name, values) in &self.0 {
            let values: serde_json::Map<_, _> = values
                .iter()
                .map(|value| (value.clone(), serde_json::Value::Bool(true)))
                .collect();
            root.insert(name.clone(), values.into());
        }
        serde_json::Value::Object(root).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::tenant;
    use super::*;

    #[test]
    fn both_forms_read_alike() {
        let list = Filters::parse(r#"{"label":["a=b","c"],"status":["exited"]}"#).unwrap();
        let map =
            Filters::parse(r#"{"status":{"exited":true},"label":{"c":true,"a=b":true}}"#).unwrap();
        assert_eq!(list, map);
        assert_eq!(
            list.to_string(),
            r#"{"label":{"a=b":true,"c":true},"status":{"exited":true}}"#
        );
        assert_eq!(Filters::parse("null").unwrap(), Filters::default());
    }

    #[test]
    fn what_has_no_one_reading_is_refused() {
        for text in [
            "[]",
            "x",
            r#"{"a":"b"}"#,
            r#"{"a":{"b":false}}"#,
            r#"{"a":[1]}"#,
            r#"{"a":[],"a":["b"]}"#,
        ] {
            assert!(
                matches!(Filters::parse(text), Err(Refusal::Malformed { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn the_gates_labels_cannot_be_filtered_by() {
        for text in [
            r#"{"label":["io.doodgate.tenant=b"]}"#,
            r#"{"label!":["io.doodgate.tenant"]}"#,
            r#"{"label":{" io.doodgate.x":true}}"#,
        ] {
            assert!(
                matches!(Filters::parse(text), Err(Refusal::Reserved(_))),
                "{text}"
            );
        }
        assert!(Filters::parse(r#"{"label":["io.doodgates"]}"#).is_ok());
    }

    #[test]
    fn names_are_added_and_the_owner_is() {
        let mut filters =
            Filters::parse(r#"{"volume":["db"],"name":["^w","/x"],"label":["a"]}"#).unwrap();
        filters.add_owner(&tenant("acme"));
        filters.add_names("volume", &tenant("acme"));
        assert_eq!(filters.take_names().unwrap().len(), 2);
        assert_eq!(
            filters.to_string(),
            r#"{"label":{"a":true,"io.doodgate.tenant=acme":true},"volume":{"acme.db":true,"acme__db":true,"db":true}}"#
        );
    }
}
