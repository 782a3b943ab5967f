//! A database that is slow, gone, full, or takes no more connections: clear answers, bounded waiting, and on it goes.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use store::{
    Error, Receipt,
    acts::AddSubject,
    views::{MyStudies, SubjectLine, Subjects},
};
use testbed::Server;
use trial::ids::SiteId;

use crate::scene::{AtWork, Writers, assert_linear, request, revision, save};

#[test]
fn a_server_that_stops_and_starts_again_is_waited_for() {
    let mut server = Server::start().unwrap();
    let url = server.make("probity").unwrap();
    let AtWork { organization, ana, subjects, .. } = &AtWork::on(&server, &url, "restart", 8);
    let writers = Writers::start(organization, ana, subjects);
    writers.wait_for_more(50, Duration::from_secs(30));
    server.kill().unwrap();
    server.restart().unwrap();
    writers.wait_for_more(100, Duration::from_secs(30));
    let acknowledged = writers.stop();
    assert_linear(&acknowledged, organization, |sql| server.sql("probity", sql).unwrap());
    assert!(organization.verify(&[]).unwrap().holds());
}

#[test]
fn while_it_is_gone_everybody_hears_so_and_when_it_is_back_it_goes_on() {
    let mut server = Server::start().unwrap();
    let url = server.make("probity").unwrap();
    let AtWork { organization, ana, subjects, .. } = &AtWork::on(&server, &url, "gone", 1);
    organization.act(ana, save(subjects[0], 0, "before"), request(1, 1)).unwrap();
    server.stop().unwrap();
    let begun = Instant::now();
    let first = organization.act(ana, save(subjects[0], 2, "during"), request(1, 2));
    assert!(matches!(first, Err(Error::Busy { retry_after: 1.., .. })), "{first:?}");
    assert!(begun.elapsed() < Duration::from_secs(40), "it waited {:?}", begun.elapsed());
    let begun = Instant::now();
    let second = organization.act(ana, save(subjects[0], 2, "during"), request(1, 3));
    assert!(matches!(second, Err(Error::Busy { .. })), "{second:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "nobody waits in vain twice: {:?}", begun.elapsed());
    let looked = organization.view(ana, &MyStudies {});
    assert!(matches!(looked, Err(Error::Busy { .. })), "{looked:?}");
    server.restart().unwrap();
    organization.act(ana, save(subjects[0], 2, "after"), request(1, 4)).unwrap();
    assert_eq!(revision(organization, ana, subjects[0]), 3);
    assert!(organization.verify(&[]).unwrap().holds());
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for_for_ever() {
    let server = Server::start().unwrap();
    let url = server.make("probity").unwrap();
    let AtWork { organization, ana, subjects, .. } = &AtWork::on(&server, &url, "silent", 1);
    organization.act(ana, save(subjects[0], 0, "before"), request(1, 1)).unwrap();
    server.pause().unwrap();
    let begun = Instant::now();
    let silent = organization.act(ana, save(subjects[0], 2, "during"), request(1, 2));
    let waited = begun.elapsed();
    server.resume().unwrap();
    assert!(matches!(silent, Err(Error::Busy { .. })), "{silent:?}");
    assert!(waited < Duration::from_secs(40), "it waited {waited:?}");
    let again = organization.act(ana, save(subjects[0], 2, "during"), request(1, 2)).unwrap();
    assert_eq!(revision(organization, ana, subjects[0]), 3, "{again:?}");
    assert!(organization.verify(&[]).unwrap().holds());
}

/// An act whose question is held up: somebody holds the subjects of a study for so many seconds.
struct HeldUp<'a> {
    server: &'a Server,
    at_work: &'a AtWork,
    site: SiteId,
    seconds: u64,
}

impl<'a> HeldUp<'a> {
    fn new(server: &'a Server, at_work: &'a AtWork, seconds: u64) -> Self {
        HeldUp { server, at_work, site: subjects(at_work)[0].site, seconds }
    }

    /// What adding a subject said, and how long that took; `then` is done while it is held up, `after` when it was told.
    fn act(&self, then: impl FnOnce(), after: impl FnOnce()) -> (store::Result<Receipt>, Duration) {
        let asked = |sql: &str| self.server.sql("probity", sql).unwrap();
        let until_one = |sql: &str| {
            let begun = Instant::now();
            while asked(sql) != "1" {
                assert!(begun.elapsed() < Duration::from_secs(10), "not within ten seconds: {sql}");
            }
        };
        // The statements of the act are prepared by this: what is held up is the question itself.
        self.add("BEFORE", 1).unwrap();
        let table = asked("SELECT quote_ident(schemaname) || '.subject' FROM pg_tables WHERE tablename = 'subject'");
        let hold = format!("LOCK TABLE {table}; SELECT pg_sleep({})", self.seconds);
        std::thread::scope(|scope| {
            let holder = scope.spawn(|| self.server.sql("probity", &hold));
            until_one("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation > 0");
            let writer = scope.spawn(|| {
                let begun = Instant::now();
                (self.add("DURING", 2), begun.elapsed())
            });
            until_one("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'SELECT%'");
            then();
            let told = writer.join().unwrap();
            after();
            holder.join().unwrap().unwrap();
            told
        })
    }

    fn add(&self, code: &str, n: u64) -> store::Result<Receipt> {
        let AtWork { organization, ana, .. } = self.at_work;
        organization.act(ana, AddSubject { site: self.site, code: code.into() }, request(1, n))
    }
}

fn subjects(at_work: &AtWork) -> Vec<SubjectLine> {
    let AtWork { organization, ana, .. } = at_work;
    let study = organization.view(ana, &MyStudies {}).unwrap()[0].id;
    let ask = Subjects { study, site: None, search: String::new(), after: String::new(), limit: 10 };
    organization.view(ana, &ask).unwrap().subjects
}

/// A leader may be paused at any moment: here a question of an act is on its way.
#[test]
fn a_server_that_falls_silent_in_the_middle_of_an_act_is_not_waited_for_for_ever() {
    let server = Server::start().unwrap();
    let url = server.make("probity").unwrap();
    let at_work = &AtWork::on(&server, &url, "middle", 1);
    let held = HeldUp::new(&server, at_work, 5);
    let (silent, waited) = held.act(|| server.pause().unwrap(), || server.resume().unwrap());
    assert!(matches!(silent, Err(Error::Busy { .. })), "{silent:?}");
    assert!(waited < Duration::from_secs(40), "it waited {waited:?}");
    held.add("DURING", 2).unwrap();
    assert_eq!(subjects(at_work).len(), 3);
    assert!(at_work.organization.verify(&[]).unwrap().holds());
}

/// Longer than a statement waits for a lock.
#[test]
fn who_is_held_up_by_somebody_else_tries_again() {
    let server = Server::start().unwrap();
    let url = server.make("probity").unwrap();
    let at_work = &AtWork::on(&server, &url, "held", 1);
    let (done, waited) = HeldUp::new(&server, at_work, 13).act(|| (), || ());
    assert!(done.is_ok() && waited > Duration::from_secs(10), "{done:?} after {waited:?}");
    assert!(at_work.organization.verify(&[]).unwrap().holds());
}

#[test]
fn without_a_connection_to_be_had_the_answer_is_clear() {
    // Of these, three are kept for superusers.
    let server = Server::start_with(&[("max_connections", "6")]).unwrap();
    let url = server.make("probity").unwrap();
    let AtWork { organization, ana, subjects, .. } = &AtWork::on(&server, &url, "full", 1);
    organization.act(ana, save(subjects[0], 0, "one"), request(1, 1)).unwrap();
    let many: Vec<_> = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..24).map(|_| scope.spawn(|| organization.view(ana, &MyStudies {}))).collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    for one in &many {
        assert!(matches!(one, Ok(_) | Err(Error::Busy { .. })), "{one:?}");
    }
    assert!(many.iter().any(Result::is_ok));
    organization.act(ana, save(subjects[0], 2, "two"), request(1, 2)).unwrap();
    assert!(organization.verify(&[]).unwrap().holds());
}

