//! The sockets that `doodgate run` serves, and how a reload puts other policies in force on them.

use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use super::plan::Plan;
use super::{Failure, account};
use crate::api::OPERATIONS;
use crate::gate::{
    Clients, Current, Engine, InForce, Ownership, Room, Server, Socket as ServedSocket, Tenants,
};
use crate::observe::{Observatory, Observer, PolicyFacts, SocketFacts};
use crate::policy::{Address, Limits, Socket, Summary};
use crate::tenant::Tenant;
use crate::wire;

/// What all sockets share.
pub(crate) struct Shared {
    pub(crate) engine: Arc<Engine>,
    pub(crate) tenants: Arc<Tenants>,
    pub(crate) limits: Limits,
    pub(crate) observatory: Arc<Observatory>,
    pub(crate) digest: String,
    pub(crate) is_compat: bool,
}

/// Listens for a socket. Clients can connect from here on.
pub(crate) fn listen(
    server: &mut Server,
    shared: &Shared,
    socket: Socket,
) -> Result<Served, Failure> {
    let current = Arc::new(Current::new(in_force(&socket)));
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
        policy: policy_facts(&socket, &shared.digest),
        tenant: socket.tenant.as_ref().map(|tenant| tenant.name.clone()),
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
        room: Room::default(),
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
    let summary = socket.policy.summary();
    tracing::info!(
        socket = socket.name,
        listen = %address,
        policy = socket.policy.name(),
        tenant = socket.tenant.as_ref().map_or("-", |tenant| &tenant.name),
        engine = %engine.address(),
        allows = exposed(&summary),
        host = reached(&summary),
        "serving"
    );
    warn_of_observing(&socket);
    Ok(Served {
        socket,
        current,
        observer,
    })
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

/// A socket that is served, and the policy that can be replaced on it.
pub(crate) struct Served {
    socket: Socket,
    current: Arc<Current>,
    observer: Arc<Observer>,
}

/// How much its clients may do.
fn exposed(summary: &Summary) -> String {
    let count = summary
        .operations
        .values()
        .map(Vec::len)
        .fold(0, usize::saturating_add);
    format!("{count} of {} operations", OPERATIONS.len())
}

/// By which grants its clients reach the host.
fn reached(summary: &Summary) -> String {
    let grants: BTreeSet<_> = summary
        .host
        .iter()
        .flat_map(|reach| reach.grants.iter().copied())
        .collect();
    if grants.is_empty() {
        return "not reached".to_owned();
    }
    format!("reached by {}", Vec::from_iter(grants).join(", "))
}

fn in_force(socket: &Socket) -> InForce {
    InForce {
        policy: Arc::clone(&socket.policy),
        enforcement: socket.enforcement,
    }
}

fn policy_facts(socket: &Socket, digest: &str) -> PolicyFacts {
    PolicyFacts {
        name: socket.policy.name().to_owned(),
        digest: digest.to_owned(),
        enforcement: socket.enforcement,
    }
}

fn warn_of_observing(socket: &Socket) {
    if socket.enforcement.observes_only() {
        tracing::warn!(
            socket = socket.name,
            policy = socket.policy.name(),
            "NOT ENFORCED: this socket only observes, and passes on what its policy refuses"
        );
    }
}

/// Reads the configuration again and puts its policies in force, or none of them: with a mistake in it, everything stays
/// as it is. Where sockets listen, and the limits, change only at a start.
pub(crate) fn reload(
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
                .cloned()
        };
        let sockets: Option<Vec<_>> = served.iter().map(found).collect();
        match sockets {
            Some(sockets) if plan.config.sockets.len() == served.len() => {
                Ok((sockets, plan.digest))
            }
            Some(_) | None => {
                Err("sockets were added, removed or moved, which takes a restart".to_owned())
            }
        }
    });
    match outcome {
        Ok((sockets, digest)) => {
            for (served, socket) in served.iter().zip(&sockets) {
                served.current.replace(in_force(socket));
                served
                    .observer
                    .policy_changed(policy_facts(socket, &digest));
                warn_of_observing(socket);
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
