//! Archives of images that a tenant loads: they get names of the tenant's own, and belong to nobody else.

use std::collections::{BTreeMap, BTreeSet};

use super::scene::Scene;
use super::{Facts, OWNER_LABEL, Refusal, Stop, Target, Tenant};
use crate::api::image::Reference;
use crate::api::json::{Document, Value, has_folded_twins};
use crate::policy::Counted;

/// The list of images (moby `image/tarexport/load.go`, engines 20.10 to 28).
const MANIFEST: &str = "manifest.json";
/// The list in the way of the OCI, which engines with containerd's store read.
const INDEX: &str = "index.json";
/// The list that engines read where there is no other.
const REPOSITORIES: &str = "repositories";
/// Where containerd finds an image's name in the index.
const IMAGE_NAME: &str = "io.containerd.image.name";
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The most files that can be configurations, and the longest name of one: no archive has a hundredth of them.
const MAX_DOCUMENTS: usize = 10_000;
const MAX_NAME: usize = 512;

/// An archive, file by file. The engine unpacks all of it before it does anything else.
#[derive(Debug)]
pub struct Loading {
    tenant: Tenant,
    /// The files that can be the configuration of an image, and of nobody else's, with whether the label says that it is
    /// the tenant's.
    documents: BTreeMap<String, bool>,
    /// The configurations that the list names.
    configurations: BTreeSet<String>,
    /// The names with a registry that images get.
    registered: Vec<Reference>,
    listed: bool,
}

impl Loading {
    /// An archive before its first file.
    pub const fn new(tenant: Tenant) -> Self {
        Self {
            tenant,
            documents: BTreeMap::new(),
            configurations: BTreeSet::new(),
            registered: Vec::new(),
            listed: false,
        }
    }

    /// The content of a file as the engine gets it.
    ///
    /// # Errors
    /// Why the archive is not for the tenant to load.
    pub fn file(&mut self, name: &str, data: &[u8]) -> Result<Vec<u8>, Refusal> {
        match name {
            MANIFEST => self.manifest(data),
            INDEX => self.index(data),
            REPOSITORIES => Ok(b"{}".to_vec()),
            other => {
                self.look(other, data)?;
                Ok(data.to_vec())
            }
        }
    }

    /// Whether the archive may end here.
    ///
    /// # Errors
    /// What is missing.
    pub fn finish(&self) -> Result<(), Refusal> {
        if !self.listed {
            return Err(bad("it is not in the archive"));
        }
        let mut missing = self.configurations.iter();
        match missing.find(|name| !self.documents.contains_key(*name)) {
            Some(missing) => Err(bad(format!(
                "`{missing}` is no configuration that can be looked into"
            ))),
            None => Ok(()),
        }
    }

    /// The names that images get, and that others could have, since this was asked last: [`may_load_as`] must say that the
    /// tenant may give them.
    pub fn take_targets(&mut self) -> Vec<Target> {
        self.registered
            .drain(..)
            .map(|name| Target {
                name: name.to_string(),
                pulled: false,
            })
            .collect()
    }

    /// Looks for whose image a file is the configuration of, if it is one.
    fn look(&mut self, name: &str, data: &[u8]) -> Result<(), Refusal> {
        let Ok(document) = Document::parse(data) else {
            return Ok(());
        };
        let config = document.root().field("config");
        if [Some(document.root()), config].into_iter().any(is_double) {
            return Ok(());
        }
        let owner = config
            .and_then(|config| config.field("Labels"))
            .and_then(|labels| labels.entry(OWNER_LABEL));
        match owner {
            None => {}
            Some(owner) if self.tenant.owns(owner.as_str()) => {}
            Some(_) => {
                return Err(Refusal::Way {
                    what: "an image that somebody else has made".to_owned(),
                    why: "its label says whose it is",
                });
            }
        }
        if self.documents.len() == MAX_DOCUMENTS {
            return Err(bad(format!(
                "there are more than {MAX_DOCUMENTS} other documents in the archive"
            )));
        }
        if name.len() <= MAX_NAME {
            self.documents.insert(name.to_owned(), owner.is_some());
        }
        Ok(())
    }

