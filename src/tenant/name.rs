//! The names of containers, volumes and networks: plain as the tenant writes them, and as the engine knows them.

/// What a tenant calls its default network: what containers are on that name no other.
pub const DEFAULT_NETWORK: &str = "bridge";

/// The name that the engine knows: the tenant's name, a dot, and the plain name. Since no tenant's name holds a dot,
/// no two tenants and no two plain names share one.
pub fn engine_name(tenant: &str, plain: &str) -> String {
    format!("{tenant}.{plain}")
}

/// The plain name of what [`engine_name`] gave the tenant; `None` for every other name.
pub fn plain_name<'n>(tenant: &str, name: &'n str) -> Option<&'n str> {
    name.strip_prefix(tenant)?
        .strip_prefix('.')
        .filter(|plain| !plain.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_out_and_come_back() {
        for tenant in ["a", "team-1", "a_b"] {
            for plain in ["db", "a.b", "project-db-1", ".", "bridge", "\u{e4}"] {
                let name = engine_name(tenant, plain);
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
    }
}
