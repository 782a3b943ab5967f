//! A value's history leads back to its first entry: who, in which role, when, from what, to what, why, and where in the
//! ledger.

use anyhow::Result;
use store::views::{ItemHistory, ItemHistoryShown, ShowForm};
use trial::role::{Level, Role};

use super::{Finding, Place};

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let world = &scratch.one;
    world.save(3, "I.1", "corrected", Some("read wrongly"))?;
    world.save(4, "I.1", "corrected again", Some("read wrongly twice"))?;
    let [subject, _] = world.here.subjects;
    let coordinator = world.actor(Role::Coordinator, Level::Site)?;
    let form = ShowForm {
        subject,
        event: "E.1".into(),
        event_repeat: String::new(),
        form: "F.1".into(),
        form_repeat: String::new(),
    };
    let history = ItemHistory { form, group: "G.1".into(), group_repeat: String::new(), item: "I.1".into() };
    let shown = world.organization.view(coordinator, &history)?;
    Ok(judge(&shown))
}

fn judge(shown: &ItemHistoryShown) -> Finding {
    let mut versions = shown.versions.clone();
    versions.sort_by_key(|version| version.version);
    let mut against = Vec::new();
    let said: Vec<&str> =
        versions.iter().filter_map(|version| version.value.as_ref()).map(|value| value.text()).collect();
    if said != ["first", "corrected", "corrected again"] {
        against.push(format!("the history has {} values of three", said.len()));
    }
    for (number, version) in versions.iter().enumerate() {
        if version.who.is_empty() || version.role.is_empty() {
            against.push(format!("version {} does not say who, or in which role", version.version));
        }
        if number > 0 && version.reason.is_none() {
            against.push(format!("version {} was changed without a reason", version.version));
        }
    }
    if !versions.iter().zip(versions.iter().skip(1)).all(|(one, next)| one.at <= next.at && one.entry < next.entry) {
        against.push("versions are not in the order of their entries".to_owned());
    }
    Finding::unless(
        against,
        "in a scratch installation a value entered and corrected twice shows three versions: each with person, role, \
         time and its entry in the ledger, both corrections with their reason",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_that_lacks_a_version_breaks_it() {
        assert!(!judge(&ItemHistoryShown { study: trial::ids::Id::from_bytes([1; 16]), versions: Vec::new() }).holds);
    }
}
