//! The audit: each way to tamper with a ledger, by someone with the database and even with the keys, is
//! found and named.

use std::convert::Infallible;

use ledger::note::VerifierKey;
use ledger::verify::{Against, Audit, Finding, Leaf, Report, verify_log};
use ledger::{Checkpoint, Entry, Hash, leaf_hash};

use crate::world::{Log, ORIGIN, Rows, entry, keys, signers};

const SIZE: u64 = 600;

fn audit(log: &Log, checkpoint: &[u8], seen: &[Vec<u8>]) -> Report {
    let leaves =
        log.entries.iter().zip(0..).map(|(entry, index)| Leaf { index, entry, stored: Some(leaf_hash(entry)) });
    verify_log(leaves.map(Ok::<_, Infallible>), checkpoint, seen, &keys()).unwrap()
}

/// The log with its stored leaf hashes as they were before someone touched the entries.
fn audit_stored(entries: &[(u64, Vec<u8>)], stored: &[Hash], checkpoint: &[u8]) -> Report {
    let mut audit = Audit::new(checkpoint, &[], &keys());
    for (index, entry) in entries {
        audit.entry(*index, entry, Some(stored[usize::try_from(*index).unwrap()]));
    }
    audit.finish()
}

fn numbered(log: &Log) -> Vec<(u64, Vec<u8>)> {
    (0..).zip(log.entries.iter().cloned()).collect()
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(Finding::code).collect()
}

#[test]
fn an_untouched_ledger_holds_against_every_checkpoint_ever_signed() {
    let log = Log::of(SIZE);
    let seen: Vec<Vec<u8>> = [0, 1, 255, 256, 257, 599].map(|size| log.note(size)).to_vec();
    let report = audit(&log, &log.note(SIZE), &seen);
    assert_eq!(report.findings, []);
    assert!(report.holds());
    assert_eq!((report.entries, report.uncovered), (SIZE, 0));
    assert_eq!(report.checkpoint, Some(log.head(SIZE)));
    assert_eq!(report.root, log.head(SIZE).root);
}

#[test]
fn an_empty_ledger_holds() {
    let log = Log::of(0);
    assert!(audit(&log, &log.note(0), &[]).holds());
}

#[test]
fn entries_after_the_checkpoint_are_counted_as_uncovered() {
    let log = Log::of(SIZE);
    let report = audit(&log, &log.note(590), &[log.note(100)]);
    assert!(report.holds());
    assert_eq!(report.uncovered, 10);
}

#[test]
fn a_changed_entry_is_named() {
    let log = Log::of(SIZE);
    let mut entries = numbered(&log);
    entries[123].1 = entry(9999).encode().unwrap();
    let report = audit_stored(&entries, &log.leaves(), &log.note(SIZE));
    assert_eq!(codes(&report), ["entry-changed", "rewritten"]);
    assert_eq!(report.first_bad(), Some(123));
    assert!(matches!(&report.findings[1], Finding::Rewritten { first: Some(123), within, .. } if *within == (0..SIZE)));
    assert!(report.findings[0].to_string().starts_with("entry 123 was changed"));
}

#[test]
fn an_entry_changed_together_with_its_stored_hash_is_found_and_narrowed_down() {
    let log = Log::of(SIZE);
    let mut changed = log.clone();
    changed.entries[300] = entry(9999).encode().unwrap();
    let report = audit(&changed, &log.note(SIZE), &[log.note(256), log.note(400)]);
    assert_eq!(codes(&report), ["rewritten", "rewritten"]);
    let within = report.findings.iter().map(|finding| match finding {
        Finding::Rewritten { against, within, first, .. } => (against.clone(), within.clone(), *first),
        other => panic!("{other}"),
    });
    let within: Vec<_> = within.collect();
    assert_eq!(within[0], (Against::Seen(1), 256..400, None));
    assert_eq!(within[1], (Against::Current, 256..SIZE, None));
    assert_eq!(report.uncovered, SIZE - 256);
}

