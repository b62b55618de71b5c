//! Images: shared to use, private to change.

mod find;
pub(super) mod name;
mod pattern;
mod push;

use super::facts::{Answer, InspectedImage, ListedImage, label};
use super::filters::Filters;
use super::scene::Scene;
use super::usage::count;
use super::{IMAGE, ImageListing, MADE_LABEL, OWNER_LABEL, Refusal, Stop, Tenant, View, labels};
use crate::api::image::{BadReference, ImageTerm, Reference};
use crate::api::json::Value;
use crate::api::{Call, OperationId};
pub use find::Names;
use find::check_reserved;
pub(super) use find::{Image, no_image};
pub(super) use name::is_reserved;
pub use pattern::Patterns;
pub(super) use push::push;
pub use push::{marked, unmark};

/// The name that a tenant knows an image by that the engine calls `name`; `None` when the gate has not given it for the
/// tenant.
pub fn plain_image<'n>(tenant: &str, name: &'n str) -> Option<&'n str> {
    name.strip_prefix(&*name::prefix(tenant))
}

/// A name that an image will be given by a call: whoever else wants it waits for the end of the call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// The canonical name.
    pub name: String,
    /// Whether it is pulled: two may pull the same at once.
    pub pulled: bool,
}

/// The names that a tenant's call gives to images, and that others may give too. What cannot be read names none: the call
/// is refused later.
pub fn targets(tenant: &Tenant, call: &Call<'_>) -> Vec<Target> {
    let target = |pulled| {
        move |name: Reference| Target {
            name: name.to_string(),
            pulled,
        }
    };
    let mut targets = named(call, target);
    let is_own =
        |name: &str| Reference::parse(name).is_ok_and(|name| tenant.engine_image(&name).is_some());
    targets.retain(|target| target.pulled || !is_own(&target.name));
    // To be pushed, an own name is known to the engine as everybody's for a while.
    let pushed = push::pushed(call).map(target(false));
    targets.extend(pushed.filter(|target| is_own(&target.name)));
    targets
}

