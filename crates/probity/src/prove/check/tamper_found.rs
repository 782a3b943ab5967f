//! In copies of a scratch organization: a changed value, a removed record, a dropped entry, a cut tail, two exchanged
//! values, and an older file; each is found and named.

use anyhow::Result;
use store::{Harm, Organization, Part, Verified};

use super::{Finding, Place};
use crate::prove::scratch::Scratch;

/// A harm, and a word that the audit must name it with.
const HARMS: &[(&str, Harm<'static>, &str)] = &[
    ("a changed value", Harm::ChangeByte(Part::Text), "record-changed"),
    ("a removed record", Harm::RemoveRecord, "record-deleted"),
    ("a dropped entry", Harm::DropEntry, "entries-missing"),
    ("a cut tail", Harm::CutTail, "tail-cut"),
    ("two exchanged values", Harm::ExchangeValues, "sealed-elsewhere"),
];

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let mut scratch = Place::scratch()?;
    let mut against = Vec::new();
    // A copy without harm must pass, or finding harm says nothing.
    let unharmed = drilled(&scratch, Harm::None, &seen(&scratch.one.organization)?)?;
    if !unharmed.holds() {
        against.push(format!("a copy without harm does not verify: {}", unharmed.findings.join("; ")));
    }
    for (what, harm, word) in HARMS {
        let kept = seen(&scratch.one.organization)?;
        let found = drilled(&scratch, *harm, &kept)?;
        if !found.findings.iter().any(|finding| finding.contains(word)) {
            against.push(format!("{what} was not named"));
        }
    }
    let older = older_file(&mut scratch)?;
    if !older.findings.iter().any(|finding| finding.contains("tail-cut") || finding.contains("rolled-back")) {
        against.push("an older file was taken for the newest".to_owned());
    }
    Ok(Finding::unless(
        against,
        "in copies of a scratch installation each was found and named: a changed value, a removed record, a dropped \
         entry, a cut tail, two exchanged values, an older file; the copy without harm passed",
    ))
}

fn drilled(scratch: &Scratch, harm: Harm<'_>, seen: &[Vec<u8>]) -> Result<Verified> {
    let file = scratch.file()?;
    Ok(scratch.one.organization.drill(&file, harm, seen)?)
}

/// Checkpoints of all its ledgers, as somebody elsewhere would hold them.
fn seen(organization: &Organization) -> Result<Vec<Vec<u8>>> {
    let ledgers = organization.ledgers()?;
    ledgers.into_iter().map(|(number, ..)| Ok(organization.checkpoint_of(number)?.into_bytes())).collect()
}

/// Yesterday's file in place of today's, against today's checkpoint.
fn older_file(scratch: &mut Scratch) -> Result<Verified> {
    let organization = &scratch.one.organization;
    let yesterday = scratch.file()?;
    // Yesterday had its own checkpoints: what finds it must be today's, not that it has none.
    seen(organization)?;
    organization.rebuild(&yesterday, |_| ())?;
    scratch.one.save(3, "I.1", "a later value", Some("a slip"))?;
    let kept = seen(organization)?;
    Ok(organization.audit_copy(&yesterday, &kept)?)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_checkpoints_kept_elsewhere_are_what_finds_an_older_file() {
        let scratch = Place::scratch().unwrap();
        let copy = scratch.file().unwrap();
        let kept = seen(&scratch.one.organization).unwrap();
        scratch.one.organization.rebuild(&copy, |_| ()).unwrap();
        assert!(scratch.one.organization.audit_copy(&copy, &kept).unwrap().holds(), "the same is no older one");
    }
}
