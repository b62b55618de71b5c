//! What tenants have in an engine, read from the labels that the gate gives.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::Method;
use hyper::body::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

use super::Failure;
use super::run::DEFAULT_ENGINE;
use crate::gate::Engine;
use crate::policy::{Address, Tenancy};
use crate::tenant::{OWNER_LABEL, plain_image, plain_name};

/// How long the engine may take to list, and to remove one object.
const TIME: Duration = Duration::from_secs(60);

/// A line to an engine, for commands that do one thing after the other.
pub(crate) struct Line {
    runtime: Runtime,
    engine: Engine,
}

impl Line {
    /// To the engine at `address`, or to where engines are.
    pub(crate) fn to(address: Option<&str>) -> Result<Self, Failure> {
        let text = address.unwrap_or(DEFAULT_ENGINE);
        let address: Address = text
            .parse()
            .map_err(|error| Failure::Unusable(format!("`{text}` is not an address: {error}")))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            runtime,
            engine: Engine::new(address),
        })
    }

    /// `GET`, answered with JSON.
    #[expect(clippy::disallowed_methods, reason = "the engine's own words")]
    fn get<T: DeserializeOwned>(&self, target: &str) -> Result<T, Failure> {
        let (status, body) = self.call(Method::GET, target)?;
        if status != 200 {
            return Err(Failure::Fault(format!(
                "the engine answers {status} to `GET {target}`: {}",
                message(&body)
            )));
        }
        serde_json::from_slice(&body).map_err(|error| {
            Failure::Fault(format!(
                "the engine's answer to `GET {target}` cannot be read: {error}"
            ))
        })
    }

    /// `DELETE`: whether the object is gone, or why not.
    pub(crate) fn delete(&self, target: &str) -> Result<Result<(), String>, Failure> {
        let (status, body) = self.call(Method::DELETE, target)?;
        Ok(match status {
            200..=299 | 404 => Ok(()),
            _ => Err(message(&body)),
        })
    }

    fn call(&self, method: Method, target: &str) -> Result<(u16, Bytes), Failure> {
        let call = self.engine.call(method, target, Bytes::new(), TIME);
        let (status, body) = self
            .runtime
            .block_on(call)
            .map_err(|error| Failure::Fault(error.to_string()))?;
        Ok((status.as_u16(), body))
    }

    /// What tenants have, by their names: all of them, or one.
    pub(crate) fn owned(&self, tenant: Option<&str>) -> Result<BTreeMap<String, Owned>, Failure> {
        let filter = match tenant {
            Some(name) => format!("%7B%22label%22%3A%5B%22{OWNER_LABEL}%3D{name}%22%5D%7D"),
            None => format!("%7B%22label%22%3A%5B%22{OWNER_LABEL}%22%5D%7D"),
        };
        let containers: Vec<Container> =
            self.get(&format!("/containers/json?all=1&filters={filter}"))?;
        let networks: Vec<Network> = self.get(&format!("/networks?filters={filter}"))?;
        let volumes: Volumes = self.get(&format!("/volumes?filters={filter}"))?;
        let images: Vec<Image> = self.get(&format!("/images/json?filters={filter}"))?;

        let mut owned: BTreeMap<String, Owned> = BTreeMap::new();
        for container in containers {
            if let Some(name) = owner(&container.labels)
                && container.plain_name(&name).is_some()
            {
                owned.entry(name).or_default().containers.push(container);
            }
        }
        for network in networks {
            if let Some(name) = owner(&network.labels) {
                owned.entry(name).or_default().networks.push(network);
            }
        }
        for volume in volumes.volumes.unwrap_or_default() {
            if let Some(name) = owner(&volume.labels) {
                owned.entry(name).or_default().volumes.push(volume);
            }
        }
        for image in images {
            if let Some(name) = owner(&image.labels) {
                owned.entry(name).or_default().images.push(image);
            }
        }
        if let Some(name) = tenant {
            owned.entry(name.to_owned()).or_default();
        }
        // The filter is the engine's; what is deleted by it is checked here.
        owned.retain(|name, _| tenant.is_none_or(|tenant| tenant == name));
        let all: Vec<Image> = self.get("/images/json")?;
        for (name, owned) in &mut owned {
            owned.tags = tags(name, &all);
        }
        owned.retain(|_, owned| !owned.is_empty());
        Ok(owned)
    }
}

/// What a tenant has.
#[derive(Debug, Default)]
pub(crate) struct Owned {
    pub(crate) containers: Vec<Container>,
    pub(crate) networks: Vec<Network>,
    pub(crate) volumes: Vec<Volume>,
    pub(crate) images: Vec<Image>,
    /// The engine's names for what the tenant has tagged and does not own.
    pub(crate) tags: Vec<String>,
}

impl Owned {
    const fn is_empty(&self) -> bool {
        self.containers.is_empty()
            && self.networks.is_empty()
            && self.volumes.is_empty()
            && self.images.is_empty()
            && self.tags.is_empty()
    }
}

