//! Answers that are looked at as a whole.

use std::sync::Arc;

use super::cursor::{Read, bad};
use super::facts::{Owner, elements, needed, owner, pick, string};
use super::form::Form;
use super::item::{self, Kind};
use super::rewrite::{Given, Rewriter, Rule};
use super::table;
use crate::tenant::{Counts, ImageListing, Tenant};

/// What an answer is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whole {
    Container,
    DataUsage {
        verbose: bool,
    },
    Error,
    History,
    Image,
    ImageDeleted,
    ImagesPruned,
    Info(Counts),
    Network,
    Pruned,
    /// A line of text.
    Text,
    Volume,
}

impl Whole {
    /// Appends what the tenant gets of `answer`.
    pub(super) fn write(
        self,
        tenant: &Tenant,
        images: &Arc<ImageListing>,
        answer: &str,
        out: &mut Vec<u8>,
    ) -> Read<()> {
        let mut given = Given {
            images: Arc::clone(images),
            ..Given::default()
        };
        let rule = match self {
            // The answer to a HEAD, or one without a reason.
            Self::Error if answer.is_empty() => return Ok(()),
            Self::Error => table::ERROR,
            Self::Text => {
                out.extend_from_slice(Form::Message.plain(tenant, answer).as_bytes());
                return Ok(());
            }
            Self::Container => {
                let [config, name] = pick(answer, ["Config", "Name"])?;
                let [labels] = pick(needed(config, "Config")?, ["Labels"])?;
                let name = string(needed(name, "Name")?)?;
                mine(tenant, labels)?;
                if item::own_container(tenant, &name).is_none() {
                    return another();
                }
                given.made_of = item::made_of(needed(labels, "Labels")?)?;
                table::CONTAINER
            }
            Self::Volume => {
                let [labels] = pick(answer, ["Labels"])?;
                mine(tenant, labels)?;
                table::VOLUME
            }
            Self::Network => {
                let [labels] = pick(answer, ["Labels"])?;
                mine(tenant, labels)?;
                table::NETWORK
            }
            Self::Image => {
                let [config, tags, digests] = pick(answer, ["Config", "RepoTags", "RepoDigests"])?;
                let [labels] = pick(config.unwrap_or("null"), ["Labels"])?;
                let owner = owner(tenant, labels.unwrap_or("null"))?;
                // What names it has does not change what it is.
                let any = ImageListing::default();
                match item::image(tenant, &any, owner, [tags, digests])? {
                    Some(seen) => given.mine = seen.mine,
                    None => return another(),
                }
                table::IMAGE
            }
            Self::History => table::HISTORY,
            Self::Info(counts) => {
                given.counts = counts;
                table::INFO
            }
            Self::DataUsage { verbose } => {
                given = usage(tenant, images, answer)?;
                given.verbose = verbose;
                table::DATA_USAGE
            }
            Self::ImageDeleted => table::IMAGE_DELETED,
            Self::ImagesPruned => table::IMAGES_PRUNED,
            Self::Pruned => table::PRUNED,
        };
        write(tenant, &given, rule, answer, out)?;
        out.push(b'\n');
        Ok(())
    }
}

/// Appends what becomes of `text`.
pub(super) fn write(
    tenant: &Tenant,
    given: &Given,
    rule: Rule,
    text: &str,
    out: &mut Vec<u8>,
) -> Read<()> {
    Rewriter { tenant, given, out }.whole(rule, text)
}

/// The call was made on an object of the tenant's, so that the answer is about nothing else.
fn mine(tenant: &Tenant, labels: Option<&str>) -> Read<()> {
    match owner(tenant, needed(labels, "Labels")?)? {
        Owner::Tenant => Ok(()),
        Owner::Nobody | Owner::Other => another(),
    }
}

fn another<T>() -> Read<T> {
    bad("it is about an object that is not the tenant's")
}

/// What the sums in `GET /system/df` are when nothing is counted but what the tenant sees.
fn usage(tenant: &Tenant, listing: &Arc<ImageListing>, answer: &str) -> Read<Given> {
    let [images, containers, counted] = pick(answer, ["Images", "Containers", "ContainerUsage"])?;
    let [listed] = pick(counted.unwrap_or("null"), ["Items"])?;
    let containers = containers.or(listed);
    let mut used = Vec::new();
    for container in elements(containers.unwrap_or("null"))? {
        if Kind::Container.look(tenant, listing, container)?.is_some() {
            let [image] = pick(container, ["ImageID"])?;
            used.push(string(needed(image, "ImageID")?)?.into_owned());
        }
    }
    let mut layers = 0_u64;
    for image in elements(images.unwrap_or("null"))? {
        if Kind::Image.look(tenant, listing, image)?.is_some() {
            let [size] = pick(image, ["Size"])?;
            let size: u64 = needed(size, "Size")?.parse().unwrap_or_default();
            layers = layers.saturating_add(size);
        }
    }
    Ok(Given {
        layers,
        used: Some(used),
        images: Arc::clone(listing),
        ..Given::default()
    })
}
