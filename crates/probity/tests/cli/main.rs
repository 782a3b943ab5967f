//! The program as people run it: what it prints, and how it exits. 0: done, or it holds; 1: something does not hold;
//! 2: it could not be done, and the message says what to do.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod token;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU64, Ordering},
};

/// A folder of its own, gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("cli-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn probity(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probity"));
    command.args(arguments).env("PROBITY_DATA", data).env_remove("PROBITY_PASSWORD").stdin(Stdio::null());
    command.output().unwrap()
}

/// Exit status and everything said.
fn said(output: &Output) -> (i32, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

fn expect(arguments: &[&str], data: &Path, status: i32, words: &[&str]) -> String {
    let (got, text) = said(&probity(arguments, data));
    assert_eq!(got, status, "{arguments:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{arguments:?} does not say “{word}”: {text}");
    }
    text
}

const FOUNDING: [&str; 9] = [
    "init",
    "--organization",
    "Nordic Trials",
    "--admin-name",
    "Ada Berg",
    "--admin-email",
    "ada@example.org",
    "--admin-sign-in",
    "ada",
];

/// The one organization's folder.
fn organization(data: &Path) -> PathBuf {
    fs::read_dir(data.join("organizations")).unwrap().next().unwrap().unwrap().path()
}

/// A server of ours, stopped when the test is over.
struct Serving(Child);

impl Serving {
    fn start(data: &Path) -> (Self, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_probity"));
        Serving::of(command.args(["serve", "--listen", "127.0.0.1:0"]).env("PROBITY_DATA", data))
    }

