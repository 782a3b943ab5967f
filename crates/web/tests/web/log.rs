//! The log of operation: what was refused is in it, with whose session asked, and nothing that was sent.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    sync::{Arc, Mutex, OnceLock},
};

use serde_json::json;

use web::{ServeConfig, serve};

use crate::{
    client::Ask,
    tls::{Authority, Files},
    world::{CANARY, PASSWORD, World},
};

/// What every test of this program has logged so far.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn begun() -> &'static Log {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Log::default();
            let writes = log.clone();
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || writes.clone()).init();
            log
        })
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_logged_with_who_and_where_and_nothing_that_was_sent() {
    let log = Log::begun();
    let world = World::new();
    let (study, _) = world.study(&world.a, &world.admin, "one");
    let ana = world.person(&world.a, &world.admin, "ana");
    let (study, typed) = (study.id, format!("{CANARY} typed"));
    let post = |body| Ask::new("POST", "/api/v1/studies").bearer(&world.admin.token).new_key().json(&body);
    let wrong = json!({ "organization": world.a.name(), "sign_in": typed, "password": format!("{CANARY} password") });
    for _ in 0..6 {
        Ask::new("POST", "/api/v1/session").json(&wrong).send(&world.app).await.expect(422);
    }
    for (ask, status) in [
        (Ask::new("POST", "/api/v1/session").json(&wrong), 429),
        (Ask::get("/api/v1/people").bearer(&ana.token), 403),
        (Ask::get(format!("/api/v1/studies/{study}?x={CANARY}")).bearer(&ana.token), 404),
        (Ask::get(format!("/api/v1/{CANARY}")).bearer(&ana.token), 404),
        (post(json!({ "oid": "", "name": typed })), 422),
        (post(json!({ "oid": "X", "nam": typed })), 400),
        (Ask::get("/sign-in").with("host", "evil.example"), 421),
        (Ask::new("DELETE", "/api/v1/me/sessions").cookie(&ana.token).with("origin", "https://evil.example"), 403),
    ] {
        ask.send(&world.app).await.expect(status);
    }
    for (directive, from) in
        [("script-src-elem", "same-origin"), ("style-src-attr", "cross-site"), (CANARY, "same-origin")]
    {
        let report = json!({ "csp-report": { "effective-directive": directive, "blocked-uri": CANARY } });
        let ask = Ask::new("POST", "/reports").bytes("application/csp-report", report.to_string());
        let status = if from == "same-origin" { 204 } else { 403 };
        ask.with("sec-fetch-site", from).send(&world.app).await.expect(status);
    }
    let text = log.text();
    let logged = |parts: &[&str]| text.lines().any(|line| parts.iter().all(|part| line.contains(part)));
    let (organization, ana_id, admin) = (world.a.id().to_string(), ana.id.to_string(), world.admin.id.to_string());
    assert!(!text.contains("style-src-attr"), "what another site reports is no report");
    for parts in [
        &["a browser refused something on a page", "directive=\"script-src-elem\""][..],
        &["status=429", "code=\"wait\"", "method=POST", "route=\"/api/v1/session\""],
        &["status=403", "code=\"forbidden\"", "route=\"/api/v1/people\"", &organization, &ana_id],
        &["status=404", "code=\"hidden\"", "route=\"/api/v1/studies/{study}\"", &organization, &ana_id],
        &["status=422", "code=\"refused\"", "route=\"/api/v1/studies\"", &organization, &admin],
        &["status=400", "code=\"malformed\"", "route=\"/api/v1/studies\"", &organization, &admin],
        &["status=421", "code=\"host\"", "route=\"/sign-in\""],
        &["status=403", "code=\"cross_site\"", "route=\"/api/v1/me/sessions\"", "method=DELETE"],
    ] {
        assert!(logged(parts), "{parts:?} in\n{text}");
    }
    // Names, values, passwords and tokens: of these requests, and of every other test that has run beside.
    for kept_out in [CANARY, PASSWORD, "evil.example", &ana.token, &world.admin.token] {
        assert!(!text.contains(kept_out), "{kept_out} in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_fails_is_logged() {
    let log = Log::begun();
    let world = World::new();
    let files = Files::new(&Authority::new("test").server(2050));
    let listen = vec!["127.0.0.1:0".parse().unwrap()];
    let config = ServeConfig { listen, tls: Some(files.tls()), ..ServeConfig::default() };
    let serving = serve(config, Arc::clone(&world.installation)).await.unwrap();
    let address = serving.addresses[0];
    tokio::task::block_in_place(|| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        // Once the server has hung up, it has judged.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    serving.stop();
    serving.stopped().await.unwrap();
    assert!(log.text().contains("a TLS handshake failed"), "{}", log.text());
}
