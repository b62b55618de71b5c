//! What becomes of each field of each answer (moby `api/types`, read at 20.10, 26.1 and 28.5). What is not listed names
//! no object by its name.

use super::form::Form;
use super::item::Kind;
use super::rewrite::Rule;
use crate::tenant::swarm::{SERVICE_NAME, TASK_NAME};

/// An error: other fields than the message are unheard of.
pub(super) const ERROR: Rule = Rule::Only(&[("message", Rule::Form(Form::Message))]);

const ENDPOINT: Rule = Rule::Struct(&[
    ("Links", Rule::Each(&Rule::Form(Form::Link))),
    ("DNSNames", Rule::Forms(Form::Name)),
]);
const NETWORK_SETTINGS: Rule = Rule::Struct(&[("Networks", Rule::Networks(&ENDPOINT))]);
/// A mount as it is: volumes and binds.
const MOUNT_POINT: Rule = Rule::Struct(&[
    ("Name", Rule::Form(Form::Name)),
    ("Source", Rule::Form(Form::Folder)),
]);
/// A mount as it was asked for. A bind's source begins with a slash, and so is no name; an image's is one.
const MOUNT: Rule = Rule::Struct(&[
    ("Source", Rule::Form(Form::Source)),
    (
        "VolumeOptions",
        Rule::Struct(&[("Labels", Rule::Labels(&[]))]),
    ),
]);

/// A container's labels, of which the engine gives some to those of services.
const CONTAINER_LABELS: Rule = Rule::Labels(&[
    (SERVICE_NAME, Rule::Form(Form::Name)),
    (TASK_NAME, Rule::Form(Form::Name)),
]);

/// An item of `GET /containers/json`, and of `Containers` in `GET /system/df`.
pub(super) const CONTAINER_ITEM: Rule = Rule::Struct(&[
    ("Names", Rule::Own(Form::Slashed)),
    ("Image", Rule::MadeOf),
    ("Labels", CONTAINER_LABELS),
    (
        "HostConfig",
        Rule::Struct(&[("NetworkMode", Rule::Form(Form::Mode))]),
    ),
    ("NetworkSettings", NETWORK_SETTINGS),
    ("Mounts", Rule::Each(&MOUNT_POINT)),
]);

/// `GET /containers/ID/json`.
pub(super) const CONTAINER: Rule = Rule::Struct(&[
    ("Name", Rule::Form(Form::Slashed)),
    (
        "Config",
        Rule::Struct(&[("Image", Rule::MadeOf), ("Labels", CONTAINER_LABELS)]),
    ),
    (
        "HostConfig",
        Rule::Struct(&[
            ("Binds", Rule::Each(&Rule::Form(Form::Leading))),
            ("NetworkMode", Rule::Form(Form::Mode)),
            ("IpcMode", Rule::Form(Form::Mode)),
            ("PidMode", Rule::Form(Form::Mode)),
            ("Links", Rule::Each(&Rule::Form(Form::Link))),
            ("VolumesFrom", Rule::Each(&Rule::Form(Form::Leading))),
            ("Mounts", Rule::Each(&MOUNT)),
        ]),
    ),
    ("NetworkSettings", NETWORK_SETTINGS),
    ("Mounts", Rule::Each(&MOUNT_POINT)),
]);

/// `GET /exec/ID/json`: nothing in it is called by a name.
pub(super) const EXEC: Rule = Rule::Struct(&[]);

/// `GET /containers/ID/stats`.
pub(super) const STATS: Rule = Rule::Struct(&[("name", Rule::Form(Form::Slashed))]);

/// `GET /volumes/NAME`, and an item of the list.
pub(super) const VOLUME: Rule = Rule::Struct(&[
    ("Name", Rule::Form(Form::Name)),
    ("Mountpoint", Rule::Form(Form::Folder)),
    ("Labels", Rule::Labels(&[])),
]);

/// `GET /networks/ID`, and an item of the list.
pub(super) const NETWORK: Rule = Rule::Struct(&[
    ("Name", Rule::Form(Form::Name)),
    ("Labels", Rule::Labels(&[])),
    (
        "Containers",
        Rule::Endpoints(&Rule::Struct(&[("Name", Rule::Form(Form::Name))])),
    ),
    // Of swarms, and so of everybody.
    ("Peers", Rule::Drop),
    ("Services", Rule::Drop),
]);

