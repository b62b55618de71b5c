//! Networks and the endpoints of containers in them (moby api/types/network).

use crate::api::json::{Member, Value};
use crate::demand::Kind;
use crate::demand::normal;
use crate::demand::schema::{Field, Rule, Struct, TEXT_MAP, TEXTS, Type, field, plain, unread};
use crate::demand::walk::{Path, Walk};
use Rule::{Ask, By, Free, Tell};
use Type::{Bool, Int, Text};

/// `network.EndpointSettings` of a container's creation.
pub(super) static ENDPOINT: Struct =
    plain(&[ENDPOINT_FIELDS, &[field("NetworkID", Text, By(network_id))]]);

/// `network.EndpointSettings` of a connection, whose target is a network too: a rule about that one must not give another.
static CONNECTED: Struct = plain(&[
    ENDPOINT_FIELDS,
    &[field("NetworkID", Text, Ask(Kind::NetworkMode))],
]);

/// All but the network. The engine fills in the addresses itself; what a client copies from an inspection is ignored.
const ENDPOINT_FIELDS: &[Field] = &[
    field("IPAMConfig", Type::Struct(&ENDPOINT_IPAM), Free),
    field("Links", TEXTS, Ask(Kind::Link)),
    field("Aliases", TEXTS, Free),
    field("MacAddress", Text, Tell(Kind::Address)),
    field("DriverOpts", TEXT_MAP, Ask(Kind::NetworkOption)),
    field("GwPriority", Int, Free),
    field("EndpointID", Text, Free),
    field("Gateway", Text, Free),
    field("IPAddress", Text, Free),
    field("IPPrefixLen", Int, Free),
    field("IPv6Gateway", Text, Free),
    field("GlobalIPv6Address", Text, Free),
    field("GlobalIPv6PrefixLen", Int, Free),
    field("DNSNames", TEXTS, Free),
];

/// `network.EndpointIPAMConfig`.
static ENDPOINT_IPAM: Struct = plain(&[&[
    field("IPv4Address", Text, Tell(Kind::Address)),
    field("IPv6Address", Text, Tell(Kind::Address)),
    field("LinkLocalIPs", TEXTS, Tell(Kind::Address)),
]]);

/// `POST /networks/create`.
pub(super) static CREATE: Struct = plain(&[&[
    field("Name", Text, Free),
    field("CheckDuplicate", Bool, Free),
    field("Driver", Text, By(driver)),
    field("Scope", Text, By(scope)),
    field("EnableIPv4", Bool, Free),
    field("EnableIPv6", Bool, Free),
    field("IPAM", Type::Struct(&IPAM), Free),
    field("Internal", Bool, Free),
    field("Attachable", Bool, By(option)),
    field("Ingress", Bool, By(option)),
    field("ConfigOnly", Bool, By(option)),
    field("ConfigFrom", Type::Struct(&CONFIG_FROM), Free),
    field("Options", TEXT_MAP, By(options)),
    field("Labels", TEXT_MAP, Tell(Kind::Labels)),
]]);

/// `network.ConfigReference`.
static CONFIG_FROM: Struct = plain(&[&[field("Network", Text, By(config_from))]]);

/// `network.IPAM`.
static IPAM: Struct = plain(&[&[
    field("Driver", Text, By(ipam_driver)),
    field("Options", TEXT_MAP, Ask(Kind::NetworkOption)),
    field("Config", Type::Structs(&IPAM_CONFIG), Free),
]]);

/// `network.IPAMConfig`. The engine's host routes a subnet, and the rest lies inside it.
static IPAM_CONFIG: Struct = plain(&[&[
    field("Subnet", Text, Ask(Kind::Subnet)),
    field("IPRange", Text, Free),
    field("Gateway", Text, Free),
    field("AuxiliaryAddresses", TEXT_MAP, Free),
]]);

/// `POST /networks/{id}/connect`.
pub(super) static CONNECT: Struct = plain(&[&[
    field("Container", Text, By(container)),
    field("EndpointConfig", Type::Struct(&CONNECTED), Free),
    // Of a disconnection: go-dockerclient (`network.go`), which has one struct for both.
    unread("Force"),
    // The same once more: docker-java (`ConnectToNetworkCmdImpl.java`).
    unread("containerConfig"),
]]);

/// `POST /networks/{id}/disconnect`.
pub(super) static DISCONNECT: Struct = plain(&[&[
    field("Container", Text, By(container)),
    field("Force", Bool, Free),
]]);

/// The network that is joined in place of the one that the key names (moby `daemon/container_operations.go`,
/// `getNetworkID`). The id of the host's does not join its namespace: tried on 20.10 and 26.1.
fn network_id<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(id) = value.as_str().filter(|id| !id.is_empty()) {
        walk.join(id, path);
    }
}

/// The engine takes its name with and without a slash before it.
fn container<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(name) = value.as_str().filter(|name| !name.is_empty()) {
        let bare = name.strip_prefix('/').unwrap_or(name);
        walk.tell(Kind::Container, bare, path);
    }
}

fn driver<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(name) = value
        .as_str()
        .filter(|name| !matches!(*name, "" | "bridge"))
    {
        walk.ask(Kind::NetworkDriver, name, path);
    }
}

fn ipam_driver<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(name) = value
        .as_str()
        .filter(|name| !matches!(*name, "" | "default"))
    {
        walk.ask(Kind::NetworkOption, format!("ipam-driver={name}"), path);
    }
}

fn scope<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(scope) = value
        .as_str()
        .filter(|scope| !matches!(*scope, "" | "local"))
    {
        walk.ask(Kind::NetworkOption, format!("scope={scope}"), path);
    }
}

fn config_from<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(network) = value.as_str().filter(|network| !network.is_empty()) {
        walk.ask(Kind::NetworkOption, format!("config-from={network}"), path);
    }
}

/// A switch that is an option by its own name.
fn option<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let (Some(true), Path::Field(_, name)) = (value.as_bool(), path) {
        walk.ask(
            Kind::NetworkOption,
            format!("{}=true", name.to_ascii_lowercase()),
            path,
        );
    }
}

/// The bridge driver's options name host interfaces and addresses; two of them do not reach past the network.
fn options<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    for Member { name, value } in value.as_object().unwrap_or_default() {
        let harmless = [
            "com.docker.network.driver.mtu",
            "com.docker.network.bridge.enable_icc",
        ];
        if !harmless.contains(&&**name) {
            walk.ask(
                Kind::NetworkOption,
                normal::pair(name, value),
                &Path::Key(path, name),
            );
        }
    }
}