    /// It, and the first line that it says.
    fn of(command: &mut Command) -> (Self, String) {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (Serving(child), line)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_new_installation_verifies_rebuilds_and_has_no_account() {
    let folder = Folder::new();
    let data = folder.data();
    let text = expect(&FOUNDING, &data, 0, &["founded Nordic Trials", "/enrol#", "keep a copy"]);
    assert_eq!(text.matches("/enrol#").count(), 1);
    expect(&FOUNDING, &data, 2, &["exists already"]);
    expect(&["org", "list"], &data, 0, &["Nordic Trials", "ledger 1"]);
    expect(&["verify"], &data, 0, &["verified: all of it holds", "entries, root"]);
    expect(&["rebuild"], &data, 0, &["the rebuilt database is equal", "equal    record"]);
    let kept = folder.0.join("kept");
    expect(&["checkpoint", "--save", kept.to_str().unwrap()], &data, 0, &["saved "]);
    expect(&["verify", "--seen", kept.to_str().unwrap()], &data, 0, &["compared with 1 checkpoint"]);
    expect(&["key", "rotate"], &data, 0, &["a new root key", "1 organization"]);
    expect(&["verify", "--seen", kept.to_str().unwrap()], &data, 0, &["verified"]);
}

#[test]
fn an_older_file_is_found_by_a_checkpoint_kept_elsewhere() {
    let folder = Folder::new();
    let data = folder.data();
    expect(&FOUNDING, &data, 0, &[]);
    let (file, older) = (organization(&data).join("store.db"), folder.0.join("yesterday.db"));
    expect(&["verify"], &data, 0, &[]);
    fs::copy(&file, &older).unwrap();
    // A sign-in that fails is an entry too.
    let mut command = Command::new(env!("CARGO_BIN_EXE_probity"));
    command.args(["study", "export", "--as", "ada", "--study", "S", "-o", "/dev/null"]).env("PROBITY_DATA", &data);
    let refused = command.env("PROBITY_PASSWORD", "not the password").output().unwrap();
    assert_eq!(said(&refused).0, 2);
    let kept = folder.0.join("kept");
    expect(&["checkpoint", "--save", kept.to_str().unwrap()], &data, 0, &[]);
    fs::copy(&older, &file).unwrap();
    expect(&["verify"], &data, 0, &["not compared with any checkpoint"]);
    expect(&["verify", "--seen", kept.to_str().unwrap()], &data, 1, &["FOUND", "REFUSED: not all of it holds"]);
}

#[test]
fn a_missing_a_wrong_and_anothers_key_are_told_apart() {
    let folder = Folder::new();
    let data = folder.data();
    expect(&["verify"], &data, 2, &["is not a data directory", "probity init"]);
    expect(&FOUNDING, &data, 0, &[]);
    let key = data.join("root.key");
    let right = fs::read(&key).unwrap();
    fs::rename(&key, folder.0.join("elsewhere.key")).unwrap();
    expect(&["verify"], &data, 2, &["cannot be read", "put it back"]);
    expect(&["verify", "--root-key", folder.0.join("elsewhere.key").to_str().unwrap()], &data, 0, &["verified"]);
    fs::copy(folder.0.join("elsewhere.key"), &key).unwrap();
    let wrong: Vec<u8> = right.iter().map(|byte| if *byte == b'0' { b'1' } else { *byte }).collect();
    fs::write(&key, wrong).unwrap();
    expect(&["verify"], &data, 2, &["does not open with this root key"]);
    fs::write(&key, b"no key at all").unwrap();
    expect(&["verify"], &data, 2, &["is not a root key"]);
    fs::write(&key, &right).unwrap();
    let mut other = FOUNDING;
    (other[0], other[2]) = ("create", "Other Trials");
    expect(&[&["org"], &other[..]].concat(), &data, 0, &["founded Other Trials"]);
    let mut folders: Vec<PathBuf> =
        fs::read_dir(data.join("organizations")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    fs::copy(folders[0].join("keys.json"), folders[1].join("keys.json")).unwrap();
    expect(&["verify"], &data, 2, &["belongs to organization", "its own folder"]);
}

#[test]
fn a_file_that_was_changed_is_refused_and_nothing_is_opened() {
    let folder = Folder::new();
    let data = folder.data();
    expect(&FOUNDING, &data, 0, &[]);
    let file = organization(&data).join("store.db");
    let mut bytes = fs::read(&file).unwrap();
    assert_ne!(&bytes[..15], b"SQLite format 3");
    bytes[100] ^= 1;
    fs::write(&file, bytes).unwrap();
    let (status, text) = said(&probity(&["verify"], &data));
    assert!(status == 2 && !text.is_empty(), "{text}");
}

#[test]
fn a_second_one_on_the_same_directory_is_told_who_has_it() {
    let folder = Folder::new();
    let data = folder.data();
    expect(&FOUNDING, &data, 0, &[]);
    let (_serving, line) = Serving::start(&data);
    assert!(line.contains("http://127.0.0.1:"), "{line}");
    expect(&["serve", "--listen", "127.0.0.1:0"], &data, 2, &["another Probity has", "stop it first"]);
    expect(&["verify"], &data, 2, &["another Probity has"]);
}

#[test]
fn beyond_the_loopback_there_is_no_server_without_a_certificate() {
    let folder = Folder::new();
    let data = folder.data();
    expect(&FOUNDING, &data, 0, &[]);
    expect(&["serve", "--listen", "0.0.0.0:0"], &data, 2, &["certificate"]);
    let config = folder.0.join("probity.toml");
    fs::write(&config, "listn = [\"127.0.0.1:1\"]\n").unwrap();
    expect(&["serve", "--config", config.to_str().unwrap()], &data, 2, &["listn", "listen"]);
}

#[test]
fn a_certificate_is_renewed_at_a_signal_and_clear_text_is_redirected() {
    let folder = Folder::new();
    let data = folder.data();
    expect(&FOUNDING, &data, 0, &[]);
    let (certificate, key) = (folder.0.join("certificate.pem"), folder.0.join("key.pem"));
    let renew = || {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        made.cert.der().to_vec()
    };
    let first = renew();
    let mut command = Command::new(env!("CARGO_BIN_EXE_probity"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--redirect", "127.0.0.1:0", "--host", "edc.example.org"]);
    command.arg("--cert").arg(&certificate).arg("--key").arg(&key).env("PROBITY_DATA", &data);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut serving = Serving(command.spawn().unwrap());
    let mut said = BufReader::new(serving.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let (served, redirects) = (said.next().unwrap(), said.next().unwrap());
    let address = served.rsplit_once("https://").unwrap().1.to_owned();
    assert_eq!(leaf(&address), first);
    let second = renew();
    let hangup = Command::new("kill").args(["-HUP", &serving.0.id().to_string()]).status().unwrap();
    assert!(hangup.success());
    let mut log = BufReader::new(serving.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(log.any(|line| line.contains("the certificate is renewed")));
    assert_eq!(leaf(&address), second);
    let clear = redirects.split_once("http://").unwrap().1.split_once(' ').unwrap().0;
    let mut stream = TcpStream::connect(clear).unwrap();
    stream.write_all(b"GET /studies HTTP/1.1\r\nHost: edc.example.org\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let port = address.rsplit_once(':').unwrap().1;
    assert!(answer.starts_with("HTTP/1.1 308"), "{answer}");
    assert!(answer.contains(&format!("location: https://edc.example.org:{port}/studies\r\n")), "{answer}");
    expect(&["serve", "--redirect", "127.0.0.1:0"], &folder.0.join("other"), 2, &["not a data directory"]);
    expect(&["serve", "--client-authority", "x.pem"], &data, 2, &["give cert and key too"]);
    expect(&["serve", "--log-to", "udp://logs.example.org:514"], &data, 2, &["HOST:PORT", "syslog over TLS"]);
    expect(&["serve", "--log-authority", "ca.pem"], &data, 2, &["with log-to"]);
    expect(&["serve", "--ocsp", "x.der"], &data, 2, &["give cert and key too"]);
    expect(&["serve", "--postgres-cert", "x.pem"], &data, 2, &["--postgres-key"]);
    let missing = ["serve", "--postgres-cert", "gone.pem", "--postgres-key", "gone.key"];
    expect(&missing, &data, 2, &["gone.pem cannot be read"]);
}

/// The certificate that a server shows, as `openssl` sees it.
fn leaf(address: &str) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", address]).stdin(Stdio::null());
    let shown = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let begin = shown.find("-----BEGIN CERTIFICATE-----").unwrap_or_else(|| panic!("{shown}"));
    let body: String = shown[begin..].lines().skip(1).take_while(|line| !line.starts_with('-')).collect();
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap()
}

#[test]
fn nobody_signs_in_without_a_password_and_help_reads_well() {
    let folder = Folder::new();
    let data = folder.data();
    expect(&FOUNDING, &data, 0, &[]);
    let export = ["study", "export", "--as", "ada", "--study", "S", "-o", "x.xml"];
    expect(&export, &data, 2, &["PROBITY_PASSWORD"]);
    expect(&["--help"], &data, 0, &["Exit status: 0", "init", "serve", "verify", "prove"]);
    expect(&["verify", "--bundle", "x"], &data, 2, &["--entry"]);
    expect(&["prove", "C-100"], &data, 2, &["there is no promise C-100"]);
}

#[test]
fn prove_reports_every_promise_and_none_is_broken() {
    let folder = Folder::new();
    let data = folder.data();
    expect(&FOUNDING, &data, 0, &[]);
    let output = probity(&["prove", "--json"], &data);
    let proofs: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(proofs.len(), 165);
    for proof in &proofs {
        assert_ne!(proof["status"], "broken", "{proof}");
        assert!(proof["checked_at"].is_string() && proof["evidence"].is_string() && proof["id"].is_string());
    }
    assert!(proofs.iter().filter(|proof| proof["status"] == "kept").count() >= 21);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_program_for_patients_data_has_no_demonstration() {
    let package: toml::Table =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap().parse().unwrap();
    assert!(package["features"].get("default").is_none(), "nothing is built in unless it is asked for");
    let (_, help) = said(&probity(&["help"], Path::new("none")));
    assert_eq!(help.contains("demonstration"), cfg!(feature = "demo"), "{help}");
}
