//! Entering and correcting values.

use store::{
    Error, Shown,
    acts::{PublishDefinition, SaveForm},
};
use trial::{form::FormState, role::Role};

use crate::world::{
    World, definition, publish,
    save::{Beside, assert_refused, in_row, med, refused, set, the_vitals, vitals},
};

#[test]
fn a_value_is_saved_and_shown() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    let receipt = world.act(
        &ana,
        vitals(
            subject,
            0,
            vec![
                set("I.DATE", "21/NOV/2026"),
                set("I.SYSBP", "120"),
                set("I.TEMP", "36.6").in_unit("U.C"),
                set("I.POSITION", "SIT"),
                set("I.NOTE", "rested five minutes"),
            ],
        ),
    );
    let kinds: Vec<&str> = receipt.records.iter().map(|put| put.kind.as_str()).collect();
    assert_eq!(kinds, ["visit", "form", "item_group"]);
    assert!(!receipt.repeated);
    let shown = world.form(&ana, subject);
    assert_eq!((shown.state, shown.revision, shown.editable), (FormState::InProgress, 2, true));
    assert_eq!(shown.code, Shown::Value("OSL-001".into()));
    assert_eq!(shown.study_version, "1");
    assert_eq!(world.value(&ana, subject, "", "I.DATE").as_deref(), Some("2026-11-21"));
    assert_eq!(world.value(&ana, subject, "", "I.TEMP").as_deref(), Some("36.6"));
    let units: Vec<_> = shown.groups[0].items.iter().map(|item| item.unit.as_deref()).collect();
    assert_eq!(units, [None, Some("U.MMHG"), Some("U.C"), None, None], "the only unit need not be named");
    world.finish();
}

#[test]
fn a_form_not_saved_yet_is_shown_empty_if_the_study_plans_it() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    let shown = world.form(&ana, subject);
    assert_eq!((shown.state, shown.revision, shown.groups.len()), (FormState::NotStarted, 0, 0));
    let mut unknown = the_vitals(subject);
    unknown.form = "F.NONE".into();
    assert!(matches!(world.organization().view(&ana, &unknown), Err(Error::Hidden)));
    world.finish();
}

#[test]
fn a_correction_with_its_reason_shows_both_values() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let ivar = world.at_site("ivar", Role::Investigator, &place, place.oslo);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    world.save(&ana, subject, vec![set("I.SYSBP", "210").kept_because("measured twice")]).unwrap();
    world.clock.turn(jiff::SignedDuration::from_mins(3));
    world.save(&ivar, subject, vec![set("I.SYSBP", "120").because_of("misread the dial")]).unwrap();
    assert_eq!(world.value(&ana, subject, "", "I.SYSBP").as_deref(), Some("120"));
    let history = world.history(&ana, subject, "IG.VITALS", "", "I.SYSBP");
    let [first, second] = &history[..] else { panic!("{history:?}") };
    assert_eq!(first.value, Some(Shown::Value("210".into())));
    assert_eq!(
        (first.who.as_str(), first.role.as_str(), first.reason.clone()),
        ("ana of the tests", "coordinator", None)
    );
    assert_eq!(first.because, Some(Shown::Value("measured twice".into())));
    assert_eq!(first.findings, ["Unusually high: is it right?"]);
    assert_eq!(second.value, Some(Shown::Value("120".into())));
    assert_eq!((second.who.as_str(), second.role.as_str()), ("ivar of the tests", "investigator"));
    assert_eq!(second.reason, Some(Shown::Value("misread the dial".into())));
    assert!(second.findings.is_empty() && second.because.is_none());
    assert_eq!(second.at.duration_since(first.at).as_mins(), 3);
    assert_ne!(first.entry, second.entry);
    world.finish();
}

