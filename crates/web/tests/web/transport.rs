//! TLS as it is met from outside: by rustls, and by OpenSSL, which also speaks what nobody should.

use std::{
    net::SocketAddr,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{
    ProtocolVersion,
    pki_types::{CertificateDer, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use store::Error;
use tokio::task::block_in_place;
use web::{ServeConfig, Serving, serve};

use crate::{
    tls::{Authority, BOTH, Files, Line, Pair},
    world::{PASSWORD, World},
};

async fn serving(world: &World, files: &Files) -> (Serving, SocketAddr) {
    let listen = vec!["127.0.0.1:0".parse().unwrap()];
    let config = ServeConfig { listen, tls: Some(files.tls()), ..ServeConfig::default() };
    let serving = serve(config, Arc::clone(&world.installation)).await.unwrap();
    let address = serving.addresses[0];
    (serving, address)
}

fn leaf(pair: &Pair) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()
}

/// What `openssl s_client` makes of a server: whether they agreed, and what was said.
fn openssl(address: SocketAddr, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &address.to_string(), "-brief"]).args(arguments);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_versions_are_spoken_and_older_ones_are_turned_away() {
    let (world, authority) = (World::new(), Authority::new("test"));
    let files = Files::new(&authority.server(2050));
    let (serving, address) = serving(&world, &files).await;
    block_in_place(|| {
        for (version, spoken) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
            let mut line = Line::to(address, &authority.trusting(&[version], None)).unwrap();
            assert_eq!(line.version(), spoken);
            assert!(line.ask("GET", "/sign-in", "").unwrap().starts_with("HTTP/1.1 200"));
        }
        for old in ["-tls1", "-tls1_1"] {
            let (agreed, said) = openssl(address, &[old, "-cipher", "ALL:@SECLEVEL=0"]);
            assert!(!agreed && said.contains(" alert "), "{old}: {said}");
        }
        for (version, name) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
            let (agreed, said) = openssl(address, &[version]);
            assert!(agreed && said.contains(name), "{version}: {said}");
        }
        // Without authentication of what is sent, or with a key that outlives the connection.
        for weak in ["ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-SHA", "AES256-GCM-SHA384", "DHE-RSA-AES256-SHA"] {
            let (agreed, said) = openssl(address, &["-tls1_2", "-cipher", &format!("{weak}:@SECLEVEL=0")]);
            assert!(!agreed && said.contains("alert handshake failure"), "{weak}: {said}");
        }
        let (agreed, said) = openssl(address, &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"]);
        assert!(agreed, "{said}");
    });
    serving.stop();
    serving.stopped().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_taken_and_open_connections_go_on() {
    let (world, authority) = (World::new(), Authority::new("test"));
    let (first, second) = (authority.server(2050), authority.server(2051));
    let files = Files::new(&first);
    let (serving, address) = serving(&world, &files).await;
    let client = authority.trusting(BOTH, None);
    block_in_place(|| {
        let mut open = Line::to(address, &client).unwrap();
        assert_eq!(open.shown(), leaf(&first));
        assert!(!serving.reload().unwrap(), "nothing has changed");
        // What cannot be used is refused, and the one before goes on.
        let ended = authority.server(2026);
        let other = Authority::new("other").server(2050);
        let mismatched = Pair { certificate: second.certificate.clone(), key: other.key };
        let garbage = Pair { certificate: "no certificate".into(), key: "no key".into() };
        for (broken, code) in [(&mismatched, "not_usable"), (&ended, "ended"), (&garbage, "not_usable")] {
            files.put(broken);
            let refused = serving.reload().unwrap_err();
            assert!(matches!(&refused, Error::Refused(why) if why[0].code == code), "{refused}");
            assert_eq!(Line::to(address, &client).unwrap().shown(), leaf(&first));
        }
        files.put(&second);
        assert!(serving.reload().unwrap());
        assert_eq!(Line::to(address, &client).unwrap().shown(), leaf(&second));
        assert!(open.ask("GET", "/sign-in", "").unwrap().starts_with("HTTP/1.1 200"), "it stays open");
        assert!(open.ask("GET", "/sign-in", "").unwrap().starts_with("HTTP/1.1 200"));
    });
    serving.stop();
    serving.stopped().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_need_say_that_a_certificate_was_renewed() {
    let (world, authority) = (World::new(), Authority::new("test"));
    let (first, second) = (authority.server(2050), authority.server(2051));
    let files = Files::new(&first);
    let (serving, address) = serving(&world, &files).await;
    let client = authority.trusting(BOTH, None);
    block_in_place(|| {
        files.put(&second);
        let begun = Instant::now();
        while Line::to(address, &client).unwrap().shown() != leaf(&second) {
            assert!(begun.elapsed() < Duration::from_secs(60), "the files are not looked at");
            std::thread::park_timeout(Duration::from_millis(50));
        }
    });
    serving.stop();
    serving.stopped().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_browsers_are_bound_to_it_and_the_cookie_to_the_host() {
    let (world, authority) = (World::new(), Authority::new("test"));
    let files = Files::new(&authority.server(2050));
    let (serving, address) = serving(&world, &files).await;
    block_in_place(|| {
        let client = authority.trusting(BOTH, None);
        for path in ["/sign-in", "/", "/nothing", "/api/v1/nothing", "/assets/nothing.js"] {
            let answer = Line::to(address, &client).unwrap().ask("GET", path, "").unwrap();
            let told = answer.contains("\r\nstrict-transport-security: max-age=63072000; includeSubDomains\r\n");
            assert!(told, "{path}: {answer}");
        }
        let body = format!("organization={}&sign_in=admin&password={}", world.a.id(), PASSWORD.replace(' ', "+"));
        let form = |origin: &str| {
            let length = body.len();
            let kind = "Content-Type: application/x-www-form-urlencoded";
            format!("Origin: {origin}\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{body}")
        };
        // The blank line after the headers is there already: what follows it is the body.
        let mut line = Line::to(address, &client).unwrap();
        let answer = line.ask("POST", "/sign-in", form("https://localhost").as_str()).unwrap();
        let cookie =
            answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap_or_else(|| panic!("{answer}"));
        assert!(cookie.starts_with("__Host-probity_session="), "{cookie}");
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
        let value = cookie.split_once('=').unwrap().1.split(';').next().unwrap();
        let with = |name: &str| {
            let cookie = format!("Cookie: {name}={value}\r\n");
            Line::to(address, &client).unwrap().ask("GET", "/api/v1/session", &cookie).unwrap()
        };
        assert!(with("__Host-probity_session").starts_with("HTTP/1.1 200"));
        assert!(with("probity_session").starts_with("HTTP/1.1 401"), "anybody on the way could have set that one");
        // A page of this very host, but in clear, is whoever is on the way.
        let mut line = Line::to(address, &client).unwrap();
        assert!(line.ask("POST", "/sign-in", form("http://localhost").as_str()).unwrap().starts_with("HTTP/1.1 403"));
    });
    serving.stop();
    serving.stopped().await.unwrap();
}
