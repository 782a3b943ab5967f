//! `probity prove`: every promise of the register, bound to a check that runs now, against this installation.
//!
//! A check that must do harm or needs strangers does it in a scratch installation that it makes and removes. A promise
//! without a check is reported as not built; nothing is kept because nobody looked.

mod attempt;
mod check;
mod finding;
mod register;
mod scratch;
mod wire;

use anyhow::{Result, bail};
use serde::Serialize;
use store::{Clock as _, Installation};

use self::{
    check::Place,
    finding::Finding,
    register::{Kind, Promise},
};
use crate::{
    clock::MachineClock,
    data_directory::DataDirectory,
    outcome::Outcome,
    progress::{self, print},
};

/// Run the promises: each is kept, broken, not attested, or not built
///
/// Exit status 1 where one is broken.
#[derive(Debug, clap::Args)]
pub(crate) struct Prove {
    /// Only these promises, by id, such as C-88; all unless given
    #[arg(value_name = "ID")]
    ids: Vec<String>,

    /// Print JSON: id, status, evidence and time of each
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    data: DataDirectory,
}

/// What came of a promise.
#[derive(Debug, Clone, Serialize)]
struct Proof {
    id: String,
    status: Status,
    evidence: String,
    checked_at: jiff::Timestamp,
    #[serde(skip)]
    sentence: String,
}

/// Whether a promise is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Kept,
    Broken,
    NotBuilt,
    NotAttested,
}

impl Prove {
    pub(crate) fn run(self) -> Result<Outcome> {
        let asked = chosen(register::promises()?, &self.ids)?;
        let installation = self.data.open()?;
        let proofs = prove(&installation, &asked)?;
        if self.json {
            print(&serde_json::to_string_pretty(&proofs)?)?;
        } else {
            table(&proofs)?;
        }
        Ok(Outcome::of(proofs.iter().all(|proof| proof.status != Status::Broken)))
    }
}

fn chosen(all: Vec<Promise>, ids: &[String]) -> Result<Vec<Promise>> {
    if ids.is_empty() {
        return Ok(all);
    }
    if let Some(unknown) = ids.iter().find(|id| !all.iter().any(|promise| promise.id.eq_ignore_ascii_case(id))) {
        bail!("there is no promise {unknown}: ids are C-01 to C-99 and L-01 to L-66");
    }
    Ok(all.into_iter().filter(|promise| ids.iter().any(|id| promise.id.eq_ignore_ascii_case(id))).collect())
}

fn prove(installation: &Installation, promises: &[Promise]) -> Result<Vec<Proof>> {
    let place = Place::new(installation);
    let bar = progress::counted("checking");
    let mut proofs = Vec::with_capacity(promises.len());
    for promise in promises {
        bar.set_message(promise.id.clone());
        bar.inc(1);
        let (status, evidence) = status(promise, &place);
        let (id, sentence) = (promise.id.clone(), promise.sentence.clone());
        proofs.push(Proof { id, status, evidence, checked_at: MachineClock.now(), sentence });
    }
    bar.finish_and_clear();
    Ok(proofs)
}

/// Runs the check of a promise, if it has one.
fn status(promise: &Promise, place: &Place<'_>) -> (Status, String) {
    match (promise.kind, promise.check.as_str()) {
        (Kind::A, _) => (Status::NotAttested, "no document is on file".to_owned()),
        (_, "not_built") => (Status::NotBuilt, "no check shows this sentence yet".to_owned()),
        (_, name) => match check::named(name).map(|check| check(place)) {
            Some(Ok(Finding { holds: true, evidence })) => (Status::Kept, evidence),
            Some(Ok(Finding { holds: false, evidence })) => (Status::Broken, evidence),
            // What could not be looked at is not kept.
            Some(Err(error)) => (Status::Broken, format!("the check could not run to its end: {error:#}")),
            None => (Status::Broken, format!("the register names a check, {name}, that this program has not")),
        },
    }
}

fn table(proofs: &[Proof]) -> Result<()> {
    for proof in proofs {
        let word = match proof.status {
            Status::Kept => "kept",
            Status::Broken => "BROKEN",
            Status::NotBuilt => "not built",
            Status::NotAttested => "not attested",
        };
        print(&format!("{}  {word:<12}  {}", proof.id, proof.sentence))?;
        if matches!(proof.status, Status::Kept | Status::Broken) {
            print(&format!("      {}", proof.evidence))?;
        }
    }
    let count = |status| proofs.iter().filter(|proof| proof.status == status).count();
    print(&format!(
        "{} promises: {} kept, {} broken, {} not attested, {} not built",
        proofs.len(),
        count(Status::Kept),
        count(Status::Broken),
        count(Status::NotAttested),
        count(Status::NotBuilt)
    ))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn every_check_that_the_register_names_is_there_and_every_check_is_named() {
        let bound: Vec<String> = register::promises()
            .unwrap()
            .into_iter()
            .filter(|promise| promise.kind != Kind::A && promise.check != "not_built")
            .map(|promise| promise.check)
            .collect();
        for name in &bound {
            assert!(check::named(name).is_some(), "{name} is not there");
        }
        for name in check::names() {
            assert!(bound.iter().any(|bound| bound == name), "{name} is bound to no promise");
        }
    }

    #[test]
    fn an_id_that_is_not_in_the_register_is_refused() {
        let all = register::promises().unwrap();
        assert_eq!(chosen(all.clone(), &["c-88".to_owned()]).unwrap().len(), 1);
        assert!(chosen(all, &["C-100".to_owned()]).is_err());
    }
}
