//! How much services take of a quota. The engine makes their tasks and not the gate, so that a service takes all that its
//! tasks may take, from its creation on.

use std::collections::BTreeMap;

use super::facts::{Labels, label};
use super::name::is_task;
use super::quota::limit;
use super::refusal::Refusal;
use super::scene::Scene;
use super::service::object;
use super::swarm::{Object, SERVICE_ID};
use super::usage::{Usage, count, runs, stamp};
use super::{CPUS_LABEL, MEMORY_LABEL, PIDS_LABEL, PORTS_LABEL, Stop, TASKS_LABEL};
use crate::api::json::Value;
use crate::policy::{Counted, PortRange, Quota};

/// What a service takes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Size {
    /// How many tasks there are at most at a time.
    pub(super) tasks: u64,
    /// What each of them may have: memory, processors and processes.
    each: [u64; 3],
    /// Host ports.
    ports: u64,
    /// Whether it goes back to what it was where a change fails.
    returns: bool,
}

const EACH: [(Counted, &str); 3] = [
    (Counted::Memory, MEMORY_LABEL),
    (Counted::Cpus, CPUS_LABEL),
    (Counted::Pids, PIDS_LABEL),
];

impl Size {
    /// What a service is to take; gives `task` the limits that each has to have.
    pub(super) fn of(
        root: &Value<'_>,
        task: &mut Value<'_>,
        quota: &Quota,
    ) -> Result<Self, Refusal> {
        let tasks = match tasks(root) {
            Some(tasks) => tasks,
            None if is_counted(quota) => {
                return Err(Refusal::Way {
                    what: "a service with a task on every node".to_owned(),
                    why: "how many there are is not known, and there is a quota; say how many replicas",
                });
            }
            None => 1,
        };
        Ok(Self {
            tasks,
            each: limits(task, quota)?,
            ports: ports(root, quota)?,
            returns: root
                .field("UpdateConfig")
                .and_then(|update| update.field("FailureAction"))
                .and_then(Value::as_str)
                == Some("rollback"),
        })
    }

    /// What a service with these labels takes.
    pub(super) fn stamped(labels: &Labels) -> Self {
        Self {
            tasks: stamp(labels, TASKS_LABEL),
            each: EACH.map(|(_, name)| stamp(labels, name)),
            ports: stamp(labels, PORTS_LABEL),
            returns: false,
        }
    }

    /// The labels that say so of the service.
    pub(super) fn stamps(&self) -> Vec<(&'static str, String)> {
        let mut stamps = self.task_stamps();
        stamps.push((TASKS_LABEL, self.tasks.to_string()));
        stamps.push((PORTS_LABEL, self.ports.to_string()));
        stamps
    }

    /// The labels that say so of each of its tasks.
    pub(super) fn task_stamps(&self) -> Vec<(&'static str, String)> {
        EACH.iter()
            .zip(self.each)
            .map(|((_, label), amount)| (*label, amount.to_string()))
            .collect()
    }

    fn usage(&self) -> Usage {
        let mut usage = Usage::from([
            (Counted::Containers, self.tasks),
            (Counted::Running, self.tasks),
            (Counted::Ports, self.ports),
        ]);
        for ((counted, _), amount) in EACH.iter().zip(self.each) {
            usage.add(*counted, amount.saturating_mul(self.tasks));
        }
        usage
    }
}

/// Whether the quota counts something that each task takes.
fn is_counted(quota: &Quota) -> bool {
    [
        Counted::Containers,
        Counted::Running,
        Counted::Memory,
        Counted::Cpus,
        Counted::Pids,
    ]
    .into_iter()
    .any(|counted| quota.limit(counted).is_some())
}

/// How many tasks a service has at most at a time; `None` where that is as many as there are nodes.
fn tasks(root: &Value<'_>) -> Option<u64> {
    let mode = root.field("Mode");
    let given = |name| {
        mode.and_then(|mode| mode.field(name))
            .filter(|it| !it.is_null())
    };
    if given("Global").is_some() || given("GlobalJob").is_some() {
        return None;
    }
    if let Some(job) = given("ReplicatedJob") {
        // What has run to its end stays.
        let at_once = number(job, "MaxConcurrent").unwrap_or(1);
        let total = number(job, "TotalCompletions").unwrap_or(at_once);
        return Some(at_once.max(total));
    }
    let replicas = given("Replicated")
        .and_then(|mode| number(mode, "Replicas"))
        .unwrap_or(1);
    // An update that starts a task before it ends another has both for a time.
    let surplus = ["UpdateConfig", "RollbackConfig"]
        .into_iter()
        .filter_map(|name| root.field(name))
        .filter(|config| config.field("Order").and_then(Value::as_str) == Some("start-first"))
        .map(|config| match number(config, "Parallelism") {
            None | Some(0) => replicas,
            Some(parallel) => parallel.min(replicas),
        })
        .max();
    Some(replicas.saturating_add(surplus.unwrap_or_default()))
}

