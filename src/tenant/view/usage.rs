//! `GET /system/df` since API 1.52: counts and sums beside what is counted (moby `daemon/disk_usage.go` and
//! `daemon/server/router/system`, engines 29.0 to 29.3). With `verbose`, these are all there is; without, the lists of older
//! versions come too.

use super::cursor::{Read, bad};
use super::facts::{elements, pick, string};
use super::item::Kind;
use super::rewrite::Rewriter;

/// Counts and sums of one kind of objects.
#[derive(Debug, Default)]
struct Sums {
    active: u64,
    total: u64,
    /// Bytes of those that are not active.
    reclaimable: u64,
    size: u64,
}

impl Rewriter<'_> {
    /// Writes what is used of one kind, counted anew among what the tenant sees. As the engine does, it leaves out what is
    /// nothing.
    pub(super) fn usage(&mut self, kind: Kind, text: &str) -> Read<()> {
        let [items, total] = pick(text, ["Items", "TotalCount"])?;
        if items.is_none() && bytes(total)? > 0 {
            return bad("it counts what it does not list");
        }
        let mut sums = Sums::default();
        let mut seen = Vec::new();
        for item in elements(items.unwrap_or("null"))? {
            if kind.look(self.tenant, &self.given.images, item)?.is_some() {
                let (active, size) = self.measured(kind, item)?;
                sums.total = sums.total.saturating_add(1);
                sums.size = sums.size.saturating_add(size);
                if active {
                    sums.active = sums.active.saturating_add(1);
                } else {
                    sums.reclaimable = sums.reclaimable.saturating_add(size);
                }
                seen.push(item);
            }
        }
        let Sums {
            active,
            total,
            reclaimable,
            size,
        } = sums;
        self.raw("{");
        for (name, number) in [
            ("ActiveCount", active),
            ("Reclaimable", reclaimable),
            ("TotalCount", total),
            ("TotalSize", size),
        ] {
            if number > 0 {
                self.comma();
                self.raw(&format!("\"{name}\":{number}"));
            }
        }
        if !seen.is_empty() {
            self.comma();
            self.raw("\"Items\":[");
            for item in seen {
                self.item(kind, item)?;
            }
            self.raw("]");
        }
        self.raw("}");
        Ok(())
    }

    /// Whether an item is in use, and its bytes.
    fn measured(&self, kind: Kind, item: &str) -> Read<(bool, u64)> {
        Ok(match kind {
            Kind::Container => {
                let [state, size] = pick(item, ["State", "SizeRw"])?;
                let state = string(state.unwrap_or("\"\""))?;
                let runs = matches!(&*state, "running" | "paused" | "restarting");
                (runs, bytes(size)?)
            }
            Kind::Image => {
                let [id, size] = pick(item, ["Id", "Size"])?;
                let id = string(id.unwrap_or("\"\""))?;
                let used = self.given.used.iter().flatten().any(|used| *used == id);
                (used, bytes(size)?)
            }
            Kind::Volume => {
                let [usage] = pick(item, ["UsageData"])?;
                let [size, count] = pick(usage.unwrap_or("null"), ["Size", "RefCount"])?;
                // One that has not been measured counts as in use.
                let measured = size.is_some_and(|size| size != "-1");
                (!measured || count != Some("0"), bytes(size)?)
            }
            Kind::Network | Kind::Swarm(_) => (false, 0),
        })
    }
}

/// A number; what the engine has not measured is -1, and counts for nothing.
fn bytes(text: Option<&str>) -> Read<u64> {
    match text.map(str::parse::<i64>) {
        None => Ok(0),
        Some(Ok(number)) => Ok(u64::try_from(number).unwrap_or(0)),
        Some(Err(_)) => bad("a size is no number"),
    }
}
