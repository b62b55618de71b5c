//! Tenants: sockets whose clients share an engine with others and find it as if it were theirs alone.
//!
//! A policy decides on a call as the client wrote it. Then this module makes the call the tenant's own: names of
//! containers, volumes, networks and of what a swarm has get a prefix that no other tenant can write, what is made gets a
//! label, and every object that the call refers to is looked up and must carry that label. The answer goes through a [`Shield`], which
//! takes out what is not the tenant's and gives names back as the tenant knows them.
//!
//! Everything here is pure: facts from the engine come in as arguments, and no state is kept between two calls.

mod answer;
mod build;
mod create;
mod facts;
mod filters;
mod holdings;
mod image;
mod labels;
mod load;
mod name;
mod network;
mod ports;
mod prepare;
mod quota;
mod rate;
mod refusal;
mod replicas;
mod scene;
mod scope;
mod service;
mod steps;
mod swarm;
#[cfg(test)]
mod testing;
mod usage;
mod view;

use std::borrow::Cow;
use std::sync::Arc;

pub use answer::{Counts, EventListing, ImageListing, Listing, Unshieldable, View};
pub use build::{bases, may_build_from, renamed};
pub use facts::{Answer, Ask, Fact, Facts, Lookup, Stop};
pub use holdings::{Extent, Holdings, Removal, Standing, holdings};
pub use image::plain_image;
pub use image::{Names, Patterns, Target, marked, targets, unmark};
pub use load::{Loading, may_load_as};
pub use name::{DEFAULT_NETWORK, engine_name, plain_name};
pub use prepare::{Prepared, prepare, takes_quota};
pub use rate::Rate;
pub use refusal::{Kind, Refusal};
pub use scope::Scope;
pub use steps::Steps;
pub use swarm::Swarm;
pub use usage::{Usage, measure};
pub use view::Shield;

use crate::api::image::Reference;
use crate::policy::{Lifetime, Quota, Tenancy};

/// The prefix of the labels that are the gate's: clients can neither set, change nor remove them, and do not see them.
pub const LABEL_PREFIX: &str = "io.doodgate.";
/// Whose an object is.
pub const OWNER_LABEL: &str = "io.doodgate.tenant";
/// What a container was given of the tenant's memory, in bytes.
pub const MEMORY_LABEL: &str = "io.doodgate.memory";
/// What a container was given of the tenant's processors, in billionths.
pub const CPUS_LABEL: &str = "io.doodgate.cpus";
/// What a container was given of the tenant's processes.
pub const PIDS_LABEL: &str = "io.doodgate.pids";
/// The image that a container was made of, as the tenant named it.
pub const IMAGE_LABEL: &str = "io.doodgate.image";
/// What an object was made as: images hand their labels to containers, so that a container's own label tells it from what
/// the host makes of a tenant's image.
pub const MADE_LABEL: &str = "io.doodgate.made";
/// The values of [`MADE_LABEL`].
const CONTAINER: &str = "container";
const IMAGE: &str = "image";
/// How many host ports a container publishes.
pub const PORTS_LABEL: &str = "io.doodgate.ports";
/// How many tasks a service has at most.
pub const TASKS_LABEL: &str = "io.doodgate.tasks";
/// Marks a tenant's default network, which stays when unused ones are pruned.
pub const DEFAULT_LABEL: &str = "io.doodgate.default";

/// A tenant.
#[derive(Clone, Debug)]
pub struct Tenant {
    tenancy: Arc<Tenancy>,
    /// What the engine's names of its images begin with.
    images: Arc<str>,
    /// What the names of its objects in a swarm begin with.
    swarm: Arc<str>,
}

impl Tenant {
    /// The tenant that a configuration describes.
    pub fn new(tenancy: Arc<Tenancy>) -> Self {
        let images = image::name::prefix(&tenancy.name).into();
        let swarm = name::swarm_prefix(&tenancy.name).into();
        Self {
            tenancy,
            images,
            swarm,
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.tenancy.name
    }

    /// How much it may use.
    pub fn quota(&self) -> &Quota {
        &self.tenancy.quota
    }

    /// When what it has is removed by itself.
    pub fn lifetime(&self) -> Lifetime {
        self.tenancy.lifetime
    }

    /// The name that the engine knows a container, volume or network of the tenant's by.
    pub fn engine_name(&self, plain: &str) -> String {
        engine_name(self.name(), plain)
    }

    /// The name that a swarm knows an object of the tenant's by.
    fn swarm_name(&self, plain: &str) -> String {
        format!("{}{plain}", self.swarm)
    }

    /// The name that the engine knows a container of the tenant's by: its own, or a service's.
    fn container_name(&self, plain: &str) -> String {
        if name::is_task(plain) {
            self.swarm_name(plain)
        } else {
            self.engine_name(plain)
        }
    }

    /// The plain name of an own container that the engine lists as `name`.
    fn plain_container<'n>(&self, name: &'n str) -> Option<&'n str> {
        name::plain_container(self.name(), &self.swarm, name.strip_prefix('/')?)
    }

    /// The name that the tenant knows an object by that the engine calls `name`; `None` when the name is not one that
    /// the gate gave to an object of the tenant's.
    pub fn plain_name<'n>(&self, name: &'n str) -> Option<&'n str> {
        name::plain(self.name(), &self.swarm, name)
    }

    /// Whether the value of [`OWNER_LABEL`] is this tenant.
    pub fn owns(&self, label: Option<&str>) -> bool {
        label == Some(self.name())
    }

    /// The name that the engine knows an image by to which the tenant gives `name`; `None` where it is the same.
    fn engine_image(&self, name: &Reference) -> Option<Reference> {
        image::name::mapped(&self.images, name)
    }

    /// The name that the tenant knows an image by that the engine calls `name`; `None` when the name is not one that
    /// the gate gave to an image for the tenant.
    pub fn plain_image<'n>(&self, name: &'n str) -> Option<&'n str> {
        name.strip_prefix(&*self.images)
    }

    /// A message for people, with names as the tenant knows them.
    pub fn plain_text(&self, text: &str) -> String {
        view::plain_text(self, text)
    }

    /// `text` with the plain names of images in it.
    fn plain_images<'t>(&self, text: &'t str) -> Cow<'t, str> {
        image::name::plain(&self.images, text)
    }

    /// Whether an image that nobody owns may be used under this name. `name` is what the engine lists:
    /// `alpine:latest`, `localhost:5000/a@sha256:...`.
    pub fn shares(&self, name: &str) -> bool {
        Reference::parse(name).is_ok_and(|reference| {
            !image::is_reserved(&reference)
                && self.tenancy.shared_images.matches(&reference.to_string())
        })
    }
}