/// What each task of a service is made from, and `Spec` of `GET /tasks/ID`.
const TASK_TEMPLATE: Rule = Rule::Struct(&[(
    "ContainerSpec",
    Rule::Template(&[
        ("Image", Rule::MadeOf),
        ("Labels", Rule::Labels(&[])),
        ("Mounts", Rule::Each(&MOUNT)),
        (
            "Secrets",
            Rule::Each(&Rule::Struct(&[("SecretName", Rule::Form(Form::Name))])),
        ),
        (
            "Configs",
            Rule::Each(&Rule::Struct(&[("ConfigName", Rule::Form(Form::Name))])),
        ),
    ]),
)]);

const SERVICE_SPEC: Rule = Rule::Struct(&[
    ("Name", Rule::Form(Form::Name)),
    ("Labels", Rule::Labels(&[])),
    ("TaskTemplate", TASK_TEMPLATE),
]);

/// `GET /services/ID`, and an item of the list.
pub(super) const SERVICE: Rule = Rule::Struct(&[
    ("Spec", SERVICE_SPEC),
    ("PreviousSpec", SERVICE_SPEC),
    ("Endpoint", Rule::Struct(&[("VirtualIPs", Rule::Addresses)])),
    (
        "UpdateStatus",
        Rule::Struct(&[("Message", Rule::Form(Form::Message))]),
    ),
]);

/// `GET /tasks/ID`, and an item of the list. What it has of the node stays.
pub(super) const TASK: Rule = Rule::Struct(&[
    ("Name", Rule::Form(Form::Name)),
    ("Labels", Rule::Labels(&[])),
    ("Spec", TASK_TEMPLATE),
    (
        "Status",
        Rule::Struct(&[
            ("Message", Rule::Form(Form::Message)),
            ("Err", Rule::Form(Form::Message)),
        ]),
    ),
    (
        "NetworksAttachments",
        Rule::Attachments(&Rule::Struct(&[(
            "Network",
            Rule::Struct(&[("Spec", NAMED)]),
        )])),
    ),
]);

const NAMED: Rule = Rule::Struct(&[
    ("Name", Rule::Form(Form::Name)),
    ("Labels", Rule::Labels(&[])),
]);

/// `GET /secrets/ID` and `GET /configs/ID`, and items of the lists.
pub(super) const STORED: Rule = Rule::Struct(&[("Spec", NAMED)]);

/// What the creation and an update of a service answer.
pub(super) const SERVICE_MADE: Rule = Rule::Struct(&[
    ("Warning", Rule::Form(Form::Message)),
    ("Warnings", Rule::Each(&Rule::Form(Form::Message))),
]);

/// Platforms of an image; what runs from them is also others'.
const MANIFESTS: Rule = Rule::Each(&Rule::Struct(&[(
    "ImageData",
    Rule::Struct(&[("Containers", Rule::Put("[]"))]),
)]));

/// An item of `GET /images/json`, and of `Images` in `GET /system/df`. How many containers use an image is counted
/// among own ones or not at all, and what it shares with other images depends on everybody's.
pub(super) const IMAGE_ITEM: Rule = Rule::Struct(&[
    (
        "Containers",
        Rule::Given(|given| match given.uses {
            Some(uses) => i128::try_from(uses).unwrap_or_default(),
            None => -1,
        }),
    ),
    (
        "SharedSize",
        Rule::Given(|given| if given.uses.is_some() { 0 } else { -1 }),
    ),
    ("Labels", Rule::Labels(&[])),
    ("RepoTags", Rule::Tags),
    ("RepoDigests", Rule::Tags),
    ("Manifests", MANIFESTS),
]);

/// `GET /images/NAME/json`.
pub(super) const IMAGE: Rule = Rule::Struct(&[
    ("RepoTags", Rule::Tags),
    ("RepoDigests", Rule::Tags),
    ("Config", Rule::Struct(&[("Labels", Rule::Labels(&[]))])),
    (
        "ContainerConfig",
        Rule::Struct(&[
            ("Labels", Rule::Labels(&[])),
            ("Cmd", Rule::Each(&Rule::Form(Form::Step))),
        ]),
    ),
    ("Manifests", MANIFESTS),
]);

/// `GET /images/NAME/history`.
pub(super) const HISTORY: Rule = Rule::Each(&Rule::Struct(&[
    ("CreatedBy", Rule::Form(Form::Step)),
    ("Comment", Rule::Form(Form::Step)),
    ("Tags", Rule::Tags),
]));

