//! Programs and devices over the wire: registered on a page, told once, used as a bearer token and no other way.

use serde_json::{Value, json};

use crate::{
    cases::Setup,
    client::Ask,
    world::{Person, World},
};

async fn page(setup: &Setup, by: &Person, uri: &str) -> String {
    Ask::get(uri).cookie(&by.token).send(&setup.world.app).await.expect(200).text()
}

/// The token in the field of the page that shows it.
fn told(page: &str) -> String {
    let (_, rest) = page.split_once("value=\"probity-client.").expect("a token");
    format!("probity-client.{}", rest.split('"').next().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_registered_on_the_page_and_its_token_is_told_once() {
    let setup = Setup::new();
    let (world, hand) = (&setup.world, &setup.hand);
    let empty = page(&setup, hand, "/account/clients").await;
    assert!(empty.contains("Nothing works in your name") && empty.contains("form.edit"), "{empty}");
    assert!(!empty.contains("data.export"), "what the reader may not do cannot be named: {empty}");
    let place = format!("?study={}&site={}", setup.one.id, setup.one.sites[0]);
    let request = world.a.fresh_request().unwrap().to_string();
    let fields = |days| {
        [
            ("request", request.as_str()),
            ("name", "Lab <feed>"),
            ("kind", "device"),
            ("place", place.as_str()),
            ("permissions", "study.see"),
            ("permissions", "subject.see"),
            ("days", days),
        ]
    };
    let ask = |days| Ask::new("POST", "/account/clients").cookie(&hand.token).form(&fields(days)).send(&world.app);
    let refused = ask("400").await.expect(422).text();
    assert!(refused.contains("choose 1 to 365 days") && refused.contains("value=\"Lab &#60;feed&#62;\""), "{refused}");
    let ticked = "value=\"subject.see\" checked";
    assert!(refused.contains(ticked), "what was chosen is kept: {refused}");
    let shown = ask("30").await.expect(200).text();
    let token = told(&shown);
    // The answer got lost and the page is sent again: the same token, and no second program.
    assert_eq!(told(&ask("30").await.expect(200).text()), token);
    let list = page(&setup, hand, "/account/clients").await;
    assert!(
        !list.contains(&token) && list.contains("1 program or device") && list.contains("Lab &#60;feed&#62;"),
        "{list}"
    );
    let subjects = format!("/api/v1/studies/{}/subjects", setup.one.id);
    Ask::get(subjects.as_str()).bearer(&token).send(&world.app).await.expect(200);
    Ask::get("/api/v1/studies").bearer(&token).send(&world.app).await.expect(200);
    let account = Ask::get("/api/v1/session").bearer(&token).send(&world.app).await.expect(403).json();
    assert!(account["detail"].as_str().unwrap().contains("account.own"), "{account}");
    // It is no cookie, not even where nothing but the API is asked.
    Ask::get(subjects.as_str()).cookie(&token).send(&world.app).await.expect(401);
    let here = page(&setup, &setup.builder, &format!("/clients?study={}", setup.one.id)).await;
    assert!(here.contains("Lab &#60;feed&#62;") && here.contains("End now"), "{here}");
    let end = here.split("action=\"/clients/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let request = world.a.fresh_request().unwrap().to_string();
    let end = Ask::new("POST", format!("/clients/{end}")).cookie(&setup.builder.token).form(&[("request", &request)]);
    end.send(&world.app).await.expect(303);
    Ask::get(subjects.as_str()).bearer(&token).send(&world.app).await.expect(401);
    let told = page(&setup, hand, "/").await;
    assert!(told.contains("An administrator ended a program or a device that worked in your name"), "{told}");
}

/// Registers a program for somebody by the API.
pub async fn registered(world: &World, by: &Person, body: Value) -> String {
    let ask = Ask::new("POST", "/api/v1/account/clients").new_key().bearer(&by.token).json(&body);
    ask.send(&world.app).await.expect(201).json()["token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_does_is_told_with_it_and_with_its_person() {
    let setup = Setup::new();
    let (world, hand) = (&setup.world, &setup.hand);
    let site = setup.one.sites[0].to_string();
    let scope = json!({ "level": "site", "study": setup.one.id.to_string(), "site": site });
    let body = json!({
        "name": "Lab feed", "kind": "program", "scope": scope, "days": 7,
        "permissions": ["study.see", "subject.see", "subject.add"]
    });
    let token = registered(world, hand, body).await;
    let subjects = format!("/api/v1/studies/{}/subjects", setup.one.id);
    let add = Ask::new("POST", subjects).new_key().bearer(&token).json(&json!({ "site": site, "code": "LAB-001" }));
    let made = add.send(&world.app).await.expect(201).json();
    let index = made["receipt"]["index"].as_u64().unwrap();
    let proof = format!("/api/v1/ledgers/2/entries/{index}/proof");
    let proof = Ask::get(proof).bearer(&hand.token).send(&world.app).await.expect(200).json();
    let entry: Value = serde_json::from_str(proof["entry"].as_str().unwrap()).unwrap();
    assert_eq!(entry["actor"], format!("person:{}", hand.id), "{entry}");
    assert!(entry["client"].as_str().unwrap().starts_with("client:"), "{entry}");
    // Every one of its person's, and nobody else's.
    let mine = Ask::get("/api/v1/account/clients").bearer(&hand.token).send(&world.app).await.expect(200).json();
    assert_eq!(mine.as_array().unwrap().len(), 1);
    let others =
        Ask::get("/api/v1/account/clients").bearer(&setup.lead.token).send(&world.app).await.expect(200).json();
    assert_eq!(others, json!([]));
}
