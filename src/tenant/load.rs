//! Archives of images that a tenant loads: they become images of the tenant's own, as if it had built them.
//!
//! The tenant's label is put into the configuration of every image while the archive streams by, and so an image gets another
//! identifier than where it was saved, unless the label is in it already. What lists images is read by its list
//! `manifest.json` alone: the one of the OCI names configurations by their digests, which the label changes. Engines with
//! containerd's store go by that one where the archive says that it is there, and make their own of the other where not
//! (containerd, `images/archive/importer.go`).

use std::collections::BTreeSet;

use super::scene::Scene;
use super::{Facts, IMAGE, LABEL_PREFIX, MADE_LABEL, OWNER_LABEL, Refusal, Stop, Target, Tenant};
use crate::api::image::Reference;
use crate::api::json::{Document, Value, has_folded_twins};
use crate::policy::Counted;

/// The list of images (moby `image/tarexport/load.go`, engines 20.10 to 29).
const MANIFEST: &str = "manifest.json";
/// What engines would read otherwise: the mark and the list of the OCI, and the list of engines before 1.10.
const OTHER_LISTS: &[&str] = &["oci-layout", "index.json", "repositories"];

/// The most configurations, and the longest name of one: no archive has a hundredth of them.
const MAX_CONFIGURATIONS: usize = 10_000;
const MAX_NAME: usize = 512;

/// An archive, file by file. The engine reads all of it before it does anything else.
#[derive(Debug)]
pub struct Loading {
    tenant: Tenant,
    /// The configurations that have the tenant's label as they go to the engine.
    labelled: BTreeSet<String>,
    /// The configurations that the list names.
    named: BTreeSet<String>,
    /// The names with a registry that images get.
    registered: Vec<Reference>,
    listed: bool,
}

impl Loading {
    /// An archive before its first file.
    pub const fn new(tenant: Tenant) -> Self {
        Self {
            tenant,
            labelled: BTreeSet::new(),
            named: BTreeSet::new(),
            registered: Vec::new(),
            listed: false,
        }
    }

    /// The content of a file as the engine gets it.
    ///
    /// # Errors
    /// Why the archive is not for the tenant to load.
    pub fn file(&mut self, name: &str, data: &[u8]) -> Result<Vec<u8>, Refusal> {
        if name == MANIFEST {
            return self.manifest(data);
        }
        if OTHER_LISTS.contains(&name) {
            return Ok(b"{}".to_vec());
        }
        // What came under this name before is replaced.
        self.labelled.remove(name);
        let Some(configuration) = self.labelled(data) else {
            return Ok(data.to_vec());
        };
        if self.labelled.len() == MAX_CONFIGURATIONS {
            return Err(bad(format!(
                "there are more than {MAX_CONFIGURATIONS} configurations in the archive"
            )));
        }
        if name.len() <= MAX_NAME {
            self.labelled.insert(name.to_owned());
        }
        Ok(configuration)
    }

