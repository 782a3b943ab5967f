//! Policy layers: each tightens what is above it, and says so where it may not.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use store::{
    Confirmation, Error, SignIn,
    acts::{FoundOrganization, SetPolicy},
    code_at,
    views::{Account, SettingShown, ShowPolicy, ShowStudy, ShowSubject, Subjects},
};
use trial::{
    access::Scope,
    ids::{Id, RequestId},
    policy::{Setting, Tier},
    role::Role,
};

use crate::world::{PASSWORD, World, first, founding, save::assert_refused};

fn set(scope: Scope, values: &[(Setting, u32)]) -> SetPolicy {
    SetPolicy { scope, values: values.iter().copied().collect(), justifications: BTreeMap::new() }
}

#[test]
fn each_layer_tightens_and_none_loosens() {
    let (mut world, place) = World::with_study();
    let silje = world.at_site("silje", Role::SiteAdministrator, &place, place.oslo);
    let (adam, sofie) = (world.actor("adam"), world.actor("sofie"));
    let (study, oslo) = (Scope::Study { study: place.study }, Scope::Site { study: place.study, site: place.oslo });
    let bergen = Scope::Site { study: place.study, site: place.bergen };
    world.act(&adam, set(Scope::Organization, &[(Setting::Idle, 480)]));
    world.act(&sofie, set(study, &[(Setting::Idle, 300)]));
    world.act(&silje, set(oslo, &[(Setting::Idle, 240)]));
    let shown = |actor, scope, setting| -> SettingShown {
        let all = world.organization().view(actor, &ShowPolicy { scope }).unwrap();
        all.into_iter().find(|shown| shown.setting == setting).unwrap()
    };
    for (actor, scope, value, tier) in [
        (&adam, Scope::Organization, 480, Tier::Organization),
        (&adam, study, 300, Tier::Study),
        (&sofie, study, 300, Tier::Study),
        (&sofie, oslo, 240, Tier::Site),
        (&sofie, bergen, 300, Tier::Study),
        (&silje, oslo, 240, Tier::Site),
    ] {
        let idle = shown(actor, scope, Setting::Idle);
        assert_eq!((idle.value, idle.decided_by), (value, tier), "{scope:?}");
    }
    for (actor, scope, value) in
        [(&silje, oslo, 1200), (&silje, oslo, 301), (&sofie, study, 481), (&adam, Scope::Organization, 601)]
    {
        assert_refused(world.try_act(actor, set(scope, &[(Setting::Idle, value)])), "looser");
    }
    let told = world.try_act(&silje, set(oslo, &[(Setting::Idle, 301)])).unwrap_err().to_string();
    assert!(told.contains("the study has 5 minutes"), "{told}");
    assert_refused(world.try_act(&silje, set(oslo, &[(Setting::Idle, 1)])), "too_strict");
    let elsewhere = world.try_act(&silje, set(bergen, &[(Setting::Idle, 120)]));
    assert!(matches!(elsewhere, Err(Error::Hidden)), "{elsewhere:?}");
    let above = world.try_act(&silje, set(study, &[(Setting::Idle, 120)]));
    assert!(matches!(above, Err(Error::Forbidden { .. })), "{above:?}");
    let country = Scope::Country { study: place.study, country: "NO".parse().unwrap() };
    assert_refused(world.try_act(&sofie, set(country, &[(Setting::Idle, 120)])), "wrong_level");
    // What was set before is no bound: what is above is.
    world.act(&silje, set(oslo, &[(Setting::Idle, 300)]));
    // Tightened above later, the layer below is not asked.
    world.act(&adam, set(Scope::Organization, &[(Setting::Idle, 60)]));
    let shown = world.organization().view(&silje, &ShowPolicy { scope: oslo }).unwrap();
    assert_eq!(shown.iter().find(|shown| shown.setting == Setting::Idle).map(|shown| shown.value), Some(60));
    world.finish();
}

#[test]
fn what_goes_against_a_recommendation_needs_a_reason_that_is_shown() {
    let (mut world, place) = World::with_study();
    let sofie = world.actor("sofie");
    let scope = Scope::Study { study: place.study };
    let mut rotation = set(scope, &[(Setting::PasswordAge, 90)]);
    assert_refused(world.try_act(&sofie, rotation.clone()), "justification");
    rotation.justifications.insert(Setting::PasswordAge, "  ".into());
    assert_refused(world.try_act(&sofie, rotation.clone()), "justification");
    rotation.justifications.insert(Setting::PasswordAge, "the hospital's rule 7.2".into());
    world.act(&sofie, rotation);
    let shown = world.organization().view(&sofie, &ShowPolicy { scope }).unwrap();
    let age = shown.iter().find(|shown| shown.setting == Setting::PasswordAge).unwrap();
    assert_eq!(age.justifications, [(Tier::Study, "the hospital's rule 7.2".to_owned())]);
    assert_eq!(age.words, "90 days");
    world.finish();
}

#[test]
fn an_organization_founded_without_a_second_factor_says_why() {
    let mut world = World::founded();
    let (adam, scope) = (world.actor("adam"), Scope::Organization);
    let said = |world: &World| {
        let shown = world.organization().view(&adam, &ShowPolicy { scope }).unwrap();
        shown.into_iter().find(|shown| shown.setting == Setting::SecondFactor).unwrap().justifications
    };
    assert_eq!(said(&world), [(Tier::Organization, "founded without: a test".to_owned())]);
    let first = first("another token");
    let blank = FoundOrganization { without_second_factor: Some("  ".into()), ..founding("Blank", true) };
    assert_refused(world.installation().found(blank, &first).map(drop), "empty");
    world.finish();
}

