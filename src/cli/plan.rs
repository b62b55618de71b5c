//! What `doodgate run` is to serve: from a configuration file, a policy's name, or the variables of another proxy.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::account::parse_account;
use super::load::{address, default_listen, load_policy, mistakes, policy_text, read};
use super::settings::Settings;
use super::{Failure, admin, print_error, tenancy};
use crate::observe::{Options, digest};
use crate::policy::compat::{self, Compat, Detection};
use crate::policy::{
    self, Address, Config, DEFAULT_MODE, Diagnostics, Enforcement, Limits, ObserveOnly, PRESETS,
    Policy, Socket,
};

const DEFAULT_POLICY: &str = "read-only";

/// What is to be served.
pub(crate) struct Plan {
    pub(crate) config: Config,
    /// A digest of the text that the policies come from.
    pub(crate) digest: String,
    pub(crate) observed: Options,
    pub(crate) compat: Option<Box<Compat>>,
    pub(crate) log_level: Option<&'static str>,
}

impl Plan {
    /// Reads what the options name.
    pub(crate) fn make(settings: &Settings) -> Result<Self, Failure> {
        let mut plan = match (settings.get("config"), settings.get("policy")) {
            (Some(_), Some(_)) => {
                return Err(Failure::Unusable(
                    "--config and --policy exclude each other: name the policy of each socket in the file"
                        .to_owned(),
                ));
            }
            (Some(file), None) => Self::of_file(settings, file)?,
            (None, Some(policy)) => Self::of_policy(settings, policy)?,
            (None, None) => {
                let variables: Vec<(String, String)> = std::env::vars_os()
                    .filter_map(|(name, value)| {
                        Some((name.into_string().ok()?, value.into_string().ok()?))
                    })
                    .collect();
                match compat::from_environment(&variables) {
                    Ok(Detection::Present(compat)) => Self::of_compat(settings, compat)?,
                    Ok(Detection::Absent) => Self::of_policy(settings, DEFAULT_POLICY)?,
                    Err(error) => return Err(Failure::Unusable(error.to_string())),
                }
            }
        };
        if let Some(tenancy) = tenancy::read(settings)? {
            for socket in &mut plan.config.sockets {
                socket.tenant = Some(Arc::clone(&tenancy));
            }
        }
        if settings.switch("observe-only")? {
            observe_only(settings, &mut plan.config)?;
        }
        if let Some(engine) = settings.get("engine") {
            plan.config.engine = Some(address(engine)?);
        }
        plan.config.admin = admin::address(settings, plan.config.admin)?;
        plan.observed = admin::options(
            settings,
            plan.config.audit.clone(),
            plan.config.admin.is_some(),
        )?;
        Ok(plan)
    }

    fn of_file(settings: &Settings, file: &str) -> Result<Self, Failure> {
        if let Some(flag) = tenancy::FLAGS
            .iter()
            .find(|flag| settings.get(flag).is_some())
        {
            return Err(Failure::Unusable(format!(
                "--config and --{flag} exclude each other: name the tenant of each socket in the file"
            )));
        }
        if settings.get("listen").is_some() {
            return Err(Failure::Unusable(
                "--config and --listen exclude each other: the file says where to listen"
                    .to_owned(),
            ));
        }
        let bytes = read(file)?;
        let text = policy::decode(file, &bytes).map_err(|found| mistakes(&found))?;
        let config = Config::load(file, text, PRESETS).map_err(|found| mistakes(&found))?;
        Ok(Self::of(config, &bytes))
    }

    fn of_policy(settings: &Settings, policy: &str) -> Result<Self, Failure> {
        let text = policy_text(policy);
        let policy = load_policy(policy, None)?;
        let listen = match settings.get("listen") {
            Some(_) => listen_addresses(settings)?,
            None => vec![default_listen()?],
        };
        Ok(Self::of(simple(settings, &policy, listen)?, &text))
    }

    fn of(config: Config, text: &[u8]) -> Self {
        Self {
            config,
            digest: digest(text),
            observed: Options::default(),
            compat: None,
            log_level: None,
        }
    }

