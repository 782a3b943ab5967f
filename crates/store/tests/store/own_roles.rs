//! An organization's own roles: what they may do, which forms and which classes of items they see.

use std::collections::BTreeSet;

use store::{
    Actor, Error, Shown,
    acts::{AddSubject, DefineRole, GiveGrant, SaveForm},
    views::{ItemHistory, RoleBook, ShowForm, ShowSubject, Worklist},
};
use trial::{
    access::Scope,
    definition::{Alias, ITEM_CLASS, Study},
    ids::{RoleId, SubjectId},
    permission::{Permission as P, Permissions},
    role::{Level, Role},
};

use crate::world::{
    Place, World, definition, publish,
    save::{assert_refused, set, the_vitals, vitals},
};

/// A role for sites, of these permissions.
fn role(title: &str, permissions: &[P]) -> DefineRole {
    DefineRole {
        role: None,
        title: title.into(),
        levels: BTreeSet::from([Level::Country, Level::Site]),
        permissions: Permissions::of(permissions),
        forms: None,
        administers: BTreeSet::new(),
        given_by: BTreeSet::new(),
        offered: true,
    }
}

const READS: &[P] = &[P::StudySee, P::SubjectSee, P::FormSee];
const ENTERS: &[P] = &[P::StudySee, P::SubjectSee, P::SubjectAdd, P::FormSee, P::FormEdit];

fn define(world: &mut World, role: DefineRole) -> Role {
    let adam = world.actor("adam");
    Role::Own(world.act(&adam, role).id("role").unwrap())
}

fn with(world: &mut World, name: &str, role: Role, place: &Place) -> Actor {
    let person = world.person(name);
    world.grant("adam", person, role, Scope::Site { study: place.study, site: place.oslo });
    world.actor(name)
}

/// The study with a note that identifies, and another text that unblinds.
fn classified() -> Vec<Study> {
    let mut studies = definition::study("2", "");
    for item in &mut studies[0].versions[0].items {
        let class = match item.oid.as_str() {
            "I.NOTE" => "identifying",
            "I.OTHER" => "blinded",
            _ => continue,
        };
        item.aliases.push(Alias { context: ITEM_CLASS.into(), name: class.into() });
    }
    studies
}

fn other(subject: SubjectId, revision: u64, value: &str) -> SaveForm {
    let change = store::acts::ItemChange { group: "IG.OTHER".into(), ..set("I.OTHER", value) };
    SaveForm { form: "F.OTHER".into(), ..vitals(subject, revision, vec![change]) }
}

#[test]
fn an_own_role_may_do_what_it_was_defined_to_and_nothing_else() {
    let (mut world, place) = World::with_study();
    let reader = define(&mut world, role("Reader", READS));
    let rita = with(&mut world, "rita", reader, &place);
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    world.act(&ana, vitals(subject, 0, vec![set("I.NOTE", "well")]));
    let shown = world.organization().view(&rita, &the_vitals(subject)).unwrap();
    assert!(!shown.editable);
    let late = world.try_act(&rita, AddSubject { site: place.oslo, code: "OSL-002".into() });
    assert!(matches!(late, Err(Error::Forbidden { needs: "subject.add" })), "{late:?}");
    // A change of the role holds for whoever has it, at once.
    let Role::Own(id) = reader else { panic!("{reader:?}") };
    let adam = world.actor("adam");
    world.act(&adam, DefineRole { role: Some(id), ..role("Reader", ENTERS) });
    world.subject(&rita, place.oslo, "OSL-002");
    world.act(&adam, DefineRole { role: Some(id), offered: false, ..role("Reader", READS) });
    let late = world.try_act(&rita, AddSubject { site: place.oslo, code: "OSL-003".into() });
    assert!(matches!(late, Err(Error::Forbidden { .. })), "{late:?}");
    let eve = world.person("eve");
    let scope = Scope::Site { study: place.study, site: place.oslo };
    let give = GiveGrant { person: eve, role: reader, scope, from: None, until: None, reason: None };
    assert_refused(world.try_act(&adam, give), "unknown");
    let book = world.organization().view(&adam, &RoleBook { scope: Scope::Organization }).unwrap();
    let line = book.iter().find(|line| line.role == reader).unwrap();
    assert!(!line.built_in && !line.offered && line.title == "Reader");
    assert_eq!(book.iter().filter(|line| line.built_in).count(), Role::BUILT_IN.len());
    world.finish();
}