    fn manifest(&mut self, data: &[u8]) -> Result<Vec<u8>, Refusal> {
        let document = Document::parse(data).map_err(|error| bad(error.to_string()))?;
        let items = document
            .root()
            .as_array()
            .ok_or_else(|| bad("it is no list"))?;
        if items.len() > 1 && self.tenant.quota().limit(Counted::Images).is_some() {
            return Err(Refusal::Way {
                what: "an archive of several images".to_owned(),
                why: "there is a quota of images; load one at a time",
            });
        }
        let mut list = Vec::new();
        for item in items {
            let configuration = item.field("Config").and_then(Value::as_str);
            let configuration = configuration.unwrap_or_default();
            let parts: Vec<&str> = configuration
                .split('/')
                .filter(|part| !matches!(*part, "" | "."))
                .collect();
            if parts.is_empty() || parts.contains(&"..") {
                return Err(bad(format!("`{configuration}` is no file of the archive")));
            }
            let file = parts.join("/");
            let mine = self.documents.get(&file) == Some(&true);
            self.configurations.insert(file);
            let tags = item.field("RepoTags").and_then(Value::as_array);
            let tags = tags
                .unwrap_or_default()
                .iter()
                .map(|tag| self.name(tag.as_str().unwrap_or_default(), mine))
                .collect::<Result<Vec<_>, _>>()?;
            if tags.is_empty() {
                return Err(Refusal::Way {
                    what: "an image without a name".to_owned(),
                    why: "nobody would know whose it is",
                });
            }
            let mut image = Value::Object(Vec::new());
            image.set_field("Config", Value::text(configuration));
            image.set_field("RepoTags", Value::Array(tags));
            let layers = item.field("Layers").cloned().unwrap_or(Value::Null);
            image.set_field("Layers", layers);
            list.push(image);
        }
        self.listed = true;
        Ok(written(&Document::new(Value::Array(list))))
    }

    fn index(&self, data: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut document = Document::parse(data).map_err(|error| Refusal::Malformed {
            name: INDEX,
            reason: error.to_string(),
        })?;
        let double = || bad(format!("`{INDEX}` has fields of one name"));
        if is_double(Some(document.root())) {
            return Err(double());
        }
        let Some(Value::Array(items)) = document.root_mut().field_mut("manifests") else {
            return Ok(written(&document));
        };
        for item in items {
            if is_double(Some(item)) {
                return Err(double());
            }
            let Some(annotations) = item.field("annotations") else {
                continue;
            };
            let mut names = Value::Object(Vec::new());
            let name = annotations
                .entry(IMAGE_NAME)
                .and_then(Value::as_str)
                .and_then(|name| Reference::parse(name).ok())
                .and_then(|name| self.tenant.engine_image(&name.or_latest()));
            if let Some(name) = name {
                names.set_entry(IMAGE_NAME, Value::text(name.to_string()));
                if let Some(tag) = annotations.entry(REF_NAME).and_then(Value::as_str)
                    && !tag.contains(['/', ':'])
                {
                    names.set_entry(REF_NAME, Value::text(tag.to_owned()));
                }
            }
            item.set_field("annotations", names);
        }
        Ok(written(&document))
    }

    /// The engine's name for an image that is called `name` in the archive, and whose label may say that it is the
    /// tenant's.
    fn name(&mut self, name: &str, mine: bool) -> Result<Value<'static>, Refusal> {
        let parsed = Reference::parse(name).map_err(|error| bad(error.to_string()))?;
        if parsed.tag().is_none() || parsed.digest().is_some() {
            return Err(bad(format!("`{name}` is no name with a tag")));
        }
        match self.tenant.engine_image(&parsed) {
            Some(name) => Ok(Value::text(name.to_string())),
            None if mine => {
                let name = Value::text(parsed.to_string());
                self.registered.push(parsed);
                Ok(name)
            }
            None => Err(Refusal::Way {
                what: format!("loading an image that you have not built as `{name}`"),
                why: "a name with a registry means the same to everybody; load it under one without",
            }),
        }
    }
}

/// Whether the tenant may load images under these names.
///
/// # Errors
/// [`Stop`]: what has to be known first, or which name is somebody else's.
pub fn may_load_as(tenant: &Tenant, targets: &[Target], facts: &Facts) -> Result<(), Stop> {
    let scene = Scene::of(tenant, facts);
    for target in targets {
        let name = Reference::parse(&target.name).map_err(|error| bad(error.to_string()))?;
        scene.free_name(MANIFEST, name)?;
    }
    Ok(())
}

/// Whether the engine would read two of its members into one field.
fn is_double(value: Option<&Value<'_>>) -> bool {
    let members = value.and_then(Value::as_object).unwrap_or_default();
    has_folded_twins(members).is_some()
}

fn bad(reason: impl Into<String>) -> Refusal {
    Refusal::Malformed {
        name: MANIFEST,
        reason: reason.into(),
    }
}

