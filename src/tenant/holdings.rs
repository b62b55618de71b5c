//! All that tenants have in an engine, and the order in which it can go.

use std::collections::BTreeMap;

use super::facts::{
    Facts, InspectedContainer, InspectedImage, Labels, ListedContainer, ListedImage, Network,
    Volume, Volumes, label,
};
use super::image::is_reserved;
use super::name::{self, is_task};
use super::replicas::Tasks;
use super::swarm::{self, Object, Swarm};
use super::usage::{count, runs, stamp};
use super::{
    CPUS_LABEL, MEMORY_LABEL, OWNER_LABEL, PIDS_LABEL, PORTS_LABEL, Stop, Usage, plain_image,
    plain_name,
};
use crate::api::image::Reference;
use crate::api::{query_value, segment, segments};
use crate::policy::{Counted, Tenancy};

/// What a tenant has.
#[derive(Debug)]
pub struct Holdings {
    tenant: String,
    services: Vec<Object>,
    containers: Vec<ListedContainer>,
    networks: Vec<Network>,
    volumes: Vec<Volume>,
    secrets: Vec<Object>,
    configs: Vec<Object>,
    images: Vec<ListedImage>,
    /// The engine's names for what the tenant has tagged and does not own.
    tags: Vec<String>,
}

/// How much of what a tenant has goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Extent {
    /// The services and containers that were made before a moment, in seconds since 1970, with their anonymous volumes.
    Older(i64),
    /// Services, containers, anonymous volumes, and networks.
    Remains,
    /// Everything.
    All,
}

/// One object that is to go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Removal {
    /// What it is.
    pub kind: &'static str,
    /// The name that the tenant knows.
    pub name: String,
    tenant: String,
    look: String,
    delete: String,
}

/// Whose an object is by now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// The tenant's.
    Own,
    /// There is none any more.
    Gone,
    /// Another has taken its name.
    Foreign,
}

/// What tenants have, by their names: all of them, or one.
///
/// # Errors
/// [`Stop`]: what has to be known first.
pub fn holdings(facts: &Facts, tenant: Option<&str>) -> Result<BTreeMap<String, Holdings>, Stop> {
    let filter = query_value(&match tenant {
        Some(name) => format!("{{\"label\":[\"{OWNER_LABEL}={name}\"]}}"),
        None => format!("{{\"label\":[\"{OWNER_LABEL}\"]}}"),
    });
    let containers: Vec<ListedContainer> =
        facts.have(&format!("/containers/json?all=1&filters={filter}"))?;
    let networks: Vec<Network> = facts.have(&format!("/networks?filters={filter}"))?;
    let volumes: Volumes = facts.have(&format!("/volumes?filters={filter}"))?;
    let services = swarm::listed(facts, Swarm::Service, &filter)?;
    let secrets = swarm::listed(facts, Swarm::Secret, &filter)?;
    let configs = swarm::listed(facts, Swarm::Config, &filter)?;
    let images: Vec<ListedImage> = facts.have(&format!("/images/json?filters={filter}"))?;

    let mut all = All(BTreeMap::new());
    for container in containers {
        if let Some(held) = all.of(&container.labels)
            && plain_container(&held.tenant, container.names.iter().flatten()).is_some()
        {
            held.containers.push(container);
        }
    }
    for network in networks {
        if let Some(held) = all.of(&network.labels) {
            held.networks.push(network);
        }
    }
    for volume in volumes.volumes.unwrap_or_default() {
        if let Some(held) = all.of(&volume.labels) {
            held.volumes.push(volume);
        }
    }
    for service in services {
        if let Some(held) = all.of(&service.spec.labels) {
            held.services.push(service);
        }
    }
    for secret in secrets {
        if let Some(held) = all.of(&secret.spec.labels) {
            held.secrets.push(secret);
        }
    }
    for config in configs {
        if let Some(held) = all.of(&config.spec.labels) {
            held.configs.push(config);
        }
    }
    for image in images {
        if let Some(held) = all.of(&image.labels) {
            held.images.push(image);
        }
    }
    if let Some(name) = tenant {
        all.named(name);
    }
    let every: Vec<ListedImage> = facts.have("/images/json")?;
    for (name, held) in &mut all.0 {
        held.tags = tags(name, &every);
    }
    // The filter is the engine's; what goes by it is checked here.
    all.0.retain(|name, held| {
        tenant.is_none_or(|tenant| tenant == name) && !held.removals(Extent::All).is_empty()
    });
    Ok(all.0)
}

