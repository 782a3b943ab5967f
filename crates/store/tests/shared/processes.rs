//! Three processes on one database, thirty-two writers on one study; one of them is killed.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use store::{Installation, Presence};
use testbed::Server;

use crate::scene::{Acknowledged, Folder, Now, assert_linear, at_work, found, request, revision, save};

/// Where a writing process finds its data directory, and which of the subjects are its own.
const FOLDER: &str = "PROBITY_TEST_SHARED";
const FIRST: &str = "PROBITY_TEST_FIRST";
const SUBJECTS: &str = "PROBITY_TEST_SUBJECTS";

struct Writing {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    acknowledged: Acknowledged,
}

impl Writing {
    fn start(folder: &Path, first: usize, subjects: usize) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "processes::the_writing_process", "--nocapture"])
            .env(FOLDER, folder)
            .env(FIRST, first.to_string())
            .env(SUBJECTS, subjects.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Writing { child, lines, acknowledged: Acknowledged::new() }
    }

    /// Reads acknowledgements until there are so many.
    fn until(&mut self, count: usize) {
        while self.acknowledged.len() < count {
            let line = self.lines.next().expect("it writes").unwrap();
            self.take(&line);
        }
    }

    /// The last line may have been cut.
    fn take(&mut self, line: &str) {
        if let ["ack", index, leaf, "."] = line.split(' ').collect::<Vec<_>>()[..] {
            self.acknowledged.insert(index.parse().unwrap(), leaf.to_owned());
        }
    }

    /// Kills it, and reads what it still said.
    fn kill(mut self) -> Acknowledged {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        while let Some(Ok(line)) = self.lines.next() {
            self.take(&line);
        }
        std::mem::take(&mut self.acknowledged)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn several_processes_keep_one_linear_ledger_also_when_one_is_killed() {
    let server = Server::start().unwrap();
    let folder = Folder::new("processes");
    let installation = found(&folder.0, &server.make("probity").unwrap(), server.authority(), 32);
    let (organization, ..) = at_work(&installation);
    let mut acknowledged = Acknowledged::new();
    let mut one = Writing::start(&folder.0, 0, 11);
    let mut two = Writing::start(&folder.0, 11, 11);
    let mut three = Writing::start(&folder.0, 22, 10);
    for writing in [&mut one, &mut two, &mut three] {
        writing.until(200);
    }
    acknowledged.extend(two.kill());
    let (first, third) = (one.acknowledged.len(), three.acknowledged.len());
    one.until(first + 200);
    three.until(third + 200);
    acknowledged.extend(one.kill());
    acknowledged.extend(three.kill());
    let entries = assert_linear(&acknowledged, &organization, |sql| server.sql("probity", sql).unwrap());
    eprintln!("three processes, 32 writers, one killed: {} acknowledged, {entries} entries", acknowledged.len());
    assert!(organization.verify(&[]).unwrap().holds());
    let rebuilt = organization.rebuild(&folder.0.join("rebuilt.db"), |_| ()).unwrap();
    assert!(rebuilt.equal(), "{:#?}", rebuilt.differences);
}

#[test]
fn a_session_that_one_process_ends_is_over_in_every_other() {
    let server = Server::start().unwrap();
    let folder = Folder::new("sessions");
    let here = found(&folder.0, &server.make("probity").unwrap(), server.authority(), 1);
    let there = Installation::open(&folder.0, None, Arc::new(Now)).unwrap();
    let (here, ana, subjects) = at_work(&here);
    let (there, known_there, _) = at_work(&there);
    there.act(&known_there, save(subjects[0], 0, "one"), request(1, 1)).unwrap();
    let end = store::acts::EndSession { session: ana.session().unwrap() };
    here.act(&ana, end, request(1, 2)).unwrap();
    let late = there.act(&known_there, save(subjects[0], 2, "two"), request(1, 3));
    assert!(matches!(late, Err(store::Error::SignedOut)), "{late:?}");
    let looked = there.view(&known_there, &store::views::MyStudies {});
    assert!(matches!(looked, Err(store::Error::SignedOut)), "{looked:?}");
    assert!(there.authenticate("session of ana", Presence::Person).unwrap().is_none());
}

/// Not a test of its own: one of the processes. Without a folder it has nothing to do.
#[test]
fn the_writing_process() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let number = |name: &str| env::var(name).unwrap().parse::<usize>().unwrap();
    let installation = Installation::open(Path::new(&folder), None, Arc::new(Now)).unwrap();
    let (organization, ana, subjects) = at_work(&installation);
    std::thread::scope(|scope| {
        let own = subjects.iter().skip(number(FIRST)).take(number(SUBJECTS));
        for (writer, subject) in (0_u64..).zip(own) {
            let (organization, ana) = (Arc::clone(&organization), ana.clone());
            scope.spawn(move || {
                let mut at = revision(&organization, &ana, *subject);
                for n in 0.. {
                    let receipt =
                        organization.act(&ana, save(*subject, at, &n.to_string()), request(writer, n)).unwrap();
                    at += receipt.records.iter().filter(|put| put.kind != "visit").count() as u64;
                    let line = format!("ack {} {} .\n", receipt.index, receipt.leaf);
                    let mut out = std::io::stdout().lock();
                    out.write_all(line.as_bytes()).and_then(|()| out.flush()).unwrap();
                }
            });
        }
    });
}
