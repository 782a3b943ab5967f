//! Every ledger of this installation, from its first entry to its signed checkpoint, and every record against its entry.

use anyhow::Result;
use store::{Installation, Verified};

use super::{Finding, Place};

pub(super) fn check(place: &Place<'_>) -> Result<Finding> {
    if place.installation.all().is_empty() {
        // Nothing is here yet; the same audit is shown to work where something is.
        let scratch = Place::scratch()?;
        let finding = of(&scratch.installation)?;
        return Ok(Finding {
            evidence: format!("in a scratch installation, none is founded here yet: {}", finding.evidence),
            ..finding
        });
    }
    of(place.installation)
}

fn of(installation: &Installation) -> Result<Finding> {
    let mut all = Vec::new();
    for organization in installation.all() {
        all.push((organization.name().to_owned(), organization.verify(&[])?));
    }
    Ok(judge(&all))
}

fn judge(all: &[(String, Verified)]) -> Finding {
    let against =
        all.iter().flat_map(|(name, found)| found.findings.iter().map(move |finding| format!("{name}: {finding}")));
    let ledgers: usize = all.iter().map(|(_, found)| found.ledgers.len()).sum();
    let entries: u64 = all.iter().flat_map(|(_, found)| &found.ledgers).map(|ledger| ledger.entries).sum();
    let records: u64 = all.iter().map(|(_, found)| found.records).sum();
    Finding::unless(
        against.collect(),
        format!(
            "{ledgers} ledgers with {entries} entries match their checkpoints; {records} records have the digests of their entries"
        ),
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use store::Harm;

    use super::*;

    #[test]
    fn a_record_that_is_gone_breaks_it() {
        let scratch = Place::scratch().unwrap();
        assert!(of(&scratch.installation).unwrap().holds);
        let damaged = scratch.one.organization.drill(&scratch.file().unwrap(), Harm::RemoveRecord, &[]).unwrap();
        assert!(!judge(&[("one".into(), damaged)]).holds);
    }
}
