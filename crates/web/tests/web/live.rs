//! A study's release, as programs and pages ask for it.

use serde_json::{Value, json};
use store::{Clock as _, acts};
use trial::{access::Scope, ids::CourseId, role::Role};

use crate::{
    client::{Answer, Ask},
    world::{Person, World, act},
};

/// The clauses of an answer.
fn clauses(answer: &Answer) -> Vec<String> {
    let body: Value = answer.json();
    assert_eq!((answer.status.as_u16(), body["code"].as_str()), (409, Some("rules_broken")), "{body}");
    body["fields"].as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_study_is_released_once_it_keeps_the_rules_it_is_run_by() {
    let world = World::new();
    let (study, builder) = world.study(&world.a, &world.admin, "one");
    let mut hand = world.person(&world.a, &world.admin, "hand");
    let site = Scope::Site { study: study.id, site: study.sites[0] };
    world.give(&world.a, &builder, &mut hand, Role::Coordinator, site);
    let (api, page) = (format!("/api/v1/studies/{}", study.id), format!("/studies/{}/live", study.id));
    let activate = |who: &Person, profiles: Value| {
        let to = Ask::new("POST", format!("{api}/activate")).bearer(&who.token).new_key();
        to.json(&json!({ "profiles": profiles }))
    };
    let broken = activate(&builder, json!(["21_cfr_11"])).send(&world.app).await;
    assert_eq!(clauses(&broken), ["21 CFR Part 11 11.10(f)", "21 CFR Part 11 11.10(i)"]);
    activate(&hand, json!(["21_cfr_11"])).send(&world.app).await.expect(403);
    activate(&builder, json!(["annex_11"])).send(&world.app).await.expect(400);
    activate(&builder, json!([])).send(&world.app).await.expect(422);
    let request = world.a.fresh_request().unwrap().to_string();
    let form = [("request", request.as_str()), ("profiles", "21_cfr_11")];
    let told = Ask::new("POST", &page).cookie(&builder.token).form(&form).send(&world.app).await.expect(409).text();
    assert!(told.contains("11.10(i): no training is asked of") && told.contains("checked"), "{told}");
    let shown = Ask::get(&page).cookie(&hand.token).send(&world.app).await.expect(200).text();
    assert!(shown.contains("Not live yet") && !shown.contains("Release the study under"), "{shown}");

    let policy = |values: Value| {
        let put = Ask::new("PUT", format!("/api/v1/policy?study={}", study.id)).bearer(&builder.token).new_key();
        put.json(&json!({ "values": values }))
    };
    policy(json!({ "live_first": 1 })).send(&world.app).await.expect(200);
    let add = Ask::new("POST", format!("{api}/subjects")).bearer(&hand.token).new_key();
    let add = add.json(&json!({ "site": study.sites[0].to_string(), "code": "LIVE-1" }));
    let early = add.clone().send(&world.app).await.expect(409);
    assert_eq!(early.json()["code"], "not_live");
    let list = format!("/studies/{}/subjects", study.id);
    let listed = Ask::get(&list).cookie(&hand.token).send(&world.app).await.expect(200).text();
    assert!(listed.contains("what is missing") && !listed.contains("Add the subject"), "{listed}");

    let course = acts::KeepCourse {
        course: None,
        title: "Good clinical practice".into(),
        roles: None,
        study: Some(study.id),
        valid_days: 365,
        needed: true,
    };
    let course: CourseId = act(&world.a, &world.admin.actor, course).id("course").unwrap();
    for person in [&builder, &hand] {
        let completed = world.clock.now();
        let train = acts::RecordTraining { person: person.id, course, completed, evidence: "a list".into() };
        act(&world.a, &world.admin.actor, train);
    }
    activate(&builder, json!(["21_cfr_11"])).send(&world.app).await.expect(200);
    let readiness = Ask::get(format!("{api}/readiness")).bearer(&hand.token).send(&world.app).await.expect(200).json();
    assert_eq!(readiness["live"]["profiles"], json!(["21_cfr_11"]));
    let of = Ask::get(api.as_str()).bearer(&hand.token).send(&world.app).await.expect(200).json();
    assert_eq!((&of["live"], &of["takes_subjects"]), (&json!(true), &json!(true)));
    add.send(&world.app).await.expect(201);
    let shown = Ask::get(&page).cookie(&builder.token).send(&world.app).await.expect(200).text();
    assert!(shown.contains("Live since") && shown.contains("Put it under these rules too"), "{shown}");
    let loosened = policy(json!({})).send(&world.app).await;
    assert_eq!(clauses(&loosened), ["21 CFR Part 11 11.10(f)"]);
    policy(json!({ "live_first": 1, "idle_seconds": 300 })).send(&world.app).await.expect(200);
}
