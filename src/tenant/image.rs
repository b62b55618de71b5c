//! Images: shared to use, private to change.

use super::facts::{Answer, InspectedImage, ListedImage, label};
use super::quota::count;
use super::scene::{Image, Scene};
use super::{OWNER_LABEL, Refusal, Stop, labels};
use crate::api::image::{BadReference, ImageTerm, Reference};
use crate::api::json::Value;
use crate::api::{Call, OperationId};

/// A name that an image will be given by a call: whoever else wants it waits for the end of the call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// The canonical name.
    pub name: String,
    /// Whether it is pulled: two may pull the same at once.
    pub pulled: bool,
}

/// The names that a call gives to images. What cannot be read names none: the call is refused later.
pub fn targets(call: &Call<'_>) -> Vec<Target> {
    let target = |pulled| {
        move |name: Reference| Target {
            name: name.to_string(),
            pulled,
        }
    };
    match call.operation().map(|operation| operation.id) {
        Some(OperationId::ImageCreate) => match pulled(call) {
            Some(name) => name.into_iter().map(target(true)).collect(),
            None => given(call)
                .ok()
                .flatten()
                .map(target(false))
                .into_iter()
                .collect(),
        },
        Some(OperationId::ImageTag | OperationId::ImageCommit) => given(call)
            .ok()
            .flatten()
            .map(target(false))
            .into_iter()
            .collect(),
        Some(OperationId::ImageBuild) => call
            .query
            .all("t")
            .filter_map(|name| Reference::given(name, "").ok())
            .map(target(false))
            .collect(),
        Some(_) | None => Vec::new(),
    }
}

fn bad(name: &'static str) -> impl Fn(BadReference) -> Stop {
    move |error| {
        Refusal::Malformed {
            name,
            reason: error.to_string(),
        }
        .into()
    }
}

/// The image that the call pulls; `None` when it imports one.
fn pulled(call: &Call<'_>) -> Option<Result<Reference, BadReference>> {
    let from = call
        .parameter("fromImage")
        .filter(|from| !from.is_empty())?;
    Some(Reference::pulled(
        from,
        call.parameter("tag").unwrap_or_default(),
    ))
}

/// The name in `repo` and `tag`, if there is one.
fn given(call: &Call<'_>) -> Result<Option<Reference>, Stop> {
    let repo = call.parameter("repo").unwrap_or_default();
    if repo.is_empty() {
        return Ok(None);
    }
    Reference::given(repo, call.parameter("tag").unwrap_or_default())
        .map(Some)
        .map_err(bad("repo"))
}

