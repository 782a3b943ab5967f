//! Probity beside what an engineer writes by hand on PostgreSQL: the same form, the same machine, the same minute. Every
//! side is durable throughout, and takes its turn in every round.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use testbed::Server;

use crate::{
    by_hand::{ByHand, Variant},
    figures::{Figures, say},
    http::Http,
};

/// Items of a form.
const ITEMS: usize = 10;
const CLIENTS: [usize; 3] = [1, 8, 16];

pub fn measure(folder: &Path, rounds: u32, slice: Duration, figures: &mut Figures) -> Result<()> {
    let server = Server::start()?;
    let subjects = CLIENTS.iter().sum::<usize>().saturating_mul(usize::try_from(rounds)?);
    let mut embedded = Http::begin(&folder.join("embedded"), ITEMS, subjects, None)?;
    let probity = server.make("probity")?;
    let mut postgres = Http::begin(&folder.join("postgres"), ITEMS, subjects, Some((&server, &probity)))?;
    let by_hand = ByHand::begin(&server, ITEMS)?;
    for round in 1..=rounds {
        say(&format!("comparison, round {round} of {rounds}"));
        for clients in CLIENTS {
            embedded.round("(a) Probity over HTTP, embedded store", clients, slice, figures)?;
            postgres.round("(a) Probity over HTTP, PostgreSQL", clients, slice, figures)?;
            by_hand.round(Variant::Audited, clients, slice, figures)?;
            by_hand.round(Variant::Chained, clients, slice, figures)?;
        }
    }
    for clients in CLIENTS {
        let of = |figures: &Figures, name: &str| {
            let clients = if clients == 1 { "1 client".into() } else { format!("{clients} clients") };
            figures.median(&format!("{name}, {clients}: a second")).context("it was measured")
        };
        let chained = of(figures, Variant::Chained.name())?;
        for name in
            ["(a) Probity over HTTP, embedded store", "(a) Probity over HTTP, PostgreSQL", Variant::Audited.name()]
        {
            let times = of(figures, name)? / chained;
            figures.note(format!("{clients} clients: {name}: {times:.1} times (c)"));
        }
    }
    Ok(())
}
