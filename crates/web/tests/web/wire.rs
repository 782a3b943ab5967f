//! Requests and answers as bytes: where each begins and ends is agreed, or there is no answer.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use tokio::task::block_in_place;
use web::{ServeConfig, Serving, serve};

use crate::world::World;

async fn serving(world: &World) -> (Serving, SocketAddr) {
    let config = ServeConfig { listen: vec!["127.0.0.1:0".parse().unwrap()], ..ServeConfig::default() };
    let serving = serve(config, Arc::clone(&world.installation)).await.unwrap();
    let address = serving.addresses[0];
    (serving, address)
}

/// Everything that is answered to some bytes.
fn talk(address: SocketAddr, sent: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(sent.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A server that has read enough may close before all was sent; what it said before counts.
    let _ = stream.read_to_end(&mut answer);
    answer
}

fn statuses(answer: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(answer);
    text.split("HTTP/1.1 ").skip(1).map(|one| one.chars().take(3).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_ends_where_its_transfer_encoding_says_whatever_its_length_says() {
    let world = World::new();
    let (serving, address) = serving(&world).await;
    let post = "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let last = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    block_in_place(|| {
        // By the encoding the body is JSON, of somebody who is not known: 422. By the length it would be chunks: 400. What
        // comes after it is never taken for a request: the connection ends with the answer.
        let body = "{\"organization\":\"x\",\"sign_in\":\"x\",\"password\":\"x\"}";
        let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        for head in [
            "Content-Length: 60\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 60\r\n",
        ] {
            let answer = talk(address, &format!("{post}{head}\r\n{chunks}{last}"));
            assert_eq!(statuses(&answer), ["422"], "{head}");
        }
        // By the length the request ends within the chunks; nothing of them is taken for a request.
        let hidden = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let chunk = format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len());
        let both = "Transfer-Encoding: chunked\r\nContent-Length: 4\r\nConnection: close\r\n";
        assert_eq!(statuses(&talk(address, &format!("{post}{both}\r\n{chunk}"))), ["400"]);
    });
    serving.stop();
    serving.stopped().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_open_where_it_ends_is_refused_and_the_connection_closed() {
    let world = World::new();
    let (serving, address) = serving(&world).await;
    block_in_place(|| {
        for head in [
            "Content-Length: 2\r\nContent-Length: 3\r\n",
            "Content-Length: 2, 3\r\n",
            "Content-Length: +2\r\n",
            "Content-Length: 0x2\r\n",
            "Content-Length : 2\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        ] {
            let next = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            let answer = talk(address, &format!("POST /sign-in HTTP/1.1\r\nHost: localhost\r\n{head}\r\n{{}}{next}"));
            assert_eq!(statuses(&answer), ["400"], "{head}: {}", String::from_utf8_lossy(&answer));
        }
    });
    serving.stop();
    serving.stopped().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_as_long_as_it_says() {
    let world = World::new();
    let (serving, address) = serving(&world).await;
    let mut measured = 0;
    block_in_place(|| {
        for (method, path) in [
            ("GET", "/sign-in"),
            ("HEAD", "/sign-in"),
            ("GET", "/assets/probity.js"),
            ("GET", "/assets/icons.svg"),
            ("GET", "/api/v1/openapi.json"),
            ("GET", "/api/v1/challenge"),
            ("GET", "/api/v1/studies"),
            ("GET", "/nothing"),
            ("GET", "/"),
            ("BREW", "/sign-in"),
        ] {
            let ask = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            let answer = talk(address, &ask);
            let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
            let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
            let lengths: Vec<&str> = head.lines().filter_map(|line| line.strip_prefix("content-length: ")).collect();
            assert_eq!(lengths.len(), 1, "{method} {path}: {head}");
            assert!(!head.contains("transfer-encoding"), "{method} {path}: {head}");
            let came = answer.len() - end - 4;
            let said: usize = lengths[0].parse().unwrap();
            assert_eq!(came, if method == "HEAD" { 0 } else { said }, "{method} {path}");
            measured += said;
        }
    });
    assert!(measured > 50_000, "{measured}");
    serving.stop();
    serving.stopped().await.unwrap();
}
