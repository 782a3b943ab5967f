//! Notes, keys, checkpoints and cosignatures: what must be refused, and the specification's own examples.

use ledger::cosignature::{TIME_MAX, sign, subtree_message, timed_message, witnessed};
use ledger::note::{KeyKind, Note, NoteError, Signature, VerifierKey};
use ledger::signing::{Ed25519Signer, MlDsa44Signer, Signer};
use ledger::{Checkpoint, Hash, sha256};
use proptest::prelude::*;

use crate::world::{Log, ORIGIN, SIGNED_AT, keys, signers};

fn head() -> Checkpoint {
    Checkpoint { origin: ORIGIN.into(), size: 42, root: sha256(b"root") }
}

fn signed() -> String {
    let (ed25519, ml_dsa) = signers(ORIGIN);
    head().sign_at(&[&ed25519, &ml_dsa], SIGNED_AT).unwrap()
}

fn open(note: &str) -> Result<Checkpoint, NoteError> {
    Checkpoint::open(note.as_bytes(), &keys())
}

#[test]
fn a_checkpoint_signed_twice_opens() {
    let signed = signed();
    assert_eq!(open(&signed), Ok(head()));
    assert_eq!(head().text(), format!("{ORIGIN}\n42\n{}\n", head().root.to_base64()));
    let note = Note::parse(signed.as_bytes()).unwrap();
    let times: Vec<_> = note.verify(&keys()).unwrap().into_iter().map(|found| (found.kind, found.at)).collect();
    assert_eq!(times, [(KeyKind::Ed25519, None), (KeyKind::MlDsa44Subtree, Some(SIGNED_AT))]);
    assert_eq!(note.to_string(), signed);
}

#[test]
fn an_untimed_signature_says_no_time() {
    let (ed25519, ml_dsa) = signers(ORIGIN);
    let note = head().sign(&[&ed25519, &ml_dsa]).unwrap();
    let note = Note::parse(note.as_bytes()).unwrap();
    assert!(note.verify(&keys()).unwrap().iter().all(|found| found.at.is_none()));
}

#[test]
fn both_signatures_are_required() {
    let signed = signed();
    let lines: Vec<&str> = signed.lines().collect();
    let with = |kept: &[usize]| kept.iter().map(|n| format!("{}\n", lines[*n])).collect::<String>();
    assert_eq!(open(&with(&[0, 1, 2, 3, 4, 5])), Ok(head()));
    assert!(matches!(open(&with(&[0, 1, 2, 3, 4])), Err(NoteError::Unsigned(key)) if key.contains("ML-DSA-44")));
    assert!(matches!(open(&with(&[0, 1, 2, 3, 5])), Err(NoteError::Unsigned(key)) if key.contains("Ed25519")));
    assert!(matches!(open(&with(&[0, 1, 2, 3])), Err(NoteError::Malformed(_))));
    assert_eq!(Checkpoint::open(signed.as_bytes(), &[]), Err(NoteError::NoKeys));
    for key in keys() {
        assert_eq!(Checkpoint::open(signed.as_bytes(), &[key]), Ok(head()), "either key alone is a check");
    }
}

#[test]
fn a_signature_for_something_else_is_false() {
    let other = Checkpoint { size: 43, ..head() };
    let swapped = signed().replacen("\n42\n", "\n43\n", 1);
    for key in keys() {
        assert!(matches!(Checkpoint::open(swapped.as_bytes(), &[key]), Err(NoteError::False(_))));
    }
    let (ed25519, ml_dsa) = signers(ORIGIN);
    let genuine = other.sign_at(&[&ed25519, &ml_dsa], SIGNED_AT).unwrap();
    assert_eq!(open(&genuine), Ok(other));
    // A false line beside a true one of the same key: the note is refused whole.
    let false_line = swapped.lines().nth(4).unwrap();
    assert!(matches!(open(&format!("{genuine}{false_line}\n")), Err(NoteError::False(_))));
}

