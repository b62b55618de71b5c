//! How the engine writes names into strings, and how a tenant reads them.

use std::borrow::Cow;

use crate::tenant::Tenant;

/// How a name stands in a string.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// Alone: `acme.db`.
    Name,
    /// A container's with a slash in front, and a link's alias behind: `/acme.web`, `/acme.web/db`.
    Slashed,
    /// A network's, or a container's behind `container:`.
    Mode,
    /// In front of a colon: a volume's of a bind, or a container's whose volumes are taken.
    Leading,
    /// A link: `acme.db:db`, or as the engine keeps it, `/acme.db:/acme.web/db`.
    Link,
    /// A volume's as a folder of the engine's: `/var/lib/docker/volumes/acme.db/_data`.
    Folder,
    /// What is mounted: a volume's, or an image's.
    Source,
    /// Anywhere in a message for people.
    Message,
    /// An image's, alone or within a text that names nothing else.
    Image,
    /// In a step of an image's history: what the gate added to it.
    Step,
    /// In what a build tells of its steps.
    Output,
}

impl Form {
    /// `text` as the tenant reads it.
    pub(super) fn plain<'t>(self, tenant: &Tenant, text: &'t str) -> Cow<'t, str> {
        match self {
            Self::Name | Self::Leading => Cow::Borrowed(name(tenant, text)),
            Self::Slashed => slashed(tenant, text),
            Self::Mode => match text.strip_prefix("container:") {
                Some(other) => joined("container:", name(tenant, other), text),
                None => Cow::Borrowed(name(tenant, text)),
            },
            Self::Link => link(tenant, text),
            Self::Folder => folder(tenant, text),
            Self::Source => match tenant.plain_image(text) {
                Some(plain) => Cow::Borrowed(plain),
                None => Cow::Borrowed(name(tenant, text)),
            },
            Self::Message => match tenant.plain_images(text) {
                Cow::Borrowed(text) => message(tenant, text),
                Cow::Owned(text) => Cow::Owned(message(tenant, &text).into_owned()),
            },
            Self::Step => step(text),
            Self::Output if text.starts_with("Step ") => {
                let line = text.trim_end_matches('\n');
                let end = text.get(line.len()..).unwrap_or_default();
                Cow::Owned(format!("{}{end}", step(&tenant.plain_images(line))))
            }
            Self::Image | Self::Output => tenant.plain_images(text),
        }
    }
}

/// The whole text without the prefix, since a name that is in front of something is in front of it without the prefix too.
fn name<'t>(tenant: &Tenant, text: &'t str) -> &'t str {
    tenant.plain_name(text).unwrap_or(text)
}

fn joined<'t>(front: &str, plain: &str, text: &'t str) -> Cow<'t, str> {
    if front.len().saturating_add(plain.len()) == text.len() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("{front}{plain}"))
    }
}

fn slashed<'t>(tenant: &Tenant, text: &'t str) -> Cow<'t, str> {
    match text.strip_prefix('/') {
        Some(bare) => joined("/", name(tenant, bare), text),
        None => Cow::Borrowed(text),
    }
}

fn link<'t>(tenant: &Tenant, text: &'t str) -> Cow<'t, str> {
    let (target, alias) = match text.split_once(':') {
        Some((target, alias)) => (target, Some(alias)),
        None => (text, None),
    };
    let target = match target.strip_prefix('/') {
        Some(_) => slashed(tenant, target),
        None => Cow::Borrowed(name(tenant, target)),
    };
    match alias {
        Some(alias) => Cow::Owned(format!("{target}:{}", slashed(tenant, alias))),
        None => target,
    }
}

/// A volume's folder is called as the volume, below `volumes` (moby `volume/local/local.go`).
fn folder<'t>(tenant: &Tenant, text: &'t str) -> Cow<'t, str> {
    // `volumes/NAME/_data`, below whatever folder is the engine's.
    let mut parts = text.rsplitn(4, '/');
    let (data, name, volumes) = (parts.next(), parts.next(), parts.next());
    let (Some("_data"), Some(name), Some("volumes"), Some(root)) =
        (data, name, volumes, parts.next())
    else {
        return Cow::Borrowed(text);
    };
    match tenant.plain_name(name) {
        Some(plain) => Cow::Owned(format!("{root}/volumes/{plain}/_data")),
        None => Cow::Borrowed(text),
    }
}

/// The prefix is taken out wherever a name could begin, and whose service has a port that is taken is not told.
fn message<'t>(tenant: &Tenant, text: &'t str) -> Cow<'t, str> {
    const BEHIND: &str = " by service ";
    let joins = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let text = match text.split_once(BEHIND) {
        Some((taken, _)) if taken.ends_with("is already in use") => taken,
        Some(_) | None => text,
    };
    let mut out = String::new();
    let mut rest = text;
    let mut before = None;
    let mut from = 0_usize;
    while let Some((at, length)) = rest.get(from..).and_then(|text| next_name(tenant, text)) {
        let at = from.saturating_add(at);
        let (front, found) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let begins = !front.chars().last().or(before).is_some_and(joins);
        let plain = tenant
            .plain_name(found)
            .filter(|plain| begins && plain.starts_with(|c: char| c.is_ascii_alphanumeric()));
        match plain {
            Some(plain) => {
                out.push_str(front);
                before = Some('.');
                rest = plain;
                from = 0;
            }
            None => from = at.saturating_add(length),
        }
    }
    if out.is_empty() && rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Where something stands that may begin a name of the tenant's, and how long that is.
