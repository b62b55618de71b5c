//! The flags of `doodgate run` that make the sockets a tenant's.

use std::sync::Arc;
use std::time::Duration;

use super::Failure;
use super::settings::Settings;
use crate::policy::{Lifetime, OnIdle, Tenancy};

/// The flags, `--tenant` first: the others are nothing without it.
pub(crate) const FLAGS: [&str; 4] = ["tenant", "ttl", "on-idle", "idle"];

/// The tenant that the flags name.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn read(settings: &Settings) -> Result<Option<Arc<Tenancy>>, Failure> {
    let Some(name) = settings.get("tenant") else {
        return match FLAGS.iter().find(|flag| settings.get(flag).is_some()) {
            Some(flag) => Err(Failure::Unusable(format!(
                "--{flag} is for the sockets of a tenant: add --tenant NAME"
            ))),
            None => Ok(None),
        };
    };
    if !Tenancy::is_name(name) {
        return Err(Failure::Unusable(format!(
            "`{name}` cannot be a tenant: {}",
            Tenancy::NAME_HELP
        )));
    }
    let mut tenancy = Tenancy::of(name);
    tenancy.lifetime = lifetime(settings)?;
    Ok(Some(Arc::new(tenancy)))
}

fn lifetime(settings: &Settings) -> Result<Lifetime, Failure> {
    let idle = duration(settings, "idle")?;
    let on_idle = match settings.get("on-idle") {
        None if idle.is_some() => {
            return Err(Failure::Unusable(
                "--idle says how long to wait, and nothing what for: add --on-idle remove"
                    .to_owned(),
            ));
        }
        None => OnIdle::Keep,
        Some(text) => OnIdle::parse(text, idle.unwrap_or(Lifetime::IDLE)).ok_or_else(|| {
            Failure::Unusable(format!(
                "--on-idle cannot be `{text}`: use keep, remove or remove-all"
            ))
        })?,
    };
    Ok(Lifetime {
        ttl: duration(settings, "ttl")?,
        on_idle,
    })
}

fn duration(settings: &Settings, flag: &str) -> Result<Option<Duration>, Failure> {
    settings
        .get(flag)
        .map(|text| {
            Lifetime::duration(text)
                .map_err(|problem| Failure::Unusable(format!("--{flag} `{text}`: {problem}")))
        })
        .transpose()
}
