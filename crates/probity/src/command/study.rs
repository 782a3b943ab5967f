//! `probity study`: definitions in, whole studies out.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use clap::{Subcommand, ValueEnum};
use store::Clock as _;
use web::exchange;

use super::file::{Reading, describe, study};
use crate::{
    clock::MachineClock,
    data_directory::{DataDirectory, organization, shown},
    outcome::Outcome,
    person::AsPerson,
    progress::{self, print},
};

/// Import a study definition, or export a study
#[derive(Debug, Subcommand)]
pub(crate) enum StudyCommand {
    /// Register a study, or publish its definition, from an ODM file
    Import(ImportStudy),
    /// Export a study with its data, audit records, users and sites
    Export(ExportStudy),
}

/// Import a definition.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportStudy {
    /// The ODM file (1.3, 1.3.1, 1.3.2 or 2.0)
    file: PathBuf,

    #[command(flatten)]
    data: DataDirectory,

    /// Which organization, by name or id; the only one unless given
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,

    #[command(flatten)]
    person: AsPerson,

    /// Publish the definition for this study, named by its identifier (StudyOID) or name
    #[arg(long, value_name = "OID", required_unless_present = "new", conflicts_with = "new")]
    study: Option<String>,

    /// Register a new study under the identifier and name in the file. Publishing its definition is the next step,
    /// by somebody with a role in it: registering a study gives nobody one
    #[arg(long)]
    new: bool,

    #[command(flatten)]
    reading: Reading,
}

/// Export a study.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportStudy {
    #[command(flatten)]
    data: DataDirectory,

    /// Which organization, by name or id; the only one unless given
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,

    #[command(flatten)]
    person: AsPerson,

    /// Which study, by its identifier (StudyOID) or name
    #[arg(long, value_name = "OID")]
    study: String,

    /// In which format
    #[arg(long, value_enum, default_value_t = Format::Odm)]
    format: Format,

    /// The file to write; one that exists is not overwritten
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

/// A format to export in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// CDISC ODM 1.3.2
    Odm,
    /// A zip of CSV files, one for each item group, with a data dictionary
    Csv,
}

impl StudyCommand {
    pub(crate) fn run(self) -> Result<Outcome> {
        match self {
            StudyCommand::Import(import) => import.run(),
            StudyCommand::Export(export) => export.run(),
        }
    }
}

impl ImportStudy {
    fn run(self) -> Result<Outcome> {
        let installation = self.data.open()?;
        let organization = organization(&installation, self.organization.as_deref())?;
        let (mut file, length) = self.reading.open(&self.file)?;
        let person = self.person.sign_in(&organization)?;
        let request = organization.fresh_request()?;
        let bar = progress::bytes("reading", length);
        let tell = |bytes| bar.set_position(bytes);
        let Some(named) = &self.study else {
            let registered = exchange::register_study(&organization, person.actor(), &mut file, request, tell);
            bar.finish_and_clear();
            let (_, registered) = registered?;
            print(&format!(
                "registered {} ({}).\nNext: an organization administrator appoints its study administrator, who gives \
                 roles; whoever builds it publishes the definition with `probity study import {} --study {}`.",
                registered.name,
                registered.oid,
                shown(&self.file),
                registered.oid
            ))?;
            return Ok(Outcome::Done);
        };
        let study = study(&organization, person.actor(), named)?;
        let imported = exchange::import_definition(&organization, person.actor(), study.id, &mut file, request, tell);
        bar.finish_and_clear();
        let (receipt, report) = imported?;
        describe(&report)?;
        let counts = &report.counts;
        print(&format!(
            "  {} versions, {} visits, {} forms, {} item groups, {} items, {} code lists",
            counts.versions,
            counts.defined_visits,
            counts.defined_forms,
            counts.defined_groups,
            counts.defined_items,
            counts.defined_code_lists
        ))?;
        if counts.values > 0 {
            print(&format!(
                "  the file holds {} values besides: import them with `probity data import`",
                counts.values
            ))?;
        }
        print(&format!(
            "published the definition of {}: entry {} of ledger {}",
            study.name, receipt.index, receipt.ledger
        ))?;
        self.reading.save(&report)?;
        Ok(Outcome::Done)
    }
}

impl ExportStudy {
    fn run(self) -> Result<Outcome> {
        let installation = self.data.open()?;
        let organization = organization(&installation, self.organization.as_deref())?;
        let person = self.person.sign_in(&organization)?;
        let study = study(&organization, person.actor(), &self.study)?;
        if self.output.exists() {
            bail!("{} exists already: name a file that does not", shown(&self.output));
        }
        let beside = part(&self.output);
        let out = fs::File::create(&beside).with_context(|| format!("{} cannot be written", shown(&beside)))?;
        let out = std::io::BufWriter::with_capacity(1 << 20, out);
        let bar = progress::counted(format!("exporting {}", study.name));
        let exported = match self.format {
            Format::Odm => exchange::export_odm(&organization, person.actor(), study.id, MachineClock.now(), out),
            Format::Csv => exchange::export_csv(&organization, person.actor(), study.id, installation.folder(), out),
        };
        bar.finish_and_clear();
        let exported = match exported {
            Ok(exported) => exported,
            Err(error) => {
                // Half a file must not be taken for a whole one.
                let _ = fs::remove_file(&beside);
                return Err(error.into());
            }
        };
        fs::rename(&beside, &self.output).with_context(|| format!("{} cannot be written", shown(&self.output)))?;
        print(&format!(
            "wrote {}: {} subjects, {} forms, {} item groups; {} bytes, SHA-256 {}",
            shown(&self.output),
            exported.held.subjects,
            exported.held.forms,
            exported.held.groups,
            exported.bytes,
            exported.digest
        ))?;
        Ok(Outcome::Done)
    }
}

/// Where a file is written until it is whole.
fn part(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".part");
    name.into()
}
