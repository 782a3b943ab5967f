//! `probity verify`: is everything as it was acknowledged? The whole data directory with its keys, or one proof or one
//! archive with nothing but public keys. It names what is wrong and mends nothing.

mod outside;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use ledger::VerifierKey;
use store::{Installation, Verified};

use crate::{
    data_directory::{DataDirectory, shown},
    outcome::Outcome,
    progress::{self, print},
};

/// Check every ledger and every stored record against what was signed
///
/// Without --bundle or --archive it checks the data directory: every ledger from its first entry to its signed
/// checkpoint, every record against its entry, every sealed value under its key. With them it checks what an
/// outsider was given, and needs neither the data nor any secret.
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    data: DataDirectory,

    /// A checkpoint that was kept elsewhere, or a folder of them; shows whether a ledger was cut or rewritten since
    #[arg(long, visible_alias = "checkpoint", value_name = "FILE")]
    seen: Vec<PathBuf>,

    /// Check this proof of one entry instead (C2SP tlog-proof)
    #[arg(long, value_name = "FILE", requires = "entry", requires = "key", conflicts_with_all = ["archive", "seen"])]
    bundle: Option<PathBuf>,

    /// The entry that --bundle proves: its exact bytes
    #[arg(long, value_name = "FILE", requires = "bundle")]
    entry: Option<PathBuf>,

    /// Check this ledger archive instead (C2SP tlog-tiles as a folder)
    #[arg(long, value_name = "FOLDER", requires = "key")]
    archive: Option<PathBuf>,

    /// A public key of the ledger, as name+id+base64; give both. Every key given must have signed
    #[arg(long, value_name = "VKEY", value_parser = VerifierKey::parse)]
    key: Vec<VerifierKey>,
}

impl Verify {
    pub(crate) fn run(self) -> Result<Outcome> {
        let seen = read_seen(&self.seen)?;
        match (&self.bundle, &self.entry, &self.archive) {
            (Some(bundle), Some(entry), _) => outside::bundle(bundle, entry, &self.key),
            (_, _, Some(archive)) => outside::archive(archive, &seen, &self.key),
            _ => data(&self.data.open()?, &seen),
        }
    }
}

/// Every organization of a data directory.
fn data(installation: &Installation, seen: &[Vec<u8>]) -> Result<Outcome> {
    let mut holds = true;
    let mut known = vec![false; seen.len()];
    for organization in installation.all() {
        let origins: Vec<String> = organization.ledgers()?.into_iter().map(|(_, _, origin)| origin).collect();
        let mut mine = Vec::new();
        for (note, known) in seen.iter().zip(&mut known) {
            if origins.iter().any(|origin| Some(origin.as_str()) == first_line(note)) {
                mine.push(note.clone());
                *known = true;
            }
        }
        let bar = progress::counted(format!("verifying {}", organization.name()));
        let verified = organization.verify(&mine);
        bar.finish_and_clear();
        let verified = verified?;
        describe(organization.name(), &verified, mine.len())?;
        holds &= verified.holds();
    }
    for (note, _) in seen.iter().zip(&known).filter(|(_, known)| !**known) {
        holds = false;
        print(&format!(
            "FOUND: no ledger here is the one of a checkpoint kept elsewhere ({}): it was removed, or the checkpoint \
             is another installation's",
            first_line(note).unwrap_or("no text")
        ))?;
    }
    print(if holds { "verified: all of it holds" } else { "REFUSED: not all of it holds" })?;
    Ok(Outcome::of(holds))
}

fn describe(name: &str, verified: &Verified, seen: usize) -> Result<()> {
    print(&format!("{name}:"))?;
    for ledger in &verified.ledgers {
        print(&format!("  {}  {} entries, root {}", ledger.origin, ledger.entries, ledger.root))?;
        if ledger.uncovered > 0 && verified.holds() {
            print(&format!("    its last {} had no checkpoint over them; they are signed now", ledger.uncovered))?;
        }
    }
    print(&format!(
        "  {} records as their entries say; {} sealed values opened, {} erased",
        verified.records, verified.opened, verified.erased
    ))?;
    match seen {
        0 if verified.holds() => print(
            "  not compared with any checkpoint kept elsewhere: save some with `probity checkpoint` and give them \
             with --seen to rule out a rewritten history",
        )?,
        0 => {}
        _ => print(&format!("  compared with {seen} checkpoint(s) kept elsewhere"))?,
    }
    for finding in &verified.findings {
        print(&format!("FOUND: {finding}"))?;
    }
    if verified.further > 0 {
        print(&format!("FOUND: {} more of the same", verified.further))?;
    }
    Ok(())
}

fn first_line(note: &[u8]) -> Option<&str> {
    std::str::from_utf8(note).ok()?.lines().next()
}

/// Checkpoints from files, and from the `.checkpoint` files of folders.
fn read_seen(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let entries = fs::read_dir(path).with_context(|| format!("{} cannot be read", shown(path)))?;
            for entry in entries {
                let path = entry?.path();
                if path.extension().is_some_and(|end| end == "checkpoint") {
                    files.push(path);
                }
            }
        } else {
            files.push(path.clone());
        }
    }
    files.sort();
    files.iter().map(|file| outside::read(Path::new(file))).collect()
}
