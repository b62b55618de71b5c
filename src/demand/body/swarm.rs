//! The swarm, its nodes, secrets and configs (moby api/types/swarm). Most settings of a swarm give other hosts a say
//! over this one, so none of them is safe.

use crate::api::json::Value;
use crate::demand::Kind;
use crate::demand::schema::{Field, Rule, Struct, TEXT_MAP, TEXTS, Type, field, plain, unread};
use crate::demand::walk::{Path, Walk};
use Rule::{Ask, By, Free, Tell};
use Type::{Bool, Int, Text};

/// `POST /swarm/init`.
pub(super) static INIT: Struct = plain(&[&[
    field("ListenAddr", Text, By(option)),
    field("AdvertiseAddr", Text, By(option)),
    field("DataPathAddr", Text, By(option)),
    field("DataPathPort", Int, By(option)),
    field("ForceNewCluster", Bool, By(option)),
    field("Spec", Type::Struct(&SPEC), Free),
    field("AutoLockManagers", Bool, Free),
    field("Availability", Text, By(option)),
    field("DefaultAddrPool", TEXTS, By(option)),
    field("SubnetSize", Int, Free),
]]);

/// `POST /swarm/join`.
pub(super) static JOIN: Struct = plain(&[&[
    field("ListenAddr", Text, By(option)),
    field("AdvertiseAddr", Text, By(option)),
    field("DataPathAddr", Text, By(option)),
    field("RemoteAddrs", TEXTS, By(option)),
    field("JoinToken", Text, Free),
    field("Availability", Text, By(option)),
]]);

/// `POST /swarm/update`.
pub(super) static SPEC: Struct = plain(&[
    ANNOTATIONS,
    &[
        field("Orchestration", Type::Struct(&ORCHESTRATION), Free),
        field("Raft", Type::Struct(&RAFT), Free),
        field("Dispatcher", Type::Struct(&DISPATCHER), Free),
        field("CAConfig", Type::Struct(&CA), Free),
        field("TaskDefaults", Type::Struct(&TASK_DEFAULTS), Free),
        field("EncryptionConfig", Type::Struct(&ENCRYPTION), Free),
    ],
]);

/// `POST /swarm/unlock`.
pub(super) static UNLOCK: Struct = plain(&[&[field("UnlockKey", Text, Free)]]);

/// `POST /nodes/{id}/update`.
pub(super) static NODE: Struct = plain(&[
    ANNOTATIONS,
    &[
        field("Role", Text, By(role)),
        field("Availability", Text, By(availability)),
    ],
]);

/// `POST /secrets/create` and `POST /secrets/{id}/update`.
pub(super) static SECRET: Struct = plain(&[
    ANNOTATIONS,
    &[
        field("Data", Text, Free),
        field("Driver", Type::Struct(&SECRET_DRIVER), Free),
        field("Templating", Type::Struct(&TEMPLATING), Free),
    ],
]);

/// `POST /configs/create` and `POST /configs/{id}/update`.
pub(super) static CONFIG: Struct = plain(&[
    ANNOTATIONS,
    &[
        field("Data", Text, Free),
        field("Templating", Type::Struct(&TEMPLATING), Free),
    ],
]);

/// `swarm.Annotations`.
const ANNOTATIONS: &[Field] = &[
    field("Name", Text, Free),
    field("Labels", TEXT_MAP, Tell(Kind::Labels)),
    // A parameter of the query that dockerode writes into each of these bodies too (`lib/node.js`).
    unread("version"),
];

static ORCHESTRATION: Struct = plain(&[&[field("TaskHistoryRetentionLimit", Int, By(option))]]);

static RAFT: Struct = plain(&[&[
    field("SnapshotInterval", Int, By(option)),
    field("KeepOldSnapshots", Int, By(option)),
    field("LogEntriesForSlowFollowers", Int, By(option)),
    field("ElectionTick", Int, By(option)),
    field("HeartbeatTick", Int, By(option)),
]]);

static DISPATCHER: Struct = plain(&[&[field("HeartbeatPeriod", Int, By(option))]]);

static CA: Struct = plain(&[&[
    field("NodeCertExpiry", Int, By(option)),
    field("ExternalCAs", Type::Structs(&EXTERNAL_CA), Free),
    field("SigningCACert", Text, By(named)),
    field("SigningCAKey", Text, By(named)),
    field("ForceRotate", Int, By(option)),
]]);

static EXTERNAL_CA: Struct = plain(&[&[
    field("Protocol", Text, By(option)),
    field("URL", Text, By(option)),
    field("Options", TEXT_MAP, Ask(Kind::SwarmOption)),
    field("CACert", Text, By(named)),
]]);

static TASK_DEFAULTS: Struct = plain(&[&[field("LogDriver", Type::Struct(&LOG_DRIVER), Free)]]);

static LOG_DRIVER: Struct = plain(&[&[
    field("Name", Text, By(option)),
    field("Options", TEXT_MAP, Ask(Kind::SwarmOption)),
]]);

static ENCRYPTION: Struct = plain(&[&[field("AutoLockManagers", Bool, By(option))]]);

static SECRET_DRIVER: Struct = plain(&[&[
    field("Name", Text, Ask(Kind::SecretDriver)),
    field("Options", TEXT_MAP, Ask(Kind::SecretDriver)),
]]);

static TEMPLATING: Struct = plain(&[&[
    field("Name", Text, Ask(Kind::Templating)),
    field("Options", TEXT_MAP, Ask(Kind::Templating)),
]]);

/// `FIELD=VALUE` of a setting that is not zero.
fn option<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    let Path::Field(_, name) = path else { return };
    match value {
        Value::Null | Value::Bool(false) | Value::Object(_) => {}
        Value::Bool(true) => walk.ask(Kind::SwarmOption, format!("{name}=true"), path),
        Value::Number(text) | Value::Text(text) => {
            if !matches!(&**text, "" | "0") {
                walk.ask(Kind::SwarmOption, format!("{name}={text}"), path);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let text = format!("{name}={}", item.as_str().unwrap_or_default());
                walk.ask(Kind::SwarmOption, text, &Path::Item(path, index));
            }
        }
    }
}

/// A setting whose value is a secret, or long.
fn named<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let (Path::Field(_, name), Some(text)) = (path, value.as_str())
        && !text.is_empty()
    {
        walk.ask(Kind::SwarmOption, format!("{name}=..."), path);
    }
}

/// A manager schedules tasks on every node, with any mount.
fn role<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(role) = value
        .as_str()
        .filter(|role| !matches!(*role, "" | "worker"))
    {
        walk.ask(Kind::NodeOption, format!("Role={role}"), path);
    }
}

fn availability<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(state) = value
        .as_str()
        .filter(|state| !matches!(*state, "" | "active"))
    {
        walk.ask(Kind::NodeOption, format!("Availability={state}"), path);
    }
}