fn written(document: &Document<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    document.write(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::tenant;
    use super::*;

    const CONFIG: &str = r#"{"architecture":"amd64","config":{"Labels":null},"rootfs":{}}"#;
    const LIST: &str = r#"[{"Config":"./12.json","RepoTags":["app:1","team/b:2"],"Layers":["l/layer.tar"],"Parent":"sha256:34"}]"#;

    fn load(files: &[(&str, &str)]) -> Result<Vec<String>, Refusal> {
        let mut loading = Loading::new(tenant("acme"));
        let mut out = Vec::new();
        for (name, text) in files {
            let data = loading.file(name, text.as_bytes())?;
            out.push(String::from_utf8(data).unwrap());
        }
        loading.finish()?;
        Ok(out)
    }

    #[test]
    fn images_get_names_of_the_tenants_own() {
        let list = r#"[{"Config":"./12.json","RepoTags":["acme.tenant.doodgate.invalid/app:1","acme.tenant.doodgate.invalid/team/b:2"],"Layers":["l/layer.tar"]}]"#;
        let index = r#"{"manifests":[{"digest":"x","annotations":{"io.containerd.image.name":"docker.io/library/app:1","org.opencontainers.image.ref.name":"1","a":"b"}},{"annotations":{"org.opencontainers.image.ref.name":"evil/app:1"}}]}"#;
        for files in [
            [("12.json", CONFIG), ("manifest.json", LIST)],
            [("manifest.json", LIST), ("12.json", CONFIG)],
        ] {
            let out = load(&files).unwrap();
            assert!(out.contains(&list.to_owned()), "{out:?}");
            assert!(out.contains(&CONFIG.to_owned()), "{out:?}");
        }
        let out = load(&[
            ("index.json", index),
            ("12.json", CONFIG),
            ("manifest.json", LIST),
            ("repositories", r#"{"app":{"1":"x"}}"#),
        ])
        .unwrap();
        assert_eq!(
            out[0],
            r#"{"manifests":[{"digest":"x","annotations":{"io.containerd.image.name":"acme.tenant.doodgate.invalid/app:1","org.opencontainers.image.ref.name":"1"}},{"annotations":{}}]}"#
        );
        assert_eq!(out[3], "{}");
        let mine = CONFIG.replace("null", r#"{"io.doodgate.tenant":"acme"}"#);
        let registered = LIST.replace("app:1", "reg:5000/app:1");
        let mut loading = Loading::new(tenant("acme"));
        loading.file("12.json", mine.as_bytes()).unwrap();
        let out = loading
            .file("manifest.json", registered.as_bytes())
            .unwrap();
        assert!(
            String::from_utf8(out)
                .unwrap()
                .contains("\"reg:5000/app:1\"")
        );
        let targets = loading.take_targets();
        assert_eq!(targets[0].name, "reg:5000/app:1");
        assert_eq!(targets.len(), 1);
        loading.finish().unwrap();
    }

    #[test]
    fn what_cannot_be_the_tenants_is_refused() {
        let list = |from: &str, to: &str| LIST.replace(from, to);
        let labelled = |label: &str| CONFIG.replace("null", label);
        for (config, list) in [
            (
                labelled(r#"{"io.doodgate.tenant":"zulu"}"#),
                LIST.to_owned(),
            ),
            (labelled(r#"{"io.doodgate.tenant":1}"#), LIST.to_owned()),
            (
                labelled(r#"{"io.doodgate.tenant":"zulu"}"#).replace("\"config\"", "\"Config\""),
                LIST.to_owned(),
            ),
            ("{\"config\":{},\"Config\":{}}".to_owned(), LIST.to_owned()),
            ("no configuration".to_owned(), LIST.to_owned()),
            (CONFIG.to_owned(), list("app:1", "reg:5000/app:1")),
            (labelled(r#"{"io.doodgate.tenant":null}"#), LIST.to_owned()),
            (
                CONFIG.to_owned(),
                list("app:1", "zulu.tenant.doodgate.invalid/app:1"),
            ),
            (CONFIG.to_owned(), list("app:1", "app")),
            (CONFIG.to_owned(), list("\"app:1\",\"team/b:2\"", "")),
            (CONFIG.to_owned(), list("./12.json", "../12.json")),
            (CONFIG.to_owned(), list("./12.json", "other.json")),
            (CONFIG.to_owned(), "{}".to_owned()),
        ] {
            let files = [
                ("12.json", config.as_str()),
                ("manifest.json", list.as_str()),
            ];
            assert!(load(&files).is_err(), "{files:?}");
        }
        assert!(load(&[("12.json", CONFIG)]).is_err());
        let long = format!("{}.json", "1".repeat(600));
        let named = list("12.json", &long);
        assert!(load(&[(&long, CONFIG), ("manifest.json", &named)]).is_err());
        let mut many = Loading::new(tenant("acme"));
        let full = (0..=MAX_DOCUMENTS).find(|n| many.file(&n.to_string(), b"1").is_err());
        assert_eq!(full, Some(MAX_DOCUMENTS));
        assert!(load(&[("12.json", CONFIG), ("repositories", "{}")]).is_err());
    }
}
