//! A database that is slow, gone, full, or takes no more connections: clear answers, bounded waiting, and on it goes.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use store::Error;
use testbed::Server;

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
    let looked = organization.view(ana, &store::views::MyStudies {});
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
    assert!(waited < Duration::from_secs(90), "it waited {waited:?}");
    let again = organization.act(ana, save(subjects[0], 2, "during"), request(1, 2)).unwrap();
    assert_eq!(revision(organization, ana, subjects[0]), 3, "{again:?}");
    assert!(organization.verify(&[]).unwrap().holds());
}

#[test]
fn without_a_connection_to_be_had_the_answer_is_clear() {
    // Of these, three are kept for superusers.
    let server = Server::start_with(&[("max_connections", "6")]).unwrap();
    let url = server.make("probity").unwrap();
    let AtWork { organization, ana, subjects, .. } = &AtWork::on(&server, &url, "full", 1);
    organization.act(ana, save(subjects[0], 0, "one"), request(1, 1)).unwrap();
    let many: Vec<_> = std::thread::scope(|scope| {
        let readers: Vec<_> =
            (0..24).map(|_| scope.spawn(|| organization.view(ana, &store::views::MyStudies {}))).collect();
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
