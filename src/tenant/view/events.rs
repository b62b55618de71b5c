//! The event stream: which events a tenant sees.
//!
//! An event tells whose it is by a label or by a name, but for those of volumes that the engine has named itself: such a
//! volume is looked up. What comes behind its event waits until then.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::cursor::{Read, bad};
use super::facts::{needed, pick, string};
use super::item::{made_of, text};
use super::rewrite::{Given, Rule};
use super::{table, whole, write_record};
use crate::api::image::Reference;
use crate::api::segment;
use crate::tenant::facts::{Volume, label, read};
use crate::tenant::image::is_reserved;
use crate::tenant::scene::{Shape, shape};
use crate::tenant::{EventListing, Fact, Lookup, OWNER_LABEL, Tenant};

/// How many volumes are remembered for their last event, at which nobody can be asked any more.
const MAX_VOLUMES: usize = 10_000;

/// Events on their way.
#[derive(Debug)]
pub(super) struct Events {
    wanted: EventListing,
    /// The volume that has to be looked up.
    unknown: Option<String>,
    /// The event of that volume and those behind it, each with whether it is a record.
    waiting: VecDeque<(bool, String)>,
}

/// What becomes of an event.
enum Becomes {
    Shown(Rule, Box<Given>),
    /// It is not the tenant's to see, or not of an image that is asked for.
    Dropped,
    /// Whose this volume is has to be known.
    Unknown(String),
}

impl Events {
    pub(super) const fn new(wanted: EventListing) -> Self {
        Self {
            wanted,
            unknown: None,
            waiting: VecDeque::new(),
        }
    }

    /// Takes the next event, and appends what goes on.
    pub(super) fn take(
        &mut self,
        tenant: &Tenant,
        (record, event): (bool, &str),
        out: &mut Vec<u8>,
    ) -> Read<()> {
        if self.unknown.is_some() || !self.write(tenant, (record, event), out)? {
            self.waiting.push_back((record, event.to_owned()));
        }
        Ok(())
    }

    /// What has to be asked before anything goes on.
    pub(super) fn question(&self) -> Option<Lookup> {
        let name = self.unknown.as_ref()?;
        Some(Lookup::get(&format!("/volumes/{}", segment(name))))
    }

    /// Takes the answer to its question, and appends what goes on because of it.
    pub(super) fn learn(&mut self, tenant: &Tenant, fact: &Fact, out: &mut Vec<u8>) -> Read<()> {
        let (Some(name), Some((record, event))) = (self.unknown.take(), self.waiting.pop_front())
        else {
            return Ok(());
        };
        if is_own(tenant, &name, fact)? {
            self.wanted.volumes.insert(name.clone());
            self.write(tenant, (record, &event), out)?;
            if self.wanted.volumes.len() > MAX_VOLUMES {
                self.wanted.volumes.remove(&name);
            }
        }
        while let Some((record, event)) = self.waiting.pop_front() {
            if !self.write(tenant, (record, &event), out)? {
                self.waiting.push_front((record, event));
                break;
            }
        }
        Ok(())
    }

    /// Appends what becomes of an event; `false` when something has to be asked first.
    fn write(
        &mut self,
        tenant: &Tenant,
        (record, event): (bool, &str),
        out: &mut Vec<u8>,
    ) -> Read<bool> {
        let (rule, given) = match self.becomes(tenant, event)? {
            Becomes::Shown(rule, given) => (rule, *given),
            Becomes::Dropped => return Ok(true),
            Becomes::Unknown(volume) => {
                self.unknown = Some(volume);
                return Ok(false);
            }
        };
        let mut written = Vec::new();
        whole::write(tenant, &given, rule, event, &mut written)?;
        write_record(record, &written, out);
        Ok(true)
    }

    /// What becomes of an event, and of the image in it.
    fn becomes(&mut self, tenant: &Tenant, event: &str) -> Read<Becomes> {
        let images = &self.wanted.images;
        let [kind, action, actor] = pick(event, ["Type", "Action", "Actor"])?;
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
            // What the gate has named for itself is nobody's to hear of.
            "image" if is_gates(tenant, &name) => return Ok(Becomes::Dropped),
            "image" if labelled || own_name => table::IMAGE_EVENT,
            "network" | "service" | "secret" | "config" if named(&name) => table::NAMED_EVENT,
            "volume" if named(&id) => table::VOLUME_EVENT,
            "volume" if self.wanted.volumes.contains(&*id) => {
                if string(action.unwrap_or("\"\""))? == "destroy" {
                    self.wanted.volumes.remove(&*id);
                }
                table::VOLUME_EVENT
            }
            "volume" if shape(&id) == Shape::Whole => return Ok(Becomes::Unknown(id.into_owned())),
            _ => return Ok(Becomes::Dropped),
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
            return Ok(Becomes::Dropped);
        }
        let given = Given {
            made_of,
            ..Given::default()
        };
        Ok(Becomes::Shown(rule, Box::new(given)))
    }
}

/// Whether a name is the gate's own, and none that it gave for the tenant.
fn is_gates(tenant: &Tenant, name: &str) -> bool {
    tenant.plain_image(name).is_none()
        && Reference::parse(name).is_ok_and(|name| is_reserved(&name))
}

/// Whether a volume is the tenant's, as the engine tells. One that has gone is nobody's.
fn is_own(tenant: &Tenant, name: &str, fact: &Fact) -> Read<bool> {
    match fact.status {
        200 => {}
        400..=499 => return Ok(false),
        status => return bad(format!("a volume's look-up has the status {status}")),
    }
    match read::<Volume>(name, &fact.body) {
        Ok(volume) => Ok(volume.name == name && tenant.owns(label(&volume.labels, OWNER_LABEL))),
        Err(_) => bad("a volume's look-up cannot be read"),
    }
}