#[test]
fn a_full_tile_kept_aside_names_the_entry_that_was_rewritten_everywhere_else() {
    let log = Log::of(SIZE);
    let mut rows = Rows::default();
    let mut frontier = ledger::Frontier::new();
    log.leaves().into_iter().for_each(|leaf| rows.append(&mut frontier, leaf));
    let mut changed = log.clone();
    changed.entries[300] = entry(9999).encode().unwrap();
    let keys = keys();
    let mut audit = Audit::new(&log.note(SIZE), &[], &keys).with_tiles(&rows, false);
    for (entry, index) in changed.entries.iter().zip(0..) {
        audit.entry(index, entry, None);
    }
    let report = audit.finish();
    assert_eq!(codes(&report), ["tile-changed", "rewritten"]);
    assert_eq!(report.first_bad(), Some(300));
}

#[test]
fn a_dropped_entry_is_named() {
    let log = Log::of(SIZE);
    let mut entries = numbered(&log);
    entries.remove(77);
    let report = audit_stored(&entries, &log.leaves(), &log.note(SIZE));
    assert_eq!(codes(&report), ["entries-missing", "tail-cut"]);
    assert_eq!(report.findings[0], Finding::EntriesMissing { indexes: 77..78 });
    assert_eq!(report.findings[0].to_string(), "entry 77 is missing");
    entries.drain(80..90);
    let report = audit_stored(&entries, &log.leaves(), &log.note(SIZE));
    assert_eq!(report.findings[1].to_string(), "entries 81 to 90 are missing");
}

#[test]
fn a_dropped_entry_whose_successors_were_renumbered_is_found() {
    let log = Log::of(SIZE);
    let mut cut = log.clone();
    cut.entries.remove(77);
    let report = audit(&cut, &log.note(SIZE), &[log.note(70), log.note(100)]);
    assert_eq!(codes(&report), ["rewritten", "tail-cut"]);
    assert!(matches!(&report.findings[0], Finding::Rewritten { within, .. } if *within == (70..100)));
}

#[test]
fn a_doubled_or_swapped_entry_is_named() {
    let log = Log::of(20);
    let mut entries = numbered(&log);
    entries.insert(8, entries[7].clone());
    let report = audit_stored(&entries, &log.leaves(), &log.note(20));
    assert_eq!(report.findings[0], Finding::EntryMisplaced { index: 7, due: 8 });
    let mut entries = numbered(&log);
    entries.swap(4, 5);
    let report = audit_stored(&entries, &log.leaves(), &log.note(20));
    assert_eq!(report.first_bad(), Some(4));
    assert!(!report.holds());
}

#[test]
fn a_cut_tail_is_named() {
    let log = Log::of(SIZE);
    let mut cut = log.clone();
    cut.entries.truncate(550);
    let report = audit(&cut, &log.note(SIZE), &[log.note(500)]);
    let expected = Finding::TailCut { against: Against::Current, size: SIZE, entries: 550 };
    assert_eq!(report.findings, [expected]);
}

/// Someone with the database *and* the signing keys cuts the tail and signs anew: only a checkpoint kept
/// elsewhere shows it.
#[test]
fn a_cut_or_rewritten_ledger_signed_anew_is_caught_by_a_checkpoint_kept_elsewhere() {
    let log = Log::of(SIZE);
    let kept = log.note(SIZE);
    let mut cut = log.clone();
    cut.entries.truncate(550);
    assert!(audit(&cut, &cut.note(550), &[]).holds(), "without one it cannot show");
    let report = audit(&cut, &cut.note(550), std::slice::from_ref(&kept));
    assert_eq!(codes(&report), ["rolled-back", "tail-cut"]);

    let mut rewritten = log.clone();
    rewritten.entries[5] = entry(9999).encode().unwrap();
    rewritten.entries.push(entry(SIZE).encode().unwrap());
    assert!(audit(&rewritten, &rewritten.note(SIZE + 1), &[]).holds());
    let report = audit(&rewritten, &rewritten.note(SIZE + 1), &[kept]);
    assert_eq!(codes(&report), ["rewritten"]);
    assert!(
        matches!(&report.findings[0], Finding::Rewritten { against: Against::Seen(0), within, .. } if *within == (0..SIZE))
    );
}

