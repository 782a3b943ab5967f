//! What programs send: a well-formed body for every route of the API that takes one.

use serde_json::json;
use trial::access::Scope;
use web::route::Route;

use crate::{
    cases::Setup,
    client::Ask,
    idp::{CLIENT, SECRET, idp},
    odm,
    world::{PASSWORD, second_factor},
};

/// A route's request with the body that it takes.
pub fn with_body(setup: &Setup, route: &Route, ask: Ask) -> Ask {
    if route.method == "GET" {
        return ask;
    }
    let Some(path) = route.path.strip_prefix("/api/v1") else { return crate::doors::page_form(setup, route, ask) };
    let world = &setup.world;
    match (route.method, path) {
        (_, "/session") if route.method == "POST" => ask.json(&json!({
            "organization": world.a.name(), "sign_in": setup.receiver.sign_in, "password": PASSWORD
        })),
        (_, "/session/passkey") => ask.json(&object(setup.used())),
        ("DELETE", _) | (_, "/me/recovery-codes" | "/me/notices") => ask,
        (_, "/me/passkeys") => ask.json(&object(setup.made("name"))),
        (_, "/me/confirmation") => ask.json(&json!({ "password": PASSWORD })),
        (_, "/me/password") => ask.json(&json!({ "old": PASSWORD, "new": PASSWORD })),
        (_, "/me/second-factor") => {
            let (secret, code) = second_factor(world, 0);
            ask.json(&json!({ "secret": secret, "code": code }))
        }
        (_, "/people") => {
            let sign_in = world.fresh("new");
            ask.json(&json!({ "name": "New", "email": format!("{sign_in}@example.org"), "sign_in": sign_in }))
        }
        (_, "/people/{person}/enrolment" | "/people/{person}/release" | "/people/{person}/new-password") => ask,
        (_, "/people/{person}/disable") => ask,
        (_, "/people/{person}/identity") => ask.json(&json!({ "way": "in_person", "note": "passport" })),
        (_, "/enrolment") => ask.json(&json!({ "password": PASSWORD })),
        (_, "/grants") => {
            let person = setup.receiver.id;
            let scope = Scope::Site { study: setup.one.id, site: setup.one.sites[0] };
            ask.json(&json!({ "person": person.to_string(), "role": "coordinator", "scope": scope }))
        }
        (_, "/grants/{grant}/confirm" | "/delegations/{delegation}/end") => ask,
        (_, "/roles" | "/roles/{role}") => ask.json(&json!({
            "title": world.fresh("role "), "levels": ["site"], "permissions": ["study.see", "subject.see"]
        })),
        (_, "/account/clients") => ask.json(&json!({
            "name": world.fresh("feed "), "kind": "program", "permissions": ["study.see"], "days": 1,
            "scope": Scope::Site { study: setup.one.id, site: setup.one.sites[0] }
        })),
        (_, "/account/clients/{client}/end" | "/clients/{client}/end") => ask,
        ("PUT", "/sign-on") => ask.json(&json!({
            "name": "Hospital sign-on", "issuer": idp().issuer, "client_id": CLIENT, "client_secret": SECRET
        })),
        (_, "/policy") => ask.json(&json!({ "values": { "review_days": 364 } })),
        (_, "/account/agreements") => {
            let (id, version) = setup.unsigned();
            ask.json(&json!({ "agreements": [{ "id": id.to_string(), "version": version }] }))
        }
        (_, "/agreements") => ask.json(&json!({ "kind": "security", "text": "Keep your device locked." })),
        (_, "/courses" | "/courses/{course}") => {
            ask.json(&json!({ "title": "Safety", "valid_days": 365, "needed": false }))
        }
        (_, "/people/{person}/training") => ask.json(&json!({
            "course": setup.course(None).to_string(), "completed": "2026-11-20T10:00:00Z", "evidence": "certificate 1"
        })),
        (_, "/account/access-requests" | "/account/emergencies") => {
            let scope = Scope::Site { study: setup.one.id, site: setup.one.sites[0] };
            ask.json(&json!({ "role": "monitor", "scope": scope, "hours": 1, "reason": "a form does not open" }))
        }
        (_, "/access-requests/{request}/answer") => ask.json(&json!({ "approve": true, "answer": "go on" })),
        (_, "/access-requests/{request}/review") => ask.json(&json!({ "finding": "one form was looked at" })),
        (_, "/sites/{site}/delegations") => {
            ask.json(&json!({ "person": setup.hand.id.to_string(), "duties": "Enters vital signs" }))
        }
        (_, "/grants/{grant}/end") => ask.json(&json!({ "reason": "has left" })),
        (_, "/studies") => ask.json(&json!({ "oid": world.fresh("NEW."), "name": "New" })),
        (_, "/studies/{study}/sites") => ask.json(&json!({ "oid": world.fresh("NEW."), "name": "New" })),
        // The study does not keep what it names: the answer is 409, whoever may ask.
        (_, "/studies/{study}/activate") => ask.json(&json!({ "profiles": ["21_cfr_11"] })),
        (_, "/studies/{study}/definition") => ask.bytes("application/xml", odm::definition()),
        (_, "/studies/{study}/subjects") => {
            ask.json(&json!({ "site": setup.one.sites[0].to_string(), "code": world.fresh("NEW-") }))
        }
        (_, "/studies/{study}/imports") => {
            let site = setup.one.sites[0];
            let ask = Ask { uri: format!("{}?site={site}", ask.uri), ..ask };
            ask.bytes("application/xml", odm::data(&world.fresh("IMP-")))
        }
        (_, "/subjects/{subject}/erase") => ask.json(&json!({ "reason": "asked for it" })),
        ("PUT", _) => ask.json(&json!({ "revision": 0, "changes": [
            { "group": "IG.VS", "group_repeat": "", "item": "I.SYS", "value": "121" }
        ] })),
        (method, path) => panic!("{method} {path} has no request in this test yet"),
    }
}

fn object(fields: Vec<(&str, String)>) -> serde_json::Value {
    fields.into_iter().map(|(name, value)| (name.to_owned(), serde_json::Value::from(value))).collect()
}
