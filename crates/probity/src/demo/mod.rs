//! `probity demo`: the product, running, with a demonstration study in it.
//!
//! The organization is founded as an operator founds one; from then on everything is done by its people, through the
//! HTTP API of the very server that goes on running. It refuses to reach into the store beside that, and to touch a
//! folder that it did not make.

mod accounts;
mod chance;
mod client;
mod entry;
mod folder;
mod people;
mod plan;
mod setup;
mod study;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use jiff::{civil::Date, tz::TimeZone};
use store::{Clock as _, Installation};
use tokio::runtime::Runtime;
use web::{ServeConfig, Serving};

use self::{
    accounts::Account,
    folder::{Folder, Made},
    plan::Wanted,
};
use crate::{
    clock::MachineClock,
    log::{self, LogFormat},
    outcome::Outcome,
    progress,
};

/// Where it listens unless told: the port that `probity serve` has too.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7240);

/// What `probity demo` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = "Everything in it is invented, and its passwords are kept in clear beside it: \
    never put a real study there.")]
pub(crate) struct Demo {
    /// Its folder; made if absent, gone on with if present. In your cache folder unless given
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Where to listen. Port 0 takes a free one; without this option, 127.0.0.1:7240 or else a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,

    /// How many subjects to enter
    #[arg(long, value_name = "COUNT", default_value_t = 60, value_parser = clap::value_parser!(u32).range(0..=5_000))]
    subjects: u32,

    /// What decides the invented data: the same number on the same day makes the same
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,

    /// Write the accounts there too, as JSON, once everything is ready
    #[arg(long, value_name = "FILE")]
    accounts_file: Option<PathBuf>,

    /// Throw away what an earlier demonstration left in the folder, and begin again
    #[arg(long)]
    fresh: bool,
}

impl Demo {
    pub(crate) fn run(self) -> Result<Outcome> {
        log::start_at(LogFormat::Text, "warn");
        if let Some(listen) = self.listen.filter(|listen| !listen.ip().is_loopback()) {
            bail!(
                "--listen {listen}: a demonstration shows its passwords, so it listens on the loopback only: 127.0.0.1"
            );
        }
        let folder = Folder::at(self.data.clone());
        let made = folder.prepare(self.fresh)?;
        let runtime = Runtime::new().context("the server's threads cannot be started")?;
        let (accounts, serving, address) = match made {
            Some(made) => self.go_on(&folder, made, &runtime)?,
            None => self.make(&folder, &runtime)?,
        };
        if let Some(file) = &self.accounts_file {
            accounts::write(file, &accounts)?;
        }
        progress::print(&accounts::said(&address, &folder, &accounts))?;
        runtime.block_on(serving.stopped())?;
        progress::say("stopped");
        Ok(Outcome::Done)
    }

    fn go_on(&self, folder: &Folder, made: Made, runtime: &Runtime) -> Result<(Vec<Account>, Serving, String)> {
        progress::say(&format!("going on with the demonstration in {}", folder.shown()));
        let installation = Installation::open(folder.path(), None, Arc::new(MachineClock))?;
        let (serving, address) = self.serve(runtime, installation)?;
        Ok((made.accounts, serving, address))
    }

    fn make(&self, folder: &Folder, runtime: &Runtime) -> Result<(Vec<Account>, Serving, String)> {
        let begun = Instant::now();
        progress::say(&format!("making the demonstration in {}", folder.shown()));
        folder.begin()?;
        let installation = Installation::create(folder.path(), None, Arc::new(MachineClock))?;
        let first = setup::found(&installation)?;
        let (serving, address) = self.serve(runtime, installation)?;
        let place = setup::run(&address, first)?;
        let definition = study::indexed()?;
        let wanted = Wanted { subjects: self.subjects, seed: self.seed, today: today() };
        let entered = entry::enter(&address, &place, plan::plan(&definition, wanted))?;
        progress::say(&format!("{entered}; ready after {:.1} s", begun.elapsed().as_secs_f64()));
        folder.finish(&Made { seed: self.seed, subjects: self.subjects, accounts: place.accounts.clone() })?;
        Ok((place.accounts, serving, address))
    }

    fn serve(&self, runtime: &Runtime, installation: Installation) -> Result<(Serving, String)> {
        let installation = Arc::new(installation);
        let serve = |listen: SocketAddr| {
            let config = ServeConfig { listen: vec![listen], unpaced: true, ..ServeConfig::default() };
            runtime.block_on(web::serve(config, Arc::clone(&installation)))
        };
        let serving = match (self.listen, serve(self.listen.unwrap_or(LISTEN))) {
            // Another demonstration has the usual port: any other will do.
            (None, Err(_)) => serve(SocketAddr::new(LISTEN.ip(), 0))?,
            (_, served) => served?,
        };
        let address = serving.addresses.first().map(|bound| format!("http://{bound}"));
        Ok((serving, address.context("the server listens nowhere")?))
    }
}

/// The day on which the data are entered.
fn today() -> Date {
    MachineClock.now().to_zoned(TimeZone::UTC).date()
}
