//! Why a tenant's call is answered by the gate and not by the engine.

use super::LABEL_PREFIX;
use crate::policy::{Counted, PortRange};

/// The engine's words for what does not exist. What belongs to somebody else gets the same answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A container.
    Container,
    /// A command in a container.
    Exec,
    /// An image.
    Image,
    /// A network.
    Network,
    /// A plugin.
    Plugin,
    /// A volume.
    Volume,
    /// A service.
    Service,
    /// A task of a service.
    Task,
    /// A secret.
    Secret,
    /// A config.
    Config,
}

/// Why a tenant's call does not reach the engine.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// There is no such object, or it is not the tenant's.
    #[error("{}", missing(*.kind, .term))]
    NoSuch {
        /// What sort of object.
        kind: Kind,
        /// What the client calls it.
        term: String,
    },
    /// A new container refers to what is not the tenant's. Clients take a 404 for a missing image.
    #[error("{}", missing(*.kind, .term))]
    BadReference {
        /// What sort of object.
        kind: Kind,
        /// What the client calls it.
        term: String,
    },
    /// The beginning of an identifier that several own objects have.
    #[error("multiple IDs found with provided prefix: {0}")]
    Ambiguous(String),
    /// The beginning of an identifier that several own objects of a swarm have.
    #[error("{kind} {term} is ambiguous ({count} matches found)")]
    Matches {
        /// What sort of object.
        kind: &'static str,
        /// What the client calls it.
        term: String,
        /// How many there are.
        count: usize,
    },
    /// The engine's words for the name of an object in a swarm that it does not take, or what is wrong with it for a tenant.
    #[error("{0}")]
    SwarmName(String),
    /// The engine's words where it manages no swarm.
    #[error("{0}")]
    NoManager(String),
    /// The engine's words for a container's name that it does not take.
    #[error("Invalid container name ({0}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")]
    Name(String),
    /// The engine's words for a network that is always there.
    #[error("{0} is a pre-defined network and cannot be removed")]
    Predefined(String),
    /// The engine's words for a network's name that is taken from the beginning.
    #[error("operation is not permitted on predefined {0} network ")]
    PredefinedCreate(String),
    /// The engine's words for a network's name that is given, in the form that another driver's networks have.
    #[error("network with name {0} already exists")]
    NetworkExists(String),
    /// No tenant can use the operation.
    #[error("doodgate: {0} is not for tenants: it reaches beyond what one tenant owns")]
    Operation(String),
    /// Some way to use an operation that no tenant can use.
    #[error("doodgate: {what} is not for tenants: {why}")]
    Way {
        /// What was asked for.
        what: String,
        /// Why not, or what to do instead.
        why: &'static str,
    },
    /// A label of the gate's own.
    #[error(
        "doodgate: `{0}` cannot be set, removed or filtered by: labels that begin with `{LABEL_PREFIX}` are the gate's"
    )]
    Reserved(String),
    /// An image's name that is somebody else's.
    #[error(
        "doodgate: the image `{0}` exists and is not yours: it cannot be changed or given to another image"
    )]
    Taken(String),
    /// A name that would have to be pulled, and that the tenant has given to an image of its own.
    #[error(
        "doodgate: `{0}` is a name that you have given to an image of your own: remove it, and pull again"
    )]
    Given(String),
    /// An image's name that somebody else is just making.
    #[error("doodgate: the image `{0}` is just being made by somebody else: try again later")]
    Busy(String),
    /// An image that may be used and not changed.
    #[error(
        "doodgate: the image `{0}` is shared: it can be used, and not be changed, deleted or pushed"
    )]
    Shared(String),
    /// Filters or another parameter that cannot be read.
    #[error("doodgate: `{name}` cannot be read: {reason}")]
    Malformed {
        /// The parameter.
        name: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A quota that is used up.
    #[error(
        "doodgate: quota `{}` exceeded: {} of {} used, and {} more asked for",
        .counted.as_str(), .counted.show(*.used), .counted.show(*.limit), .counted.show(*.asked)
    )]
    Quota {
        /// Which.
        counted: Counted,
        /// How much is used.
        used: u64,
        /// How much more was asked for.
        asked: u64,
        /// How much there is.
        limit: u64,
    },
    /// A host port that is not the tenant's to publish.
    #[error(
        "doodgate: quota `port-range` exceeded: the host port `{asked}` asked for, and {range} may be published"
    )]
    PortRange {
        /// What was asked for.
        asked: String,
        /// What there is.
        range: PortRange,
    },
    /// A container's limit that may not be raised.
    #[error(
        "doodgate: quota `{}`: the container was made with {}, and an update can only lower that",
        .counted.as_str(), .counted.show(*.limit)
    )]
    Raised {
        /// Which.
        counted: Counted,
        /// What the container was made with.
        limit: u64,
    },
    /// The engine's answer to a look-up is not what it should be.
    #[error("doodgate: the engine's answer to the gate's own `{target}` cannot be used: {reason}")]
    Facts {
        /// The look-up.
        target: String,
        /// What is wrong.
        reason: String,
    },
}

fn missing(kind: Kind, term: &str) -> String {
    match kind {
        Kind::Container => format!("No such container: {term}"),
        Kind::Exec => format!("No such exec instance: {term}"),
        Kind::Image => format!("No such image: {term}"),
        Kind::Network => format!("network {term} not found"),
        Kind::Plugin => format!("plugin \"{term}\" not found"),
        Kind::Volume => format!("get {term}: no such volume"),
        Kind::Service => format!("service {term} not found"),
        Kind::Task => format!("task {term} not found"),
        Kind::Secret => format!("secret {term} not found"),
        Kind::Config => format!("config {term} not found"),
    }
}

impl Refusal {
    /// A control group that limits are to be taken from.
    pub(super) fn cgroup_parent() -> Self {
        Self::Way {
            what: "a control group to be in".to_owned(),
            why: "it may be another's container, whose limits would be used up",
        }
    }

    /// The status of the answer, and the stable code for audit records.
    pub const fn terms(&self) -> (u16, &'static str) {
        match self {
            Self::NoSuch { .. } => (404, "not_the_tenants"),
            Self::BadReference { .. } => (400, "not_the_tenants"),
            Self::Ambiguous(_) | Self::Matches { .. } => (400, "ambiguous_prefix"),
            Self::Name(_) => (400, "container_name"),
            Self::SwarmName(_) => (400, "swarm_name"),
            Self::NoManager(_) => (503, "no_swarm_manager"),
            Self::Predefined(_) | Self::PredefinedCreate(_) => (403, "predefined_network"),
            Self::NetworkExists(_) => (409, "network_exists"),
            Self::Operation(_) | Self::Way { .. } => (403, "not_for_tenants"),
            Self::Reserved(_) => (400, "reserved_label"),
            Self::Taken(_) => (403, "image_not_own"),
            Self::Given(_) => (409, "image_own"),
            Self::Busy(_) => (409, "image_busy"),
            Self::Shared(_) => (403, "image_shared"),
            Self::Malformed { .. } => (400, "malformed_parameter"),
            Self::Quota { .. } | Self::PortRange { .. } => (429, "quota"),
            Self::Raised { .. } => (403, "quota_raised"),
            Self::Facts { .. } => (502, "engine_unusable"),
        }
    }
}
