//! A cluster: the leader's loss is survived, and nothing acknowledged is lost.
#![expect(clippy::unwrap_used, reason = "a test that fails to set up fails")]

use std::time::{Duration, Instant};

use testbed::Cluster;

/// What the product may count on.
const FAILOVER_MAX: Duration = Duration::from_secs(30);
const WHOLE_MAX: Duration = Duration::from_secs(60);

#[test]
fn another_leads_when_the_leader_is_killed_and_the_row_is_there() {
    let mut cluster = Cluster::start(3).unwrap();
    cluster.sql("postgres", "CREATE TABLE kept (row int); INSERT INTO kept VALUES (1)").unwrap();
    let first = cluster.leader().expect("whole");
    let killed = Instant::now();
    cluster.kill(first).unwrap();
    assert!(cluster.wait_until_whole(WHOLE_MAX).unwrap_err().to_string().contains("not revived"));
    let second = cluster.wait_for_leader(FAILOVER_MAX).unwrap();
    assert!(killed.elapsed() < FAILOVER_MAX && second != first);
    assert_eq!(cluster.sql("postgres", "INSERT INTO kept VALUES (2); TABLE kept").unwrap(), "1\n2");

    cluster.revive(first).unwrap();
    assert!(cluster.revive(first).is_err());
    cluster.wait_until_whole(WHOLE_MAX).unwrap();
    assert_eq!(cluster.leader(), Some(second));
    let streams = format!("SELECT state FROM pg_stat_replication WHERE application_name = 'node{first}'");
    assert_eq!(cluster.sql("postgres", &streams).unwrap(), "streaming");

    // Paused, not killed: it wakes up believing that it leads, and finds its way back as a standby.
    cluster.pause(second).unwrap();
    let third = cluster.wait_for_leader(FAILOVER_MAX).unwrap();
    assert_ne!(third, second);
    assert_eq!(cluster.sql("postgres", "INSERT INTO kept VALUES (3); TABLE kept").unwrap(), "1\n2\n3");
    std::thread::scope(|scope| {
        let late = scope.spawn(|| cluster.sql_on(second, "postgres", "INSERT INTO kept VALUES (99)"));
        cluster.resume(second).unwrap();
        assert!(late.join().unwrap().is_err(), "acknowledged by a node that leads no more");
    });
    cluster.wait_until_whole(WHOLE_MAX).unwrap();
    assert_eq!(cluster.leader(), Some(third));
    assert_eq!(cluster.sql("postgres", "TABLE kept").unwrap(), "1\n2\n3");
}

#[test]
fn a_cluster_of_one_is_refused() {
    assert!(Cluster::start(1).unwrap_err().to_string().contains("2 to 5"));
}
