//! The page about every grant, written from the vocabulary itself.

use std::fmt::Write as _;

use super::{KINDS, KindInfo, Shape, Unit};

/// The Markdown text of docs/GRANTS.md.
pub fn reference() -> String {
    let mut page = String::from(INTRODUCTION);
    for info in KINDS {
        if row(&mut page, info).is_err() {
            break;
        }
    }
    page.push_str(NOTES);
    page
}

fn row(page: &mut String, info: &KindInfo) -> std::fmt::Result {
    let KindInfo {
        name,
        summary,
        example,
        ..
    } = info;
    let form = form(info.shape);
    writeln!(
        page,
        "| `{name}` | {form} | {summary} | `{name}: {example}` |"
    )
}

const fn form(shape: Shape) -> &'static str {
    match shape {
        Shape::Flag => "`true`",
        Shape::Text => "pattern",
        Shape::Path => "path pattern",
        Shape::Image => "image pattern",
        Shape::Limit(Unit::Bytes) => "bytes",
        Shape::Limit(Unit::Count) => "number",
        Shape::Limit(Unit::NanoCpus) => "processors",
        Shape::Ports => "ports",
    }
}

const NOTES: &str = "
## The images of builds

A `RUN` in a Dockerfile executes what the base image holds, as a container does. So `base-image` is to `ImageBuild` what `image` is to
`ContainerCreate`: a rule that does not name it lets builds begin from any image, and a rule that names it from those alone.
`doodgate check` warns where containers are restricted to some images and builds are not.

Where a rule for `ImageBuild` names `base-image`, doodgate looks for the Dockerfile in the context while it streams through, plain or
compressed with gzip, and nothing behind the Dockerfile reaches the engine before its images are granted. It reads `FROM` with the
arguments of the build put in, `COPY --from` and `ADD --from`, `RUN --mount=from`, and the image of a `# syntax` line. The stages
of the build and `scratch` need no grant. `image` in the same rule is about the names that the build gives (`t`).

What cannot be seen stands as `(unseen)`, which `base-image: \"**\"` grants and nothing else: a `remote` context, a build through
BuildKit (`version=2`, `session`), another compression, an archive that does not hold the Dockerfile or could be read in two ways, a Dockerfile
of more than 1 MiB, a here-document, a variable without a value. A denial by `base-image` takes it for what is denied.

The triggers (`ONBUILD`) of a granted base image are part of that image, and granted with it.

## Images by their ids

A container may be created from an id, or from the beginning of one. Where a rule names `image`, doodgate asks the engine what the
image is called, and decides on its tags, its digests and its whole id: one that is granted is enough, and one that is denied is too
many. An id that the engine cannot tell of is refused with a 502, and one that nothing has stays what the client wrote, which
no pattern for names matches. `doodgate explain` asks no engine. All other calls need a pattern for the id itself, such as
`image: \"sha256:*\"`.

## What is looked for in uploads

| upload | what is looked at | why |
|---|---|---|
| `PutContainerArchive` | every entry: names and links that lead out, devices, setuid bits and capabilities, compression | it is unpacked into a container's files, some of which may be host folders, and the engine has run the container's own programs to unpack it (CVE-2019-14271, CVE-2026-41567) |
| `ImageBuild` | the Dockerfile, where a rule names `base-image` or the client is a tenant; then entries that lead out and compression, too | the engine unpacks the context in a folder of its own, with that folder as its root: links and names lead nowhere else, and devices and setuid bits are what any image may hold |
| `ImageLoad`, `ImageImport` | nothing | unpacked with a folder of its own as the root. A loaded archive names its images itself: where a rule for `ImageLoad` names `image`, only `\"**\"` grants it. What an image holds is no more than a container could write |
| `PluginCreate` | nothing | whoever may make a plugin is root on the host: it needs the grant `plugin` |
";

const INTRODUCTION: &str = "\
<!-- Written by the test `the_page_is_the_vocabulary`: DOODGATE_BLESS=1 cargo test --test demand page -->

# Grants

What a call asks for beyond its operation is a list of *demands*, each with a kind and a value. A rule grants
demands by their kind:

```yaml
allow:
  - ContainerCreate:
      image: \"registry.example.com/**\"
      bind: [\"/srv/ci/**:ro\"]
      memory: 1GiB
```

- A kind that the rule names is granted for the values that it names, and for no others.
- A kind that the rule does not name is granted where the demand is *safe*: an ordinary image, network or label
  is a demand, so that a rule can say which, but nothing that the host need fear. What reaches the host (a
  privileged container, a host path, the host's network, a port on every address) is granted only by name.
- `body: any` grants every demand of a call.
- A field or parameter that this version does not know is a demand, too: `unknown-field`, `unknown-parameter`.

`doodgate explain` shows the demands of a call, with the place of each.

A *pattern* is compared with the whole value: `*` matches within a part between slashes, `**` across them, and
`regex:` begins a regular expression. A *path pattern* may end in `:ro`, which grants read-only use alone;
what is mounted below a read-only host path stays writable on engines before 25 and for clients below API 1.44, and a
symbolic link on the host leads where it leads. The number of a limit is the most that may be asked for; not to set a limit at all asks for more than any.

| grant | form | what it allows | example |
|---|---|---|---|
";
