//! The server itself, over real sockets of the loopback.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use store::Error;
use web::{ServeConfig, TlsFiles, serve};

use crate::{
    tls::{Authority, Files, Pair},
    world::World,
};

fn config(listen: &str, tls: Option<TlsFiles>) -> ServeConfig {
    ServeConfig { listen: vec![listen.parse().unwrap()], tls, ..ServeConfig::default() }
}

fn talk(address: SocketAddr, sent: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(sent.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A server that has read enough may close before all was sent; what it said before counts.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_the_loopback_in_clear_and_stops_when_told() {
    let world = World::new();
    let serving = serve(config("127.0.0.1:0", None), Arc::clone(&world.installation)).await.unwrap();
    let address = serving.addresses[0];
    let ask = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = tokio::task::spawn_blocking(move || talk(address, ask)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(64 * 1024));
    let answer = tokio::task::spawn_blocking(move || talk(address, &long)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let other = serve(config(&address.to_string(), None), Arc::clone(&world.installation)).await;
    assert!(matches!(&other, Err(Error::Refused(why)) if why[0].code == "not_bound"), "{other:?}");
    serving.stop();
    serving.stopped().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_loopback_it_refuses_to_start_without_a_certificate() {
    let world = World::new();
    let refused = serve(config("0.0.0.0:0", None), Arc::clone(&world.installation)).await;
    assert!(matches!(&refused, Err(Error::Refused(why)) if why[0].field == "certificate"), "{refused:?}");
    let files = Files::new(&Pair { certificate: "no certificate".to_owned(), key: "no key".to_owned() });
    let refused = serve(config("127.0.0.1:0", Some(files.tls())), Arc::clone(&world.installation)).await;
    assert!(matches!(&refused, Err(Error::Refused(why)) if why[0].field == "certificate"), "{refused:?}");
    files.put(&Authority::new("test").server(2050));
    let serving = serve(config("127.0.0.1:0", Some(files.tls())), Arc::clone(&world.installation)).await.unwrap();
    let address = serving.addresses[0];
    let sent = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let in_clear = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    });
    assert!(!in_clear.await.unwrap().starts_with(b"HTTP/"), "what speaks TLS answers nothing in clear");
    serving.stop();
    serving.stopped().await.unwrap();
}
