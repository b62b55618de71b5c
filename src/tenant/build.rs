//! Builds with the classic builder: what is built is the tenant's, and built from what it may use.

use std::collections::BTreeMap;

use super::facts::InspectedImage;
use super::image::{Image, no_image};
use super::scene::{Scene, is_default};
use super::{Facts, IMAGE, LABEL_PREFIX, MADE_LABEL, OWNER_LABEL, Refusal, Stop, Tenant, Usage};
use crate::api::Call;
use crate::api::image::Reference;
use crate::api::json::{Document, Value};
use crate::demand::dockerfile::{self, Base, Texts};

/// Makes a build the tenant's, and answers what it takes of the quota while it runs.
pub(super) fn build(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<Usage, Stop> {
    let given = |name: &str| call.parameter(name).is_some_and(|value| !value.is_empty());
    let buildkit = call.parameter("version") == Some("2");
    if buildkit || ["session", "buildid", "outputs"].into_iter().any(given) {
        return Err(way(
            "a build with BuildKit",
            "nobody can see into its tunnels; build with DOCKER_BUILDKIT=0",
        ));
    }
    if given("cgroupparent") {
        return Err(Refusal::cgroup_parent().into());
    }
    if given("remote") {
        return Err(way(
            "a remote build context",
            "what it builds from cannot be checked; send the context",
        ));
    }
    cache_from(scene, call)?;
    // Tags that others use are not moved.
    call.remove_parameter("pull");
    let names: Vec<String> = call.query.all("t").map(str::to_owned).collect();
    call.remove_parameter("t");
    for name in names.iter().filter(|name| !name.is_empty()) {
        let name = Reference::given(name, "").map_err(|error| Refusal::Malformed {
            name: "t",
            reason: error.to_string(),
        })?;
        call.push_parameter("t", scene.free_name("t", name)?.to_string());
    }
    let mode = call.parameter("networkmode").unwrap_or_default().to_owned();
    let mode = match mode.as_str() {
        "none" | "host" => mode,
        "" => scene.default_network()?.1,
        other if is_default(other) => scene.default_network()?.1,
        other => match other.strip_prefix("container:") {
            Some(term) => format!("container:{}", scene.container(term)?.id),
            None => scene.network(other)?.1,
        },
    };
    call.set_parameter("networkmode", mode);
    let labels = labels(scene, call.parameter("labels"))?;
    call.set_parameter("labels", labels);
    texts("buildargs", call.parameter("buildargs"))?;
    scene.claim_build(call)
}

/// Lets steps be taken from images that the tenant may use: as the engine does, those that are not there are passed over.
fn cache_from(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<(), Stop> {
    let Some(text) = call.parameter("cachefrom").filter(|text| !text.is_empty()) else {
        return Ok(());
    };
    let bad = |reason: String| Refusal::Malformed {
        name: "cachefrom",
        reason,
    };
    let document = Document::parse(text.as_bytes()).map_err(|error| bad(error.to_string()))?;
    let terms = match document.root() {
        Value::Null => &[],
        Value::Array(terms) => terms.as_slice(),
        Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Object(_) => {
            return Err(bad("it is no list".to_owned()).into());
        }
    };
    let mut names = Vec::new();
    for term in terms {
        let term = term
            .as_str()
            .ok_or_else(|| bad("it holds what is no text".to_owned()))?;
        match scene.image(term)? {
            Image::Own(image) => names.push(image.id),
            Image::Shared(_) => names.push(term.to_owned()),
            Image::Foreign | Image::Absent => {}
        }
    }
    let names = serde_json::Value::from(names).to_string();
    call.set_parameter("cachefrom", names);
    Ok(())
}

fn way(what: &str, why: &'static str) -> Stop {
    Refusal::Way {
        what: what.to_owned(),
        why,
    }
    .into()
}

/// The labels that the image gets behind those of its Dockerfile.
fn labels(scene: &Scene<'_>, given: Option<&str>) -> Result<String, Stop> {
    let mut labels = texts("labels", given)?;
    if let Some(name) = labels
        .keys()
        .find(|name| name.trim_start().starts_with(LABEL_PREFIX))
    {
        return Err(Refusal::Reserved(name.clone()).into());
    }
    labels.insert(OWNER_LABEL.to_owned(), Some(scene.tenant.name().to_owned()));
    labels.insert(MADE_LABEL.to_owned(), Some(IMAGE.to_owned()));
    let labels: serde_json::Map<String, serde_json::Value> = labels
        .into_iter()
        .map(|(name, value)| (name, value.unwrap_or_default().into()))
        .collect();
    Ok(serde_json::Value::Object(labels).to_string())
}

/// A JSON map of texts in a parameter.
fn texts(name: &'static str, given: Option<&str>) -> Result<Texts, Refusal> {
    dockerfile::texts(given).map_err(|reason| Refusal::Malformed { name, reason })
}

/// The images that a build takes something from.
///
/// # Errors
/// When it is not certain which.
pub fn bases(call: &Call<'_>, file: &[u8]) -> Result<Vec<Base>, Refusal> {
    dockerfile::bases(call, file).map_err(|doubt| doubtful(&doubt))
}

/// The identifiers of those of these images that are the tenant's own, by the terms that name them: the engine knows
/// them by other names, or could know others by theirs a moment later.
///
/// # Errors
/// [`Stop`]: what has to be known first, or why the tenant may not build from one.
pub fn may_build_from(
    tenant: &Tenant,
    bases: &[Base],
    facts: &Facts,
) -> Result<BTreeMap<String, String>, Stop> {
    let scene = Scene::of(tenant, facts);
    let mut names = BTreeMap::new();
    for base in bases {
        match scene.image(&base.term)? {
            Image::Own(image) => {
                triggers(&base.term, &image)?;
                if base.needed {
                    names.insert(base.term.clone(), image.id);
                }
            }
            Image::Shared(image) => triggers(&base.term, &image)?,
            Image::Foreign => return Err(no_image(&base.term).into()),
            Image::Absent if base.needed => {
                return Err(way(
                    &format!("building from `{}`, which is not here,", base.term),
                    "the builder would pull it unseen; pull it first",
                ));
            }
            Image::Absent => {}
        }
    }
    Ok(names)
}

/// A Dockerfile with other names for images.
///
/// # Errors
/// When it is not certain where they stand.
pub fn renamed(
    call: &Call<'_>,
    file: &[u8],
    names: &BTreeMap<String, String>,
) -> Result<dockerfile::Renamed, Refusal> {
    dockerfile::renamed(call, file, names).map_err(|doubt| doubtful(&doubt))
}

fn doubtful(doubt: &dockerfile::Doubt) -> Refusal {
    Refusal::Malformed {
        name: "Dockerfile",
        reason: doubt.to_string(),
    }
}

/// An image's triggers are instructions of the build that nobody has looked at.
fn triggers(term: &str, image: &InspectedImage) -> Result<(), Stop> {
    let triggers = image
        .config
        .as_ref()
        .and_then(|config| config.on_build.as_ref());
    let doubtful = |trigger: &String| {
        let trigger = trigger.to_ascii_lowercase();
        let runs = trigger.trim_start().starts_with("run");
        trigger.contains("from")
            || trigger.contains("<<")
            || (!runs && trigger.contains(['"', '\'', '\\', '`']))
    };
    match triggers
        .into_iter()
        .flatten()
        .find(|trigger| doubtful(trigger))
    {
        Some(trigger) => Err(Refusal::Way {
            what: format!("building from `{term}`, whose trigger is `{trigger}`,"),
            why: "the image that it takes something from cannot be checked",
        }
        .into()),
        None => Ok(()),
    }
}
