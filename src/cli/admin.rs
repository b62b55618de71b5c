//! What `doodgate run` shows of itself: the flags of the audit, and the admin listener.

use std::sync::Arc;
use std::time::Duration;

use super::Failure;
use super::served::Shared;
use super::settings::Settings;
use crate::gate::{Acceptor, Connected, Engine, Listener, Ownership, Tenants};
use crate::observe::{Admin, AskEngine, Asked, Measured, Observatory, Options};
use crate::policy::{Address, Audit};

/// How long the audit's last records may take when the gate stops.
const LAST_RECORDS: Duration = Duration::from_secs(2);
/// How long accepting pauses when the process is out of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Who may connect to a unix socket of the admin listener.
const OWNERSHIP: Ownership = Ownership {
    mode: 0o660,
    uid: None,
    gid: None,
};

/// What is recorded: what the flags say, or else the configuration's `audit`.
pub(crate) fn options(
    settings: &Settings,
    audit: Audit,
    viewers: bool,
) -> Result<Options, Failure> {
    let mut options = Options { audit, viewers };
    if let Some(sink) = settings.get("audit") {
        options.audit.to = Some(sink.parse().map_err(|error| {
            Failure::Unusable(format!("`{sink}` is no place for audit records: {error}"))
        })?);
    }
    if let Some(calls) = settings.get("audit-calls") {
        options.audit.calls = calls.parse().map_err(|error| {
            Failure::Unusable(format!(
                "`{calls}` is not a choice of calls to audit: {error}"
            ))
        })?;
    }
    Ok(options)
}

/// The admin listener's address: that of the flag, or else of the configuration.
pub(crate) fn address(
    settings: &Settings,
    configured: Option<Address>,
) -> Result<Option<Address>, Failure> {
    let Some(text) = settings.get("admin") else {
        return Ok(configured);
    };
    let address: Address = text
        .parse()
        .map_err(|error| Failure::Unusable(format!("`{text}` is not an address: {error}")))?;
    if !address.is_local() && !settings.switch("insecure")? {
        return Err(Failure::Unusable(format!(
            "the admin listener at `{address}` can be reached from other machines, by anybody and in clear text: \
             listen on 127.0.0.1 or on a unix socket, or add --insecure if the network is closed"
        )));
    }
    Ok(Some(address))
}

/// The engine, as the admin listener asks it.
#[derive(Debug)]
struct Asking(Arc<Engine>, Arc<Tenants>);

impl AskEngine for Asking {
    fn address(&self) -> String {
        self.0.address().to_string()
    }

    fn get(&self, target: &'static str) -> Asked<'_> {
        Box::pin(async move {
            match self.0.get(target).await {
                Ok((status, body)) => Ok((status.as_u16(), body.to_vec())),
                Err(error) => Err(error.to_string()),
            }
        })
    }

    fn measure(&self) -> Measured<'_> {
        Box::pin(self.1.measure(&self.0))
    }
}

/// Listens at `address`, and answers from then on.
pub(crate) fn start(address: &Address, shared: &Shared) -> Result<(), Failure> {
    let listener = match address {
        Address::Unix(path) => Listener::unix(path, OWNERSHIP),
        Address::Tcp { host, port } => Listener::tcp(host, *port),
    };
    let listener =
        listener.map_err(|error| Failure::Unusable(format!("the admin listener: {error}")))?;
    let acceptor = listener.door()?.open()?;
    let local = matches!(address, Address::Tcp { .. }) && address.is_local();
    let admin = Admin::new(
        Arc::clone(&shared.observatory),
        Arc::new(Asking(
            Arc::clone(&shared.engine),
            Arc::clone(&shared.tenants),
        )),
        local,
    );
    tracing::info!(admin = %address, "answering /metrics, /healthz, /readyz, /status and the page");
    tokio::spawn(async move {
        let watching = Arc::clone(&admin);
        // The listener keeps the socket's file as long as it is served.
        let _listener = listener;
        tokio::join!(watching.watch_engine(), accept(acceptor, admin));
    });
    Ok(())
}

async fn accept(acceptor: Acceptor, admin: Arc<Admin>) {
    loop {
        match acceptor.accept().await {
            Ok(Connected::Tcp(stream)) => drop(tokio::spawn(Arc::clone(&admin).serve(stream))),
            Ok(Connected::Unix(stream)) => drop(tokio::spawn(Arc::clone(&admin).serve(stream))),
            Err(error) => {
                tracing::warn!(%error, "cannot accept an admin connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Waits for the audit's last records, for a moment.
pub(crate) fn finish(observatory: &Observatory) {
    observatory.close(LAST_RECORDS);
}