#[test]
fn another_log_under_the_same_secret_key_is_not_this_log() {
    let (ed25519, ml_dsa) = signers("probity.example/ledger/other");
    let theirs = Checkpoint { origin: "probity.example/ledger/other".into(), ..head() };
    let note = theirs.sign_at(&[&ed25519, &ml_dsa], SIGNED_AT).unwrap();
    assert!(matches!(open(&note), Err(NoteError::Unsigned(_))));
    // Even signed under this log's key names, the origin must be the keys' own.
    let (ed25519, ml_dsa) = signers(ORIGIN);
    let note = theirs.sign_at(&[&ed25519, &ml_dsa], SIGNED_AT).unwrap();
    assert_eq!(open(&note), Err(NoteError::Origin { origin: theirs.origin }));
}

#[test]
fn unknown_signatures_are_passed_over_and_vouch_for_nothing() {
    let stranger = Ed25519Signer::from_seed("stranger.example", &[1; 32]).unwrap();
    let mut note = Note::parse(signed().as_bytes()).unwrap();
    note.push(sign(&head(), &stranger, 0).unwrap());
    note.push(Signature { name: ORIGIN.into(), id: 1, bytes: vec![0; 64] });
    note.push(Signature { name: "other.example".into(), id: keys()[0].id(), bytes: vec![0; 64] });
    assert_eq!(open(&note.to_string()), Ok(head()));
    let only = head().sign(&[&stranger]).unwrap();
    assert!(matches!(open(&only), Err(NoteError::Unsigned(_))));
}

#[test]
fn malformed_notes_are_refused() {
    let good = signed();
    for bad in [
        String::new(),
        "\n".into(),
        good.replace("\n\n", "\n"),
        good.trim_end().to_owned(),
        format!("{good}\n"),
        good.replace('\u{2014}', "-"),
        good.replacen('\n', "\r\n", 1),
        good.replacen(' ', "  ", 1),
        good.replacen(ORIGIN, "", 1),
        good.replacen("\n42\n", "\n042\n", 1),
        good.replacen("\n42\n", "\n+42\n", 1),
        good.replacen("\n42\n", "\n42\nextension\n", 1),
        good.replacen("=\n", "\n", 1),
        format!("x{good}"),
        good.replacen("42", "99999999999999999999", 1),
    ] {
        assert!(open(&bad).is_err(), "accepted: {bad}");
    }
    assert!(Checkpoint::open(&[good.as_bytes(), b"\xff"].concat(), &keys()).is_err());
    assert_eq!(Note::new("no newline"), Err(NoteError::Text));
    assert_eq!(Note::new("tab\tand\n"), Err(NoteError::Text));
    assert_eq!(Note::new("\n"), Err(NoteError::Text));
}

#[test]
fn a_checkpoint_s_text_has_one_spelling() {
    let text = head().text();
    assert_eq!(Checkpoint::parse(&text), Ok(head()));
    for bad in [
        text.replacen("\n42\n", "\n042\n", 1),
        text.replacen("\n42\n", "\n+42\n", 1),
        text.replacen("\n42\n", "\n\n", 1),
        text.replacen("\n42\n", "\n4611686018427387905\n", 1),
        format!("{text}extension\n"),
        format!("{text}\n"),
        text.trim_end().to_owned(),
        text.replacen(ORIGIN, "", 1),
        text.replacen(ORIGIN, &"o".repeat(256), 1),
        text.replacen(ORIGIN, "o\u{7f}", 1),
        text.replacen('=', "", 1),
        format!("{ORIGIN}\n42\n"),
    ] {
        assert!(matches!(Checkpoint::parse(&bad), Err(NoteError::Checkpoint(_))), "accepted: {bad}");
    }
    assert!(Checkpoint::parse(&text.replacen("\n42\n", "\n4611686018427387904\n", 1)).is_ok());
}