struct All(BTreeMap<String, Holdings>);

impl All {
    /// What the tenant has whose the labels say something is. Labels that no gate has given are nobody's.
    fn of(&mut self, labels: &Labels) -> Option<&mut Holdings> {
        let name = label(labels, OWNER_LABEL).filter(|name| Tenancy::is_name(name))?;
        Some(self.named(name))
    }

    fn named(&mut self, name: &str) -> &mut Holdings {
        self.0
            .entry(name.to_owned())
            .or_insert_with(|| Holdings::none(name))
    }
}

/// The names that a tenant has given to images of nobody's.
fn tags(tenant: &str, images: &[ListedImage]) -> Vec<String> {
    images
        .iter()
        .filter(|image| label(&image.labels, OWNER_LABEL).is_none())
        .flat_map(|image| image.repo_tags.iter().flatten())
        .filter(|tag| plain_image(tenant, tag).is_some())
        .cloned()
        .collect()
}

/// The name that the tenant knows of a container with these names; `None` for one that has the label from its image
/// alone.
fn plain_container<'n>(
    tenant: &str,
    names: impl IntoIterator<Item = &'n String>,
) -> Option<&'n str> {
    let swarm = name::swarm_prefix(tenant);
    names
        .into_iter()
        .find_map(|name| name::plain_container(tenant, &swarm, name.strip_prefix('/')?))
}

