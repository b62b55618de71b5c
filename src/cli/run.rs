//! `doodgate run`: serve.

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::account::parse_account;
use super::load::{address, default_listen, load_policy, mistakes, policy_text, read};
use super::settings::{Flag, Settings};
use super::{Failure, account, admin, logging, print, print_error};
use crate::gate::{Clients, Current, Engine, Ownership, Server, Socket as ServedSocket, Tenants};
use crate::observe::{Observatory, Options, SocketFacts, digest};
use crate::policy::compat::{self, Compat, Detection};
use crate::policy::{
    self, Address, Config, DEFAULT_MODE, Diagnostics, Limits, PRESETS, Policy, Socket, Tenancy,
};
use crate::tenant::Tenant;
use crate::wire;

const HELP: &str = "\
Serves one or more sockets in front of an engine.

Usage: doodgate run [OPTIONS]

Options:
  --config FILE        Serve the sockets of a configuration file
  --policy NAME|FILE   A preset's name, or a file of rules, for the sockets given by --listen [read-only]
  --listen ADDRESS     Where to listen: unix:///path or tcp://host:port; may come more than once
                       [unix://$XDG_RUNTIME_DIR/doodgate.sock, or unix:///run/doodgate/docker.sock]
  --engine ADDRESS     Where the engine is [unix:///var/run/docker.sock]
  --mode MODE          Permission bits of the unix sockets [0660]
  --owner USER         Owner of the unix sockets, by number or name [the gate's user]
  --group GROUP        Group of the unix sockets, by number or name [the gate's group]
  --tenant NAME        Whose clients they are: they see, change and use up only what is this tenant's [the host's own]
  --insecure           Allow TCP beyond this machine, which anybody on the network can use
  --admin ADDRESS      Answer /metrics, /healthz, /readyz, /status and a page to look at here, such as
                       tcp://127.0.0.1:9717 or unix:///run/doodgate/admin.sock [nowhere]
  --audit WHERE        Write a JSON line for each call to stdout, a FILE (with a slash; begun anew on SIGHUP), syslog,
                       syslog:/path or unixgram:/path [nowhere]
  --audit-calls WHICH  all, refusals, or sample:N for refusals and one in N of the others [all]
  --log-format FORMAT  auto, human or json [auto: human on a terminal, json elsewhere]
  --log-level LEVEL    off, error, warn, info, debug or trace [info]
  -h, --help           Print this text

Every option has a variable: --log-level is DOODGATE_LOG_LEVEL. DOODGATE_LISTEN may hold several addresses with commas
between. Without --config and --policy, the variables of tecnativa/docker-socket-proxy and linuxserver/socket-proxy
(CONTAINERS=1, POST=0, ...) are read as a policy of the same meaning, on tcp://:2375 as they do.

Examples:
  doodgate run
  doodgate run --policy traefik --listen unix:///run/doodgate/traefik.sock
  doodgate run --policy ./ci.yaml --listen tcp://127.0.0.1:2375
  doodgate run --config /etc/doodgate.yaml
";

const FLAGS: &[Flag] = &[
    Flag {
        name: "config",
        takes_value: true,
    },
    Flag {
        name: "policy",
        takes_value: true,
    },
    Flag {
        name: "listen",
        takes_value: true,
    },
    Flag {
        name: "engine",
        takes_value: true,
    },
    Flag {
        name: "mode",
        takes_value: true,
    },
    Flag {
        name: "owner",
        takes_value: true,
    },
    Flag {
        name: "group",
        takes_value: true,
    },
    Flag {
        name: "tenant",
        takes_value: true,
    },
    Flag {
        name: "insecure",
        takes_value: false,
    },
    Flag {
        name: "admin",
        takes_value: true,
    },
    Flag {
        name: "audit",
        takes_value: true,
    },
    Flag {
        name: "audit-calls",
        takes_value: true,
    },
    Flag {
        name: "log-format",
        takes_value: true,
    },
    Flag {
        name: "log-level",
        takes_value: true,
    },
];

pub(crate) const DEFAULT_ENGINE: &str = "unix:///var/run/docker.sock";
const DEFAULT_POLICY: &str = "read-only";

/// Serves until a signal to stop.
pub(crate) fn run(parser: lexopt::Parser) -> Result<ExitCode, Failure> {
    let settings = Settings::read(parser, FLAGS, |name| std::env::var_os(name))?;
    if settings.help {
        print(HELP)?;
        return Ok(ExitCode::SUCCESS);
    }
    let plan = Plan::make(&settings)?;
    logging::start(
        settings.get("log-format"),
        settings.get("log-level").or(plan.log_level),
    )?;
    plan.announce();
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let reread = move || Plan::make(&settings);
    runtime.block_on(serve(plan, reread))
}

/// What is to be served.
struct Plan {
    config: Config,
    /// A digest of the text that the policies come from.
    digest: String,
    observed: Options,
    compat: Option<Box<Compat>>,
    log_level: Option<&'static str>,
}

impl Plan {
    fn make(settings: &Settings) -> Result<Self, Failure> {
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
        if let Some(name) = settings.get("tenant") {
            let tenancy = tenancy(name)?;
            for socket in &mut plan.config.sockets {
                socket.tenant = Some(Arc::clone(&tenancy));
            }
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
        if settings.get("tenant").is_some() {
            return Err(Failure::Unusable(
                "--config and --tenant exclude each other: name the tenant of each socket in the file"
                    .to_owned(),
            ));
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
    fn announce(&self) {
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

async fn serve(
    plan: Plan,
    reread: impl Fn() -> Result<Plan, Failure> + 'static,
) -> Result<ExitCode, Failure> {
    let Config {
        engine,
        sockets,
        limits,
        admin,
        ..
    } = plan.config;
    let address = match engine {
        Some(address) => address,
        None => address(DEFAULT_ENGINE)?,
    };
    let engine = Arc::new(Engine::new(address));
    let observatory =
        Observatory::new(plan.observed).map_err(|error| Failure::Unusable(error.to_string()))?;
    let mut server = Server::default();
    let shared = Shared {
        engine,
        tenants: Tenants::default(),
        limits,
        observatory,
        digest: plan.digest,
        is_compat: plan.compat.is_some(),
    };
    // Before any client can connect, so that whoever sees a socket sees what watches it too.
    if let Some(address) = admin {
        admin::start(&address, &shared.observatory, &shared.engine)?;
    }
    let mut open = Vec::new();
    for socket in sockets {
        open.push(listen(&mut server, &shared, socket)?);
    }
    let mut hangup = signal(SignalKind::hangup())?;
    let reloading = async {
        while hangup.recv().await.is_some() {
            shared.observatory.reopen_audit();
            reload(&open, &reread, &shared.observatory);
        }
    };
    // Both are set up before the first client is served, so that no early signal kills without draining.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    server
        .run(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                () = reloading => {}
            }
            tracing::info!(
                "stopping: nothing new is accepted, running exchanges have {} seconds",
                limits.drain_grace.as_secs()
            );
            // Who asks twice does not want to wait.
            tokio::spawn(async move {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                quit();
            });
        })
        .await?;
    admin::finish(&shared.observatory);
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// A socket that is served, and the policy that can be replaced on it.
struct Served {
    socket: Socket,
    current: Arc<Current>,
}

/// Reads the configuration again and puts its policies in force, or none of them: with a mistake in it, everything stays
/// as it is. Where sockets listen, and the limits, change only at a start.
fn reload(
    served: &[Served],
    reread: &impl Fn() -> Result<Plan, Failure>,
    observatory: &Observatory,
) {
    let planned = reread().map_err(|failure| match failure {
        Failure::Unusable(reason) | Failure::Fault(reason) => reason,
        Failure::Reported(_) => "the configuration has mistakes, printed above".to_owned(),
    });
    let outcome = planned.and_then(|plan| {
        let found = |served: &Served| {
            let sockets = &plan.config.sockets;
            let socket = sockets
                .iter()
                .find(|socket| socket.name == served.socket.name);
            socket
                .filter(|socket| socket.listen == served.socket.listen)
                .map(|socket| Arc::clone(&socket.policy))
        };
        let policies: Option<Vec<_>> = served.iter().map(found).collect();
        match policies {
            Some(policies) if plan.config.sockets.len() == served.len() => Ok(policies),
            Some(_) | None => {
                Err("sockets were added, removed or moved, which takes a restart".to_owned())
            }
        }
    });
    match outcome {
        Ok(policies) => {
            for (served, policy) in served.iter().zip(policies) {
                served.current.replace(policy);
            }
            tracing::info!("reloaded: the policies that the configuration names now are in force");
            observatory.reloaded(None);
        }
        Err(reason) => {
            tracing::error!(
                reason,
                "not reloaded: the policies from before stay in force"
            );
            observatory.reloaded(Some(reason));
        }
    }
}

#[expect(
    clippy::exit,
    reason = "the second signal asks to leave without waiting for anything"
)]
fn quit() {
    std::process::exit(1)
}

/// What all sockets share.
struct Shared {
    engine: Arc<Engine>,
    tenants: Tenants,
    limits: Limits,
    observatory: Arc<Observatory>,
    digest: String,
    is_compat: bool,
}

fn listen(server: &mut Server, shared: &Shared, socket: Socket) -> Result<Served, Failure> {
    let current = Arc::new(Current::new(Arc::clone(&socket.policy)));
    let Shared {
        engine,
        tenants,
        limits,
        is_compat,
        ..
    } = shared;
    let unusable = |error: &dyn std::fmt::Display| Failure::Unusable(error.to_string());
    let ownership = Ownership {
        mode: socket.mode,
        uid: match &socket.owner {
            Some(owner) => Some(account::number(owner, "/etc/passwd")?),
            None => None,
        },
        gid: match &socket.group {
            Some(group) => Some(account::number(group, "/etc/group")?),
            None => None,
        },
    };
    let observer = shared.observatory.observer(SocketFacts {
        name: socket.name.clone(),
        listen: socket.listen.to_string(),
        policy: socket.policy.name().to_owned(),
        digest: shared.digest.clone(),
        audit_calls: socket.audit,
    });
    let make = || ServedSocket {
        name: socket.name.clone(),
        policy: Arc::clone(&current),
        clients: match &socket.tenant {
            None => Clients::Host,
            Some(tenancy) => Clients::Tenant(tenants.resident(Tenant::new(Arc::clone(tenancy)))),
        },
        engine: Arc::clone(engine),
        limits: *limits,
        head_limits: wire::Limits {
            head_bytes: limits.head_bytes,
            fields: limits.fields,
            ..wire::Limits::default()
        },
        observer: Arc::clone(&observer),
    };
    let mut address = socket.listen.clone();
    if let Address::Unix(path) = &address {
        make_parent(path)?;
    }
    let mut listened = server.listen(&address, ownership, make());
    // Where there is no IPv6, the images that are stood in for are told so by a variable; here it need not be.
    if let (Err(_), true, Address::Tcp { host, port }) = (&listened, *is_compat, &socket.listen)
        && host == "::"
    {
        address = Address::Tcp {
            host: "0.0.0.0".to_owned(),
            port: *port,
        };
        listened = server.listen(&address, ownership, make());
    }
    listened.map_err(|error| unusable(&error))?;
    tracing::info!(
        socket = socket.name,
        listen = %address,
        policy = socket.policy.name(),
        tenant = socket.tenant.as_ref().map_or("-", |tenant| &tenant.name),
        engine = %engine.address(),
        "serving"
    );
    Ok(Served { socket, current })
}

/// The runtime folder of the default socket is made where it is missing; any other folder is the user's to make.
fn make_parent(path: &Path) -> Result<(), Failure> {
    let parent = path.parent().unwrap_or_else(|| Path::new("/"));
    if parent.exists() || parent != Path::new("/run/doodgate") {
        return Ok(());
    }
    DirBuilder::new().mode(0o755).create(parent).map_err(|error| {
        Failure::Unusable(format!(
            "cannot make the folder `{}` for the socket: {error}; choose another place with --listen",
            parent.display()
        ))
    })
}

/// A thousand streams need two thousand descriptors, and the usual soft limit is 1024.
fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::debug!(%error, "cannot raise the limit of open files");
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

fn tenancy(name: &str) -> Result<Arc<Tenancy>, Failure> {
    if Tenancy::is_name(name) {
        Ok(Arc::new(Tenancy::of(name)))
    } else {
        Err(Failure::Unusable(format!(
            "`{name}` cannot be a tenant: {}",
            Tenancy::NAME_HELP
        )))
    }
}
