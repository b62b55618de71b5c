//! Symbolic links on the way to what a bind names.
//!
//! The policy compares paths as text, and the engine follows links when it mounts. Where the gate can see the path, it says
//! where the links lead, and the call has to be allowed for that place as well. A link that is made between this look and the
//! mount is not seen, and in a container the gate sees its own files and not the host's: grant folders that no container can
//! write to.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use crate::demand::{Demand, Kind, Value};
use crate::observe::Exchange;

/// What the binds among `demands` demand besides, because links on their way lead elsewhere.
pub(crate) async fn demands(
    demands: &[Demand<'_>],
    exchange: &mut Exchange,
) -> Vec<Demand<'static>> {
    let binds: Vec<(String, String)> = demands
        .iter()
        .filter(|demand| demand.kind == Kind::Bind)
        .filter_map(|demand| match &demand.value {
            Value::Text(text) => Some((text.clone().into_owned(), demand.place.to_string())),
            Value::Flag | Value::Number(_) | Value::Unlimited => None,
        })
        .collect();
    if binds.is_empty() {
        return Vec::new();
    }
    let followed = tokio::task::spawn_blocking(|| {
        binds
            .into_iter()
            .filter_map(|(bind, place)| Some((followed(&bind)?, place, bind)))
            .collect::<Vec<_>>()
    });
    // A look that fails must not allow: no rule but one for every path grants what stands for it.
    let unknown = || {
        vec![(
            "(links that cannot be followed):rw".to_owned(),
            "bind".to_owned(),
            "(unknown)".to_owned(),
        )]
    };
    followed
        .await
        .unwrap_or_else(|_| unknown())
        .into_iter()
        .map(|(leads, place, bind)| {
            exchange.resolved("path", &bind, &leads);
            Demand {
                kind: Kind::Bind,
                value: Value::Text(Cow::Owned(leads)),
                place: format!("{place} (through a link)").into(),
                safe: false,
            }
        })
        .collect()
}

/// Where a bind, `/path:ro`, leads: `None` where that is the path itself. What does not exist yet is made by the engine below
/// what does.
fn followed(bind: &str) -> Option<String> {
    let (path, mode) = bind.rsplit_once(':')?;
    let path = Path::new(path);
    let (real, rest) = path.ancestors().find_map(|ancestor| {
        let real = fs::canonicalize(ancestor).ok()?;
        Some((real, path.strip_prefix(ancestor).ok()?))
    })?;
    let real = if rest.as_os_str().is_empty() {
        real
    } else {
        real.join(rest)
    };
    (real != path).then(|| format!("{}:{mode}", real.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_as_far_as_there_is_something() {
        let folder = std::env::temp_dir().join(format!("doodgate-links-{}", std::process::id()));
        fs::create_dir_all(folder.join("real")).unwrap();
        let folder = fs::canonicalize(&folder).unwrap();
        std::os::unix::fs::symlink("/etc", folder.join("link")).unwrap();
        let at = |name: &str| format!("{}/{name}", folder.display());
        for (bind, leads) in [
            (at("real:rw"), None),
            (at("real/new:ro"), None),
            (at("link:rw"), Some("/etc:rw".to_owned())),
            (at("link/new/deep:ro"), Some("/etc/new/deep:ro".to_owned())),
        ] {
            assert_eq!(followed(&bind), leads, "{bind}");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
