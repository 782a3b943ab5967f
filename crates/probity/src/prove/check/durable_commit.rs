//! Databases sync at every commit, and what was acknowledged is there for another connection at once.

use anyhow::Result;
use store::views::ShowForm;

use super::{Finding, Place};
use crate::prove::scratch::Scratch;

pub(super) fn check(place: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let mut against = Vec::new();
    let here = place.installation.all();
    let all: Vec<_> = here.iter().chain([&scratch.one.organization]).collect();
    for organization in &all {
        let says = organization.durability()?;
        if !is_durable(&says) {
            against.push(format!("{} reports {says}", organization.name()));
        }
    }
    for revision in 3..13 {
        if !seen_at_once(&scratch, revision)? {
            against.push("a change was acknowledged before another connection could read it".to_owned());
        }
    }
    Ok(Finding::unless(
        against,
        format!(
            "{} databases report a write-ahead log with synchronous FULL; ten changes in a scratch installation were \
             each readable from another connection when their receipt came",
            all.len()
        ),
    ))
}

/// What SQLite reports: a write-ahead log, and a sync at every commit (2 is FULL, 3 EXTRA).
fn is_durable(says: &str) -> bool {
    let last = says.chars().rev().find(char::is_ascii_digit);
    says.contains("wal") && says.contains("synchronous") && matches!(last, Some('2' | '3'))
}

/// Saves, then reads: views have connections of their own.
fn seen_at_once(scratch: &Scratch, revision: u64) -> Result<bool> {
    use trial::role::{Level, Role};
    let world = &scratch.one;
    world.save(revision, "I.1", &format!("value {revision}"), Some("a slip"))?;
    let [subject, _] = world.here.subjects;
    let form = ShowForm {
        subject,
        event: "E.1".into(),
        event_repeat: String::new(),
        form: "F.1".into(),
        form_repeat: String::new(),
    };
    let shown = world.organization.view(world.actor(Role::Coordinator, Level::Site)?, &form)?;
    Ok(shown.revision == revision.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_does_not_sync_at_each_commit_is_told() {
        assert!(is_durable("journal_mode wal, synchronous 2"));
        assert!(!is_durable("journal_mode wal, synchronous 1"));
        assert!(!is_durable("journal_mode memory, synchronous 2"));
        assert!(!is_durable(""));
    }
}
