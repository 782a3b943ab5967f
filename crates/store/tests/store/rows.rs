//! Rows of repeating item groups.

use crate::world::{
    World,
    save::{Beside, assert_refused, med, set, vitals, without_row},
};

#[test]
fn rows_are_added_and_taken_away_with_a_reason() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    world.save(&ana, subject, vec![med("1", "I.MED", "aspirin"), med("2", "I.MED", "ibuprofen")]).unwrap();
    assert_eq!(world.form(&ana, subject).groups.len(), 2);
    let revision = world.form(&ana, subject).revision;
    assert_refused(world.try_act(&ana, without_row(vitals(subject, revision, vec![]), "1", " ")), "empty");
    world.act(&ana, without_row(vitals(subject, revision, vec![]), "1", "belongs to another subject"));
    assert_eq!(world.value(&ana, subject, "1", "I.MED"), None);
    assert_eq!(world.value(&ana, subject, "2", "I.MED").as_deref(), Some("ibuprofen"));
    let history = world.history(&ana, subject, "IG.MEDS", "1", "I.MED");
    assert_eq!(history.len(), 2);
    assert_eq!(history[1].removed.as_deref(), Some("belongs to another subject"));
    assert_eq!(history[1].value, None);
    world.finish();
}

#[test]
fn a_row_that_is_not_there_cannot_be_taken_away() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    assert_refused(world.try_act(&ana, without_row(vitals(subject, 0, vec![]), "1", "why not")), "no_such_row");
    world.save(&ana, subject, vec![med("1", "I.MED", "aspirin")]).unwrap();
    let revision = world.form(&ana, subject).revision;
    world.act(&ana, without_row(vitals(subject, revision, vec![]), "1", "entered twice"));
    let revision = world.form(&ana, subject).revision;
    let again = world.try_act(&ana, without_row(vitals(subject, revision, vec![]), "1", "once more"));
    assert_refused(again, "no_such_row");
    world.finish();
}

#[test]
fn a_row_taken_away_and_begun_again_begins_empty() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    world.save(&ana, subject, vec![med("1", "I.MED", "aspirin"), med("1", "I.DOSE", "500")]).unwrap();
    let revision = world.form(&ana, subject).revision;
    world.act(&ana, without_row(vitals(subject, revision, vec![]), "1", "never taken"));
    world.save(&ana, subject, vec![med("1", "I.MED", "paracetamol")]).unwrap();
    assert_eq!(world.value(&ana, subject, "1", "I.MED").as_deref(), Some("paracetamol"));
    assert_eq!(world.value(&ana, subject, "1", "I.DOSE"), None, "the old dose does not come back");
    assert_eq!(world.history(&ana, subject, "IG.MEDS", "1", "I.MED").len(), 3);
    world.finish();
}

#[test]
fn rows_do_not_disturb_each_other() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    let first = world.save(&ana, subject, vec![set("I.SYSBP", "120"), med("1", "I.MED", "aspirin")]).unwrap();
    assert_eq!(first.records.len(), 4, "visit, form, two groups");
    let second = world.save(&ana, subject, vec![med("1", "I.DOSE", "500")]).unwrap();
    assert_eq!(second.records.len(), 1, "only the row that changed");
    assert_eq!(second.records[0].version, 2);
    world.save(&ana, subject, vec![med("1", "I.MED", "ibuprofen").because_of("wrong box")]).unwrap();
    assert_eq!(world.history(&ana, subject, "IG.MEDS", "1", "I.DOSE").len(), 1, "untouched by its neighbour");
    world.finish();
}