/// What each task may have, written into `task` where there is a sum. Engines before API 1.52 let a task swap as much as it
/// has of memory, whatever is written.
fn limits(task: &mut Value<'_>, quota: &Quota) -> Result<[u64; 3], Refusal> {
    let mut resources = object(task.field_mut("Resources"));
    let mut limits = object(resources.field_mut("Limits"));
    let whole = |value: &Value<'_>, name| value.field(name).and_then(Value::as_i64);
    // As a container would be asked for.
    let mut host = Value::Object(Vec::new());
    for (name, field) in LIMITS {
        if let Some(number) = whole(&limits, name) {
            host.set_field(field, Value::int(number));
        }
    }
    let memory = whole(&limits, "MemoryBytes").filter(|memory| *memory > 0);
    let swap = whole(&resources, "SwapBytes").filter(|swap| *swap >= 0);
    if let (Some(memory), Some(swap)) = (memory, swap) {
        host.set_field("MemorySwap", Value::int(memory.saturating_add(swap)));
    }
    let shares = limit(&mut host, quota)?;
    for ((name, field), counted) in LIMITS.into_iter().zip(EACH.map(|(counted, _)| counted)) {
        if let Some(number) = whole(&host, field).filter(|_| quota.limit(counted).is_some()) {
            limits.set_field(name, Value::int(number));
        }
    }
    if quota.limit(Counted::Memory).is_some()
        && let (Some(memory), Some(both)) = (whole(&host, "Memory"), whole(&host, "MemorySwap"))
    {
        resources.set_field("SwapBytes", Value::int(both.saturating_sub(memory).max(0)));
    }
    let is_set = |value: &Value<'_>| value.as_object().is_some_and(|members| !members.is_empty());
    if is_set(&limits) {
        resources.set_field("Limits", limits);
    }
    if is_set(&resources) {
        task.set_field("Resources", resources);
    }
    Ok([shares.memory, shares.cpus, shares.pids].map(Option::unwrap_or_default))
}

/// The limits of a task, and what they are called for a container.
const LIMITS: [(&str, &str); 3] = [
    ("MemoryBytes", "Memory"),
    ("NanoCPUs", "NanoCpus"),
    ("Pids", "PidsLimit"),
];

/// How many host ports a service publishes, all of which are in the tenant's range.
fn ports(root: &Value<'_>, quota: &Quota) -> Result<u64, Refusal> {
    let ports = root
        .field("EndpointSpec")
        .and_then(|endpoint| endpoint.field("Ports"))
        .and_then(Value::as_array)
        .unwrap_or_default();
    if let Some(range) = quota.port_range {
        for port in ports {
            let asked = number(port, "PublishedPort")
                .unwrap_or_default()
                .to_string();
            // Where the engine chooses, it knows no range.
            if !PortRange::parse(&asked).is_some_and(|asked| range.holds(asked)) {
                return Err(Refusal::PortRange { asked, range });
            }
        }
    }
    Ok(count(ports.len()))
}

/// A number that the engine reads without a sign: one that it cannot hold is above every limit.
fn number(value: &Value<'_>, name: &str) -> Option<u64> {
    match value.field(name)? {
        Value::Null => None,
        Value::Number(digits) => Some(digits.parse().unwrap_or(u64::MAX)),
        Value::Bool(_) | Value::Text(_) | Value::Array(_) | Value::Object(_) => Some(u64::MAX),
    }
}

/// What a service takes by now: what it was made to take, what it goes back to by itself, and what still runs of what it was.
fn taken(service: &Object, running: &Usage) -> Usage {
    let mut usage = Size::stamped(&service.spec.labels).usage();
    usage.raise(running);
    if let Some(previous) = may_return(service) {
        usage.raise(&previous.usage());
    }
    usage
}

