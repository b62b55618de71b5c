//! What names stand for in the engine, for who reads the records: objects by their ids, and clients' containers by their
//! names.

use std::time::Duration;

use super::engine::Engine;
use crate::api::json::{Document, Value};
use crate::api::{Call, Route};
use crate::observe::{Client, Exchange};

/// How long a client's first request may wait for the name of its container.
const NAME_TIME: Duration = Duration::from_millis(500);

/// Notes the object that an inspection found: `target` is the gate's own `GET`, `found` the engine's answer to it, and
/// `plain` makes of a name there what the client calls it.
pub(super) fn note(
    target: &str,
    found: &Value<'_>,
    plain: impl Fn(&str) -> String,
    exchange: &mut Exchange,
) {
    let path = target.split('?').next().unwrap_or_default();
    let Some((kind, name)) = inspected(path) else {
        return;
    };
    // Volumes have no ids; a command is told by the container that it runs in.
    let id = ["ContainerID", "Id", "Name"]
        .iter()
        .find_map(|field| found.field(field).and_then(Value::as_str));
    if let Some(id) = id {
        exchange.resolved(kind, &plain(name), id);
    }
}

/// The kind and the name in the path of an inspection.
fn inspected(path: &str) -> Option<(&'static str, &str)> {
    let mut rest = path.strip_prefix('/')?;
    if rest.starts_with("v1.") {
        rest = rest.split_once('/')?.1;
    }
    let (family, name) = rest.split_once('/')?;
    let name = match family {
        "containers" | "exec" | "images" => name.strip_suffix("/json")?,
        _ => name,
    };
    Some((kind(family)?, name)).filter(|(_, name)| !name.is_empty())
}

fn kind(family: &str) -> Option<&'static str> {
    match family {
        "containers" | "exec" => Some("container"),
        "images" => Some("image"),
        "networks" => Some("network"),
        "volumes" => Some("volume"),
        "services" => Some("service"),
        "tasks" => Some("task"),
        "secrets" => Some("secret"),
        "configs" => Some("config"),
        _ => None,
    }
}

/// Notes what the object of a call became on its way to the engine.
pub(super) fn note_object(received: &Call<'_>, sent: &Call<'_>, exchange: &mut Exchange) {
    let Route::Known(operation, _) = &received.route else {
        return;
    };
    let family = operation.template.split('/').nth(1).unwrap_or_default();
    if let (Some(name), Some(id), Some(kind)) = (received.object(), sent.object(), kind(family))
        && name != id
    {
        exchange.resolved(kind, name, id);
    }
}

/// Learns the name of the container that a client is in, where that is written down and nobody has asked a moment ago. An
/// engine that does not answer at once is not waited for.
pub(super) async fn name_client(engine: &Engine, client: &Client) {
    let Some(id) = client.nameless() else {
        return;
    };
    let target = format!("/containers/{id}/json");
    let asked = tokio::time::timeout(NAME_TIME, engine.get(&target)).await;
    let body = match asked {
        Ok(Ok((status, body))) if status == 200 => body,
        Ok(Ok(_) | Err(_)) | Err(_) => return client.named(None),
    };
    let document = Document::parse(&body).ok();
    let name = document
        .as_ref()
        .and_then(|document| document.root().field("Name"))
        .and_then(Value::as_str)
        .map(|name| name.strip_prefix('/').unwrap_or(name));
    client.named(name);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_inspections() {
        for (path, found) in [
            ("/v1.41/containers/web/json", Some(("container", "web"))),
            ("/containers/a.web/json", Some(("container", "a.web"))),
            ("/exec/0a/json", Some(("container", "0a"))),
            ("/images/a/b:c/json", Some(("image", "a/b:c"))),
            ("/networks/n", Some(("network", "n"))),
            ("/v1.45/volumes/v", Some(("volume", "v"))),
            ("/containers/json", None),
            ("/networks", None),
            ("/info", None),
        ] {
            assert_eq!(inspected(path), found, "{path}");
        }
    }
}
