//! What has to be asked of the engine, and what it answered.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Refusal;

/// How the engine is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ask {
    /// `GET`: what is there.
    Get,
    /// `POST`: to make what the call needs. Asking twice makes it once.
    Make,
    /// `DELETE`: to take away what was made for the call alone.
    Remove,
}

/// One of the gate's own calls, on behalf of a tenant's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lookup {
    /// How it is asked.
    pub method: Ask,
    /// The target, without a version.
    pub target: String,
    /// The JSON document; empty for none.
    pub body: String,
}

impl Lookup {
    pub(super) fn get(target: &str) -> Self {
        Self {
            method: Ask::Get,
            target: target.to_owned(),
            body: String::new(),
        }
    }

    pub(super) fn delete(target: &str) -> Self {
        Self {
            method: Ask::Remove,
            ..Self::get(target)
        }
    }

    pub(super) fn post(target: &str, body: String) -> Self {
        Self {
            method: Ask::Make,
            target: target.to_owned(),
            body,
        }
    }
}

/// What the engine answered.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// What is known of the engine for one call. Kept for no other, so that it cannot go stale.
#[derive(Debug, Default)]
pub struct Facts(Vec<(Lookup, Fact)>);

/// Why a call is not ready to be sent.
#[derive(Debug)]
pub enum Stop {
    /// This has to be asked first.
    Lookup(Lookup),
    /// It is refused.
    Refuse(Refusal),
    /// The gate answers by itself.
    Answer(Answer),
}

/// An answer of the gate's own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// Its JSON: one document, or several with line breaks behind each.
    pub body: String,
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refuse(refusal)
    }
}

impl Facts {
    /// Takes note of what the engine answered.
    pub fn add(&mut self, lookup: Lookup, fact: Fact) {
        self.0.push((lookup, fact));
    }

    pub(super) fn ask(&self, lookup: Lookup) -> Result<&Fact, Stop> {
        match self.0.iter().find(|(known, _)| *known == lookup) {
            Some((_, fact)) => Ok(fact),
            None => Err(Stop::Lookup(lookup)),
        }
    }

    /// Asks for one object: `None` when the engine does not find it.
    pub(super) fn find<T: DeserializeOwned>(&self, target: &str) -> Result<Option<T>, Stop> {
        let fact = self.ask(Lookup::get(target))?;
        match fact.status {
            200 => read(target, &fact.body).map(Some),
            400..=499 => Ok(None),
            status => Err(unusable(target, format!("its status is {status}"))),
        }
    }

    /// Asks for what is always there.
    pub(super) fn have<T: DeserializeOwned>(&self, target: &str) -> Result<T, Stop> {
        let status = self.ask(Lookup::get(target))?.status;
        self.find(target)?
            .ok_or_else(|| unusable(target, format!("its status is {status}")))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the engine writes no key twice, and a field that came twice would be refused here"
)]
pub(super) fn read<T: DeserializeOwned>(target: &str, body: &[u8]) -> Result<T, Stop> {
    serde_json::from_slice(body).map_err(|error| unusable(target, error.to_string()))
}

pub(super) fn unusable(target: &str, reason: String) -> Stop {
    Stop::Refuse(Refusal::Facts {
        target: target.to_owned(),
        reason,
    })
}

/// Labels as the engine writes them: an object, or `null`.
pub(super) type Labels = Option<std::collections::BTreeMap<String, String>>;

/// The label `name`.
pub(super) fn label<'l>(labels: &'l Labels, name: &str) -> Option<&'l str> {
    labels.as_ref()?.get(name).map(String::as_str)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Configured {
    #[serde(default)]
    pub(super) labels: Labels,
    #[serde(default)]
    pub(super) volumes: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    #[serde(default)]
    pub(super) exposed_ports: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    #[serde(default)]
    pub(super) on_build: Option<Vec<String>>,
}

/// `GET /containers/ID/json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InspectedContainer {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) config: Configured,
    /// The commands in it that are prepared or run.
    #[serde(default, rename = "ExecIDs")]
    pub(super) execs: Option<Vec<String>>,
}

/// An item of `GET /containers/json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedContainer {
    pub(super) id: String,
    #[serde(default)]
    pub(super) names: Option<Vec<String>>,
    #[serde(default)]
    pub(super) labels: Labels,
    #[serde(default)]
    pub(super) state: String,
    #[serde(default, rename = "ImageID")]
    pub(super) image_id: String,
    /// Seconds since 1970.
    #[serde(default)]
    pub(super) created: i64,
}

/// `GET /exec/ID/json`.
#[derive(Debug, Deserialize)]
pub(super) struct InspectedExec {
    #[serde(rename = "ContainerID")]
    pub(super) container_id: String,
}

/// `GET /networks/ID`, and an item of `GET /networks`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Network {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) labels: Labels,
}

/// `GET /volumes/NAME`, and an item of `GET /volumes`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Volume {
    pub(super) name: String,
    #[serde(default)]
    pub(super) labels: Labels,
}

/// `GET /volumes`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Volumes {
    #[serde(default)]
    pub(super) volumes: Option<Vec<Volume>>,
}

/// `GET /images/NAME/json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InspectedImage {
    pub(super) id: String,
    #[serde(default)]
    pub(super) repo_tags: Option<Vec<String>>,
    #[serde(default)]
    pub(super) repo_digests: Option<Vec<String>>,
    #[serde(default)]
    pub(super) config: Option<Configured>,
}

/// An item of `GET /images/json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedImage {
    pub(super) id: String,
    /// Seconds since 1970.
    #[serde(default)]
    pub(super) created: i64,
    #[serde(default)]
    pub(super) repo_tags: Option<Vec<String>>,
    #[serde(default)]
    pub(super) repo_digests: Option<Vec<String>>,
    #[serde(default)]
    pub(super) labels: Labels,
    #[serde(default)]
    pub(super) size: u64,
}
