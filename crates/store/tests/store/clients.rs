//! Programs and devices that work in a person's name: what was named, where, as long as their person may.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use store::{
    Actor, Error, SecurityEvent,
    acts::{AddSubject, DisablePerson, EndClient, EndGrant, EndOwnClient, PublishAgreement, RegisterClient, SetPolicy},
    views::{Account, Clients, LedgerEntries, MyClients, MyStudies, Subjects},
};
use trial::{
    access::Scope,
    client::Kind,
    gate::Lapse,
    ids::{ClientId, GrantId, StudyId},
    limit,
    permission::{Permission as P, Permissions},
    policy::Setting,
    role::Role,
};

use crate::world::{
    Place, World,
    save::{assert_refused, refused, set, the_vitals, vitals},
};

const READS: &[P] = &[P::StudySee, P::SubjectSee];

fn wish(scope: Scope, permissions: &[P], token: &str) -> RegisterClient {
    RegisterClient {
        name: "Lab feed".into(),
        kind: Kind::Program,
        scope,
        permissions: Permissions::of(permissions),
        days: 30,
        certificate: None,
        token_tag: store::token_tag(token),
    }
}

fn at_oslo(place: &Place) -> Scope {
    Scope::Site { study: place.study, site: place.oslo }
}

/// What a program that somebody registered is.
fn register(world: &mut World, of: &Actor, scope: Scope, permissions: &[P], token: &str) -> (ClientId, Actor) {
    let receipt = world.act(of, wish(scope, permissions, token));
    (receipt.id("client").unwrap(), world.whose(token).expect("a token that was just told"))
}

fn all_of(study: StudyId) -> Subjects {
    Subjects { study, site: None, search: String::new(), after: String::new(), limit: 100 }
}

#[track_caller]
fn assert_forbidden<T: std::fmt::Debug>(outcome: store::Result<T>, permission: P) {
    assert!(matches!(outcome, Err(Error::Forbidden { needs }) if needs == permission.code()), "{outcome:?}");
}

#[test]
fn it_does_what_was_named_and_is_told_with_its_person() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    world.act(&ana, vitals(subject, 0, vec![set("I.NOTE", "by hand")]));
    let enters = [P::StudySee, P::SubjectSee, P::FormSee, P::FormEdit];
    let (_, feed) = register(&mut world, &ana, at_oslo(&place), &enters, "token of the feed");
    let (_, reader) = register(&mut world, &ana, at_oslo(&place), READS, "token of the reader");
    assert_eq!(feed.person(), ana.person());
    world.act(
        &feed,
        vitals(
            subject,
            2,
            vec![store::acts::ItemChange { reason: Some("from the lab".into()), ..set("I.NOTE", "by the feed") }],
        ),
    );
    // What was not named is not done, also where its person does it.
    assert_forbidden(world.try_act(&feed, AddSubject { site: place.oslo, code: "OSL-002".into() }), P::SubjectAdd);
    assert_forbidden(world.organization().view(&reader, &the_vitals(subject)), P::FormSee);
    assert_eq!(world.organization().view(&reader, &all_of(place.study)).unwrap().subjects.len(), 1);
    // Accounts and access are for people.
    assert_forbidden(world.organization().view(&feed, &Account {}), P::OwnAccount);
    assert_forbidden(world.try_act(&feed, wish(at_oslo(&place), READS, "a third")), P::ClientRegister);
    let studies = world.organization().view(&reader, &MyStudies {}).unwrap();
    let [one] = &studies[..] else { panic!("{studies:?}") };
    assert_eq!(one.roles[0].permissions, Permissions::of(READS));
    let dag = world.in_study("dag", Role::DataManager, &place);
    let entries = world.organization().view(&dag, &LedgerEntries { ledger: 2, before: None, limit: 50 }).unwrap();
    let through: Vec<_> = entries
        .iter()
        .filter(|entry| entry.act == "form.save")
        .map(|entry| (&*entry.who, entry.through.as_deref()))
        .collect();
    assert_eq!(through, [("ana of the tests", Some("Lab feed")), ("ana of the tests", None)]);
    let looked = entries.iter().find(|entry| entry.act == "view.subjects").unwrap();
    assert_eq!(looked.through.as_deref(), Some("Lab feed"), "what it looked at too");
    world.finish();
}

