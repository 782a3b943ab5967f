//! Proof bundles: they verify offline, and not after any one byte of them or of the entry has changed.

use ledger::bundle::{Bundle, BundleError};
use ledger::note::NoteError;
use ledger::tree::ProofError;
use proptest::prelude::*;

use crate::world::{Log, keys};

#[test]
fn a_bundle_verifies_for_every_entry_at_every_size() {
    for size in [1, 2, 3, 7, 8, 255, 257] {
        let log = Log::of(size);
        for index in [0, size / 2, size - 1] {
            let bundle = Bundle::parse(log.bundle(index).encode().as_bytes()).unwrap();
            let proved = bundle.verify(&log.entries[index as usize], &keys()).unwrap();
            assert_eq!((proved.index, proved.checkpoint), (index, log.head(size)));
        }
    }
}

#[test]
fn the_form_is_that_of_tlog_proof() {
    let bundle = Bundle { extra: Some(b"seen at the site".to_vec()), ..Log::of(3).bundle(2) };
    let text = bundle.encode();
    let lines: Vec<&str> = text.lines().take(5).collect();
    assert_eq!(lines[..3], ["c2sp.org/tlog-proof@v1", "extra c2VlbiBhdCB0aGUgc2l0ZQ==", "index 2"]);
    assert_eq!((lines[3], lines[4]), (bundle.proof[0].to_base64().as_str(), ""));
    assert!(text.ends_with(&bundle.checkpoint));
    assert_eq!(Bundle::parse(text.as_bytes()), Ok(bundle));
}

#[test]
fn every_single_changed_byte_of_the_proof_or_the_entry_fails() {
    let log = Log::of(6);
    let entry = &log.entries[4];
    let bytes = log.bundle(4).encode().into_bytes();
    let holds = |bundle: &[u8], entry: &[u8]| Bundle::parse(bundle).is_ok_and(|b| b.verify(entry, &keys()).is_ok());
    assert!(holds(&bytes, entry));
    for at in 0..bytes.len() {
        // One bit that keeps text text, one that does not, and a neighbouring character.
        for flip in [0x01, 0x20, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            assert!(!holds(&changed, entry), "byte {at} of the bundle, {flip:#x}: {:?}", bytes[at] as char);
        }
    }
    for at in 0..entry.len() {
        let mut changed = entry.clone();
        changed[at] ^= 1;
        assert!(!holds(&bytes, &changed), "byte {at} of the entry");
    }
    for end in 0..bytes.len() {
        assert!(!holds(&bytes[..end], entry), "cut at {end}");
    }
    assert!(!holds(&[&bytes[..], b"\n"].concat(), entry));
}

#[test]
fn refusals_say_what_is_wrong() {
    let log = Log::of(6);
    let bundle = log.bundle(4);
    assert_eq!(bundle.verify(&log.entries[3], &keys()), Err(BundleError::Proof(ProofError::Root)));
    let elsewhere = Bundle { index: 3, ..bundle.clone() };
    assert!(matches!(elsewhere.verify(&log.entries[4], &keys()), Err(BundleError::Proof(_))));
    let outside = Bundle { index: 6, ..bundle.clone() };
    let error = Err(BundleError::Proof(ProofError::OutsideTree { index: 6, size: 6 }));
    assert_eq!(outside.verify(&log.entries[4], &keys()), error);
    let older = Bundle { checkpoint: String::from_utf8(log.note(4)).unwrap(), ..bundle.clone() };
    assert!(matches!(older.verify(&log.entries[4], &keys()), Err(BundleError::Proof(_))));
    assert_eq!(bundle.verify(&log.entries[4], &[]), Err(BundleError::Checkpoint(NoteError::NoKeys)));
    let text = bundle.encode();
    for (bad, part) in [
        (text.replace("@v1", "@v2"), "it does not begin with c2sp.org/tlog-proof@v1"),
        (text.replace("index 4", "index 04"), "the index line"),
        (text.replace("index 4\n", ""), "the index line"),
        (text.replace("index 4", "extra AAA\nindex 4"), "the extra line"),
        (text.replace("index 4\n", "index 4\nAAAA\n"), "a line of the inclusion proof"),
        (text.replace("\n\n", "\n"), "no checkpoint"),
        (
            text.replace("index 4\n", &format!("index 4\n{}", format!("{}\n", bundle.proof[0].to_base64()).repeat(64))),
            "the inclusion proof is too long",
        ),
    ] {
        assert_eq!(Bundle::parse(bad.as_bytes()), Err(BundleError::Malformed(part)), "{bad}");
    }
}

/// The extra line is not signed: it must not help or hinder, and nothing may read it as proved.
#[test]
fn the_extra_line_proves_nothing() {
    let log = Log::of(2);
    let bundle = Bundle { extra: Some(b"forged".to_vec()), ..log.bundle(1) };
    assert!(bundle.verify(&log.entries[1], &keys()).is_ok());
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Bundle::parse(&bytes);
    }

    #[test]
    fn what_parses_is_written_back_as_it_was(cut in any::<prop::sample::Index>(), put in "\\PC{0,3}") {
        let mut text = Log::of(3).bundle(1).encode();
        let at = (0..=cut.index(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        text.insert_str(at, &put);
        if let Ok(bundle) = Bundle::parse(text.as_bytes()) {
            prop_assert_eq!(bundle.encode(), text);
        }
    }
}
