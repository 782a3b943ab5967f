//! `kill -9` in the middle of sixteen writers: what was acknowledged is there, the audit holds, a rebuild is equal.
//!
//! `PROBITY_KILLS` says how many times; 20 by default.

use std::{
    collections::BTreeSet,
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use store::{Installation, Presence, acts::SaveForm};
use trial::ids::{Id, RequestId, SubjectId};

use crate::{
    raw::Raw,
    world::{
        Hands, World,
        save::{Beside, med, set, the_vitals, vitals},
    },
};

const WRITERS: u64 = 16;
/// Rounds on one data directory: it grows, and each round verifies all of it.
const ROUNDS_EACH: u64 = 20;
/// Where the writing process finds its data directory, and what makes its round different.
const FOLDER: &str = "PROBITY_TEST_FOLDER";
const ROUND: &str = "PROBITY_TEST_ROUND";

/// The session in which it writes.
const SESSION: &str = "session of the writing process";

#[test]
fn what_was_acknowledged_survives_being_killed() {
    let rounds: u64 = env::var("PROBITY_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let (mut killed, mut acknowledged) = (0, 0);
    while killed < rounds {
        let (mut world, place) = World::with_study();
        let ana = world.coordinator("ana", &place);
        world.sign_in("ana", SESSION);
        for n in 0..WRITERS {
            world.subject(&ana, place.oslo, &format!("OSL-{n:02}"));
        }
        let mut acks = Vec::new();
        for _ in 0..ROUNDS_EACH.min(rounds - killed) {
            world.close();
            let new = one_round(world.folder(), killed);
            acknowledged += new.len();
            acks.extend(new);
            world.open().unwrap();
            all_there(&world, &acks);
            world.assert_whole();
            killed += 1;
        }
        world.finish();
    }
    eprintln!("{killed} kills, {acknowledged} acknowledged saves, none lost");
}

/// Starts the writers, kills them after a number of acknowledgements that differs each round, and returns every one
/// that was complete in the pipe.
fn one_round(folder: &Path, round: u64) -> Vec<String> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "kill::the_writing_process", "--nocapture"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // A sequence without a pattern that is the same each time (Weyl's, by the golden ratio).
    let patience = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58;
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acks = Vec::new();
    while acks.len() < usize::try_from(patience).unwrap() {
        let line = lines.next().expect("the writers were not killed yet").unwrap();
        acks.extend(line.strip_prefix("ack ").map(str::to_owned));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    acks.extend(lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("ack ").map(str::to_owned)));
    // The last line may have been cut.
    acks.retain(|ack| ack.ends_with(" ."));
    acks
}

/// Every acknowledged record is stored, under the entry that its receipt named.
fn all_there(world: &World, acks: &[String]) {
    let raw = Raw::open(world);
    let stored: BTreeSet<_> =
        raw.rows("SELECT entry, kind, key, version FROM record WHERE ledger = 2", &[]).into_iter().collect();
    for ack in acks {
        let parts: Vec<&str> = ack.split(' ').collect();
        let [entry, kind, key, version, "."] = parts[..] else { panic!("{ack}") };
        let key: SubjectId = key.parse().unwrap();
        let number = |text: &str| text.parse::<i64>().unwrap().into();
        let named = vec![number(entry), kind.into(), key.bytes()[..].into(), number(version)];
        assert!(stored.contains(&named), "acknowledged and lost: {ack}");
    }
}

/// Not a test of its own: the process that is killed. Without a folder it has nothing to do.
#[test]
fn the_writing_process() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let round: u64 = env::var(ROUND).unwrap().parse().unwrap();
    let installation = Installation::open(Path::new(&folder), None, Hands::new()).unwrap();
    let organization = installation.all().pop().unwrap();
    let ana = organization.authenticate(SESSION, Presence::Person).unwrap().unwrap().actor;
    let studies = organization.view(&ana, &store::views::MyStudies {}).unwrap();
    let ask = store::views::Subjects {
        study: studies[0].id,
        site: None,
        search: String::new(),
        after: String::new(),
        limit: 100,
    };
    let subjects = organization.view(&ana, &ask).unwrap().subjects;
    std::thread::scope(|scope| {
        for (writer, subject) in (0_u64..).zip(&subjects) {
            let (organization, ana, subject) = (Arc::clone(&organization), ana.clone(), subject.id);
            scope.spawn(move || {
                let mut revision = organization.view(&ana, &the_vitals(subject)).unwrap().revision;
                for n in 0_u64.. {
                    let request =
                        RequestId::from_bytes((u128::from(round << 40 | writer << 32 | n) | 0xbad << 80).to_be_bytes());
                    let receipt = organization.act(&ana, a_save(subject, revision, round, n), request).unwrap();
                    revision += receipt.records.iter().filter(|put| put.kind != "visit").count() as u64;
                    let put = receipt.records.last().unwrap();
                    let line = format!("ack {} {} {} {} .\n", receipt.index, put.kind, put.key, put.version);
                    let mut out = std::io::stdout().lock();
                    out.write_all(line.as_bytes()).and_then(|()| out.flush()).unwrap();
                }
            });
        }
    });
}

fn a_save(subject: SubjectId, revision: u64, round: u64, n: u64) -> SaveForm {
    let value = format!("round {round} number {n}");
    vitals(
        subject,
        revision,
        vec![
            set("I.NOTE", &value).because_of("written again"),
            set("I.SYSBP", &(100 + n % 50).to_string()).because_of("measured again"),
            med(&(1 + n % 3).to_string(), "I.MED", &value).because_of("another box"),
        ],
    )
}
