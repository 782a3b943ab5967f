//! The register holds every id of both series once, and each check that it names is there.

use anyhow::Result;

use super::{Finding, Place, named};
use crate::prove::register::{self, Kind, Promise};

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let promises = register::promises()?;
    Ok(judge(&promises))
}

fn judge(promises: &[Promise]) -> Finding {
    let mut against = register::odd_ids(promises);
    let bound: Vec<&Promise> =
        promises.iter().filter(|promise| promise.kind != Kind::A && promise.check != "not_built").collect();
    for promise in &bound {
        if named(&promise.check).is_none() {
            against.push(format!("{} names a check, {}, that is not there", promise.id, promise.check));
        }
    }
    let evidence = format!(
        "{} promises, every id once; {} are bound to checks that are all there, and nothing else can be reported as kept",
        promises.len(),
        bound.len()
    );
    Finding::unless(against, evidence)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_check_that_is_not_there_breaks_it() {
        let mut promises = register::promises().unwrap();
        assert!(judge(&promises).holds);
        promises.iter_mut().find(|promise| promise.check == "not_built").unwrap().check = "made_up".into();
        assert!(!judge(&promises).holds);
    }
}
