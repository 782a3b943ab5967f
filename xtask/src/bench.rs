//! `cargo xtask bench`: the product's own measurements, in the optimized profile.

use crate::failure::Outcome;
use crate::{install, process};

/// Builds and runs the `bench` program; `arguments` go to it unread.
pub fn run(arguments: &[String]) -> Outcome {
    install::for_building()?;
    println!("Building with optimizations; the first time this takes several minutes, most of it C libraries.");
    let mut command = process::cargo(&["run", "--release", "--package", "bench", "--"]);
    process::run(command.args(arguments))
}
