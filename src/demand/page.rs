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
