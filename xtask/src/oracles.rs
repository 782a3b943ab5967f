//! The Python environment in which implementations that are not ours check the ledger.
//!
//! It lives under the target directory, so that removing that removes it too.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Outcome, While};
use crate::{process, workspace};

/// What is installed from PyPI, pinned: a verifier that changes under us verifies nothing.
const PACKAGES: &[&str] = &["cryptography==50.0.2", "pymerkle==7.0.0"];

/// The interpreter that has the packages; tests find it as `PROBITY_PYTHON`.
pub fn python() -> PathBuf {
    environment().join("bin/python")
}

/// Makes the environment where it is missing or was made from other packages.
pub fn install() -> Outcome {
    let mark = environment().join("installed");
    let wanted = PACKAGES.join("\n");
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("Making a Python environment with {} under the target directory.", PACKAGES.join(" and "));
    let directory = environment();
    process::run(Command::new("/usr/bin/python3").args(["-m", "venv", "--clear"]).arg(&directory))?;
    let mut pip = Command::new(python());
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    process::run(pip.args(PACKAGES))?;
    // Written last: if we die before it, the next run makes the environment again.
    fs::write(&mark, wanted).while_doing("noting that the Python environment is complete")
}

fn environment() -> PathBuf {
    workspace::target().join("oracles")
}
