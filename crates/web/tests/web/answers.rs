//! What every answer has, and what requests that cannot be understood are told.

use serde_json::json;

use crate::{client::Ask, world::World};

fn world() -> World {
    World::new()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said_in_the_askers_own_way() {
    let world = world();
    let answer = Ask::get("/api/v1/nothing").send(&world.app).await.expect(404);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.json()["code"], "hidden");
    let answer = Ask::get("/nothing").send(&world.app).await.expect(404);
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    let study = "/api/v1/studies/not-a-uuid";
    Ask::get(study).bearer(&world.admin.token).send(&world.app).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_is_not_taken_is_told_which_are() {
    let world = world();
    let answer = Ask::new("DELETE", "/api/v1/studies").bearer(&world.admin.token).send(&world.app).await.expect(405);
    assert_eq!(answer.headers["allow"], "GET,HEAD,POST");
    assert_eq!(answer.json()["code"], "method");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_says_why() {
    let world = world();
    let post = || Ask::new("POST", "/api/v1/studies").bearer(&world.admin.token);
    let good = json!({ "oid": "X", "name": "X" });
    let answer = post().json(&good).send(&world.app).await.expect(400);
    assert!(answer.text().contains("Idempotency-Key"), "{}", answer.text());
    let answer = post().json(&good).with("idempotency-key", "one").send(&world.app).await.expect(400);
    assert!(answer.text().contains("UUID"), "{}", answer.text());
    let answer = post().new_key().bytes("application/json", "{\"oid\":").send(&world.app).await.expect(400);
    assert!(answer.text().contains("EOF"), "{}", answer.text());
    post().new_key().json(&json!({ "oid": "X", "name": "X", "nam": 1 })).send(&world.app).await.expect(400);
    post().new_key().bytes("text/plain", "{}").send(&world.app).await.expect(415);
    let long = format!("{{\"oid\":\"{}\"}}", "x".repeat(3 << 20));
    post().new_key().bytes("application/json", long).send(&world.app).await.expect(413);
    // A gigabyte that is announced is refused before it comes.
    let announced = post().new_key().bytes("application/json", "{").with("content-length", "1073741824");
    assert_eq!(announced.send(&world.app).await.expect(413).json()["code"], "too_large");
    let query = Ask::get("/api/v1/people?sitting=1").bearer(&world.admin.token);
    query.send(&world.app).await.expect(400);
    // Further in too: a field misspelt would take the value away, a site beside the wrong level open the whole study.
    let change = json!({ "group": "IG.VS", "group_repeat": "", "item": "I.SYS", "vlaue": "120" });
    let id = "0190b5a2-7c1e-7d3a-8f00-1234567890ab";
    let form = format!("/api/v1/subjects/{id}/visits/SE.1/-/forms/F.VS/-");
    let save = json!({ "revision": 0, "changes": [change] });
    let wide = json!({ "level": "study", "study": id, "site": id });
    let give = json!({ "person": id, "role": "monitor", "scope": wide });
    for (method, uri, body, wrong) in [("PUT", form.as_str(), save, "vlaue"), ("POST", "/api/v1/grants", give, "site")]
    {
        let ask = Ask::new(method, uri).bearer(&world.admin.token).new_key().json(&body);
        let answer = ask.send(&world.app).await.expect(400).text();
        assert!(answer.contains(&format!("unknown field `{wrong}`")), "{answer}");
    }
    // This was understood, and names no place.
    for (place, field) in [
        (format!("site={id}"), "study"),
        (format!("study={id}&site={id}&country=NO"), "country"),
        ("country=NO".into(), "study"),
    ] {
        let people = Ask::get(format!("/api/v1/people?{place}")).bearer(&world.admin.token);
        let answer = people.send(&world.app).await.expect(422).json();
        assert_eq!(answer["fields"][0]["field"], field, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_and_another_site_are_refused() {
    let world = world();
    Ask::get("/api/v1/openapi.json").with("host", "evil.example").send(&world.app).await.expect(421);
    Ask::get("/api/v1/openapi.json").with("host", "127.0.0.1:8080").send(&world.app).await.expect(200);
    Ask::get("/api/v1/openapi.json").with("host", "[::1]:8080").send(&world.app).await.expect(200);
    let end = || Ask::new("DELETE", "/api/v1/me/sessions").cookie(&world.admin.token).new_key();
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        end().with(name, value).send(&world.app).await.expect(403);
    }
    // A browser says where from; what brings the cookie and does not say is not believed.
    let mut silent = end();
    silent.headers.retain(|(name, _)| *name != "origin");
    silent.clone().send(&world.app).await.expect(403);
    silent.with("sec-fetch-site", "same-origin").send(&world.app).await.expect(200);
    end().with("sec-fetch-site", "same-origin").with("origin", "http://localhost").send(&world.app).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_may_lead_here_and_nothing_more() {
    let world = world();
    let from = |site: &str, mode: &str, dest: &str| {
        let ask = Ask::get("/sign-in").with("sec-fetch-site", site);
        ask.with("sec-fetch-mode", mode).with("sec-fetch-dest", dest).send(&world.app)
    };
    for site in ["cross-site", "same-site"] {
        from(site, "navigate", "document").await.expect(200);
        for (mode, dest) in [
            ("navigate", "iframe"),
            ("no-cors", "image"),
            ("no-cors", "script"),
            ("cors", "empty"),
            ("websocket", "empty"),
        ] {
            from(site, mode, dest).await.expect(403);
        }
    }
    from("same-origin", "no-cors", "image").await.expect(200);
    from("none", "navigate", "document").await.expect(200);
    let before = Ask::new("OPTIONS", "/api/v1/studies").with("origin", "https://evil.example");
    let before = before.with("access-control-request-method", "POST").with("sec-fetch-site", "cross-site");
    assert!(!before.send(&world.app).await.expect(403).headers.contains_key("access-control-allow-origin"));
}

/// What proxies add, and what a request from inside a network may claim.
const POSITION: &[(&str, &str)] = &[
    ("x-forwarded-for", "127.0.0.1"),
    ("x-real-ip", "127.0.0.1"),
    ("forwarded", "for=127.0.0.1;host=localhost;proto=https"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-user", "admin"),
    ("remote-user", "admin"),
    ("x-original-url", "/sign-in"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_place_in_the_network_opens_nothing() {
    let world = world();
    let mut asked = 0;
    for route in web::table().routes() {
        if route.does.iter().all(|doing| doing.needs().is_none()) {
            continue;
        }
        let parts: Vec<&str> =
            route.path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect();
        let ask = Ask::new(route.method, parts.join("/")).new_key();
        let plain = ask.clone().send(&world.app).await;
        let placed = POSITION.iter().fold(ask, |ask, (name, value)| ask.with(name, *value)).send(&world.app).await;
        let name = format!("{} {}", route.method, route.path);
        assert!(!placed.status.is_success(), "{name}: {}", placed.status);
        assert_eq!((placed.status, placed.text()), (plain.status, plain.text()), "{name}");
        asked += 1;
    }
    assert!(asked > 50, "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_security_headers() {
    let world = world();
    for uri in ["/api/v1/openapi.json", "/api/v1/nothing", "/sign-in", "/", "/ledger/x/checkpoint"] {
        let answer = Ask::get(uri).send(&world.app).await;
        let csp = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(csp.starts_with("default-src 'none'; script-src 'self';"), "{uri}: {csp}");
        assert!(
            csp.ends_with("require-trusted-types-for 'script'; trusted-types 'none'; report-uri /reports"),
            "{uri}: {csp}"
        );
        assert!(csp.contains("object-src 'none'") && csp.contains("base-uri 'none'"), "{uri}: {csp}");
        assert!(csp.contains("frame-ancestors 'none'") && !csp.contains("unsafe"), "{uri}: {csp}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{uri}");
        assert_eq!(answer.headers["referrer-policy"], "same-origin", "{uri}");
        assert_eq!(answer.headers["cross-origin-opener-policy"], "same-origin", "{uri}");
        assert_eq!(answer.headers["cross-origin-embedder-policy"], "require-corp", "{uri}");
        assert_eq!(answer.headers["cross-origin-resource-policy"], "same-origin", "{uri}");
        assert!(!answer.headers.contains_key("strict-transport-security"), "in clear it is not said: {uri}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{uri}");
        assert!(answer.headers.contains_key("permissions-policy"), "{uri}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_public_tells_a_version() {
    let world = world();
    for route in web::table().routes().iter().filter(|route| route.method == "GET" && !route.path.contains('{')) {
        let answer = Ask::get(&route.path).send(&world.app).await;
        for (name, value) in &answer.headers {
            assert!(!["server", "x-powered-by", "via"].contains(&name.as_str()), "{}: {name}: {value:?}", route.path);
        }
        if answer.headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
            assert!(!answer.text().contains(env!("CARGO_PKG_VERSION")), "{}", route.path);
        }
    }
    let document = Ask::get("/api/v1/openapi.json").send(&world.app).await.expect(200).json();
    assert_eq!(document["info"]["version"], "1", "of the API, as its addresses have it");
    assert!(!document.to_string().contains(env!("CARGO_PKG_VERSION")));
}
