//! An assistant may do nothing: every act and view asked as one is refused.

use anyhow::Result;
use store::Actor;

use super::{Finding, Place};
use crate::prove::attempt::{Attempts, opened};

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    asked_as("an assistant", &Actor::assistant())
}

/// Tries everything as somebody who may do nothing.
pub(super) fn asked_as(who: &str, actor: &Actor) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let world = &scratch.one;
    let attempts =
        Attempts { organization: &world.organization, actor, on: &world.here, site: 0, person: world.administrator_id };
    let tried = attempts.all()?;
    Ok(Finding::unless(
        opened(who, &tried),
        format!("in a scratch installation all {} acts and views that need a grant were refused to {who}", tried.len()),
    ))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn somebody_who_may_do_something_breaks_it() {
        assert!(asked_as("an assistant", &Actor::assistant()).unwrap().holds);
        // The operator may found organizations, so the same tries find that open.
        assert!(!asked_as("the operator", &Actor::operator()).unwrap().holds);
    }
}
