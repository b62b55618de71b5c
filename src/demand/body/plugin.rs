//! Plugins, each of which runs beside the engine with the privileges that are granted here (moby api/types/plugin).

use crate::api::json::Value;
use crate::demand::schema::{Rule, Struct, TEXTS, Type, field, whole};
use crate::demand::walk::{Path, Walk};
use crate::demand::{Kind, reference};
use Rule::Free;
use Type::Text;

/// `plugin.Privilege`, and `runtime.PluginPrivilege` in services.
pub(super) static PRIVILEGE: Struct = whole(
    &[&[
        field("Name", Text, Free),
        field("Description", Text, Free),
        field("Value", TEXTS, Free),
    ]],
    privilege,
);

/// Where a plugin comes from.
pub(super) fn remote<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, value: &'c Value<'c>) {
    if let Some(remote) = value.as_str().filter(|remote| !remote.is_empty()) {
        walk.ask(Kind::Plugin, reference::name(remote), path);
    }
}

fn privilege<'c>(walk: &mut Walk<'c>, path: &Path<'_, 'c>, privilege: &'c Value<'c>) {
    let name = privilege
        .field("Name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let values = privilege
        .field("Value")
        .and_then(Value::as_array)
        .unwrap_or_default();
    let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
    walk.ask(
        Kind::PluginPrivilege,
        format!("{name}={}", values.join(",")),
        path,
    );
}
