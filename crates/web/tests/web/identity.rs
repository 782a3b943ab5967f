//! Checking an identity, on the page of people and in the API; and what waits for it.

use serde_json::json;
use store::acts;
use trial::{
    access::Scope,
    identity::Way,
    ids::{PersonId, RequestId},
    role::Role,
};

use crate::{
    cases::Setup,
    client::{Answer, Ask},
    world::{Person, act, signed_in},
};

async fn sent(setup: &Setup, by: &Person, uri: &str, fields: &[(&str, &str)]) -> Answer {
    let request: RequestId = setup.world.a.fresh_request().unwrap();
    let request = request.to_string();
    let mut all = vec![("request", request.as_str())];
    all.extend_from_slice(fields);
    Ask::new("POST", uri).cookie(&by.token).form(&all).send(&setup.world.app).await
}

async fn shown(setup: &Setup, by: &Person, uri: &str) -> String {
    Ask::get(uri).cookie(&by.token).send(&setup.world.app).await.expect(200).text()
}

/// Asks the API for a check.
async fn checked(setup: &Setup, by: &Person, person: PersonId, body: serde_json::Value) -> Answer {
    let uri = format!("/api/v1/people/{person}/identity");
    Ask::new("POST", uri).new_key().bearer(&by.token).json(&body).send(&setup.world.app).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_signs_is_refused_at_its_person_until_the_page_of_people_has_the_check() {
    let setup = Setup::new();
    let world = &setup.world;
    let (admin, ivar) = (&world.admin, world.person(&world.a, &world.admin, "ivar"));
    let id = ivar.id.to_string();
    let at = format!("/access?study={}", setup.one.id);
    let role = format!("investigator {} {}", setup.one.id, setup.one.sites[0]);
    let fields = [("person", id.as_str()), ("role", role.as_str())];
    let page = sent(&setup, &setup.builder, &at, &fields).await.expect(422).text();
    assert!(page.contains("id=\"person-why\"") && page.contains("identity has not been checked"), "{page}");
    assert!(shown(&setup, admin, "/people").await.contains("not checked"));
    let identity = format!("/people/{}/identity", ivar.id);
    for (typed, says) in [
        ([("way", ""), ("note", "passport")], "choose how the identity was checked"),
        ([("way", "video"), ("note", "passport 12345678")], "leave numbers of documents out"),
    ] {
        let page = sent(&setup, admin, &identity, &typed).await.expect(422).text();
        assert!(page.contains("<details open>") && page.contains(says), "{page}");
        assert!(page.contains(&format!("value=\"{}\"", typed[1].1)), "what was typed stays: {page}");
    }
    sent(&setup, admin, &identity, &[("way", "video"), ("note", "passport")]).await.expect(303);
    let page = shown(&setup, admin, "/people").await;
    assert!(page.contains("seen by video, with an official document") && page.contains("passport"), "{page}");
    sent(&setup, &setup.builder, &at, &fields).await.expect(303);
    let ivar = Person { token: signed_in(&world.a, &ivar.sign_in), ..ivar };
    let page = shown(&setup, &ivar, "/account/agreements").await;
    assert!(page.contains("Your identity") && page.contains("seen by video"), "{page}");
    // Whoever only administers a study looks, and is offered no form.
    let page = shown(&setup, &setup.builder, &format!("/people?study={}", setup.one.id)).await;
    assert!(page.contains("seen by video") && !page.contains("/identity\""), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_rests_for_it_says_so_wherever_its_person_looks() {
    let setup = Setup::new();
    let world = &setup.world;
    let mut person = world.person(&world.a, &world.admin, "sub");
    let define = json!({
        "title": "Sub-investigator", "levels": ["site"], "permissions": ["study.see", "subject.see", "delegation.see"]
    });
    let api = |method: &str, uri: String, body: &serde_json::Value| {
        Ask::new(method, uri).new_key().bearer(&world.admin.token).json(body).send(&world.app)
    };
    let made = api("POST", "/api/v1/roles".into(), &define).await.expect(201).json();
    let id = made["id"].as_str().unwrap();
    let scope = Scope::Site { study: setup.one.id, site: setup.one.sites[0] };
    world.give(&world.a, &world.admin, &mut person, Role::Own(id.parse().unwrap()), scope);
    let log = format!("/sites/{}/delegations", setup.one.sites[0]);
    Ask::get(&log).cookie(&person.token).send(&world.app).await.expect(200);
    let mut signs = define.clone();
    signs["permissions"].as_array_mut().unwrap().push(json!("delegation.authorize"));
    api("PUT", format!("/api/v1/roles/{id}"), &signs).await.expect(200);
    let page = Ask::get(&log).cookie(&person.token).send(&world.app).await.expect(403).text();
    assert!(page.contains("identity has not been checked") && page.contains("/account/agreements"), "{page}");
    assert!(shown(&setup, &person, "/").await.contains("rests: the identity is not checked"));
    let page = shown(&setup, &person, "/account/agreements").await;
    assert!(page.contains("not checked") && page.contains("ask an administrator"), "{page}");
    let duties = Ask::get("/api/v1/account/duties").bearer(&person.token).send(&world.app).await.expect(200).json();
    assert_eq!((&duties["signs"], &duties["identity"]), (&json!(true), &json!(null)));
    checked(&setup, &world.admin, person.id, json!({ "way": "employer" })).await.expect(200);
    Ask::get(&log).cookie(&person.token).send(&world.app).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_records_a_check_and_lists_it() {
    let setup = Setup::new();
    let world = &setup.world;
    let person = world.person(&world.a, &world.admin, "ivar").id;
    let passport = json!({ "way": "in_person", "note": "passport" });
    let receipt = checked(&setup, &world.admin, person, passport.clone()).await.expect(200).json();
    assert_eq!(receipt["records"][0]["kind"], "identity");
    let people = Ask::get("/api/v1/people").bearer(&world.admin.token).send(&world.app).await.expect(200).json();
    let of = |id: PersonId| people.as_array().unwrap().iter().find(|line| line["id"] == id.to_string()).unwrap();
    let identity = &of(person)["identity"];
    assert_eq!((&identity["way"], &identity["note"]), (&json!("in_person"), &json!("passport")));
    assert!(identity["by"].as_str().unwrap().contains("administrator") && identity["at"] == receipt["at"]);
    assert_eq!(of(world.admin.id)["identity"], json!(null));
    // Not by oneself, not in a way that there is none of, not by who only gives roles, and nobody elsewhere.
    let oneself = checked(&setup, &world.admin, world.admin.id, passport.clone()).await.expect(422).json();
    assert_eq!(oneself["fields"][0]["code"], "oneself");
    checked(&setup, &world.admin, person, json!({ "way": "hearsay" })).await.expect(400);
    checked(&setup, &setup.builder, person, passport.clone()).await.expect(403);
    checked(&setup, &world.admin, world.b_admin.id, passport).await.expect(404);
    // A check in another organization is nothing here.
    let theirs = world.person(&world.b, &world.b_admin, "ivar");
    let check = acts::VerifyIdentity { person: theirs.id, way: Way::InPerson, note: None };
    act(&world.b, &world.b_admin.actor, check);
    let give = json!({
        "person": setup.receiver.id.to_string(), "role": "investigator",
        "scope": Scope::Site { study: setup.one.id, site: setup.one.sites[0] }
    });
    let grants = Ask::new("POST", "/api/v1/grants").new_key().bearer(&setup.builder.token).json(&give);
    let refused = grants.send(&world.app).await.expect(422).json();
    assert_eq!((&refused["fields"][0]["field"], &refused["fields"][0]["code"]), (&json!("person"), &json!("identity")));
}
