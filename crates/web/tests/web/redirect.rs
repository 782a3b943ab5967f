//! What is said in clear: that the address is another, and nothing else.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use store::Error;
use tokio::task::block_in_place;
use web::{ServeConfig, Serving, serve};

use crate::{
    tls::{Authority, BOTH, Files, Line},
    world::World,
};

async fn serving(world: &World, files: &Files, public_port: Option<u16>) -> Serving {
    let any = || vec!["127.0.0.1:0".parse().unwrap()];
    let hosts = vec!["edc.example.org".to_owned()];
    let (tls, redirect) = (Some(files.tls()), any());
    let config = ServeConfig { listen: any(), hosts, tls, redirect, public_port, ..ServeConfig::default() };
    serve(config, Arc::clone(&world.installation)).await.unwrap()
}

fn talk(address: SocketAddr, sent: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(sent.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // What was not read may be lost with the connection; what was said before counts.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_asks_in_clear_is_sent_to_tls() {
    let (world, authority) = (World::new(), Authority::new("test"));
    let files = Files::new(&authority.server(2050));
    let serving = serving(&world, &files, None).await;
    let (clear, port) = (serving.redirects[0], serving.addresses[0].port());
    block_in_place(|| {
        for (method, target) in [
            ("GET", "/"),
            ("GET", "/studies?search=a%20b"),
            ("POST", "/sign-in"),
            ("GET", "//elsewhere.example/x"),
            ("BREW", "/"),
        ] {
            let asked = "Cookie: probity_session=x\r\nContent-Length: 4\r\n\r\nbody";
            let answer = talk(clear, &format!("{method} {target} HTTP/1.1\r\nHost: edc.example.org:80\r\n{asked}"));
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 308 "), "{method} {target}: {answer}");
            assert!(head.contains(&format!("\r\nlocation: https://edc.example.org:{port}{target}\r\n")), "{answer}");
            assert!(head.contains("\r\ncontent-length: 0") && head.contains("\r\nconnection: close"), "{answer}");
            assert!(body.is_empty() && !head.contains("set-cookie"), "{answer}");
            assert!(!head.contains("strict-transport-security"), "said in clear it is not to be believed: {answer}");
            assert!(head.contains("\r\ncontent-security-policy: default-src 'none'"), "{answer}");
        }
    });
    serving.stop();
    serving.stopped().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_in_clear_is_refused_and_not_led_on() {
    let (world, authority) = (World::new(), Authority::new("test"));
    let files = Files::new(&authority.server(2050));
    let serving = serving(&world, &files, None).await;
    block_in_place(|| {
        for (method, target) in [
            ("GET", "/api/v1/studies"),
            ("PUT", "/api/v1/studies"),
            ("DELETE", "/api/v1/session"),
            ("OPTIONS", "/ledger/x/checkpoint"),
        ] {
            let sent =
                format!("{method} {target} HTTP/1.1\r\nHost: edc.example.org\r\nAuthorization: Bearer x\r\n\r\n");
            let answer = talk(serving.redirects[0], &sent);
            assert!(answer.starts_with("HTTP/1.1 403 "), "{method} {target}: {answer}");
            assert!(!answer.contains("location:") && answer.ends_with("\r\n\r\n"), "{method} {target}: {answer}");
        }
    });
    serving.stop();
    serving.stopped().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_leads_nowhere_but_to_this_server() {
    let (world, authority) = (World::new(), Authority::new("test"));
    let files = Files::new(&authority.server(2050));
    let serving = serving(&world, &files, Some(443)).await;
    let clear = serving.redirects[0];
    block_in_place(|| {
        let of = |host: &str| talk(clear, &format!("GET /x HTTP/1.1\r\n{host}\r\n"));
        assert!(of("Host: edc.example.org\r\n").contains("\r\nlocation: https://edc.example.org/x\r\n"));
        for (host, status) in [
            ("Host: elsewhere.example\r\n", "421"),
            ("Host: edc.example.org.elsewhere.example\r\n", "421"),
            ("Host: edc.example.org@elsewhere.example\r\n", "421"),
            ("", "400"),
            ("Host: edc.example.org\r\nHost: elsewhere.example\r\n", "400"),
        ] {
            let answer = of(host);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {answer}");
            assert!(!answer.contains("location:") && answer.ends_with("\r\n\r\n"), "{host}: {answer}");
        }
        let long = talk(clear, &format!("GET /{} HTTP/1.1\r\nHost: edc.example.org\r\n\r\n", "x".repeat(64 * 1024)));
        assert!(long.starts_with("HTTP/1.1 4"), "{long}");
    });
    serving.stop();
    serving.stopped().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_comes_in_clear_keeps_nobody_from_tls() {
    let (world, authority) = (World::new(), Authority::new("test"));
    let files = Files::new(&authority.server(2050));
    let serving = serving(&world, &files, None).await;
    block_in_place(|| {
        let crowd: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(serving.redirects[0]).unwrap()).collect();
        let mut last = crowd.last().unwrap();
        last.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let read = last.read(&mut [0]);
        let turned_away =
            matches!(&read, Ok(0)) || matches!(&read, Err(error) if error.kind() == ErrorKind::ConnectionReset);
        assert!(turned_away, "{read:?}");
        let mut line = Line::to(serving.addresses[0], &authority.trusting(BOTH, None)).unwrap();
        assert!(line.ask("GET", "/sign-in", "").unwrap().starts_with("HTTP/1.1 200"));
    });
    serving.stop();
    serving.stopped().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn there_must_be_something_to_lead_to_and_a_name_for_it() {
    let (world, authority) = (World::new(), Authority::new("test"));
    let files = Files::new(&authority.server(2050));
    let redirect = || vec!["127.0.0.1:0".parse().unwrap()];
    let listen = |address: &str| vec![address.parse().unwrap()];
    let in_clear = ServeConfig { listen: listen("127.0.0.1:0"), redirect: redirect(), ..ServeConfig::default() };
    let tls = Some(files.tls());
    let unnamed = ServeConfig { listen: listen("0.0.0.0:0"), redirect: redirect(), tls, ..ServeConfig::default() };
    for (config, code) in [(in_clear, "certificate_needed"), (unnamed, "host_needed")] {
        let refused = serve(config, Arc::clone(&world.installation)).await;
        assert!(matches!(&refused, Err(Error::Refused(why)) if why[0].code == code), "{refused:?}");
    }
}
