//! The classifier against the engine's own routes: whatever is written for an operation, the engine must take for
//! that operation or for nothing, and what no operation has, it must not know.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use doodgate::api::{ApiVersion, Call, OPERATIONS, Route, UnknownParameters};
use proptest::prelude::*;
use regex::Regex;

/// One route as the engine registers it (gorilla/mux: the path, decoded once, against an anchored expression).
struct EngineRoute {
    method: &'static str,
    template: &'static str,
    path: Regex,
}

static ENGINES: LazyLock<BTreeMap<&'static str, Vec<EngineRoute>>> = LazyLock::new(|| {
    let name = Regex::new(r"\{(\w+)(?::([^}]+))?\}").expect("an expression");
    let mut engines: BTreeMap<_, Vec<EngineRoute>> = BTreeMap::new();
    for line in include_str!("engine-routes.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let [engine, method, template] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let path = name.replace_all(template, |found: &regex::Captures<'_>| {
            format!(
                "(?<{}>{})",
                &found[1],
                found.get(2).map_or("[^/]+", |pattern| pattern.as_str())
            )
        });
        let version = if method == "ANY" {
            ""
        } else {
            "(?:/v[0-9.]+)?"
        };
        let path = Regex::new(&format!("^{version}{path}$")).expect("a template");
        engines.entry(engine).or_default().push(EngineRoute {
            method,
            template,
            path,
        });
    }
    engines
});

/// The template of the first route that the engine has for a method and a decoded path, and the names in it.
fn route(engine: &str, method: &str, path: &str) -> Option<(String, Vec<String>)> {
    let route = ENGINES
        .get(engine)?
        .iter()
        .find(|route| [method, "ANY"].contains(&route.method) && route.path.is_match(path))?;
    let captures = route.path.captures(path)?;
    Some((
        plain(route.template),
        captures
            .iter()
            .skip(1)
            .flatten()
            .map(|name| name.as_str().to_owned())
            .collect(),
    ))
}

/// A template without the names and patterns of its names, which differ between the engine's sources and its API.
fn plain(template: &str) -> String {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\{[^}]*\}").expect("an expression"));
    let template = if template == "/networks/" {
        "/networks"
    } else {
        template
    };
    NAME.replace_all(template, "{}").into_owned()
}

/// Decodes the path of a target, as Go does before it routes.
fn decoded(target: &str) -> String {
    let mut bytes = target.split('?').next().unwrap_or_default().bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits =
                [bytes.next(), bytes.next()].map(|digit| char::from(digit.expect("two digits")));
            decoded.push(u8::from_str_radix(&String::from_iter(digits), 16).expect("digits"));
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).expect("UTF-8")
}

/// A path made of what the templates are made of: sometimes a template with its names filled in.
fn targets() -> impl Strategy<Value = String> {
    let words: Vec<&str> = OPERATIONS
        .iter()
        .flat_map(|row| row.template.split('/'))
        .filter(|segment| !segment.is_empty() && !segment.starts_with('{'))
        .chain([
            "web",
            "alpine:latest",
            "docker.io",
            "a%2Fb",
            "%2e",
            "caf%C3%A9",
            "~",
            "x;y",
            "%3F",
            "v1.41",
            "a%20b",
        ])
        .collect();
    let word = prop::sample::select(words);
    let filled = (
        prop::sample::select(OPERATIONS),
        prop::collection::vec(prop::collection::vec(word.clone(), 1..3), 2),
    )
        .prop_map(|(row, names)| {
            let mut names = names.into_iter().map(|name| name.join("/"));
            let segments = row.template.split('/').map(|segment| {
                if segment.starts_with('{') {
                    names.next().unwrap_or_default()
                } else {
                    segment.to_owned()
                }
            });
            segments.collect::<Vec<_>>().join("/")
        });
    let mixed = prop::collection::vec(word, 0..6).prop_map(|words| format!("/{}", words.join("/")));
    let version = prop::sample::select(vec!["", "/v1.41"]);
    (version, prop_oneof![filled, mixed]).prop_map(|(version, path)| format!("{version}{path}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_reads_what_was_read(
        method in prop::sample::select(vec!["GET", "POST", "DELETE", "HEAD", "PUT", "OPTIONS"]),
        target in targets(),
    ) {
        let Ok(call) = Call::from_parts(method, &target, None) else { return Ok(()) };
        let mut out = Vec::new();
        call.write_target(Some(ApiVersion::new(1, 41)), UnknownParameters::Drop, &mut out);
        let path = decoded(std::str::from_utf8(&out).expect("ASCII"));
        for engine in ENGINES.keys() {
            let found = route(engine, method, &path);
            match (&call.route, found) {
                (_, None) => {}
                (Route::Known(row, targets), Some((template, names))) => {
                    prop_assert_eq!(plain(row.template), template, "engine {}, {}", engine, path);
                    let ours: Vec<&str> = row.names().zip(targets).map(|(_, target)| target.as_ref()).collect();
                    prop_assert_eq!(ours, names, "engine {}, {}", engine, path);
                }
                (Route::Unknown { .. }, Some((template, _))) => {
                    prop_assert!(false, "engine {} has {} for {} {}", engine, template, method, path);
                }
            }
        }
    }
}

#[test]
fn every_row_is_a_route_of_some_engine_or_is_gone() {
    for row in OPERATIONS {
        let path = row
            .template
            .replace("{name...}", "a/b")
            .replace("{path...}", "a/b")
            .replace("{id...}", "a")
            .replace(['{', '}'], "");
        let known = ENGINES
            .keys()
            .any(|engine| route(engine, row.method.as_str(), &path).is_some());
        // Engine 20.10 still has the copy of API 1.23.
        let gone = row.until.is_some() && row.name != "ContainerCopy";
        assert_eq!(known, !gone, "{}", row.name);
    }
}

#[test]
fn every_route_of_an_engine_is_a_row() {
    let rows: Vec<(&str, String)> = OPERATIONS
        .iter()
        .map(|row| (row.method.as_str(), plain(row.template)))
        .collect();
    for (engine, routes) in ENGINES.iter() {
        assert!(routes.len() > 120, "{engine}");
        for route in routes {
            let method = if route.method == "ANY" {
                "GET"
            } else {
                route.method
            };
            assert!(
                rows.contains(&(method, plain(route.template))),
                "engine {engine}: {method} {}",
                route.template
            );
        }
    }
}
