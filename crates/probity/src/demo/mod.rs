//! `probity demo`: the product, running, with a demonstration study in it.

use anyhow::Result;

use crate::outcome::Outcome;

/// What `probity demo` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {}

impl Demo {
    pub(crate) fn run(self) -> Result<Outcome> {
        anyhow::bail!("the demonstration study is not in this build")
    }
}
