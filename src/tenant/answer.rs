//! What an answer to a tenant holds, and so what its shield has to do.

use std::collections::BTreeSet;

use regex::Regex;

use super::Refusal;
use super::image::{Names, Patterns, no_image};
use super::refusal::Kind;
use super::steps::Steps;
use super::swarm::Swarm;

/// What the engine answers with, for the shield to know whose names and objects may be in it.
///
/// Whatever the operation, an answer of status 400 and above is a [`View::Error`].
#[derive(Clone, Debug)]
pub enum View {
    /// Nothing that names an object: passed on as it is.
    Pass,
    /// That there is no such object, in the gate's words and not in the engine's: an object that is another's is answered so,
    /// too, and nobody can tell the one from the other.
    Missing(Refusal),
    /// `{"message": ...}`, where the tenant's own names stand as the engine knows them.
    Error,
    /// A line of text that says the same, from an operation that hands over its connection.
    ErrorText,
    /// `GET /containers/ID/json` of what the client calls so: the answer itself tells whether it is the tenant's.
    ContainerInspect(String),
    /// `GET /containers/ID/stats`: JSON objects one behind the other, each with the container's name.
    ContainerStats,
    /// `GET /containers/json`.
    ContainerList(Listing),
    /// `GET /exec/ID/json` of what the client calls so, which runs in a container that is asked for.
    ExecInspect(String),
    /// `GET /volumes/NAME` of what the client calls so, and what the creation of a volume answers.
    VolumeInspect(String),
    /// `GET /volumes`.
    VolumeList(Listing),
    /// `GET /networks/ID` of what the client calls so.
    NetworkInspect(String),
    /// `GET /networks`.
    NetworkList(Listing),
    /// `GET /services/ID` and its like, of what the client calls so.
    Swarm(Swarm, String),
    /// `GET /services` and its like.
    SwarmList(Swarm),
    /// What the creation or an update of a service answers: warnings.
    ServiceMade,
    /// `GET /images/json`: the tenant's own images, and those that are shared, under the names that are.
    ImageList(ImageListing),
    /// `GET /images/NAME/json`.
    ImageInspect {
        /// What the client calls the image.
        term: String,
        /// The tenant's own names of images, where they are known.
        own: Option<Names>,
    },
    /// `GET /images/NAME/history`: what the gate adds to a build is a step of it. These names are the tenant's own.
    ImageHistory(Names),
    /// What saving images answers: a tar archive.
    ImageArchive,
    /// What the deletion of an image answers: a list of what is gone.
    ImageDeleted,
    /// What a prune of images answers.
    ImagesPruned,
    /// What a build or a load tells of its steps: JSON objects one behind the other.
    Progress(Steps),
    /// `GET /events`: JSON objects one behind the other, without an end.
    Events(EventListing),
    /// `GET /system/df`.
    DataUsage {
        /// The tenant's own names of images.
        own: Names,
        /// The images that own containers were made of, one for each; `None` where the answer lists the containers.
        used: Option<Vec<String>>,
    },
    /// `GET /info`.
    Info(Counts),
    /// What a prune of volumes or networks answers: an object with a list of names.
    Pruned,
}

impl View {
    /// What is answered where the engine has no such object, if the answer shows one.
    pub fn missing(&self) -> Option<Refusal> {
        let (kind, term) = if let Self::ContainerInspect(term) = self {
            (Kind::Container, term)
        } else if let Self::ExecInspect(term) = self {
            (Kind::Exec, term)
        } else if let Self::VolumeInspect(term) = self {
            (Kind::Volume, term)
        } else if let Self::NetworkInspect(term) = self {
            (Kind::Network, term)
        } else if let Self::ImageInspect { term, .. } = self {
            return Some(no_image(term));
        } else {
            return None;
        };
        let term = term.clone();
        Some(Refusal::NoSuch { kind, term })
    }
}

/// What of a list's filters the engine cannot apply, since it knows other names: the shield applies it.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Expressions of which one must be found in the plain name; none for every name. A container's name is also
    /// looked at with a slash in front, as the engine does.
    pub names: Vec<Regex>,
    /// How many of the matching items are wanted at most; `None` for all.
    pub limit: Option<usize>,
}

/// What of a list of images the engine cannot tell, since it knows other names: the shield does.
#[derive(Clone, Debug, Default)]
pub struct ImageListing {
    /// The tenant's own names, which stand for nobody else's images.
    pub own: Names,
    /// Which names are wanted.
    pub wanted: Patterns,
}

/// Which events are wanted, as far as the engine cannot tell.
#[derive(Clone, Debug, Default)]
pub struct EventListing {
    /// Images of which one is wanted; none for events of whatever.
    pub images: BTreeSet<String>,
    /// The tenant's own volumes that the engine has named itself: their events do not tell whose they are.
    pub volumes: BTreeSet<String>,
}

/// How much of everything `GET /info` may tell.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Own containers.
    pub containers: u64,
    /// Of those, the running ones.
    pub running: u64,
    /// Of those, the paused ones.
    pub paused: u64,
    /// Of those, all others.
    pub stopped: u64,
    /// Images that the tenant may use.
    pub images: u64,
}

/// Nothing of the engine's answer may go to a tenant.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unshieldable {
    /// It is not what the operation answers.
    #[error("the engine's answer cannot be read: {0}")]
    Unreadable(String),
    /// It is about what is not the tenant's.
    #[error(transparent)]
    Refused(Box<Refusal>),
}
