//! Whether the time of an answer tells an unknown name from a wrong password: both asked in turn, of a server that does
//! nothing else, each name fewer times than makes it wait.

use std::{net::SocketAddr, time::Instant};

use anyhow::{Result, bail};

use super::attacker::{attempt, source};
use crate::figures::{Figures, say};

/// Attempts at each name: one fewer than cost nothing.
const EACH: usize = 4;

/// Asks for every name of both lists in turn.
pub async fn measure(server: SocketAddr, known: &[String], figures: &mut Figures) -> Result<()> {
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for time in 0..EACH {
        for (number, name) in known.iter().enumerate() {
            let absent = format!("absent-{number}");
            // Who comes first changes, so that neither is always asked just after the other.
            let pair = [(name.as_str(), &mut wrong), (absent.as_str(), &mut unknown)];
            let pair: Vec<_> = if (time + number) % 2 == 0 { pair.into() } else { pair.into_iter().rev().collect() };
            for (name, times) in pair {
                let begun = Instant::now();
                let (status, _) = attempt(source(number), server, name, "a wrong password").await?;
                times.push(begun.elapsed().as_secs_f64() * 1e3);
                if status != 422 {
                    bail!("a wrong password was answered {status}");
                }
            }
        }
    }
    for (name, times) in [("a wrong password", &mut wrong), ("an unknown name", &mut unknown)] {
        tell(name, times, figures);
    }
    let (greater, p) = mann_whitney(&wrong, &unknown);
    figures.add("timing: how often a wrong password took longer than an unknown name", "", greater);
    figures.add("timing: p of Mann and Whitney", "", p);
    figures.add("timing: medians, a wrong password less an unknown name", "ms", at(&wrong, 0.5) - at(&unknown, 0.5));
    Ok(())
}

/// A distribution in a line, and its middle as a figure. Leaves the times in order.
fn tell(name: &str, times: &mut [f64], figures: &mut Figures) {
    times.sort_unstable_by(f64::total_cmp);
    let count = times.len().max(1) as f64;
    let mean = times.iter().sum::<f64>() / count;
    let deviation = (times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0)).sqrt();
    let [p10, median, p90] = [0.1, 0.5, 0.9].map(|share| at(times, share));
    say(&format!(
        "timing of {name}: n {count}, mean {mean:.3} ms, sd {deviation:.3}, p10 {p10:.3}, median {median:.3}, p90 {p90:.3}"
    ));
    for (figure, value) in [("mean", mean), ("sd", deviation), ("p10", p10), ("median", median), ("p90", p90)] {
        figures.add(&format!("timing of {name}: {figure}"), "ms", value);
    }
}

fn at(sorted: &[f64], share: f64) -> f64 {
    let index = (sorted.len() as f64 * share) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// The rank test of two samples (Mann and Whitney 1947, normal approximation): how often one of the first is greater than
/// one of the second, and how probable so lopsided a draw is where both come from the same distribution.
fn mann_whitney(first: &[f64], second: &[f64]) -> (f64, f64) {
    let mut greater = 0.0;
    for one in first {
        for other in second {
            greater += match one.total_cmp(other) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    let (n, m) = (first.len() as f64, second.len() as f64);
    let z = (greater - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt();
    (greater / (n * m), two_sided(z))
}

/// The probability that a standard normal variable lies at least so far from 0 (Abramowitz and Stegun 26.2.17).
fn two_sided(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let factors = [1.330_274_429, -1.821_255_978, 1.781_477_937, -0.356_563_782, 0.319_381_530];
    let series = factors.iter().fold(0.0, |sum, factor| (sum + factor) * t);
    2.0 * series * (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_knows_alike_from_unlike() {
        let even: Vec<f64> = (0..200).map(|n| f64::from(n * 2)).collect();
        let odd: Vec<f64> = (0..200).map(|n| f64::from(n * 2 + 1)).collect();
        let later: Vec<f64> = even.iter().map(|time| time + 60.0).collect();
        let (greater, p) = mann_whitney(&even, &odd);
        assert!((greater - 0.5).abs() < 0.01 && p > 0.8, "{greater} {p}");
        assert!(mann_whitney(&later, &even).1 < 1e-4);
        // As tables of the normal distribution have it.
        assert!((two_sided(1.96) - 0.05).abs() < 1e-4 && (two_sided(0.0) - 1.0).abs() < 1e-6);
    }
}
