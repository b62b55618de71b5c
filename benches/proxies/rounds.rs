//! Rounds of one plan over all sides, and the table that comes of them.

use std::time::Duration;

use super::load::{self, Outcome, Plan};
use super::process::Side;

/// What one side gave in all rounds.
#[derive(Default)]
struct Column {
    rates: Vec<f64>,
    ratios: Vec<f64>,
    halves: Vec<f64>,
    tails: Vec<f64>,
    costs: Vec<f64>,
}

/// Measures `plan` on every side in turn, `rounds` times, and prints the medians.
pub(crate) fn run(plan: &Plan, sides: &[Side], rounds: usize, time: Duration) {
    for side in sides {
        load::run(plan, side.socket(), time / 10);
    }
    let mut columns: Vec<Column> = sides.iter().map(|_| Column::default()).collect();
    for round in 0..rounds {
        let mut outcomes: Vec<Option<Outcome>> = sides.iter().map(|_| None).collect();
        // Whoever begins has the machine as the pause before left it, so everyone begins in turn.
        for step in 0..sides.len() {
            let at = (round + step) % sides.len();
            let before = sides[at].processor_time();
            let outcome = load::run(plan, sides[at].socket(), time);
            if let (Some(before), Some(after)) = (before, sides[at].processor_time()) {
                columns[at]
                    .costs
                    .push((after - before) * 1e6 / outcome.amount);
            }
            outcomes[at] = Some(outcome);
        }
        let outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
        for (column, outcome) in columns.iter_mut().zip(&outcomes) {
            column.rates.push(outcome.rate);
            column.ratios.push(outcome.rate / outcomes[0].rate);
            column.halves.push(quantile(&outcome.times, 0.5));
            column.tails.push(quantile(&outcome.times, 0.99));
        }
    }
    let (unit, cost) = if plan.bytes {
        ("MiB/s", "CPU us/MiB")
    } else {
        ("1/s", "CPU us/req")
    };
    println!("\n## {}\n", plan.name);
    println!(
        "{:<16} {:>10} {:>8} {:>15} {:>10} {:>10} {:>10}",
        "side", unit, "ratio", "(of rounds)", "p50 us", "p99 us", cost
    );
    for (side, column) in sides.iter().zip(&mut columns) {
        column.ratios.sort_by(f64::total_cmp);
        let spread = format!(
            "({:.2}..{:.2})",
            quantile(&column.ratios, 0.0),
            quantile(&column.ratios, 1.0)
        );
        println!(
            "{:<16} {:>10.0} {:>8.2} {:>15} {:>10.0} {:>10.0} {:>10}",
            side.name,
            median(&column.rates),
            median(&column.ratios),
            spread,
            median(&column.halves),
            median(&column.tails),
            if column.costs.is_empty() {
                "-".to_owned()
            } else {
                format!("{:.1}", median(&column.costs))
            }
        );
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

/// The value below which a part of `sorted` lies.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank lies between 0 and the number of values"
)]
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted[(part * last as f64).round() as usize]
}
