//! Every sealed value here opens as AES-256-GCM; with one byte of nonce, text or tag changed, none does.

use anyhow::Result;
use store::{Harm, Part};

use super::{Finding, Place};

pub(super) fn check(place: &Place<'_>) -> Result<Finding> {
    let (mut opened, mut against) = (0_u64, Vec::new());
    for organization in place.installation.all() {
        let found = organization.verify(&[])?;
        opened = opened.saturating_add(found.opened);
        against.extend(found.findings.into_iter().filter(|finding| does_not_open(finding)));
    }
    let scratch = Place::scratch()?;
    for part in [Part::Nonce, Part::Text, Part::Tag] {
        let found = scratch.one.organization.drill(&scratch.file()?, Harm::ChangeByte(part), &[])?;
        if !found.findings.iter().any(|finding| does_not_open(finding)) {
            against.push(format!("a value with a changed byte in its {part:?} opened"));
        }
    }
    Ok(Finding::unless(
        against,
        format!(
            "{opened} sealed values here name AES-256-GCM and open under it; in a scratch installation none opened \
             with one byte of its nonce, text or tag changed"
        ),
    ))
}

fn does_not_open(finding: &str) -> bool {
    finding.contains("[sealed-elsewhere]") || finding.contains("[key-unknown]")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn an_untouched_copy_opens_and_a_touched_one_is_told() {
        let scratch = Place::scratch().unwrap();
        let of = |harm| scratch.one.organization.drill(&scratch.file().unwrap(), harm, &[]).unwrap();
        assert!(!of(Harm::None).findings.iter().any(|finding| does_not_open(finding)));
        assert!(of(Harm::ExchangeValues).findings.iter().any(|finding| does_not_open(finding)));
    }
}
