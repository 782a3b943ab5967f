//! The program: it says where the server is and ends with its standard input, or with itself.
#![expect(clippy::unwrap_used, reason = "a test that fails to set up fails")]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn ends_with_its_standard_input() {
    let (mut program, authority) = start();
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
    assert!(!authority.exists());
}

#[test]
fn leaves_nothing_when_it_is_killed() {
    let (mut program, authority) = start();
    program.kill().unwrap();
    program.wait().unwrap();
    // The keeper of the folder is nobody's child now, so it is looked for by what it does.
    let begun = Instant::now();
    while authority.exists() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::park_timeout(Duration::from_millis(50));
    }
    assert!(!authority.exists());
}

fn start() -> (Child, PathBuf) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_testbed"));
    let mut program = command.arg("server").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let url = lines.next().expect("two lines").unwrap();
    assert!(url.starts_with("url postgres://owner:"), "{url}");
    let authority = lines.next().expect("two lines").unwrap();
    let authority = PathBuf::from(authority.strip_prefix("authority ").unwrap());
    assert!(authority.exists());
    (program, authority)
}