/// Makes a pull or an import the tenant's.
pub(super) fn create(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<(), Stop> {
    let Some(name) = pulled(call) else {
        if let Some(name) = given(call)? {
            scene.free_name(&name)?;
        }
        return label_changes(scene, call);
    };
    let name = name.map_err(bad("fromImage"))?;
    if name.is_repository() {
        return Err(Refusal::Way {
            what: format!("a pull of every tag of `{name}`"),
            why: "it would move tags that others use; pull one tag",
        }
        .into());
    }
    if name.digest().is_some() {
        return Ok(());
    }
    match scene.image(&name.to_string())? {
        Image::Absent | Image::Own(_) => Ok(()),
        Image::Shared(image) => Err(Stop::Answer(up_to_date(&name, &image))),
        Image::Foreign => Err(Refusal::Taken(name.to_string()).into()),
    }
}

/// What the engine answers to a pull when the image is there: a tag that others use is never moved.
fn up_to_date(name: &Reference, image: &InspectedImage) -> Answer {
    let tag = name.tag().unwrap_or("latest");
    let mut lines = vec![serde_json::json!({
        "status": format!("Pulling from {}", name.path()), "id": tag
    })];
    let digest = image
        .repo_digests
        .iter()
        .flatten()
        .filter_map(|known| Reference::parse(known).ok())
        .find(|known| known.domain() == name.domain() && known.path() == name.path());
    if let Some(digest) = digest.as_ref().and_then(Reference::digest) {
        lines.push(serde_json::json!({ "status": format!("Digest: {digest}") }));
    }
    let familiar = name.to_string();
    let familiar = familiar.strip_prefix("docker.io/").unwrap_or(&familiar);
    let familiar = familiar.strip_prefix("library/").unwrap_or(familiar);
    lines.push(serde_json::json!({
        "status": format!("Status: Image is up to date for {familiar}")
    }));
    Answer {
        body: lines
            .iter()
            .flat_map(|line| [line.to_string(), "\r\n".to_owned()])
            .collect(),
    }
}

/// Adds the tenant's label as the last instruction of `changes`.
fn label_changes(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<(), Stop> {
    for change in call.query.all("changes") {
        // The engine joins the instructions with line breaks: an instruction that goes on would swallow the label.
        let change = change.trim();
        if change.ends_with(['\\', '`']) || change.starts_with('#') {
            return Err(Refusal::Malformed {
                name: "changes",
                reason: format!("`{change}` is no whole instruction"),
            }
            .into());
        }
        if change.contains(super::LABEL_PREFIX) {
            return Err(Refusal::Reserved(change.to_owned()).into());
        }
    }
    call.push_parameter(
        "changes",
        format!("LABEL {OWNER_LABEL}={}", scene.tenant.name()),
    );
    Ok(())
}

/// Makes an image of an own container.
pub(super) fn commit(
    scene: &Scene<'_>,
    call: &mut Call<'_>,
    root: Option<&Value<'_>>,
) -> Result<(), Stop> {
    let container = scene.container(call.parameter("container").unwrap_or_default())?;
    if let Some(name) = given(call)? {
        scene.free_name(&name)?;
    }
    labels::check(root.and_then(|root| root.field("Labels")))?;
    label_changes(scene, call)?;
    call.set_parameter("container", container.id);
    Ok(())
}

/// Gives an own image a name that is free, or own.
pub(super) fn tag(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<(), Stop> {
    let image = scene.own_image(call.object().unwrap_or_default())?;
    if let Some(name) = given(call)? {
        scene.free_name(&name)?;
    }
    call.set_object(image.id);
    Ok(())
}

/// Pushes one tag of an own image.
pub(super) fn push(scene: &Scene<'_>, call: &Call<'_>) -> Result<(), Stop> {
    let name = Reference::pushed(
        call.object().unwrap_or_default(),
        call.parameter("tag").unwrap_or_default(),
    )
    .map_err(bad("name"))?;
    if name.is_repository() {
        return Err(Refusal::Way {
            what: format!("a push of every tag of `{name}`"),
            why: "some may be somebody else's; push one tag",
        }
        .into());
    }
    scene.own_image(&name.to_string()).map(|_| ())
}

/// Deletes an own image, or one of its names.
pub(super) fn delete(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<(), Stop> {
    let term = call.object().unwrap_or_default().to_owned();
    let image = scene.own_image(&term)?;
    if let Some(pinned) = pinned(&term, &image) {
        call.set_object(pinned);
    }
    Ok(())
}

/// Reads an image that may be used, by its identifier.
pub(super) fn read(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<(), Stop> {
    let image = scene.usable_image(call.object().unwrap_or_default())?;
    call.set_object(image.id);
    Ok(())
}

/// Writes images to an archive, each under the one name that was asked for.
pub(super) fn save(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<(), Stop> {
    let exact = |term: &str| {
        let image = scene.usable_image(term)?;
        Ok::<_, Stop>(match (pinned(term, &image), ImageTerm::parse(term)) {
            (Some(id), _) => id,
            // A bare repository stands for all of its tags here.
            (None, Ok(ImageTerm::Name(name) | ImageTerm::NameOrId { name, .. })) => {
                name.to_string()
            }
            (None, Ok(ImageTerm::Id(_)) | Err(_)) => image.id,
        })
    };
    if let Some(term) = call.object().map(str::to_owned) {
        call.set_object(exact(&term)?);
        return Ok(());
    }
    let names: Vec<String> = call.query.all("names").map(str::to_owned).collect();
    call.remove_parameter("names");
    for name in names {
        call.push_parameter("names", exact(&name)?);
    }
    Ok(())
}

/// The whole identifier, where `term` is one or the beginning of one, and not a name.
fn pinned(term: &str, image: &InspectedImage) -> Option<String> {
    match ImageTerm::parse(term) {
        Ok(ImageTerm::Name(_)) => None,
        Ok(ImageTerm::NameOrId { name, .. })
            if image
                .repo_tags
                .iter()
                .flatten()
                .any(|known| Reference::parse(known).is_ok_and(|known| known == name)) =>
        {
            None
        }
        Ok(ImageTerm::Id(_) | ImageTerm::NameOrId { .. }) | Err(_) => Some(image.id.clone()),
    }
}

impl Scene<'_> {
    /// How many images the tenant may use.
    pub(super) fn count_images(&self) -> Result<u64, Stop> {
        let listed: Vec<ListedImage> = self.facts.have("/images/json")?;
        let visible = listed.iter().filter(|image| {
            let owner = label(&image.labels, OWNER_LABEL);
            self.tenant.owns(owner)
                || (owner.is_none()
                    && image
                        .repo_tags
                        .iter()
                        .chain(&image.repo_digests)
                        .flatten()
                        .any(|name| self.tenant.shares(name)))
        });
        Ok(count(visible.count()))
    }
}
