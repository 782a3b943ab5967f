//! Files that commands read and write, and what they report of them.

use std::{
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use store::{Actor, Organization, views::MyStudies, views::StudyLine};
use web::exchange::{DataReport, FileIn, ImportReport};

use crate::{data_directory::shown, progress::print};

/// Deviations, misfits and remarks printed of each; the report file has all.
const LINES: usize = 20;

/// How a file is read.
#[derive(Debug, clap::Args)]
pub(super) struct Reading {
    /// Refuse the file at its first deviation from the standard, rather than report and go on
    #[arg(long)]
    strict: bool,

    /// Write the whole report to this file, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Reading {
    /// Opens the file to be read, and says how long it is.
    pub(super) fn open(&self, path: &Path) -> Result<(FileIn<File>, u64)> {
        let content = File::open(path).with_context(|| format!("{} cannot be read", shown(path)))?;
        let about = content.metadata().with_context(|| format!("{} cannot be read", shown(path)))?;
        if !about.is_file() {
            bail!("{} is not a file: name an ODM file", shown(path));
        }
        let name = path.file_name().map_or_else(|| shown(path).to_string(), |name| name.to_string_lossy().into_owned());
        let mut file = FileIn::new(name, content);
        if self.strict {
            file.mode = odm::Mode::Strict;
        }
        Ok((file, about.len()))
    }

    /// Writes the report where it was asked for.
    pub(super) fn save(&self, report: &impl serde::Serialize) -> Result<()> {
        let Some(path) = &self.report else { return Ok(()) };
        let file = File::create(path).with_context(|| format!("{} cannot be written", shown(path)))?;
        serde_json::to_writer_pretty(BufWriter::new(file), report)
            .with_context(|| format!("{} cannot be written", shown(path)))?;
        print(&format!("the whole report is {}", shown(path)))
    }
}

/// The study that is meant, among those the person has a part in.
pub(super) fn study(organization: &Organization, actor: &Actor, named: &str) -> Result<StudyLine> {
    let all = organization.view(actor, &MyStudies {})?;
    let found = all.iter().find(|study| study.oid == named || study.name == named || study.id.to_string() == named);
    found.cloned().with_context(|| {
        let list: Vec<String> = all.iter().map(|study| format!("  {}  {}", study.oid, study.name)).collect();
        match list.as_slice() {
            [] => format!("you have no part in a study “{named}”: ask a study administrator for a role in it"),
            list => format!("you have no part in a study “{named}”; you have one in\n{}", list.join("\n")),
        }
    })
}

/// What reading reported: kept extensions kind by kind, deviations by line.
pub(super) fn describe(report: &ImportReport) -> Result<()> {
    let file = &report.file;
    print(&format!("{}: {}, {} bytes, SHA-256 {}", file.name, file.edition, file.bytes, file.digest))?;
    if !file.source_system().is_empty() {
        print(&format!("  written by {}", file.source_system()))?;
    }
    print(&format!("  {} deviations from the standard", report.deviation_count))?;
    for deviation in report.deviations.iter().take(LINES) {
        print(&format!("    {deviation}"))?;
    }
    more(report.deviation_count)?;
    print(&format!("  {} things kept beyond the standard", report.extension_count))?;
    for kept in &report.extensions {
        let first = kept.lines.first().map_or_else(String::new, |line| format!(", first in line {line}"));
        print(&format!("    {} × {} {{{}}} in {}{first}", kept.count, kept.name, kept.namespace, kept.path))?;
    }
    if !report.definitional.is_empty() {
        print(&format!("  {} remarks on the definitions", report.definitional.len()))?;
        for remark in report.definitional.iter().take(LINES) {
            print(&format!("    {}: {}", remark.place, remark.message))?;
        }
        more(report.definitional.len() as u64)?;
    }
    Ok(())
}

/// What an import of data reported besides.
pub(super) fn describe_data(report: &DataReport) -> Result<()> {
    describe(&report.reading)?;
    let counts = &report.reading.counts;
    print(&format!(
        "  {} subjects, {} visits, {} forms, {} item groups, {} values, {} audit records",
        counts.subjects, counts.visits, counts.forms, counts.groups, counts.values, counts.audit_records
    ))?;
    print(&format!("  {} things that do not fit the definition; all were kept", report.misfit_count))?;
    for misfit in report.misfits.iter().take(LINES) {
        print(&format!("    subject {}, {}: {}", misfit.subject, misfit.place, misfit.message))?;
    }
    more(report.misfit_count)
}

fn more(count: u64) -> Result<()> {
    match count.saturating_sub(LINES as u64) {
        0 => Ok(()),
        rest => print(&format!("    and {rest} more")),
    }
}