/// What a service goes back to by itself, if the change that is on its way fails.
fn may_return(service: &Object) -> Option<Size> {
    let update = service.spec.update_config.as_ref();
    let returns = update.is_some_and(|update| update.failure_action == "rollback");
    let ended = service
        .update
        .as_ref()
        .is_some_and(|update| matches!(&*update.state, "completed" | "rollback_completed"));
    let previous = service.previous.as_ref().filter(|_| returns && !ended)?;
    Some(Size::stamped(&previous.labels))
}

/// The tasks of each service that run in this engine, with what they were given.
#[derive(Debug, Default)]
pub(super) struct Tasks(BTreeMap<String, Usage>);

impl Tasks {
    /// Takes note of a task's container.
    pub(super) fn add(&mut self, labels: &Labels, state: &str) {
        if !runs(state) {
            return;
        }
        let service = label(labels, SERVICE_ID).unwrap_or_default().to_owned();
        let usage = self.0.entry(service).or_default();
        usage.add(Counted::Containers, 1);
        usage.add(Counted::Running, 1);
        for (counted, name) in EACH {
            usage.add(counted, stamp(labels, name));
        }
    }

    fn of(&self, service: &Object) -> Usage {
        self.0.get(&service.id).cloned().unwrap_or_default()
    }

    /// What all services take, with what still runs of those that are gone.
    pub(super) fn with(&self, services: &[Object]) -> Usage {
        let mut usage = Usage::default();
        for service in services {
            usage.add_all(&taken(service, &self.of(service)));
        }
        for (id, running) in &self.0 {
            if !services.iter().any(|service| service.id == *id) {
                usage.add_all(running);
            }
        }
        usage
    }
}

