//! `cargo xtask test` and `cargo xtask ci`: every check and test, in the order in which they fail fastest.

use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::steps::Steps;
use crate::tally::Tally;
use crate::{browser, install, oracles, postgres, process, tidy, workspace};

/// Runs all steps; see `cargo xtask help` for the arguments.
pub fn run(arguments: &[String]) -> Outcome {
    all(&Options::parse(arguments)?)
}

/// The same without stopping at the first failure: whoever reads a log afterwards wants all of it.
pub fn run_ci(arguments: &[String]) -> Outcome {
    all(&Options { keep_going: true, ..Options::parse(arguments)? })
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    keep_going: bool,
    no_install: bool,
    only: Option<String>,
}

impl Options {
    fn parse(arguments: &[String]) -> Outcome<Self> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--keep-going" => options.keep_going = true,
                "--no-install" => options.no_install = true,
                "--only" => {
                    let step = rest.next().ok_or_else(|| Failure::new("--only needs the name of a step"))?;
                    options.only = Some(step.clone());
                }
                unknown => return Err(Failure::new(format!("unknown argument '{unknown}'; see `cargo xtask help`"))),
            }
        }
        Ok(options)
    }
}

fn all(options: &Options) -> Outcome {
    let mut tally = Tally::default();
    let mut steps = Steps::new(options.keep_going, options.only.clone());
    if !options.no_install {
        steps.run("install", "what building and testing need, where it is missing", install::for_testing);
    }
    steps.run("tidy", "the rules of the house", tidy::run);
    steps.run("format", "cargo fmt", || process::run(&mut process::cargo(&["fmt", "--all", "--check"])));
    steps.run("licences", "cargo deny, where it is installed", licences);
    steps.run("advisories", "known weaknesses of components, where their list can be had", advisories);
    steps.run("lint", "clippy; a first build compiles the C libraries, several minutes", || {
        process::run(&mut process::workspace("clippy", &["--all-targets", "--", "--deny", "warnings"]))?;
        // And the program as it is for data of patients, without the demonstration.
        let plain = ["clippy", "--workspace", "--bin", "probity", "--locked", "--", "--deny", "warnings"];
        process::run(&mut process::cargo(&plain))
    });
    steps.run("tests", "every Rust test of the workspace", || rust_tests(options.keep_going, &mut tally));
    steps.run("postgres", "the same tests on PostgreSQL: all whose data may lie there", || {
        postgres::run(options.keep_going, &mut tally)
    });
    steps.run("browser", "the product in headless Chromium", || browser::run(&mut tally));
    let ended = steps.finish();
    if tally != Tally::default() {
        println!("\ntests: {} passed, {} failed", tally.passed, tally.failed);
    }
    ended
}

fn rust_tests(keep_going: bool, tally: &mut Tally) -> Outcome {
    let mut command = process::workspace("test", &[]);
    if keep_going {
        command.arg("--no-fail-fast");
    }
    postgres::keep_out(&mut command);
    // With this a test that finds no foreign verifier fails instead of saying that it was skipped.
    command.env("PROBITY_REQUIRE_ORACLES", "1").env("PROBITY_PYTHON", oracles::python());
    process::run_reading(&mut command, |line| tally.read(line))
}

fn licences() -> Outcome {
    if workspace::on_path("cargo-deny").is_none() {
        println!("skipped: cargo-deny is not installed (cargo install cargo-deny)");
        return Ok(());
    }
    process::run(&mut deny(&["check", "licenses", "bans", "sources"]))
}

/// Components that have not been mended within the times of `docs/security.md` fail: what is passed over in `deny.toml` is so
/// until a day.
fn advisories() -> Outcome {
    if workspace::on_path("cargo-deny").is_none() {
        println!("skipped: cargo-deny is not installed (cargo install cargo-deny)");
        return Ok(());
    }
    if process::run(&mut deny(&["fetch", "db"])).is_err() {
        println!("skipped: the list of advisories (RustSec) cannot be fetched from here");
        return Ok(());
    }
    process::run(&mut deny(&["check", "advisories"]))
}

fn deny(arguments: &[&str]) -> Command {
    let mut deny = Command::new("cargo-deny");
    deny.arg("--locked").args(arguments).current_dir(workspace::root());
    deny
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Outcome<Options> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn an_unknown_argument_is_refused_rather_than_ignored() {
        assert!(parse("--keep-gonig").is_err());
        assert!(parse("--only").is_err());
    }

    #[test]
    fn the_known_arguments_are_taken() {
        let expected = Options { keep_going: true, no_install: false, only: Some("tidy".to_owned()) };
        assert_eq!(parse("--keep-going --only tidy").ok(), Some(expected));
    }
}
