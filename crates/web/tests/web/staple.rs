//! What the certificate's authority says of it, sent along: written by OpenSSL, read by rustls and by OpenSSL.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use jiff::SignedDuration;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use tokio::task::block_in_place;
use web::{ServeConfig, TlsFiles, serve};

use crate::{
    tls::{Authority, BOTH, Files, Pair},
    world::World,
};

/// Judges as any client does, and keeps what was sent along with the certificate.
#[derive(Debug)]
struct Heard {
    judge: Arc<WebPkiServerVerifier>,
    sent: Mutex<Vec<u8>>,
}

impl ServerCertVerifier for Heard {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        ocsp.clone_into(&mut self.sent.lock().unwrap());
        self.judge.verify_server_cert(own, between, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, own, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, own, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

/// What a server sends along; empty where it is nothing.
fn sent(address: SocketAddr, authority: &Authority, versions: &[&'static SupportedProtocolVersion]) -> Vec<u8> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let heard = Arc::new(Heard { judge, sent: Mutex::default() });
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Heard>::clone(&heard))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).unwrap();
    }
    heard.sent.lock().unwrap().clone()
}

fn openssl(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("openssl");
    let output = command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What the authority says of a certificate (`V`, or `R` for revoked), for so many minutes.
fn says(files: &Files, authority: &Authority, pair: &Pair, state: &str, minutes: u32) -> Vec<u8> {
    let authority_file = files.write("authority.pem", &authority.pem());
    let folder = authority_file.parent().unwrap();
    files.write("authority.key", &authority.key_pem());
    files.write("asked.pem", &pair.certificate);
    let serial = openssl(folder, &["x509", "-in", "asked.pem", "-noout", "-serial"]);
    let serial = serial.trim().strip_prefix("serial=").unwrap();
    let revoked = if state == "R" { "260101000000Z" } else { "" };
    files.write("index.txt", &format!("{state}\t500101000000Z\t{revoked}\t{serial}\tunknown\t/CN=asked\n"));
    let signed = ["-index", "index.txt", "-CA", "authority.pem", "-rsigner", "authority.pem", "-rkey", "authority.key"];
    let minutes = minutes.to_string();
    let mut arguments = vec!["ocsp", "-issuer", "authority.pem", "-cert", "asked.pem"];
    arguments.extend(signed);
    arguments.extend(["-nmin", &minutes, "-respout", "said.der", "-noverify"]);
    openssl(folder, &arguments);
    fs::read(folder.join("said.der")).unwrap()
}

struct Place {
    authority: Authority,
    files: Files,
    pair: Pair,
    ocsp: PathBuf,
}

impl Place {
    fn new() -> Self {
        let authority = Authority::new("test");
        let pair = authority.server(2050);
        let files = Files::new(&pair);
        let ocsp = files.write("ocsp.der", "");
        Place { authority, files, pair, ocsp }
    }

    fn says(&self, state: &str, minutes: u32) -> Vec<u8> {
        says(&self.files, &self.authority, &self.pair, state, minutes)
    }

    fn config(&self) -> ServeConfig {
        let tls = TlsFiles { ocsp: Some(self.ocsp.clone()), ..self.files.tls() };
        let listen = vec!["127.0.0.1:0".parse().unwrap()];
        ServeConfig { listen, tls: Some(tls), ..ServeConfig::default() }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_authority_says_is_sent_along_and_followed_by_what_it_says_next() {
    let (world, place) = (World::new(), Place::new());
    let (first, second) = (place.says("V", 60), place.says("V", 120));
    assert_ne!(first, second);
    fs::write(&place.ocsp, &first).unwrap();
    let serving = serve(place.config(), Arc::clone(&world.installation)).await.unwrap();
    let address = serving.addresses[0];
    block_in_place(|| {
        for versions in [&[&TLS12][..], &[&TLS13]] {
            assert_eq!(sent(address, &place.authority, versions), first);
            let flag = if versions[0].version == TLS12.version { "-tls1_2" } else { "-tls1_3" };
            let connect = address.to_string();
            let said = openssl(Path::new("/"), &["s_client", "-connect", &connect, flag, "-status"]);
            assert!(said.contains("OCSP Response Status: successful") && said.contains("Cert Status: good"), "{said}");
        }
        assert!(!serving.reload().unwrap(), "nothing has changed");
        fs::write(&place.ocsp, &second).unwrap();
        assert!(serving.reload().unwrap());
        assert_eq!(sent(address, &place.authority, BOTH), second);
        // Another certificate, of which nothing was said yet: it is shown, and goes without.
        let renewed = place.authority.server(2051);
        place.files.put(&renewed);
        assert!(serving.reload().unwrap());
        assert_eq!(sent(address, &place.authority, BOTH), b"");
        let third = says(&place.files, &place.authority, &renewed, "V", 60);
        fs::write(&place.ocsp, &third).unwrap();
        assert!(serving.reload().unwrap());
        assert_eq!(sent(address, &place.authority, BOTH), third);
    });
    serving.stop();
    serving.stopped().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_say_that_this_certificate_is_good_or_has_ended_is_not_sent() {
    let (world, place) = (World::new(), Place::new());
    let good = place.says("V", 60);
    fs::write(&place.ocsp, &good).unwrap();
    let serving = serve(place.config(), Arc::clone(&world.installation)).await.unwrap();
    let address = serving.addresses[0];
    block_in_place(|| {
        let of_another = says(&place.files, &place.authority, &place.authority.server(2050), "V", 60);
        let mut cut = good.clone();
        cut.truncate(good.len() - 1);
        // `tryLater` (RFC 6960, 4.2.1): no bytes beside the state.
        let later = [0x30, 0x03, 0x0a, 0x01, 0x03];
        let wrong = [&b"no response"[..], b"", &cut, &later, &of_another, &place.says("R", 60)];
        for wrong in wrong {
            fs::write(&place.ocsp, wrong).unwrap();
            assert!(serving.reload().unwrap());
            assert_eq!(sent(address, &place.authority, BOTH), b"", "{}", wrong.len());
            fs::write(&place.ocsp, &good).unwrap();
            assert!(serving.reload().unwrap());
            assert_eq!(sent(address, &place.authority, BOTH), good);
        }
        fs::remove_file(&place.ocsp).unwrap();
        assert!(serving.reload().unwrap(), "the certificate goes on without");
        assert_eq!(sent(address, &place.authority, BOTH), b"");
        fs::write(&place.ocsp, &good).unwrap();
        assert!(serving.reload().unwrap());
        // It ends, and nobody looks at the files.
        world.clock.turn(SignedDuration::from_hours(24 * 365 * 22));
        assert_eq!(sent(address, &place.authority, BOTH), b"");
        assert!(!serving.reload().unwrap());
        assert_eq!(sent(address, &place.authority, BOTH), b"");
    });
    serving.stop();
    serving.stopped().await.unwrap();
    // One that had ended before the server began.
    let serving = serve(place.config(), Arc::clone(&world.installation)).await.unwrap();
    block_in_place(|| assert_eq!(sent(serving.addresses[0], &place.authority, BOTH), b""));
    serving.stop();
    serving.stopped().await.unwrap();
}
