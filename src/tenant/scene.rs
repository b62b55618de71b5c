//! Whose is what: every reference in a call is resolved to the engine's object, and must be the tenant's.

use std::collections::BTreeSet;

use super::facts::{
    Facts, InspectedContainer, InspectedExec, Labels, ListedContainer, Lookup, Network, Volume,
    Volumes, label, read, unusable,
};
use super::name::SERVICE_NETWORK;
use super::refusal::Kind;
use super::swarm::no_manager;
use super::usage::{NOTHING, Usage};
use super::{DEFAULT_LABEL, DEFAULT_NETWORK, OWNER_LABEL, Refusal, Stop, Tenant};
use crate::api::{query_value, segment};
use crate::policy::Counted;

/// A tenant, and what is known of the engine for one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'s> {
    pub(super) tenant: &'s Tenant,
    pub(super) facts: &'s Facts,
    /// A number that differs from call to call.
    pub(super) chance: u64,
    /// What calls that are running take of the quota, and the engine does not show.
    pub(super) reserved: &'s Usage,
}

/// An own container.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) id: String,
    /// The name that the tenant knows.
    pub(super) name: String,
    pub(super) labels: Labels,
}

impl<'s> Scene<'s> {
    /// A scene in which nothing is made.
    pub(super) const fn of(tenant: &'s Tenant, facts: &'s Facts) -> Self {
        Self {
            tenant,
            facts,
            chance: 0,
            reserved: &NOTHING,
        }
    }
}

