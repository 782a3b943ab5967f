//! Single sign-on, by a provider that says whatever a test wants.

use axum::http::header;
use jiff::SignedDuration;
use serde_json::{Value, json};
use store::{Actor, Organization, Presence, acts};
use testbed::Authenticator;
use web::route::Route;

use crate::{
    cases::{ORIGIN, Setup, add_passkey, challenge, coded},
    client::{Answer, Ask},
    idp::{CLIENT, Coded, SECRET, idp},
    persona::Persona,
    world::{PASSWORD, Person, World, act, second_factor, signed_in},
};

/// Names the provider.
pub fn set(organization: &Organization, admin: &Actor) {
    let issuer = idp().issuer.clone();
    let allowed = vec![issuer.clone()];
    let (name, client_id, client_secret) = ("Hospital sign-on".into(), CLIENT.into(), Some(SECRET.into()));
    act(organization, admin, acts::SetProvider { name, issuer, allowed, client_id, client_secret });
}

/// Links an account to the person of a session.
pub fn linked(organization: &Organization, actor: &Actor) {
    let subject = actor.person().unwrap().to_string();
    act(organization, actor, acts::LinkProvider { issuer: idp().issuer.clone(), subject });
}

/// What has to be there before a route is asked for.
pub fn prepare(setup: &Setup, route: &Route, persona: &Persona) {
    let path = route.path.as_str();
    let links = matches!(path, "/account/provider/end" | "/api/v1/me/provider");
    if links || matches!(path, "/account/provider" | "/sign-on/end" | "/api/v1/sign-on") {
        let world = &setup.world;
        let (organization, admin) = if persona.of_b { (&world.b, &world.b_admin) } else { (&world.a, &world.admin) };
        set(organization, &admin.actor);
        let person = persona.person.as_ref().filter(|_| links && persona.active && persona.bounds.is_none());
        if let Some(signed_in) =
            person.and_then(|person| organization.authenticate(&person.token, Presence::Person).unwrap())
        {
            linked(organization, &signed_in.actor);
        }
    }
}

/// Somebody on their way to the provider.
struct Away {
    cookie: String,
    state: String,
    nonce: String,
    challenge: String,
}

impl Away {
    async fn to_sign_in(world: &World) -> Self {
        let form = [("organization", world.a.name()), ("next", "/account")];
        let answer = Ask::new("POST", "/sign-in/provider").form(&form).send(&world.app).await.expect(200);
        Away::of(&answer)
    }

    async fn to_link(world: &World, person: &Person) -> Self {
        let ask = Ask::new("POST", "/account/provider").cookie(&person.token).form(&[]);
        Away::of(&ask.send(&world.app).await.expect(200))
    }

    fn of(answer: &Answer) -> Self {
        let text = answer.text();
        let address = text.split("href=\"").find(|part| part.starts_with(&idp().issuer)).unwrap();
        let address = address.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&");
        let (at, query) = address.split_once('?').unwrap();
        assert_eq!(at, format!("{}/authorize", idp().issuer));
        let asked: std::collections::HashMap<String, String> =
            form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into(), value.into())).collect();
        let told = |name: &str| asked.get(name).unwrap_or_else(|| panic!("no {name} in {address}")).clone();
        assert_eq!((told("scope").as_str(), told("response_type").as_str()), ("openid", "code"));
        assert_eq!((told("client_id").as_str(), told("code_challenge_method").as_str()), (CLIENT, "S256"));
        assert_eq!(told("redirect_uri"), "http://localhost/sign-in/provider");
        let cookie = answer.header(header::SET_COOKIE);
        assert!(cookie.contains("HttpOnly; SameSite=Strict") && cookie.contains("Max-Age=600"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Away { cookie, state: told("state"), nonce: told("nonce"), challenge: told("code_challenge") }
    }

    fn code(&self, world: &World, subject: &str) -> String {
        self.coded(world, subject, json!({}), json!({}), false)
    }

    fn coded(&self, world: &World, subject: &str, claims: Value, header: Value, stranger: bool) -> String {
        let at = world.installation.clock().now().as_second();
        Coded { challenge: &self.challenge, nonce: &self.nonce, subject, at, claims, header, stranger }.code()
    }

    /// Comes back, as the form does that a link leads to.
    fn back(&self, code: &str, state: &str) -> Ask {
        let form = [("code", code), ("state", state), ("iss", &idp().issuer)];
        Ask::new("POST", "/sign-in/provider/answer")
            .with("cookie", &self.cookie)
            .with("origin", "http://localhost")
            .form(&form)
    }

    async fn returns(&self, world: &World, subject: &str) -> Answer {
        self.back(&self.code(world, subject), &self.state).send(&world.app).await
    }
}

