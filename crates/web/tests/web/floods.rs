//! Many sign-ins at once: few passwords are looked at, nobody else waits for them, and no source takes all places.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::{io::AsyncReadExt as _, io::AsyncWriteExt as _, net::TcpSocket, task::JoinSet};
use web::{ServeConfig, serve};

use crate::{
    client::Ask,
    world::{PASSWORD, World},
};

/// More than there are threads for work that blocks.
const FLOOD: usize = 600;
/// Far fewer than the flood, and more than are looked at while it is being sent.
const FEW: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_sign_ins_is_told_to_come_again_and_nobody_else_waits_for_it() {
    let world = World::new();
    let looked_at = Arc::new(AtomicUsize::new(0));
    let mut flood = JoinSet::new();
    for number in 0..FLOOD {
        let (app, looked_at) = (world.app.clone(), Arc::clone(&looked_at));
        let guess = json!({ "organization": world.a.name(), "sign_in": format!("n-{number}"), "password": "a guess" });
        flood.spawn(async move {
            let answer = Ask::new("POST", "/api/v1/session").json(&guess).send(&app).await;
            if answer.status == 422 {
                looked_at.fetch_add(1, Ordering::SeqCst);
            }
            answer.status.as_u16()
        });
    }
    Ask::get("/api/v1/people").bearer(&world.admin.token).send(&world.app).await.expect(200);
    let before = looked_at.load(Ordering::SeqCst);
    assert!(before < FEW, "{before} passwords were looked at before somebody saw a page");
    let statuses = flood.join_all().await;
    assert!(statuses.iter().all(|status| [422, 503].contains(status)), "{statuses:?}");
    let looked_at = looked_at.load(Ordering::SeqCst);
    assert!(looked_at > 0 && looked_at < FEW, "{looked_at} passwords were looked at");
    // Places are given back.
    let right = json!({ "organization": world.a.name(), "sign_in": "admin", "password": PASSWORD });
    Ask::new("POST", "/api/v1/session").json(&right).send(&world.app).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_from_one_source_leaves_room_for_whoever_comes_from_another() {
    let world = World::new();
    let listen = vec!["127.0.0.1:0".parse().unwrap()];
    let serving =
        serve(ServeConfig { listen, ..ServeConfig::default() }, Arc::clone(&world.installation)).await.unwrap();
    let server = serving.addresses[0];
    let name = world.a.name().to_owned();
    let mut flood = JoinSet::new();
    for number in 0..FEW {
        flood.spawn(sign_in([127, 0, 0, 2], server, name.clone(), format!("n-{number}"), "a guess"));
    }
    // Once one was sent away, the source has all its places.
    let first = loop {
        match flood.join_next().await.unwrap().unwrap() {
            503 => break 503,
            other => assert_eq!(other, 422),
        }
    };
    assert_eq!(first, 503);
    assert_eq!(sign_in([127, 0, 0, 3], server, name, "admin".into(), PASSWORD).await, 201);
    flood.join_all().await;
    serving.stop();
    serving.stopped().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_takes_a_whole_step_whoever_it_is_for() {
    let world = World::new();
    for (organization, name) in [(world.a.name(), "admin"), (world.a.name(), "nobody"), ("No Such Trials", "admin")] {
        let guess = json!({ "organization": organization, "sign_in": name, "password": "a wrong password" });
        let asked = Instant::now();
        Ask::new("POST", "/api/v1/session").json(&guess).send(&world.app).await.expect(422);
        assert!(asked.elapsed() >= Duration::from_millis(100), "{name} of {organization}: {:?}", asked.elapsed());
    }
}

/// Signs in from an address of the loopback; the status of the answer.
async fn sign_in(from: [u8; 4], server: SocketAddr, organization: String, name: String, password: &str) -> u16 {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    let mut stream = socket.connect(server).await.unwrap();
    let body = json!({ "organization": organization, "sign_in": name, "password": password }).to_string();
    let length = body.len();
    let sent = format!(
        "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}
