//! The audit of an archive in the layout of tlog-tiles.

use std::collections::BTreeMap;

use ledger::archive::{ArchiveFile, ArchiveReader, ArchiveWriter, Content, verify_archive};
use ledger::tile::{TilePath, encode_entries};
use ledger::verify::{Finding, Report};

use crate::world::{Archive, Log, entry, keys};

fn audit(archive: &Archive, seen: &[Vec<u8>]) -> Report {
    verify_archive(archive, seen, &keys(), Content::Entries).unwrap()
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(Finding::code).collect()
}

#[test]
fn archives_of_every_shape_hold() {
    for size in [0, 1, 255, 256, 257, 600] {
        let log = Log::of(size);
        let report = audit(&log.archive(), &[log.note(size / 2)]);
        assert_eq!(report.findings, [], "size {size}");
        assert_eq!(report.entries, size);
    }
}

#[test]
fn a_written_archive_is_the_one_that_the_specification_lays_out() {
    for (log, content) in [
        (Log::of(0), Content::Entries),
        (Log::of(1), Content::Entries),
        (Log::of(256), Content::Entries),
        (Log::of(600), Content::Entries),
        (Log::opaque(65_800), Content::Opaque),
    ] {
        let mut writer = ArchiveWriter::new();
        let mut files: Vec<ArchiveFile> = log.entries.iter().flat_map(|entry| writer.entry(entry).unwrap()).collect();
        files.extend(writer.finish(&log.note(log.size())));
        assert_eq!(files.last().unwrap().path, "checkpoint");
        let mut written: BTreeMap<String, Vec<u8>> = files.into_iter().map(|file| (file.path, file.bytes)).collect();
        let expected = log.archive().files;
        let checkpoint = written.insert("checkpoint".into(), expected["checkpoint"].clone()).unwrap();
        assert!(written == expected, "the files differ at {} entries", log.size());
        written.insert("checkpoint".into(), checkpoint);
        assert!(verify_archive(&Archive { files: written }, &[], &keys(), content).unwrap().holds());
    }
    assert!(ArchiveWriter::new().entry(&[0; 65_536]).is_err());
}

#[test]
fn a_large_opaque_archive_holds_and_one_entry_s_change_in_it_is_named() {
    let log = Log::opaque(65_537);
    let mut archive = log.archive();
    assert!(verify_archive(&archive, &[], &keys(), Content::Opaque).unwrap().holds());
    let path = TilePath::Entries { index: 200, width: 256 }.to_string();
    let file = archive.files.get_mut(&path).unwrap();
    file[10 * 17 + 9] ^= 1;
    let report = verify_archive(&archive, &[], &keys(), Content::Opaque).unwrap();
    assert_eq!(report.first_bad(), Some(200 * 256 + 17));
    assert!(codes(&report).contains(&"rewritten"));
}

#[test]
fn a_partial_file_may_have_been_replaced_by_its_full_one() {
    let log = Log::of(600);
    let mut archive = log.archive();
    // The log has grown on; the checkpoint at hand is still the one over 300 entries.
    archive.files.insert("checkpoint".into(), log.note(300));
    archive.files.insert("tile/1/000.p/1".into(), log.archive().files["tile/1/000.p/2"][..32].to_vec());
    assert_eq!(audit(&archive, &[]).findings, []);
}

#[test]
fn a_changed_entry_is_named_by_the_tile() {
    let log = Log::of(600);
    let mut archive = log.archive();
    let mut changed = log.entries[256..512].to_vec();
    changed[44] = entry(9999).encode().unwrap();
    archive.files.insert("tile/entries/001".into(), encode_entries(&changed).unwrap());
    let report = audit(&archive, &[]);
    assert_eq!(codes(&report), ["tile-changed", "tile-changed", "rewritten"]);
    assert_eq!(report.first_bad(), Some(300));
    assert_eq!(
        report.findings[1].to_string(),
        "tile/1/000.p/2 does not match the entries, first for entries 256 to 511"
    );
}

#[test]
fn a_changed_tile_is_named_though_the_entries_hold() {
    let mut archive = Log::of(600).archive();
    archive.files.get_mut("tile/0/000").unwrap()[32 * 9] ^= 1;
    let report = audit(&archive, &[]);
    assert_eq!(codes(&report), ["tile-changed"]);
    assert_eq!(report.first_bad(), Some(9));
}

#[test]
fn every_missing_or_damaged_file_is_named() {
    let whole = Log::of(600).archive();
    for path in whole.files.keys() {
        let mut missing = whole.clone();
        missing.files.remove(path);
        let report = audit(&missing, &[]);
        assert!(!report.holds(), "{path} is missing");
        for (damage, bytes) in [("cut", &whole.files[path][..whole.files[path].len() - 1]), ("emptied", &[][..])] {
            let mut damaged = whole.clone();
            damaged.files.insert(path.clone(), bytes.to_vec());
            assert!(!audit(&damaged, &[]).holds(), "{path} was {damage}");
        }
        let mut longer = whole.clone();
        longer.files.get_mut(path).unwrap().push(b'\n');
        assert!(!audit(&longer, &[]).holds(), "{path} was made longer");
    }
    let mut missing = whole;
    missing.files.remove("tile/entries/001");
    assert_eq!(audit(&missing, &[]).findings, [Finding::EntriesMissing { indexes: 256..512 }]);
}

#[test]
fn a_false_size_without_signatures_costs_nothing() {
    let text = format!("{}\n{}\n{}\n\n\u{2014} x AAAAAAA=\n", "x", 1_u64 << 61, ledger::EMPTY_ROOT.to_base64());
    let archive = Archive { files: BTreeMap::from([("checkpoint".into(), text.into_bytes())]) };
    assert_eq!(codes(&audit(&archive, &[])), ["checkpoint-refused", "entries-missing"]);
}

#[test]
fn an_archive_cut_and_signed_anew_is_caught_by_a_checkpoint_kept_elsewhere() {
    let log = Log::of(600);
    let mut cut = log.clone();
    cut.entries.truncate(500);
    assert!(audit(&cut.archive(), &[]).holds());
    assert_eq!(codes(&audit(&cut.archive(), &[log.note(600)])), ["rolled-back", "tail-cut"]);
}

/// A disk that fails is an error, not a verdict.
#[test]
fn what_cannot_be_read_is_neither_missing_nor_changed() {
    struct Failing(Archive, &'static str);
    impl ArchiveReader for Failing {
        type Error = String;
        fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
            if path == self.1 { Err(format!("cannot read {path}")) } else { Ok(self.0.files.get(path).cloned()) }
        }
    }
    for path in ["checkpoint", "tile/entries/000", "tile/0/000", "tile/1/000.p/1"] {
        let failing = Failing(Log::of(300).archive(), path);
        let outcome = verify_archive(&failing, &[], &keys(), Content::Entries);
        assert_eq!(outcome, Err(format!("cannot read {path}")));
    }
}