#[test]
fn it_works_where_it_was_registered_and_nowhere_else() {
    let (mut world, place) = World::with_study();
    let (ana, dag) = (world.coordinator("ana", &place), world.in_study("dag", Role::DataManager, &place));
    let bo = world.at_site("bo", Role::Coordinator, &place, place.bergen);
    world.subject(&ana, place.oslo, "OSL-001");
    world.subject(&bo, place.bergen, "BGO-001");
    let (_, wide) = register(&mut world, &dag, Scope::Study { study: place.study }, READS, "of the study");
    let (_, narrow) = register(&mut world, &dag, at_oslo(&place), READS, "of Oslo");
    let codes = |actor: &Actor| {
        let shown = world.organization().view(actor, &all_of(place.study)).unwrap();
        shown.subjects.iter().map(|line| line.code.text().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&wide), ["BGO-001", "OSL-001"]);
    assert_eq!(codes(&narrow), ["OSL-001"]);
    let other = world.add_study("S.OTHER");
    let elsewhere = world.try_act(&dag, wish(Scope::Study { study: other.study }, READS, "elsewhere"));
    assert!(matches!(elsewhere, Err(Error::Hidden)), "{elsewhere:?}");
    let outside = world.organization().view(&wide, &all_of(other.study));
    assert!(matches!(outside, Err(Error::Hidden)), "{outside:?}");
    world.finish();
}

#[test]
fn it_may_do_no_more_than_its_person_may_at_the_time() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let add = [P::StudySee, P::SubjectSee, P::SubjectAdd];
    let (_, feed) = register(&mut world, &ana, at_oslo(&place), &add, "token of the feed");
    world.subject(&feed, place.oslo, "OSL-001");
    let adam = world.actor("adam");
    world.act(&adam, PublishAgreement { kind: store::AgreementKind::Security, text: "Lock your device.".into() });
    let rests = world.try_act(&feed, AddSubject { site: place.oslo, code: "OSL-002".into() });
    assert!(matches!(rests, Err(Error::Suspended(Lapse::AgreementUnsigned))), "{rests:?}");
    world.sign(&ana);
    world.sign(&adam);
    let sofie = world.actor("sofie");
    world.sign(&sofie);
    world.subject(&feed, place.oslo, "OSL-002");
    let shown = world.organization().view(&ana, &MyStudies {}).unwrap();
    let grant: GrantId = shown[0].roles[0].grant;
    world.act(&sofie, EndGrant { grant, reason: "left".into() });
    let after = world.whose("token of the feed").expect("it is still registered");
    let gone = world.try_act(&after, AddSubject { site: place.oslo, code: "OSL-003".into() });
    assert!(matches!(gone, Err(Error::Hidden)), "{gone:?}");
    world.finish();
}

#[test]
fn it_ends_by_itself_by_its_person_by_an_administrator_and_with_the_account() {
    let (mut world, place) = World::with_study();
    let (ana, sofie) = (world.coordinator("ana", &place), world.actor("sofie"));
    let (first, _) = register(&mut world, &ana, at_oslo(&place), READS, "first");
    let (second, asked) = register(&mut world, &ana, at_oslo(&place), READS, "second");
    register(&mut world, &ana, at_oslo(&place), READS, "third");
    world.act(&ana, EndOwnClient { client: first });
    assert!(world.whose("first").is_none());
    let again = world.try_act(&ana, EndOwnClient { client: first });
    assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
    let not_his = world.try_act(&sofie, EndOwnClient { client: second });
    assert!(matches!(not_his, Err(Error::Hidden)), "{not_his:?}");
    let lines = world.organization().view(&sofie, &Clients { scope: Scope::Study { study: place.study } }).unwrap();
    assert_eq!(lines.iter().filter(|line| line.live && line.person_name == "ana of the tests").count(), 2);
    world.act(&sofie, EndClient { client: second });
    assert!(world.whose("second").is_none());
    let late = world.organization().view(&asked, &all_of(place.study));
    assert!(matches!(late, Err(Error::SignedOut)), "what was on its way is refused: {late:?}");
    let told = world.organization().view(&ana, &Account {}).unwrap().notices;
    assert_eq!(told.iter().filter(|notice| notice.event == SecurityEvent::ClientEnded).count(), 1);
    world.clock.turn(SignedDuration::from_hours(24 * 30 - 1));
    assert!(world.whose("third").is_some());
    world.clock.turn(SignedDuration::from_hours(1));
    assert!(world.whose("third").is_none(), "its thirty days are over");
    let ana = world.sign_in("ana", "a new session of ana");
    let mine = world.organization().view(&ana, &MyClients {}).unwrap();
    assert!(mine.len() == 3 && mine.iter().all(|line| !line.live));
    register(&mut world, &ana, at_oslo(&place), READS, "fourth");
    let adam = world.sign_in("adam", "a new session of adam");
    world.act(&adam, DisablePerson { person: ana.person().unwrap() });
    assert!(world.whose("fourth").is_none());
    world.finish();
}

