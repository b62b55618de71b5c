//! The gate's labels in the documents that clients send.

use super::{LABEL_PREFIX, OWNER_LABEL, Refusal, Tenant};
use crate::api::json::Value;

/// Refuses labels that are the gate's, in an object of labels.
pub(super) fn check(labels: Option<&Value<'_>>) -> Result<(), Refusal> {
    let members = labels.and_then(Value::as_object).unwrap_or_default();
    match members
        .iter()
        .find(|member| member.name.trim_start().starts_with(LABEL_PREFIX))
    {
        Some(member) => Err(Refusal::Reserved(member.name.clone().into_owned())),
        None => Ok(()),
    }
}

/// Gives `owner` a field `Labels` that says whose it is, and whatever else the gate has to say.
///
/// # Errors
/// When the client has set a label of the gate's.
pub(super) fn stamp(
    owner: &mut Value<'_>,
    tenant: &Tenant,
    more: &[(&'static str, String)],
) -> Result<(), Refusal> {
    check(owner.field("Labels"))?;
    let mut labels = owner
        .field_mut("Labels")
        .map_or(Value::Null, std::mem::take);
    labels.set_entry(OWNER_LABEL, Value::text(tenant.name().to_owned()));
    for (name, value) in more {
        labels.set_entry(*name, Value::text(value.clone()));
    }
    owner.set_field("Labels", labels);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::tenant;
    use super::*;
    use crate::api::json::Document;

    fn stamped(text: &str) -> Result<String, Refusal> {
        let mut document = Document::parse(text.as_bytes()).unwrap();
        stamp(
            document.root_mut(),
            &tenant("acme"),
            &[("io.doodgate.pids", "7".to_owned())],
        )?;
        let mut out = Vec::new();
        document.write(&mut out);
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn labels_are_stamped_whatever_was_there() {
        for text in ["{}", r#"{"Labels":null}"#, r#"{"labels":{}}"#] {
            assert_eq!(
                stamped(text).unwrap(),
                r#"{"Labels":{"io.doodgate.tenant":"acme","io.doodgate.pids":"7"}}"#,
                "{text}"
            );
        }
        assert_eq!(
            stamped(r#"{"Labels":{"a":"b"}}"#).unwrap(),
            r#"{"Labels":{"a":"b","io.doodgate.tenant":"acme","io.doodgate.pids":"7"}}"#
        );
    }

    #[test]
    fn the_gates_labels_are_refused() {
        for text in [
            r#"{"Labels":{"io.doodgate.tenant":"other"}}"#,
            r#"{"labels":{"a":"b","io.doodgate.anything":""}}"#,
        ] {
            assert!(matches!(stamped(text), Err(Refusal::Reserved(_))), "{text}");
        }
    }
}