#[test]
fn keys_have_one_text_form() {
    for key in keys() {
        let text = key.to_string();
        assert_eq!(VerifierKey::parse(&text), Ok(key));
        let id = text.split('+').nth(1).unwrap();
        for bad in [
            text.replacen(id, "00000000", 1),
            text.replacen(id, &id.to_uppercase().replace(|c: char| c.is_ascii_digit(), "F"), 1),
            text.replacen(ORIGIN, "probity.example/ledger/other", 1),
            text.replacen(ORIGIN, "", 1),
            text.trim_end_matches('=').chars().rev().skip(1).collect::<Vec<_>>().iter().rev().collect(),
            format!("{text}=="),
            ORIGIN.to_owned(),
        ] {
            assert!(VerifierKey::parse(&bad).is_err(), "accepted: {bad}");
        }
    }
    assert!(VerifierKey::new("with space", KeyKind::Ed25519, &[0; 32]).is_err());
    assert!(VerifierKey::new("with+plus", KeyKind::Ed25519, &[0; 32]).is_err());
    assert!(VerifierKey::new("", KeyKind::Ed25519, &[0; 32]).is_err());
    assert!(VerifierKey::new("short", KeyKind::MlDsa44Subtree, &[0; 32]).is_err());
}

/// The example key and note of Go's `sumdb/note`, which signed-note descends from.
#[test]
fn a_note_signed_elsewhere_verifies() {
    let key = VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
    let note = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
                \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let note = Note::parse(note.as_bytes()).unwrap();
    assert!(note.verify(&[key]).is_ok());
}

/// Signed by a log and cosigned by two witnesses with an implementation that is not ours, in all three
/// signature types.
#[test]
fn a_checkpoint_cosigned_elsewhere_opens() {
    let note = include_bytes!("../oracles/cosigned-elsewhere.note");
    let keys = include_str!("../oracles/cosigned-elsewhere.keys");
    let keys: Vec<VerifierKey> = keys.lines().map(|vkey| VerifierKey::parse(vkey).unwrap()).collect();
    let kinds = [KeyKind::Ed25519, KeyKind::Ed25519Cosignature, KeyKind::MlDsa44Subtree];
    assert_eq!(keys.iter().map(VerifierKey::kind).collect::<Vec<_>>(), kinds);
    let opened = Checkpoint { origin: "elsewhere.example/log".into(), size: 42, root: sha256(b"root") };
    assert_eq!(Checkpoint::open(note, &keys), Ok(opened));
    let found = witnessed(&Note::parse(note).unwrap(), &keys[1..]).unwrap();
    assert_eq!(found.iter().map(|found| found.at).collect::<Vec<_>>(), [Some(SIGNED_AT), Some(SIGNED_AT + 1)]);
    for at in (0..note.len()).step_by(41) {
        let mut changed = *note;
        changed[at] ^= 1;
        assert!(Checkpoint::open(&changed, &keys).is_err(), "byte {at}");
    }
}

/// tlog-cosignature's examples of the two messages, spelled out byte by byte.
#[test]
fn cosigned_messages_are_laid_out_as_specified() {
    let root = Hash::from_base64("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=").unwrap();
    let head = Checkpoint { origin: "example.com/behind-the-sofa".into(), size: 20_852_163, root };
    let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    assert_eq!(head.text(), text);
    assert_eq!(timed_message(1_679_315_147, text), format!("cosignature/v1\ntime 1679315147\n{text}").into_bytes());
    let mut expected = b"subtree/v1\n\0".to_vec();
    expected.extend_from_slice(b"\x16witness.example.com/w1");
    expected.extend_from_slice(&[0, 0, 0, 0, 0x64, 0x18, 0x50, 0xcb]);
    expected.extend_from_slice(b"\x1bexample.com/behind-the-sofa");
    expected.extend_from_slice(&[0; 8]);
    expected.extend_from_slice(&[0, 0, 0, 0, 0x01, 0x3e, 0x2d, 0xc3]);
    expected.extend_from_slice(root.as_bytes());
    assert_eq!(subtree_message("witness.example.com/w1", 1_679_315_147, &head).unwrap(), expected);
    assert!(subtree_message("", 0, &head).is_err());
    assert!(subtree_message(&"n".repeat(256), 0, &head).is_err());
}

