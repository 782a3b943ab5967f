//! What was measured: each figure's rounds, told as a median and how far the rounds lay apart.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

/// Figures in the order in which they first came.
#[derive(Default)]
pub struct Figures {
    rows: Vec<Row>,
    notes: Vec<String>,
}

struct Row {
    name: String,
    unit: &'static str,
    rounds: Vec<f64>,
}

impl Figures {
    /// Adds a round of a figure.
    pub fn add(&mut self, name: &str, unit: &'static str, value: f64) {
        match self.rows.iter_mut().find(|row| row.name == name) {
            Some(row) => row.rounds.push(value),
            None => self.rows.push(Row { name: name.to_owned(), unit, rounds: vec![value] }),
        }
    }

    /// The median of a figure's rounds.
    pub fn median(&self, name: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.name == name).map(|row| spread(&row.rounds).1)
    }

    /// A word about the circumstances.
    pub fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// Rates and times of many operations that were each timed.
    pub fn latencies(&mut self, name: &str, mut each: Vec<Duration>, took: Duration) {
        each.sort_unstable();
        self.add(&format!("{name}: a second"), "1/s", each.len() as f64 / took.as_secs_f64());
        for (label, share) in [("p50", 0.50), ("p99", 0.99)] {
            let at = ((each.len() as f64 * share) as usize).min(each.len().saturating_sub(1));
            if let Some(found) = each.get(at) {
                self.add(&format!("{name}: {label}"), "ms", found.as_secs_f64() * 1e3);
            }
        }
    }

    /// Prints the table.
    pub fn print(&self) {
        for note in &self.notes {
            say(note);
        }
        say(&format!("{:<64} {:>12} {:>6}  {:>10} {:>10}", "", "median", "", "least", "most"));
        for row in &self.rows {
            let (least, median, most) = spread(&row.rounds);
            say(&format!(
                "{:<64} {:>12} {:<6}  {:>10} {:>10}",
                row.name,
                digits(median),
                row.unit,
                digits(least),
                digits(most)
            ));
        }
    }

    /// The same for programs.
    pub fn json(&self) -> Result<String> {
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                let (least, median, most) = spread(&row.rounds);
                json!({"name": row.name, "unit": row.unit, "median": median, "least": least, "most": most, "rounds": row.rounds})
            })
            .collect();
        Ok(serde_json::to_string_pretty(&json!({"notes": self.notes, "figures": rows}))?)
    }
}

/// Least, median and most.
fn spread(rounds: &[f64]) -> (f64, f64, f64) {
    let mut sorted = rounds.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    (at(0), at(sorted.len() / 2), at(sorted.len().saturating_sub(1)))
}

fn digits(value: f64) -> String {
    match value.abs() {
        x if x >= 1_000.0 => format!("{value:.0}"),
        x if x >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

/// Tells the person at the terminal.
#[expect(clippy::print_stdout, reason = "a command's answer")]
pub fn say(text: &str) {
    println!("{text}");
}
