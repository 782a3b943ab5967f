//! What the pages' own forms send.

use trial::ids::RequestId;
use web::route::Route;

use crate::{
    cases::Setup,
    client::Ask,
    idp::{CLIENT, SECRET, idp},
    provider,
    world::{PASSWORD, second_factor},
};

/// The form of a page, filled in well.
pub fn page_form(setup: &Setup, route: &Route, ask: Ask) -> Ask {
    let world = &setup.world;
    let fresh = world.fresh("page");
    let request: RequestId = world.a.fresh_request().unwrap();
    let request = request.to_string();
    let mail = format!("{fresh}@example.org");
    let (study, site) = (setup.one.id.to_string(), setup.one.sites[0].to_string());
    let form = |fields: &[(&str, &str)]| {
        let mut all = vec![("request", request.as_str())];
        all.extend_from_slice(fields);
        ask.clone().form(&all)
    };
    let owned = |fields: &[(&'static str, String)]| {
        form(&fields.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>())
    };
    match route.path.as_str() {
        "/sign-in" => {
            form(&[("organization", world.a.name()), ("sign_in", &setup.receiver.sign_in), ("password", PASSWORD)])
        }
        "/enrol/open" => form(&[("token", &world.added(&world.admin).1)]),
        "/enrol/account" => {
            form(&[("token", &world.added(&world.admin).1), ("password", PASSWORD), ("again", PASSWORD)])
        }
        "/account/password" => form(&[("old", PASSWORD), ("password", PASSWORD), ("again", PASSWORD)]),
        "/account/second-factor" => {
            let (secret, code) = second_factor(world, 1);
            form(&[("secret", &secret), ("code", &code)])
        }
        "/sign-in/provider" => {
            provider::set(&world.a, &world.admin.actor);
            form(&[("organization", world.a.name()), ("next", "/account")])
        }
        "/sign-on" => form(&[
            ("name", "Hospital sign-on"),
            ("issuer", &idp().issuer),
            ("client_id", CLIENT),
            ("client_secret", SECRET),
        ]),
        "/sign-in/passkey" => owned(&setup.used()),
        "/account/passkeys" => owned(&setup.made("passkey_name")),
        "/confirm" => form(&[("password", PASSWORD), ("next", "/account")]),
        "/account/density" => form(&[("density", "compact")]),
        "/" => {
            let person = setup.receiver.id.to_string();
            form(&[("oid", &fresh), ("name", &fresh), ("administrator", &person)])
        }
        "/people" => form(&[("name", &fresh), ("email", &mail), ("sign_in", &fresh)]),
        "/people/{person}/identity" => form(&[("way", "video"), ("note", "identity card")]),
        "/access" => {
            let person = setup.receiver.id.to_string();
            form(&[("person", &person), ("role", &format!("coordinator {study} {site}"))])
        }
        "/account/agreements" => {
            let (id, version) = setup.unsigned();
            form(&[("agreement", &format!("{id} {version}"))])
        }
        "/roles" | "/roles/{role}" => form(&[
            ("title", &fresh),
            ("levels", "site"),
            ("permissions", "study.see"),
            ("permissions", "subject.see"),
            ("offered", "yes"),
        ]),
        "/policy" => form(&[("review_days", "364"), ("password_age_days", "")]),
        "/duties/agreements" => form(&[("kind", "security"), ("text", "Keep your device locked.")]),
        "/duties/courses" | "/duties/courses/{course}" => form(&[("title", "Safety"), ("valid_days", "365")]),
        "/duties/training" => {
            let person = world.added(&world.admin).0.to_string();
            let course = setup.course(None).to_string();
            form(&[
                ("person", &person),
                ("course", &course),
                ("completed", "2026-11-20"),
                ("evidence", "certificate 1"),
            ])
        }
        "/requests" | "/requests/emergency" => form(&[
            ("role", "monitor"),
            ("place", &format!("?study={study}&site={site}")),
            ("hours", "1"),
            ("reason", "a form does not open"),
        ]),
        "/requests/{request}/answer" => form(&[("approve", "yes"), ("answer", "go on")]),
        "/requests/{request}/review" => form(&[("finding", "one form was looked at")]),
        "/studies/{study}/live" => form(&[("profiles", "21_cfr_11")]),
        "/sites/{site}/delegations" => {
            let person = setup.hand.id.to_string();
            form(&[("person", &person), ("duties", "Enters vital signs")])
        }
        "/account/clients" => form(&[
            ("name", "Lab feed"),
            ("kind", "program"),
            ("place", &format!("?study={study}&site={site}")),
            ("permissions", "study.see"),
            ("days", "1"),
        ]),
        "/account/clients/{client}/end" | "/clients/{client}/end" => form(&[]),
        "/delegations/{delegation}/end" => form(&[("site", &site)]),
        "/access/{grant}/end" => form(&[("reason", "has left")]),
        "/studies/{study}/sites" => form(&[("oid", &fresh), ("name", &fresh), ("country", "NO")]),
        "/studies/{study}/subjects" => form(&[("site", &site), ("code", &fresh)]),
        "/studies/{study}/import" => {
            multipart(&ask, &[("request", &request), ("what", "definition")], &crate::odm::definition())
        }
        "/ledgers/{number}/check" => multipart(&ask, &[("request", &request)], "no proof"),
        path if path.contains("/forms/{form}") => {
            form(&[("revision", "0"), ("IG.VS[].I.SYS", "122"), ("IG.VS[].I.NOTE", "from a page")])
        }
        _ => form(&[]),
    }
}

fn multipart(ask: &Ask, fields: &[(&str, &str)], file: &str) -> Ask {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!("--limit\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body += "--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.xml\"\r\n";
    body += &format!("Content-Type: application/xml\r\n\r\n{file}\r\n--limit--\r\n");
    ask.clone().bytes("multipart/form-data; boundary=limit", body)
}
