//! The items of lists and of the event stream: which of them a tenant sees.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::cursor::Read;
use super::facts::{Owner, needed, owner, pick, string, strings, whose};
use super::form::Form;
use super::rewrite::{Given, Rule};
use super::table;
use crate::api::image::Reference;
use crate::tenant::image::is_reserved;
use crate::tenant::{IMAGE_LABEL, ImageListing, OWNER_LABEL, Tenant};

/// What a list is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Container,
    Image,
    Network,
    Volume,
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
}

impl Kind {
    /// What becomes of an item.
    pub(super) const fn rule(self) -> Rule {
        match self {
            Self::Container => table::CONTAINER_ITEM,
            Self::Image => table::IMAGE_ITEM,
            Self::Network => table::NETWORK,
            Self::Volume => table::VOLUME,
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
                let [labels, names] = pick(item, ["Labels", "Names"])?;
                let names = strings(needed(names, "Names")?)?;
                let plain: Vec<String> = names
                    .iter()
                    .filter_map(|name| own_container(tenant, name))
                    .map(str::to_owned)
                    .collect();
                let [owner, image] = pick(needed(labels, "Labels")?, [OWNER_LABEL, IMAGE_LABEL])?;
                // A container gets its image's labels: the name is what nobody else can give it.
                if whose(tenant, owner)? != Owner::Tenant || plain.is_empty() {
                    return Ok(None);
                }
                Ok(Some(Seen {
                    mine: true,
                    names: plain,
                    made_of: text(image)?,
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
                }))
            }
            Self::Image => {
                let [labels, tags, digests] = pick(item, ["Labels", "RepoTags", "RepoDigests"])?;
                let owner = owner(tenant, needed(labels, "Labels")?)?;
                image(tenant, images, owner, [tags, digests])
            }
        }
    }
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

fn text(value: Option<&str>) -> Read<Option<String>> {
    value
        .map(|value| string(value).map(Cow::into_owned))
        .transpose()
}

/// The plain name of an own container. A name with an alias behind it is a link to another container.
pub(super) fn own_container<'n>(tenant: &Tenant, name: &'n str) -> Option<&'n str> {
    let plain = tenant.plain_name(name.strip_prefix('/')?)?;
    (!plain.contains('/')).then_some(plain)
}

/// What becomes of an event, and of the image in it; `None` when it is not the tenant's to see, or not of one of
/// `images`, if any are asked for.
pub(super) fn event(
    tenant: &Tenant,
    images: &BTreeSet<String>,
    item: &str,
) -> Read<Option<(Rule, Given)>> {
    let [kind, actor] = pick(item, ["Type", "Actor"])?;
    let kind = string(needed(kind, "Type")?)?;
    let [id, attributes] = pick(needed(actor, "Actor")?, ["ID", "Attributes"])?;
    let id = string(needed(id, "ID")?)?;
    let attributes = needed(attributes, "Attributes")?;
    let [label, name, image] = pick(attributes, [OWNER_LABEL, "name", "image"])?;
    let name = text(name)?.unwrap_or_default();
    let image = text(image)?.unwrap_or_default();
    let labelled = match label {
        Some(label) => tenant.owns(Some(&string(label)?)),
        None => false,
    };
    let named = |name: &str| tenant.plain_name(name).is_some();
    // A deleted image has no labels any more, and so is nobody's; a shared one is everybody's.
    let own_name = label.is_none() && tenant.plain_image(&name).is_some();
    let rule = match &*kind {
        "container" if labelled && named(&name) => table::CONTAINER_EVENT,
        "image" if labelled || own_name => table::IMAGE_EVENT,
        "network" if named(&name) => table::NETWORK_EVENT,
        "volume" if named(&id) => table::VOLUME_EVENT,
        _ => return Ok(None),
    };
    let made_of = match &*kind {
        "container" => made_of(attributes)?,
        _ => None,
    };
    let image = match (&*kind, &made_of) {
        ("image", _) => tenant.plain_images(&name),
        (_, Some(made_of)) => Cow::Borrowed(made_of.as_str()),
        (_, None) => tenant.plain_images(&image),
    };
    let asked_for = |name: &str| {
        let bare = Reference::parse(name).map(|name| name.without_tag().familiar());
        images.contains(name) || bare.is_ok_and(|bare| images.contains(&bare))
    };
    if !images.is_empty() && !asked_for(&image) && !asked_for(&tenant.plain_images(&id)) {
        return Ok(None);
    }
    let given = Given {
        made_of,
        ..Given::default()
    };
    Ok(Some((rule, given)))
}
