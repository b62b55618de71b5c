//! What an answer to a tenant holds, and so what its shield has to do.

use std::collections::BTreeSet;

use regex::Regex;

use super::image::{Names, Patterns};
use super::steps::Steps;

/// What the engine answers with, for the shield to know whose names and objects may be in it.
///
/// Whatever the operation, an answer of status 400 and above is a [`View::Error`].
#[derive(Clone, Debug)]
pub enum View {
    /// Nothing that names an object: passed on as it is.
    Pass,
    /// `{"message": ...}`, where the tenant's own names stand as the engine knows them.
    Error,
    /// A line of text that says the same, from an operation that hands over its connection.
    ErrorText,
    /// `GET /containers/ID/json`, of the tenant's own container.
    ContainerInspect,
    /// `GET /containers/ID/stats`: JSON objects one behind the other, each with the container's name.
    ContainerStats,
    /// `GET /containers/json`.
    ContainerList(Listing),
    /// `GET /volumes/NAME`, and what the creation of a volume answers.
    VolumeInspect,
    /// `GET /volumes`.
    VolumeList(Listing),
    /// `GET /networks/ID`, of the tenant's own network.
    NetworkInspect,
    /// `GET /networks`.
    NetworkList(Listing),
    /// `GET /images/json`: the tenant's own images, and those that are shared, under the names that are.
    ImageList(ImageListing),
    /// `GET /images/NAME/json`, of an image that the tenant may use. These names stand for others to it.
    ImageInspect(Names),
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
    /// `GET /events`: JSON objects one behind the other, without an end. Of the images that are named, if any are.
    Events(BTreeSet<String>),
    /// `GET /system/df`. These names of images are the tenant's own.
    DataUsage {
        /// The tenant's own names of images.
        own: Names,
        /// Whether what is counted is listed too.
        verbose: bool,
    },
    /// `GET /info`.
    Info(Counts),
    /// What a prune of volumes or networks answers: an object with a list of names.
    Pruned,
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

/// The engine's answer is not what the operation answers: nothing of it may go to a tenant.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the engine's answer cannot be read: {reason}")]
pub struct Unshieldable {
    /// What is wrong with it.
    pub reason: String,
}
