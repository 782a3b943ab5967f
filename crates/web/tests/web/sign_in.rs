//! Signing in: answers that tell strangers nothing, waits that grow, sessions that end.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    client::{Answer, Ask},
    world::{PASSWORD, World, signed_in},
};

async fn sign_in(world: &World, organization: &str, name: &str, password: &str) -> Answer {
    let body = json!({ "organization": organization, "sign_in": name, "password": password });
    Ask::new("POST", "/api/v1/session").json(&body).send(&world.app).await
}

async fn seen(world: &World, token: &str) -> u16 {
    Ask::get("/api/v1/session").bearer(token).with("probity-background", "1").send(&world.app).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_wrong_names_and_wrong_passwords_are_answered_alike() {
    let world = World::new();
    let name = world.a.name().to_owned();
    let mut answers: Vec<Vec<(u16, Value, String)>> = Vec::new();
    for (organization, who) in [(name.as_str(), "admin"), (name.as_str(), "nobody"), ("No Such Trials", "admin")] {
        let mut course = Vec::new();
        for _ in 0..8 {
            let answer = sign_in(&world, organization, who, "a wrong password").await;
            let wait = answer.header(axum::http::header::RETRY_AFTER).to_owned();
            course.push((answer.status.as_u16(), answer.json(), wait));
        }
        answers.push(course);
    }
    assert_eq!(answers[0], answers[1], "an unknown name");
    assert_eq!(answers[0], answers[2], "an unknown organization");
    assert_eq!(answers[0][0].0, 422);
    assert_eq!(answers[0][7].0, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_make_the_next_attempt_wait_longer_and_longer() {
    let world = World::new();
    let name = world.a.name().to_owned();
    let mut waits = Vec::new();
    for _ in 0..12 {
        let answer = sign_in(&world, &name, "admin", "a wrong password").await;
        if answer.status == 429 {
            let wait: i64 = answer.header(axum::http::header::RETRY_AFTER).parse().unwrap();
            // Nobody gets in meanwhile, not even with the right password.
            sign_in(&world, &name, "admin", PASSWORD).await.expect(429);
            waits.push(wait);
            world.clock.turn(SignedDuration::from_secs(wait));
        }
    }
    assert!(waits.len() >= 3 && waits.is_sorted_by(|a, b| a < b), "{waits:?}");
    let last = waits.last().copied().unwrap_or(0).saturating_mul(4);
    world.clock.turn(SignedDuration::from_secs(last));
    sign_in(&world, &name, "admin", PASSWORD).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_ten_idle_minutes_and_background_does_not_extend_it() {
    let world = World::new();
    let token = sign_in(&world, world.a.name(), "admin", PASSWORD).await.expect(201).json()["token"].clone();
    let token = token.as_str().unwrap();
    world.clock.turn(SignedDuration::from_mins(9));
    Ask::get("/api/v1/session").bearer(token).send(&world.app).await.expect(200);
    world.clock.turn(SignedDuration::from_mins(9));
    assert_eq!(seen(&world, token).await, 200, "nine minutes after it was used");
    world.clock.turn(SignedDuration::from_secs(59));
    assert_eq!(seen(&world, token).await, 200);
    world.clock.turn(SignedDuration::from_secs(1));
    assert_eq!(seen(&world, token).await, 401, "what a page asks by itself extends nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_ended_opens_nothing() {
    let world = World::new();
    let token = sign_in(&world, world.a.name(), "admin", PASSWORD).await.expect(201).json()["token"].clone();
    let token = token.as_str().unwrap();
    assert_eq!(seen(&world, token).await, 200);
    Ask::new("DELETE", "/api/v1/session").bearer(token).new_key().send(&world.app).await.expect(200);
    assert_eq!(seen(&world, token).await, 401);
    assert_eq!(seen(&world, &world.admin.token).await, 200, "another session of the same person goes on");
    for wrong in ["", "x", &token[..token.len() - 1], &format!("{}x", world.admin.token)] {
        assert_eq!(seen(&world, wrong).await, 401, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_ends_the_session_that_there_was() {
    let world = World::new();
    let first = signed_in(&world.a, "admin");
    let body = json!({ "organization": world.a.name(), "sign_in": "admin", "password": PASSWORD });
    let again = Ask::new("POST", "/api/v1/session").bearer(&first).json(&body);
    let second = again.send(&world.app).await.expect(201).json()["token"].as_str().unwrap().to_owned();
    assert_eq!((seen(&world, &first).await, seen(&world, &second).await), (401, 200));
    let fields = [("organization", world.a.name()), ("sign_in", "admin"), ("password", PASSWORD)];
    let page = || Ask::new("POST", "/sign-in").cookie(&second);
    let refused = [("organization", world.a.name()), ("sign_in", "admin"), ("password", "not the password")];
    page().form(&refused).send(&world.app).await.expect(422);
    assert_eq!(seen(&world, &second).await, 200, "who is not let in loses nothing");
    let third = cookie_of(&page().form(&fields).send(&world.app).await.expect(303));
    assert_eq!((seen(&world, &second).await, seen(&world, &third).await), (401, 200));
    assert_eq!(seen(&world, &world.admin.token).await, 200, "those of other browsers go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn confirming_gives_the_session_another_token() {
    let world = World::new();
    let confirm = || Ask::new("PUT", "/api/v1/me/confirmation");
    let first = signed_in(&world.a, "admin");
    let wrong = confirm().bearer(&first).json(&json!({ "password": "not the password" }));
    wrong.send(&world.app).await.expect(422);
    assert_eq!(seen(&world, &first).await, 200);
    let right = json!({ "password": PASSWORD });
    let told = confirm().bearer(&first).json(&right).send(&world.app).await.expect(200);
    assert!(!told.headers.contains_key("set-cookie"));
    let second = told.json()["token"].as_str().unwrap().to_owned();
    assert_eq!((seen(&world, &first).await, seen(&world, &second).await), (401, 200));
    // A session of a browser stays in its cookie, which no script reads.
    let told = confirm().cookie(&second).json(&right).send(&world.app).await.expect(200);
    assert_eq!(told.json()["token"], Value::Null);
    let third = cookie_of(&told);
    assert_eq!((seen(&world, &second).await, seen(&world, &third).await), (401, 200));
    let page = Ask::new("POST", "/confirm").cookie(&third).form(&[("password", PASSWORD), ("next", "/account")]);
    let fourth = cookie_of(&page.send(&world.app).await.expect(303));
    assert_eq!((seen(&world, &third).await, seen(&world, &fourth).await), (401, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_tells_the_browser_to_forget_everything() {
    let world = World::new();
    let token = signed_in(&world.a, "admin");
    let out = Ask::new("POST", "/sign-out").cookie(&token).send(&world.app).await.expect(303);
    assert_eq!(out.headers["clear-site-data"], "\"cache\", \"storage\"");
    assert_eq!(cookie_of(&out), "");
    assert_eq!(seen(&world, &token).await, 401);
}

#[test]
fn a_token_is_256_random_bits_and_nothing_of_its_session() {
    const TOKENS: usize = 400;
    let world = World::new();
    let mut ones = vec![0_usize; 256];
    let mut all = std::collections::BTreeSet::new();
    for _ in 0..TOKENS {
        let token = web::session::fresh(world.a.id()).unwrap();
        let (organization, secret) = token.split_once('.').unwrap();
        assert_eq!(organization, world.a.id().to_string());
        let secret = base64(secret);
        assert_eq!(secret.len(), 32, "{token}");
        for (place, count) in ones.iter_mut().enumerate() {
            *count += usize::from(secret[place / 8] >> (place % 8) & 1);
        }
        all.insert(secret);
    }
    assert_eq!(all.len(), TOKENS, "each is another");
    // Of 400 fair throws fewer than 120 or more than 280 come up once in 10^15 times.
    assert!(ones.iter().all(|count| (120..=280).contains(count)), "{ones:?}");
}

/// Bytes in base64url (RFC 4648 5), without padding.
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        held = (held << 6) | u32::try_from(ALPHABET.iter().position(|known| *known == letter).unwrap()).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).unwrap());
        }
    }
    bytes
}

/// The session that an answer puts into a cookie, which is small enough for every browser.
#[track_caller]
fn cookie_of(answer: &Answer) -> String {
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    let (pair, _) = cookie.split_once(';').unwrap();
    assert!(pair.len() <= 4096, "{} bytes", pair.len());
    pair.strip_prefix("probity_session=").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_added_enrols_and_signs_in() {
    let world = World::new();
    let add = Ask::new("POST", "/api/v1/people").bearer(&world.admin.token).new_key();
    let add = add.json(&json!({ "name": "Ana Lund", "email": "ana@example.org", "sign_in": "ana" }));
    let first = add.clone().send(&world.app).await.expect(201).json();
    let again = add.send(&world.app).await.expect(201).json();
    assert_eq!(first["token"], again["token"], "a retry is told the same token");
    assert_eq!((&first["receipt"]["index"], &again["receipt"]["repeated"]), (&again["receipt"]["index"], &json!(true)));
    let held = |ask: Ask| ask.with("probity-enrolment", first["token"].as_str().unwrap());
    let shown = held(Ask::get("/api/v1/enrolment")).send(&world.app).await.expect(200).json();
    assert_eq!(shown["name"], "Ana Lund");
    let enrol =
        |password: &str| held(Ask::new("POST", "/api/v1/enrolment")).new_key().json(&json!({ "password": password }));
    enrol("short").send(&world.app).await.expect(422);
    let enrolling = enrol(PASSWORD);
    let enrolled = enrolling.clone().send(&world.app).await.expect(200).json();
    assert_eq!(seen(&world, enrolled["token"].as_str().unwrap()).await, 200, "a session began with it");
    let again = enrolling.send(&world.app).await.expect(200).json();
    assert_eq!((&again["receipt"]["repeated"], &again["token"]), (&json!(true), &Value::Null), "once");
    enrol(PASSWORD).send(&world.app).await.expect(422);
    held(Ask::get("/api/v1/enrolment")).send(&world.app).await.expect(422);
    Ask::get("/api/v1/enrolment").send(&world.app).await.expect(400);
    sign_in(&world, world.a.name(), "ANA", PASSWORD).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_is_asked_for_where_others_may_know_the_old_one() {
    let world = World::new();
    let ana = world.person(&world.a, &world.admin, "ana");
    let require = format!("/api/v1/people/{}/new-password", ana.id);
    Ask::new("POST", require).bearer(&world.admin.token).new_key().send(&world.app).await.expect(200);
    assert_eq!(seen(&world, &ana.token).await, 401, "every session ended");
    // In the API, beside the old one.
    let asked = sign_in(&world, world.a.name(), &ana.sign_in, PASSWORD).await.expect(422).json();
    assert_eq!((&asked["fields"][0]["field"], &asked["fields"][0]["code"]), (&json!("new_password"), &json!("needed")));
    // On the page, as a step of its own, from which the old one need not be typed again.
    let first =
        [("organization", world.a.name()), ("sign_in", &ana.sign_in), ("password", PASSWORD), ("next", "/account")];
    let page = Ask::new("POST", "/sign-in").form(&first).send(&world.app).await.expect(200).text();
    assert!(page.contains("New password") && !page.contains(PASSWORD), "{page}");
    let weak = [("step", step(&page)), ("new_password", "passwordpassword"), ("next", "/account")];
    let page = Ask::new("POST", "/sign-in").form(&weak).send(&world.app).await.expect(422).text();
    assert!(page.contains("Not signed in"), "{page}");
    let good = [("step", step(&page)), ("new_password", "a few other plain words"), ("next", "/account")];
    let opened = Ask::new("POST", "/sign-in").form(&good).send(&world.app).await.expect(303);
    assert_eq!(opened.header(axum::http::header::LOCATION), "/account");
    assert!(opened.headers.contains_key("set-cookie"));
    sign_in(&world, world.a.name(), &ana.sign_in, PASSWORD).await.expect(422);
    sign_in(&world, world.a.name(), &ana.sign_in, "a few other plain words").await.expect(201);
}

/// The hidden field by which the next step finds what was typed before.
fn step(page: &str) -> &str {
    let (_, rest) = page.split_once("name=\"step\" value=\"").unwrap();
    rest.split_once('"').unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_the_password_of_an_open_session_wait_too() {
    let world = World::new();
    let guess = json!({ "old": "a wrong password", "new": "a password of the guesser's own" });
    let change = || Ask::new("PUT", "/api/v1/me/password").bearer(&world.admin.token).new_key().json(&guess);
    for _ in 0..6 {
        change().send(&world.app).await.expect(422);
    }
    let answer = change().send(&world.app).await.expect(429);
    assert_eq!(answer.json()["code"], "wait");
    assert_eq!(answer.header(axum::http::header::RETRY_AFTER), answer.json()["retry_after"].to_string());
    let document = serde_json::to_value(web::api::document()).unwrap();
    assert!(document["paths"]["/api/v1/me/password"]["put"]["responses"]["429"].is_object());
    let shown = [("password", "a wrong password"), ("next", "/")];
    let page = Ask::new("POST", "/confirm").cookie(&world.admin.token).form(&shown);
    page.send(&world.app).await.expect(429);
}
