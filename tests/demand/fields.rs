//! Every field that the Engine API describes is in a table of this program.

use super::demands;

/// Requests of the operations that take a body.
const REQUESTS: [(&str, &str); 25] = [
    ("ConfigCreate", "POST /configs/create"),
    ("ConfigUpdate", "POST /configs/x/update"),
    ("ContainerCreate", "POST /containers/create"),
    ("ContainerExec", "POST /containers/x/exec"),
    ("ContainerUpdate", "POST /containers/x/update"),
    ("ExecStart", "POST /exec/x/start"),
    ("ImageCommit", "POST /commit"),
    ("NetworkConnect", "POST /networks/x/connect"),
    ("NetworkCreate", "POST /networks/create"),
    ("NetworkDisconnect", "POST /networks/x/disconnect"),
    ("NodeUpdate", "POST /nodes/x/update"),
    ("PluginPull", "POST /plugins/pull"),
    ("PluginSet", "POST /plugins/x/set"),
    ("PluginUpgrade", "POST /plugins/x/upgrade"),
    ("SecretCreate", "POST /secrets/create"),
    ("SecretUpdate", "POST /secrets/x/update"),
    ("ServiceCreate", "POST /services/create"),
    ("ServiceUpdate", "POST /services/x/update"),
    ("SwarmInit", "POST /swarm/init"),
    ("SwarmJoin", "POST /swarm/join"),
    ("SwarmUnlock", "POST /swarm/unlock"),
    ("SwarmUpdate", "POST /swarm/update"),
    ("SystemAuth", "POST /auth"),
    ("VolumeCreate", "POST /volumes/create"),
    ("VolumeUpdate", "PUT /volumes/x"),
];

#[test]
fn every_described_field_is_known() {
    let mut wrong = Vec::new();
    let table = include_str!("swagger-fields.tsv");
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let [operation, path, shape] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("no three columns: {line}")
        };
        let request = REQUESTS.iter().find(|(name, _)| *name == operation);
        let (_, request) = request.unwrap_or_else(|| panic!("no request for {operation}"));
        let body = document(path, shape);
        match demands(request, &body) {
            Ok(demands) => {
                if demands
                    .iter()
                    .any(|line| line.starts_with("unknown-field") || line.starts_with("body"))
                {
                    wrong.push(format!("{operation} {body}: unknown"));
                }
            }
            Err(error) => wrong.push(format!("{operation} {body}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A document that holds one value of `shape` at `path`.
fn document(path: &str, shape: &str) -> String {
    let leaf = match shape {
        "boolean" => "true",
        "integer" => "1",
        "number" => "0.5",
        "string" => r#""x""#,
        "array" => "[]",
        "object" => "{}",
        _ => panic!("no value of type {shape}"),
    };
    path.rsplit('.').fold(leaf.to_owned(), |inner, part| {
        let name = part.trim_end_matches(['[', ']', '{', '}']);
        let around = part.strip_prefix(name).expect("a name and its brackets");
        let inner = around
            .rsplit(']')
            .fold(inner, |inner, bracket| match bracket {
                "" => inner,
                "[" => format!("[{inner}]"),
                "{}" => format!(r#"{{"key":{inner}}}"#),
                "{}[" => format!(r#"{{"key":[{inner}]}}"#),
                _ => panic!("no such brackets: {around}"),
            });
        if name.is_empty() {
            inner
        } else {
            format!(r#"{{"{name}":{inner}}}"#)
        }
    })
}