#[test]
fn settings_bound_its_days_and_ask_for_what_its_person_had_shown() {
    let (mut world, place) = World::with_study();
    let (ana, adam) = (world.coordinator("ana", &place), world.actor("adam"));
    register(&mut world, &ana, at_oslo(&place), READS, "feed");
    let set_policy = |world: &mut World, scope, setting, value| {
        let layer = SetPolicy { scope, values: BTreeMap::from([(setting, value)]), justifications: BTreeMap::new() };
        world.act(&adam, layer);
    };
    set_policy(&mut world, Scope::Organization, Setting::ClientDays, 10);
    let long = world.try_act(&ana, wish(at_oslo(&place), READS, "long"));
    assert_refused(long, "out_of_bounds");
    // Those that are there are bounded too.
    world.clock.turn(SignedDuration::from_hours(24 * 10));
    assert!(world.whose("feed").is_none());
    let ana = world.sign_in("ana", "a new session");
    let short = RegisterClient { days: 10, ..wish(at_oslo(&place), READS, "short") };
    world.act(&ana, short);
    let short = world.whose("short").unwrap();
    assert!(world.organization().view(&short, &all_of(place.study)).is_ok());
    let adam = world.sign_in("adam", "a new session of adam");
    let second = BTreeMap::from([(Setting::SecondFactor, 1)]);
    world.act(&adam, SetPolicy { scope: at_oslo(&place), values: second, justifications: BTreeMap::new() });
    let asked = world.organization().view(&short, &all_of(place.study));
    assert!(matches!(asked, Err(Error::StepUp)), "registered with a password alone: {asked:?}");
    world.finish();
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (mut world, place) = World::with_study();
    let (ana, dag) = (world.coordinator("ana", &place), world.in_study("dag", Role::DataManager, &place));
    let sofie = world.actor("sofie");
    assert_forbidden(world.try_act(&sofie, wish(Scope::Study { study: place.study }, READS, "x")), P::ClientRegister);
    let oslo = at_oslo(&place);
    let country = Scope::Country { study: place.study, country: "NO".parse().unwrap() };
    let good = || wish(oslo, READS, "x");
    for (field, code, wish) in [
        ("permissions", "none", wish(oslo, &[], "x")),
        ("permissions", "for_people", wish(oslo, &[P::StudySee, P::ClientRegister], "x")),
        ("permissions", "not_yours", wish(oslo, &[P::StudySee, P::DataExport], "x")),
        ("name", "empty", RegisterClient { name: " ".into(), ..good() }),
        ("days", "out_of_bounds", RegisterClient { days: 0, ..good() }),
        ("days", "out_of_bounds", RegisterClient { days: 366, ..good() }),
        ("certificate", "not_a_digest", RegisterClient { certificate: Some("ab".into()), ..good() }),
    ] {
        assert_eq!(refused(world.try_act(&ana, wish)), [(field.to_owned(), code)]);
    }
    assert_eq!(refused(world.try_act(&dag, wish(country, READS, "x"))), [("scope".to_owned(), "country")]);
    for n in 0..limit::CLIENTS_MAX {
        world.act(&ana, wish(oslo, READS, &format!("token {n}")));
    }
    assert_refused(world.try_act(&ana, good()), "too_many");
    let ana = world.sign_in("ana", "a session in which nothing is confirmed again");
    world.clock.turn(SignedDuration::from_mins(9));
    world.whose("a session in which nothing is confirmed again").expect("nine minutes are not ten");
    world.clock.turn(SignedDuration::from_mins(9));
    let late = world.try_act(&ana, good());
    assert!(matches!(late, Err(Error::StepUp)), "{late:?}");
    world.finish();
}

#[test]
fn a_certificate_that_it_is_bound_to_is_told_to_whoever_checks_the_connection() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let digest = "0f".repeat(32);
    let with_colons = digest.as_bytes().chunks(2).map(|byte| std::str::from_utf8(byte).unwrap().to_uppercase());
    let certificate = Some(with_colons.collect::<Vec<_>>().join(":"));
    world.act(&ana, RegisterClient { certificate, ..wish(at_oslo(&place), READS, "bound") });
    for _ in 0..2 {
        let found = world.organization().authenticate("bound", store::Presence::Person).unwrap().unwrap();
        assert_eq!(found.certificate, Some([0x0f; 32]), "from the table, and from memory");
    }
    world.finish();
}