#[test]
fn changing_or_removing_a_saved_value_needs_a_reason_and_nothing_is_stored_without() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    world.save(&ana, subject, vec![set("I.SYSBP", "120"), set("I.TEMP", "36.6").in_unit("U.C")]).unwrap();
    let before = world.form(&ana, subject).revision;
    for change in [
        set("I.SYSBP", "121"),
        set("I.SYSBP", ""),
        set("I.SYSBP", "121").because_of("  "),
        set("I.TEMP", "36.6").in_unit("U.F"),
    ] {
        let outcome = world.save(&ana, subject, vec![set("I.NOTE", "beside it"), change]);
        assert_refused(outcome, "reason_needed");
    }
    assert_eq!(world.form(&ana, subject).revision, before);
    assert_eq!(world.value(&ana, subject, "", "I.NOTE"), None);
    world.save(&ana, subject, vec![set("I.SYSBP", "").because_of("of another subject")]).unwrap();
    assert_eq!(world.value(&ana, subject, "", "I.SYSBP"), None);
    assert_eq!(world.history(&ana, subject, "IG.VITALS", "", "I.SYSBP").len(), 2);
    world.finish();
}

#[test]
fn a_save_over_a_stale_revision_conflicts_and_names_the_current_one() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    world.act(&ana, vitals(subject, 0, vec![set("I.SYSBP", "120")]));
    let stale = world.try_act(&ana, vitals(subject, 0, vec![set("I.NOTE", "late")]));
    assert!(matches!(stale, Err(Error::Conflict { current: Some(2), .. })), "{stale:?}");
    let future = world.try_act(&ana, vitals(subject, 9, vec![set("I.NOTE", "early")]));
    assert!(matches!(future, Err(Error::Conflict { current: Some(2), .. })), "{future:?}");
    let receipt = world.act(&ana, vitals(subject, 2, vec![set("I.NOTE", "in time")]));
    assert_eq!(receipt.records[0].version, 2);
    world.finish();
}

#[test]
fn values_that_are_none_are_refused_at_their_field() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    for (change, code) in [
        (set("I.SYSBP", "high"), "wrong_type"),
        (set("I.SYSBP", "1200"), "too_many_digits"),
        (set("I.POSITION", "FLYING"), "not_in_code_list"),
        (set("I.NOTE", &"x".repeat(201)), "too_long"),
        (set("I.WHOLE", "2026-02-30"), "no_such_date"),
        (set("I.WHOLE", "UN/NOV/2026"), "wrong_type"),
        (set("I.NOTE", "a\u{1}b"), "control_character"),
        (set("I.TEMP", "36.6"), "unit"),
        (set("I.TEMP", "36.6").in_unit("U.MG"), "unit"),
        (set("I.SYSBP", "500"), "hard_check"),
    ] {
        let item = format!("IG.VITALS[].{}", change.item);
        let outcome = refused(world.save(&ana, subject, vec![change.clone()]));
        let [(field, found)] = &outcome[..] else { panic!("{outcome:?}") };
        assert_eq!(field, &item);
        // A limit of digits may be told as a length.
        assert!(*found == code || (code == "too_many_digits" && *found == "too_long"), "{change:?}: {found}");
    }
    assert_eq!(world.form(&ana, subject).revision, 0, "nothing was stored");
    world.finish();
}

#[test]
fn every_refused_value_of_a_save_is_told_at_once() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    let outcome = world.save(&ana, subject, vec![set("I.SYSBP", "x"), set("I.NOTE", "fine"), set("I.POSITION", "UP")]);
    let fields: Vec<String> = refused(outcome).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["IG.VITALS[].I.SYSBP", "IG.VITALS[].I.POSITION"]);
    world.finish();
}

#[test]
fn items_and_groups_that_are_not_on_the_form_are_refused() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    for change in [
        set("I.NONE", "1"),
        set("I.MED", "of another group"),
        in_row("IG.NONE", "", "I.SYSBP", "120"),
        in_row("IG.OTHER", "", "I.OTHER", "of another form"),
    ] {
        assert_refused(world.save(&ana, subject, vec![change]), "unknown");
    }
    let elsewhere = |event: &str, form: &str| {
        let mut save = vitals(subject, 0, vec![set("I.SYSBP", "120")]);
        (save.event, save.form) = (event.into(), form.into());
        save
    };
    for (event, form) in [("SE.NONE", "F.VITALS"), ("SE.SCREENING", "F.NONE"), ("SE.VISIT", "F.OTHER")] {
        let mut save = elsewhere(event, form);
        save.event_repeat = if event == "SE.VISIT" { "1".into() } else { String::new() };
        assert_refused(world.try_act(&ana, save), "unknown");
    }
    world.finish();
}

