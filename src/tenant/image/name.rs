//! The names of images: plain as a tenant writes them, and as the engine knows them.
//!
//! A name that is written without a registry stands for something only where it is written, and so each tenant has its
//! own: the engine knows it below a registry that cannot exist, since names in `.invalid` never resolve (RFC 2606). A
//! name with a registry means one thing to everybody, and stays as it is.

use std::borrow::Cow;

use crate::api::image::Reference;

/// The domain of all tenants' names: nobody writes to it but the gate.
const RESERVED: &str = "doodgate.invalid";

/// The most parts of a name without a registry: a filter of the engine's that finds all of a tenant's names has a
/// pattern for each number of parts.
pub(super) const MAX_PARTS: usize = 8;

/// The longest name with its registry, without tag and digest (distribution/reference, `NameTotalLengthMax`; engine 20.10
/// counts the registry).
const MAX_LENGTH: usize = 255;

/// What stands in front of an own name where it marks an image that is being pushed.
pub(super) const MARK: &str = "push.";

/// What the engine's names of a tenant's images begin with: a registry, and the slash behind it.
///
/// A tenant's name is a label of the registry's where it can be one, and in hexadecimal digits where it cannot: labels
/// have no `_`, do not end in `-`, and may be compared without regard to case.
pub(in crate::tenant) fn prefix(tenant: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if tenant.bytes().all(plain) && !tenant.ends_with('-') {
        return format!("{tenant}.tenant.{RESERVED}/");
    }
    let digits: Vec<String> = tenant.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{}.hex.{RESERVED}/", digits.concat())
}

/// Whether a name is, or could be mistaken for, one that the gate gave.
pub(in crate::tenant) fn is_reserved(name: &Reference) -> bool {
    let host = name.domain();
    let host = host.split(':').next().unwrap_or(host).to_ascii_lowercase();
    host.strip_suffix(RESERVED)
        .is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// The engine's name for what the tenant calls `name`; `None` where they are the same, and where the engine would not
/// take it.
pub(in crate::tenant) fn mapped(prefix: &str, name: &Reference) -> Option<Reference> {
    let parts = name.path().split('/').count();
    if !name.is_in_default_registry() || parts > MAX_PARTS {
        return None;
    }
    Reference::parse(&format!("{prefix}{}", name.familiar()))
        .ok()
        .filter(|mapped| {
            let length = mapped.clone().without_tag().to_string().len();
            length.saturating_add(MARK.len()) <= MAX_LENGTH
        })
}

/// `text` with plain names in it: the prefix is taken out wherever a name could begin.
pub(in crate::tenant) fn plain<'t>(prefix: &str, text: &'t str) -> Cow<'t, str> {
    if text.len() <= prefix.len() {
        return Cow::Borrowed(text);
    }
    let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '/');
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(prefix) {
        out.push_str(before);
        if before.ends_with(goes_on) {
            out.push_str(prefix);
        }
        rest = behind;
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::Tenancy;

    fn parse(text: &str) -> Reference {
        Reference::parse(text).unwrap()
    }

    #[test]
    fn a_name_without_a_registry_is_the_tenants_own() {
        let tag = "x".repeat(128);
        for (plain, engine) in [
            ("app", "blue.tenant.doodgate.invalid/app"),
            ("app:1", "blue.tenant.doodgate.invalid/app:1"),
            ("library/app:1", "blue.tenant.doodgate.invalid/app:1"),
            ("docker.io/app:1", "blue.tenant.doodgate.invalid/app:1"),
            ("team/app", "blue.tenant.doodgate.invalid/team/app"),
            ("library/a/b", "blue.tenant.doodgate.invalid/library/a/b"),
            (
                "docker.io/localhost/x",
                "blue.tenant.doodgate.invalid/localhost/x",
            ),
            (
                "localhost:5000",
                "blue.tenant.doodgate.invalid/localhost:5000",
            ),
            (
                &format!("a:{tag}"),
                &format!("blue.tenant.doodgate.invalid/a:{tag}"),
            ),
        ] {
            let found = mapped(&prefix("blue"), &parse(plain)).map(|name| name.to_string());
            assert_eq!(found.as_deref(), Some(engine), "{plain}");
        }
    }

    #[test]
    fn other_names_stay() {
        let long = "a/".repeat(MAX_PARTS);
        let prefix = prefix("blue");
        let longest = "a".repeat(MAX_LENGTH - MARK.len() - prefix.len());
        assert!(mapped(&prefix, &parse(&longest)).is_some());
        for name in [
            "localhost/x",
            "reg:5000/x:1",
            "r.corp/team/app",
            &format!("{long}a"),
            &format!("{longest}a"),
        ] {
            assert_eq!(mapped(&prefix, &parse(name)), None, "{name}");
        }
    }

    #[test]
    fn the_gates_domain_is_nobodys() {
        for name in [
            "doodgate.invalid/x",
            "blue.tenant.doodgate.invalid/x",
            "BLUE.Tenant.Doodgate.INVALID/x",
            "blue.tenant.doodgate.invalid:443/x",
            "a.doodgate.invalid/x",
        ] {
            assert!(is_reserved(&parse(name)), "{name}");
        }
        for name in ["x", "notdoodgate.invalid/x", "doodgate.invalid.corp/x"] {
            assert!(!is_reserved(&parse(name)), "{name}");
        }
    }

    #[test]
    fn text_is_read_plainly() {
        let prefix = prefix("blue");
        for (text, expected) in [
            (
                "Successfully tagged blue.tenant.doodgate.invalid/app:1\n",
                "Successfully tagged app:1\n",
            ),
            ("blue.app", "blue.app"),
            (
                "blue.tenant.doodgate.invalid/a blue.tenant.doodgate.invalid/b",
                "a b",
            ),
            (
                "light-blue.tenant.doodgate.invalid/a",
                "light-blue.tenant.doodgate.invalid/a",
            ),
            (
                "green.tenant.doodgate.invalid/x",
                "green.tenant.doodgate.invalid/x",
            ),
        ] {
            assert_eq!(plain(&prefix, text), expected);
        }
    }

    proptest! {
        #[test]
        fn what_is_mapped_comes_back(
            tenant in "[a-zA-Z0-9][a-zA-Z0-9_-]{0,31}",
            path in "[a-z0-9]{1,8}([._/-][a-z0-9]{1,8}){0,4}",
            tag in prop::option::of("[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}"),
        ) {
            let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
            let name = parse(&format!("docker.io/{path}{tag}"));
            let prefix = prefix(&tenant);
            let mapped = mapped(&prefix, &name).unwrap();
            prop_assert!(is_reserved(&mapped));
            prop_assert!(!mapped.is_in_default_registry());
            // The engine shows it as it is, and what is left is what it shows for the plain name.
            let shown = mapped.familiar();
            prop_assert_eq!(&shown, &mapped.to_string());
            let shown = plain(&prefix, &shown);
            prop_assert_eq!(&shown, &name.familiar());
            prop_assert_eq!(parse(&format!("docker.io/{shown}")), name);
        }

        #[test]
        fn no_two_tenants_share_a_name(
            one in "[aA0_-]{1,4}", other in "[aA0_-]{1,4}",
        ) {
            prop_assume!(Tenancy::is_name(&one) && Tenancy::is_name(&other) && one != other);
            prop_assert_ne!(prefix(&one).to_ascii_lowercase(), prefix(&other).to_ascii_lowercase());
            let name = format!("{}app:1", prefix(&one));
            prop_assert_eq!(plain(&prefix(&other), &name), name.as_str());
        }
    }
}
