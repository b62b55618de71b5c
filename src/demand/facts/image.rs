//! Images that are named by their ids, and what they are called.

use std::borrow::Cow;

use super::text;
use crate::api::image::ImageTerm;
use crate::api::json::{Document, Value};
use crate::api::{Call, OperationId};
use crate::demand::reference;
use crate::demand::{Demand, Kind, Value as Asked};

/// How an image that is named by its id is judged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ById {
    /// By one of its names: it is used, and whatever has that name could have been used.
    Any,
    /// By all of its names: they all go with it.
    All,
}

static BY_ID: &[(OperationId, ById)] = &[
    (OperationId::ContainerCreate, ById::Any),
    (OperationId::ImageDelete, ById::All),
    (OperationId::ImageGet, ById::Any),
    (OperationId::ImageTag, ById::Any),
];

/// The demand of a call for an image that it may name by its id, or by the beginning of one, which no pattern for names
/// matches. `None` as well where there are several: their names would have to be tried with one another.
pub fn image_by_id(call: &Call<'_>, demands: &[Demand<'_>]) -> Option<(usize, ById)> {
    let operation = call.operation()?.id;
    let (_, by_id) = *BY_ID.iter().find(|(id, _)| *id == operation)?;
    let mut found = demands
        .iter()
        .enumerate()
        .filter(|(_, demand)| demand.kind == Kind::Image)
        .filter(|(_, demand)| match &demand.value {
            Asked::Text(text) => matches!(
                ImageTerm::parse(text),
                Ok(ImageTerm::Id(_) | ImageTerm::NameOrId { .. })
            ),
            Asked::Flag | Asked::Number(_) | Asked::Unlimited => false,
        });
    let (index, _) = found.next()?;
    found.next().is_none().then_some((index, by_id))
}

/// What an inspected image is called: by its tags and by its digests in registries, and by its id, which comes last.
pub fn image_names(inspection: &Document<'_>) -> Vec<String> {
    let root = inspection.root();
    let listed = |field: &str| {
        root.entry(field)
            .and_then(Value::as_array)
            .unwrap_or_default()
    };
    let mut names: Vec<String> = listed("RepoTags")
        .iter()
        .chain(listed("RepoDigests"))
        .filter_map(Value::as_str)
        // An image without a name.
        .filter(|name| !name.starts_with("<none>"))
        .map(reference::name)
        .collect();
    let id = text(root, &["Id"]);
    if !id.is_empty() {
        names.push(id.to_owned());
    }
    names
}

/// The demands, with the image `number` called by one of its names.
pub fn called<'c>(demands: &[Demand<'c>], number: usize, name: &str) -> Vec<Demand<'c>> {
    let mut called = demands.to_vec();
    if let Some(demand) = called.get_mut(number)
        && let Asked::Text(written) = &demand.value
    {
        demand.place = format!("{} ({written})", demand.place).into();
        demand.value = Asked::Text(Cow::Owned(name.to_owned()));
    }
    called
}

/// The demands, with the image `number` called by each of `names`, of which there is one at least.
pub fn called_all<'c>(demands: &[Demand<'c>], number: usize, names: &[String]) -> Vec<Demand<'c>> {
    let mut names = names.iter();
    let mut called = match names.next() {
        Some(name) => called(demands, number, name),
        None => return demands.to_vec(),
    };
    if let Some(first) = called.get(number).cloned() {
        called.extend(names.map(|name| Demand {
            value: Asked::Text(Cow::Owned(name.clone())),
            ..first.clone()
        }));
    }
    called
}
