//! Form saves through the store's own door, without HTTP.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use trial::ids::SubjectId;

use crate::{
    figures::Figures,
    machine,
    scene::{self, Scene},
};

/// Clients that save forms.
pub struct Acts {
    scene: Scene,
    items: usize,
    clients: usize,
    round: usize,
}

impl Acts {
    pub fn begin(folder: &Path, items: usize, clients: usize) -> Result<Self> {
        Ok(Acts { scene: Scene::found(folder, items)?, items, clients, round: 0 })
    }

    /// One client, then all of them.
    pub fn round(&mut self, slice: Duration, figures: &mut Figures) -> Result<()> {
        self.round += 1;
        for clients in [1, self.clients] {
            let subjects = self.scene.subjects(clients, &format!("{}-{clients}", self.round))?;
            let before = machine::cpu(std::process::id());
            let begun = Instant::now();
            let each = self.saves(&subjects, begun, slice)?;
            let took = begun.elapsed();
            let used = machine::cpu(std::process::id()).saturating_sub(before);
            let name = format!("store: saves of {} items, {clients} clients", self.items);
            figures.add(&format!("{name}: CPU each"), "us", used.as_secs_f64() * 1e6 / each.len().max(1) as f64);
            figures.latencies(&name, each, took);
        }
        Ok(())
    }

    /// A thread for each subject, saving visit after visit; the time of each save.
    fn saves(&self, subjects: &[SubjectId], begun: Instant, slice: Duration) -> Result<Vec<Duration>> {
        let threads: Vec<_> = subjects
            .iter()
            .map(|subject| {
                let (organization, actor, subject, items) =
                    (Arc::clone(&self.scene.organization), self.scene.coordinator.clone(), *subject, self.items);
                std::thread::spawn(move || -> Result<Vec<Duration>> {
                    let mut each = Vec::new();
                    let mut n = 0;
                    while begun.elapsed() < slice {
                        n += 1;
                        let save = scene::save(subject, n, items);
                        let one = Instant::now();
                        organization.act(&actor, save, scene::request())?;
                        each.push(one.elapsed());
                    }
                    Ok(each)
                })
            })
            .collect();
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))??);
        }
        Ok(all)
    }
}