    fn of_compat(settings: &Settings, compat: Box<Compat>) -> Result<Self, Failure> {
        let file = format!("variables of {}", compat.image);
        let policy = Policy::load("compat", &file, &compat.policy, PRESETS)
            .map_err(|found| mistakes(&found))?;
        let mut config = match settings.get("listen") {
            Some(_) => simple(settings, &Arc::new(policy), listen_addresses(settings)?)?,
            None => of_addresses(&Arc::new(policy), vec![address(compat.listen)?]),
        };
        config.engine = Some(address(&compat.engine)?);
        let plan = Self::of(config, compat.policy.as_bytes());
        Ok(Self {
            log_level: Some(compat.log_level),
            compat: Some(compat),
            ..plan
        })
    }

    /// Says at start all that matters.
    pub(crate) fn announce(&self) {
        if !self.config.warnings.is_empty() {
            print_error(&self.config.warnings.render(false));
        }
        let Some(compat) = &self.compat else { return };
        for exposure in &compat.exposures {
            tracing::warn!("{exposure}");
        }
        for note in &compat.notes {
            tracing::info!("{note}");
        }
    }
}

fn simple(
    settings: &Settings,
    policy: &Arc<Policy>,
    listen: Vec<Address>,
) -> Result<Config, Failure> {
    if let Some(open) = listen.iter().find(|address| !address.is_local())
        && !settings.switch("insecure")?
    {
        return Err(Failure::Unusable(format!(
            "`{open}` can be reached from other machines, by anybody and in clear text: listen on \
             127.0.0.1 or on a unix socket, or add --insecure if the network is closed"
        )));
    }
    let mut config = of_addresses(policy, listen);
    for socket in &mut config.sockets {
        socket.mode = match settings.get("mode") {
            Some(mode) => parse_mode(mode)?,
            None => DEFAULT_MODE,
        };
        socket.owner = settings.get("owner").map(parse_account);
        socket.group = settings.get("group").map(parse_account);
    }
    Ok(config)
}

/// A configuration of sockets that all have one policy. Each is named after what it listens on.
fn of_addresses(policy: &Arc<Policy>, listen: Vec<Address>) -> Config {
    let sockets = listen.into_iter().map(|listen| Socket {
        name: match &listen {
            Address::Unix(path) => path.file_stem().map_or_else(
                || "unix".to_owned(),
                |stem| stem.to_string_lossy().into_owned(),
            ),
            Address::Tcp { port, .. } => format!("tcp-{port}"),
        },
        listen,
        mode: DEFAULT_MODE,
        owner: None,
        group: None,
        policy: Arc::clone(policy),
        audit: None,
        enforcement: Enforcement::Enforced,
        tenant: None,
    });
    Config {
        engine: None,
        admin: None,
        audit: policy::Audit::default(),
        sockets: sockets.collect(),
        policies: BTreeMap::from([(policy.name().to_owned(), Arc::clone(policy))]),
        limits: Limits::default(),
        warnings: Diagnostics::default(),
    }
}

fn listen_addresses(settings: &Settings) -> Result<Vec<Address>, Failure> {
    settings
        .all("listen")
        .flat_map(|listed| listed.split(','))
        .map(|it| address(it.trim()))
        .collect()
}

fn parse_mode(text: &str) -> Result<u32, Failure> {
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o777)
        .ok_or_else(|| {
            Failure::Unusable(format!(
                "`{text}` is not a file mode: write three octal digits, such as 0660"
            ))
        })
}

/// Lets the sockets pass on what their policy refuses.
fn observe_only(settings: &Settings, config: &mut Config) -> Result<(), Failure> {
    for (other, instead) in [
        (
            "config",
            "write `observe-only: true` at each socket in the file that shall only observe",
        ),
        ("tenant", "a tenant's clients are always held to the policy"),
    ] {
        if settings.get(other).is_some() {
            return Err(Failure::Unusable(format!(
                "--{other} and --observe-only exclude each other: {instead}"
            )));
        }
    }
    for socket in &mut config.sockets {
        socket.enforcement = Enforcement::ObserveOnly(ObserveOnly::asked_for());
    }
    Ok(())
}