#[test]
fn repeats_are_numbered_and_only_where_something_repeats() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    let of_visit = |event: &str, repeat: &str| {
        let mut save = vitals(subject, 0, vec![set("I.SYSBP", "120")]);
        (save.event, save.event_repeat) = (event.into(), repeat.into());
        save
    };
    for (event, repeat) in [
        ("SE.SCREENING", "1"),
        ("SE.VISIT", "0"),
        ("SE.VISIT", "first"),
        ("SE.VISIT", "01"),
        ("SE.VISIT", "+1"),
        ("SE.VISIT", "10001"),
    ] {
        assert_refused(world.try_act(&ana, of_visit(event, repeat)), "repeat");
    }
    world.act(&ana, of_visit("SE.VISIT", "1"));
    world.act(&ana, of_visit("SE.VISIT", "2"));
    assert_refused(world.save(&ana, subject, vec![med("01", "I.MED", "aspirin")]), "repeat");
    world.finish();
}

#[test]
fn the_same_value_again_is_nothing_new() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    assert_refused(world.save(&ana, subject, vec![]), "nothing");
    assert_refused(world.save(&ana, subject, vec![set("I.NOTE", "")]), "nothing");
    let high = || set("I.SYSBP", "200").kept_because("measured twice");
    world.save(&ana, subject, vec![high()]).unwrap();
    let revision = world.form(&ana, subject).revision;
    assert_refused(world.save(&ana, subject, vec![set("I.SYSBP", "200")]), "nothing");
    assert_refused(world.save(&ana, subject, vec![high()]), "nothing");
    assert_eq!(world.form(&ana, subject).revision, revision);
    world.save(&ana, subject, vec![set("I.SYSBP", "200").kept_because("measured three times")]).unwrap();
    assert_eq!(world.history(&ana, subject, "IG.VITALS", "", "I.SYSBP").len(), 2);
    world.finish();
}

#[test]
fn one_save_gives_an_item_one_value() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    let twice = vec![set("I.SYSBP", "120"), set("I.SYSBP", "121").because_of("again")];
    assert_refused(world.save(&ana, subject, twice), "twice");
    world.finish();
}

#[test]
fn a_form_is_complete_only_with_its_mandatory_items() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    let complete = |revision, changes| SaveForm { complete: Some(true), ..vitals(subject, revision, changes) };
    let missing = refused(world.try_act(&ana, complete(0, vec![set("I.DATE", "2026")])));
    assert_eq!(missing, [("IG.VITALS[].I.SYSBP".to_owned(), "missing")]);
    let missing = refused(world.try_act(&ana, complete(0, vec![])));
    assert_eq!(missing.len(), 2, "a mandatory group without a row lacks its mandatory items: {missing:?}");
    let changes = vec![set("I.DATE", "2026-11"), set("I.SYSBP", "120"), med("1", "I.DOSE", "5")];
    let missing = refused(world.try_act(&ana, complete(0, changes)));
    assert_eq!(missing, [("IG.MEDS[1].I.MED".to_owned(), "missing")], "a row that is there must be whole");
    world.act(&ana, complete(0, vec![set("I.DATE", "2026-11"), set("I.SYSBP", "120")]));
    assert_eq!(world.form(&ana, subject).state, FormState::Complete);
    world.finish();
}

