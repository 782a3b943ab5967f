//! `probity org`: found an organization, list them. Who works in it is its own administrators' affair.

use anyhow::{Result, bail};
use clap::Subcommand;
use store::{FirstAdministrator, Installation, acts::FoundOrganization};

use crate::{
    data_directory::{DataDirectory, PostgresOwner},
    outcome::Outcome,
    progress::print,
};

/// Found an organization, or list those there are
#[derive(Debug, Subcommand)]
pub(crate) enum OrganizationCommand {
    /// Found an organization and print the link with which its first administrator enrols
    Create(Create),
    /// List the organizations: id, name, ledgers
    List(List),
}

/// Found an organization.
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    #[command(flatten)]
    data: DataDirectory,

    #[command(flatten)]
    owner: PostgresOwner,

    #[command(flatten)]
    founding: Founding,
}

/// List the organizations.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    data: DataDirectory,
}

/// An organization to be founded, and its first administrator.
#[derive(Debug, clap::Args)]
#[group(requires_all = ["organization", "admin_name", "admin_email", "admin_sign_in"])]
pub(crate) struct Founding {
    /// The organization's name
    #[arg(long, value_name = "NAME", required = false)]
    organization: String,

    /// The first administrator's name
    #[arg(long, value_name = "NAME", required = false)]
    admin_name: String,

    /// The first administrator's mail address
    #[arg(long, value_name = "ADDRESS", required = false)]
    admin_email: String,

    /// The name the first administrator signs in with
    #[arg(long, value_name = "NAME", required = false)]
    admin_sign_in: String,

    /// Where people will reach this server; the enrolment link begins with it
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7240")]
    address: String,

    /// What the names of its ledgers begin with, for ever: a host and path without a scheme. From --address unless given
    #[arg(long, value_name = "HOST/PATH")]
    origin: Option<String>,

    /// Let people sign in without a second factor, for this reason: it is kept, and shown among the settings as a deviation
    #[arg(long, value_name = "REASON")]
    without_second_factor: Option<String>,
}

impl OrganizationCommand {
    pub(crate) fn run(self) -> Result<Outcome> {
        match self {
            OrganizationCommand::Create(Create { data, owner, founding }) => {
                let founding = founding.checked()?;
                found(&data.open_as(&owner)?, founding)
            }
            OrganizationCommand::List(List { data }) => list(&data.open()?),
        }
    }
}

impl Founding {
    /// The origin can never be changed, so it is looked at before anything is made.
    pub(crate) fn checked(mut self) -> Result<Self> {
        let address = self.address.trim_end_matches('/').to_owned();
        let Some((_, host)) = address.split_once("://") else {
            bail!("--address {address}: begin it with http:// or https://, as in https://probity.example.org");
        };
        let origin = self.origin.take().unwrap_or_else(|| format!("{host}/ledger"));
        if origin.is_empty() || origin.contains("://") || origin.contains(['+', '?', '#']) || has_space(&origin) {
            bail!("--origin {origin}: give a host and a path without a scheme, as in probity.example.org/ledger");
        }
        Ok(Founding { address, origin: Some(origin.trim_end_matches('/').to_owned()), ..self })
    }
}

fn has_space(text: &str) -> bool {
    text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Founds it and prints the one-time link.
pub(crate) fn found(installation: &Installation, founding: Founding) -> Result<Outcome> {
    let token = store::fresh_token()?;
    let first = FirstAdministrator {
        name: founding.admin_name,
        email: founding.admin_email,
        sign_in: founding.admin_sign_in,
        token: token.clone(),
    };
    let act = FoundOrganization {
        name: founding.organization,
        origin: founding.origin.unwrap_or_default(),
        without_second_factor: founding.without_second_factor,
    };
    let organization = installation.found(act, &first)?;
    print(&format!(
        "founded {} ({})\n{} enrols here, once and within seven days, while `probity serve` runs:\n  {}/enrol#{token}",
        organization.name(),
        organization.id(),
        first.name,
        founding.address,
    ))?;
    Ok(Outcome::Done)
}

fn list(installation: &Installation) -> Result<Outcome> {
    let all = installation.all();
    if all.is_empty() {
        print("no organization yet: found one with `probity org create`")?;
    }
    for organization in all {
        print(&format!("{}  {}", organization.id(), organization.name()))?;
        for (number, _, origin) in organization.ledgers()? {
            print(&format!("  ledger {number}  {origin}"))?;
        }
    }
    Ok(Outcome::Done)
}
