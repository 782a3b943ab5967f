//! Databases sync at every commit, and what was acknowledged is there for another connection at once.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use store::{Clock, Installation, views::ShowForm};
use trial::role::{Level, Role};

use super::{Finding, Place};
use crate::prove::scratch::{Folder, Scratch};

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
    if revision_after_a_stop(&scratch)? != 13 {
        against.push("a change that was acknowledged was not there after a stop without warning".to_owned());
    }
    Ok(Finding::unless(
        against,
        format!(
            "{} databases report that a commit waits for the disk (write-ahead log, synchronous); ten changes in a scratch installation were \
             each readable from another connection when their receipt came, and all ten were in its files as they lay \
             at that moment, opened as after a stop without warning",
            all.len()
        ),
    ))
}

/// Takes the files as they lie while the scratch installation runs, which is what a killed process leaves behind, opens
/// them as another, and looks which revision the form has there.
fn revision_after_a_stop(scratch: &Scratch) -> Result<u64> {
    let left = Folder::new()?;
    copy(&scratch.data(), left.path())?;
    let opened = Installation::open(left.path(), None, Arc::clone(&scratch.clock) as Arc<dyn Clock>)?;
    let id = scratch.one.organization.id();
    let organization = opened.organization(id).context("the organization is gone from the copy")?;
    let actor = scratch.one.actor(Role::Coordinator, Level::Site)?;
    Ok(organization.view(actor, &form(scratch))?.revision)
}

fn copy(from: &Path, into: &Path) -> Result<()> {
    fs::create_dir_all(into)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = into.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// What SQLite reports: a write-ahead log, and a sync at every commit (2 is FULL, 3 EXTRA). What PostgreSQL does: the same,
/// in its own words.
fn is_durable(says: &str) -> bool {
    if says.contains("fsync") {
        return ["fsync on", "full_page_writes on", "synchronous_commit on"].iter().all(|set| says.contains(set));
    }
    let last = says.chars().rev().find(char::is_ascii_digit);
    says.contains("wal") && says.contains("synchronous") && matches!(last, Some('2' | '3'))
}

/// Saves, then reads: views have connections of their own.
fn seen_at_once(scratch: &Scratch, revision: u64) -> Result<bool> {
    let world = &scratch.one;
    world.save(revision, "I.1", &format!("value {revision}"), Some("a slip"))?;
    let shown = world.organization.view(world.actor(Role::Coordinator, Level::Site)?, &form(scratch))?;
    Ok(shown.revision == revision.saturating_add(1))
}

fn form(scratch: &Scratch) -> ShowForm {
    let [subject, _] = scratch.one.here.subjects;
    ShowForm {
        subject,
        event: "E.1".into(),
        event_repeat: String::new(),
        form: "F.1".into(),
        form_repeat: String::new(),
    }
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
        assert!(is_durable("fsync on, full_page_writes on, synchronous_commit on, synchronous_standby_names "));
        assert!(!is_durable("fsync on, full_page_writes on, synchronous_commit off, synchronous_standby_names "));
        assert!(!is_durable("fsync off, full_page_writes on, synchronous_commit on, synchronous_standby_names "));
    }
}
