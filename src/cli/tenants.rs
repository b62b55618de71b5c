//! `doodgate tenants`: who has what.

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::owned::Line;
use super::settings::{Flag, Settings};
use super::{Failure, print};
use crate::policy::Counted;
use crate::tenant::Usage;

const HELP: &str = "\
Lists the tenants that have anything in an engine, and how much. It asks the engine itself, not a gate.

Usage: doodgate tenants [OPTIONS]

Options:
  --engine ADDRESS  Where the engine is [unix:///var/run/docker.sock]
  --json            Print a JSON array instead of a table
  -h, --help        Print this text

Memory, processors and processes are sums of what the containers may use at most; `-` says that no container has such a
limit. A service takes what all of its tasks may use, whether they run or not.

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
        .map(|(name, owned)| (name.as_str(), owned.usage()))
        .collect();
    if settings.switch("json")? {
        print(&json(&usage))?;
    } else {
        print(&table(&usage))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn json(usage: &BTreeMap<&str, Usage>) -> String {
    let tenants: Vec<serde_json::Value> = usage
        .iter()
        .map(|(name, usage)| {
            serde_json::json!({
                "tenant": name,
                "containers": usage.of(Counted::Containers),
                "running": usage.of(Counted::Running),
                "memory_bytes": usage.of(Counted::Memory),
                "cpus_nano": usage.of(Counted::Cpus),
                "pids": usage.of(Counted::Pids),
                "ports": usage.of(Counted::Ports),
                "volumes": usage.of(Counted::Volumes),
                "networks": usage.of(Counted::Networks),
                "services": usage.of(Counted::Services),
                "secrets": usage.of(Counted::Secrets),
                "configs": usage.of(Counted::Configs),
                "images": usage.of(Counted::Images),
                "image_bytes": usage.of(Counted::ImageBytes),
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
        "PORTS",
        "VOLUMES",
        "NETWORKS",
        "SERVICES",
        "SECRETS",
        "CONFIGS",
        "IMAGES",
        "IMAGE BYTES",
    ];
    out += &line("TENANT", &heads.map(str::to_owned));
    for (name, usage) in usage {
        let limit = |counted, show: fn(u64) -> String| match usage.of(counted) {
            0 => "-".to_owned(),
            amount => show(amount),
        };
        out += &line(
            name,
            &[
                usage.of(Counted::Containers).to_string(),
                usage.of(Counted::Running).to_string(),
                limit(Counted::Memory, bytes),
                limit(Counted::Cpus, cpus),
                limit(Counted::Pids, |pids| pids.to_string()),
                usage.of(Counted::Ports).to_string(),
                usage.of(Counted::Volumes).to_string(),
                usage.of(Counted::Networks).to_string(),
                usage.of(Counted::Services).to_string(),
                usage.of(Counted::Secrets).to_string(),
                usage.of(Counted::Configs).to_string(),
                usage.of(Counted::Images).to_string(),
                bytes(usage.of(Counted::ImageBytes)),
            ],
        );
    }
    out
}

fn line(name: &str, cells: &[String; 13]) -> String {
    let [
        containers,
        running,
        memory,
        cpus,
        pids,
        ports,
        volumes,
        networks,
        services,
        secrets,
        configs,
        images,
        size,
    ] = cells;
    format!(
        "{name:<20} {containers:>10} {running:>8} {memory:>9} {cpus:>6} {pids:>7} {ports:>6} {volumes:>8} {networks:>9} {services:>8} {secrets:>7} {configs:>7} {images:>7} {size:>12}\n"
    )
}

/// Bytes in the largest unit that leaves something in front of the point.
pub(crate) fn bytes(amount: u64) -> String {
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
                Usage::from([(Counted::Containers, 3), (Counted::Memory, 64 << 20)]),
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
