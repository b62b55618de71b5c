//! The items of lists and of the event stream: which of them a tenant sees.

use std::borrow::Cow;

use super::cursor::Read;
use super::facts::{Owner, needed, owner, pick, string, strings};
use super::form::Form;
use super::rewrite::Rule;
use super::table;
use crate::tenant::{OWNER_LABEL, Tenant};

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
    pub(super) fn look(self, tenant: &Tenant, item: &str) -> Read<Option<Seen>> {
        match self {
            Self::Container => {
                let [labels, names] = pick(item, ["Labels", "Names"])?;
                let names = strings(needed(names, "Names")?)?;
                let plain: Vec<String> = names
                    .iter()
                    .filter_map(|name| own_container(tenant, name))
                    .map(str::to_owned)
                    .collect();
                let own = owner(tenant, needed(labels, "Labels")?)? == Owner::Tenant;
                // A container gets its image's labels: the name is what nobody else can give it.
                Ok((own && !plain.is_empty()).then_some(Seen {
                    mine: true,
                    names: plain,
                }))
            }
            Self::Network | Self::Volume => {
                let [labels, name] = pick(item, ["Labels", "Name"])?;
                let name = string(needed(name, "Name")?)?;
                let own = owner(tenant, needed(labels, "Labels")?)? == Owner::Tenant;
                Ok(own.then(|| Seen {
                    mine: true,
                    names: vec![Form::Name.plain(tenant, &name).into_owned()],
                }))
            }
            Self::Image => {
                let [labels, tags, digests] = pick(item, ["Labels", "RepoTags", "RepoDigests"])?;
                let owner = owner(tenant, needed(labels, "Labels")?)?;
                image(tenant, owner, [tags, digests])
            }
        }
    }
}

/// Whether the tenant sees an image with these lists of names.
pub(super) fn image(tenant: &Tenant, owner: Owner, names: [Option<&str>; 2]) -> Read<Option<Seen>> {
    let seen = |mine| {
        Some(Seen {
            mine,
            names: Vec::new(),
        })
    };
    match owner {
        Owner::Tenant => Ok(seen(true)),
        Owner::Other => Ok(None),
        Owner::Nobody => {
            for names in names.into_iter().flatten() {
                if strings(names)?.iter().any(|name| tenant.shares(name)) {
                    return Ok(seen(false));
                }
            }
            Ok(None)
        }
    }
}

/// The plain name of an own container. A name with an alias behind it is a link to another container.
pub(super) fn own_container<'n>(tenant: &Tenant, name: &'n str) -> Option<&'n str> {
    let plain = tenant.plain_name(name.strip_prefix('/')?)?;
    (!plain.contains('/')).then_some(plain)
}

/// What becomes of an event; `None` when it is not the tenant's to see.
pub(super) fn event(tenant: &Tenant, item: &str) -> Read<Option<Rule>> {
    let [kind, actor] = pick(item, ["Type", "Actor"])?;
    let kind = string(needed(kind, "Type")?)?;
    let [id, attributes] = pick(needed(actor, "Actor")?, ["ID", "Attributes"])?;
    let id = string(needed(id, "ID")?)?;
    let attributes = needed(attributes, "Attributes")?;
    let [label, name] = pick(attributes, [OWNER_LABEL, "name"])?;
    let name = match name {
        Some(name) => string(name)?,
        None => Cow::Borrowed(""),
    };
    let labelled = match label {
        Some(label) => tenant.owns(Some(&string(label)?)),
        None => false,
    };
    let named = |name: &str| tenant.plain_name(name).is_some();
    // A deleted image has no labels any more, and so is nobody's; a shared one is everybody's.
    Ok(match &*kind {
        "container" if labelled && named(&name) => Some(table::CONTAINER_EVENT),
        "image" if labelled => Some(table::IMAGE_EVENT),
        "network" if named(&name) => Some(table::NETWORK_EVENT),
        "volume" if named(&id) => Some(table::VOLUME_EVENT),
        _ => None,
    })
}