#[test]
fn roles_that_make_no_sense_are_refused() {
    let (mut world, _) = World::with_study();
    let adam = world.actor("adam");
    world.act(&adam, role("Reader", READS));
    for (code, wish) in [
        ("taken", role(" reader ", READS)),
        ("taken", role("coordinator", READS)),
        ("text", role(" ", READS)),
        ("none", role("Nothing", &[])),
        ("none", DefineRole { levels: BTreeSet::new(), ..role("Nowhere", READS) }),
        ("nobodys", role("Door", &[P::SignIn])),
        ("both", role("Both", &[P::StudySee, P::SubjectSee, P::GrantSee, P::PeopleSee, P::GrantGive])),
        ("roles", role("Giver of nothing", &[P::GrantSee, P::PeopleSee, P::GrantGive])),
        ("roles", DefineRole { administers: BTreeSet::from([Role::Monitor]), ..role("Giver", READS) }),
        ("needs", role("Blind", &[P::StudySee, P::FormEdit])),
        ("needs", role("Approver of nothing", &[P::GrantSee, P::AccessApprove])),
        ("needs", role("Unseen publisher", &[P::AgreementPublish])),
        ("alone", role("Glass", &[P::StudySee, P::BreakGlass])),
        ("count", DefineRole { forms: Some(BTreeSet::new()), ..role("No form", READS) }),
        (
            "whole",
            DefineRole {
                forms: Some(BTreeSet::from(["F.VITALS".into()])),
                ..role("Part", &[P::StudySee, P::DataExport])
            },
        ),
        ("not_an_administrator", DefineRole { given_by: BTreeSet::from([Role::Monitor]), ..role("By monitor", READS) }),
        (
            "beyond",
            DefineRole {
                administers: BTreeSet::from([Role::StudyAdministrator]),
                ..role("Half", &[P::GrantSee, P::PeopleSee, P::GrantGive])
            },
        ),
    ] {
        assert_refused(world.try_act(&adam, wish), code);
    }
    let sofie = world.actor("sofie");
    let outcome = world.try_act(&sofie, role("Mine", READS));
    assert!(matches!(outcome, Err(Error::Forbidden { .. })), "{outcome:?}");
    let unknown: RoleId = "00000000-0000-7000-8000-000000000000".parse().unwrap();
    let outcome = world.try_act(&adam, DefineRole { role: Some(unknown), ..role("Ghost", READS) });
    assert!(matches!(outcome, Err(Error::Hidden)), "{outcome:?}");
    world.finish();
}

#[test]
fn whoever_holds_a_role_does_not_change_it() {
    let (mut world, _) = World::with_study();
    let lead = DefineRole {
        levels: BTreeSet::from([Level::Organization]),
        ..role("Keeper of roles", &[P::RoleDefine, P::GrantSee])
    };
    let lead = define(&mut world, lead);
    let eve = world.person("eve");
    world.grant("adam", eve, lead, Scope::Organization);
    let eve = world.actor("eve");
    world.act(&eve, role("Reader", READS));
    let Role::Own(id) = lead else { panic!("{lead:?}") };
    let mine = DefineRole {
        role: Some(id),
        levels: BTreeSet::from([Level::Organization]),
        ..role("Keeper of roles", &[P::LedgerSee])
    };
    assert_refused(world.try_act(&eve, mine), "oneself");
    world.finish();
}

