//! The items of lists: which of them a tenant sees.

use std::borrow::Cow;

use super::cursor::Read;
use super::facts::{Owner, Search, elements, needed, owner, pick, string, strings, whose};
use super::form::Form;
use super::rewrite::Rule;
use super::table;
use crate::api::image::Reference;
use crate::tenant::image::is_reserved;
use crate::tenant::{IMAGE_LABEL, ImageListing, OWNER_LABEL, Swarm, Tenant};

/// What a list is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Container,
    Image,
    Network,
    Volume,
    Swarm(Swarm),
}

/// An item that the tenant sees.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Seen {
    /// Whether it is the tenant's own: images are also seen that are shared.
    pub(super) mine: bool,
    /// Its plain names, for filters; images have none.
    pub(super) names: Vec<String>,
    /// The image that a container was made of, where that was noted.
    pub(super) made_of: Option<String>,
    /// The identifiers of the networks that a service is on.
    pub(super) networks: Vec<String>,
}

impl Kind {
    /// What becomes of an item.
    pub(super) const fn rule(self) -> Rule {
        match self {
            Self::Container => table::CONTAINER_ITEM,
            Self::Image => table::IMAGE_ITEM,
            Self::Network => table::NETWORK,
            Self::Volume => table::VOLUME,
            Self::Swarm(Swarm::Service) => table::SERVICE,
            Self::Swarm(Swarm::Task) => table::TASK,
            Self::Swarm(Swarm::Secret | Swarm::Config) => table::STORED,
        }
    }

    /// Reads whose an item is; `None` when the tenant does not see it.
    pub(super) fn look(
        self,
        tenant: &Tenant,
        images: &ImageListing,
        item: &str,
    ) -> Read<Option<Seen>> {
        match self {
            Self::Container => {
                let mut search = Search::of(item, ["Labels", "Names"])?;
                let [labels, names] = search.first()?;
                let names = strings(needed(names, "Names")?)?;
                let plain: Vec<String> = names
                    .iter()
                    .filter_map(|name| tenant.plain_container(name))
                    .map(str::to_owned)
                    .collect();
                let [owner, image] = pick(needed(labels, "Labels")?, [OWNER_LABEL, IMAGE_LABEL])?;
                // A container gets its image's labels: the name is what nobody else can give it.
                if whose(tenant, owner)? != Owner::Tenant || plain.is_empty() {
                    search.all()?;
                    return Ok(None);
                }
                Ok(Some(Seen {
                    mine: true,
                    names: plain,
                    made_of: text(image)?,
                    networks: Vec::new(),
                }))
            }
            Self::Network | Self::Volume => {
                let [labels, name] = pick(item, ["Labels", "Name"])?;
                let name = string(needed(name, "Name")?)?;
                let own = owner(tenant, needed(labels, "Labels")?)? == Owner::Tenant;
                Ok(own.then(|| Seen {
                    mine: true,
                    names: vec![Form::Name.plain(tenant, &name).into_owned()],
                    made_of: None,
                    networks: Vec::new(),
                }))
            }
            Self::Swarm(kind) => {
                let [spec] = pick(item, ["Spec"])?;
                swarm(tenant, kind, needed(spec, "Spec")?)
            }
            Self::Image => {
                let [labels, tags, digests] = pick(item, ["Labels", "RepoTags", "RepoDigests"])?;
                let owner = owner(tenant, needed(labels, "Labels")?)?;
                image(tenant, images, owner, [tags, digests])
            }
        }
    }
}

/// Whether the tenant sees an object of a swarm that was asked to be so.
fn swarm(tenant: &Tenant, kind: Swarm, spec: &str) -> Read<Option<Seen>> {
    let [labels, template, container] = pick(spec, ["Labels", "TaskTemplate", "ContainerSpec"])?;
    let mut networks = Vec::new();
    let labels = match kind {
        Swarm::Secret | Swarm::Config => labels,
        Swarm::Service => {
            let [attachments] = pick(template.unwrap_or("null"), ["Networks"])?;
            for attachment in elements(attachments.unwrap_or("null"))? {
                let [target] = pick(attachment, ["Target"])?;
                networks.extend(text(target)?);
            }
            labels
        }
        // What a task has of its own is its service's template.
        Swarm::Task => pick(container.unwrap_or("null"), ["Labels"])?[0],
    };
    let own = owner(tenant, labels.unwrap_or("null"))? == Owner::Tenant;
    Ok(own.then(|| Seen {
        mine: true,
        names: Vec::new(),
        made_of: None,
        networks,
    }))
}

/// Whether the tenant sees an image with these lists of names, and whether it is asked for.
pub(super) fn image(
    tenant: &Tenant,
    images: &ImageListing,
    owner: Owner,
    names: [Option<&str>; 2],
) -> Read<Option<Seen>> {
    let mine = match owner {
        Owner::Tenant => true,
        Owner::Nobody => false,
        Owner::Other => return Ok(None),
    };
    let mut seen = mine && images.wanted.is_empty();
    for names in names.into_iter().flatten() {
        seen = seen
            || strings(names)?
                .iter()
                .any(|name| shown(tenant, mine, images, name).is_some());
    }
    Ok(seen.then_some(Seen {
        mine,
        names: Vec::new(),
        made_of: None,
        networks: Vec::new(),
    }))
}

/// An image's name as the tenant knows it; `None` where it does not, and where it is not asked for.
pub(super) fn shown<'n>(
    tenant: &Tenant,
    mine: bool,
    images: &ImageListing,
    name: &'n str,
) -> Option<&'n str> {
    let plain = tenant.plain_image(name).or_else(|| {
        let known = if mine {
            !Reference::parse(name).is_ok_and(|name| is_reserved(&name))
        } else {
            tenant.shares(name)
        };
        (known && !images.own.contains(name)).then_some(name)
    })?;
    images.wanted.want(plain).then_some(plain)
}

/// The image that a container with these labels was made of, as the tenant named it.
pub(super) fn made_of(labels: &str) -> Read<Option<String>> {
    let [name] = pick(labels, [IMAGE_LABEL])?;
    text(name)
}

pub(super) fn text(value: Option<&str>) -> Read<Option<String>> {
    value
        .map(|value| string(value).map(Cow::into_owned))
        .transpose()
}