/// `GET /system/df`. Who has built what is in the build cache cannot be told.
pub(super) const DATA_USAGE: Rule = Rule::Only(&[
    ("LayersSize", Rule::Given(|given| i128::from(given.layers))),
    ("Images", Rule::Items(Kind::Image)),
    ("Containers", Rule::Items(Kind::Container)),
    ("Volumes", Rule::Items(Kind::Volume)),
    ("BuildCache", Rule::Put("[]")),
    ("BuilderSize", Rule::Put("0")),
    // Since API 1.52.
    ("ImageUsage", Rule::Usage(Kind::Image)),
    ("ContainerUsage", Rule::Usage(Kind::Container)),
    ("VolumeUsage", Rule::Usage(Kind::Volume)),
    ("BuildCacheUsage", Rule::Put("{}")),
]);

/// `GET /info`.
pub(super) const INFO: Rule = Rule::Struct(&[
    (
        "Containers",
        Rule::Given(|given| i128::from(given.counts.containers)),
    ),
    (
        "ContainersRunning",
        Rule::Given(|given| i128::from(given.counts.running)),
    ),
    (
        "ContainersPaused",
        Rule::Given(|given| i128::from(given.counts.paused)),
    ),
    (
        "ContainersStopped",
        Rule::Given(|given| i128::from(given.counts.stopped)),
    ),
    (
        "Images",
        Rule::Given(|given| i128::from(given.counts.images)),
    ),
    ("NFd", Rule::Put("0")),
    ("NGoroutines", Rule::Put("0")),
    ("NEventsListener", Rule::Put("0")),
    ("DriverStatus", Rule::DriverStatus),
    // That it can have services, and no more: the command reads the cluster's identifier where it can.
    (
        "Swarm",
        Rule::Only(&[
            ("NodeID", Rule::Keep),
            ("NodeAddr", Rule::Put("\"\"")),
            ("LocalNodeState", Rule::Keep),
            ("ControlAvailable", Rule::Keep),
            ("Error", Rule::Put("\"\"")),
            ("RemoteManagers", Rule::Put("null")),
            ("Cluster", Rule::Only(&[("ID", Rule::Keep)])),
        ]),
    ),
]);

/// What the deletion of an image answers.
pub(super) const IMAGE_DELETED: Rule =
    Rule::Each(&Rule::Struct(&[("Untagged", Rule::Form(Form::Image))]));

/// What a prune of images answers.
pub(super) const IMAGES_PRUNED: Rule = Rule::Struct(&[("ImagesDeleted", IMAGE_DELETED)]);

/// What a build tells (moby `pkg/jsonmessage`).
pub(super) const PROGRESS: Rule = Rule::Struct(&[
    ("stream", Rule::Output),
    ("status", Rule::Form(Form::Image)),
    ("error", Rule::Form(Form::Message)),
    (
        "errorDetail",
        Rule::Struct(&[("message", Rule::Form(Form::Message))]),
    ),
]);

/// What a prune of volumes or networks answers.
pub(super) const PRUNED: Rule = Rule::Only(&[
    ("VolumesDeleted", Rule::Own(Form::Name)),
    ("NetworksDeleted", Rule::Own(Form::Name)),
    ("SpaceReclaimed", Rule::Keep),
]);

/// A container's event: its labels are among the attributes.
pub(super) const CONTAINER_EVENT: Rule = Rule::Struct(&[
    ("from", Rule::MadeOf),
    (
        "Actor",
        Rule::Struct(&[(
            "Attributes",
            Rule::Labels(&[
                ("name", Rule::Form(Form::Name)),
                ("oldName", Rule::Form(Form::Slashed)),
                ("image", Rule::MadeOf),
                (SERVICE_NAME, Rule::Form(Form::Name)),
                (TASK_NAME, Rule::Form(Form::Name)),
                // Of a commit.
                ("imageRef", Rule::Form(Form::Image)),
            ]),
        )]),
    ),
]);

/// An image's event: its labels are among the attributes.
pub(super) const IMAGE_EVENT: Rule = Rule::Struct(&[
    ("id", Rule::Form(Form::Image)),
    (
        "Actor",
        Rule::Struct(&[
            ("ID", Rule::Form(Form::Image)),
            (
                "Attributes",
                Rule::Labels(&[("name", Rule::Form(Form::Image))]),
            ),
        ]),
    ),
]);

/// The event of a network, a service, a secret or a config.
pub(super) const NAMED_EVENT: Rule = Rule::Struct(&[(
    "Actor",
    Rule::Struct(&[(
        "Attributes",
        Rule::Labels(&[("name", Rule::Form(Form::Name))]),
    )]),
)]);

/// A volume's event: the actor is known by its name.
pub(super) const VOLUME_EVENT: Rule = Rule::Struct(&[
    ("id", Rule::Form(Form::Name)),
    ("Actor", Rule::Struct(&[("ID", Rule::Form(Form::Name))])),
]);
