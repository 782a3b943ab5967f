//! `cargo xtask demo`: from a fresh clone to a sign-in page.
//!
//! It builds and hands over to `probity demo`; what the demonstration is, the product decides.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::{install, process, workspace};

/// Builds the program and becomes it; returns only when that fails.
pub fn run(arguments: &[String]) -> Outcome {
    println!("Probity demonstration: build the program, then start it with a running study.");
    install::for_building()?;
    if !workspace::probity().exists() {
        println!(
            "First build: about ten minutes on two cores, half of it C (SQLCipher, OpenSSL, AWS-LC). Later ones take seconds."
        );
    }
    process::run(&mut process::workspace("build", &["--bin", "probity"]))?;
    let arguments = arguments.strip_prefix(&["--".to_owned()]).unwrap_or(arguments);
    println!("$ probity demo {}", arguments.join(" "));
    // Becoming the program, rather than being its parent, lets Ctrl-C reach it alone: it closes its files in order.
    let error = Command::new(workspace::probity()).arg("demo").args(arguments).exec();
    Err(Failure::new(format!("cannot start the program that was just built: {error}")))
}