#[test]
fn a_site_that_asks_for_a_second_factor_asks_everybody_who_acts_there() {
    let (mut world, place) = World::with_study();
    let silje = world.at_site("silje", Role::SiteAdministrator, &place, place.oslo);
    let ana = world.coordinator("ana", &place);
    let berit = world.at_site("berit", Role::Coordinator, &place, place.bergen);
    let dag = world.in_study("dag", Role::DataManager, &place);
    let (here, there) = (world.subject(&ana, place.oslo, "OSL-001"), world.subject(&berit, place.bergen, "BER-001"));
    let oslo = Scope::Site { study: place.study, site: place.oslo };
    world.act(&silje, set(oslo, &[(Setting::SecondFactor, 1)]));
    let organization = world.organization();
    let listed = Subjects { study: place.study, site: None, search: String::new(), after: String::new(), limit: 10 };
    let stopped = |outcome: Option<Error>| assert!(matches!(outcome, Some(Error::StepUp)), "{outcome:?}");
    stopped(organization.view(&ana, &ShowSubject { subject: here }).err());
    stopped(organization.view(&ana, &ShowStudy { study: place.study }).err());
    stopped(organization.view(&dag, &ShowSubject { subject: here }).err());
    stopped(organization.view(&dag, &listed).err());
    stopped(organization.view(&silje, &ShowPolicy { scope: oslo }).err());
    assert!(organization.view(&berit, &ShowSubject { subject: there }).is_ok(), "elsewhere nothing changes");
    assert!(organization.view(&berit, &listed).is_ok());
    assert!(organization.view(&dag, &ShowSubject { subject: there }).is_ok());
    // One's own account stays open: there the factor is set.
    let account = organization.view(&ana, &Account {}).unwrap();
    assert!(account.second_factor_needed && !account.second_factor);
    let secret = b"a secret of anas app";
    let step = u64::try_from(store::Clock::now(&*world.clock).as_second()).unwrap() / 30;
    let request = world.request();
    world.organization().set_second_factor(&ana, secret, &code_at(secret, step), request).unwrap();
    assert!(world.organization().view(&ana, &ShowSubject { subject: here }).is_ok());
    world.finish();
}

#[test]
fn a_code_is_taken_for_as_long_as_the_strictest_place_lets_it() {
    let (mut world, place) = World::with_study();
    let sofie = world.actor("sofie");
    let ana = world.coordinator("ana", &place);
    let secret = b"a secret of anas app";
    let step = |world: &World| u64::try_from(store::Clock::now(&*world.clock).as_second()).unwrap() / 30;
    let request = world.request();
    world.organization().set_second_factor(&ana, secret, &code_at(secret, step(&world) - 1), request).unwrap();
    let sign_in =
        |world: &World, step, token| world.organization().sign_in("ana", PASSWORD, Some(&code_at(secret, step)), token);
    world.clock.turn(SignedDuration::from_secs(60));
    let before = step(&world) - 1;
    assert!(matches!(sign_in(&world, before, "of who types slowly").unwrap(), SignIn::Open(_)));
    let oslo = Scope::Site { study: place.study, site: place.oslo };
    assert_refused(world.try_act(&sofie, set(oslo, &[(Setting::CodeLasts, 29)])), "too_strict");
    world.act(&sofie, set(oslo, &[(Setting::CodeLasts, 30)]));
    world.clock.turn(SignedDuration::from_secs(60));
    let now = step(&world);
    assert_refused(sign_in(&world, now - 1, "none"), "wrong");
    assert_refused(sign_in(&world, now + 1, "none"), "wrong");
    assert!(matches!(sign_in(&world, now, "anas session").unwrap(), SignIn::Open(_)));
    let ana = world.whose("anas session").unwrap();
    world.clock.turn(SignedDuration::from_secs(60));
    let now = step(&world);
    let confirm =
        |step| world.organization().confirm(&ana, Confirmation::Code(&code_at(secret, step)), "anas next session");
    assert_refused(confirm(now - 1), "wrong");
    confirm(now).unwrap();
    let ana = world.whose("anas next session").unwrap();
    world.clock.turn(SignedDuration::from_secs(60));
    let now = step(&world);
    let (another, requests) = (b"another secret of it", [7, 8].map(|n| RequestId::from_bytes([n; 16])));
    let anew = |step, request| world.organization().set_second_factor(&ana, another, &code_at(another, step), request);
    assert_refused(anew(now + 1, requests[0]), "wrong");
    anew(now, requests[1]).unwrap();
    world.finish();
}

#[test]
fn sessions_last_as_long_as_the_strictest_place_lets_them() {
    let (mut world, place) = World::with_study();
    let sofie = world.actor("sofie");
    world.coordinator("ana", &place);
    world.at_site("berit", Role::Coordinator, &place, place.bergen);
    world.sign_in("ana", "anas");
    world.sign_in("berit", "berits");
    let oslo = Scope::Site { study: place.study, site: place.oslo };
    world.act(&sofie, set(oslo, &[(Setting::Idle, 120), (Setting::Lifetime, 900)]));
    world.clock.turn(SignedDuration::from_secs(119));
    assert!(world.whose("anas").is_some() && world.whose("berits").is_some());
    world.clock.turn(SignedDuration::from_secs(120));
    assert!(world.whose("anas").is_none() && world.whose("berits").is_some());
    world.sign_in("ana", "anas again");
    for _ in 0..8 {
        world.clock.turn(SignedDuration::from_secs(100));
        assert!(world.whose("anas again").is_some() && world.whose("berits").is_some());
    }
    world.clock.turn(SignedDuration::from_secs(100));
    assert!(world.whose("anas again").is_none(), "a quarter of an hour is over");
    assert!(world.whose("berits").is_some());
    world.finish();
}
