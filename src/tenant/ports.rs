//! Host ports that a new container publishes.

use super::facts::InspectedImage;
use super::refusal::Refusal;
use super::usage::count;
use super::{Stop, Tenant};
use crate::api::json::Value;
use crate::policy::{Counted, PortRange};

/// Lets a container publish host ports of the tenant's range alone, where it has one, and answers how many it
/// publishes at most. Where the engine would choose a port, it chooses one of the range.
pub(super) fn publish(
    tenant: &Tenant,
    root: &Value<'_>,
    host: &mut Value<'_>,
    image: Option<&InspectedImage>,
) -> Result<u64, Stop> {
    let mut bindings = match host.field("PortBindings") {
        Some(bindings @ Value::Object(_)) => bindings.clone(),
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Array(_),
        )
        | None => Value::Object(Vec::new()),
    };
    // The engine publishes what is exposed and not bound when it starts; what that will be is known now.
    let all = host.field("PublishAllPorts").and_then(Value::as_bool) == Some(true);
    if all {
        for port in exposed(root, image) {
            let bound = bindings.entry(&port).and_then(Value::as_array);
            if bound.is_none_or(<[_]>::is_empty) {
                bindings.set_entry(port, Value::Array(vec![Value::Object(Vec::new())]));
            }
        }
    }
    let quota = tenant.quota();
    let mut published = 0_usize;
    if let Value::Object(ports) = &mut bindings {
        for port in ports {
            if let Value::Array(bound) = &mut port.value {
                published = published.saturating_add(bound.len());
                for binding in bound {
                    restrict(binding, quota.port_range)?;
                }
            }
        }
    }
    let limited = quota.port_range.is_some() || quota.limit(Counted::Ports).is_some();
    if limited && published > 0 {
        host.set_field("PortBindings", bindings);
    }
    if limited && all {
        host.set_field("PublishAllPorts", Value::Bool(false));
    }
    Ok(count(published))
}

/// The ports that a container exposes by itself or by its image, each with its protocol.
fn exposed(root: &Value<'_>, image: Option<&InspectedImage>) -> Vec<String> {
    let own = root.field("ExposedPorts").and_then(Value::as_object);
    let own = own.unwrap_or_default().iter().map(|port| &*port.name);
    let built_in = image
        .and_then(|image| image.config.as_ref())
        .and_then(|config| config.exposed_ports.as_ref());
    let built_in = built_in
        .into_iter()
        .flatten()
        .map(|(port, _)| port.as_str());
    let mut ports: Vec<String> = own
        .chain(built_in)
        .map(|port| match port.split_once('/') {
            Some(_) => port.to_owned(),
            None => format!("{port}/tcp"),
        })
        .collect();
    ports.sort();
    ports.dedup();
    ports
}

/// Keeps one binding within the range.
fn restrict(binding: &mut Value<'_>, range: Option<PortRange>) -> Result<(), Refusal> {
    let Some(range) = range else { return Ok(()) };
    let asked = binding
        .field("HostPort")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .trim();
    if matches!(asked, "" | "0") {
        if !matches!(binding, Value::Object(_)) {
            *binding = Value::Object(Vec::new());
        }
        binding.set_field("HostPort", Value::text(range.to_string()));
        return Ok(());
    }
    match PortRange::parse(asked) {
        Some(wanted) if range.holds(wanted) => Ok(()),
        Some(_) | None => Err(Refusal::PortRange {
            asked: asked.to_owned(),
            range,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::api::json::Document;
    use crate::policy::{Quota, Tenancy};

    fn published(quota: Quota, host: &str) -> Result<(u64, String), String> {
        let mut tenancy = Tenancy::of("acme");
        tenancy.quota = quota;
        let root = Document::parse(br#"{"ExposedPorts":{"80/tcp":{},"53":{}}}"#).unwrap();
        let mut host = Document::parse(host.as_bytes()).unwrap();
        let tenant = Tenant::new(Arc::new(tenancy));
        match publish(&tenant, root.root(), host.root_mut(), None) {
            Ok(count) => {
                let mut out = Vec::new();
                host.write(&mut out);
                Ok((count, String::from_utf8(out).unwrap()))
            }
            Err(Stop::Refuse(refusal)) => Err(refusal.to_string()),
            Err(stop) => panic!("{stop:?}"),
        }
    }

    #[test]
    fn ports_are_counted_and_kept_within_the_range() {
        let ranged = || {
            let mut quota = Quota::default();
            quota.port_range = PortRange::parse("300-310");
            quota
        };
        for (host, count, written) in [
            ("{}", 0, "{}"),
            (
                r#"{"PortBindings":{"80/tcp":[{"HostPort":""},{"HostPort":"301"}],"81/tcp":null}}"#,
                2,
                r#"{"PortBindings":{"80/tcp":[{"HostPort":"300-310"},{"HostPort":"301"}],"81/tcp":null}}"#,
            ),
            (
                r#"{"PortBindings":{"80/tcp":[{"HostIp":"::1","HostPort":"300-301"}]},"PublishAllPorts":true}"#,
                2,
                r#"{"PortBindings":{"80/tcp":[{"HostIp":"::1","HostPort":"300-301"}],"53/tcp":[{"HostPort":"300-310"}]},"PublishAllPorts":false}"#,
            ),
        ] {
            let (counted, became) = published(ranged(), host).unwrap();
            let parsed = |text: &str| text.parse::<serde_json::Value>().unwrap();
            assert_eq!(counted, count, "{host}");
            assert_eq!(parsed(&became), parsed(written), "{host}");
        }
        for port in ["8080", "299-301", "310-311", "x", "-1"] {
            let host = format!(r#"{{"PortBindings":{{"80/tcp":[{{"HostPort":"{port}"}}]}}}}"#);
            let refused = published(ranged(), &host).unwrap_err();
            assert!(
                refused.contains(port) && refused.contains("300-310"),
                "{refused}"
            );
        }
        let free = r#"{"PublishAllPorts":true}"#;
        let unlimited = published(Quota::default(), free).unwrap();
        assert_eq!(unlimited, (2, free.to_owned()));
        let counted = Quota::default().with(Counted::Ports, 5);
        assert_eq!(published(counted, free).unwrap().0, 2);
    }
}
