//! Real files and the standard's schema, where they are.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod generate;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A file of the corpus; `None`, said aloud, where it is absent.
pub fn corpus(name: &str) -> Option<Vec<u8>> {
    let found = fs::read(directory("PROBITY_CORPUS", "data").join("odm").join(name)).ok();
    if found.is_none() {
        eprintln!("skipped: corpus absent");
    }
    found
}

/// Validates a document against the XML Schema of ODM 1.3.2. Says aloud where there is no schema; where there is one and
/// PROBITY_REQUIRE_ORACLES is set, it panics without xmllint.
pub fn validate(name: &str, document: &[u8]) {
    let standards = directory("PROBITY_STANDARDS", "standards");
    let schema = standards.join("odm-1.3.2/ODM1-3-2.xsd");
    if !standards.exists() && std::env::var_os("PROBITY_STANDARDS").is_none() {
        eprintln!("skipped: standards absent");
        return;
    }
    let child = Command::new("xmllint")
        .args(["--noout", "--nonet", "--huge", "--schema"])
        .arg(&schema)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) if schema.exists() => child,
        _ => {
            assert!(std::env::var_os("PROBITY_REQUIRE_ORACLES").is_none(), "xmllint or the schema is absent");
            eprintln!("skipped: xmllint or the schema is absent");
            return;
        }
    };
    let mut input = child.stdin.take().expect("its input is piped");
    let document = document.to_vec();
    let feed = std::thread::spawn(move || input.write_all(&document));
    let output = child.wait_with_output().expect("xmllint runs");
    let _ = feed.join();
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said.lines().take(10).collect();
    assert!(output.status.success(), "{name} does not validate: {said:#?}");
}

fn directory(variable: &str, name: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(set) => PathBuf::from(set),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name),
    }
}
