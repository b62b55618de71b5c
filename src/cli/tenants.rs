//! `doodgate tenants`: who has what.

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::owned::{Line, Owned};
use super::settings::{Flag, Settings};
use super::{Failure, print};
use crate::tenant::{CPUS_LABEL, MEMORY_LABEL, PIDS_LABEL};

const HELP: &str = "\
Lists the tenants that have anything in an engine, and how much. It asks the engine itself, not a gate.

Usage: doodgate tenants [OPTIONS]

Options:
  --engine ADDRESS  Where the engine is [unix:///var/run/docker.sock]
  --json            Print a JSON array instead of a table
  -h, --help        Print this text

Memory, processors and processes are sums of what the containers may use at most; `-` says that no container has such a
limit.

Example:
  doodgate tenants --engine unix:///var/run/docker.sock
";

const FLAGS: &[Flag] = &[
    Flag {
        name: "engine",
        takes_value: true,
    },
    Flag {
        name: "json",
        takes_value: false,
    },
];

/// Asks, and prints what came.
pub(crate) fn run(parser: lexopt::Parser) -> Result<ExitCode, Failure> {
    let settings = Settings::read(parser, FLAGS, |name| std::env::var_os(name))?;
    if settings.help {
        print(HELP)?;
        return Ok(ExitCode::SUCCESS);
    }
    let owned = Line::to(settings.get("engine"))?.owned(None)?;
    let usage: BTreeMap<&str, Usage> = owned
        .iter()
        .map(|(name, owned)| (name.as_str(), Usage::of(owned)))
        .collect();
    if settings.switch("json")? {
        print(&json(&usage))?;
    } else {
        print(&table(&usage))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// How much a tenant has.
#[derive(Debug, Default, Eq, PartialEq)]
struct Usage {
    containers: usize,
    running: usize,
    /// Bytes.
    memory: u64,
    /// Billionths of a processor.
    cpus: u64,
    pids: u64,
    volumes: usize,
    networks: usize,
    images: usize,
    /// Bytes of all images: layers that images share count for each.
    image_bytes: u64,
}

impl Usage {
    fn of(owned: &Owned) -> Self {
        let sum = |label| {
            let amounts = owned
                .containers
                .iter()
                .map(|container| container.amount(label));
            amounts.fold(0, u64::saturating_add)
        };
        Self {
            containers: owned.containers.len(),
            running: owned
                .containers
                .iter()
                .filter(|container| container.state == "running")
                .count(),
            memory: sum(MEMORY_LABEL),
            cpus: sum(CPUS_LABEL),
            pids: sum(PIDS_LABEL),
            volumes: owned.volumes.len(),
            networks: owned.networks.len(),
            images: owned.images.len(),
            image_bytes: owned
                .images
                .iter()
                .map(|image| image.size)
                .fold(0, u64::saturating_add),
        }
    }
}

fn json(usage: &BTreeMap<&str, Usage>) -> String {
    let tenants: Vec<serde_json::Value> = usage
        .iter()
        .map(|(name, usage)| {
            serde_json::json!({
                "tenant": name,
                "containers": usage.containers,
                "running": usage.running,
                "memory_bytes": usage.memory,
                "cpus_nano": usage.cpus,
                "pids": usage.pids,
                "volumes": usage.volumes,
                "networks": usage.networks,
                "images": usage.images,
                "image_bytes": usage.image_bytes,
            })
        })
        .collect();
    format!("{}\n", serde_json::Value::Array(tenants))
}

fn table(usage: &BTreeMap<&str, Usage>) -> String {
    if usage.is_empty() {
        return "no tenant has anything in this engine\n".to_owned();
    }
    let mut out = String::new();
    let heads = [
        "CONTAINERS",
        "RUNNING",
        "MEMORY",
        "CPUS",
        "PIDS",
        "VOLUMES",
        "NETWORKS",
        "IMAGES",
        "IMAGE BYTES",
    ];
    out += &line("TENANT", &heads.map(str::to_owned));
    for (name, usage) in usage {
        let limit = |amount: u64, text: String| if amount == 0 { "-".to_owned() } else { text };
        out += &line(
            name,
            &[
                usage.containers.to_string(),
                usage.running.to_string(),
                limit(usage.memory, bytes(usage.memory)),
                limit(usage.cpus, cpus(usage.cpus)),
                limit(usage.pids, usage.pids.to_string()),
                usage.volumes.to_string(),
                usage.networks.to_string(),
                usage.images.to_string(),
                bytes(usage.image_bytes),
            ],
        );
    }
    out
}

fn line(name: &str, cells: &[String; 9]) -> String {
    let [
        containers,
        running,
        memory,
        cpus,
        pids,
        volumes,
        networks,
        images,
        size,
    ] = cells;
    format!(
        "{name:<20} {containers:>10} {running:>8} {memory:>9} {cpus:>6} {pids:>7} {volumes:>8} {networks:>9} {images:>7} {size:>12}\n"
    )
}

/// Bytes in the largest unit that leaves something in front of the point.
fn bytes(amount: u64) -> String {
    const UNITS: &[(&str, u64)] = &[
        ("TiB", 1 << 40),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
    ];
    let unit = UNITS.iter().find(|(_, size)| amount >= *size);
    match unit {
        Some((unit, size)) => {
            let tenths = amount
                .saturating_mul(10)
                .checked_div(*size)
                .unwrap_or(amount);
            format!("{}.{}{unit}", tenths / 10, tenths % 10)
        }
        None => format!("{amount}B"),
    }
}

fn cpus(billionths: u64) -> String {
    format!(
        "{}.{:02}",
        billionths / 1_000_000_000,
        billionths / 10_000_000 % 100
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short() {
        for (amount, text) in [
            (0, "0B"),
            (1023, "1023B"),
            (1536, "1.5KiB"),
            (64 << 20, "64.0MiB"),
            (5 << 30, "5.0GiB"),
            (3 << 40, "3.0TiB"),
        ] {
            assert_eq!(bytes(amount), text);
        }
        assert_eq!(cpus(1_500_000_000), "1.50");
        assert_eq!(cpus(250_000_000), "0.25");
    }

    #[test]
    fn the_table_has_a_line_for_each_tenant() {
        assert!(table(&BTreeMap::new()).contains("no tenant"));
        let usage = BTreeMap::from([
            ("acme", Usage::default()),
            (
                "zulu",
                Usage {
                    containers: 3,
                    memory: 64 << 20,
                    ..Usage::default()
                },
            ),
        ]);
        let table = table(&usage);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("TENANT "));
        assert!(lines[1].starts_with("acme ") && lines[1].contains(" - "));
        assert!(lines[2].contains(" 64.0MiB "));
        assert!(lines.iter().all(|line| line.len() == lines[0].len()));
        assert!(json(&usage).contains("\"memory_bytes\":67108864"));
    }
}
