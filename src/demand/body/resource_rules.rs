//! What a container takes of the host: limits and devices.

use std::borrow::Cow;

use super::container_rules::{list, texts};
use crate::api::json::Value;
use crate::demand::normal;
use crate::demand::walk::{Path, Walk};
use crate::demand::{Kind, Value as Asked};

/// What a container takes of the host. A negative number asks for no limit, as leaving it out does.
pub(super) fn create<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, host: &'c Value<'c>) {
    resources(walk, path, host, true);
}

/// The engine reads zero as "not set", but for the number of processes, where zero and less lift the limit
/// (api/types/container/hostconfig.go).
fn resources<'c>(
    walk: &mut Walk<'c>,
    path: &Path<'_, 'c>,
    host: &'c Value<'c>,
    unlimited_is_safe: bool,
) {
    let number = |name: &str| host.field(name).and_then(Value::as_i64);
    let mut limit = |kind, name: &'static str, amount: i64| {
        let (value, safe) = match u64::try_from(amount) {
            Ok(0) => (Asked::Unlimited, true),
            Ok(amount) => (Asked::Number(amount), true),
            Err(_) => (Asked::Unlimited, unlimited_is_safe),
        };
        walk.push(kind, value, &Path::Field(path, name), safe);
    };
    for (kind, name) in [
        (Kind::Memory, "Memory"),
        (Kind::MemorySwap, "MemorySwap"),
        (Kind::Cpus, "NanoCpus"),
    ] {
        if let Some(amount) = number(name).filter(|amount| *amount != 0) {
            limit(kind, name, amount);
        }
    }
    if let Some(pids) = number("PidsLimit") {
        limit(Kind::Pids, "PidsLimit", pids);
    }
    if let Some(quota) = number("CpuQuota").filter(|quota| *quota != 0) {
        let period = number("CpuPeriod").filter(|period| *period > 0);
        let nanos = normal::processors(quota, period.unwrap_or(100_000));
        limit(
            Kind::Cpus,
            "CpuQuota",
            nanos
                .and_then(|nanos| i64::try_from(nanos).ok())
                .unwrap_or(-1),
        );
    }
}

/// A change of limits. A negative number can undo one. To lift that of processes is to undo it, and so is to shorten the period that an earlier quota was
/// given for (moby `daemon/container/container_unix.go`, `UpdateContainer`).
pub(super) fn update<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, limits: &'c Value<'c>) {
    resources(walk, path, limits, false);
    for demand in &mut walk.demands {
        if demand.kind == Kind::Pids && demand.value == Asked::Unlimited {
            demand.safe = false;
        }
    }
    let number = |name: &str| limits.field(name).and_then(Value::as_i64).unwrap_or(0);
    if number("CpuPeriod") != 0 && number("CpuQuota") == 0 {
        let period = Path::Field(path, "CpuPeriod");
        walk.push(Kind::Cpus, Asked::Unlimited, &period, false);
    }
}

/// Without a limit of memory and swap together, that of memory is doubled (moby `daemon/daemon_unix.go`,
/// `adaptContainerSettings`).
pub(in crate::demand) fn swap_left_out<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>) {
    let find = |kind| walk.demands.iter().find(|demand| demand.kind == kind);
    if find(Kind::MemorySwap).is_some() {
        return;
    }
    let value = match find(Kind::Memory).map(|demand| &demand.value) {
        Some(Asked::Number(memory)) => Asked::Number(memory.saturating_mul(2)),
        Some(Asked::Flag | Asked::Text(_) | Asked::Unlimited) | None => Asked::Unlimited,
    };
    walk.push(Kind::MemorySwap, value, path, true);
}

pub(super) fn oom_score<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Value::Number(score) = value
        && score.starts_with('-')
        && score != "-0"
    {
        walk.ask(Kind::OomScoreAdj, &**score, path);
    }
}

pub(super) fn shm_size<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(bytes) = value.as_i64().filter(|bytes| *bytes != 0) {
        walk.push(
            Kind::ShmSize,
            u64::try_from(bytes).map_or(Asked::Unlimited, Asked::Number),
            path,
            true,
        );
    }
}

pub(super) fn device<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, device: &'c Value<'c>) {
    let name = device
        .field("PathOnHost")
        .and_then(Value::as_str)
        .unwrap_or_default();
    walk.ask(
        Kind::Device,
        normal::path(name),
        &Path::Field(path, "PathOnHost"),
    );
}

/// A plain request for GPUs is `gpu`; what names a driver's options is not, and neither is one that some other driver may
/// take, CDI's above all: each list of capabilities stands for itself, and the first driver that has all of one gets the
/// request (moby daemon/devices.go).
pub(super) fn device_request<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, request: &'c Value<'c>) {
    let driver = request
        .field("Driver")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let options = request
        .field("Options")
        .and_then(Value::as_object)
        .unwrap_or_default();
    let choices = list(request.field("Capabilities"));
    let capabilities: Vec<&str> = choices.iter().flat_map(texts).collect();
    let ids: Vec<&str> = request
        .field("DeviceIDs")
        .into_iter()
        .flat_map(texts)
        .collect();
    let plain = matches!(driver, "" | "nvidia" | "amd")
        && options.is_empty()
        && !choices.is_empty()
        && choices
            .iter()
            .all(|choice| texts(choice).any(|capability| capability == "gpu"))
        && !capabilities.contains(&"cdi");
    if plain && ids.is_empty() {
        let count = request
            .field("Count")
            .and_then(Value::as_i64)
            .unwrap_or_default();
        let count = if count < 0 {
            Cow::Borrowed("all")
        } else {
            Cow::Owned(count.to_string())
        };
        walk.ask(Kind::Gpu, count, path);
    } else if plain {
        for id in ids {
            walk.ask(Kind::Gpu, id, path);
        }
    } else {
        let options: Vec<String> = options
            .iter()
            .map(|option| {
                format!(
                    "{}={}",
                    option.name,
                    option.value.as_str().unwrap_or_default()
                )
            })
            .chain(ids.iter().map(|id| format!("id={id}")))
            .collect();
        walk.ask(
            Kind::DeviceRequest,
            format!("{driver}:{}:{}", capabilities.join(","), options.join(",")),
            path,
        );
    }
}

pub(super) fn ulimit<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, limit: &'c Value<'c>) {
    let name = limit
        .field("Name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let hard = match limit.field("Hard") {
        Some(Value::Number(hard)) => &**hard,
        Some(
            Value::Null | Value::Bool(_) | Value::Text(_) | Value::Array(_) | Value::Object(_),
        )
        | None => "0",
    };
    // The engine reads names in any case (moby `daemon/oci_linux.go`, `WithRlimits`).
    let name = normal::upper(name).to_ascii_lowercase();
    // With these two, a process gets before the host's own.
    let safe = !matches!(name.as_str(), "nice" | "rtprio");
    let limit = Asked::Text(Cow::Owned(format!("{name}={hard}")));
    walk.push(Kind::Ulimit, limit, path, safe);
}