#[test]
fn a_complete_form_stays_whole_and_is_taken_back_with_a_reason() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    let changes = vec![set("I.DATE", "2026-11"), set("I.SYSBP", "120")];
    world.act(&ana, SaveForm { complete: Some(true), ..vitals(subject, 0, changes) });
    let revision = world.form(&ana, subject).revision;
    let corrected = world.act(&ana, vitals(subject, revision, vec![set("I.SYSBP", "122").because_of("misread")]));
    assert_eq!(corrected.records.len(), 1);
    assert_eq!(world.form(&ana, subject).state, FormState::Complete, "a correction does not reopen it");
    let emptied = world.save(&ana, subject, vec![set("I.SYSBP", "").because_of("unreadable")]);
    assert_refused(emptied, "missing");
    let revision = world.form(&ana, subject).revision;
    let reopen = |reason: Option<&str>| SaveForm {
        complete: Some(false),
        reason: reason.map(str::to_owned),
        ..vitals(subject, revision, vec![set("I.SYSBP", "").because_of("unreadable")])
    };
    assert_refused(world.try_act(&ana, reopen(None)), "reason_needed");
    assert_refused(world.try_act(&ana, reopen(Some(" "))), "reason_needed");
    world.act(&ana, reopen(Some("one value was unreadable")));
    assert_eq!(world.form(&ana, subject).state, FormState::InProgress);
    world.finish();
}

#[test]
fn a_form_keeps_the_version_it_was_collected_with_until_it_is_saved_again() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    world.save(&ana, subject, vec![set("I.SYSBP", "120")]).unwrap();
    let sofie = world.actor("sofie");
    world.act(&sofie, publish(place.study, definition::study("2", "amended")));
    assert_eq!(world.form(&ana, subject).study_version, "1");
    world.save(&ana, subject, vec![set("I.NOTE", "after the amendment")]).unwrap();
    assert_eq!(world.form(&ana, subject).study_version, "2");
    world.finish();
}

#[test]
fn a_save_under_a_definition_that_was_published_again_says_so() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    world.save(&ana, subject, vec![set("I.SYSBP", "120")]).unwrap();
    let sofie = world.actor("sofie");
    let again: PublishDefinition = publish(place.study, definition::study("1", "a typing error mended"));
    world.act(&sofie, again);
    let receipt = world.save(&ana, subject, vec![set("I.NOTE", "later")]).unwrap();
    let kinds: Vec<&str> = receipt.records.iter().map(|put| put.kind.as_str()).collect();
    assert_eq!(kinds, ["form", "item_group"], "the form's record names the definition it was saved under");
    world.finish();
}

#[test]
fn only_those_who_enter_data_at_the_site_may_save() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    let berit = world.at_site("berit", Role::Coordinator, &place, place.bergen);
    let maja = world.at_site("maja", Role::Monitor, &place, place.oslo);
    let dag = world.in_study("dag", Role::DataManager, &place);
    let (sofie, adam) = (world.actor("sofie"), world.actor("adam"));
    let save = || vitals(subject, 0, vec![set("I.SYSBP", "120")]);
    for (who, actor) in [("monitor", &maja), ("data manager", &dag), ("study administrator", &sofie)] {
        let outcome = world.try_act(actor, save());
        assert!(matches!(outcome, Err(Error::Forbidden { needs: "form.edit" })), "{who}: {outcome:?}");
    }
    for (who, actor) in [
        ("another site", &berit),
        ("organization administrator", &adam),
        ("operator", &store::Actor::operator()),
        ("assistant", &store::Actor::assistant()),
    ] {
        let outcome = world.try_act(actor, save());
        assert!(matches!(outcome, Err(Error::Hidden)), "{who}: {outcome:?}");
    }
    assert!(matches!(world.try_act(&store::Actor::nobody(), save()), Err(Error::SignedOut)));
    let outcome = world.organization().view(&sofie, &the_vitals(subject));
    assert!(matches!(outcome, Err(Error::Forbidden { needs: "form.see" })), "study administrator: {outcome:?}");
    assert!(matches!(world.organization().view(&berit, &the_vitals(subject)), Err(Error::Hidden)));
    assert!(!world.form(&maja, subject).editable && !world.form(&dag, subject).editable);
    assert_eq!(world.form(&ana, subject).revision, 0);
    world.finish();
}