fn named<T: Fn(Reference) -> Target>(call: &Call<'_>, target: impl Fn(bool) -> T) -> Vec<Target> {
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

/// Whether the call makes an image that will be the tenant's own.
pub(super) fn is_made(call: &Call<'_>) -> bool {
    pulled(call).is_none()
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

/// Gives the image that the call makes its name in the engine.
fn give_name(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<(), Stop> {
    if let Some(name) = given(call)? {
        let name = scene.free_name("repo", name)?;
        call.set_parameter("repo", name.clone().without_tag().to_string());
        call.set_parameter("tag", name.tag().unwrap_or_default().to_owned());
    }
    Ok(())
}

/// Makes a pull or an import the tenant's.
pub(super) fn create(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<(), Stop> {
    let Some(name) = pulled(call) else {
        give_name(scene, call)?;
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
    check_reserved("fromImage", &name)?;
    if name.digest().is_some() {
        return Ok(());
    }
    if scene.own_name(&name)?.is_some() {
        return Err(Refusal::Given(name.familiar()).into());
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
    lines.push(serde_json::json!({
        "status": format!("Status: Image is up to date for {}", name.familiar())
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
        format!(
            "LABEL {OWNER_LABEL}={} {MADE_LABEL}={IMAGE}",
            scene.tenant.name()
        ),
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
    give_name(scene, call)?;
    labels::check(root.and_then(|root| root.field("Labels")))?;
    label_changes(scene, call)?;
    call.set_parameter("container", container.id);
    Ok(())
}

/// Gives an image a name that is free, or own. What others share gets names that only the tenant knows.
pub(super) fn tag(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<(), Stop> {
    let term = call.object().unwrap_or_default();
    let private = given(call)?.is_none_or(|name| name.is_in_default_registry());
    let image = match scene.image(term)? {
        Image::Own(image) if private || scene.tenant.owns(image.owner()) => image,
        Image::Shared(image) if private => image,
        Image::Own(_) | Image::Shared(_) => return Err(Refusal::Shared(term.to_owned()).into()),
        Image::Foreign | Image::Absent => return Err(no_image(term).into()),
    };
    give_name(scene, call)?;
    call.set_object(image.id);
    Ok(())
}

/// Deletes an own image, or one of its names.
pub(super) fn delete(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<(), Stop> {
    let term = call.object().unwrap_or_default().to_owned();
    if let Some(name) = engine_name(scene, &term)? {
        call.set_object(name.to_string());
        return Ok(());
    }
    let image = scene.own_image(&term)?;
    if let Some(pinned) = pinned(&term, &image) {
        call.set_object(pinned);
    }
    Ok(())
}

/// The engine's form of `term`, if that is a name of the tenant's own.
pub(super) fn engine_name(scene: &Scene<'_>, term: &str) -> Result<Option<Reference>, Stop> {
    let parsed = ImageTerm::parse(term).ok();
    match parsed.as_ref().and_then(ImageTerm::name) {
        Some(name) => Ok(scene.own_name(name)?.map(|(name, _)| name)),
        None => Ok(None),
    }
}

/// Lists the images that may be used.
pub(super) fn list(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<View, Stop> {
    let mut filters = Filters::of(call)?;
    for term in ["before", "since"] {
        for value in filters.take(term) {
            filters.add(term, scene.usable_image(&value)?.id);
        }
    }
    let mut wanted = filters.take("reference");
    // The filter's old form, which engines read up to version 1.40 of the API.
    if let Some(pattern) = call.parameter("filter").filter(|it| !it.is_empty()) {
        wanted.insert(pattern.to_owned());
    }
    call.remove_parameter("filter");
    if call.parameter("filters").is_some() {
        filters.write(call);
    }
    Ok(View::ImageList(ImageListing {
        own: scene.own_names()?,
        wanted: Patterns::new(&wanted)?,
    }))
}

/// The identifier of the image whose containers are to be listed; one that no image has, where there is none.
pub(super) fn ancestor(scene: &Scene<'_>, term: &str) -> Result<String, Stop> {
    Ok(match scene.image(term)? {
        Image::Own(image) | Image::Shared(image) => image.id,
        Image::Foreign | Image::Absent => format!("sha256:{}", "0".repeat(64)),
    })
}

/// Shows an image: the answer itself tells whether it may be used. What is asked before is whether the tenant has given the
/// name to an image of its own.
pub(super) fn inspect(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<View, Stop> {
    let term = call.object().unwrap_or_default().to_owned();
    let Ok(parsed) = ImageTerm::parse(&term) else {
        return Err(no_image(&term).into());
    };
    if parsed.name().is_some_and(is_reserved) {
        return Err(no_image(&term).into());
    }
    let mut own = None;
    match &parsed {
        ImageTerm::Id(id) => call.set_object(id.clone()),
        ImageTerm::Name(name) if name.digest().is_none() => {
            let given = scene.own_name(name)?.map(|(_, image)| image.id);
            call.set_object(given.unwrap_or_else(|| name.to_string()));
        }
        ImageTerm::Name(name) | ImageTerm::NameOrId { name, .. } => {
            let names = scene.own_names()?;
            let mapped = scene.tenant.engine_image(name);
            if let Some(mapped) = mapped.filter(|_| names.contains(&name.familiar())) {
                call.set_object(mapped.to_string());
            }
            own = Some(names);
        }
    }
    Ok(View::ImageInspect { term, own })
}

/// Shows what an image that may be used is made of.
pub(super) fn history(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<View, Stop> {
    let image = scene.usable_image(call.object().unwrap_or_default())?;
    call.set_object(image.id);
    Ok(View::ImageHistory(scene.own_names()?))
}

/// Writes images to an archive, each under the one name that was asked for.
pub(super) fn save(scene: &Scene<'_>, call: &mut Call<'_>) -> Result<(), Stop> {
    let exact = |term: &str| {
        let image = scene.usable_image(term)?;
        if let Some(name) = engine_name(scene, term)? {
            return Ok::<_, Stop>(name.to_string());
        }
        Ok(match (pinned(term, &image), ImageTerm::parse(term)) {
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
            let mut names = image.repo_tags.iter().chain(&image.repo_digests).flatten();
            self.tenant.owns(owner)
                || (owner.is_none()
                    && names.any(|name| {
                        self.tenant.shares(name) || self.tenant.plain_image(name).is_some()
                    }))
        });
        Ok(count(visible.count()))
    }
}
