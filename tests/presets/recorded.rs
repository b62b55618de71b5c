//! What clients send, as their own sources and recordings have it: one file a preset, with what the preset must refuse
//! beside what it must let through.

use std::collections::BTreeMap;

use super::tables::rows;

/// One request, and the answer that it must get.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) client: String,
    pub(crate) version: String,
    pub(crate) source: String,
    /// The name of its head in the table of heads.
    pub(crate) head: String,
    pub(crate) method: String,
    pub(crate) target: String,
    /// A document, `@tar` for an archive, or nothing.
    pub(crate) body: Option<String>,
    pub(crate) allowed: bool,
}

/// What is recorded for a preset.
pub(crate) fn of(preset: &str) -> Vec<Recorded> {
    rows::<8>(&format!("traffic/{preset}.tsv"))
        .into_iter()
        .map(
            |[client, version, source, head, method, target, body, answer]| Recorded {
                client,
                version,
                source,
                head,
                method,
                target,
                body: (body != "-").then_some(body),
                allowed: match answer.as_str() {
                    "allow" => true,
                    "deny" => false,
                    other => panic!("{preset}: `{other}`"),
                },
            },
        )
        .collect()
}

/// The heads that clients write: the lines behind the first one, by name.
pub(crate) fn heads() -> BTreeMap<String, Vec<String>> {
    rows::<2>("traffic/heads")
        .into_iter()
        .map(|[name, lines]| (name, lines.split(" | ").map(str::to_owned).collect()))
        .collect()
}

impl Recorded {
    /// The head as the client writes it, from the `lines` that its kind of client has in every head.
    pub(crate) fn write(&self, lines: &[String]) -> String {
        let has = |name: &str| {
            lines
                .iter()
                .any(|line| line.to_ascii_lowercase().starts_with(name))
        };
        let version = if has("http/1.0") { "1.0" } else { "1.1" };
        let mut head = format!("{} {} HTTP/{version}\r\n", self.method, self.target);
        for line in lines.iter().filter(|line| line.contains(':')) {
            head += line;
            head += "\r\n";
        }
        if let Some(body) = self.body.as_ref().filter(|_| !has("transfer-encoding:")) {
            if !has("content-type:") {
                head += "Content-Type: application/json\r\n";
            }
            head += "Content-Length: ";
            head += &body.len().to_string();
            head += "\r\n";
        }
        head + "\r\n"
    }
}