fn tags(tenant: &str, images: &[Image]) -> Vec<String> {
    images
        .iter()
        .filter(|image| owner(&image.labels).is_none())
        .flat_map(|image| image.repo_tags.iter().flatten())
        .filter(|tag| plain_image(tenant, tag).is_some())
        .cloned()
        .collect()
}

pub(crate) type Labels = Option<BTreeMap<String, String>>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Container {
    pub(crate) id: String,
    names: Option<Vec<String>>,
    pub(crate) labels: Labels,
    pub(crate) state: String,
}

impl Container {
    /// The name that the tenant knows; `None` for a container that has the label from its image alone.
    pub(crate) fn plain_name(&self, tenant: &str) -> Option<&str> {
        self.names.iter().flatten().find_map(|name| {
            let plain = plain_name(tenant, name.strip_prefix('/')?)?;
            (!plain.contains('/')).then_some(plain)
        })
    }

    /// The number in a label.
    pub(crate) fn amount(&self, label: &str) -> u64 {
        let labels = self.labels.as_ref();
        labels
            .and_then(|labels| labels.get(label)?.parse().ok())
            .unwrap_or_default()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Network {
    pub(crate) id: String,
    pub(crate) name: String,
    labels: Labels,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Volumes {
    volumes: Option<Vec<Volume>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Volume {
    pub(crate) name: String,
    labels: Labels,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Image {
    pub(crate) id: String,
    repo_tags: Option<Vec<String>>,
    labels: Labels,
    pub(crate) created: i64,
    pub(crate) size: u64,
}

impl Image {
    /// The names that the tenant knows, or the identifier where there is none.
    pub(crate) fn name(&self, tenant: &str) -> String {
        let tags: Vec<&str> = self
            .repo_tags
            .iter()
            .flatten()
            .map(|tag| plain_image(tenant, tag).unwrap_or(tag))
            .filter(|tag| *tag != "<none>:<none>")
            .collect();
        if tags.is_empty() {
            self.id.clone()
        } else {
            tags.join(", ")
        }
    }
}

/// Labels that no gate has given are nobody's.
fn owner(labels: &Labels) -> Option<String> {
    let name = labels.as_ref()?.get(OWNER_LABEL)?;
    Tenancy::is_name(name).then(|| name.clone())
}

fn message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Error {
        message: String,
    }
    #[expect(clippy::disallowed_methods, reason = "the engine's own words")]
    let error: Result<Error, _> = serde_json::from_slice(body);
    error.map_or_else(
        |_| String::from_utf8_lossy(body).trim().to_owned(),
        |error| error.message,
    )
}

/// `name` as a part of a path.
pub(crate) fn in_path(name: &str) -> String {
    let mut path = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':') {
            path.push(char::from(byte));
        } else {
            let escaped = format!("%{byte:02X}");
            path.push_str(&escaped);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_path_is_one_part_of_it() {
        for (name, path) in [
            ("acme.db", "acme.db"),
            ("sha256:00ff", "sha256:00ff"),
            ("a/../b?c d", "a%2F..%2Fb%3Fc%20d"),
        ] {
            assert_eq!(in_path(name), path);
        }
    }

    #[test]
    fn a_label_alone_makes_no_container_a_tenants() {
        let container = |name: &str| Container {
            id: "1".to_owned(),
            names: Some(vec![name.to_owned()]),
            labels: None,
            state: "running".to_owned(),
        };
        assert_eq!(container("/acme.web").plain_name("acme"), Some("web"));
        for name in ["/web", "/zulu.web", "acme.web", "/acme.web/alias"] {
            assert_eq!(container(name).plain_name("acme"), None, "{name}");
        }
    }

    #[test]
    fn names_for_what_nobody_owns_are_found() {
        let image = |tags: &[&str], owner: &[(&str, &str)]| Image {
            id: "1".to_owned(),
            repo_tags: Some(tags.iter().map(|tag| (*tag).to_owned()).collect()),
            labels: Some(
                owner
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            ),
            created: 0,
            size: 0,
        };
        let images = [
            image(&["alpine:1", "acme.tenant.doodgate.invalid/base:1"], &[]),
            image(&["zulu.tenant.doodgate.invalid/base:1"], &[]),
            image(
                &["acme.tenant.doodgate.invalid/app:1"],
                &[(OWNER_LABEL, "acme")],
            ),
        ];
        assert_eq!(
            tags("acme", &images),
            ["acme.tenant.doodgate.invalid/base:1"]
        );
        assert_eq!(images[2].name("acme"), "app:1");
    }

    #[test]
    fn errors_are_told_in_the_engines_words() {
        assert_eq!(message(br#"{"message":"in use"}"#), "in use");
        assert_eq!(message(b"gone\n"), "gone");
    }
}
