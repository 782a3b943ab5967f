//! What a server of many organizations holds while nobody asks it for anything.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Result;
use store::{FirstAdministrator, Installation, acts::FoundOrganization};

use crate::{
    figures::{Figures, say},
    http, machine,
    scene::Machine,
};

/// After which everything that nobody needs is let go of: a minute, and the next look.
const REST: Duration = Duration::from_secs(150);

/// Founds them, serves them, and looks at the server's memory when it has come to rest.
pub fn measure(folder: &Path, organizations: u64, figures: &mut Figures) -> Result<()> {
    let server = testbed::Server::start()?;
    let url = server.make("idle")?;
    let authority = std::fs::read_to_string(server.authority())?;
    for (name, on) in [("embedded", None), ("PostgreSQL", Some(&server))] {
        let data = folder.join(name);
        let clock = Arc::new(Machine);
        let installation = match on {
            None => Installation::create(&data, None, clock)?,
            Some(_) => Installation::create_on(&data, None, clock, &url, &authority)?,
        };
        for number in 0..organizations {
            if number > 0 && number.is_multiple_of(250) {
                say(&format!("{name}: {number} organizations"));
            }
            let origin = format!("idle-{number}.example/ledger");
            let founding = FoundOrganization {
                name: format!("Idle {number}"),
                origin,
                without_second_factor: Some("a bench".into()),
            };
            let first = FirstAdministrator {
                name: "Adam".into(),
                email: "adam@example.org".into(),
                sign_in: "adam".into(),
                token: format!("token {number}"),
            };
            installation.found(founding, &first)?;
        }
        drop(installation);
        let begun = std::time::Instant::now();
        let serving = http::Server::start(&data)?;
        let name = format!("{organizations} organizations, {name}");
        figures.add(&format!("{name}: start"), "s", begun.elapsed().as_secs_f64());
        figures.add(&format!("{name}: memory after the start"), "MB", machine::memory(serving.id()) as f64 / 1e6);
        std::thread::park_timeout(REST);
        figures.add(&format!("{name}: memory at rest"), "MB", machine::memory(serving.id()) as f64 / 1e6);
    }
    Ok(())
}