impl Scene<'_> {
    /// An own container, named in a path or a document.
    pub(super) fn container(&self, term: &str) -> Result<Container, Stop> {
        let bare = term.strip_prefix('/').unwrap_or(term);
        let target = match self.pointer(bare) {
            Some(target) => format!("/containers/{}/json", segment(&target)),
            None => return self.begun_container(bare),
        };
        let found: Option<InspectedContainer> = self.facts.find(&target)?;
        found
            .and_then(|found| self.own_container(found.id, &[found.name], found.config.labels))
            .ok_or_else(|| no_container(bare))
    }

    /// What the engine finds a container by that the tenant calls `term`, if there is one: whose it is shows the answer.
    pub(super) fn container_pointer(&self, term: &str) -> Result<String, Stop> {
        match self.pointer(term) {
            Some(target) => Ok(target),
            None => Ok(self.begun_container(term)?.id),
        }
    }

    /// The engine's form of a term that can mean one container alone.
    fn pointer(&self, term: &str) -> Option<String> {
        match shape(term) {
            Shape::Whole => Some(term.to_owned()),
            Shape::Name => Some(self.tenant.container_name(term)),
            Shape::Empty | Shape::Prefix => None,
        }
    }

    /// The own container with that name, or whose identifier begins so.
    fn begun_container(&self, term: &str) -> Result<Container, Stop> {
        if term.is_empty() {
            return Err(no_container(term));
        }
        pick(self.own_containers()?, term, |c| &c.name, |c| &c.id)?
            .ok_or_else(|| no_container(term))
    }

    /// A container's label alone does not make it the tenant's: it gets its image's, too.
    fn own_container(&self, id: String, names: &[String], labels: Labels) -> Option<Container> {
        if !self.tenant.owns(label(&labels, OWNER_LABEL)) {
            return None;
        }
        let name = names
            .iter()
            .find_map(|name| self.tenant.plain_container(name))?
            .to_owned();
        Some(Container { id, name, labels })
    }

    /// All own containers.
    pub(super) fn own_containers(&self) -> Result<Vec<Container>, Stop> {
        Ok(self.listed()?.into_iter().map(|(own, _)| own).collect())
    }

    /// All own containers with the states that the engine gives them.
    pub(super) fn listed(&self) -> Result<Vec<(Container, String)>, Stop> {
        self.listed_with(|item| item.state.clone())
    }

    /// The images that own containers were made of, one for each.
    pub(super) fn used_images(&self) -> Result<Vec<String>, Stop> {
        let listed = self.listed_with(|item| item.image_id.clone())?;
        Ok(listed.into_iter().map(|(_, image)| image).collect())
    }

    fn listed_with(
        &self,
        read: impl Fn(&ListedContainer) -> String,
    ) -> Result<Vec<(Container, String)>, Stop> {
        let listed: Vec<ListedContainer> = self
            .facts
            .have(&format!("/containers/json?all=1&filters={}", self.owned()))?;
        Ok(listed
            .into_iter()
            .filter_map(|item| {
                let more = read(&item);
                let names = item.names.unwrap_or_default();
                let own = self.own_container(item.id, &names, item.labels)?;
                Some((own, more))
            })
            .collect())
    }

    /// The filter for the tenant's label, as the value of a query parameter.
    pub(super) fn owned(&self) -> String {
        query_value(&format!(
            "{{\"label\":[\"{OWNER_LABEL}={}\"]}}",
            self.tenant.name()
        ))
    }

    /// Whether a command was prepared in an own container.
    pub(super) fn exec(&self, id: &str) -> Result<(), Stop> {
        let found: InspectedExec = self
            .facts
            .find(&format!("/exec/{}/json", segment(id)))?
            .ok_or_else(|| no_exec(id))?;
        self.exec_in(&found.container_id, id)
    }

    /// Whether the container is own in which the command `id` was prepared.
    pub(super) fn exec_in(&self, container: &str, id: &str) -> Result<(), Stop> {
        match self.container(container) {
            Ok(_) => Ok(()),
            Err(Stop::Refuse(Refusal::NoSuch { .. })) => Err(no_exec(id)),
            Err(other) => Err(other),
        }
    }

    /// The engine's name of an own volume.
    pub(super) fn volume(&self, term: &str) -> Result<String, Stop> {
        self.find_volume(term)?.ok_or_else(|| {
            Refusal::NoSuch {
                kind: Kind::Volume,
                term: term.to_owned(),
            }
            .into()
        })
    }

    /// The engine's name of an own volume; `None` where there is none, and where it is not own.
    fn find_volume(&self, term: &str) -> Result<Option<String>, Stop> {
        let name = self.volume_name(term);
        let target = format!("/volumes/{}", segment(&name));
        let found: Option<Volume> = self.facts.find(&target)?;
        Ok(found
            .filter(|volume| volume.name == name)
            .filter(|volume| self.tenant.owns(label(&volume.labels, OWNER_LABEL)))
            .map(|volume| volume.name))
    }

    /// The own volumes that the engine has named itself.
    pub(super) fn unnamed_volumes(&self) -> Result<BTreeSet<String>, Stop> {
        let list: Volumes = self
            .facts
            .have(&format!("/volumes?filters={}", self.owned()))?;
        Ok(list
            .volumes
            .into_iter()
            .flatten()
            .filter(|volume| self.tenant.owns(label(&volume.labels, OWNER_LABEL)))
            .map(|volume| volume.name)
            .filter(|name| shape(name) == Shape::Whole)
            .collect())
    }

    /// The engine's name of the volume that the tenant calls `term`: what the engine has named itself keeps its name.
    pub(super) fn volume_name(&self, term: &str) -> String {
        match shape(term) {
            Shape::Whole => term.to_owned(),
            Shape::Empty | Shape::Name | Shape::Prefix => self.tenant.engine_name(term),
        }
    }

    /// The engine's name of the volume `term`, which is made where there is none.
    pub(super) fn made_volume(&self, term: &str, driver: &str) -> Result<String, Stop> {
        if let Some(name) = self.find_volume(term)? {
            return Ok(name);
        }
        let missing = || {
            Stop::from(Refusal::NoSuch {
                kind: Kind::Volume,
                term: term.to_owned(),
            })
        };
        if shape(term) == Shape::Whole {
            return Err(missing());
        }
        let driver = if driver.is_empty() { "local" } else { driver };
        let name = self.volume_name(term);
        let mut labels = serde_json::Map::new();
        labels.insert(OWNER_LABEL.to_owned(), self.tenant.name().into());
        let body = serde_json::json!({ "Name": name, "Driver": driver, "Labels": labels });
        let target = "/volumes/create";
        let fact = self.facts.ask(Lookup::post(target, body.to_string()))?;
        if fact.status != 201 {
            let reason = String::from_utf8_lossy(&fact.body).into_owned();
            return Err(unusable(target, reason));
        }
        // The engine answers with the volume that is there, where there is one.
        let made: Volume = read(target, &fact.body)?;
        if self.tenant.owns(label(&made.labels, OWNER_LABEL)) {
            Ok(made.name)
        } else {
            Err(missing())
        }
    }

    /// Whether the engine may make a volume of that name: it is own, or there is none.
    pub(super) fn free_volume(&self, term: &str) -> Result<String, Stop> {
        let name = self.volume_name(term);
        let target = format!("/volumes/{}", segment(&name));
        let found: Option<Volume> = self.facts.find(&target)?;
        match found {
            None if shape(term) != Shape::Whole => Ok(name),
            Some(volume) if self.tenant.owns(label(&volume.labels, OWNER_LABEL)) => Ok(name),
            None | Some(_) => Err(Refusal::NoSuch {
                kind: Kind::Volume,
                term: term.to_owned(),
            }
            .into()),
        }
    }

    /// An own network: its identifier and its name as the engine knows it.
    pub(super) fn network(&self, term: &str) -> Result<(String, String), Stop> {
        if is_default(term) {
            return self.default_network();
        }
        match shape(term) {
            Shape::Empty => Err(no_network(term)),
            Shape::Whole => self
                .facts
                .find::<Network>(&format!("/networks/{}", segment(term)))?
                // The engine also takes a part of an identifier.
                .filter(|network| network.id == term)
                .and_then(|network| self.own_network(network))
                .ok_or_else(|| no_network(term)),
            // One name may be the engine's or a swarm's.
            Shape::Name | Shape::Prefix => self.listed_network(term),
        }
    }

    /// What the engine finds a network by that the tenant calls `term`, if there is one: whose it is shows the answer. A
    /// name is looked up, since it is one of the engine's or of a swarm's.
    pub(super) fn network_pointer(&self, term: &str) -> Result<String, Stop> {
        match shape(term) {
            Shape::Whole => Ok(term.to_owned()),
            Shape::Empty | Shape::Name | Shape::Prefix => Ok(self.network(term)?.0),
        }
    }

    /// The own network with that name, or whose identifier begins so.
    fn listed_network(&self, term: &str) -> Result<(String, String), Stop> {
        let listed: Vec<Network> = self
            .facts
            .have(&format!("/networks?filters={}", self.owned()))?;
        let networks: Vec<(String, String, String)> = listed
            .into_iter()
            .filter_map(|network| self.own_network(network))
            .filter_map(|(id, name)| {
                let plain = self.tenant.plain_name(&name)?.to_owned();
                Some((id, name, plain))
            })
            .collect();
        let found = pick(networks, term, |n| &n.2, |n| &n.0)?;
        found
            .map(|(id, name, _)| (id, name))
            .ok_or_else(|| no_network(term))
    }

    fn own_network(&self, found: Network) -> Option<(String, String)> {
        self.tenant
            .owns(label(&found.labels, OWNER_LABEL))
            .then_some((found.id, found.name))
    }

    /// The tenant's own default network, made on first need.
    pub(super) fn default_network(&self) -> Result<(String, String), Stop> {
        self.made_network(&self.tenant.engine_name(DEFAULT_NETWORK), "bridge", "local")
    }

    /// The network that the tenant's services are on where they name no other, made on first need: its identifier.
    pub(super) fn service_network(&self) -> Result<String, Stop> {
        let name = self.tenant.swarm_name(SERVICE_NETWORK);
        Ok(self.made_network(&name, "overlay", "swarm")?.0)
    }

    /// A network that is always there: one that nobody has made yet is made.
    fn made_network(
        &self,
        name: &str,
        driver: &str,
        scope: &str,
    ) -> Result<(String, String), Stop> {
        let path = format!("/networks/{}", segment(name));
        let mut found: Option<Network> = self.facts.find(&path)?;
        if found.is_none() {
            self.claim(&[(Counted::Networks, 1)])?;
            let mut labels = serde_json::Map::new();
            labels.insert(OWNER_LABEL.to_owned(), self.tenant.name().into());
            labels.insert(DEFAULT_LABEL.to_owned(), "1".into());
            let body = serde_json::json!({
                "Name": name, "Driver": driver, "CheckDuplicate": true, "Labels": labels
            });
            let target = "/networks/create";
            let made = self.facts.ask(Lookup::post(target, body.to_string()))?;
            match made.status {
                // 409: another call of the tenant's was faster.
                201 | 409 => {}
                503 => return Err(no_manager(target, &made.body)),
                _ => {
                    let reason = String::from_utf8_lossy(&made.body).into_owned();
                    return Err(unusable(target, reason));
                }
            }
            // What was asked before is a fact already: this asks anew.
            found = self.facts.find(&format!("{path}?scope={scope}"))?;
        }
        found
            .filter(|network| network.name == name)
            .filter(|network| self.tenant.owns(label(&network.labels, OWNER_LABEL)))
            .map(|network| (network.id, network.name))
            .ok_or_else(|| {
                unusable(
                    &path,
                    "there is a network of that name that is not the tenant's".to_owned(),
                )
            })
    }
}

