//! A Patroni cluster whose leader is killed, and paused, under eight writers.
//!
//! `PROBITY_FAILOVERS` says how often it is killed, and half as often paused; once each by default.

use std::{env, path::Path, time::Duration};

use testbed::Cluster;

use crate::scene::{Folder, Writers, assert_linear, at_work, found};

const WRITERS: u64 = 8;
/// Within which writing goes on.
const RESUMED: Duration = Duration::from_secs(30);

#[test]
fn a_lost_leader_loses_nothing_that_was_acknowledged() {
    let kills: u32 = env::var("PROBITY_FAILOVERS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let faults = (0..kills).map(|n| (n, true)).chain((0..kills.div_ceil(2)).map(|n| (n, false)));
    let mut cluster = Cluster::start(3).unwrap();
    cluster.wait_until_whole(Duration::from_secs(60)).unwrap();
    let folder = Folder::new("cluster");
    let url = cluster.make("probity").unwrap();
    let installation = found(&folder.0, &url, Path::new(cluster.authority()), WRITERS);
    let (organization, ana, subjects) = at_work(&installation);
    let writers = Writers::start(&organization, &ana, &subjects);
    writers.wait_for_more(50, RESUMED);
    eprintln!(
        "| fault | writes resumed after | acknowledged so far | entries | told to wait |\n| --- | ---: | ---: | ---: | ---: |"
    );
    for (n, kill) in faults {
        let leader = cluster.wait_for_leader(RESUMED).unwrap();
        if kill {
            cluster.kill(leader).unwrap()
        } else {
            cluster.pause(leader).unwrap()
        }
        // What was on its way when the leader went may still arrive: resumed means several from every writer.
        let resumed = writers.wait_for_more(64, Duration::from_secs(90));
        let acknowledged = writers.acknowledged();
        if kill {
            cluster.revive(leader).unwrap()
        } else {
            cluster.resume(leader).unwrap()
        }
        cluster.wait_until_whole(Duration::from_secs(90)).unwrap();
        let entries = assert_linear(&acknowledged, &organization, |sql| cluster.sql("probity", sql).unwrap());
        eprintln!(
            "| {} {} | {:.1} s | {} | {entries} | {} |",
            if kill { "killed" } else { "paused" },
            n + 1,
            resumed.as_secs_f64(),
            acknowledged.len(),
            writers.told_to_wait.load(std::sync::atomic::Ordering::Relaxed),
        );
        assert!(resumed < RESUMED, "writing went on only after {resumed:?}");
        let verified = organization.verify(&[]).unwrap();
        assert!(verified.holds(), "{:#?}", verified.findings);
    }
    let acknowledged = writers.stop();
    assert_linear(&acknowledged, &organization, |sql| cluster.sql("probity", sql).unwrap());
    assert!(organization.verify(&[]).unwrap().holds());
    let rebuilt = organization.rebuild(&folder.0.join("rebuilt.db"), |_| ()).unwrap();
    assert!(rebuilt.equal(), "{:#?}", rebuilt.differences);
}