impl Holdings {
    /// Nothing at all.
    pub fn none(tenant: &str) -> Self {
        Self {
            tenant: tenant.to_owned(),
            services: Vec::new(),
            containers: Vec::new(),
            networks: Vec::new(),
            volumes: Vec::new(),
            secrets: Vec::new(),
            configs: Vec::new(),
            images: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// How much it is.
    pub fn usage(&self) -> Usage {
        let mut usage = Usage::from([
            (Counted::Networks, count(self.networks.len())),
            (Counted::Volumes, count(self.volumes.len())),
            (Counted::Services, count(self.services.len())),
            (Counted::Secrets, count(self.secrets.len())),
            (Counted::Configs, count(self.configs.len())),
            (Counted::Images, count(self.images.len())),
        ]);
        let mut tasks = Tasks::default();
        for container in &self.containers {
            let name = plain_container(&self.tenant, container.names.iter().flatten());
            if name.is_some_and(is_task) {
                tasks.add(&container.labels, &container.state);
                continue;
            }
            usage.add(Counted::Containers, 1);
            usage.add(Counted::Running, u64::from(runs(&container.state)));
            for (counted, name) in [
                (Counted::Memory, MEMORY_LABEL),
                (Counted::Cpus, CPUS_LABEL),
                (Counted::Pids, PIDS_LABEL),
                (Counted::Ports, PORTS_LABEL),
            ] {
                usage.add(counted, stamp(&container.labels, name));
            }
        }
        usage.add_all(&tasks.with(&self.services));
        for image in &self.images {
            usage.add(Counted::ImageBytes, image.size);
        }
        usage
    }

    /// What goes, in such an order that nothing is in use when its turn comes.
    pub fn removals(&self, extent: Extent) -> Vec<Removal> {
        let mut removals = Vec::new();
        for service in &self.services {
            let old = match extent {
                Extent::Older(moment) => service.created().is_some_and(|made| made < moment),
                Extent::Remains | Extent::All => true,
            };
            if old {
                removals.push(self.stored(Swarm::Service, service));
            }
        }
        for container in &self.containers {
            let names = container.names.iter().flatten();
            let name = plain_container(&self.tenant, names).unwrap_or(&container.id);
            let old = match extent {
                // Its service would make another in its place.
                Extent::Older(moment) => container.created < moment && !is_task(name),
                Extent::Remains | Extent::All => true,
            };
            if old {
                let at = format!("/containers/{}", segment(&container.id));
                let look = format!("{at}/json");
                removals.push(self.removal("container", name, look, format!("{at}?force=1&v=1")));
            }
        }
        if let Extent::Older(_) = extent {
            return removals;
        }
        let plain = |name| plain_name(&self.tenant, name).unwrap_or(name);
        for network in &self.networks {
            let at = format!("/networks/{}", segment(&network.id));
            removals.push(self.removal("network", plain(&network.name), at.clone(), at));
        }
        for volume in &self.volumes {
            // What the engine has named itself nobody can name again.
            let named = plain_name(&self.tenant, &volume.name).is_some();
            if extent == Extent::All || !named {
                let at = format!("/volumes/{}", segment(&volume.name));
                let delete = format!("{at}?force=1");
                removals.push(self.removal("volume", plain(&volume.name), at, delete));
            }
        }
        if extent == Extent::All {
            let secrets = self.secrets.iter().map(|secret| (Swarm::Secret, secret));
            let configs = self.configs.iter().map(|config| (Swarm::Config, config));
            removals.extend(
                secrets
                    .chain(configs)
                    .map(|(kind, object)| self.stored(kind, object)),
            );
            // An image that another is made of can only go behind it.
            let mut images: Vec<&ListedImage> = self.images.iter().collect();
            images.sort_by_key(|image| std::cmp::Reverse(image.created));
            for image in images {
                let at = format!("/images/{}", segment(&image.id));
                let look = format!("{at}/json");
                let delete = format!("{at}?force=1");
                let name = shown(&self.tenant, image);
                removals.push(self.removal("image", &name, look, delete));
            }
            for tag in &self.tags {
                let at = format!("/images/{}", segments(tag));
                let plain = plain_image(&self.tenant, tag).unwrap_or(tag);
                let (look, delete) = (format!("{at}/json"), format!("{at}?force=1"));
                removals.push(self.removal("image name", plain, look, delete));
            }
        }
        removals
    }

    /// The removal of an object of the swarm.
    fn stored(&self, kind: Swarm, object: &Object) -> Removal {
        let name = &object.spec.name;
        let name = plain_name(&self.tenant, name).unwrap_or(name);
        let at = format!("{}/{}", kind.path(), segment(&object.id));
        self.removal(kind.as_str(), name, at.clone(), at)
    }

    fn removal(&self, kind: &'static str, name: &str, look: String, delete: String) -> Removal {
        Removal {
            kind,
            name: name.to_owned(),
            tenant: self.tenant.clone(),
            look,
            delete,
        }
    }
}

/// Whether a name is one that no tenant knows.
fn is_gates_name(tag: &str) -> bool {
    Reference::parse(tag).is_ok_and(|name| is_reserved(&name))
}

/// The names that the tenant knows an image by, or the identifier where there is none.
fn shown(tenant: &str, image: &ListedImage) -> String {
    let tags = image.repo_tags.iter().flatten();
    let tags = tags.map(|tag| plain_image(tenant, tag).unwrap_or(tag));
    let tags: Vec<&str> = tags
        .filter(|tag| *tag != "<none>:<none>" && !is_gates_name(tag))
        .collect();
    if tags.is_empty() {
        image.id.clone()
    } else {
        tags.join(", ")
    }
}

impl Removal {
    /// The target that is to be called with `DELETE`.
    pub fn target(&self) -> &str {
        &self.delete
    }

    /// Looks once more whose the object is: lists are older than what follows from them.
    ///
    /// # Errors
    /// [`Stop`]: what has to be known first.
    pub fn standing(&self, facts: &Facts) -> Result<Standing, Stop> {
        let labels = match self.kind {
            "container" => {
                let found: Option<InspectedContainer> = facts.find(&self.look)?;
                found.map(|found| {
                    let named = plain_container(&self.tenant, [&found.name]).is_some();
                    found.config.labels.filter(|_| named)
                })
            }
            "image" => {
                let found: Option<InspectedImage> = facts.find(&self.look)?;
                found.map(|found| found.config.and_then(|config| config.labels))
            }
            // The name is one that nobody else can give, whatever it stands for.
            "image name" => {
                let found: Option<InspectedImage> = facts.find(&self.look)?;
                return Ok(found.map_or(Standing::Gone, |_| Standing::Own));
            }
            "service" | "secret" | "config" => {
                swarm::find::<Object>(facts, &self.look)?.map(|found| found.spec.labels)
            }
            "network" => facts
                .find::<Network>(&self.look)?
                .map(|network| network.labels),
            _ => facts
                .find::<Volume>(&self.look)?
                .map(|volume| volume.labels),
        };
        Ok(match labels {
            None => Standing::Gone,
            Some(labels) if label(&labels, OWNER_LABEL) == Some(&self.tenant) => Standing::Own,
            Some(_) => Standing::Foreign,
        })
    }
}

#[cfg(test)]
mod tests;