/// A small file system of memory, unmounted when the test is over.
struct Mounted(PathBuf);

impl Mounted {
    /// `None` where nothing may be mounted.
    fn new(name: &str, size: &str) -> Option<Self> {
        let path = std::env::temp_dir().join(format!("probity-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&path).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then_some(Mounted(path))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn a_database_without_room_says_so_and_goes_on_when_there_is_some() {
    let Some(space) = Mounted::new("room", "32m") else {
        eprintln!("skipped: nothing may be mounted here");
        return;
    };
    let server = Server::start().unwrap();
    server.hand_over(&space.0).unwrap();
    server.sql("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", space.0.display())).unwrap();
    server.sql("postgres", "CREATE DATABASE probity TABLESPACE small").unwrap();
    let url = server.url();
    let url = format!("{}/probity", url.strip_suffix("/postgres").unwrap());
    let AtWork { organization, ana, subjects, .. } = &AtWork::on(&server, &url, "room", 1);
    let filler = space.0.join("filler");
    // As much as goes in, but for some pages.
    let mut size = 1 << 25;
    while fs::write(&filler, vec![1_u8; size]).is_err() {
        size -= 1 << 18;
    }
    fs::write(&filler, vec![1_u8; size - (1 << 19)]).unwrap();
    let mut stored = 0;
    let told = loop {
        let note = format!("{stored} {}", "x".repeat(180));
        let revision = if stored == 0 { 0 } else { stored + 1 };
        match organization.act(ana, save(subjects[0], revision, &note), request(1, stored)) {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 20_000, "the disk never got full");
    };
    assert!(matches!(told, Error::Busy { retry_after: 30, .. }), "{told:?}");
    assert!(told.to_string().contains("disk is full"), "{told}");
    fs::remove_file(&filler).unwrap();
    assert_eq!(revision(organization, ana, subjects[0]), stored + 1, "each acknowledged one, and no other");
    organization.act(ana, save(subjects[0], stored + 1, "room again"), request(1, stored)).unwrap();
    assert!(organization.verify(&[]).unwrap().holds());
}
