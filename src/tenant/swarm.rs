//! A tenant's objects in a swarm: services, their tasks, secrets and configs.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::facts::{Facts, Labels, Lookup, label, read, unusable};
use super::filters::Filters;
use super::name::{begins_swarm_id, is_swarm_id};
use super::refusal::Kind;
use super::scene::Scene;
use super::{OWNER_LABEL, Refusal, Stop, View, labels};
use crate::api::json::Value;
use crate::api::{Call, segment};
use crate::policy::Counted;

/// The label by which the engine says whose task a container is.
pub(super) const SERVICE_ID: &str = "com.docker.swarm.service.id";
/// The label by which it says what that service is called.
pub(super) const SERVICE_NAME: &str = "com.docker.swarm.service.name";
/// The label by which it says what that task is called.
pub(super) const TASK_NAME: &str = "com.docker.swarm.task.name";

/// What an object in a swarm is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Swarm {
    /// A service.
    Service,
    /// A task of a service.
    Task,
    /// A secret.
    Secret,
    /// A config.
    Config,
}

/// An object as the engine shows it: `GET /services/ID`, and so on, and an item of the lists.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Object {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(default, rename = "CreatedAt")]
    pub(super) created: String,
    #[serde(default, rename = "Spec")]
    pub(super) spec: Spec,
    #[serde(default, rename = "PreviousSpec")]
    pub(super) previous: Option<Spec>,
    #[serde(default, rename = "UpdateStatus")]
    pub(super) update: Option<UpdateStatus>,
}

/// What an object was asked to be. A task has its template's fields here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Spec {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) labels: Labels,
    #[serde(default, rename = "ContainerSpec")]
    pub(super) container: Option<ContainerSpec>,
    #[serde(default)]
    pub(super) task_template: Option<Template>,
    #[serde(default)]
    pub(super) update_config: Option<UpdateConfig>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Template {
    #[serde(default, rename = "ContainerSpec")]
    pub(super) container: Option<ContainerSpec>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ContainerSpec {
    #[serde(default)]
    pub(super) image: String,
    #[serde(default)]
    pub(super) labels: Labels,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateConfig {
    #[serde(default)]
    pub(super) failure_action: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateStatus {
    #[serde(default)]
    pub(super) state: String,
}

impl Swarm {
    /// The path of the list.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Service => "/services",
            Self::Task => "/tasks",
            Self::Secret => "/secrets",
            Self::Config => "/configs",
        }
    }

    /// Its words where there is none.
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Service => Kind::Service,
            Self::Task => Kind::Task,
            Self::Secret => Kind::Secret,
            Self::Config => Kind::Config,
        }
    }

    /// What the engine calls it, in messages.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Task => "task",
            Self::Secret => "secret",
            Self::Config => "config",
        }
    }

    /// The most characters of a name (swarmkit, `manager/controlapi/common.go`).
    const fn longest_name(self) -> usize {
        match self {
            Self::Service | Self::Task => 63,
            Self::Secret | Self::Config => 64,
        }
    }
}

impl Object {
    /// When it was made, in seconds since 1970; `None` where that cannot be read.
    pub(super) fn created(&self) -> Option<i64> {
        let (date, time) = self.created.split_once('T')?;
        let numbers = |text: &str, between: char| -> Option<[i64; 3]> {
            let numbers: Option<Vec<i64>> =
                text.split(between).map(|part| part.parse().ok()).collect();
            numbers?.try_into().ok()
        };
        let [year, month, day] = numbers(date, '-')?;
        let [hours, minutes, seconds] = numbers(time.get(..8)?, ':')?;
        // Days since the 1st of March of the year 0, with years that begin in March.
        let year = year.checked_sub(i64::from(month < 3))?;
        let months = month.checked_add(9)?.checked_rem(12)?;
        let leap = (year / 4)
            .checked_sub(year / 100)?
            .checked_add(year / 400)?;
        let of_year = months.checked_mul(153)?.checked_add(2)? / 5;
        let days = [of_year, day, -1, leap, -719_468]
            .into_iter()
            .try_fold(year.checked_mul(365)?, i64::checked_add)?;
        [hours, minutes, seconds]
            .into_iter()
            .zip([3600, 60, 1])
            .try_fold(days.checked_mul(86_400)?, |sum, (number, unit)| {
                sum.checked_add(number.checked_mul(unit)?)
            })
    }

