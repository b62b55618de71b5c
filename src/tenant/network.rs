//! Networks of the tenant's own.

use super::facts::Network;
use super::name::SERVICE_NETWORK;
use super::scene::Scene;
use super::swarm::{self, Swarm};
use super::{DEFAULT_NETWORK, Refusal, Stop, create, labels};
use crate::api::json::Value;
use crate::api::{Call, OperationId, segment};
use crate::policy::Counted;

/// Makes a new network the tenant's.
pub(super) fn create(scene: &Scene<'_>, root: &mut Value<'_>) -> Result<(), Stop> {
    let name = root
        .field("Name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if matches!(
        &*name,
        DEFAULT_NETWORK | SERVICE_NETWORK | "default" | "host" | "none"
    ) {
        return Err(Refusal::PredefinedCreate(name).into());
    }
    if name.trim().is_empty() {
        return Err(Refusal::Malformed {
            name: "Name",
            reason: "a network has a name".to_owned(),
        }
        .into());
    }
    let from = root
        .field("ConfigFrom")
        .and_then(|from| from.field("Network"))
        .and_then(Value::as_str);
    if from.is_some_and(|from| !from.is_empty()) {
        return Err(Refusal::Way {
            what: "`ConfigFrom`".to_owned(),
            why: "the network that it names may be somebody else's",
        }
        .into());
    }
    let overlay = reach(root)?;
    labels::stamp(root, scene.tenant, &[])?;
    let (dotted, swarm) = (
        scene.tenant.engine_name(&name),
        scene.tenant.swarm_name(&name),
    );
    let (engine_name, other) = if overlay {
        (swarm::engine_name(scene, &name, Swarm::Service)?, dotted)
    } else {
        (dotted, swarm)
    };
    // The tenant knows both by one name.
    let there: Option<Network> = scene
        .facts
        .find(&format!("/networks/{}", segment(&other)))?;
    if there.is_some_and(|there| there.name == other) {
        return Err(Refusal::NetworkExists(name).into());
    }
    scene.claim(&[(Counted::Networks, 1)])?;
    root.set_field("Name", Value::text(engine_name));
    // Engines before 25 make a second network of the same name otherwise.
    root.set_field("CheckDuplicate", Value::Bool(true));
    Ok(())
}

/// Whether a network is the swarm's. Refuses one that would lie on an interface of the host's, or on numbers that the
/// swarm gives: either may be another's.
fn reach(root: &Value<'_>) -> Result<bool, Refusal> {
    const BRIDGE_NAME: &str = "com.docker.network.bridge.name";
    const OVERLAY_OPTIONS: [&str; 2] = ["encrypted", "com.docker.network.driver.mtu"];
    let text = |field| {
        root.field(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (driver, scope) = (text("Driver"), text("Scope"));
    let overlay = driver == "overlay";
    let way = |what: String, why| Err(Refusal::Way { what, why });
    if !matches!(driver, "" | "bridge" | "overlay") {
        return way(
            format!("a network with the driver `{driver}`"),
            "it may lie on another's; a tenant's networks are bridges and overlays of their own",
        );
    }
    if !overlay && !matches!(scope, "" | "local") {
        return way(
            format!("a network of the scope `{scope}`"),
            "a bridge on every node takes its settings from what may be another's",
        );
    }
    if root.field("Ingress").and_then(Value::as_bool) == Some(true) {
        return way(
            "an ingress network".to_owned(),
            "the swarm has one, for everybody's ports",
        );
    }
    let options = root.field("Options").and_then(Value::as_object);
    for option in options.unwrap_or_default() {
        if overlay && !OVERLAY_OPTIONS.contains(&&*option.name) {
            return way(
                format!("the option `{}` of an overlay", option.name),
                "it may name what is another's",
            );
        }
        if option.name == BRIDGE_NAME {
            return way(
                format!("`{BRIDGE_NAME}`"),
                "the bridge that it names may be another's",
            );
        }
    }
    Ok(overlay)
}

/// Puts an own container on an own network, or takes it off.
pub(super) fn join(
    scene: &Scene<'_>,
    call: &mut Call<'_>,
    root: &mut Value<'_>,
) -> Result<(), Stop> {
    let term = call.object().unwrap_or_default();
    // On the engine's own `host` and `none` others may be, who would be seen.
    let id = if matches!(term, "host" | "none") {
        term.to_owned()
    } else {
        scene.network(term)?.0
    };
    let term = root
        .field("Container")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let container = scene.container(term)?;
    root.set_field("Container", Value::text(container.id));
    if call.operation().map(|operation| operation.id) == Some(OperationId::NetworkConnect)
        && !matches!(&*id, "host" | "none")
    {
        let endpoint = root
            .field_mut("EndpointConfig")
            .map_or(Value::Null, std::mem::take);
        root.set_field(
            "EndpointConfig",
            create::endpoint(endpoint, &container.name),
        );
    }
    call.set_object(id);
    Ok(())
}
