//! Whose is an image: the tenant's own names go before those that all share.

use std::collections::BTreeSet;

use super::name::{self, MAX_PARTS};
use crate::api::image::{ImageTerm, Reference};
use crate::api::{query_value, segments};
use crate::tenant::facts::{InspectedImage, ListedImage, label};
use crate::tenant::refusal::Kind;
use crate::tenant::scene::Scene;
use crate::tenant::{OWNER_LABEL, Refusal, Stop};

/// Who may do what with an image.
#[derive(Debug)]
pub(in crate::tenant) enum Image {
    /// The tenant's own, or what it has given a name of its own to, by that name.
    Own(InspectedImage),
    /// Nobody's, and the tenant may use it.
    Shared(InspectedImage),
    /// Somebody else's, or not shared.
    Foreign,
    /// There is none.
    Absent,
}

/// Plain names, in the form that the engine shows.
pub type Names = BTreeSet<String>;

impl InspectedImage {
    /// Every name, in the form that the engine shows.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.repo_tags
            .iter()
            .chain(&self.repo_digests)
            .flatten()
            .map(String::as_str)
    }

    /// Whose label it has.
    pub(in crate::tenant) fn owner(&self) -> Option<&str> {
        label(&self.config.as_ref()?.labels, OWNER_LABEL)
    }
}

impl Scene<'_> {
    /// What the tenant may do with the image that `term` names.
    pub(in crate::tenant) fn image(&self, term: &str) -> Result<Image, Stop> {
        let Ok(parsed) = ImageTerm::parse(term) else {
            return Ok(Image::Absent);
        };
        if let Some(name) = parsed.name() {
            if name::is_reserved(name) {
                return Ok(Image::Foreign);
            }
            if let Some((_, own)) = self.own_name(name)? {
                return Ok(Image::Own(own));
            }
        }
        let target = format!("/images/{}/json", segments(term));
        let Some(found): Option<InspectedImage> = self.facts.find(&target)? else {
            return Ok(Image::Absent);
        };
        Ok(if self.tenant.owns(found.owner()) {
            Image::Own(found)
        } else if found.owner().is_none() && self.is_shared(&parsed, || found.names()) {
            Image::Shared(found)
        } else {
            Image::Foreign
        })
    }

    /// The image to which the tenant has given a name of its own, with that name as the engine knows it.
    pub(in crate::tenant) fn own_name(
        &self,
        name: &Reference,
    ) -> Result<Option<(Reference, InspectedImage)>, Stop> {
        let Some(mapped) = self.tenant.engine_image(name) else {
            return Ok(None);
        };
        let target = format!("/images/{}/json", segments(&mapped.to_string()));
        let found: Option<InspectedImage> = self.facts.find(&target)?;
        let usable = |image: &InspectedImage| {
            let owner = image.owner();
            owner.is_none() || self.tenant.owns(owner)
        };
        Ok(found.filter(usable).map(|image| (mapped, image)))
    }

    /// All names of the tenant's own.
    pub(in crate::tenant) fn own_names(&self) -> Result<Names, Stop> {
        let listed = self.named(&self.tenant.images)?;
        Ok(listed
            .iter()
            .flat_map(|image| image.repo_tags.iter().chain(&image.repo_digests).flatten())
            .filter_map(|name| self.tenant.plain_image(name))
            .map(str::to_owned)
            .collect())
    }

    /// The images that have a name which begins with this, listed with such names alone.
    pub(super) fn named(&self, prefix: &str) -> Result<Vec<ListedImage>, Stop> {
        // A pattern's star ends at a slash (moby, `reference.FamiliarMatch`).
        let patterns: Vec<String> = (1..=MAX_PARTS)
            .map(|parts| format!("{prefix}*{}", "/*".repeat(parts.saturating_sub(1))))
            .collect();
        let filters = serde_json::json!({ "reference": patterns }).to_string();
        self.facts
            .have(&format!("/images/json?filters={}", query_value(&filters)))
    }

    /// The names of an image with these tags that stand for another one to the tenant, since it has given them to one of
    /// its own. An image that is asked for by a name tells no other one that has no registry: each would have to be looked
    /// up.
    pub(in crate::tenant) fn other_names<'n, N: Iterator<Item = &'n str>>(
        &self,
        term: &ImageTerm,
        tags: impl Fn() -> N,
    ) -> Result<Names, Stop> {
        let asked = term.name();
        let given = self.is_given(term, tags());
        let mut private = tags().filter_map(|tag| {
            let name = Reference::parse(tag).ok()?;
            let private = self.tenant.engine_image(&name).is_some();
            (private && (given || asked != Some(&name))).then_some((tag, name))
        });
        if asked.is_some() {
            return Ok(private.map(|(tag, _)| tag.to_owned()).collect());
        }
        match (private.next(), private.next()) {
            (None, _) => Ok(Names::new()),
            (Some((tag, name)), None) => {
                let own = self.own_name(&name)?.map(|_| tag.to_owned());
                Ok(own.into_iter().collect())
            }
            (Some(_), Some(_)) => self.own_names(),
        }
    }

    /// Whether a name that the tenant asks for is one that it has given to an image with these names.
    fn is_given<'n>(&self, term: &ImageTerm, mut names: impl Iterator<Item = &'n str>) -> bool {
        let mapped = term.name().and_then(|name| self.tenant.engine_image(name));
        mapped.is_some_and(|mapped| {
            let mapped = mapped.to_string();
            names.any(|name| name == mapped)
        })
    }

    /// Whether the tenant may use an image of nobody's with these names.
    pub(in crate::tenant) fn may_use<'n, N: Iterator<Item = &'n str>>(
        &self,
        term: &ImageTerm,
        names: impl Fn() -> N,
    ) -> bool {
        self.is_given(term, names()) || self.is_shared(term, names)
    }

    /// An image without a name is nobody's to share: it is a step of somebody's build.
    fn is_shared<'n, N: Iterator<Item = &'n str>>(
        &self,
        term: &ImageTerm,
        names: impl Fn() -> N,
    ) -> bool {
        let has = |name: &Reference| {
            names().any(|known| Reference::parse(known).is_ok_and(|known| is_same(&known, name)))
        };
        match term {
            ImageTerm::Name(name) => has(name) && self.tenant.shares(&name.to_string()),
            ImageTerm::NameOrId { name, .. } if has(name) => self.tenant.shares(&name.to_string()),
            ImageTerm::Id(_) | ImageTerm::NameOrId { .. } => names()
                .any(|name| self.tenant.shares(name) || self.tenant.plain_image(name).is_some()),
        }
    }

    /// An image that the tenant may use.
    pub(in crate::tenant) fn usable_image(&self, term: &str) -> Result<InspectedImage, Stop> {
        match self.image(term)? {
            Image::Own(image) | Image::Shared(image) => Ok(image),
            Image::Foreign | Image::Absent => Err(no_image(term).into()),
        }
    }

    /// An image of the tenant's own.
    pub(in crate::tenant) fn own_image(&self, term: &str) -> Result<InspectedImage, Stop> {
        match self.image(term)? {
            Image::Own(image) => Ok(image),
            Image::Shared(_) => Err(Refusal::Shared(term.to_owned()).into()),
            Image::Foreign | Image::Absent => Err(no_image(term).into()),
        }
    }

    /// The engine's form of a new name for an image, which must not be somebody else's. `place` is the parameter that it
    /// stands in.
    pub(in crate::tenant) fn free_name(
        &self,
        place: &'static str,
        name: Reference,
    ) -> Result<Reference, Stop> {
        let refuse = |reason| {
            let reason = format!("`{}` {reason}", name.familiar());
            Err(Refusal::Malformed {
                name: place,
                reason,
            }
            .into())
        };
        if name::is_reserved(&name) {
            return refuse("is in a domain of the gate's own".to_owned());
        }
        if let Some(mapped) = self.tenant.engine_image(&name) {
            return Ok(mapped);
        }
        if name.is_in_default_registry() {
            let reason = format!(
                "`{}` is too long for a tenant's image, or has more than {MAX_PARTS} parts",
                name.familiar()
            );
            return Err(Refusal::Malformed {
                name: place,
                reason,
            }
            .into());
        }
        match self.image(&name.to_string())? {
            Image::Own(_) | Image::Absent => Ok(name),
            Image::Shared(_) | Image::Foreign => Err(Refusal::Taken(name.to_string()).into()),
        }
    }
}