#[test]
fn witnesses_cosign_and_are_counted() {
    let log = Log::of(5);
    let ed25519 = Ed25519Signer::cosigner("witness.example/a", &[3; 32]).unwrap();
    let ml_dsa = MlDsa44Signer::from_seed("witness.example/b", &[4; 32]).unwrap();
    let absent = Ed25519Signer::cosigner("witness.example/c", &[5; 32]).unwrap();
    let witnesses: Vec<VerifierKey> = [ed25519.key(), ml_dsa.key(), absent.key()].into_iter().cloned().collect();
    let mut note = Note::parse(&log.note(5)).unwrap();
    assert_eq!(witnessed(&note, &witnesses), Ok(Vec::new()));
    note.push(sign(&log.head(5), &ed25519, SIGNED_AT + 1).unwrap());
    note.push(sign(&log.head(5), &ml_dsa, SIGNED_AT + 2).unwrap());
    let found = witnessed(&note, &witnesses).unwrap();
    let found: Vec<_> = found.iter().map(|found| (found.name.as_str(), found.at)).collect();
    assert_eq!(found, [("witness.example/a", Some(SIGNED_AT + 1)), ("witness.example/b", Some(SIGNED_AT + 2))]);
    assert!(Checkpoint::open(note.to_string().as_bytes(), &keys()).is_ok(), "the log's own signatures still hold");

    // A time moved by a second, or a signature by the same key over another head, is false.
    let mut moved = sign(&log.head(5), &ed25519, SIGNED_AT).unwrap();
    moved.bytes[7] ^= 1;
    let mut later = Note::parse(&log.note(5)).unwrap();
    later.push(moved);
    assert!(matches!(witnessed(&later, &witnesses), Err(NoteError::False(_))));
    let mut other = Note::parse(&log.note(5)).unwrap();
    other.push(sign(&log.head(4), &ml_dsa, SIGNED_AT).unwrap());
    assert!(matches!(witnessed(&other, &witnesses), Err(NoteError::False(_))));
}

#[test]
fn a_cosigner_must_say_when() {
    let ed25519 = Ed25519Signer::cosigner("witness.example/a", &[3; 32]).unwrap();
    let ml_dsa = MlDsa44Signer::from_seed("witness.example/b", &[4; 32]).unwrap();
    assert!(matches!(sign(&head(), &ed25519, 0), Err(NoteError::Signing(_))));
    assert!(sign(&head(), &ed25519, TIME_MAX).is_ok());
    assert!(matches!(sign(&head(), &ml_dsa, TIME_MAX + 1), Err(NoteError::Signing(_))));
    // Nor is one believed that another tool made.
    let bare = ml_dsa.sign(&subtree_message("witness.example/b", TIME_MAX + 1, &head()).unwrap()).unwrap();
    let made = [(TIME_MAX + 1).to_be_bytes().as_slice(), &bare].concat();
    assert!(matches!(ml_dsa.key().verify(&head().text(), &made), Err(NoteError::False(_))));
    assert!(Checkpoint { origin: String::new(), ..head() }.sign(&[&ml_dsa]).is_err());
    assert!(Checkpoint { origin: "two\nlines".into(), ..head() }.sign(&[&ml_dsa]).is_err());
    assert!(Ed25519Signer::from_seed("bad name", &[3; 32]).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = (Note::parse(&bytes), Checkpoint::parse(&text), VerifierKey::parse(&text), Signature::parse(&text));
    }

    #[test]
    fn a_note_that_parses_is_written_back_as_it_was(
        at in any::<prop::sample::Index>(), put in "[ \n\u{2014}=+a0]{0,3}", cut in 0..3_usize
    ) {
        let mut text = signed();
        let at = (0..=at.index(text.len() - 3)).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let end = (at..=at + cut).rev().find(|end| text.is_char_boundary(*end)).unwrap();
        text.replace_range(at..end, &put);
        if let Ok(note) = Note::parse(text.as_bytes()) {
            prop_assert_eq!(note.to_string(), text.clone());
        }
        // Whatever was done to it, it opens as what was signed or not at all.
        if let Ok(opened) = open(&text) {
            prop_assert_eq!(opened, head());
        }
    }
}