    /// Whose label it has.
    pub(super) fn owner(&self, kind: Swarm) -> Option<&str> {
        match kind {
            Swarm::Service | Swarm::Secret | Swarm::Config => label(&self.spec.labels, OWNER_LABEL),
            Swarm::Task => label(&self.spec.container.as_ref()?.labels, OWNER_LABEL),
        }
    }
}

impl Scene<'_> {
    /// An own object, named in a path, a filter or a document.
    pub(super) fn swarm(&self, kind: Swarm, term: &str) -> Result<Object, Stop> {
        let missing = || {
            Stop::from(Refusal::NoSuch {
                kind: kind.kind(),
                term: term.to_owned(),
            })
        };
        if term.is_empty() {
            return Err(missing());
        }
        if let Some(found) = self.swarm_by_id(kind, term)? {
            return Ok(found);
        }
        let name = self.tenant.swarm_name(term);
        let target = format!("{}/{}", kind.path(), segment(&name));
        let named: Option<Object> = find(self.facts, &target)?;
        if let Some(found) = named.filter(|found| self.tenant.owns(found.owner(kind))) {
            return Ok(found);
        }
        if !begins_swarm_id(term) {
            return Err(missing());
        }
        let mut begun = self.swarm_all(kind)?;
        begun.retain(|object| object.id.starts_with(term));
        if begun.len() > 1 {
            return Err(Refusal::Matches {
                kind: kind.as_str(),
                term: term.to_owned(),
                count: begun.len(),
            }
            .into());
        }
        begun.pop().ok_or_else(missing)
    }

    /// An own object by its whole identifier; `None` where there is none, and where `id` is none.
    pub(super) fn swarm_by_id(&self, kind: Swarm, id: &str) -> Result<Option<Object>, Stop> {
        if !is_swarm_id(id) {
            return Ok(None);
        }
        let found: Option<Object> = find(self.facts, &format!("{}/{id}", kind.path()))?;
        // The engine takes a name of the same form, too.
        Ok(found.filter(|found| found.id == id && self.tenant.owns(found.owner(kind))))
    }

    /// All own objects of a kind; none where the engine manages no swarm.
    pub(super) fn swarm_all(&self, kind: Swarm) -> Result<Vec<Object>, Stop> {
        let mut all = listed(self.facts, kind, &self.owned())?;
        all.retain(|object| self.tenant.owns(object.owner(kind)));
        Ok(all)
    }
}

/// All objects of a kind that have a label; none where the engine manages no swarm. `filter` is the value of a parameter.
pub(super) fn listed(facts: &Facts, kind: Swarm, filter: &str) -> Result<Vec<Object>, Stop> {
    let target = format!("{}?filters={filter}", kind.path());
    match find(facts, &target) {
        Ok(all) => all.ok_or_else(|| unusable(&target, "it is not there".to_owned())),
        Err(Stop::Refuse(Refusal::NoManager(_))) => Ok(Vec::new()),
        Err(other) => Err(other),
    }
}

/// Asks a manager of a swarm for what may be missing.
///
/// # Errors
/// The engine's own, where it manages no swarm.
pub(super) fn find<T: DeserializeOwned>(facts: &Facts, target: &str) -> Result<Option<T>, Stop> {
    let fact = facts.ask(Lookup::get(target))?;
    match fact.status {
        200 => read(target, &fact.body).map(Some),
        503 => Err(no_manager(target, &fact.body)),
        400..=499 => Ok(None),
        status => Err(unusable(target, format!("its status is {status}"))),
    }
}

/// What the engine says where it manages no swarm.
pub(super) fn no_manager(target: &str, body: &[u8]) -> Stop {
    #[derive(Deserialize)]
    struct Told {
        message: String,
    }
    match read::<Told>(target, body) {
        Ok(told) => Refusal::NoManager(told.message).into(),
        Err(stop) => stop,
    }
}

