//! What saving costs, and opening a subject's matrix or a form, as saved forms grow: servers that hold more and more of
//! them take turns, so that a machine that slows down slows all of them.

use std::{path::Path, time::Duration};

use anyhow::Result;

use crate::{
    figures::{Figures, say},
    http::{FILLED, Http},
    scene,
};

/// Items of a form.
const ITEMS: usize = 10;
const CLIENTS: usize = 16;

/// Measures at a thousandth, a tenth and all of `most` forms.
pub fn measure(folder: &Path, most: usize, rounds: u32, slice: Duration, figures: &mut Figures) -> Result<()> {
    let measured = CLIENTS.saturating_mul(usize::try_from(rounds)?);
    let mut servers = Vec::new();
    for size in [most / 1_000, most / 10, most] {
        let size = size.max(FILLED);
        say(&format!("filling a study with {size} forms"));
        let mut http = Http::begin(&folder.join(size.to_string()), ITEMS, measured + size / FILLED, None)?;
        http.fill(size, CLIENTS)?;
        servers.push((size, http));
    }
    for round in 1..=rounds {
        say(&format!("forms, round {round} of {rounds}"));
        for (size, http) in &mut servers {
            http.round(&format!("saves beside {size} forms"), CLIENTS, slice, figures)?;
            http.open(
                &format!("a subject's matrix beside {size} forms"),
                |subject, _| format!("/subjects/{subject}"),
                figures,
            )?;
            let form = |subject, n: usize| {
                let (visit, form) = scene::place(n as u64 % FILLED as u64 + 1);
                format!("/subjects/{subject}/visits/SE/{visit}/forms/{form}/-")
            };
            http.open(&format!("a form beside {size} forms"), form, figures)?;
        }
    }
    Ok(())
}
