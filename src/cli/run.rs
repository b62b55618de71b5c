//! `doodgate run`: serve.

use std::future::pending;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::load::address;
use super::plan::Plan;
use super::served::{Shared, listen, reload};
use super::settings::{Flag, Settings};
use super::{Failure, admin, logging, print};
use crate::gate::{Engine, Server, Stopped};
use crate::observe::Observatory;
use crate::policy::Config;

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
  --observe-only       Pass on what the policy refuses, and only tell of it: for trying a policy on clients that run
  --tenant NAME        Whose clients they are: they see, change and use up only what is this tenant's [the host's own]
  --ttl TIME           How old the tenant's containers may become, such as 2h [any age]
  --on-idle WHAT       What of the tenant's is removed once nobody has been connected for a while: keep, remove
                       (containers with their anonymous volumes, networks) or remove-all (volumes and images too) [keep]
  --idle TIME          How long that while is [5m]
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
        name: "observe-only",
        takes_value: false,
    },
    Flag {
        name: "tenant",
        takes_value: true,
    },
    Flag {
        name: "ttl",
        takes_value: true,
    },
    Flag {
        name: "on-idle",
        takes_value: true,
    },
    Flag {
        name: "idle",
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
    // Before anybody can see a socket, so that no early signal kills without draining.
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut server = Server::default();
    let shared = Shared {
        engine,
        tenants: Arc::default(),
        limits,
        observatory,
        digest: plan.digest,
        is_compat: plan.compat.is_some(),
    };
    // Before any client can connect, so that whoever sees a socket sees what watches it too.
    if let Some(address) = admin {
        admin::start(&address, &shared)?;
    }
    let mut open = Vec::new();
    for socket in sockets {
        open.push(listen(&mut server, &shared, socket)?);
    }
    shared.tenants.keep(&shared.engine, &shared.observatory);
    shared.tenants.tidy(&shared.engine);
    let mut reloading = pin!(async {
        while hangup.recv().await.is_some() {
            shared.observatory.reopen_audit();
            reload(&open, &reread, &shared.observatory);
        }
        pending::<()>().await;
    });
    let mut first = true;
    let asked = async || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = &mut reloading => {}
        }
        if std::mem::take(&mut first) {
            tracing::info!(
                "stopping: nothing new is accepted, running exchanges have {} seconds",
                limits.drain_grace.as_secs()
            );
        } else {
            tracing::warn!("stopping at once: running exchanges are cut");
        }
    };
    let stopped = server.run(asked).await?;
    admin::finish(&shared.observatory);
    tracing::info!("stopped");
    Ok(match stopped {
        Stopped::Drained => ExitCode::SUCCESS,
        Stopped::Cut => ExitCode::FAILURE,
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
