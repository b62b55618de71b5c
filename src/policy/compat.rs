//! Compatibility: the environment variables of two widely used socket proxies, read as a policy of the
//! same meaning.
//!
//! `tecnativa/docker-socket-proxy` and `linuxserver/socket-proxy` are HAProxy configurations that switch
//! path prefixes on and off by environment variables. The facts here are from their own files:
//! `haproxy.cfg`, `Dockerfile` and `docker-entrypoint.sh` of Tecnativa's a6fbf38, and
//! `root/templates/haproxy.cfg`, `Dockerfile` and `root/docker-entrypoint.sh` of linuxserver's ab9f088.

mod acl;
mod exposure;
mod render;

use std::fmt;

pub use exposure::Exposure;

use acl::Switches;

/// Where the two images listen, with IPv6 and without.
const LISTEN_DUAL: &str = "tcp://[::]:2375";
const LISTEN_IPV4: &str = "tcp://0.0.0.0:2375";

/// The variable that names the image whose meaning is wanted, or switches compatibility off.
pub const SWITCH: &str = "DOODGATE_COMPAT";

/// Whose meaning the variables have: the two images read the same names in different orders.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Image {
    /// `lscr.io/linuxserver/socket-proxy`: `ALLOW_*` come before the rule for methods, and a container's
    /// archive, changes, export, logs and top stay closed without an `ALLOW_*` of their own.
    Linuxserver,
    /// `tecnativa/docker-socket-proxy`: without `POST` nothing but GET and HEAD passes.
    Tecnativa,
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linuxserver => "linuxserver/socket-proxy",
            Self::Tecnativa => "tecnativa/docker-socket-proxy",
        })
    }
}

/// What an environment written for one of the two images asks for.
#[derive(Clone, Debug)]
pub struct Compat {
    /// Whose meaning was taken.
    pub image: Image,
    /// A policy file that allows exactly the operations that the image's rules let pass.
    pub policy: String,
    /// The engine's address, from `SOCKET_PATH`.
    pub engine: String,
    /// Where to listen: every address of the machine, as the images do.
    pub listen: &'static str,
    /// The least severe level that is logged: `error`, `warn`, `info` or `debug`, from `LOG_LEVEL`.
    pub log_level: &'static str,
    /// What the policy exposes, in words, most harmful first: to be warned of at start.
    pub exposures: Vec<Exposure>,
    /// Variables that have no effect here, or another one than in the image, one sentence each.
    pub notes: Vec<String>,
}

/// Whether an environment asks for compatibility.
#[derive(Clone, Debug)]
pub enum Detection {
    /// No variable of the two images is set to a switch's value, or [`SWITCH`] is `off`.
    Absent,
    /// At least one is.
    Present(Box<Compat>),
}

/// Why an environment has no reading.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CompatError {
    /// The value of [`SWITCH`] is not one of its three.
    #[error("{SWITCH} is `{0}`: use `tecnativa`, `linuxserver` or `off`")]
    UnknownImage(String),
}

/// Reads the variables of an environment, as names and values.
///
/// Compatibility is present when a variable of the two images holds what looks like a switch (`0`, `1`,
/// `true`, ...): names like `VERSION` and `BUILD` are common, and must not open a TCP listener by
/// accident. The image is Tecnativa's unless a variable that only linuxserver's has is set, or
/// [`SWITCH`] says otherwise.
///
/// # Errors
/// [`CompatError`] when [`SWITCH`] holds something else than an image's name or `off`.
pub fn from_environment(variables: &[(String, String)]) -> Result<Detection, CompatError> {
    let value = |name: &str| {
        variables
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    };
    let image = match value(SWITCH) {
        Some("off") => return Ok(Detection::Absent),
        Some("tecnativa") => Image::Tecnativa,
        Some("linuxserver") => Image::Linuxserver,
        None | Some("") => {
            let switched = |name: &str| value(name).is_some_and(acl::is_switch);
            if !acl::variables(Image::Linuxserver).any(switched) {
                return Ok(Detection::Absent);
            }
            if acl::only_linuxserver().any(|name| value(name).is_some()) {
                Image::Linuxserver
            } else {
                Image::Tecnativa
            }
        }
        Some(other) => return Err(CompatError::UnknownImage(other.to_owned())),
    };
    let switches = Switches::read(image, &value);
    let admitted = acl::admitted(image, &switches);
    let mut notes = Vec::new();
    let log_level = log_level(value("LOG_LEVEL"), &mut notes);
    if value(SWITCH).is_none_or(str::is_empty) {
        notes.push(format!(
            "the variables are read as {image} reads them; set {SWITCH} to `tecnativa`, `linuxserver` \
             or `off` to choose"
        ));
    }
    for name in acl::libpod(&switches) {
        notes.push(format!(
            "{name} has no effect: the Podman API below `/libpod` is refused"
        ));
    }
    for name in IGNORED {
        if value(name).is_some() {
            notes.push(format!("{name} has no effect"));
        }
    }
    Ok(Detection::Present(Box::new(Compat {
        image,
        policy: render::policy(image, &switches, &admitted),
        engine: engine(value("SOCKET_PATH")),
        listen: listen(image, value("DISABLE_IPV6")),
        log_level,
        exposures: exposure::of(&admitted),
        notes,
    })))
}

/// Variables that users of the images set, and that mean nothing to the gate: the address is fixed in the
/// images too, and streams have no timers here.
const IGNORED: &[&str] = &[
    "BIND_CONFIG",
    "TIMEOUT_CLIENT",
    "TIMEOUT_CONNECT",
    "TIMEOUT_SERVER",
    "TZ",
];

/// The engine's address from what HAProxy takes as a server's address: a path, or a host and a port.
fn engine(socket_path: Option<&str>) -> String {
    let path = match socket_path {
        None | Some("") => "/var/run/docker.sock",
        Some(path) => path.strip_prefix("unix@").unwrap_or(path),
    };
    if path.starts_with('/') {
        format!("unix://{path}")
    } else {
        format!("tcp://{path}")
    }
}

/// Tecnativa's entry point takes three spellings in any case; linuxserver's takes `1` alone.
fn listen(image: Image, disable_ipv6: Option<&str>) -> &'static str {
    let disabled = match (image, disable_ipv6) {
        (_, None) => false,
        (Image::Linuxserver, Some(value)) => value == "1",
        (Image::Tecnativa, Some(value)) => {
            matches!(value.to_lowercase().as_str(), "1" | "true" | "yes")
        }
    };
    if disabled { LISTEN_IPV4 } else { LISTEN_DUAL }
}

/// The gate's nearest level to one of syslog's eight.
fn log_level(value: Option<&str>, notes: &mut Vec<String>) -> &'static str {
    match value {
        None | Some("" | "info" | "notice") => "info",
        Some("debug") => "debug",
        Some("warning") => "warn",
        Some("err" | "crit" | "alert" | "emerg") => "error",
        Some(other) => {
            notes.push(format!(
                "LOG_LEVEL is `{other}`, which is no level: `info` is used"
            ));
            "info"
        }
    }
}

#[cfg(test)]
mod tests;
