//! Image references as demands write them: in the whole form that patterns are written for.

use crate::api::image::{BadReference, ImageTerm, Reference};

/// What `text` names where an id will do too. What may be the beginning of an id stays as it is, since the engine
/// takes it for one where no image has that name; so does what no engine takes for a name.
pub(super) fn term(text: &str) -> String {
    match ImageTerm::parse(text) {
        Ok(ImageTerm::Name(reference)) => reference.or_latest().to_string(),
        Ok(ImageTerm::Id(id)) => id,
        Ok(ImageTerm::NameOrId { .. }) | Err(_) => text.to_owned(),
    }
}

/// The name `text`, where no id will do.
pub(super) fn name(text: &str) -> String {
    match Reference::parse(text) {
        Ok(reference) => reference.or_latest().to_string(),
        Err(_) => text.to_owned(),
    }
}

/// What is pulled for `fromImage` and `tag`: every tag, written `*`, when there is none.
pub(super) fn pulled(from_image: &str, tag: &str) -> String {
    all_tags(Reference::pulled(from_image, tag), from_image)
}

/// The name that is given by `repo` and `tag`.
pub(super) fn given(repo: &str, tag: &str) -> String {
    match Reference::given(repo, tag) {
        Ok(reference) => reference.or_latest().to_string(),
        Err(_) => repo.to_owned(),
    }
}

/// What is pushed: every tag, written `*`, when there is none.
pub(super) fn pushed(name: &str, tag: &str) -> String {
    all_tags(Reference::pushed(name, tag), name)
}

/// The host of the registry that `text` lies in.
pub(super) fn registry(text: &str) -> String {
    match Reference::parse(text) {
        Ok(reference) => reference.domain().to_owned(),
        Err(_) => text.to_owned(),
    }
}

fn all_tags(reference: Result<Reference, BadReference>, text: &str) -> String {
    match reference {
        Ok(reference) if reference.tag().is_none() && reference.digest().is_none() => {
            format!("{reference}:*")
        }
        Ok(reference) => reference.to_string(),
        Err(_) => text.to_owned(),
    }
}