fn next_name(tenant: &Tenant, text: &str) -> Option<(usize, usize)> {
    [tenant.name(), &tenant.swarm]
        .into_iter()
        .filter_map(|begin| Some((text.find(begin)?, begin.len())))
        .min()
}

/// The labels that the gate gives a build are the last instruction of it, in the order of their names, or stand in a
/// commit's comment (moby `builder/dockerfile/builder.go`, `buildLabelOptions`).
fn step(text: &str) -> Cow<'_, str> {
    use crate::tenant::LABEL_PREFIX;
    if !text.contains(LABEL_PREFIX) {
        return Cow::Borrowed(text);
    }
    let kept: Vec<&str> = text
        .split(' ')
        .filter(|word| {
            !word
                .trim_start_matches(['"', '\''])
                .starts_with(LABEL_PREFIX)
        })
        .collect();
    Cow::Owned(kept.join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::testing::tenant;
    use super::*;

    #[test]
    fn a_name_with_any_prefix_is_read_plainly() {
        let told = "secret 41_-a of 41_-b and A.c, A__d is xA.c";
        let plain = Form::Message.plain(&tenant("A"), told);
        assert_eq!(plain, "secret a of b and c, A__d is xA.c");
    }

    #[test]
    fn each_form_is_read_plainly() {
        for (form, written, read) in [
            (Form::Name, "acme.db", "db"),
            (Form::Name, "acme.acme.db", "acme.db"),
            (Form::Name, "acmex.db", "acmex.db"),
            (Form::Name, "other.db", "other.db"),
            (Form::Name, "acme.", "acme."),
            (Form::Slashed, "/acme.web", "/web"),
            (Form::Slashed, "/acme.web/db", "/web/db"),
            (Form::Slashed, "/web", "/web"),
            (Form::Slashed, "acme.web", "acme.web"),
            (Form::Mode, "acme.bridge", "bridge"),
            (Form::Mode, "container:acme.web", "container:web"),
            (Form::Mode, "container:0123", "container:0123"),
            (Form::Mode, "host", "host"),
            (Form::Leading, "acme.db:/data:rw", "db:/data:rw"),
            (Form::Leading, "/acme.db:/acme.db", "/acme.db:/acme.db"),
            (Form::Leading, "acme.web", "web"),
            (Form::Link, "acme.db:db", "db:db"),
            (Form::Link, "acme.db:acme.x", "db:acme.x"),
            (Form::Link, "/acme.db:/acme.web/db", "/db:/web/db"),
            (Form::Link, "acme.db", "db"),
            (
                Form::Folder,
                "/var/lib/docker/volumes/acme.db/_data",
                "/var/lib/docker/volumes/db/_data",
            ),
            (Form::Folder, "/srv/acme.db", "/srv/acme.db"),
            (Form::Folder, "/srv/volumes/acme.db", "/srv/volumes/acme.db"),
            (
                Form::Message,
                "No such container: acme.web",
                "No such container: web",
            ),
            (
                Form::Message,
                r#"Conflict. The container name "/acme.web" is in use, acme.a acme.b"#,
                r#"Conflict. The container name "/web" is in use, a b"#,
            ),
            (Form::Message, "acme.acme.b", "acme.b"),
            (
                Form::Message,
                "name conflicts with an existing object: service acme__web already exists",
                "name conflicts with an existing object: service web already exists",
            ),
            (
                Form::Message,
                "port '80' is already in use by service 'zulu__web' (0123)",
                "port '80' is already in use",
            ),
            (
                Form::Message,
                "it is in use by service 0123",
                "it is in use by service 0123",
            ),
            (Form::Name, "acme__web.1.x", "web.1.x"),
            (
                Form::Message,
                "xacme.a acme acme. acme.. other.acme.b -acme.c acme.d",
                "xacme.a acme acme. acme.. other.acme.b -acme.c d",
            ),
            (Form::Message, "\u{e4}acme.a", "\u{e4}a"),
            (
                Form::Step,
                "/bin/sh -c #(nop) LABEL a=b io.doodgate.tenant=acme z=1",
                "/bin/sh -c #(nop) LABEL a=b z=1",
            ),
            (Form::Step, "LABEL \"io.doodgate.tenant\"=\"acme\"", "LABEL"),
            (Form::Step, "RUN  make", "RUN  make"),
            (
                Form::Message,
                "conflict: acme.tenant.doodgate.invalid/app:1 is used by acme.web",
                "conflict: app:1 is used by web",
            ),
            (
                Form::Image,
                "acme.tenant.doodgate.invalid/team/app",
                "team/app",
            ),
            (Form::Image, "acme.db", "acme.db"),
            (Form::Source, "acme.db", "db"),
            (Form::Source, "acme.tenant.doodgate.invalid/app:1", "app:1"),
            (
                Form::Output,
                "Successfully tagged acme.tenant.doodgate.invalid/app:1\n",
                "Successfully tagged app:1\n",
            ),
            (
                Form::Output,
                "Step 2/2 : LABEL io.doodgate.tenant=acme\n",
                "Step 2/2 : LABEL\n",
            ),
            (Form::Output, "io.doodgate.x\n", "io.doodgate.x\n"),
        ] {
            assert_eq!(form.plain(&tenant("acme"), written), read, "{form:?}");
        }
    }
}