#[test]
fn an_own_role_gives_what_it_administers_where_it_holds() {
    let (mut world, place) = World::with_study();
    let lead = DefineRole {
        administers: BTreeSet::from([Role::Coordinator, Role::Monitor]),
        given_by: BTreeSet::from([Role::StudyAdministrator]),
        ..role("Country lead", &[P::GrantSee, P::PeopleSee, P::GrantGive])
    };
    let lead = define(&mut world, lead);
    let leo = world.person("leo");
    let norway = Scope::Country { study: place.study, country: "NO".parse().unwrap() };
    world.grant("sofie", leo, lead, norway);
    let leo = world.actor("leo");
    let eve = world.person("eve");
    let site = Scope::Site { study: place.study, site: place.bergen };
    let mut try_give = |role, scope| {
        world.try_act(&leo, GiveGrant { person: eve, role, scope, from: None, until: None, reason: None })
    };
    try_give(Role::Coordinator, site).unwrap();
    try_give(Role::Monitor, norway).unwrap();
    assert!(matches!(try_give(Role::Investigator, site), Err(Error::Forbidden { .. })));
    assert!(matches!(try_give(lead, norway), Err(Error::Forbidden { .. })));
    assert!(matches!(try_give(Role::Monitor, Scope::Study { study: place.study }), Err(Error::Forbidden { .. })));
    // It opens no data.
    let subjects = world.organization().view(&leo, &Worklist { study: place.study, limit: 10 });
    assert!(matches!(subjects, Err(Error::Forbidden { .. })), "{subjects:?}");
    world.finish();
}

#[test]
fn a_role_of_some_forms_sees_and_edits_those() {
    let (mut world, place) = World::with_study();
    let bounded = DefineRole { forms: Some(BTreeSet::from(["F.OTHER".into()])), ..role("Pharmacist", ENTERS) };
    let bounded = define(&mut world, bounded);
    let pia = with(&mut world, "pia", bounded, &place);
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    world.act(&ana, vitals(subject, 0, vec![set("I.NOTE", "well")]));
    world.act(&pia, other(subject, 0, "two tablets"));
    let organization = world.organization();
    let refused = organization.view(&pia, &the_vitals(subject)).err();
    assert!(matches!(refused, Some(Error::Forbidden { .. })), "{refused:?}");
    let form = ShowForm { form: "F.OTHER".into(), ..the_vitals(subject) };
    assert!(organization.view(&pia, &form).unwrap().editable);
    let ask = ItemHistory {
        form: the_vitals(subject),
        group: "IG.VITALS".into(),
        group_repeat: String::new(),
        item: "I.NOTE".into(),
    };
    assert!(matches!(organization.view(&pia, &ask), Err(Error::Forbidden { .. })));
    let forms = |actor: &Actor| -> BTreeSet<String> {
        let shown = organization.view(actor, &ShowSubject { subject }).unwrap();
        shown.visits.iter().flat_map(|visit| visit.forms.iter().map(|cell| cell.form.clone())).collect()
    };
    assert_eq!(forms(&pia), BTreeSet::from(["F.OTHER".to_owned()]));
    assert_eq!(forms(&ana), BTreeSet::from(["F.OTHER".to_owned(), "F.VITALS".to_owned()]));
    let waiting = |actor: &Actor| {
        let shown = organization.view(actor, &Worklist { study: place.study, limit: 10 }).unwrap();
        (shown.total, shown.forms.into_iter().map(|form| form.form).collect::<BTreeSet<_>>())
    };
    assert_eq!(waiting(&pia), (1, BTreeSet::from(["F.OTHER".to_owned()])));
    assert_eq!(waiting(&ana).0, 2);
    let late = world.try_act(&pia, vitals(subject, 2, vec![set("I.WHOLE", "2026-11-21")]));
    assert!(matches!(late, Err(Error::Forbidden { .. })), "{late:?}");
    world.finish();
}

