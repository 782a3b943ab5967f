//! Every route, as everybody. What is expected is computed from the role table (`trial::access::decide`) and from what
//! the route declares; nothing is excepted.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use store::Clock;
use trial::{
    access::{Decision, Principal, Scope, decide},
    permission::Permission,
    role::{Level, Role},
};

use crate::{
    cases::{Setup, ask, gate, place},
    client::Answer,
    world::{CANARY, Person, signed_in},
};

/// Somebody who asks.
pub struct Persona {
    pub name: String,
    /// `None`: nobody is signed in.
    pub person: Option<Person>,
    /// Of the second organization.
    pub of_b: bool,
    /// Whether the account still works.
    pub active: bool,
}

impl Persona {
    fn of(name: impl Into<String>, person: Person) -> Self {
        Persona { name: name.into(), person: Some(person), of_b: false, active: true }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Allowed,
    SignedOut,
    Forbidden,
    Hidden,
}

/// Everyone: nobody, wrong organization, wrong site, wrong study, each role at each level, grants that have ended or
/// not begun, a disabled account.
fn everyone(setup: &Setup) -> Vec<Persona> {
    let world = &setup.world;
    let mut all = vec![Persona { name: "nobody".into(), person: None, of_b: false, active: true }];
    let site = |number: usize| Scope::Site { study: setup.one.id, site: setup.one.sites[number] };
    for role in Role::ALL {
        for level in role.levels() {
            let (scope, by) = match level {
                Level::Organization => (Scope::Organization, &world.admin),
                Level::Study => (Scope::Study { study: setup.one.id }, &setup.builder),
                Level::Site => (site(0), &setup.builder),
            };
            let by = if *role == Role::StudyAdministrator { &world.admin } else { by };
            let mut person = world.person(&world.a, &world.admin, role.code());
            world.give(&world.a, by, &mut person, *role, scope);
            all.push(Persona::of(format!("{} at {level:?}", role.code()), person));
        }
    }
    let mut odd = |name: &str, scope: Scope, until: Option<Timestamp>| {
        let by = if scope == site(0) || scope == site(1) { &setup.builder } else { &setup.other_builder };
        let mut person = world.person(&world.a, &world.admin, "odd");
        world.give_until(&world.a, by, &mut person, Role::Coordinator, scope, until);
        all.push(Persona::of(name, person));
    };
    odd("coordinator of another site", site(1), None);
    odd("coordinator of another study", Scope::Site { study: setup.two.id, site: setup.two.sites[0] }, None);
    let soon = world.clock.now().checked_add(SignedDuration::from_secs(5)).unwrap();
    odd("coordinator until a minute ago", site(0), Some(soon));
    all.push(Persona::of("person without a role", world.person(&world.a, &world.admin, "roleless")));
    let mut foreign = world.person(&world.b, &world.b_admin, "foreign");
    let at_b = Scope::Site { study: setup.b.id, site: setup.b.sites[0] };
    world.give(&world.b, &setup.b_builder, &mut foreign, Role::Coordinator, at_b);
    all.push(Persona {
        name: "coordinator of another organization".into(),
        person: Some(foreign),
        of_b: true,
        active: true,
    });
    let foreign = Person { grants: setup.b_admin_grants(), ..world.b_admin.clone() };
    let name = "administrator of another organization".into();
    all.push(Persona { name, person: Some(foreign), of_b: true, active: true });
    let disabled = world.person(&world.a, &world.admin, "disabled");
    crate::world::act(&world.a, &world.admin.actor, store::acts::DisablePerson { person: disabled.id });
    all.push(Persona { active: false, ..Persona::of("disabled account", disabled) });
    // A grant begins when it is given; then the clock goes back to before it.
    world.clock.turn(SignedDuration::from_secs(600));
    let mut early = world.person(&world.a, &world.admin, "early");
    world.give(&world.a, &setup.builder, &mut early, Role::Coordinator, site(0));
    world.clock.turn(SignedDuration::from_secs(-540));
    early.token = signed_in(&world.a, &early.sign_in);
    all.push(Persona::of("coordinator from next hour", early));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_allows_and_refuses_as_the_role_table_says() {
    let setup = Setup::new();
    let everyone = everyone(&setup);
    let table = web::table();
    let (mut asked, mut allowed, mut wrong) = (0_u32, 0_u32, Vec::new());
    let mut met = BTreeSet::new();
    // Once a second factor is set, signing in again would need its codes.
    let mut routes: Vec<_> = table.routes().iter().collect();
    let late = ["/passkeys", "/{passkey}", "/{passkey}/remove", "/second-factor", "/recovery-codes"];
    routes.sort_by_key(|route| {
        let found = late.iter().position(|end| route.method != "GET" && route.path.ends_with(end));
        found.map_or(0, |place| place + 1)
    });
    for route in routes {
        for persona in &everyone {
            let request = ask(&setup, route, persona);
            let expected = expected(&setup, route, persona, setup.world.clock.now());
            let said = format!("{} {} as {}", route.method, request.uri, persona.name);
            let answer = request.send(&setup.world.app).await;
            let found = outcome(route, persona, &answer);
            asked += 1;
            allowed += u32::from(expected == Outcome::Allowed);
            if found != Some(expected) {
                let text: String = answer.text().chars().take(300).collect();
                wrong.push(format!("{said}: {expected:?} expected, {} came: {text}", answer.status));
            }
            // To say that a proof is none is what checking it is for.
            let checked = route.path == "/ledgers/{number}/check";
            // The administrator it names is of the first organization, unknown to the second.
            let names_a_stranger = persona.of_b && route.path == "/";
            if found == Some(Outcome::Allowed) && answer.status.is_client_error() && !checked && !names_a_stranger {
                met.insert(format!("{} {}: {}", route.method, route.path, answer.status.as_u16()));
            }
            // An enrolment link is its own key: whoever was handed it sees whom it is for.
            let own_key = route.path.contains("{token}");
            if persona.of_b && !own_key && answer.text().contains(CANARY) {
                wrong.push(format!("{said}: shows what belongs to the other organization"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(
        met.into_iter().collect::<Vec<_>>(),
        Vec::<String>::new(),
        "well-formed requests that were refused all the same"
    );
    eprintln!(
        "{asked} combinations of {} routes and {} personas, {allowed} allowed, {} refused, 0 exceptions",
        table.routes().len(),
        everyone.len(),
        asked - allowed
    );
}

fn expected(setup: &Setup, route: &web::route::Route, persona: &Persona, at: Timestamp) -> Outcome {
    let Some((name, needs)) = gate(route) else { return Outcome::Allowed };
    let at_the_door = matches!(needs, Permission::SignIn | Permission::LedgerWitness);
    let (who, grants) = match &persona.person {
        Some(person) if persona.active => (Principal::Person(person.id), person.grants.as_slice()),
        _ if at_the_door => (Principal::Nobody, &[][..]),
        _ => return Outcome::SignedOut,
    };
    // A person of the first organization does not exist for the second.
    if persona.of_b && route.path.contains("{person}") {
        return Outcome::Hidden;
    }
    match decide(who, grants, needs, place(setup, name, needs, route, persona), at) {
        Decision::Allow(..) => Outcome::Allowed,
        Decision::Forbidden => Outcome::Forbidden,
        Decision::Hidden => Outcome::Hidden,
    }
}

fn outcome(route: &web::route::Route, persona: &Persona, answer: &Answer) -> Option<Outcome> {
    let to_the_door = answer.headers.get("location").is_some_and(|to| to.as_bytes().starts_with(b"/sign-in"));
    match answer.status.as_u16() {
        // Who signs out without being signed in is at the door already.
        303 if to_the_door && route.path == "/sign-out" && (persona.person.is_none() || !persona.active) => {
            Some(Outcome::SignedOut)
        }
        303 if to_the_door && answer.headers.get("set-cookie").is_none() => Some(Outcome::SignedOut),
        200..=399 | 409 | 422 => Some(Outcome::Allowed),
        401 => Some(Outcome::SignedOut),
        403 => Some(Outcome::Forbidden),
        404 => Some(Outcome::Hidden),
        _ => None,
    }
}