    /// Whether the archive may end here.
    ///
    /// # Errors
    /// What is missing.
    pub fn finish(&self) -> Result<(), Refusal> {
        if !self.listed {
            return Err(bad("it is not in the archive"));
        }
        match self.named.difference(&self.labelled).next() {
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

    /// A file as the configuration of an image of the tenant's; `None` where it is none, and where it could be read in more
    /// than one way. No engine takes one without `rootfs` (moby `image/image.go`, `NewFromJSON`).
    fn labelled(&self, data: &[u8]) -> Option<Vec<u8>> {
        let mut document = Document::parse(data).ok()?;
        let root = document.root_mut();
        root.as_object()?;
        if is_double(root) || !matches!(root.field("rootfs"), Some(Value::Object(_))) {
            return None;
        }
        let mut config = map(root.field_mut("config"))?;
        if is_double(&config) {
            return None;
        }
        let mut labels = map(config.field_mut("Labels"))?;
        let is = |name, value: &str| labels.entry(name).and_then(Value::as_str) == Some(value);
        if is(OWNER_LABEL, self.tenant.name()) && is(MADE_LABEL, IMAGE) {
            // Its identifier is the one that it was saved with.
            return Some(data.to_vec());
        }
        if let Value::Object(members) = &mut labels {
            members.retain(|member| !member.name.starts_with(LABEL_PREFIX));
        }
        labels.set_entry(OWNER_LABEL, Value::text(self.tenant.name().to_owned()));
        labels.set_entry(MADE_LABEL, Value::text(IMAGE));
        config.set_field("Labels", labels);
        root.set_field("config", config);
        Some(written(&document))
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
            let file = file_of(item.field("Config").and_then(Value::as_str))?;
            let tags = item.field("RepoTags").and_then(Value::as_array);
            let tags = tags
                .unwrap_or_default()
                .iter()
                .map(|tag| self.name(tag.as_str().unwrap_or_default()))
                .collect::<Result<Vec<_>, _>>()?;
            let mut image = Value::Object(Vec::new());
            image.set_field("Config", Value::text(file.clone()));
            image.set_field("RepoTags", Value::Array(tags));
            let layers = item.field("Layers").cloned().unwrap_or(Value::Null);
            image.set_field("Layers", layers);
            list.push(image);
            self.named.insert(file);
        }
        self.listed = true;
        Ok(written(&Document::new(Value::Array(list))))
    }

    /// The engine's name for an image that is called `name` in the archive.
    fn name(&mut self, name: &str) -> Result<Value<'static>, Refusal> {
        let parsed = Reference::parse(name).map_err(|error| bad(error.to_string()))?;
        if parsed.tag().is_none() || parsed.digest().is_some() {
            return Err(bad(format!("`{name}` is no name with a tag")));
        }
        if let Some(name) = self.tenant.engine_image(&parsed) {
            return Ok(Value::text(name.to_string()));
        }
        let name = Value::text(parsed.to_string());
        self.registered.push(parsed);
        Ok(name)
    }
}

/// An object that is taken out of another; an empty one where there is none, and nothing where there is something else.
fn map<'v>(value: Option<&mut Value<'v>>) -> Option<Value<'v>> {
    match value.map_or(Value::Null, std::mem::take) {
        Value::Null => Some(Value::Object(Vec::new())),
        object @ Value::Object(_) => Some(object),
        Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Array(_) => None,
    }
}