impl Scene<'_> {
    /// Takes what a service is to take more than it takes by now.
    pub(super) fn claim_service(&self, size: &Size, current: Option<&Object>) -> Result<(), Stop> {
        let mut wanted = size.usage();
        let mut now = Usage::default();
        if let Some(service) = current {
            let mut tasks = Tasks::default();
            if is_counted(self.tenant.quota()) {
                for (container, state) in self.listed()? {
                    if is_task(&container.name) {
                        tasks.add(&container.labels, &state);
                    }
                }
            }
            now = taken(service, &tasks.of(service));
            // It may come to go back to what it is now.
            if size.returns {
                wanted.raise(&Size::stamped(&service.spec.labels).usage());
            }
        }
        wanted.remove_all(&now);
        let asked: Vec<(Counted, u64)> = Counted::ALL
            .into_iter()
            .map(|counted| (counted, wanted.of(counted)))
            .collect();
        self.claim(&asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::json::Document;
    use crate::tenant::facts::read;

    fn size(spec: &str, quota: &Quota) -> Result<(Size, String), String> {
        let mut document = Document::parse(spec.as_bytes()).unwrap();
        let root = document.root_mut();
        let mut task = object(root.field_mut("TaskTemplate"));
        let size = Size::of(root, &mut task, quota).map_err(|refusal| refusal.to_string())?;
        let mut out = Vec::new();
        Document::new(task).write(&mut out);
        Ok((size, String::from_utf8(out).unwrap()))
    }

    #[test]
    fn a_service_has_as_many_tasks_as_it_may_come_to_have() {
        let tasks = |spec: &str| size(spec, &Quota::default()).unwrap().0.tasks;
        for (spec, expected) in [
            ("{}", 1),
            (r#"{"Mode":{"Replicated":{}}}"#, 1),
            (r#"{"mode":{"replicated":{"replicas":0}}}"#, 0),
            (r#"{"Mode":{"Replicated":{"Replicas":5}}}"#, 5),
            (
                r#"{"Mode":{"Replicated":{"Replicas":18446744073709551615}}}"#,
                u64::MAX,
            ),
            (r#"{"Mode":{"Replicated":{"Replicas":-1}}}"#, u64::MAX),
            (
                r#"{"Mode":{"Replicated":{"Replicas":5}},"UpdateConfig":{"Order":"start-first"}}"#,
                10,
            ),
            (
                r#"{"Mode":{"Replicated":{"Replicas":5}},"UpdateConfig":{"Order":"start-first","Parallelism":2},"RollbackConfig":{"Order":"start-first","Parallelism":1}}"#,
                7,
            ),
            (
                r#"{"Mode":{"Replicated":{"Replicas":5}},"UpdateConfig":{"Order":"stop-first","Parallelism":2}}"#,
                5,
            ),
            (r#"{"Mode":{"ReplicatedJob":{}}}"#, 1),
            (r#"{"Mode":{"ReplicatedJob":{"MaxConcurrent":3}}}"#, 3),
            (
                r#"{"Mode":{"ReplicatedJob":{"MaxConcurrent":3,"TotalCompletions":9}}}"#,
                9,
            ),
        ] {
            assert_eq!(tasks(spec), expected, "{spec}");
        }
    }

    #[test]
    fn as_many_tasks_as_nodes_are_not_counted() {
        for mode in ["Global", "GlobalJob"] {
            let spec = format!("{{\"Mode\":{{\"{mode}\":{{}}}}}}");
            for counted in [Counted::Containers, Counted::Memory] {
                let quota = Quota::default().with(counted, 1 << 40);
                assert!(size(&spec, &quota).unwrap_err().contains("every node"));
            }
            let quota = Quota::default().with(Counted::Volumes, 1);
            assert_eq!(size(&spec, &quota).unwrap().0.tasks, 1);
        }
    }

    #[test]
    fn each_task_gets_a_limit_where_there_is_a_sum() {
        let quota = Quota::default()
            .with(Counted::Memory, 4 << 30)
            .with(Counted::Pids, 100);
        let (taken, task) = size(
            r#"{"TaskTemplate":{"ForceUpdate":1},"Mode":{"Replicated":{"Replicas":3}}}"#,
            &quota,
        )
        .unwrap();
        assert_eq!(
            task,
            r#"{"ForceUpdate":1,"Resources":{"SwapBytes":0,"Limits":{"MemoryBytes":536870912,"Pids":100}}}"#
        );
        assert_eq!(taken.usage().of(Counted::Memory), 3 * (512 << 20));
        assert_eq!(taken.usage().of(Counted::Pids), 300);
        let asked = r#"{"TaskTemplate":{"Resources":{"Limits":{"MemoryBytes":8388608,"NanoCPUs":5},"SwapBytes":8388608}}}"#;
        let (taken, task) = size(asked, &quota).unwrap();
        assert!(task.contains(r#""SwapBytes":8388608"#), "{task}");
        assert_eq!(taken.usage().of(Counted::Memory), 16 << 20);
        let (taken, task) = size(asked, &Quota::default()).unwrap();
        assert!(asked.contains(&task));
        assert_eq!(taken.usage().of(Counted::Cpus), 5);
    }

    #[test]
    fn published_ports_are_in_the_range() {
        let mut quota = Quota::default();
        quota.port_range = PortRange::parse("300-310");
        let spec = |port: &str| {
            format!(
                r#"{{"EndpointSpec":{{"Ports":[{{"PublishedPort":{port}}},{{"PublishedPort":301}}]}}}}"#
            )
        };
        assert_eq!(size(&spec("310"), &quota).unwrap().0.ports, 2);
        for port in ["0", "null", "299", "311", "65537", "-1"] {
            assert!(size(&spec(port), &quota).is_err(), "{port}");
        }
        assert_eq!(size(&spec("0"), &Quota::default()).unwrap().0.ports, 2);
    }

    #[test]
    fn what_may_still_run_is_counted() {
        let service = |labels: u64, more: &str| -> Object {
            let spec = |tasks| format!(r#"{{"Labels":{{"{TASKS_LABEL}":"{tasks}"}}{more}}}"#);
            let text = format!(
                r#"{{"ID":"s","Spec":{},"PreviousSpec":{}}}"#,
                spec(labels),
                spec(9)
            );
            read("", text.as_bytes()).unwrap()
        };
        let mut tasks = Tasks::default();
        let of = |id: &str| {
            Some(BTreeMap::from([
                (SERVICE_ID.to_owned(), id.to_owned()),
                (MEMORY_LABEL.to_owned(), "7".to_owned()),
            ]))
        };
        for (id, state) in [
            ("s", "running"),
            ("s", "running"),
            ("gone", "running"),
            ("s", "exited"),
        ] {
            tasks.add(&of(id), state);
        }
        let used = |service: Object| {
            let usage = tasks.with(&[service]);
            (usage.of(Counted::Containers), usage.of(Counted::Memory))
        };
        assert_eq!(used(service(5, "")), (6, 21));
        assert_eq!(used(service(1, "")), (3, 21));
        let returns = r#","UpdateConfig":{"FailureAction":"rollback"}"#;
        assert_eq!(used(service(1, returns)), (10, 21));
    }
}
