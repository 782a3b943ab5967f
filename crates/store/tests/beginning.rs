//! The first moments of a process: many threads begin with a database at once. A process of its own for each try, for a
//! library begins once.
#![expect(clippy::unwrap_used, reason = "a test that fails to set up fails")]

use std::{
    env,
    path::PathBuf,
    process::{self, Command},
    sync::{Arc, Barrier},
    thread,
};

use jiff::Timestamp;
use store::{Clock, FirstAdministrator, Installation, acts::FoundOrganization};

/// Set in the processes that try.
const TRIES: &str = "PROBITY_TRIES_TO_BEGIN";
const PROCESSES: usize = 12;
const THREADS: usize = 16;

struct Always;

impl Clock for Always {
    fn now(&self) -> Timestamp {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }
}

#[test]
fn whoever_comes_first_finds_the_database_library_ready() {
    if env::var_os(TRIES).is_some() {
        return begin_at_once();
    }
    for number in 0..PROCESSES {
        let mut again = Command::new(env::current_exe().unwrap());
        let said = again.args(["--exact", "whoever_comes_first_finds_the_database_library_ready"]).env(TRIES, "yes");
        let said = said.output().unwrap();
        assert!(said.status.success(), "process {number}: {}", String::from_utf8_lossy(&said.stdout));
    }
}

fn begin_at_once() {
    let base = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("beginning-{}", process::id()));
    let ready = Arc::new(Barrier::new(THREADS));
    let threads: Vec<_> = (0..THREADS)
        .map(|number| {
            let (folder, ready) = (base.join(number.to_string()), Arc::clone(&ready));
            thread::spawn(move || {
                let installation = Installation::create(&folder, None, Arc::new(Always)).unwrap();
                let founding = FoundOrganization {
                    name: "First".into(),
                    origin: "localhost/ledger".into(),
                    without_second_factor: None,
                };
                let first = FirstAdministrator {
                    name: "Ada Berg".into(),
                    email: "ada@example.org".into(),
                    sign_in: "ada".into(),
                    token: store::fresh_token().unwrap(),
                };
                ready.wait();
                installation.found(founding, &first).map(drop)
            })
        })
        .collect();
    let outcomes: Vec<_> = threads.into_iter().map(|one| one.join().unwrap()).collect();
    std::fs::remove_dir_all(&base).unwrap();
    for outcome in outcomes {
        outcome.unwrap();
    }
}
