//! Named, timed steps and the table of them at the end.
//!
//! The first failure ends the run unless one asked to go on; either way the summary says which steps did not run.

use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome};

/// A run of several steps.
pub struct Steps {
    keep_going: bool,
    only: Option<String>,
    done: Vec<(&'static str, Ending, Duration)>,
}

enum Ending {
    Passed,
    Failed,
    NotRun,
}

impl Steps {
    /// Begins a run. With `keep_going` a failed step does not stop the next; `only` names the one step to run.
    pub fn new(keep_going: bool, only: Option<String>) -> Self {
        Self { keep_going, only, done: Vec::new() }
    }

    /// Runs `step` under `name`, unless an earlier one failed or another was asked for.
    pub fn run(&mut self, name: &'static str, says: &str, step: impl FnOnce() -> Outcome) {
        if self.only.as_deref().is_some_and(|only| only != name) {
            return;
        }
        if self.has_failed() && !self.keep_going {
            self.done.push((name, Ending::NotRun, Duration::ZERO));
            return;
        }
        println!("\n=== {name}: {says}");
        let begun = Instant::now();
        let ending = match step() {
            Ok(()) => Ending::Passed,
            Err(failure) => {
                println!("\n{name} failed: {failure}");
                Ending::Failed
            }
        };
        let took = begun.elapsed();
        println!("=== {name}: {} after {}", ending.word(), show(took));
        self.done.push((name, ending, took));
    }

    /// Prints the table; fails when a step failed, or when nothing ran.
    pub fn finish(self) -> Outcome {
        if self.done.is_empty() {
            let only = self.only.unwrap_or_default();
            return Err(Failure::new(format!("there is no step '{only}'; see `cargo xtask help`")));
        }
        println!("\nsummary");
        for (name, ending, took) in &self.done {
            println!("  {name:<10} {:<8} {:>9}", ending.word(), show(*took));
        }
        println!("  {:<10} {:<8} {:>9}", "total", "", show(self.done.iter().map(|(_, _, took)| *took).sum()));
        let failed: Vec<&str> = self
            .done
            .iter()
            .filter(|(_, ending, _)| matches!(ending, Ending::Failed))
            .map(|(name, _, _)| *name)
            .collect();
        if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("failed: {}", failed.join(", ")))) }
    }

    fn has_failed(&self) -> bool {
        self.done.iter().any(|(_, ending, _)| matches!(ending, Ending::Failed))
    }
}

impl Ending {
    fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::NotRun => "not run",
        }
    }
}

fn show(took: Duration) -> String {
    let seconds = took.as_secs();
    if seconds >= 60 {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_stops_the_steps_after_it() {
        let mut steps = Steps::new(false, None);
        steps.run("first", "", || Err(Failure::new("no")));
        steps.run("second", "", || panic!("must not run"));
        assert!(steps.finish().is_err());
    }

    #[test]
    fn keep_going_runs_the_rest_and_still_fails() {
        let mut ran = false;
        let mut steps = Steps::new(true, None);
        steps.run("first", "", || Err(Failure::new("no")));
        steps.run("second", "", || {
            ran = true;
            Ok(())
        });
        assert!(steps.finish().is_err());
        assert!(ran);
    }

    #[test]
    fn only_an_unknown_step_is_an_error_and_not_a_success() {
        let mut steps = Steps::new(false, Some("nonsense".to_owned()));
        steps.run("first", "", || Ok(()));
        assert!(steps.finish().is_err());
    }

    #[test]
    fn all_passed_is_a_success() {
        let mut steps = Steps::new(false, None);
        steps.run("first", "", || Ok(()));
        assert!(steps.finish().is_ok());
    }
}
