//! Another machine, played by a listener of the test's.

use std::{
    fs,
    io::Read as _,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::mpsc::{self, Receiver},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tracing::Dispatch;

use super::{
    super::queue::{EVENTS_MAX, Next},
    *,
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// An authority, and files of it, gone when the test is over.
struct Authority(CertifiedIssuer<'static, KeyPair>, PathBuf);

impl Authority {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("probity-log-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(folder.join("authority.pem"), issuer.pem()).unwrap();
        Authority(issuer, folder)
    }

    fn file(&self) -> PathBuf {
        self.1.join("authority.pem")
    }

    fn vouch(&self, name: &str, usage: ExtendedKeyUsagePurpose) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }

    /// What a collector of this name speaks; `asking` for a certificate of this very authority.
    fn collector(&self, name: &str, asking: bool) -> Arc<ServerConfig> {
        let (certificate, key) = self.vouch(name, ExtendedKeyUsagePurpose::ServerAuth);
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let config = if asking {
            let mut roots = RootCertStore::empty();
            roots.add(self.0.der().clone()).unwrap();
            let judge = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            config.unwrap().with_client_cert_verifier(judge)
        } else {
            config.unwrap().with_no_client_auth()
        };
        Arc::new(config.with_single_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap())
    }

    fn own(&self) -> (PathBuf, PathBuf) {
        let (certificate, key) = self.vouch("probity", ExtendedKeyUsagePurpose::ClientAuth);
        let files = (self.1.join("own.pem"), self.1.join("own.key"));
        fs::write(&files.0, certificate).unwrap();
        fs::write(&files.1, key).unwrap();
        files
    }

    fn to(&self, address: SocketAddr, own: Option<(PathBuf, PathBuf)>) -> LogTo {
        LogTo::new(&format!("localhost:{}", address.port()), Some(self.file()), own).unwrap()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.1);
    }
}

/// A collector that takes one connection, and so many messages on it, and goes away.
struct Collector {
    messages: Receiver<String>,
    thread: JoinHandle<()>,
}

impl Collector {
    fn start(listener: TcpListener, config: Arc<ServerConfig>, most: usize) -> Self {
        let (tell, messages) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
            for _ in 0..most {
                let Some(message) = message(&mut stream) else { return };
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        Collector { messages, thread }
    }

    fn next(&self) -> String {
        self.messages.recv_timeout(PATIENCE).unwrap()
    }

    /// The next that has this in it.
    fn until(&self, says: &str) -> String {
        std::iter::repeat_with(|| self.next()).find(|message| message.contains(says)).unwrap()
    }

    /// All that is still to come, until the connection ends.
    fn rest(self) -> Vec<String> {
        let rest = self.messages.iter().collect();
        self.thread.join().unwrap();
        rest
    }
}

/// One message: its length in octets, a space, and itself. None at the end.
fn message(stream: &mut impl io::Read) -> Option<String> {
    let mut length = String::new();
    loop {
        let mut octet = [0];
        stream.read_exact(&mut octet).ok()?;
        if octet[0] == b' ' {
            break;
        }
        length.push(char::from(octet[0]));
    }
    assert!(!length.starts_with('0') && length.len() < 5, "{length}");
    let mut message = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut message).ok()?;
    Some(String::from_utf8(message).unwrap())
}

fn here() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A log that goes to standard error and elsewhere.
struct Logging {
    log: Dispatch,
    kept: Kept,
    queue: Arc<Queue>,
}

impl Logging {
    fn new(format: LogFormat) -> Self {
        let (kept, queue) = (Kept::default(), Arc::<Queue>::default());
        Logging { log: Dispatch::new(writing(format, &kept, Some(Arc::clone(&queue)))), kept, queue }
    }

    fn send(&self, to: LogTo) -> Sending {
        tracing::dispatcher::with_default(&self.log, || Sending::begin(Arc::clone(&self.queue), to).unwrap())
    }

    fn log(&self, done: impl FnOnce()) {
        tracing::dispatcher::with_default(&self.log, done);
    }

    /// Waits until standard error says this.
    fn says(&self, what: &str) {
        let begun = Instant::now();
        while !self.kept.text().contains(what) {
            assert!(begun.elapsed() < PATIENCE, "no “{what}”: {}", self.kept.text());
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}

#[test]
fn what_is_on_standard_error_is_sent_and_nothing_else() {
    for format in [LogFormat::Text, LogFormat::Json] {
        let authority = Authority::new(if format == LogFormat::Text { "text" } else { "json" });
        let (listener, address) = here();
        let collector = Collector::start(listener, authority.collector("localhost", false), usize::MAX);
        let logging = Logging::new(format);
        let sending = logging.send(authority.to(address, None));
        logging.log(|| {
            tracing::info!(route = "/studies", "refused");
            tracing::error!(cause = "went wrong\n<27>1 a line of its own", "Ærø er væk");
            tracing::debug!("not logged here, and so not there");
        });
        drop(sending);
        let sent = collector.rest();
        let text = logging.kept.text();
        assert_eq!(sent.len(), 3, "{sent:?}");
        // What the sender says of itself goes ahead there; here it stands where it was said.
        let mut bodies = Vec::new();
        for message in &sent {
            let (head, body) = message.split_once(" - - ").unwrap();
            let parts: Vec<&str> = head.split(' ').collect();
            assert_eq!((parts.len(), parts[3], parts[4]), (5, "probity", std::process::id().to_string().as_str()));
            assert!(parts[1].ends_with('Z') && parts[1].parse::<jiff::Timestamp>().is_ok(), "{head}");
            let body = body.strip_prefix('\u{feff}').unwrap_or(body);
            assert_eq!(parts[0], if body.contains("Ærø") { "<27>1" } else { "<30>1" });
            bodies.push(body);
        }
        let mut lines: Vec<&str> = text.lines().collect();
        bodies.sort_unstable();
        lines.sort_unstable();
        assert_eq!(bodies, lines);
    }
}

#[test]
fn a_machine_that_goes_away_and_comes_back_gets_what_was_logged_meanwhile() {
    let authority = Authority::new("back");
    let config = authority.collector("localhost", false);
    let (listener, address) = here();
    let collector = Collector::start(listener, Arc::clone(&config), 2);
    let logging = Logging::new(LogFormat::Text);
    let sending = logging.send(authority.to(address, None));
    logging.log(|| tracing::info!("before"));
    collector.until("before");
    assert!(collector.rest().is_empty(), "it is gone");
    logging.log(|| (0..10).for_each(|n| tracing::info!(n, "while it was away")));
    logging.says("does not reach");
    let again = Collector::start(TcpListener::bind(address).unwrap(), config, usize::MAX);
    assert!(again.next().contains("does not reach"), "first why it was silent");
    assert!(again.next().contains("the log reaches its other machine"));
    for n in 0..10 {
        let message = again.next();
        assert!(message.ends_with(&format!("while it was away n={n}")), "{message}");
    }
    logging.log(|| tracing::info!("after"));
    again.until("after");
    drop(sending);
    assert!(again.rest().is_empty());
}

#[test]
fn what_there_is_no_room_for_is_counted_and_told_on_both_sides() {
    let authority = Authority::new("room");
    let (listener, address) = here();
    drop(listener);
    let logging = Logging::new(LogFormat::Text);
    let sending = logging.send(authority.to(address, None));
    logging.says("does not reach");
    logging.log(|| (0..EVENTS_MAX + 10).for_each(|n| tracing::info!(n, "an event")));
    let listener = TcpListener::bind(address).unwrap();
    let collector = Collector::start(listener, authority.collector("localhost", false), usize::MAX);
    let told = collector.until("were not kept");
    assert!(told.ends_with("dropped=10"), "{told}");
    for n in 0..EVENTS_MAX {
        let message = collector.next();
        assert!(message.ends_with(&format!("an event n={n}")), "{message}");
    }
    drop(sending);
    assert!(collector.rest().is_empty());
    let text = logging.kept.text();
    assert_eq!(text.lines().filter(|line| line.contains("an event")).count(), EVENTS_MAX + 10, "all are here");
    assert!(text.contains("dropped=10"));
}

#[test]
fn nothing_is_sent_to_who_is_not_who_it_should_be() {
    let authority = Authority::new("name");
    let stranger = Authority::new("stranger");
    for config in [authority.collector("other.example.org", false), stranger.collector("localhost", false)] {
        let (listener, address) = here();
        let collector = Collector::start(listener, config, usize::MAX);
        let logging = Logging::new(LogFormat::Text);
        let sending = logging.send(authority.to(address, None));
        logging.log(|| tracing::info!("for the right machine"));
        logging.says("invalid peer certificate");
        assert!(collector.rest().is_empty());
        let begun = Instant::now();
        logging.log(|| drop(sending));
        assert!(begun.elapsed() < Duration::from_secs(10), "the end does not wait for it");
        assert!(logging.kept.text().contains("did not get its end"));
        assert!(matches!(logging.queue.next(Duration::ZERO), Next::Send(_)), "kept to the end");
    }
}

#[test]
fn nothing_is_said_in_clear() {
    let authority = Authority::new("clear");
    let (listener, address) = here();
    let logging = Logging::new(LogFormat::Text);
    let sending = logging.send(authority.to(address, None));
    logging.log(|| tracing::info!("not in clear"));
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    io::Write::write_all(&mut stream, b"220 speak freely\r\n").unwrap();
    logging.says("no TLS with it");
    let mut heard = Vec::new();
    // It may end with a reset: what was said before is what matters.
    let _ = stream.read_to_end(&mut heard);
    assert_eq!(heard.first(), Some(&22), "a handshake (RFC 8446, 5.1)");
    assert!(!heard.windows(5).any(|part| part == b"clear"));
    drop((listener, sending));
    for wrong in ["logs.example.org", "udp://logs.example.org:514", "logs.example.org:", "a b:6514", ":6514"] {
        let told = LogTo::new(wrong, Some(authority.file()), None).unwrap_err().to_string();
        assert!(told.contains("HOST:PORT") && told.contains("TLS"), "{wrong}: {told}");
    }
    assert!(LogTo::new("[::1]:6514", Some(authority.file()), None).is_ok());
    let told = LogTo::new("localhost:1", Some(authority.1.join("none.pem")), None).unwrap_err().to_string();
    assert!(told.contains("none.pem cannot be read"), "{told}");
}

#[test]
fn a_machine_that_asks_for_a_certificate_is_shown_one() {
    let authority = Authority::new("shown");
    let config = authority.collector("localhost", true);
    let (listener, address) = here();
    let collector = Collector::start(listener, Arc::clone(&config), usize::MAX);
    let logging = Logging::new(LogFormat::Text);
    let sending = logging.send(authority.to(address, None));
    logging.says("CertificateRequired");
    assert!(collector.rest().is_empty());
    drop(sending);
    let collector = Collector::start(TcpListener::bind(address).unwrap(), config, usize::MAX);
    let logging = Logging::new(LogFormat::Text);
    let sending = logging.send(authority.to(address, Some(authority.own())));
    logging.log(|| tracing::info!("to who knows us"));
    drop(sending);
    assert!(collector.rest().iter().any(|message| message.contains("to who knows us")));
    let told = LogTo::new("localhost:1", None, Some((authority.file(), authority.own().1))).unwrap_err();
    assert!(format!("{told:#}").contains("is not the key of"), "{told:#}");
}