#[test]
fn values_that_identify_or_unblind_are_seen_by_roles_that_may_and_changed_by_no_other() {
    let (mut world, place) = World::with_study();
    let sofie = world.actor("sofie");
    world.act(&sofie, publish(place.study, classified()));
    let plain = define(&mut world, role("Plain", ENTERS));
    let unblinded = define(&mut world, role("Unblinded", &[ENTERS, &[P::ItemBlinded]].concat()));
    let (pia, uma) = (with(&mut world, "pia", plain, &place), with(&mut world, "uma", unblinded, &place));
    let ana = world.coordinator("ana", &place);
    let dag = world.in_study("dag", Role::DataManager, &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    world.act(&ana, vitals(subject, 0, vec![set("I.NOTE", "Kari Nordmann"), set("I.WHOLE", "2026-11-21")]));
    world.act(&uma, other(subject, 0, "placebo"));
    let shown = |actor: &Actor, ask: &ShowForm, item: &str| -> Shown {
        let form = world.organization().view(actor, ask).unwrap();
        let items = form.groups.into_iter().flat_map(|group| group.items);
        items.into_iter().find(|shown| shown.item == item).and_then(|shown| shown.value).unwrap()
    };
    let (note, arm) = (the_vitals(subject), ShowForm { form: "F.OTHER".into(), ..the_vitals(subject) });
    for (actor, name, identity, treatment) in [
        (&ana, "coordinator", "Kari Nordmann", "blinded"),
        (&pia, "plain", "withheld", "blinded"),
        (&uma, "unblinded", "withheld", "placebo"),
        (&dag, "data manager", "withheld", "blinded"),
    ] {
        assert_eq!(shown(actor, &note, "I.NOTE").text(), identity, "{name}");
        assert_eq!(shown(actor, &note, "I.WHOLE").text(), "2026-11-21", "{name}");
        assert_eq!(shown(actor, &arm, "I.OTHER").text(), treatment, "{name}");
    }
    let history = |actor: &Actor| {
        let ask = ItemHistory {
            form: the_vitals(subject),
            group: "IG.VITALS".into(),
            group_repeat: String::new(),
            item: "I.NOTE".into(),
        };
        let shown = world.organization().view(actor, &ask).unwrap();
        shown.versions.into_iter().map(|version| version.value.unwrap().text().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(history(&pia), ["withheld"]);
    assert_eq!(history(&ana), ["Kari Nordmann"]);
    let mut told = String::new();
    let take = |part: store::views::ExportPart| {
        if let store::views::ExportPart::Clinical(chunk) = part {
            told.push_str(&format!("{chunk:?}"));
        }
        Ok(())
    };
    world.organization().export(&dag, place.study, take, || Ok(ledger::sha256(b""))).unwrap();
    assert!(told.contains("2026-11-21") && told.contains("I.WHOLE"));
    assert!(!told.contains("Nordmann") && !told.contains("placebo") && !told.contains("I.NOTE"), "{told}");
    assert_refused(world.try_act(&pia, vitals(subject, 2, vec![set("I.NOTE", "somebody")])), "unseen");
    assert_refused(world.try_act(&ana, other(subject, 2, "active")), "unseen");
    world.finish();
}

#[test]
fn a_class_that_is_none_is_not_published_and_a_later_version_opens_nothing_old() {
    let (mut world, place) = World::with_study();
    let sofie = world.actor("sofie");
    let mut unknown = classified();
    unknown[0].versions[0].items[0].aliases.push(Alias { context: ITEM_CLASS.into(), name: "secret".into() });
    assert_refused(world.try_act(&sofie, publish(place.study, unknown)), "broken_definition");
    let mut both = classified();
    let open = definition::study("3", "").remove(0).versions.remove(0);
    both[0].versions.push(open);
    world.act(&sofie, publish(place.study, both));
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    assert_refused(world.try_act(&ana, other(subject, 0, "active")), "unseen");
    world.finish();
}
