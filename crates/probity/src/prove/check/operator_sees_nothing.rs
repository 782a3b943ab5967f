//! The operator may found organizations, and nothing of what lies in one.

use anyhow::Result;
use store::Actor;
use trial::permission::Permission;

use super::{Finding, Place};
use crate::prove::attempt::{Attempts, Tried, opened};

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let world = &scratch.one;
    let operator = Actor::operator();
    let attempts = Attempts {
        organization: &world.organization,
        actor: &operator,
        on: &world.here,
        site: 0,
        person: world.administrator_id,
    };
    let tried = attempts.all()?;
    let count = tried.len();
    let (founding, others): (Vec<Tried>, Vec<Tried>) =
        tried.into_iter().partition(|tried| tried.needs == Permission::OrganizationFound);
    Ok(judge(&founding, &others, count))
}

fn judge(founding: &[Tried], others: &[Tried], count: usize) -> Finding {
    let mut against = opened("the operator", others);
    // What is founded is its own people's: founding it again, or appointing another first administrator, is refused.
    let again = founding.iter().filter(|tried| tried.answer.is_none());
    against.extend(again.map(|tried| format!("the operator could {} in an organization that has people", tried.name)));
    Finding::unless(
        against,
        format!(
            "in a scratch installation {count} acts and views were tried as the operator: all were refused; founding \
             is the operator's only permission, and an organization that has people refuses it too"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prove::attempt::At;

    fn tried(opened: bool, answer: Option<&str>) -> Tried {
        let answer = answer.map(str::to_owned);
        Tried { name: "form.save", needs: Permission::FormEdit, at: At::Site, opened, confirm_first: false, answer }
    }

    #[test]
    fn anything_open_to_the_operator_breaks_it() {
        assert!(judge(&[], &[tried(false, Some("not found"))], 1).holds);
        assert!(!judge(&[], &[tried(true, Some("the form has no such item"))], 1).holds);
        assert!(!judge(&[tried(true, None)], &[], 1).holds, "founded twice");
    }
}
