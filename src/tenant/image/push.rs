//! Pushes: to push a name without a registry, the engine has to know it as it is, for as long as that takes.
//!
//! The name is the gate's for that time: no other call gives, pulls or pushes it, and an image that had it before stays what it
//! was. A mark, which is a name that nobody else can give, says that the name is to be taken away again, should the gate
//! end before it is.

use super::name::MARK;
use super::{Target, bad};
use crate::api::image::{BadReference, Reference};
use crate::api::{Call, OperationId, query_value, segments};
use crate::tenant::facts::{InspectedImage, unusable};
use crate::tenant::scene::Scene;
use crate::tenant::{Facts, Lookup, Refusal, Stop, Tenant};

/// The name that the call pushes, if it pushes one that can be read.
pub(super) fn pushed(call: &Call<'_>) -> Option<Reference> {
    let id = call.operation().map(|operation| operation.id);
    (id == Some(OperationId::ImagePush))
        .then(|| name(call).ok())
        .flatten()
}

fn name(call: &Call<'_>) -> Result<Reference, BadReference> {
    Reference::pushed(
        call.object().unwrap_or_default(),
        call.parameter("tag").unwrap_or_default(),
    )
}

/// Pushes one tag of an own image, and answers what is to be done afterwards.
pub(in crate::tenant) fn push(scene: &Scene<'_>, call: &Call<'_>) -> Result<Vec<Lookup>, Stop> {
    let name = name(call).map_err(bad("name"))?;
    if name.is_repository() {
        return Err(Refusal::Way {
            what: format!("a push of every tag of `{name}`"),
            why: "some may be somebody else's; push one tag",
        }
        .into());
    }
    let known = name.to_string();
    let Some((mapped, image)) = scene.own_name(&name)? else {
        return scene.own_image(&known).map(|_| Vec::new());
    };
    if !scene.tenant.owns(image.owner()) {
        return Err(Refusal::Shared(name.familiar()).into());
    }
    let there: Option<InspectedImage> = scene.facts.find(&inspection(&known))?;
    match there {
        Some(there) if there.id == image.id => return Ok(Vec::new()),
        Some(there) if !scene.tenant.owns(there.owner()) => {
            return Err(Refusal::Taken(known).into());
        }
        Some(_) | None => {}
    }
    let mark = format!("{MARK}{mapped}");
    for given in [&mark, &known] {
        give(scene, &image.id, given)?;
    }
    Ok(vec![removal(&known), removal(&mark)])
}

fn give(scene: &Scene<'_>, image: &str, name: &str) -> Result<(), Stop> {
    let name = Reference::parse(name).map_err(bad("name"))?;
    let target = format!(
        "/images/{image}/tag?repo={}&tag={}",
        query_value(&name.clone().without_tag().to_string()),
        query_value(name.tag().unwrap_or_default()),
    );
    let given = scene.facts.ask(Lookup::post(&target, String::new()))?;
    if given.status == 201 {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&given.body).into_owned();
    Err(unusable(&target, reason))
}

fn inspection(name: &str) -> String {
    format!("/images/{}/json", segments(name))
}

fn removal(name: &str) -> Lookup {
    Lookup::delete(&format!("/images/{}?noprune=1", segments(name)))
}

/// The names under which images of the tenant's were being pushed when a gate ended.
///
/// # Errors
/// [`Stop`]: what has to be known first.
pub fn marked(tenant: &Tenant, facts: &Facts) -> Result<Vec<Target>, Stop> {
    let prefix = format!("{MARK}{}", tenant.images);
    let images = Scene::of(tenant, facts).named(&prefix)?;
    let tags = images
        .iter()
        .flat_map(|image| image.repo_tags.iter().flatten());
    Ok(tags
        .filter_map(|tag| tag.strip_prefix(&prefix))
        .filter_map(|plain| Reference::parse(&format!("docker.io/{plain}")).ok())
        .map(|name| Target {
            name: name.to_string(),
            pulled: false,
        })
        .collect())
}

/// How the traces of a push are taken away: the name, unless it is another image's by now, and the mark. Asked for while
/// nobody else can give the name.
///
/// # Errors
/// [`Stop`]: what has to be known first.
pub fn unmark(tenant: &Tenant, pushed: &Target, facts: &Facts) -> Result<Vec<Lookup>, Stop> {
    let name = Reference::parse(&pushed.name).map_err(bad("name"))?;
    let Some(mapped) = tenant.engine_image(&name) else {
        return Ok(Vec::new());
    };
    let mark = format!("{MARK}{mapped}");
    let marked: Option<InspectedImage> = facts.find(&inspection(&mark))?;
    let Some(marked) = marked else {
        return Ok(Vec::new());
    };
    let there: Option<InspectedImage> = facts.find(&inspection(&pushed.name))?;
    let there = there.filter(|there| there.id == marked.id);
    let names = there.map(|_| removal(&pushed.name));
    Ok(names.into_iter().chain([removal(&mark)]).collect())
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::tenant;
    use super::*;
    use crate::tenant::Fact;

    /// What is to be taken away where the mark stands for image 1, and the name for `there`.
    fn undone(there: Option<&str>) -> Vec<String> {
        let tenant = tenant("acme");
        let mut facts = Facts::default();
        let mut ask = |step: &dyn Fn(&Facts) -> Result<Vec<String>, Stop>| loop {
            let Stop::Lookup(lookup) = (match step(&facts) {
                Ok(done) => return done,
                Err(stop) => stop,
            }) else {
                panic!("refused");
            };
            let marked = lookup.target.contains("push.acme");
            let body = match (lookup.target.starts_with("/images/json?"), marked, there) {
                (true, _, _) => {
                    r#"[{"Id":"1","RepoTags":["push.acme.tenant.doodgate.invalid/team/app:1"]}]"#
                        .to_owned()
                }
                (false, true, _) => r#"{"Id":"1"}"#.to_owned(),
                (false, false, Some(id)) => format!(r#"{{"Id":"{id}"}}"#),
                (false, false, None) => String::new(),
            };
            let status = if body.is_empty() { 404 } else { 200 };
            let body = body.into_bytes();
            facts.add(lookup, Fact { status, body });
        };
        let names = ask(&|facts| {
            Ok(marked(&tenant, facts)?
                .into_iter()
                .map(|it| it.name)
                .collect())
        });
        assert_eq!(names, ["docker.io/team/app:1"]);
        let pushed = Target {
            name: names[0].clone(),
            pulled: false,
        };
        ask(&|facts| {
            Ok(unmark(&tenant, &pushed, facts)?
                .into_iter()
                .map(|it| it.target)
                .collect())
        })
    }

    #[test]
    fn a_name_goes_with_its_mark_unless_another_has_it() {
        let name = "/images/docker.io/team/app:1?noprune=1".to_owned();
        let mark = "/images/push.acme.tenant.doodgate.invalid/team/app:1?noprune=1".to_owned();
        assert_eq!(undone(Some("1")), [name, mark.clone()]);
        assert_eq!(undone(Some("2")), std::slice::from_ref(&mark));
        assert_eq!(undone(None), [mark]);
    }
}
