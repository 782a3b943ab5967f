//! Confirming that it is oneself, and seeing and ending what is one's own, as programs and pages do it.

use axum::http::header;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    cases::Setup,
    client::{Answer, Ask},
    world::{PASSWORD, World},
};

/// Sixteen minutes go by in which the session is used.
async fn go_stale(world: &World) {
    for _ in 0..2 {
        world.clock.turn(SignedDuration::from_mins(8));
        Ask::get("/api/v1/session").bearer(&world.admin.token).send(&world.app).await.expect(200);
    }
}

fn new_person(world: &World, token: &str) -> Ask {
    let name = world.fresh("new");
    let body = json!({ "name": name, "email": format!("{name}@example.org"), "sign_in": name });
    Ask::new("POST", "/api/v1/people").bearer(token).new_key().json(&body)
}

async fn confirm(world: &World, body: &Value) -> Answer {
    Ask::new("PUT", "/api/v1/me/confirmation").bearer(&world.admin.token).json(body).send(&world.app).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_told_to_confirm_first_and_how_lately() {
    let world = World::new();
    new_person(&world, &world.admin.token).send(&world.app).await.expect(201);
    go_stale(&world).await;
    let asked = new_person(&world, &world.admin.token);
    let told = asked.clone().send(&world.app).await.expect(401);
    assert_eq!(told.json()["code"], "step_up");
    assert_eq!(
        told.header(header::WWW_AUTHENTICATE),
        "Bearer error=\"insufficient_user_authentication\", max_age=\"900\""
    );
    let me = Ask::get("/api/v1/me").bearer(&world.admin.token).send(&world.app).await.expect(200).json();
    assert_eq!((&me["confirms_with"], &me["confirmed"]), (&json!("password"), &json!(false)));
    confirm(&world, &json!({ "password": "a wrong password" })).await.expect(422);
    confirm(&world, &json!({})).await.expect(422);
    confirm(&world, &json!({ "code": "123456" })).await.expect(422);
    asked.clone().send(&world.app).await.expect(401);
    let confirmed = confirm(&world, &json!({ "password": PASSWORD })).await.expect(200).json();
    asked.clone().send(&world.app).await.expect(401);
    asked.bearer(confirmed["token"].as_str().unwrap()).send(&world.app).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_asks_to_confirm_and_sends_again_what_was_typed() {
    let world = World::new();
    go_stale(&world).await;
    let request = world.a.fresh_request().unwrap().to_string();
    let typed = [("request", &*request), ("name", "Ana <Lund>"), ("email", "ana@example.org"), ("sign_in", "ana")];
    let own = &world.admin.token;
    let page = |uri: &str, fields: &[(&str, &str)]| Ask::new("POST", uri).cookie(own).form(fields);
    let asked = page("/people", &typed).send(&world.app).await.expect(401).text();
    assert!(asked.contains("Confirm it is you") && asked.contains("Ana &#60;Lund&#62;"), "{asked}");
    let kept: Vec<(String, &str)> = typed.iter().map(|(name, value)| (format!("kept.{name}"), *value)).collect();
    let mut sent: Vec<(&str, &str)> = kept.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    sent.push(("next", "/people"));
    let wrong = [sent.as_slice(), &[("password", "a wrong password")]].concat();
    let again = page("/confirm", &wrong).send(&world.app).await.expect(422).text();
    assert!(again.contains("Not confirmed") && again.contains(&request), "{again}");
    let right = [sent.as_slice(), &[("password", PASSWORD)]].concat();
    let goes_on = page("/confirm", &right).send(&world.app).await.expect(200);
    let cookie = goes_on.header(header::SET_COOKIE).split(['=', ';']).nth(1).unwrap().to_owned();
    let goes_on = goes_on.text();
    assert!(goes_on.contains("action=\"/people\"") && goes_on.contains(&request), "{goes_on}");
    let done = Ask::new("POST", "/people").cookie(&cookie).form(&typed).send(&world.app).await.expect(200).text();
    assert!(done.contains("Send this link to Ana"), "{done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_come_along_asks_before_it_is_filled_in() {
    let setup = Setup::new();
    let (world, builder) = (&setup.world, &setup.builder.token);
    for _ in 0..2 {
        world.clock.turn(SignedDuration::from_mins(8));
        Ask::get("/api/v1/session").bearer(builder).send(&world.app).await.expect(200);
    }
    let leads = |answer: Answer| answer.expect(303).header(header::LOCATION).to_owned();
    let import = format!("/studies/{}/import", setup.one.id);
    let to = leads(Ask::get(&import).cookie(builder).send(&world.app).await);
    assert_eq!(to, format!("/confirm?next={}", import.replace('/', "%2F")));
    // Passwords are not put on a page to be sent again: one goes back to the page they were typed on.
    let (request, new) = (world.a.fresh_request().unwrap().to_string(), "another plain phrase");
    let fields = [("request", &*request), ("old", PASSWORD), ("password", new), ("again", new)];
    let change = Ask::new("POST", "/account/password").cookie(builder).form(&fields);
    let to = leads(change.with("referer", "http://localhost/account").send(&world.app).await);
    assert_eq!(to, "/confirm?next=%2Faccount");
    let page = Ask::get("/account").cookie(builder).send(&world.app).await.expect(200).text();
    assert!(page.contains("/confirm?next=/account") && !page.contains("name=\"old\""), "{page}");
    Ask::get("/confirm?next=//evil.example").cookie(builder).send(&world.app).await.expect(200);
    let confirm = [("password", PASSWORD), ("next", "//evil.example")];
    let to = leads(Ask::new("POST", "/confirm").cookie(builder).form(&confirm).send(&world.app).await);
    assert_eq!(to, "/", "only within this server");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sees_ones_own_sessions_and_sign_ins_and_a_session_that_is_ended_is_dead_at_once() {
    let world = World::new();
    let body = json!({ "organization": world.a.name(), "sign_in": "admin", "password": PASSWORD });
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    let open = Ask::new("POST", "/api/v1/session").with("user-agent", firefox).json(&body);
    let other = open.send(&world.app).await.expect(201).json()["token"].as_str().unwrap().to_owned();
    let wrong = json!({ "organization": world.a.name(), "sign_in": "admin", "password": "a wrong password" });
    Ask::new("POST", "/api/v1/session").json(&wrong).send(&world.app).await.expect(422);
    let get = |path: &str, token: &str| Ask::get(format!("/api/v1{path}")).bearer(token).send(&world.app);
    let sessions = get("/me/sessions", &world.admin.token).await.expect(200).json();
    let theirs = sessions.as_array().unwrap().iter().find(|session| session["this"] == false).unwrap();
    assert_eq!(theirs["client"], "Firefox on Linux");
    let sign_ins = get("/me/sign-ins", &world.admin.token).await.expect(200).json();
    let events: Vec<&str> = sign_ins.as_array().unwrap().iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["sign_in_refused", "signed_in", "signed_in"]);
    get("/session", &other).await.expect(200);
    let end = format!("/api/v1/me/sessions/{}", theirs["id"].as_str().unwrap());
    Ask::new("DELETE", end).bearer(&world.admin.token).new_key().send(&world.app).await.expect(200);
    get("/session", &other).await.expect(401);
    let page = Ask::get("/account").cookie(&other).send(&world.app).await.expect(303);
    assert!(page.header(header::LOCATION).starts_with("/sign-in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_signs_in_once_for_each_challenge_and_while_passwords_have_to_wait() {
    let setup = Setup::new();
    let world = &setup.world;
    let used: serde_json::Map<String, Value> =
        setup.used().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let ask = || Ask::new("POST", "/api/v1/session/passkey").json(&Value::Object(used.clone()));
    let token = ask().send(&world.app).await.expect(201).json()["token"].as_str().unwrap().to_owned();
    let me = Ask::get("/api/v1/me").bearer(&token).send(&world.app).await.expect(200).json();
    assert_eq!((&me["confirms_with"], &me["confirmed"]), (&json!("passkey"), &json!(true)));
    let again = ask().send(&world.app).await.expect(422).json();
    assert_eq!(again["fields"][0]["field"], "passkey", "a challenge is answered once");
    let name = me["sign_in"].as_str().unwrap();
    let guess = json!({ "organization": world.a.name(), "sign_in": name, "password": "a wrong password" });
    for _ in 0..8 {
        Ask::new("POST", "/api/v1/session").json(&guess).send(&world.app).await;
    }
    let right = json!({ "organization": world.a.name(), "sign_in": name, "password": PASSWORD });
    Ask::new("POST", "/api/v1/session").json(&right).send(&world.app).await.expect(429);
    let fields: Vec<(&str, String)> = setup.used();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = Ask::new("POST", "/sign-in/passkey").form(&fields).send(&world.app).await.expect(303);
    assert!(page.headers.contains_key("set-cookie"));
    // At an address in figures a browser makes none, so none is offered.
    let offered = |host: &'static str| Ask::get("/sign-in").with("host", host).send(&world.app);
    assert!(offered("localhost:7240").await.expect(200).text().contains("Sign in with a passkey"));
    assert!(!offered("127.0.0.1:7240").await.expect(200).text().contains("Sign in with a passkey"));
}
