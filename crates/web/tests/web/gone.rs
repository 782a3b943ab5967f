//! Clients that go away: in the middle of what they send, and before they are answered. Nothing of them stays behind.

use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use web::{ServeConfig, serve};

use crate::cases::Setup;

/// Half of them go before their body ends, half before they are answered.
const CLIENTS: usize = 1_000;
/// As many at once.
const AT_ONCE: usize = 20;

/// A request that adds a subject, the n-th: head, body.
fn adds(setup: &Setup, n: usize) -> (String, String) {
    let body = json!({ "site": setup.one.sites[0], "code": format!("GONE-{n:04}") }).to_string();
    let head = format!(
        "POST /api/v1/studies/{}/subjects HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nIdempotency-Key: 00000000-0000-4000-8000-{n:012}\r\nContent-Length: {}\r\n\r\n",
        setup.one.id,
        setup.hand.token,
        body.len()
    );
    (head, body)
}

fn go_away(address: SocketAddr, (head, body): (String, String), n: usize) {
    let mut stream = TcpStream::connect(address).unwrap();
    let sent = if n.is_multiple_of(2) { body.as_str() } else { &body[..body.len() / 2] };
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(sent.as_bytes()).unwrap();
    // Some say that they are done, most are just gone.
    if n.is_multiple_of(3) {
        let _ = stream.shutdown(Shutdown::Write);
    }
}

fn ask(address: SocketAddr, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = head.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Connections of this process that are open at the server's address: those it accepted, as /proc/net/tcp has them.
fn accepted(address: SocketAddr) -> usize {
    let local = format!(":{:04X} ", address.port());
    let sockets = fs::read_to_string("/proc/self/net/tcp").unwrap();
    let of_server =
        sockets.lines().filter(|line| line.split_once(": ").is_some_and(|(_, rest)| rest[8..].starts_with(&local)));
    // 01 is established, 08 is one whose client is gone and that nobody has closed.
    of_server.filter(|line| matches!(line.split_whitespace().nth(3), Some("01" | "08"))).count()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_clients_that_go_away_leave_nothing_behind() {
    let setup = Setup::new();
    let config = ServeConfig { listen: vec!["127.0.0.1:0".parse().unwrap()], ..ServeConfig::default() };
    let serving = serve(config, Arc::clone(&setup.world.installation)).await.unwrap();
    let address = serving.addresses[0];
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            for thread in 0..AT_ONCE {
                let setup = &setup;
                scope.spawn(move || {
                    for n in (thread..CLIENTS).step_by(AT_ONCE) {
                        go_away(address, adds(setup, n), n);
                    }
                });
            }
        });
        wait_until("the server holds on to clients that are gone", || accepted(address) == 0);
        // The next request is served; what had been sent whole is asked for again and stands once.
        for n in (0..CLIENTS).step_by(2) {
            let (head, body) = adds(&setup, n);
            let answer = ask(address, &head, &body);
            assert!(answer.starts_with("HTTP/1.1 201"), "{n}: {answer}");
        }
        // What was not, is not there: its code is still to be had.
        let (head, body) = adds(&setup, 1);
        let answer = ask(address, &head, &body);
        assert!(answer.starts_with("HTTP/1.1 201") && answer.contains("\"repeated\":false"), "{answer}");
        if let Some(database) = &setup.world.database {
            let open =
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                        AND state <> 'idle'";
            wait_until("a transaction stays open", || database.sql(open).unwrap().trim() == "0");
        }
        assert!(setup.world.a.verify(&[]).unwrap().holds());
    });
    serving.stop();
    serving.stopped().await.unwrap();
}