/// The file of the archive that a configuration is in, without what does not count.
fn file_of(configuration: Option<&str>) -> Result<String, Refusal> {
    let configuration = configuration.unwrap_or_default();
    let parts: Vec<&str> = configuration
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    if parts.is_empty() || parts.contains(&"..") {
        return Err(bad(format!("`{configuration}` is no file of the archive")));
    }
    Ok(parts.join("/"))
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
fn is_double(value: &Value<'_>) -> bool {
    has_folded_twins(value.as_object().unwrap_or_default()).is_some()
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

    fn labelled(config: &str) -> String {
        CONFIG.replace("{\"Labels\":null}", config)
    }

    const OWN: &str = r#"{"Labels":{"io.doodgate.tenant":"acme","io.doodgate.made":"image"}}"#;

    #[test]
    fn images_get_names_and_the_label_of_the_tenant() {
        let list = r#"[{"Config":"12.json","RepoTags":["acme.tenant.doodgate.invalid/app:1","acme.tenant.doodgate.invalid/team/b:2"],"Layers":["l/layer.tar"]}]"#;
        for files in [
            [("12.json", CONFIG), ("manifest.json", LIST)],
            [("manifest.json", LIST), ("12.json", CONFIG)],
        ] {
            let out = load(&files).unwrap();
            assert!(out.contains(&list.to_owned()), "{out:?}");
            assert!(out.contains(&labelled(OWN)), "{out:?}");
        }
        let out = load(&[
            ("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#),
            ("index.json", r#"{"manifests":[{"digest":"x"}]}"#),
            ("12.json", CONFIG),
            ("manifest.json", LIST),
            ("repositories", r#"{"app":{"1":"x"}}"#),
            ("l/layer.tar", "a layer"),
            ("l/json", r#"{"id":"l","config":{}}"#),
        ])
        .unwrap();
        let others = ["{}", "{}", "{}", "a layer", r#"{"id":"l","config":{}}"#];
        assert_eq!([&out[0], &out[1], &out[4], &out[5], &out[6]], others);
    }

    #[test]
    fn what_a_configuration_says_of_its_owner_does_not_count() {
        let own = labelled(
            r#"{"Labels":{"io.doodgate.tenant":"acme","io.doodgate.made":"image","io.doodgate.pids":"1","a":"b"}}"#,
        );
        for (config, expected) in [
            (own.clone(), own),
            (labelled("null"), labelled(OWN)),
            (
                CONFIG.replace("\"config\":{\"Labels\":null},", ""),
                format!(r#"{{"architecture":"amd64","rootfs":{{}},"config":{OWN}}}"#),
            ),
            (
                labelled(r#"{"Labels":{"io.doodgate.tenant":"zulu","io.doodgate.default":"1"}}"#),
                labelled(OWN),
            ),
            (
                labelled(r#"{"labels":{"io.doodgate.tenant":1}}"#),
                labelled(OWN),
            ),
            (
                labelled(r#"{"Cmd":["x"],"Labels":{"a":"b","io.doodgate.tenant":"acme"}}"#),
                labelled(
                    r#"{"Cmd":["x"],"Labels":{"a":"b","io.doodgate.tenant":"acme","io.doodgate.made":"image"}}"#,
                ),
            ),
        ] {
            let out = load(&[("12.json", &config), ("manifest.json", LIST)]).unwrap();
            assert_eq!(out[0], expected, "{config}");
        }
    }

    #[test]
    fn names_with_a_registry_are_asked_for() {
        let mut loading = Loading::new(tenant("acme"));
        let list = LIST.replace("app:1", "reg:5000/app:1");
        loading.file("12.json", CONFIG.as_bytes()).unwrap();
        let out = loading.file("manifest.json", list.as_bytes()).unwrap();
        assert!(
            String::from_utf8(out)
                .unwrap()
                .contains("\"reg:5000/app:1\"")
        );
        let targets = loading.take_targets();
        assert_eq!(targets[0].name, "reg:5000/app:1");
        assert_eq!((targets.len(), loading.take_targets().len()), (1, 0));
        loading.finish().unwrap();
        // The label alone says whose it is.
        let nameless = LIST.replace("\"app:1\",\"team/b:2\"", "");
        load(&[("12.json", CONFIG), ("manifest.json", &nameless)]).unwrap();
    }

    #[test]
    fn what_cannot_be_labelled_is_refused() {
        let list = |from: &str, to: &str| LIST.replace(from, to);
        let twice = r#"{"rootfs":{},"config":{},"Config":{}}"#;
        for (config, list) in [
            (twice.to_owned(), LIST.to_owned()),
            (
                CONFIG.replace("\"architecture\"", "\"Rootfs\""),
                LIST.to_owned(),
            ),
            (labelled(r#"{"Labels":null,"labels":{}}"#), LIST.to_owned()),
            (labelled(r#"{"Labels":[]}"#), LIST.to_owned()),
            (labelled("[]"), LIST.to_owned()),
            (CONFIG.replace("rootfs", "roots"), LIST.to_owned()),
            (CONFIG.replace("{}", "null"), LIST.to_owned()),
            (format!("{CONFIG}{CONFIG}"), LIST.to_owned()),
            ("no configuration".to_owned(), LIST.to_owned()),
            (CONFIG.to_owned(), list("app:1", "app")),
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
        // The last file of a name is the one that counts.
        let files = [
            ("12.json", CONFIG),
            ("manifest.json", LIST),
            ("12.json", twice),
        ];
        assert!(load(&files).is_err());
        assert!(load(&[("12.json", CONFIG)]).is_err());
        assert!(load(&[("12.json", CONFIG), ("index.json", r#"{"manifests":[]}"#)]).is_err());
        let long = format!("{}.json", "1".repeat(600));
        let named = list("12.json", &long);
        assert!(load(&[(&long, CONFIG), ("manifest.json", &named)]).is_err());
        let mut many = Loading::new(tenant("acme"));
        let full = (0..=MAX_CONFIGURATIONS)
            .find(|n| many.file(&n.to_string(), CONFIG.as_bytes()).is_err());
        assert_eq!(full, Some(MAX_CONFIGURATIONS));
    }
}
