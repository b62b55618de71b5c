//! Answers that are looked at as a whole.

use std::sync::Arc;

use super::cursor::Read;
use super::facts::{Owner, elements, needed, owner, pick, string, strings};
use super::form::Form;
use super::halt::Step;
use super::item::{self, Kind};
use super::rewrite::{Given, Rewriter, Rule};
use super::table;
use crate::api::image::ImageTerm;
use crate::tenant::image::no_image;
use crate::tenant::refusal;
use crate::tenant::scene::Scene;
use crate::tenant::{Counts, Facts, ImageListing, Names, Refusal, Swarm, Tenant, Unshieldable};

/// What an answer is. Objects are told with what the client calls them.
#[derive(Clone, Debug)]
pub(super) enum Whole {
    Container(String),
    DataUsage {
        used: Option<Vec<String>>,
    },
    Error,
    /// A command in a container.
    Exec(String),
    History,
    Image {
        term: String,
        own: Option<Names>,
    },
    ImageDeleted,
    ImagesPruned,
    Info(Counts),
    /// That there is no such object.
    Missing(Refusal),
    Network(String),
    Pruned,
    ServiceMade,
    Swarm(Swarm, String),
    /// A line of text.
    Text,
    Volume(String),
}

impl Whole {
    /// Appends what the tenant gets of `answer`. `facts` is what has been asked because of it.
    pub(super) fn write(
        &self,
        tenant: &Tenant,
        (images, facts): (&Arc<ImageListing>, &Facts),
        answer: &str,
        out: &mut Vec<u8>,
    ) -> Step<()> {
        let scene = Scene::of(tenant, facts);
        let mut given = Given {
            images: Arc::clone(images),
            ..Given::default()
        };
        let rule = match self {
            // The answer to a HEAD, or one without a reason.
            Self::Error if answer.is_empty() => return Ok(()),
            Self::Error => table::ERROR,
            Self::Missing(refusal) => {
                return Err(Unshieldable::Refused(Box::new(refusal.clone())).into());
            }
            Self::Text => {
                out.extend_from_slice(Form::Message.plain(tenant, answer).as_bytes());
                return Ok(());
            }
            Self::Container(term) => {
                let [config, name] = pick(answer, ["Config", "Name"])?;
                let [labels] = pick(needed(config, "Config")?, ["Labels"])?;
                let name = string(needed(name, "Name")?)?;
                let named = tenant.plain_container(&name).is_some();
                check(
                    named && is_own(tenant, labels)?,
                    refusal::Kind::Container,
                    term,
                )?;
                given.made_of = item::made_of(needed(labels, "Labels")?)?;
                table::CONTAINER
            }
            Self::Swarm(kind, term) => {
                let item = Kind::Swarm(*kind);
                let seen = item.look(tenant, images, answer)?;
                check(seen.is_some(), kind.kind(), term)?;
                given.networks = seen.map(|seen| seen.networks).unwrap_or_default();
                item.rule()
            }
            Self::ServiceMade => table::SERVICE_MADE,
            Self::Volume(term) => {
                let [labels] = pick(answer, ["Labels"])?;
                check(is_own(tenant, labels)?, refusal::Kind::Volume, term)?;
                table::VOLUME
            }
            Self::Network(term) => {
                let [labels] = pick(answer, ["Labels"])?;
                check(is_own(tenant, labels)?, refusal::Kind::Network, term)?;
                table::NETWORK
            }
            Self::Exec(term) => {
                let [container] = pick(answer, ["ContainerID"])?;
                scene.exec_in(&string(needed(container, "ContainerID")?)?, term)?;
                table::EXEC
            }
            Self::Image { term, own } => {
                image(&scene, (term, own.as_ref()), answer, &mut given)?;
                table::IMAGE
            }
            Self::History => table::HISTORY,
            Self::Info(counts) => {
                given.counts = *counts;
                table::INFO
            }
            Self::DataUsage { used } => {
                given = usage(tenant, (images, used.as_ref()), answer)?;
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

fn is_own(tenant: &Tenant, labels: Option<&str>) -> Read<bool> {
    Ok(owner(tenant, needed(labels, "Labels")?)? == Owner::Tenant)
}

/// What is about another's object is answered as what is missing.
fn check(own: bool, kind: refusal::Kind, term: &str) -> Read<()> {
    if own {
        return Ok(());
    }
    let term = term.to_owned();
    Err(Unshieldable::Refused(Box::new(Refusal::NoSuch {
        kind,
        term,
    })))
}

/// Reads whether the tenant may use an inspected image, and which of its names stand for others to it.
fn image(
    scene: &Scene<'_>,
    (term, own): (&str, Option<&Names>),
    answer: &str,
    given: &mut Given,
) -> Step<()> {
    let [config, tags, digests] = pick(answer, ["Config", "RepoTags", "RepoDigests"])?;
    let [labels] = pick(config.unwrap_or("null"), ["Labels"])?;
    let tags = strings(tags.unwrap_or("null"))?;
    let digests = strings(digests.unwrap_or("null"))?;
    let names = || tags.iter().chain(&digests).map(|name| &**name);
    let Ok(parsed) = ImageTerm::parse(term) else {
        return Err(Unshieldable::Refused(Box::new(no_image(term))).into());
    };
    given.mine = match owner(scene.tenant, labels.unwrap_or("null"))? {
        Owner::Tenant => true,
        Owner::Nobody if scene.may_use(&parsed, names) => false,
        Owner::Nobody | Owner::Other => {
            return Err(Unshieldable::Refused(Box::new(no_image(term))).into());
        }
    };
    let own = match own {
        Some(own) => own.clone(),
        None => scene.other_names(&parsed, || tags.iter().map(|name| &**name))?,
    };
    given.images = Arc::new(ImageListing {
        own,
        ..ImageListing::default()
    });
    Ok(())
}

/// What the sums in `GET /system/df` are when nothing is counted but what the tenant sees.
fn usage(
    tenant: &Tenant,
    (listing, known): (&Arc<ImageListing>, Option<&Vec<String>>),
    answer: &str,
) -> Read<Given> {
    let [images, containers, counted] = pick(answer, ["Images", "Containers", "ContainerUsage"])?;
    let [listed] = pick(counted.unwrap_or("null"), ["Items"])?;
    let containers = containers.or(listed);
    let mut used = known.cloned().unwrap_or_default();
    let containers = containers.filter(|_| known.is_none());
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