#[test]
fn yesterday_s_copy_is_recognized() {
    let log = Log::of(SIZE);
    let mut yesterday = log.clone();
    yesterday.entries.truncate(400);
    let report = audit(&yesterday, &log.note(400), &[log.note(SIZE)]);
    assert!(report.findings.contains(&Finding::RolledBack { against: Against::Seen(0), seen: SIZE, current: 400 }));
}

#[test]
fn a_checkpoint_that_is_not_signed_is_no_checkpoint() {
    let log = Log::of(10);
    let mut note = log.note(10);
    let last = note.len() - 10;
    note[last] ^= 1;
    let report = audit(&log, &note, &[]);
    assert_eq!(codes(&report), ["checkpoint-refused"]);
    assert_eq!((report.checkpoint.as_ref(), report.uncovered), (None, 10));
    assert_eq!(codes(&audit(&log, b"", &[b"junk".to_vec()])), ["checkpoint-refused", "checkpoint-refused"]);
    let none: [VerifierKey; 0] = [];
    assert!(!Audit::new(&log.note(10), &[], &none).finish().holds());
}

#[test]
fn an_entry_that_is_none_is_named_unless_entries_are_opaque() {
    let mut log = Log::of(10);
    log.entries[6] = b"{\"v\":1,\"note\":\"free text\"}".to_vec();
    let report = audit(&log, &log.note(10), &[]);
    assert_eq!(codes(&report), ["entry-malformed"]);
    assert_eq!(report.first_bad(), Some(6));
    let keys = keys();
    let note = log.note(10);
    let mut audit = Audit::new(&note, &[], &keys).opaque();
    log.entries.iter().zip(0..).for_each(|(entry, index)| audit.entry(index, entry, None));
    assert!(audit.finish().holds());
}

/// A store hands in every checkpoint it ever signed.
#[test]
fn thousands_of_checkpoints_cost_no_more_than_opening_them() {
    let log = Log::opaque(3000);
    let leaves = log.leaves();
    let (ed25519, _) = signers(ORIGIN);
    let mut frontier = ledger::Frontier::new();
    let mut seen = Vec::new();
    for leaf in leaves {
        frontier.append(leaf);
        let head = Checkpoint { origin: ORIGIN.into(), size: frontier.size(), root: frontier.root() };
        seen.push(head.sign(&[&ed25519]).unwrap().into_bytes());
    }
    seen.reverse();
    let newest = seen[0].clone();
    let keys = &keys()[..1];
    let check = |entries: &[Vec<u8>]| {
        let mut audit = Audit::new(&newest, &seen, keys).opaque();
        entries.iter().zip(0..).for_each(|(entry, index)| audit.entry(index, entry, None));
        audit.finish()
    };
    assert!(check(&log.entries).holds());
    let mut changed = log.entries;
    changed[1234][0] ^= 1;
    let report = check(&changed);
    assert!(matches!(&report.findings[0], Finding::Rewritten { within, .. } if *within == (1234..1235)));
    assert_eq!(report.first_bad(), None);
}

#[test]
fn findings_are_bounded() {
    let log = Log::of(1200);
    let keys = keys();
    let mut audit = Audit::new(&log.note(1200), &[], &keys);
    log.entries.iter().zip(0..).for_each(|(entry, index)| audit.entry(index, entry, Some(ledger::EMPTY_ROOT)));
    let report = audit.finish();
    assert_eq!((report.findings.len(), report.further_findings), (1000, 200));
    assert!(Entry::decode(&log.entries[0]).is_ok());
}
