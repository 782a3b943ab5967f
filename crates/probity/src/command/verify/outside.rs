//! What an outsider checks: a proof of one entry, or a whole ledger archive, with nothing but public keys.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use ledger::{
    VerifierKey,
    archive::{ArchiveReader, Content, verify_archive},
    bundle::Bundle,
};

use crate::{data_directory::shown, outcome::Outcome, progress::print};

/// Larger than a full entry bundle (256 entries of 65,535 bytes, each with its length).
const FILE_BYTES_MAX: u64 = 17 * 1024 * 1024;

/// One entry and its proof.
pub(super) fn bundle(bundle: &Path, entry: &Path, keys: &[VerifierKey]) -> Result<Outcome> {
    let entry = read(entry)?;
    match Bundle::parse(&read(bundle)?).and_then(|bundle| bundle.verify(&entry, keys)) {
        Ok(proved) => {
            let head = &proved.checkpoint;
            print(&format!(
                "verified: this is entry {} of {}, in its checkpoint over {} entries, root {}",
                proved.index, head.origin, head.size, head.root
            ))?;
            Ok(Outcome::Done)
        }
        Err(error) => {
            print(&format!("REFUSED: {error}"))?;
            Ok(Outcome::DoesNotHold)
        }
    }
}

/// A whole ledger, as a folder.
pub(super) fn archive(folder: &Path, seen: &[Vec<u8>], keys: &[VerifierKey]) -> Result<Outcome> {
    if !folder.is_dir() {
        bail!("{} is not a folder: name the archive's", shown(folder));
    }
    let report = verify_archive(&Folder(folder.to_owned()), seen, keys, Content::Entries)?;
    for finding in &report.findings {
        print(&format!("FOUND {}: {finding}", finding.code()))?;
    }
    if report.further_findings > 0 {
        print(&format!("FOUND {} more of the same", report.further_findings))?;
    }
    let origin = report.checkpoint.as_ref().map_or("no verified checkpoint", |head| head.origin.as_str());
    let verdict = if report.holds() { "verified" } else { "REFUSED" };
    print(&format!("{verdict}: {origin}, {} entries read, root {}", report.entries, report.root))?;
    Ok(Outcome::of(report.holds()))
}

/// A whole file, within what the formats allow.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes))
        .with_context(|| format!("{} cannot be read", shown(path)))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        bail!("{} is larger than {FILE_BYTES_MAX} bytes: it is no part of a ledger", shown(path));
    }
    Ok(bytes)
}

struct Folder(PathBuf);

impl ArchiveReader for Folder {
    type Error = anyhow::Error;

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let path = self.0.join(path);
        if path.try_exists().unwrap_or(true) { read(&path).map(Some) } else { Ok(None) }
    }
}
