//! One server: it starts, speaks TLS only, keeps what it acknowledged, and leaves nothing behind.
#![expect(clippy::unwrap_used, reason = "a test that fails to set up fails")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use testbed::Server;

#[test]
fn starts_with_settings_and_leaves_nothing() {
    let server = Server::start_with(&[("application_name", "it's ours"), ("max_connections", "20")]).unwrap();
    assert_eq!(server.sql("postgres", "SHOW max_connections").unwrap(), "20");
    assert_eq!(server.sql("postgres", "SHOW fsync").unwrap(), "on");
    assert_eq!(
        server.sql("postgres", "SELECT rolsuper, current_user FROM pg_roles WHERE rolname = current_user").unwrap(),
        "t|owner"
    );
    assert_eq!(server.sql("postgres", "SELECT 1, 'a' UNION ALL SELECT 2, 'b'").unwrap(), "1|a\n2|b");
    assert!(
        server.url().starts_with("postgres://owner:")
            && server.url().ends_with(&format!("@127.0.0.1:{}/postgres", server.port()))
    );
    let says = server.sql("postgres", "SELECT nothing").unwrap_err().to_string();
    assert!(says.contains(r#"column "nothing" does not exist"#), "{says}");

    let folder = server.authority().parent().unwrap().to_owned();
    let process = format!("/proc/{}", server.pid().unwrap());
    assert!(folder.exists() && std::fs::exists(&process).unwrap());
    drop(server);
    assert!(!folder.exists() && !std::fs::exists(&process).unwrap());
}

#[test]
fn a_wrong_setting_is_reported_with_the_log() {
    let says = Server::start_with(&[("max_connections", "many")]).unwrap_err().to_string();
    assert!(says.contains("ended") && says.contains(r#"invalid value for parameter "max_connections""#), "{says}");
}

#[test]
fn plain_text_is_refused() {
    let server = Server::start().unwrap();
    assert_eq!(
        server.sql("postgres", "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()").unwrap(),
        "TLSv1.3"
    );

    // A startup message without TLS: length, protocol 3.0, user (PostgreSQL documentation, 55.7).
    let mut message = Vec::from(196_608_u32.to_be_bytes());
    message.extend(b"user\0owner\0\0");
    let length = u32::try_from(message.len() + 4).unwrap();
    let mut stream = connect(&server);
    stream.write_all(&length.to_be_bytes()).and_then(|()| stream.write_all(&message)).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(answer.first(), Some(&b'E'));
    assert!(String::from_utf8_lossy(&answer).contains("no encryption"), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn a_committed_row_survives_a_kill_and_a_stop() {
    let mut server = Server::start().unwrap();
    server.sql("postgres", "CREATE TABLE kept (row int); INSERT INTO kept VALUES (1)").unwrap();
    let before = server.pid();

    server.kill().unwrap();
    assert_eq!(server.pid(), None);
    assert!(server.sql("postgres", "TABLE kept").is_err());
    server.restart().unwrap();
    assert_ne!(server.pid(), before);
    assert_eq!(server.sql("postgres", "TABLE kept").unwrap(), "1");

    server.stop().unwrap();
    server.stop().unwrap();
    assert!(server.sql("postgres", "TABLE kept").is_err());
    server.restart().unwrap();
    server.restart().unwrap();
    assert_eq!(server.sql("postgres", "TABLE kept").unwrap(), "1");
}

#[test]
fn a_paused_server_is_silent_and_then_goes_on() {
    let mut server = Server::start().unwrap();
    server.pause().unwrap();
    let mut stream = connect(&server);
    // A request for TLS (PostgreSQL documentation, 55.2.10): answered by one byte.
    stream.write_all(&8_u32.to_be_bytes()).and_then(|()| stream.write_all(&80_877_103_u32.to_be_bytes())).unwrap();
    let mut answer = [0];
    assert!(stream.read_exact(&mut answer).is_err());
    server.resume().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"S");
    assert_eq!(server.sql("postgres", "SELECT 1").unwrap(), "1");

    // Neither shutting down nor dropping waits for a paused server for ever.
    server.pause().unwrap();
    server.stop().unwrap();
    server.restart().unwrap();
    server.pause().unwrap();
}

#[test]
fn a_panic_leaves_nothing() {
    let (tell, told) = std::sync::mpsc::channel();
    let panicked = std::thread::spawn(move || {
        let server = Server::start().unwrap();
        tell.send((server.authority().to_owned(), server.pid().unwrap())).unwrap();
        panic!("on purpose");
    });
    assert!(panicked.join().is_err());
    let (authority, pid) = told.recv().unwrap();
    assert!(!authority.exists() && !std::fs::exists(format!("/proc/{pid}")).unwrap());
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    stream
}
