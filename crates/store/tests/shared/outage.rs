//! A database that is slow, gone, full, or takes no more connections: clear answers, bounded waiting, and on it goes.

use std::time::{Duration, Instant};

use store::Error;
use testbed::Server;

use crate::scene::{Folder, Writers, assert_linear, at_work, found, request, revision, save};

#[test]
fn a_server_that_stops_and_starts_again_is_waited_for() {
    let mut server = Server::start().unwrap();
    let folder = Folder::new("restart");
    let installation = found(&folder.0, &server.make("probity").unwrap(), server.authority(), 8);
    let (organization, ana, subjects) = at_work(&installation);
    let writers = Writers::start(&organization, &ana, &subjects);
    writers.wait_for_more(50, Duration::from_secs(30));
    server.kill().unwrap();
    server.restart().unwrap();
    writers.wait_for_more(100, Duration::from_secs(30));
    let acknowledged = writers.stop();
    assert_linear(&acknowledged, &organization, |sql| server.sql("probity", sql).unwrap());
    assert!(organization.verify(&[]).unwrap().holds());
}

#[test]
fn while_it_is_gone_everybody_hears_so_and_when_it_is_back_it_goes_on() {
    let mut server = Server::start().unwrap();
    let folder = Folder::new("gone");
    let installation = found(&folder.0, &server.make("probity").unwrap(), server.authority(), 1);
    let (organization, ana, subjects) = at_work(&installation);
    organization.act(&ana, save(subjects[0], 0, "before"), request(1, 1)).unwrap();
    server.stop().unwrap();
    let begun = Instant::now();
    let first = organization.act(&ana, save(subjects[0], 2, "during"), request(1, 2));
    assert!(matches!(first, Err(Error::Busy { retry_after: 1.., .. })), "{first:?}");
    assert!(begun.elapsed() < Duration::from_secs(40), "it waited {:?}", begun.elapsed());
    let begun = Instant::now();
    let second = organization.act(&ana, save(subjects[0], 2, "during"), request(1, 3));
    assert!(matches!(second, Err(Error::Busy { .. })), "{second:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "nobody waits in vain twice: {:?}", begun.elapsed());
    let looked = organization.view(&ana, &store::views::MyStudies {});
    assert!(matches!(looked, Err(Error::Busy { .. })), "{looked:?}");
    server.restart().unwrap();
    organization.act(&ana, save(subjects[0], 2, "after"), request(1, 4)).unwrap();
    assert_eq!(revision(&organization, &ana, subjects[0]), 3);
    assert!(organization.verify(&[]).unwrap().holds());
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for_for_ever() {
    let server = Server::start().unwrap();
    let folder = Folder::new("silent");
    let installation = found(&folder.0, &server.make("probity").unwrap(), server.authority(), 1);
    let (organization, ana, subjects) = at_work(&installation);
    organization.act(&ana, save(subjects[0], 0, "before"), request(1, 1)).unwrap();
    server.pause().unwrap();
    let begun = Instant::now();
    let silent = organization.act(&ana, save(subjects[0], 2, "during"), request(1, 2));
    let waited = begun.elapsed();
    server.resume().unwrap();
    assert!(matches!(silent, Err(Error::Busy { .. })), "{silent:?}");
    assert!(waited < Duration::from_secs(90), "it waited {waited:?}");
    let again = organization.act(&ana, save(subjects[0], 2, "during"), request(1, 2)).unwrap();
    assert_eq!(revision(&organization, &ana, subjects[0]), 3, "{again:?}");
    assert!(organization.verify(&[]).unwrap().holds());
}

#[test]
fn without_a_connection_to_be_had_the_answer_is_clear() {
    // Of these, three are kept for superusers.
    let server = Server::start_with(&[("max_connections", "6")]).unwrap();
    let folder = Folder::new("full");
    let installation = found(&folder.0, &server.make("probity").unwrap(), server.authority(), 1);
    let (organization, ana, subjects) = at_work(&installation);
    organization.act(&ana, save(subjects[0], 0, "one"), request(1, 1)).unwrap();
    let many: Vec<_> = std::thread::scope(|scope| {
        let readers: Vec<_> =
            (0..24).map(|_| scope.spawn(|| organization.view(&ana, &store::views::MyStudies {}))).collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    for one in &many {
        assert!(matches!(one, Ok(_) | Err(Error::Busy { .. })), "{one:?}");
    }
    assert!(many.iter().any(Result::is_ok));
    organization.act(&ana, save(subjects[0], 2, "two"), request(1, 2)).unwrap();
    assert!(organization.verify(&[]).unwrap().holds());
}