/// Whether a name that an image has is the one that was asked for: the engine goes by the digest where there is one.
fn is_same(known: &Reference, asked: &Reference) -> bool {
    let repository =
        |name: &Reference| (name.domain() == asked.domain(), name.path() == asked.path());
    known == asked
        || (asked.digest().is_some()
            && known.digest() == asked.digest()
            && repository(known) == (true, true))
}

/// Refuses the names that the gate gives. `place` is the parameter that the name stands in.
pub(in crate::tenant) fn check_reserved(
    place: &'static str,
    name: &Reference,
) -> Result<(), Refusal> {
    if name::is_reserved(name) {
        let reason = format!("`{name}` is in a domain of the gate's own");
        return Err(Refusal::Malformed {
            name: place,
            reason,
        });
    }
    Ok(())
}

/// What is answered where the tenant may use no image of that name.
pub(in crate::tenant) fn no_image(term: &str) -> Refusal {
    let term = match ImageTerm::parse(term) {
        Ok(ImageTerm::Name(name) | ImageTerm::NameOrId { name, .. })
            if name.digest().is_none() && !term.contains('@') =>
        {
            let tag = name.tag().unwrap_or("latest");
            match term
                .strip_suffix(tag)
                .and_then(|rest| rest.strip_suffix(':'))
            {
                Some(_) => term.to_owned(),
                None => format!("{term}:{tag}"),
            }
        }
        Ok(_) | Err(_) => term.to_owned(),
    };
    Refusal::NoSuch {
        kind: Kind::Image,
        term,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_image_is_named_as_the_engine_does() {
        for (term, expected) in [
            ("alpine", "No such image: alpine:latest"),
            ("alpine:3", "No such image: alpine:3"),
            ("r.corp/a", "No such image: r.corp/a:latest"),
            ("abc", "No such image: abc:latest"),
        ] {
            assert_eq!(no_image(term).to_string(), expected);
        }
    }
}
