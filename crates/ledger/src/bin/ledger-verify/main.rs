//! `ledger-verify`: the inspector's tool. It checks a proof bundle or a ledger archive with nothing but the
//! files and the ledger's public keys; it opens no network connection, needs no database, writes no file.
//!
//! Exit status: 0 where everything holds, 1 where something does not, 2 where the check could not be made.

mod arguments;
mod files;

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use ledger::archive::verify_archive;
use ledger::bundle::Bundle;
use ledger::note::{KeyKind, VerifierKey};
use ledger::verify::{Finding, Report};

use arguments::{Command, HELP};

fn main() -> ExitCode {
    let (text, code) = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => (HELP.to_owned(), 0),
        Ok(Command::Version) => (concat!("ledger-verify ", env!("CARGO_PKG_VERSION"), "\n").to_owned(), 0),
        Ok(Command::Bundle { bundle, entry, keys }) => answer(check_bundle(&bundle, &entry, &keys)),
        Ok(Command::Archive { folder, seen, keys, content }) => answer(files::read_all(&seen).and_then(|seen| {
            let archive = files::Folder::open(&folder)?;
            let report = verify_archive(&archive, &seen, &keys, content)?;
            Ok(describe(&report, &keys, seen.len()))
        })),
        Err(error) => (format!("ledger-verify: {error}\nTry: ledger-verify --help\n"), 2),
    };
    // What cannot be checked goes to standard error; a verdict, good or bad, to standard output.
    let written =
        if code == 2 { io::stderr().write_all(text.as_bytes()) } else { io::stdout().write_all(text.as_bytes()) };
    // A verdict nobody could read is no verdict.
    ExitCode::from(if written.is_ok() { code } else { 2 })
}

/// A check's outcome as text and exit status.
fn answer(outcome: Result<(String, bool), files::Unreadable>) -> (String, u8) {
    match outcome {
        Ok((text, holds)) => (text, u8::from(!holds)),
        Err(error) => (format!("ledger-verify: {error}\n"), 2),
    }
}

fn check_bundle(bundle: &Path, entry: &Path, keys: &[VerifierKey]) -> Result<(String, bool), files::Unreadable> {
    let entry = files::read(entry)?;
    let proved = Bundle::parse(&files::read(bundle)?).and_then(|bundle| bundle.verify(&entry, keys));
    Ok(match proved {
        Ok(proved) => {
            let head = &proved.checkpoint;
            let mut text = format!(
                "verified: this is entry {} of {}\n  in its checkpoint over {} entries, root {}\n",
                proved.index, head.origin, head.size, head.root
            );
            text.push_str(&signed_by(keys));
            (text, true)
        }
        Err(error) => (format!("REFUSED: {error}\n"), false),
    })
}

fn describe(report: &Report, keys: &[VerifierKey], seen: usize) -> (String, bool) {
    let mut text = String::new();
    for finding in &report.findings {
        text.push_str(&format!("FOUND {}: {finding}\n", finding.code()));
    }
    if report.further_findings > 0 {
        text.push_str(&format!("FOUND {} more of the same\n", report.further_findings));
    }
    let origin = report.checkpoint.as_ref().map_or("no verified checkpoint", |head| head.origin.as_str());
    let verdict = if report.holds() { "verified" } else { "REFUSED" };
    text.push_str(&format!("{verdict}: {origin}, {} entries read, root {}\n", report.entries, report.root));
    if let Some(first) = report.findings.iter().filter_map(Finding::index).min() {
        text.push_str(&format!("  first entry known to be wrong: {first}\n"));
    }
    if report.holds() {
        text.push_str(&signed_by(keys));
        text.push_str(&match seen {
            0 => "  not compared with any earlier checkpoint: give one with --seen to rule out a rewritten history\n"
                .to_owned(),
            _ => format!("  continues {seen} earlier checkpoint(s)\n"),
        });
    }
    (text, report.holds())
}

fn signed_by(keys: &[VerifierKey]) -> String {
    let mut text: String = keys.iter().map(|key| format!("  signed by {}\n", key.label())).collect();
    for kind in [KeyKind::Ed25519, KeyKind::MlDsa44Subtree] {
        if !keys.iter().any(|key| key.kind() == kind) {
            text.push_str(&format!(
                "  note: no {} key was given, so no such signature was checked\n",
                kind.algorithm()
            ));
        }
    }
    text
}
