//! The names of a tenant's objects: plain as the tenant writes them, and as the engine knows them.

/// What a tenant calls its default network: what containers are on that name no other.
pub const DEFAULT_NETWORK: &str = "bridge";

/// What a tenant calls the network that its services are on where they name no other.
pub(super) const SERVICE_NETWORK: &str = "ingress";

/// The name that the engine knows a container, a volume or a network of its own by: the tenant's name, a dot, and the
/// plain name. Since no tenant's name holds a dot, no two tenants and no two plain names share one.
pub fn engine_name(tenant: &str, plain: &str) -> String {
    format!("{tenant}.{plain}")
}

/// What the names of a tenant's objects in a swarm begin with: services, secrets, configs and the swarm's networks.
///
/// Swarms take no dot in the names of services and networks, and compare names without regard to case (swarmkit,
/// `manager/controlapi/common.go` and `manager/state/store`). A tenant's name that has other characters than lower-case
/// letters, digits and `-` is written in hexadecimal digits; the first `_` ends the tenant's part in either form.
pub(super) fn swarm_prefix(tenant: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if tenant.bytes().all(plain) {
        return format!("{tenant}__");
    }
    let digits: Vec<String> = tenant.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{}_-", digits.concat())
}

/// The plain name of what [`engine_name`] gave the tenant, or what begins with its prefix in a swarm; `None` for every
/// other name.
pub fn plain_name<'n>(tenant: &str, name: &'n str) -> Option<&'n str> {
    plain(tenant, &swarm_prefix(tenant), name)
}

/// The same, where the prefix is at hand.
pub(super) fn plain<'n>(tenant: &str, swarm: &str, name: &'n str) -> Option<&'n str> {
    let dotted = || name.strip_prefix(tenant)?.strip_prefix('.');
    name.strip_prefix(swarm)
        .or_else(dotted)
        .filter(|plain| !plain.is_empty())
}

/// The plain name of an own container, which is the tenant's by a name that nobody else can give: `name` is what the
/// engine lists, without the slash. A name with an alias behind it is a link to another container.
pub(super) fn plain_container<'n>(tenant: &str, swarm: &str, name: &'n str) -> Option<&'n str> {
    let plain = match name.strip_prefix(swarm) {
        Some(plain) => is_task(plain).then_some(plain)?,
        None => name.strip_prefix(tenant)?.strip_prefix('.')?,
    };
    (!plain.is_empty() && !plain.contains('/')).then_some(plain)
}

/// Whether a plain name is one that the engine gives to the container of a service's task: the service's, the slot's or
/// the node's, and the task's identifier (moby, `daemon/cluster/executor/container/container.go`).
pub(super) fn is_task(plain: &str) -> bool {
    let parts: Vec<&str> = plain.split('.').collect();
    match parts.as_slice() {
        [service, slot, task] => !service.is_empty() && !slot.is_empty() && is_swarm_id(task),
        _ => false,
    }
}

/// Whether a text is a whole identifier of an object in a swarm (swarmkit, `identity/randomid.go`).
pub(super) fn is_swarm_id(text: &str) -> bool {
    text.len() == 25 && begins_swarm_id(text)
}

/// Whether a text could begin one.
pub(super) fn begins_swarm_id(text: &str) -> bool {
    (1..=25).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str = "0123456789abcdefghijklmno";

    #[test]
    fn names_go_out_and_come_back() {
        for tenant in ["a", "team-1", "a_b", "A", "a-"] {
            for plain in ["db", "a.b", "project-db-1", ".", "bridge", "\u{e4}"] {
                let name = engine_name(tenant, plain);
                assert_eq!(plain_name(tenant, &name), Some(plain));
                assert_eq!(plain_name("x", &name), None);
                let name = format!("{}{plain}", swarm_prefix(tenant));
                assert_eq!(plain_name(tenant, &name), Some(plain));
                assert_eq!(plain_name("x", &name), None);
            }
        }
    }

    #[test]
    fn no_tenants_names_are_anothers() {
        assert_eq!(plain_name("a", "ab.c"), None);
        assert_eq!(plain_name("ab", "a.b"), None);
        assert_eq!(plain_name("a", "a"), None);
        assert_eq!(plain_name("a", "a."), None);
        assert_eq!(plain_name("a", "A.b"), None);
        assert_eq!(plain_name("a", "a__"), None);
        assert_eq!(plain_name("a", "a_-b"), None);
        // Whatever stands behind a prefix, and however a swarm compares it, no other tenant's name begins so.
        let tenants = [
            "a", "A", "a_", "a__b", "a-", "-a", "61", "a_b", "aB", "61_-",
        ];
        for one in tenants {
            for other in tenants.into_iter().filter(|other| *other != one) {
                let name = format!("{}b__c", swarm_prefix(one)).to_ascii_lowercase();
                assert!(
                    !name.starts_with(&swarm_prefix(other)),
                    "{name} of {one}, {other}"
                );
            }
        }
    }

    #[test]
    fn tasks_have_names_of_their_own() {
        let task = format!("web.1.{TASK}");
        let global = format!("web.{TASK}.{TASK}");
        let container = |name: &str| plain_container("a", "a__", name).map(str::to_owned);
        for plain in [&task, &global] {
            assert!(is_task(plain));
            assert_eq!(container(&format!("a__{plain}")).as_ref(), Some(plain));
        }
        for plain in [
            "web",
            "web.1",
            "web.1.2",
            "web..x",
            &format!("a.b.1.{TASK}"),
        ] {
            assert!(!is_task(plain), "{plain}");
            assert_eq!(container(&format!("a__{plain}")), None, "{plain}");
        }
        assert_eq!(container("a.web").as_deref(), Some("web"));
        assert_eq!(container("a.web/db"), None);
        assert_eq!(container("b.web"), None);
    }
}
