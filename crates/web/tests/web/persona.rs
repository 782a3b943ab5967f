//! Every route, as everybody. What is expected is computed from the role table (`trial::access::decide`) and from what
//! the route declares; nothing is excepted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use store::{Clock, Presence, acts, views};
use trial::{
    access::{Decision, Exception, Grant, Principal, Scope, decide},
    client::{Bounds, Kind},
    gate::{Gap, Lapse},
    ids::RoleId,
    permission::{Permission as P, Permissions},
    role::{Level, Role},
    roles::{OwnRole, Roles},
};

use crate::{
    cases::{Setup, ask, gate, place},
    client::Answer,
    world::{CANARY, Person, act, signed_in},
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
    /// What it is kept to, where a program asks in the person's name.
    pub bounds: Option<Bounds>,
}

impl Persona {
    fn of(name: impl Into<String>, person: Person) -> Self {
        Persona { name: name.into(), person: Some(person), of_b: false, active: true, bounds: None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Allowed,
    SignedOut,
    Forbidden,
    Hidden,
}

/// Everyone, and the organization's own roles that some of them have.
struct Everyone {
    personas: Vec<Persona>,
    own: BTreeMap<RoleId, OwnRole>,
}

/// Nobody, wrong organization, wrong site, country and study, each role at each level, roles of the organization's own,
/// some bounded to other forms or classes of items, grants that have ended or not begun, that lapsed with a training or an
/// agreement, access that was approved and such as is over, a disabled account.
fn everyone(setup: &Setup) -> Everyone {
    let world = &setup.world;
    let mut all = Everyone {
        personas: vec![Persona { name: "nobody".into(), person: None, of_b: false, active: true, bounds: None }],
        own: BTreeMap::new(),
    };
    let site = |number: usize| Scope::Site { study: setup.one.id, site: setup.one.sites[number] };
    for role in Role::BUILT_IN {
        for level in role.levels() {
            let mut person = world.person(&world.a, &world.admin, &role.code());
            world.give(&world.a, &world.admin, &mut person, *role, scope_at(setup, *level));
            all.personas.push(Persona::of(format!("{role} at {level:?}"), person));
        }
    }
    own_roles(setup, &mut all);
    let mut odd = |name: &str, scope: Scope, until: Option<Timestamp>| {
        let mut person = world.person(&world.a, &world.admin, "odd");
        world.give_until(&world.a, &world.admin, &mut person, Role::Coordinator, scope, until);
        all.personas.push(Persona::of(name, person));
    };
    odd("coordinator of another site", site(1), None);
    odd("coordinator of another study", Scope::Site { study: setup.two.id, site: setup.two.sites[0] }, None);
    let soon = world.clock.now().checked_add(SignedDuration::from_secs(5)).unwrap();
    odd("coordinator until a minute ago", site(0), Some(soon));
    let mut abroad = world.person(&world.a, &world.admin, "abroad");
    let sweden = Scope::Country { study: setup.one.id, country: "SE".parse().unwrap() };
    world.give(&world.a, &world.admin, &mut abroad, Role::Monitor, sweden);
    all.personas.push(Persona::of("monitor of another country", abroad));
    all.personas.push(Persona::of("person without a role", world.person(&world.a, &world.admin, "roleless")));
    exceptions(setup, &mut all);
    programs(setup, &mut all);
    strangers(setup, &mut all);
    let mut unsigned = world.person(&world.a, &world.admin, "unsigned");
    world.give(&world.a, &world.admin, &mut unsigned, Role::Coordinator, site(0));
    unsigned.grants[0].gaps.push(Gap::ever(Lapse::AgreementUnsigned));
    all.personas.push(Persona::of(UNSIGNED, unsigned));
    // A grant begins when it is given; then the clock goes back to before it.
    world.clock.turn(SignedDuration::from_secs(600));
    let mut early = world.person(&world.a, &world.admin, "early");
    world.give(&world.a, &setup.builder, &mut early, Role::Coordinator, site(0));
    world.clock.turn(SignedDuration::from_secs(-540));
    early.token = signed_in(&world.a, &early.sign_in);
    all.personas.push(Persona::of("coordinator from next hour", early));
    all
}

fn scope_at(setup: &Setup, level: Level) -> Scope {
    let study = setup.one.id;
    match level {
        Level::Organization => Scope::Organization,
        Level::Study => Scope::Study { study },
        Level::Country => Scope::Country { study, country: "NO".parse().unwrap() },
        Level::Site => Scope::Site { study, site: setup.one.sites[0] },
    }
}

/// Roles of the organization's own, one of which lapsed with its training.
fn own_roles(setup: &Setup, all: &mut Everyone) {
    const READS: &[P] = &[P::StudySee, P::SubjectSee, P::FormSee];
    const ENTERS: &[P] = &[P::StudySee, P::SubjectSee, P::SubjectAdd, P::FormSee, P::FormEdit, P::ItemIdentifying];
    let world = &setup.world;
    for (name, permissions, forms, level) in [
        ("reader of a country", READS, None, Level::Country),
        (
            "unblinded at a site",
            &[P::StudySee, P::SubjectSee, P::FormSee, P::FormEdit, P::ItemBlinded][..],
            None,
            Level::Site,
        ),
        ("enters another form", ENTERS, Some("F.OTHER"), Level::Site),
        ("enters this form", ENTERS, Some("F.VS"), Level::Site),
        ("sees who may do what", &[P::PeopleSee, P::GrantSee, P::PolicySee][..], None, Level::Organization),
        ("enters, with a training that lapsed", ENTERS, None, Level::Site),
    ] {
        let (id, own) = setup.role(permissions, forms, level);
        all.own.insert(id, own);
        let mut person = world.person(&world.a, &world.admin, "own");
        world.give(&world.a, &world.admin, &mut person, Role::Own(id), scope_at(setup, level));
        if name.contains("lapsed") {
            setup.course(Some(Role::Own(id)));
            person.grants[0].gaps.push(Gap::ever(Lapse::TrainingLapsed));
        }
        all.personas.push(Persona::of(name, person));
    }
}

/// Support with access that somebody approved, and such whose access is over.
fn exceptions(setup: &Setup, all: &mut Everyone) {
    let world = &setup.world;
    for (name, ended) in [("support with access approved", false), ("support whose access is over", true)] {
        let mut person = world.person(&world.a, &world.admin, "support");
        world.give(&world.a, &world.admin, &mut person, Role::Support, Scope::Organization);
        let scope = scope_at(setup, Level::Site);
        let ask = acts::AskAccess { role: Role::Monitor, scope, hours: 24, reason: "a form does not open".into() };
        let request = act(&world.a, &person.actor, ask).id("access_request").unwrap();
        let answer = acts::AnswerAccess { request, approve: true, answer: "go on".into() };
        let id = act(&world.a, &setup.builder.actor, answer).id("grant").unwrap();
        if ended {
            act(&world.a, &setup.builder.actor, acts::ReviewAccess { request, finding: "done".into() });
        } else {
            let exception = Some(Exception::Approved);
            person.grants.push(trial::access::Grant {
                id,
                role: Role::Monitor,
                scope,
                exception,
                ..person.grants[0].clone()
            });
        }
        all.personas.push(Persona::of(name, person));
    }
}

/// Programs that work in somebody's name: kept to a few things, kept to one site of a study, and one that was ended.
fn programs(setup: &Setup, all: &mut Everyone) {
    let world = &setup.world;
    let site = scope_at(setup, Level::Site);
    for (name, role, granted, permissions) in [
        (
            "program of a coordinator, that reads",
            Role::Coordinator,
            site,
            &[P::StudySee, P::SubjectSee, P::FormSee][..],
        ),
        (
            "program of a data manager at one site",
            Role::DataManager,
            scope_at(setup, Level::Study),
            &[P::StudySee, P::SubjectSee],
        ),
        (
            "program of a data manager, that imports",
            Role::DataManager,
            scope_at(setup, Level::Study),
            &[P::StudySee, P::DataImport, P::DataExport],
        ),
        ("program that was ended", Role::Coordinator, site, &[P::StudySee]),
    ] {
        let mut person = world.person(&world.a, &world.admin, "programmer");
        world.give(&world.a, &world.admin, &mut person, role, granted);
        let scope = if name.contains("at one site") { site } else { granted };
        let token = format!("{}{}.{}", store::TOKEN_PREFIX, world.a.id(), store::fresh_token().unwrap());
        let permissions = Permissions::of(permissions);
        let register = acts::RegisterClient {
            name: name.into(),
            kind: Kind::Program,
            scope,
            permissions,
            days: 1,
            certificate: None,
            token_tag: store::token_tag(&token),
        };
        let client = act(&world.a, &person.actor, register).id("client").unwrap();
        let active = !name.contains("ended");
        if !active {
            act(&world.a, &person.actor, acts::EndOwnClient { client });
        }
        let bounds = Some(Bounds { permissions, scope, country: "NO".parse().ok() });
        let person = Some(Person { token, ..person });
        all.personas.push(Persona { name: name.into(), person, of_b: false, active, bounds });
    }
}

/// People of the other organization, and one whose account is disabled.
fn strangers(setup: &Setup, all: &mut Everyone) {
    let world = &setup.world;
    let mut foreign = world.person(&world.b, &world.b_admin, "foreign");
    let at_b = Scope::Site { study: setup.b.id, site: setup.b.sites[0] };
    world.give(&world.b, &setup.b_builder, &mut foreign, Role::Coordinator, at_b);
    all.personas.push(Persona {
        name: "coordinator of another organization".into(),
        person: Some(foreign),
        of_b: true,
        active: true,
        bounds: None,
    });
    let foreign = Person { grants: setup.b_admin_grants(), ..world.b_admin.clone() };
    let name = "administrator of another organization".into();
    all.personas.push(Persona { name, person: Some(foreign), of_b: true, active: true, bounds: None });
    let disabled = world.person(&world.a, &world.admin, "disabled");
    act(&world.a, &world.admin.actor, acts::DisablePerson { person: disabled.id });
    all.personas.push(Persona { active: false, ..Persona::of("disabled account", disabled) });
}

/// After an agreement was published, everybody signs it, but for whom it is to stop.
fn sign(setup: &Setup, everyone: &[Persona]) {
    let world = &setup.world;
    let Setup { builder, other_builder, hand, lead, receiver, linker, .. } = setup;
    let makers = [&world.admin, builder, other_builder, hand, lead, receiver, linker];
    let working = everyone.iter().filter(|persona| persona.active && persona.name != UNSIGNED);
    let working = working.filter_map(|persona| Some((persona.of_b, persona.person.as_ref()?)));
    for (of_b, person) in makers.into_iter().map(|person| (false, person)).chain(working) {
        let organization = if of_b { &world.b } else { &world.a };
        // A role of theirs may have been ended meanwhile, and their session with it; and a program cannot sign.
        let of_session = |token: &str| {
            let shown = organization.authenticate(token, Presence::Background).unwrap()?;
            Some(shown.actor).filter(|actor| actor.session().is_some())
        };
        let known = of_session(&person.token);
        let actor = known.or_else(|| of_session(&signed_in(organization, &person.sign_in))).unwrap();
        let signature = organization.view(&actor, &views::MyDuties {}).unwrap().signature();
        if !signature.agreements.is_empty() {
            act(organization, &actor, signature);
        }
    }
}

/// Who has not signed the newest version of an agreement.
const UNSIGNED: &str = "coordinator with an agreement unsigned";

#[tokio::test(flavor = "multi_thread")]
async fn every_route_allows_and_refuses_as_the_role_table_says() {
    let setup = Setup::new();
    let Everyone { personas: everyone, own } = everyone(&setup);
    let roles = Roles::new(own);
    let publish = acts::PublishAgreement { kind: store::AgreementKind::Confidentiality, text: "A newer one.".into() };
    act(&setup.world.a, &setup.world.admin.actor, publish);
    sign(&setup, &everyone);
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
            let expected = expected(&setup, &roles, route, persona, setup.world.clock.now());
            let said = format!("{} {} as {}", route.method, request.uri, persona.name);
            let answer = request.send(&setup.world.app).await;
            let found = outcome(route, persona, &answer);
            asked += 1;
            allowed += u32::from(expected == Outcome::Allowed);
            if found != Some(expected) {
                let text: String = answer.text().chars().take(300).collect();
                wrong.push(format!("{said}: {expected:?} expected, {} came: {text}", answer.status));
            }
            if route.method == "POST" && route.path.ends_with("/agreements") {
                sign(&setup, &everyone);
            }
            // To say that a proof is none is what checking it is for, and which rules a study breaks what its release is;
            // whoever never set off does not come back.
            let checked = ["/ledgers/{number}/check", "/sign-in/provider/answer"].contains(&route.path.as_str())
                || [ACTIVATE, "/studies/{study}/live"].contains(&route.path.as_str());
            // Whom and what it names is of the first organization, unknown to the second.
            let names_a_stranger = persona.of_b && NAMES.contains(&route.path.as_str());
            if let Some(person) = persona.person.as_ref().filter(|_| persona.active) {
                let organization = if persona.of_b { &setup.world.b } else { &setup.world.a };
                if organization.authenticate(&person.token, Presence::Background).unwrap().is_none() {
                    panic!("{said}: ended; wrong so far {}", wrong.join("\n"));
                }
            }
            if let Err(why) = well_formed(route, &answer) {
                wrong.push(format!("{said}: {why}"));
            }
            if found == Some(Outcome::Allowed) && answer.status.is_client_error() && !checked && !names_a_stranger {
                met.insert(format!("{} {}: {}", route.method, route.path, answer.status.as_u16()));
            }
            // An enrolment link is its own key: whoever was handed it sees whom it is for.
            let own_key = route.path.contains("/enrol");
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

/// What every answer has, whatever it answers: a type that fits, with its charset, a plain name where it is a file, and on
/// a page of somebody signed in the way out.
fn well_formed(route: &web::route::Route, answer: &Answer) -> Result<(), String> {
    let header = |name: &str| answer.headers.get(name).map_or("", |value| value.to_str().unwrap());
    let (kind, body) = (header("content-type"), answer.text());
    let fits = match kind {
        "" => answer.body.is_empty(),
        "text/html; charset=utf-8" => body.starts_with("<!doctype html>"),
        "application/json" | "application/problem+json" => serde_json::from_str::<serde_json::Value>(&body).is_ok(),
        "application/xml; charset=utf-8" => body.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"),
        "application/zip" => answer.body.starts_with(b"PK"),
        "application/octet-stream" => true,
        kind => kind.starts_with("text/") && kind.contains("; charset=utf-8"),
    };
    if !fits {
        return Err(format!("'{kind}' is not what came: {}", body.chars().take(80).collect::<String>()));
    }
    let file = header("content-disposition");
    let name = file.strip_prefix("attachment; filename=\"").and_then(|rest| rest.strip_suffix('"'));
    let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    if !file.is_empty() && !name.is_some_and(plain) {
        return Err(format!("'{file}' is no plain name"));
    }
    if body.contains("data-session-left") && !body.contains("action=\"/sign-out\"") {
        return Err(format!("no way out of {}", route.path));
    }
    Ok(())
}

/// Where programs release a study.
const ACTIVATE: &str = "/api/v1/studies/{study}/activate";

/// Routes whose body names something of the first organization.
const NAMES: &[&str] =
    &["/", "/account/agreements", "/api/v1/account/access-requests", "/api/v1/account/agreements", "/requests"];

/// Parts of an address that name something of the first organization, which is looked up before anything is decided.
const LOCATED: &[&str] = &["{person}", "{grant}", "{request}", "{delegation}", "{client}", "{site}"];

fn expected(setup: &Setup, roles: &Roles, route: &web::route::Route, persona: &Persona, at: Timestamp) -> Outcome {
    let Some((name, needs)) = gate(route) else { return Outcome::Allowed };
    let at_the_door = matches!(needs, P::SignIn | P::LedgerWitness);
    let narrow = |grants: &[Grant]| persona.bounds.map_or_else(|| grants.to_vec(), |bounds| bounds.narrow(grants));
    let named = |needs| at_the_door || persona.bounds.is_none_or(|bounds| bounds.permissions().hold(needs));
    // A cookie is no place for a program's token.
    let by_cookie = persona.bounds.is_some() && !crate::cases::takes_bearer(route);
    let (who, grants) = match &persona.person {
        Some(person) if persona.active && !by_cookie => (Principal::Person(person.id), narrow(&person.grants)),
        _ if at_the_door => (Principal::Nobody, Vec::new()),
        _ => return Outcome::SignedOut,
    };
    // What is of the first organization does not exist for the second.
    let foreign = |parts: &[&str]| persona.of_b && parts.iter().any(|part| route.path.contains(part));
    if foreign(LOCATED) || (persona.of_b && matches!(name, "grant.give" | "training.record")) {
        return Outcome::Hidden;
    }
    match decide(who, &grants, roles, needs, place(setup, name, needs, route, persona), at) {
        Decision::Allow(_) if !named(needs) => Outcome::Forbidden,
        // Who registers none has none to end.
        Decision::Allow(_) if name == "account.end_client" => {
            let here = place(setup, "client.register", P::ClientRegister, route, persona);
            match decide(who, &grants, roles, P::ClientRegister, here, at) {
                Decision::Allow(_) => Outcome::Allowed,
                _ => Outcome::Hidden,
            }
        }
        Decision::Allow(_) if foreign(&["{role}", "{course}"]) => Outcome::Hidden,
        // A role may be bounded to other forms than the one that is asked for.
        Decision::Allow(allowed) if route.path.contains("/forms/{form}") => {
            let reaches = allowed.through.iter().any(|held| roles.reaches_form(held.role, "F.VS"));
            if reaches { Outcome::Allowed } else { Outcome::Forbidden }
        }
        Decision::Allow(_) => Outcome::Allowed,
        Decision::Forbidden | Decision::Suspended(_) => Outcome::Forbidden,
        Decision::Hidden => Outcome::Hidden,
    }
}

fn outcome(route: &web::route::Route, persona: &Persona, answer: &Answer) -> Option<Outcome> {
    let to_the_door = answer.headers.get("location").is_some_and(|to| to.as_bytes().starts_with(b"/sign-in"));
    match answer.status.as_u16() {
        // Who signs out without being signed in is at the door already.
        303 if to_the_door
            && route.path == "/sign-out"
            && (persona.person.is_none() || !persona.active || persona.bounds.is_some()) =>
        {
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