async fn link(world: &World, person: &Person, subject: &str) -> Answer {
    let away = Away::to_link(world, person).await;
    let cookie = format!("{}; probity_session={}", away.cookie, person.token);
    let ask = away.back(&away.code(world, subject), &away.state);
    ask.with("cookie", cookie).send(&world.app).await
}

fn session(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.get_all(header::SET_COOKIE);
    let mut set = cookies.iter().filter_map(|cookie| cookie.to_str().ok()?.strip_prefix("probity_session="));
    set.next().and_then(|cookie| cookie.split(';').next()).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_linked_their_account_signs_in_there_and_nobody_else_does() {
    let world = World::new();
    set(&world.a, &world.admin.actor);
    let ana = world.person(&world.a, &world.admin, "ana");
    let other = signed_in(&world.a, &ana.sign_in);
    // Not before it is linked, whatever a provider calls them.
    let unknown = Away::to_sign_in(&world).await.returns(&world, &ana.sign_in).await.expect(422);
    assert!(unknown.text().contains("no account here is linked") && session(&unknown).is_none());

    let linked = link(&world, &ana, "248289761001").await.expect(303);
    assert_eq!(linked.header(header::LOCATION), "/account?done=linked");
    // Like any change of how one proves oneself.
    Ask::get("/api/v1/me").bearer(&other).send(&world.app).await.expect(401);
    let page = Ask::get("/account").cookie(&ana.token).send(&world.app).await.expect(200).text();
    let mine = Ask::get("/api/v1/me/provider").bearer(&ana.token).send(&world.app).await.expect(200).json();
    assert!(mine["name"] == "Hospital sign-on" && mine["linked"].is_string(), "{mine}");
    assert!(page.contains("Linked since") && page.contains("Your account at your organization’s provider was linked"));

    let inside = Away::to_sign_in(&world).await.returns(&world, "248289761001").await.expect(303);
    assert_eq!(inside.header(header::LOCATION), "/account");
    let token = session(&inside).unwrap();
    let me = Ask::get("/api/v1/me").bearer(&token).send(&world.app).await.expect(200).json();
    assert_eq!((me["sign_in"].as_str(), me["confirmed"].as_bool()), (Some(ana.sign_in.as_str()), Some(false)));
    let events = Ask::get("/api/v1/me/events").bearer(&token).send(&world.app).await.expect(200).json();
    assert!(events.to_string().contains("\"provider\""), "{events}");
    assert!(Away::to_sign_in(&world).await.returns(&world, "248289761002").await.status.is_client_error());

    // One account there is one person's here.
    let eve = world.person(&world.a, &world.admin, "eve");
    assert_eq!(link(&world, &eve, "248289761001").await.header(header::LOCATION), "/account?done=taken");

    let end = Ask::new("DELETE", "/api/v1/me/provider").bearer(&token).new_key();
    end.send(&world.app).await.expect(200);
    Away::to_sign_in(&world).await.returns(&world, "248289761001").await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_asked_for_all_the_same_and_an_account_that_is_disabled_stays_shut() {
    let world = World::new();
    set(&world.a, &world.admin.actor);
    let ana = world.person(&world.a, &world.admin, "ana");
    link(&world, &ana, "ana at home").await.expect(422);
    link(&world, &ana, "ana-1").await.expect(303);
    let (secret, code) = second_factor(&world, 0);
    let second = json!({ "secret": secret, "code": code });
    Ask::new("PUT", "/api/v1/me/second-factor")
        .bearer(&ana.token)
        .new_key()
        .json(&second)
        .send(&world.app)
        .await
        .expect(200);

    let asked = Away::to_sign_in(&world).await.returns(&world, "ana-1").await.expect(200);
    assert!(session(&asked).is_none() && asked.text().contains("Your second factor"));
    let step = asked.text().split("name=\"step\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let wrong = [("step", step.as_str()), ("code", "000000"), ("next", "/")];
    let wrong = Ask::new("POST", "/sign-in").form(&wrong).send(&world.app).await.expect(422);
    let step = wrong.text().split("name=\"step\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    world.clock.turn(SignedDuration::from_secs(30));
    let code = second_factor(&world, 0).1;
    let right = [("step", step.as_str()), ("code", &code), ("next", "/")];
    let inside = Ask::new("POST", "/sign-in").form(&right).send(&world.app).await.expect(303);
    assert!(session(&inside).is_some());

    act(&world.a, &world.admin.actor, acts::DisablePerson { person: ana.id });
    Away::to_sign_in(&world).await.returns(&world, "ana-1").await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_provider_alone_opens_a_session_nothing_else_does_for_whoever_linked_an_account() {
    let world = World::new();
    set(&world.a, &world.admin.actor);
    let ana = world.person(&world.a, &world.admin, "ana");
    link(&world, &ana, "ana-1").await.expect(303);
    let mut device = Authenticator::new(ORIGIN).unwrap();
    add_passkey(&world, &world.a, &ana.actor, &device);
    let set_alone = |on: bool| {
        let values = if on { json!({ "provider_alone": 1 }) } else { json!({}) };
        let put = Ask::new("PUT", "/api/v1/policy").bearer(&world.admin.token).new_key();
        put.json(&json!({ "values": values })).send(&world.app)
    };
    let mut with_passkey = || {
        let used = device.used(&challenge(&world)).unwrap();
        let body = json!({
            "credential": coded(&device.credential), "client_data": coded(&used.client_data),
            "authenticator_data": coded(&used.authenticator_data), "signature": coded(&used.signature),
            "user": coded(&store::user_handle(world.a.id(), ana.id)),
        });
        Ask::new("POST", "/api/v1/session/passkey").json(&body).send(&world.app)
    };
    with_passkey().await.expect(201);
    set_alone(true).await.expect(200);
    let refused = with_passkey().await.expect(422).json();
    assert_eq!((&refused["fields"][0]["field"], &refused["fields"][0]["code"]), (&json!("provider"), &json!("alone")));
    assert!(refused.to_string().contains("Hospital sign-on"), "{refused}");
    // The code of a passkey is asked for beside it, as ever.
    let inside = Away::to_sign_in(&world).await.returns(&world, "ana-1").await.expect(200);
    assert!(inside.text().contains("Your second factor"));
    let unlink = Ask::new("DELETE", "/api/v1/me/provider").bearer(&ana.token).new_key();
    assert!(unlink.send(&world.app).await.expect(422).text().contains("alone"));

    let eve = world.person(&world.a, &world.admin, "eve");
    let password = || {
        let body = json!({ "organization": world.a.name(), "sign_in": eve.sign_in, "password": PASSWORD });
        Ask::new("POST", "/api/v1/session").json(&body).send(&world.app)
    };
    password().await.expect(201);
    link(&world, &eve, "eve-1").await.expect(303);
    assert_eq!(password().await.expect(422).json()["fields"][0]["code"], "alone");
    assert!(session(&Away::to_sign_in(&world).await.returns(&world, "eve-1").await.expect(303)).is_some());
    // A provider that is named no more keeps nobody out.
    act(&world.a, &world.admin.actor, acts::EndProvider {});
    password().await.expect(201);
    set(&world.a, &world.admin.actor);
    password().await.expect(422);
    set_alone(false).await.expect(200);
    password().await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_should_not_say_opens_nothing() {
    let world = World::new();
    set(&world.a, &world.admin.actor);
    let ana = world.person(&world.a, &world.admin, "ana");
    link(&world, &ana, "ana-1").await.expect(303);
    let now = world.installation.clock().now().as_second();
    let lies = [
        (json!({ "nonce": "another" }), json!({}), false),
        (json!({ "nonce": null }), json!({}), false),
        (json!({ "iss": "https://id.example" }), json!({}), false),
        (json!({ "aud": "another client" }), json!({}), false),
        (json!({ "aud": [CLIENT, "another client"] }), json!({}), false),
        (json!({ "azp": "another client" }), json!({}), false),
        (json!({ "exp": now - 61 }), json!({}), false),
        (json!({ "iat": now - 3_600 }), json!({}), false),
        (json!({ "iat": now + 3_600, "exp": now + 7_200 }), json!({}), false),
        (json!({ "exp": null }), json!({}), false),
        (json!({ "sub": null }), json!({}), false),
        (json!({ "sub": "" }), json!({}), false),
        (json!({ "sub": "ana-1\n" }), json!({}), false),
        (json!({}), json!({ "alg": "none" }), false),
        (json!({}), json!({ "alg": "HS256" }), false),
        (json!({}), json!({ "alg": "RS256" }), false),
        (json!({}), json!({ "kid": "another" }), false),
        (json!({}), json!({}), true),
    ];
    for (claims, header, stranger) in lies {
        let away = Away::to_sign_in(&world).await;
        let said = format!("{claims} {header} {stranger}");
        let code = away.coded(&world, "ana-1", claims, header, stranger);
        let answer = away.back(&code, &away.state).send(&world.app).await;
        assert!(answer.status == 422 && session(&answer).is_none(), "{said}: {} {}", answer.status, answer.text());
        assert!(answer.text().contains("does not hold"), "{said}: {}", answer.text());
    }
    // An honest token is for who set off, from this browser, and lately.
    let (away, elsewhere) = (Away::to_sign_in(&world).await, Away::to_sign_in(&world).await);
    let code = away.code(&world, "ana-1");
    let strays = [
        away.back(&code, &elsewhere.state),
        away.back(&code, ""),
        elsewhere.back(&code, &elsewhere.state),
        away.back(&code, &away.state).with("cookie", "probity_provider="),
        away.back(&code, &away.state).with("cookie", format!("{}x", away.cookie)),
        away.back(&code, &away.state).form(&[("code", &code), ("state", &away.state), ("iss", "https://id.example")]),
    ];
    for stray in strays {
        let answer = stray.send(&world.app).await.expect(422);
        assert!(session(&answer).is_none(), "{}", answer.text());
    }
    // From a page of another site a link may look, and nothing is sent.
    let cross = away.back(&code, &away.state).with("origin", "https://evil.example");
    cross.send(&world.app).await.expect(403);
    let look = Ask::get(format!("/sign-in/provider?code={code}&state={}", away.state))
        .with("sec-fetch-site", "cross-site")
        .with("sec-fetch-mode", "navigate")
        .with("sec-fetch-dest", "document");
    let form = look.send(&world.app).await.expect(200);
    assert!(form.text().contains(&code) && session(&form).is_none());
    away.back(&code, &away.state).send(&world.app).await.expect(303);
    let late = Away::to_sign_in(&world).await;
    let code = late.code(&world, "ana-1");
    world.clock.turn(SignedDuration::from_mins(10));
    late.back(&code, &late.state).send(&world.app).await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_linked_for_one_person_is_not_laid_on_another() {
    let world = World::new();
    set(&world.a, &world.admin.actor);
    let [ana, eve] = ["ana", "eve"].map(|name| world.person(&world.a, &world.admin, name));
    // Eve's way there and back, in Ana's browser.
    let away = Away::to_link(&world, &eve).await;
    let cookie = format!("{}; probity_session={}", away.cookie, ana.token);
    let ask = away.back(&away.code(&world, "eve-1"), &away.state).with("cookie", cookie);
    let answer = ask.send(&world.app).await;
    assert!(answer.header(header::LOCATION).starts_with("/sign-in"), "{} {}", answer.status, answer.text());
    Away::to_sign_in(&world).await.returns(&world, "eve-1").await.expect(422);
    // Nor is a link made without a factor that was shown lately.
    world.clock.turn(SignedDuration::from_mins(9));
    Ask::get("/account").cookie(&ana.token).send(&world.app).await.expect(200);
    world.clock.turn(SignedDuration::from_mins(7));
    let confirm = link(&world, &ana, "ana-1").await;
    assert!(confirm.header(header::LOCATION).starts_with("/confirm"), "{} {}", confirm.status, confirm.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_provider_that_the_operator_allows_is_named_and_its_secret_is_not_told() {
    let world = World::new();
    let mut named = json!({
        "name": "Elsewhere", "issuer": "https://id.example", "client_id": CLIENT, "client_secret": SECRET
    });
    let put = |body: &Value| Ask::new("PUT", "/api/v1/sign-on").bearer(&world.admin.token).new_key().json(body);
    let refused = put(&named).send(&world.app).await.expect(422).json();
    assert_eq!(
        (&refused["fields"][0]["field"], &refused["fields"][0]["code"]),
        (&json!("issuer"), &json!("not_allowed"))
    );
    let form = [("organization", world.a.name()), ("next", "/")];
    let none = Ask::new("POST", "/sign-in/provider").form(&form).send(&world.app).await.expect(422);
    let form = [("organization", "nobody’s"), ("next", "/")];
    let nobodys = Ask::new("POST", "/sign-in/provider").form(&form).send(&world.app).await.expect(422);
    assert_eq!(none.text(), nobodys.text());
    named["issuer"] = json!(format!("{}/liar", idp().issuer));
    put(&named).send(&world.app).await.expect(200);
    let liar = Ask::new("POST", "/sign-in/provider").form(&[("organization", world.a.name())]).send(&world.app).await;
    assert!(liar.expect(503).text().contains("the provider does not answer as it should"));
    named["issuer"] = json!(idp().issuer);
    put(&named).send(&world.app).await.expect(200);
    named["client_secret"] = Value::Null;
    named["name"] = json!("Hospital sign-on");
    put(&named).send(&world.app).await.expect(200);
    let shown = Ask::get("/api/v1/sign-on").bearer(&world.admin.token).send(&world.app).await.expect(200);
    assert_eq!((&shown.json()["name"], &shown.json()["linked"]), (&json!("Hospital sign-on"), &json!(0)));
    let page = Ask::get("/sign-on").cookie(&world.admin.token).send(&world.app).await.expect(200).text();
    assert!(!page.contains(SECRET) && !shown.text().contains(SECRET));
    // With the secret that stayed.
    let ana = world.person(&world.a, &world.admin, "ana");
    link(&world, &ana, "ana-1").await.expect(303);
    Ask::new("DELETE", "/api/v1/sign-on").bearer(&world.admin.token).new_key().send(&world.app).await.expect(200);
    Ask::new("POST", "/sign-in/provider").form(&[("organization", world.a.name())]).send(&world.app).await.expect(422);
    // The password went on working.
    assert!(!signed_in(&world.a, &ana.sign_in).is_empty());
}
