//! The rules of the house as tests: layering, words, sizes, leftovers, the promise register, and the
//! table of ASVS.
//!
//! Each rule reads the files and answers with findings; it repairs nothing. Every rule has a test that shows it
//! failing on a bad sample. What the compiler and clippy can hold is left to them.

mod asvs;
mod chance;
mod columns;
mod cryptography;
mod inventories;
mod layers;
mod leftovers;
mod limits;
mod links;
mod markup;
mod modules;
mod promises;
mod secrets;
mod sizes;
mod sources;
mod sql;
mod tree;
mod words;

use crate::failure::{Failure, Outcome};
use crate::workspace;
use tree::{Finding, Tree};

const RULES: &[fn(&Tree) -> Vec<Finding>] = &[
    layers::check,
    modules::check,
    words::check,
    sizes::check,
    leftovers::check,
    secrets::check,
    markup::check,
    links::check,
    promises::check,
    columns::check,
    sql::check,
    asvs::check,
    chance::check,
    sources::check,
    limits::check,
    cryptography::check,
    inventories::check,
];

/// Runs every rule over the workspace; prints what it finds; fails when a finding is more than a warning.
pub fn run() -> Outcome {
    let tree = Tree::of(&workspace::root())?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    for finding in &findings {
        println!("{finding}");
    }
    let errors = findings.iter().filter(|finding| !finding.is_warning).count();
    let files = tree.files.len();
    if errors > 0 {
        return Err(Failure::new(format!("tidy: {errors} findings in {files} files")));
    }
    println!("tidy: {} rules hold in {files} files ({} warnings)", RULES.len(), findings.len());
    Ok(())
}
