//! The two images' access rules as data, and what they let pass.

use std::collections::BTreeMap;

use super::Image;
use crate::api::{Method, OPERATIONS, Operation};

/// One rule of an image: a path and the variable that switches it.
struct Line {
    variable: &'static str,
    default: bool,
    effect: Effect,
    reach: Reach,
}

/// What a rule does with a path that it reaches.
#[derive(Clone, Copy)]
enum Effect {
    /// Lets it pass when the variable is true.
    Allow,
    /// Stops it when the variable is false.
    DenyUnless,
}

/// Which paths a rule reaches. Both images compare beginnings, so `/containers` reaches every route of
/// every container, and `/containers/x/stop` would reach `/containers/x/stop-all`.
#[derive(Clone, Copy)]
enum Reach {
    /// Paths that begin with this, in any case.
    Prefix(&'static str),
    /// Paths that begin with a container's name and one of these words.
    Container(&'static [&'static str]),
    /// Paths of the Podman API, which the gate does not know.
    Libpod,
}

/// The images' rules in their order. Between the two lists stands the rule for methods: without `POST`
/// only GET and HEAD go on.
struct Rules {
    before_methods: &'static [&'static [Line]],
    after_methods: &'static [&'static [Line]],
}

static TECNATIVA: Rules = Rules {
    before_methods: &[],
    after_methods: &[ACTIONS, SECTIONS],
};

static LINUXSERVER: Rules = Rules {
    before_methods: &[SUBPATHS, ACTIONS, PAUSES, LIBPOD_ACTIONS],
    after_methods: &[SECTIONS, LIBPOD_SECTIONS],
};

fn rules(image: Image) -> &'static Rules {
    match image {
        Image::Linuxserver => &LINUXSERVER,
        Image::Tecnativa => &TECNATIVA,
    }
}

const fn allow(variable: &'static str, reach: Reach) -> Line {
    Line {
        variable,
        default: false,
        effect: Effect::Allow,
        reach,
    }
}

const fn section(variable: &'static str, prefix: &'static str) -> Line {
    allow(variable, Reach::Prefix(prefix))
}

const fn given(variable: &'static str, prefix: &'static str) -> Line {
    Line {
        variable,
        default: true,
        effect: Effect::Allow,
        reach: Reach::Prefix(prefix),
    }
}

const fn unless(variable: &'static str, words: &'static [&'static str]) -> Line {
    Line {
        variable,
        default: false,
        effect: Effect::DenyUnless,
        reach: Reach::Container(words),
    }
}

const fn libpod_line(variable: &'static str, default: bool) -> Line {
    Line {
        variable,
        default,
        effect: Effect::Allow,
        reach: Reach::Libpod,
    }
}

static ACTIONS: &[Line] = &[
    allow(
        "ALLOW_RESTARTS",
        Reach::Container(&["stop", "restart", "kill"]),
    ),
    allow("ALLOW_START", Reach::Container(&["start"])),
    allow("ALLOW_STOP", Reach::Container(&["stop"])),
];

static PAUSES: &[Line] = &[
    allow("ALLOW_PAUSE", Reach::Container(&["pause"])),
    allow("ALLOW_UNPAUSE", Reach::Container(&["unpause"])),
];

static SUBPATHS: &[Line] = &[
    unless("ALLOW_ARCHIVE", &["archive"]),
    unless("ALLOW_CHANGES", &["change"]),
    unless("ALLOW_EXPORT", &["export"]),
    unless("ALLOW_LOGS", &["logs"]),
    unless("ALLOW_TOP", &["top"]),
];

static SECTIONS: &[Line] = &[
    section("AUTH", "/auth"),
    section("BUILD", "/build"),
    section("COMMIT", "/commit"),
    section("CONFIGS", "/configs"),
    section("CONTAINERS", "/containers"),
    section("DISTRIBUTION", "/distribution"),
    given("EVENTS", "/events"),
    section("EXEC", "/exec"),
    section("GRPC", "/grpc"),
    section("IMAGES", "/images"),
    section("INFO", "/info"),
    section("NETWORKS", "/networks"),
    section("NODES", "/nodes"),
    given("PING", "/_ping"),
    section("PLUGINS", "/plugins"),
    section("SECRETS", "/secrets"),
    section("SERVICES", "/services"),
    section("SESSION", "/session"),
    section("SWARM", "/swarm"),
    section("SYSTEM", "/system"),
    section("TASKS", "/tasks"),
    given("VERSION", "/version"),
    section("VOLUMES", "/volumes"),
];

static LIBPOD_ACTIONS: &[Line] = &[
    libpod_line("LIBPOD_ALLOW_PAUSE", false),
    libpod_line("LIBPOD_ALLOW_POD_PAUSE", false),
    libpod_line("LIBPOD_ALLOW_POD_RESTARTS", false),
    libpod_line("LIBPOD_ALLOW_POD_START", false),
    libpod_line("LIBPOD_ALLOW_POD_STOP", false),
    libpod_line("LIBPOD_ALLOW_POD_UNPAUSE", false),
    libpod_line("LIBPOD_ALLOW_RESTARTS", false),
    libpod_line("LIBPOD_ALLOW_START", false),
    libpod_line("LIBPOD_ALLOW_STOP", false),
    libpod_line("LIBPOD_ALLOW_UNPAUSE", false),
];

static LIBPOD_SECTIONS: &[Line] = &[
    libpod_line("LIBPOD_CONTAINERS", false),
    libpod_line("LIBPOD_EVENTS", false),
    libpod_line("LIBPOD_EXEC", false),
    libpod_line("LIBPOD_GENERATE", false),
    libpod_line("LIBPOD_IMAGES", false),
    libpod_line("LIBPOD_INFO", false),
    libpod_line("LIBPOD_MANIFESTS", false),
    libpod_line("LIBPOD_NETWORKS", false),
    libpod_line("LIBPOD_PING", true),
    libpod_line("LIBPOD_PLAY", false),
    libpod_line("LIBPOD_PODS", false),
    libpod_line("LIBPOD_SECRETS", false),
    libpod_line("LIBPOD_SYSTEM", false),
    libpod_line("LIBPOD_VERSION", true),
    libpod_line("LIBPOD_VOLUMES", false),
];

fn lines(image: Image) -> impl Iterator<Item = &'static Line> {
    let Rules {
        before_methods,
        after_methods,
    } = rules(image);
    before_methods
        .iter()
        .chain(*after_methods)
        .copied()
        .flatten()
}