/// Lists own objects.
pub(super) fn list(scene: &Scene<'_>, call: &mut Call<'_>, kind: Swarm) -> Result<View, Stop> {
    let mut filters = Filters::of(call)?;
    // Both are compared with the beginning or the whole of a name.
    for name in ["name", "names"] {
        let values: BTreeSet<String> = filters.take(name);
        for value in values {
            filters.add(name, scene.tenant.swarm_name(&value));
        }
    }
    if kind == Swarm::Task {
        for value in filters.take("service") {
            filters.add("service", scene.swarm(Swarm::Service, &value)?.id);
        }
    }
    filters.add_owner(scene.tenant);
    filters.write(call);
    Ok(View::SwarmList(kind))
}

/// Makes a new secret or config the tenant's, or what one is changed to.
pub(super) fn store(
    scene: &Scene<'_>,
    root: &mut Value<'_>,
    kind: Swarm,
    is_new: bool,
) -> Result<(), Stop> {
    let driver = root.field("Driver").and_then(|driver| driver.field("Name"));
    if driver
        .and_then(Value::as_str)
        .is_some_and(|name| !name.is_empty())
    {
        return Err(Refusal::Way {
            what: "a secret that a driver keeps".to_owned(),
            why: "what the driver has may be another's",
        }
        .into());
    }
    let name = root.field("Name").and_then(Value::as_str);
    let name = engine_name(scene, name.unwrap_or_default(), kind)?;
    labels::stamp(root, scene.tenant, &[])?;
    if is_new {
        let counted = match kind {
            Swarm::Config => Counted::Configs,
            Swarm::Service | Swarm::Task | Swarm::Secret => Counted::Secrets,
        };
        scene.claim(&[(counted, 1)])?;
    }
    root.set_field("Name", Value::text(name));
    Ok(())
}

/// The swarm's name for what the tenant calls `plain`.
///
/// # Errors
/// The engine's own for a name that it would refuse: with the prefix it might not.
pub(super) fn engine_name(scene: &Scene<'_>, plain: &str, kind: Swarm) -> Result<String, Refusal> {
    let refuse = |why: &str| {
        Err(Refusal::SwarmName(format!(
            "rpc error: code = InvalidArgument desc = {why}"
        )))
    };
    let dotted = matches!(kind, Swarm::Secret | Swarm::Config);
    let ends_well = |end: Option<char>| end.is_some_and(|c| c.is_ascii_alphanumeric());
    let valid = ends_well(plain.chars().next())
        && ends_well(plain.chars().next_back())
        && plain
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c) || (dotted && c == '.'));
    match (plain.is_empty(), valid, dotted) {
        (true, _, true) => refuse("name must be provided"),
        (true, _, false) => refuse("meta: name must be provided"),
        (false, false, true) => refuse(
            "invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]",
        ),
        (false, false, false) => refuse("name must be valid as a DNS name component"),
        (false, true, _) => {
            let name = scene.tenant.swarm_name(plain);
            let front = name.len().saturating_sub(plain.len());
            let room = kind.longest_name().saturating_sub(front);
            if plain.len() > room {
                return Err(Refusal::SwarmName(format!(
                    "doodgate: the name `{plain}` is too long: it may have {room} characters, since the swarm knows it with the tenant's in front"
                )));
            }
            Ok(name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_seconds_since_1970() {
        let created = |text: &str| {
            let object = format!(r#"{{"ID":"a","CreatedAt":"{text}"}}"#);
            let object: Object = read("", object.as_bytes()).unwrap();
            object.created()
        };
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59.5Z", 951_868_799),
            ("2001-03-01T00:00:00.123456789Z", 983_404_800),
            ("2026-11-24T14:10:00Z", 1_795_529_400),
        ] {
            assert_eq!(created(text), Some(expected), "{text}");
        }
        for text in ["", "now", "2026-11-24", "2026-11T00:00:00Z", "2026-11-24Tx"] {
            assert_eq!(created(text), None, "{text}");
        }
    }
}
