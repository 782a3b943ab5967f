//! Saving a form: once, on what was seen, all or nothing.

use serde_json::{Value, json};
use store::views::ShowForm;

use crate::{
    cases::Setup,
    client::{Answer, Ask},
};

fn uri(setup: &Setup) -> String {
    format!("/api/v1/subjects/{}/visits/SE.1/-/forms/F.VS/-", setup.one.subjects[0])
}

fn change(item: &str, value: &str) -> Value {
    json!({ "group": "IG.VS", "group_repeat": "", "item": item, "value": value, "reason": "read wrongly" })
}

fn put(setup: &Setup, revision: u64, changes: &[Value]) -> Ask {
    let body = json!({ "revision": revision, "changes": changes });
    Ask::new("PUT", uri(setup)).bearer(&setup.hand.token).new_key().json(&body)
}

async fn send(setup: &Setup, ask: Ask) -> Answer {
    ask.send(&setup.world.app).await
}

async fn shown(setup: &Setup) -> Value {
    send(setup, Ask::get(uri(setup)).bearer(&setup.hand.token)).await.expect(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_gets_the_first_receipt_and_another_body_is_refused() {
    let setup = Setup::new();
    let ask = put(&setup, 2, &[change("I.SYS", "130")]);
    let first = send(&setup, ask.clone()).await.expect(200).json();
    let again = send(&setup, ask.clone()).await.expect(200).json();
    assert_eq!(first["receipt"]["index"], again["receipt"]["index"]);
    assert_eq!(again["receipt"]["repeated"], true);
    assert_eq!(first["revision"], 3);
    let other = ask.json(&json!({ "revision": 3, "changes": [change("I.SYS", "131")] }));
    send(&setup, other).await.expect(409);
    assert_eq!(shown(&setup).await["revision"], 3, "saved once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_form_is_refused_with_the_current_revision() {
    let setup = Setup::new();
    send(&setup, put(&setup, 2, &[change("I.SYS", "130")])).await.expect(200);
    let answer = send(&setup, put(&setup, 2, &[change("I.SYS", "140")])).await.expect(409).json();
    assert_eq!(answer["current"], 3);
    let kept = shown(&setup).await;
    assert_eq!(kept["groups"][0]["items"][0]["value"]["value"], "130");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_values_are_refused_at_their_field_and_nothing_is_stored() {
    let setup = Setup::new();
    let before = shown(&setup).await;
    let long = "x".repeat(201);
    for (item, value, at) in [
        ("I.SYS", "high", "IG.VS[].I.SYS"),
        ("I.SYS", "12.5", "IG.VS[].I.SYS"),
        ("I.SYS", "999", "IG.VS[].I.SYS"),
        ("I.NOTE", long.as_str(), "IG.VS[].I.NOTE"),
        ("I.DATE", "2026-13-01", "IG.VS[].I.DATE"),
        ("I.NONE", "1", "I.NONE"),
    ] {
        let good = change("I.NOTE", "a good value beside a bad one");
        let changes = if item == "I.NOTE" { vec![change(item, value)] } else { vec![good, change(item, value)] };
        let answer = send(&setup, put(&setup, 2, &changes)).await.expect(422).json();
        assert_eq!(answer["fields"][0]["field"], at, "{item} {value}: {answer}");
    }
    let mut unreasoned = change("I.SYS", "131");
    unreasoned["reason"] = Value::Null;
    let answer = send(&setup, put(&setup, 2, &[unreasoned])).await.expect(422).json();
    assert_eq!(answer["fields"][0]["code"], "reason_needed");
    assert_eq!(shown(&setup).await, before, "nothing of them was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_neither_undoes_nor_doubles_a_save() {
    let setup = Setup::new();
    let ask = put(&setup, 2, &[change("I.SYS", "150")]);
    {
        let mut gone = Box::pin(send(&setup, ask.clone()));
        // One look is enough for the act to be queued; then the connection is dropped.
        let _ = std::future::poll_fn(|context| std::task::Poll::Ready(gone.as_mut().poll(context).is_ready())).await;
    }
    let retried = send(&setup, ask).await.expect(200).json();
    assert_eq!(retried["revision"], 3);
    assert_eq!(shown(&setup).await["revision"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_files_are_refused_with_a_reason_and_nothing_is_stored() {
    let setup = Setup::new();
    let manager = {
        let mut person = setup.world.person(&setup.world.a, &setup.world.admin, "manager");
        let scope = trial::access::Scope::Study { study: setup.one.id };
        setup.world.give(&setup.world.a, &setup.builder, &mut person, trial::role::Role::DataManager, scope);
        person
    };
    let whole = crate::odm::definition();
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE ODM [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><ODM>&b;</ODM>";
    let dangling = whole.replace("<ItemRef ItemOID=\"I.SYS\"", "<ItemRef ItemOID=\"I.GONE\"");
    let twice = whole.replace("OID=\"I.NOTE\" Name", "OID=\"I.SYS\" Name");
    for (name, body) in [
        ("malformed", "<ODM><Study></ODM>".to_owned()),
        ("truncated", whole[..whole.len() / 2].to_owned()),
        ("entity bomb", bomb.to_owned()),
        ("no ODM", "<html/>".to_owned()),
        ("empty", String::new()),
        ("dangling reference", dangling),
        ("duplicate OID", twice),
    ] {
        for place in ["definition", "imports"] {
            if place == "imports" && matches!(name, "dangling reference" | "duplicate OID") {
                continue;
            }
            let uri = format!("/api/v1/studies/{}/{place}", setup.one.id);
            let ask = Ask::new("POST", uri).bearer(&manager.token).new_key().bytes("application/xml", body.clone());
            let answer = send(&setup, ask).await;
            assert_eq!(answer.status.as_u16(), 422, "{name} to {place}: {}", answer.text());
            assert!(answer.json()["fields"][0]["message"].as_str().unwrap().len() > 10, "{name}");
        }
    }
    let study = store::views::ShowStudy { study: setup.one.id };
    assert_eq!(setup.world.a.view(&manager.actor, &study).unwrap().definition, 1, "the definition is the first still");
    let imports = store::views::Imports { study: setup.one.id };
    assert!(setup.world.a.view(&manager.actor, &imports).unwrap().is_empty());
    let form = ShowForm {
        subject: setup.one.subjects[0],
        event: "SE.1".into(),
        event_repeat: String::new(),
        form: "F.VS".into(),
        form_repeat: String::new(),
    };
    assert_eq!(setup.world.a.view(&setup.hand.actor, &form).unwrap().revision, 2);
}
