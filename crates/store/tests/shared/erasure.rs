//! A subject erased in one process is erased in all of them, also where another reads a state of before meanwhile.

use std::{fs, sync::Arc};

use store::{
    Installation,
    acts::EraseSubject,
    views::{ExportPart, MyStudies},
};
use testbed::Server;

use crate::scene::{AtWork, Folder, Now, act, request, save, who};

#[test]
fn a_key_destroyed_elsewhere_is_not_kept_by_who_still_reads_the_state_of_before() {
    let server = Server::start().unwrap();
    let url = server.make("probity").unwrap();
    let here = AtWork::on(&server, &url, "erasure", 2);
    let subject = here.subjects[0];
    here.organization.act(&here.ana, save(subject, 0, "to be erased"), request(1, 1)).unwrap();
    let before = here.organization.verify(&[]).unwrap();
    // Another process of the same installation has a folder of its own.
    let folder = Folder::new("erasure-elsewhere");
    fs::create_dir(&folder.0).unwrap();
    for file in ["root.key", "postgres.json"] {
        fs::copy(here.folder().join(file), folder.0.join(file)).unwrap();
    }
    let elsewhere = Installation::open(&folder.0, None, Arc::new(Now)).unwrap();
    let elsewhere = elsewhere.all().pop().unwrap();
    let dag = who(&elsewhere, "dag");
    let study = elsewhere.view(&dag, &MyStudies {}).unwrap()[0].id;
    let mut seen = 0;
    let take = |part: ExportPart| {
        if let ExportPart::Definition(..) = part {
            // It reads what was; here the subject is erased, and somebody else over there reads what is.
            let erase = EraseSubject { subject, reason: "withdrawn".into() };
            act(&here.organization, &who(&here.organization, "sofie"), erase);
            elsewhere.view(&dag, &MyStudies {}).unwrap();
        }
        seen += usize::from(matches!(part, ExportPart::Clinical(_)));
        Ok(())
    };
    elsewhere.export(&dag, study, take, || Ok(ledger::sha256(b"the file"))).unwrap();
    assert!(seen > 2, "the export began before: it still had the subject");
    let after = elsewhere.verify(&[]).unwrap();
    assert!(after.holds(), "{:#?}", after.findings);
    // The subject, its visit, its form and its group; nothing else of what was there.
    assert_eq!((before.erased, after.erased), (0, 4), "a destroyed key opens something still");
}