/// The variables that an image's rules read.
pub(super) fn variables(image: Image) -> impl Iterator<Item = &'static str> {
    lines(image).map(|line| line.variable).chain(["POST"])
}

/// The variables that linuxserver's rules read and Tecnativa's do not.
pub(super) fn only_linuxserver() -> impl Iterator<Item = &'static str> {
    variables(Image::Linuxserver)
        .filter(|name| variables(Image::Tecnativa).all(|other| other != *name))
}

/// Whether a value looks like what people write to switch a section on or off.
pub(super) fn is_switch(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    matches!(
        value.as_str(),
        "0" | "1" | "true" | "false" | "yes" | "no" | "on" | "off"
    )
}

/// HAProxy's `-m bool` on an environment variable: a leading integer other than zero is true (HAProxy
/// 2.6, measured). So `true` and `yes` are false, and `01` and `1abc` are true.
fn is_true(value: &str) -> bool {
    value
        .strip_prefix(['-', '+'])
        .unwrap_or(value)
        .chars()
        .take_while(char::is_ascii_digit)
        .any(|digit| digit != '0')
}

/// The state of every variable of an image.
pub(super) struct Switches {
    states: BTreeMap<&'static str, bool>,
}

impl Switches {
    /// Reads the variables, with the image's defaults for those that are not set.
    pub(super) fn read<'v>(image: Image, value: &impl Fn(&str) -> Option<&'v str>) -> Self {
        let mut states: BTreeMap<_, _> = lines(image)
            .map(|line| {
                (
                    line.variable,
                    value(line.variable).map_or(line.default, is_true),
                )
            })
            .collect();
        states.insert("POST", value("POST").is_some_and(is_true));
        Self { states }
    }

    /// Whether the variable is set to true. A variable that the image does not have is false.
    pub(super) fn is_on(&self, variable: &str) -> bool {
        self.states.get(variable).is_some_and(|state| *state)
    }

    /// The variables that are on, in alphabetical order.
    pub(super) fn on(&self) -> impl Iterator<Item = &'static str> {
        self.states
            .iter()
            .filter(|(_, state)| **state)
            .map(|(name, _)| *name)
    }
}

/// The variables of the Podman API that somebody switched on.
pub(super) fn libpod(switches: &Switches) -> impl Iterator<Item = &'static str> {
    LIBPOD_ACTIONS
        .iter()
        .chain(LIBPOD_SECTIONS)
        .filter(|line| !line.default && switches.is_on(line.variable))
        .map(|line| line.variable)
}

/// An operation that passes, and the variable that lets it.
#[derive(Clone, Copy)]
pub(super) struct Admitted {
    pub(super) operation: &'static Operation,
    pub(super) variable: &'static str,
}

/// The operations that an image's rules let pass, in the table's order.
pub(super) fn admitted(image: Image, switches: &Switches) -> Vec<Admitted> {
    let rules = rules(image);
    OPERATIONS
        .iter()
        .filter_map(|operation| {
            let variable = verdict(
                rules,
                switches,
                operation.method,
                &example(operation.template),
            )?;
            Some(Admitted {
                operation,
                variable,
            })
        })
        .collect()
}

/// A path that an operation's template matches, with `x` for each of its names.
fn example(template: &str) -> String {
    template
        .split('/')
        .map(|segment| {
            if segment.starts_with('{') {
                "x"
            } else {
                segment
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// The variable by which a path passes. The first rule that decides has the word, and what no rule lets
/// pass is stopped, so `None` is a refusal.
fn verdict(rules: &Rules, switches: &Switches, method: Method, path: &str) -> Option<&'static str> {
    let decide = |groups: &[&'static [Line]]| {
        groups.iter().copied().flatten().find_map(|line| {
            let on = switches.is_on(line.variable);
            match (line.effect, reaches(line.reach, path)) {
                (_, false) => None,
                (Effect::Allow, true) => on.then_some(Ok(line.variable)),
                (Effect::DenyUnless, true) => (!on).then_some(Err(())),
            }
        })
    };
    let methods = match method {
        Method::Get | Method::Head => true,
        Method::Delete | Method::Options | Method::Post | Method::Put => switches.is_on("POST"),
    };
    decide(rules.before_methods)
        .or_else(|| (!methods).then_some(Err(())))
        .or_else(|| decide(rules.after_methods))
        .and_then(Result::ok)
}

fn reaches(reach: Reach, path: &str) -> bool {
    match reach {
        Reach::Prefix(prefix) => path.starts_with(prefix),
        Reach::Container(words) => path
            .strip_prefix("/containers/")
            .and_then(|rest| rest.split_once('/'))
            .is_some_and(|(_, action)| words.iter().any(|word| action.starts_with(word))),
        Reach::Libpod => false,
    }
}
