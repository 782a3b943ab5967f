//! `probity rebuild`: the ledger and the sealed contents, replayed into a fresh database, compared table by table.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::{
    data_directory::{DataDirectory, organization, shown},
    outcome::Outcome,
    progress::{self, print},
};

/// Replay ledger and sealed contents into a fresh database and compare it with the live one, table by table
#[derive(Debug, clap::Args)]
pub(crate) struct Rebuild {
    #[command(flatten)]
    data: DataDirectory,

    /// Which organization, by name or id; all unless given
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,

    /// Keep the rebuilt database under this name; it is encrypted under the organization's own key
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
}

impl Rebuild {
    pub(crate) fn run(self) -> Result<Outcome> {
        let installation = self.data.open()?;
        let all = match &self.organization {
            Some(named) => vec![organization(&installation, Some(named))?],
            None => installation.all(),
        };
        if self.into.is_some() && all.len() != 1 {
            bail!("--into holds one database: name the organization with --organization");
        }
        let mut equal = true;
        for organization in all {
            let scratch = installation.folder().join(format!("rebuild-{}.db", organization.id()));
            let into = self.into.as_deref().unwrap_or(&scratch);
            if self.into.is_none() {
                // One that was broken off left its scratch file.
                remove(into);
            }
            let bar = progress::counted(format!("rebuilding {}", organization.name()));
            let rebuilt = organization.rebuild(into, |entries| bar.set_position(entries));
            bar.finish_and_clear();
            if self.into.is_none() {
                remove(into);
            }
            let rebuilt = rebuilt?;
            print(&format!(
                "{}: {} entries, {} records replayed",
                organization.name(),
                rebuilt.entries,
                rebuilt.records
            ))?;
            for (table, rows) in &rebuilt.tables {
                let differs = rebuilt.differences.iter().find(|line| line.starts_with(&format!("{table}:")));
                print(&match differs {
                    None => format!("  equal    {table:<14} {rows} rows"),
                    Some(line) => format!("  DIFFERS  {line}"),
                })?;
            }
            for line in rebuilt.differences.iter().filter(|line| !line.contains(": ")) {
                print(&format!("  DIFFERS  {line}"))?;
            }
            print(if rebuilt.equal() { "  the rebuilt database is equal" } else { "  the rebuilt database differs" })?;
            if self.into.is_some() {
                print(&format!("  it is {}", shown(into)))?;
            }
            equal &= rebuilt.equal();
        }
        Ok(Outcome::of(equal))
    }
}

/// Removes a scratch database and what SQLite keeps beside it.
fn remove(file: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(end);
        let _ = std::fs::remove_file(name);
    }
}
