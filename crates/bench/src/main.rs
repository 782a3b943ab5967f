//! Measures the product: what a save costs, over HTTP and without, how the ledger's cost grows, what moving a large
//! study costs; and, in the same run, the plain figures beneath: bare durable transactions, SHA-256, AES-256-GCM.
//!
//! Rounds of the parts alternate, so that a machine that slows down slows all of them. It refuses to judge: it prints
//! medians and how far the rounds lay apart.

mod access;
mod act;
mod by_hand;
mod compare;
mod exchange;
mod figures;
mod floods;
mod forms;
mod growth;
mod http;
mod idle;
mod machine;
mod plain;
mod scene;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use figures::Figures;
use mimalloc::MiMalloc;

/// The product's own, so that what is measured is what runs.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Measures Probity on this machine.
#[derive(Parser)]
struct Arguments {
    /// What to measure, in this order: plain, act, http, compare, ledger, exchange, forms, idle, access, timing,
    /// floods.
    #[arg(long, value_delimiter = ',', default_value = "plain,act,http,compare,ledger,exchange")]
    parts: Vec<String>,
    /// Rounds of each alternating part.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Seconds of one measurement in a round.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Clients, over HTTP and without.
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Items of the saved form.
    #[arg(long, default_value_t = 20)]
    items: usize,
    /// Entries of the largest ledger.
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
    /// Item values of the synthetic study.
    #[arg(long, default_value_t = 2_000_000)]
    values: u64,
    /// Forms of the largest study.
    #[arg(long, default_value_t = 1_000_000)]
    forms: usize,
    /// Organizations of the server that idles.
    #[arg(long, default_value_t = 1_000)]
    organizations: u64,
    /// Where to make the data directories; on the disk that is to be measured.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// Writes the figures as JSON too.
    #[arg(long)]
    json: Option<PathBuf>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// Processes that the bench starts of itself.
#[derive(Subcommand)]
enum Part {
    /// Serves a data directory on a free port, which it prints.
    #[command(hide = true)]
    Serve { data: PathBuf },
    /// Reads and checks a file as an import would.
    #[command(hide = true)]
    Read { data: PathBuf, file: PathBuf },
    /// Imports a file into the only study of a data directory.
    #[command(hide = true)]
    Import { data: PathBuf, file: PathBuf },
    /// Exports the only study of a data directory.
    #[command(hide = true)]
    Export { data: PathBuf, file: PathBuf },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match &arguments.part {
        Some(Part::Serve { data }) => http::serve(data),
        Some(Part::Read { data, file }) => exchange::import(data, file, true),
        Some(Part::Import { data, file }) => exchange::import(data, file, false),
        Some(Part::Export { data, file }) => exchange::export(data, file),
        None => measure(&arguments),
    }
}

fn measure(arguments: &Arguments) -> Result<()> {
    let wants = |part: &str| arguments.parts.iter().any(|wanted| wanted == part);
    let mut figures = Figures::default();
    machine::describe(&mut figures);
    let slice = Duration::from_secs_f64(arguments.seconds);
    let mut plain = wants("plain").then(|| plain::Plain::begin(&fresh(arguments, "plain")?)).transpose()?;
    let mut act = wants("act")
        .then(|| act::Acts::begin(&fresh(arguments, "act")?, arguments.items, arguments.clients))
        .transpose()?;
    let mut http = wants("http")
        .then(|| {
            let subjects = arguments.clients.saturating_mul(usize::try_from(arguments.rounds)?);
            http::Http::begin(&fresh(arguments, "http")?, arguments.items, subjects, None)
        })
        .transpose()?;
    for round in 1..=arguments.rounds {
        figures::say(&format!("round {round} of {}", arguments.rounds));
        if let Some(plain) = &mut plain {
            plain.round(slice, &mut figures)?;
        }
        if let Some(act) = &mut act {
            act.round(slice, &mut figures)?;
        }
        if let Some(http) = &mut http {
            let name = format!("HTTP: saves of {} items", arguments.items);
            http.round(&name, arguments.clients, slice, &mut figures)?;
        }
    }
    drop((plain, act, http));
    if wants("compare") {
        compare::measure(&fresh(arguments, "compare")?, arguments.rounds, slice, &mut figures)?;
    }
    if wants("ledger") {
        growth::measure(&fresh(arguments, "ledger")?, arguments.entries, &mut figures)?;
    }
    if wants("exchange") {
        exchange::measure(&fresh(arguments, "exchange")?, arguments.values, &mut figures)?;
    }
    if wants("forms") {
        forms::measure(&fresh(arguments, "forms")?, arguments.forms, arguments.rounds, slice, &mut figures)?;
    }
    if wants("access") {
        access::measure(&fresh(arguments, "access")?, arguments.rounds, &mut figures)?;
    }
    if wants("timing") {
        floods::timing(&fresh(arguments, "timing")?, arguments.rounds, &mut figures)?;
    }
    if wants("floods") {
        floods::measure(&fresh(arguments, "floods")?, arguments.rounds, slice, &mut figures)?;
    }
    if wants("idle") {
        idle::measure(&fresh(arguments, "idle")?, arguments.organizations, &mut figures)?;
    }
    figures.print();
    if let Some(file) = &arguments.json {
        std::fs::write(file, figures.json()?).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

/// An empty folder for a part.
fn fresh(arguments: &Arguments, part: &str) -> Result<PathBuf> {
    let folder = Path::new(&arguments.folder).join(part);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