fn no_container(term: &str) -> Stop {
    no_such(Kind::Container, term)
}

fn no_exec(term: &str) -> Stop {
    no_such(Kind::Exec, term)
}

fn no_network(term: &str) -> Stop {
    no_such(Kind::Network, term)
}

fn no_such(kind: Kind, term: &str) -> Stop {
    Refusal::NoSuch {
        kind,
        term: term.to_owned(),
    }
    .into()
}

/// Whether a network's name means the default one.
pub(super) fn is_default(term: &str) -> bool {
    matches!(term, DEFAULT_NETWORK | "default")
}

/// How a name could be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    /// Nothing.
    Empty,
    /// A whole identifier.
    Whole,
    /// A name, and nothing else.
    Name,
    /// A name, or the beginning of an identifier.
    Prefix,
}

pub(super) fn shape(term: &str) -> Shape {
    let hex = term
        .bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    match term.len() {
        0 => Shape::Empty,
        64 if hex => Shape::Whole,
        1..=63 if hex => Shape::Prefix,
        _ => Shape::Name,
    }
}

/// The object that `term` names: by its whole name, or by the beginning of its identifier.
fn pick<T>(
    own: Vec<T>,
    term: &str,
    name: fn(&T) -> &String,
    id: fn(&T) -> &String,
) -> Result<Option<T>, Refusal> {
    let named = own.iter().position(|object| name(object) == term);
    let mut begun = own
        .iter()
        .enumerate()
        .filter(|(_, object)| id(object).starts_with(term))
        .map(|(index, _)| index);
    let at = match (named, begun.next(), begun.next()) {
        (Some(at), _, _) | (None, Some(at), None) => at,
        (None, None, _) => return Ok(None),
        (None, Some(_), Some(_)) => return Err(Refusal::Ambiguous(term.to_owned())),
    };
    Ok(own.into_iter().nth(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_a_name_an_identifier_or_may_be_either() {
        for (term, expected) in [
            ("", Shape::Empty),
            ("web", Shape::Name),
            ("abc", Shape::Prefix),
            ("cafe1234", Shape::Prefix),
            ("ABC", Shape::Name),
            (&"a".repeat(63), Shape::Prefix),
            (&"a".repeat(64), Shape::Whole),
            (&"a".repeat(65), Shape::Name),
            (&"x".repeat(64), Shape::Name),
        ] {
            assert_eq!(shape(term), expected, "{term}");
        }
    }

    #[test]
    fn a_name_goes_before_the_beginning_of_an_identifier() {
        let own = || {
            vec![
                ("abc111".to_owned(), "web".to_owned()),
                ("abc222".to_owned(), "def".to_owned()),
                ("def333".to_owned(), "x".to_owned()),
            ]
        };
        let picked = |term| {
            pick(own(), term, |object| &object.1, |object| &object.0)
                .map(|found| found.map(|object| object.0))
        };
        assert_eq!(picked("abc1"), Ok(Some("abc111".to_owned())));
        assert_eq!(picked("def"), Ok(Some("abc222".to_owned())));
        assert_eq!(picked("def3"), Ok(Some("def333".to_owned())));
        assert_eq!(picked("ff"), Ok(None));
        assert_eq!(picked("abc"), Err(Refusal::Ambiguous("abc".to_owned())));
    }
}
