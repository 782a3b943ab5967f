//! `cargo xtask <command>`: starts the demonstration, runs every test, holds the rules of the house, measures.
//!
//! It knows how the workspace is built and checked. It refuses to know anything of the product:
//! it links none of our crates, so that it compiles in seconds and works when they do not.

#![expect(clippy::print_stdout, reason = "a command-line tool speaks on standard output")]

mod bench;
mod browser;
mod demo;
mod failure;
mod install;
mod oracles;
mod postgres;
mod process;
mod steps;
mod tally;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use failure::Outcome;

const HELP: &str = "\
cargo xtask <command>

  demo [--] [ARGS]   build Probity and start it with a demonstration study; prints the address
                     and an account for each role. ARGS go to `probity demo` (see `probity demo --help`)
  test [--keep-going] [--no-install] [--only STEP]
                     install what the tests need (apt, npm, pip), then run every check and test
  ci                 the same, without stopping at the first failure
  tidy               only the rules of the house: layering, words, file sizes, leftovers, the promise register
  bench [ARGS]       build with optimizations and measure; ARGS go to the bench (see `cargo xtask bench --help`)
  help               this text

The steps of `test`, usable with --only: install, tidy, format, licences, lint, tests, postgres, browser.
`tests` keeps its data in files; `postgres` starts a server and runs the tests of the store and of the web again on it.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    match run(command, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nerror: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, rest: &[String]) -> Outcome {
    match command {
        "demo" => demo::run(rest),
        "test" => test::run(rest),
        "ci" => test::run_ci(rest),
        "tidy" => tidy::run(),
        "bench" => bench::run(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        unknown => Err(failure::Failure::new(format!("there is no command '{unknown}'\n\n{HELP}"))),
    }
}
