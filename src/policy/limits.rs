//! The `limits:` of a configuration.

use super::config::Limits;
use super::quantity;
use super::read::Reader;
use super::source::{Entry, Node};
use crate::demand::Unit;

const KEYS: &[&str] = &[
    "body-bytes",
    "body-timeout",
    "connections",
    "drain-grace",
    "fields",
    "head-bytes",
    "head-timeout",
];

/// Reads the mapping.
pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node, limits: &mut Limits) {
    for entry in reader.map(node, "limits").unwrap_or_default() {
        match entry.key.as_str() {
            "head-bytes" => {
                amount(reader, entry, Unit::Bytes, (4 << 10, 1 << 20), &mut limits.head_bytes);
            }
            "fields" => amount(reader, entry, Unit::Count, (16, 1_000), &mut limits.fields),
            "connections" => {
                amount(reader, entry, Unit::Count, (1, 1 << 20), &mut limits.connections);
            }
            "body-bytes" => {
                amount(reader, entry, Unit::Bytes, (1 << 10, 1 << 30), &mut limits.body_bytes);
            }
            "body-timeout" => duration(reader, entry, 1, &mut limits.body_timeout),
            "head-timeout" => duration(reader, entry, 1, &mut limits.head_timeout),
            "drain-grace" => duration(reader, entry, 0, &mut limits.drain_grace),
            key => reader.unknown(
                entry.span,
                "limit",
                key,
                KEYS.iter().copied(),
                "the limits are `head-bytes`, `fields`, `connections`, `head-timeout`, `body-bytes`, `body-timeout` and `drain-grace`",
            ),
        }
    }
}

fn amount(
    reader: &mut Reader<'_, '_>,
    entry: &Entry,
    unit: Unit,
    (least, most): (usize, usize),
    limit: &mut usize,
) {
    let Some(text) = reader.text(&entry.value, &entry.key) else {
        return;
    };
    match quantity::amount(text, unit).map(usize::try_from) {
        Ok(Ok(number)) if (least..=most).contains(&number) => *limit = number,
        Ok(_) => {
            let show = |number| {
                u64::try_from(number)
                    .map_or_else(|_| String::new(), |number| quantity::show(number, unit))
            };
            reader.error(
                entry.value.span,
                format!(
                    "`{}` must be from {} to {}",
                    entry.key,
                    show(least),
                    show(most)
                ),
            );
        }
        Err(problem) => reader.error(entry.value.span, format!("`{}`: {problem}", entry.key)),
    }
}

fn duration(
    reader: &mut Reader<'_, '_>,
    entry: &Entry,
    least: u64,
    limit: &mut std::time::Duration,
) {
    let Some(text) = reader.text(&entry.value, &entry.key) else {
        return;
    };
    match quantity::duration(text) {
        Ok(duration) if (least..=3_600).contains(&duration.as_secs()) => *limit = duration,
        Ok(_) => reader.error(
            entry.value.span,
            format!("`{}` must be from {least}s to 1h", entry.key),
        ),
        Err(problem) => reader.error(entry.value.span, format!("`{}`: {problem}", entry.key)),
    }
}
