//! `probity data`: clinical data in, as imported claims.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use store::views::ShowStudy;
use trial::ids::SiteId;
use web::exchange::{self, DataImport};

use super::file::{Reading, describe_data, study};
use crate::{
    data_directory::{DataDirectory, organization},
    outcome::Outcome,
    person::AsPerson,
    progress::{self, print},
};

/// Import clinical data
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Import the clinical data of an ODM file: kept as the file says them, with its digest and audit records
    Import(ImportData),
}

/// Import data.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportData {
    /// The ODM file (1.3, 1.3.1, 1.3.2 or 2.0)
    file: PathBuf,

    #[command(flatten)]
    data: DataDirectory,

    /// Which organization, by name or id; the only one unless given
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,

    #[command(flatten)]
    person: AsPerson,

    /// Into which study, by its identifier (StudyOID) or name
    #[arg(long, value_name = "OID")]
    study: String,

    /// The site, by its identifier (LocationOID) or name, of subjects whose file names none
    #[arg(long, value_name = "OID")]
    site: Option<String>,

    /// Import the file even if it was imported before
    #[arg(long)]
    again: bool,

    /// Read and report only; store nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    reading: Reading,
}

impl DataCommand {
    pub(crate) fn run(self) -> Result<Outcome> {
        let DataCommand::Import(import) = self;
        import.run()
    }
}

impl ImportData {
    fn run(self) -> Result<Outcome> {
        let installation = self.data.open()?;
        let organization = organization(&installation, self.organization.as_deref())?;
        let (mut file, length) = self.reading.open(&self.file)?;
        let person = self.person.sign_in(&organization)?;
        let study = study(&organization, person.actor(), &self.study)?;
        let shown = organization.view(person.actor(), &ShowStudy { study: study.id })?;
        let site = self.site.as_deref().map(|named| site(&shown.sites, named)).transpose()?;
        let asked = DataImport {
            study: study.id,
            site,
            again: self.again,
            dry_run: self.dry_run,
            request: organization.fresh_request()?,
        };
        let bar = progress::bytes("checking, then storing", length.saturating_mul(2));
        let imported =
            exchange::import_data(&organization, person.actor(), asked, &mut file, |bytes| bar.set_position(bytes));
        bar.finish_and_clear();
        let report = imported?;
        describe_data(&report)?;
        print(&match (report.import, report.repeated) {
            (Some(import), true) => {
                format!("this file was imported before, as {import}: nothing was imported again (--again does)")
            }
            (Some(import), false) => format!("imported into {} as {import}", study.name),
            (None, _) => "nothing was stored: this was a dry run".to_owned(),
        })?;
        self.reading.save(&report)?;
        Ok(Outcome::Done)
    }
}

fn site(sites: &[store::views::SiteLine], named: &str) -> Result<SiteId> {
    let found = sites.iter().find(|site| site.oid == named || site.name == named || site.id.to_string() == named);
    found.map(|site| site.id).with_context(|| {
        let list: Vec<String> = sites.iter().map(|site| format!("  {}  {}", site.oid, site.name)).collect();
        format!("this study has no site “{named}”; it has\n{}", list.join("\n"))
    })
}
