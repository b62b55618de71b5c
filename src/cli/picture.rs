//! What `doodgate top` draws: never wider or longer than the terminal, and what matters first.

mod call;
mod rates;

use std::fmt::Write;

use super::report::{Operation, Quota, Report, Socket, short};
use super::tenants::bytes;
pub(crate) use call::Call;
use call::micros;
pub(crate) use rates::Rates;
use rates::sums;

/// A picture of a gate.
#[derive(Debug)]
pub(crate) struct Picture<'p> {
    pub(crate) report: &'p Report,
    pub(crate) rates: &'p Rates,
    pub(crate) calls: &'p [Call],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) colored: bool,
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const MAGENTA: &str = "35";

/// The widest cell behind which another one may stand.
const FILLED: usize = 64;
/// From how many columns on there is room for more of a socket, and of a call.
const WIDE: usize = 110;
/// From how many rows on the busiest operations are drawn, and how many.
const TALL: usize = 36;
const BUSIEST: usize = 8;

impl Picture<'_> {
    /// The lines, each no wider than the terminal, and no more than it has rows.
    pub(crate) fn draw(&self) -> String {
        let mut lines = self.head();
        lines.push(String::new());
        lines.extend(self.sockets());
        let quotas = self.quotas();
        if !quotas.is_empty() {
            lines.push(String::new());
            // Calls must find room as well.
            lines.extend(quotas.into_iter().take((self.rows / 4).max(2)));
        }
        if self.rows >= TALL {
            lines.push(String::new());
            lines.extend(self.operations());
        }
        lines.push(String::new());
        let left = self.rows.saturating_sub(lines.len()).max(1);
        lines.extend(self.listed(left));
        lines.truncate(self.rows);
        let mut out = lines.join("\n");
        out.push('\n');
        out
    }

    /// `text` in a colour, cut and filled to `width`. What a client sent must not move the cursor.
    fn cell(&self, text: &str, width: usize, color: &str) -> String {
        let mut cut: String = text
            .chars()
            .map(|c| if c.is_control() { '?' } else { c })
            .take(width)
            .collect();
        if width < text.chars().count() && width > 3 {
            cut.truncate(
                cut.char_indices()
                    .nth(width.saturating_sub(2))
                    .map_or(0, |(at, _)| at),
            );
            cut.push_str("..");
        }
        let filled = if width <= FILLED {
            format!("{cut:<width$}")
        } else {
            cut
        };
        if self.colored && !color.is_empty() {
            format!("\x1b[{color}m{filled}\x1b[0m")
        } else {
            filled
        }
    }

    fn head(&self) -> Vec<String> {
        let report = self.report;
        let observing: Vec<_> = report
            .sockets
            .iter()
            .filter(|it| it.observe_only)
            .map(|it| it.name.as_str())
            .collect();
        let mut warnings = Vec::new();
        if !observing.is_empty() {
            warnings.push((format!("not enforced: {}", observing.join(", ")), YELLOW));
        }
        if report.audit.dropped > 0 {
            warnings.push((format!("{} audit records lost", report.audit.dropped), RED));
        }
        if report
            .last_reload
            .as_ref()
            .is_some_and(|it| it.outcome == "failure")
        {
            warnings.push(("the last reload failed".to_owned(), RED));
        }
        let engine = if report.engine.up {
            (format!("engine {} up", report.engine.version), GREEN)
        } else {
            (format!("engine down: {}", report.engine.reason), RED)
        };
        let mut line = self.cell(&format!("doodgate {}  ", report.version), 17, BOLD);
        let facts = format!(
            "{}  {}  ",
            short(&report.now).get(11..).unwrap_or_default(),
            bytes(report.process.resident_bytes)
        );
        line.push_str(&facts);
        let used = facts.len().saturating_add(17);
        line.push_str(&self.cell(&engine.0, self.columns.saturating_sub(used), engine.1));
        let mut lines = vec![line.trim_end().to_owned()];
        lines.extend(
            warnings
                .iter()
                .map(|(text, color)| self.cell(text, self.columns, color)),
        );
        lines
    }

    fn sockets(&self) -> Vec<String> {
        let sockets = &self.report.sockets;
        let observing = sockets.iter().any(|it| it.observe_only);
        let wide = self.columns >= WIDE;
        let width = |of: fn(&Socket) -> &str, most: usize| {
            let longest = sockets
                .iter()
                .map(|it| of(it).len())
                .max()
                .unwrap_or_default();
            longest.clamp(6, most)
        };
        let name = width(|it| &it.name, if wide { 28 } else { 14 });
        let policy = width(|it| &it.policy.name, if wide { 28 } else { 12 });
        let mut titles = vec!["CALLS", "/s", "REFUSED", "/s"];
        if observing {
            titles.extend(["WOULD", "/s"]);
        }
        titles.extend(["CONN", "STRM"]);
        if wide {
            titles.push("TRAFFIC");
        }
        let row = |cells: &[String]| {
            cells
                .iter()
                .zip(&titles)
                .fold(String::new(), |mut row, (cell, title)| {
                    let width = match *title {
                        "/s" => 6,
                        "TRAFFIC" => 12,
                        "CONN" | "STRM" => 5,
                        _ => 8,
                    };
                    // Writing to a string does not fail.
                    _ = write!(row, "{cell:>width$}");
                    row
                })
        };
        let first_cells: Vec<_> = titles.iter().map(|&title| title.to_owned()).collect();
        let first = format!(
            "{:<name$} {:<policy$}{}",
            "SOCKET",
            "POLICY",
            row(&first_cells)
        );
        let mut lines = vec![self.cell(&first, self.columns, DIM)];
        for socket in sockets {
            let [total, refused, would, _] = sums(socket);
            let rates = self.rates.sockets.get(&socket.name);
            let rate = |at: usize| {
                rates
                    .and_then(|rates| rates.get(at))
                    .map_or_else(|| "-".to_owned(), |rate| format!("{rate:.1}"))
            };
            let mut cells = vec![total.to_string(), rate(0), refused.to_string(), rate(1)];
            if observing {
                cells.extend([would.to_string(), rate(2)]);
            }
            cells.extend([socket.connections.to_string(), socket.streams.to_string()]);
            if wide {
                let traffic = rates.and_then(|rates| rates.get(3)).map_or_else(
                    || "-".to_owned(),
                    |rate| format!("{}/s", bytes(whole(*rate))),
                );
                cells.push(traffic);
            }
            let numbers = row(&cells);
            let is_busy = rates.is_some_and(|[_, now, ..]| *now > 0.0);
            let color = match (socket.observe_only, is_busy) {
                (true, _) => YELLOW,
                (false, true) => RED,
                (false, false) => "",
            };
            lines.push(format!(
                "{} {}{}",
                self.cell(&socket.name, name, BOLD),
                self.cell(&socket.policy.name, policy, ""),
                self.cell(&numbers, numbers.len(), color)
            ));
        }
        lines
    }

    fn quotas(&self) -> Vec<String> {
        let bar = if self.columns >= WIDE { 30 } else { 14 };
        self.report
            .tenants
            .iter()
            .map(|quota| {
                let share = (quota.used / quota.limit).clamp(0.0, 1.0);
                let color = match share {
                    share if share >= 1.0 => RED,
                    share if share >= 0.8 => YELLOW,
                    _ => GREEN,
                };
                let full =
                    (1..=bar).filter(|step| share * f64::from(bar) >= f64::from(*step) - 0.5);
                let full = full.count();
                let bar = usize::try_from(bar).unwrap_or_default();
                let drawn = format!(
                    "{}{}",
                    "#".repeat(full),
                    "-".repeat(bar.saturating_sub(full))
                );
                format!(
                    "{} {} {} {}",
                    self.cell(&quota.tenant, 14, BOLD),
                    self.cell(&quota.of, 10, ""),
                    self.cell(&drawn, bar, color),
                    self.cell(
                        &amounts(quota),
                        self.columns.saturating_sub(bar.saturating_add(28)),
                        ""
                    )
                    .trim_end()
                )
            })
            .collect()
    }

    fn operations(&self) -> Vec<String> {
        let mut all: Vec<(&str, &Operation)> = self
            .report
            .sockets
            .iter()
            .flat_map(|socket| {
                socket
                    .operations
                    .iter()
                    .map(|it| (socket.name.as_str(), it))
            })
            .collect();
        all.sort_by_key(|(_, it)| std::cmp::Reverse(it.total()));
        let row = |cells: [&str; 6]| {
            let [operation, socket, allowed, would, refused, wait] = cells;
            format!("{operation:<28} {socket:<16} {allowed:>9} {would:>9} {refused:>9} {wait:>12}")
        };
        let titles = [
            "BUSIEST",
            "SOCKET",
            "ALLOWED",
            "WOULD",
            "REFUSED",
            "ENGINE WAIT",
        ];
        let mut lines = vec![self.cell(&row(titles), self.columns, DIM)];
        lines.extend(all.iter().take(BUSIEST).map(|(socket, it)| {
            let cells = [
                &it.name,
                *socket,
                &it.allowed.to_string(),
                &it.would_deny.to_string(),
                &it.refused().to_string(),
                &it.wait(),
            ];
            self.cell(&row(cells), self.columns, "")
        }));
        lines
    }

    /// The last calls, newest first.
    fn listed(&self, most: usize) -> Vec<String> {
        if self.calls.is_empty() {
            return vec![self.cell(
                "no calls yet: they show up here as they happen",
                self.columns,
                DIM,
            )];
        }
        let several = self.report.sockets.len() > 1;
        let longest = self.report.sockets.iter().map(|it| it.name.len()).max();
        let socket = longest
            .unwrap_or_default()
            .clamp(4, if self.columns >= WIDE { 20 } else { 9 });
        let operation = if self.columns >= WIDE { 26 } else { 18 };
        self.calls
            .iter()
            .rev()
            .take(most)
            .map(|call| {
                let color = match call.decision.as_str() {
                    "denied" => RED,
                    "malformed" | "would_deny" => YELLOW,
                    "failed" => MAGENTA,
                    _ => "",
                };
                let time = short(&call.time);
                let mut front = format!(
                    "{} {} ",
                    self.cell(time.get(11..).unwrap_or_default(), 8, DIM),
                    self.cell(&call.decision.replace('_', " "), 10, color)
                );
                let mut used = 20_usize;
                if several {
                    front.push_str(&self.cell(&call.socket, socket, ""));
                    front.push(' ');
                    used = used.saturating_add(socket).saturating_add(1);
                }
                front.push_str(&self.cell(&call.operation, operation, BOLD));
                used = used.saturating_add(operation);
                if self.columns >= WIDE {
                    _ = write!(front, " {:>8}", micros(call.total_us));
                    used = used.saturating_add(9);
                }
                let rest = [call.object(), call.why()];
                let rest: Vec<_> = rest
                    .iter()
                    .map(String::as_str)
                    .filter(|it| !it.is_empty())
                    .collect();
                // In a narrow window, why is more than what.
                let rest = match rest.as_slice() {
                    [_, why] if self.columns < WIDE => (*why).to_owned(),
                    all => all.join("  "),
                };
                let left = self.columns.saturating_sub(used).saturating_sub(1);
                format!("{front} {}", self.cell(&rest, left, color).trim_end())
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }
}

fn amounts(quota: &Quota) -> String {
    let amount = |amount: f64| match quota.of.as_str() {
        "memory" => bytes(whole(amount)),
        _ => format!("{}", (amount * 100.0).round() / 100.0),
    };
    format!("{} of {}", amount(quota.used), amount(quota.limit))
}

/// Without the fraction.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "such a conversion ends at the limits of the type"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests;
