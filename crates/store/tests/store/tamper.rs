//! With the keys in hand and the fences taken away: whatever is changed is found, and named.

use std::fs;

use ledger::{VerifierKey, bundle::Bundle};
use store::{
    Error, Receipt, Verified,
    views::{EntryProof, LedgerHead},
};
use trial::{ids::SubjectId, role::Role};

use crate::{
    past::Yesterday,
    raw::{At, Raw, open, seal},
    world::{
        World,
        save::{Beside, set, vitals},
    },
};

/// A study whose ledger has some entries and a checkpoint, kept elsewhere too.
struct Scene {
    world: World,
    subject: SubjectId,
    /// Checkpoints of both ledgers, as someone else keeps them.
    kept: Vec<Vec<u8>>,
    last: Receipt,
}

fn scene() -> Scene {
    Scene::of(World::founded())
}

impl Scene {
    fn of(mut world: World) -> Self {
        let place = world.add_study("S.VITALS");
        let ana = world.coordinator("ana", &place);
        let subject = world.subject(&ana, place.oslo, "OSL-001");
        world.save(&ana, subject, vec![set("I.SYSBP", "120"), set("I.NOTE", "resting")]).unwrap();
        let other = world.subject(&ana, place.oslo, "OSL-002");
        world.save(&ana, other, vec![set("I.SYSBP", "130")]).unwrap();
        let last = world.save(&ana, subject, vec![set("I.SYSBP", "121").because_of("misread")]).unwrap();
        world.in_study("dag", Role::DataManager, &place);
        let kept = [1, 2].map(|number| world.organization().checkpoint_of(number).unwrap().into_bytes()).into();
        Scene { world, subject, kept, last }
    }

    /// Does something to the database while the store is closed, then audits it with no checkpoint from elsewhere.
    fn after(&mut self, tamper: impl FnOnce(&Raw<'_>)) -> Verified {
        self.world.close();
        let raw = Raw::open(&self.world);
        raw.past.without_fences();
        tamper(&raw);
        drop(raw);
        self.world.open().unwrap();
        self.world.organization().verify(&[]).unwrap()
    }

    fn against_kept(&self) -> Verified {
        self.world.organization().verify(&self.kept).unwrap()
    }

    fn differences(&self) -> Vec<String> {
        let into = self.world.folder().join("rebuilt.db");
        let rebuilt = self.world.organization().rebuild(&into, |_| ()).unwrap();
        fs::remove_file(into).unwrap();
        rebuilt.differences
    }
}

/// Asserts that some finding says all of these.
#[track_caller]
fn assert_named(verified: &Verified, says: &[&str]) {
    let named = verified.findings.iter().any(|finding| says.iter().all(|part| finding.contains(part)));
    assert!(named, "{says:?} not in {:#?}", verified.findings);
    assert!(!verified.holds());
}

fn id_of(key: &[u8]) -> String {
    let key: [u8; 16] = key.try_into().unwrap();
    <SubjectId as trial::ids::Id>::from_bytes(key).to_string()
}

#[test]
fn untouched_it_holds_against_what_was_kept_elsewhere() {
    let scene = scene();
    let verified = scene.against_kept();
    assert!(verified.holds(), "{:#?}", verified.findings);
    assert_eq!(verified.ledgers.len(), 2);
    assert!(verified.records > 0 && verified.opened == verified.records);
    scene.world.finish();
}

#[test]
fn a_changed_value_is_named_even_sealed_with_the_right_key() {
    let mut scene = scene();
    let mut named = String::new();
    let verified = scene.after(|raw| {
        let (key, version, sealed) = raw.record("item_group");
        named = id_of(&key);
        let (with, at) = (raw.key(&sealed[1..17]), At { kind: "item_group", key: &key, version });
        let plain = String::from_utf8(open(&with, raw.organization, &at, &sealed)).unwrap();
        assert!(plain.contains("\"121\""), "{plain}");
        let forged = seal(&with, raw.organization, &at, &sealed[..17], plain.replace("\"121\"", "\"119\"").as_bytes());
        raw.change(
            "UPDATE record SET sealed = ?1 WHERE kind = 'item_group' AND key = ?2 AND version = ?3",
            &[(&forged).into(), (&key).into(), version.into()],
        );
    });
    let ana = scene.world.actor("ana");
    assert_eq!(scene.world.value(&ana, scene.subject, "", "I.SYSBP").as_deref(), Some("119"), "it opens");
    assert_named(
        &verified,
        &["item_group", &named, "version 2", "[record-changed]", &format!("entry {}", scene.last.index)],
    );
    scene.world.leave_broken();
}

#[test]
fn a_flipped_byte_of_a_sealed_value_is_named_and_the_value_does_not_open() {
    let mut scene = scene();
    let verified = scene.after(|raw| {
        let (key, version, mut sealed) = raw.record("item_group");
        sealed[40] ^= 1;
        raw.change(
            "UPDATE record SET sealed = ?1 WHERE kind = 'item_group' AND key = ?2 AND version = ?3",
            &[(&sealed).into(), (&key).into(), version.into()],
        );
    });
    assert_named(&verified, &["item_group", "[record-changed]"]);
    assert_named(&verified, &["item_group", "[sealed-elsewhere]"]);
    scene.world.leave_broken();
}

#[test]
fn a_deleted_record_is_named() {
    let mut scene = scene();
    let mut named = String::new();
    let verified = scene.after(|raw| {
        let (key, version, _) = raw.record("item_group");
        named = id_of(&key);
        raw.change(
            "DELETE FROM record WHERE kind = 'item_group' AND key = ?1 AND version = ?2",
            &[(&key).into(), version.into()],
        );
    });
    assert_named(&verified, &["item_group", &named, "version 2", "[record-deleted]"]);
    scene.world.leave_broken();
}

#[test]
fn a_record_that_no_entry_names_is_named() {
    let mut scene = scene();
    let verified = scene.after(|raw| {
        raw.change(
            "INSERT INTO record (kind, key, version, ledger, entry, sealed)
             SELECT kind, key, 99, ledger, entry, sealed FROM record WHERE kind = 'subject' LIMIT 1",
            &[],
        );
    });
    assert_named(&verified, &["subject", "version 99", "does not name it"]);
    scene.world.leave_broken();
}

#[test]
fn a_dropped_entry_is_named() {
    let mut scene = scene();
    let verified = scene.after(|raw| raw.change("DELETE FROM entry WHERE ledger = 2 AND idx = 4", &[]));
    assert_named(&verified, &["entry 4", "[entries-missing]"]);
    scene.world.leave_broken();
}

#[test]
fn a_dropped_entry_whose_followers_close_the_gap_is_named() {
    let mut scene = scene();
    let verified = scene.after(|raw| {
        raw.change("DELETE FROM entry WHERE ledger = 2 AND idx = 4", &[]);
        // By way of below zero, so that no two have one place in between.
        raw.change_many("UPDATE entry SET idx = -idx WHERE ledger = 2 AND idx > 4", &[]);
        raw.change_many("UPDATE entry SET idx = -idx - 1 WHERE ledger = 2 AND idx < 0", &[]);
    });
    assert_named(&verified, &["[tail-cut]"]);
    assert_named(&verified, &["[record-moved]"]);
    scene.world.leave_broken();
}

#[test]
fn a_cut_tail_is_named() {
    let mut scene = scene();
    let at = i64::try_from(scene.last.index).unwrap();
    let verified = scene.after(|raw| {
        raw.change("DELETE FROM record WHERE ledger = 2 AND entry >= ?1", &[at.into()]);
        raw.change_many("DELETE FROM entry WHERE ledger = 2 AND idx >= ?1", &[at.into()]);
    });
    assert_named(&verified, &["[tail-cut]"]);
    scene.world.leave_broken();
}

#[test]
fn a_tail_cut_with_its_checkpoints_is_named_against_one_kept_elsewhere() {
    let mut scene = scene();
    let at = i64::try_from(scene.last.index).unwrap();
    let alone = scene.after(|raw| {
        raw.change_many("DELETE FROM record WHERE ledger = 2 AND entry >= ?1", &[at.into()]);
        raw.change_many("DELETE FROM entry WHERE ledger = 2 AND idx >= ?1", &[at.into()]);
        raw.change_many("DELETE FROM checkpoint WHERE ledger = 2", &[]);
    });
    assert!(alone.holds(), "whoever holds database and signing key can rewrite what no one else has seen");
    assert_named(&scene.against_kept(), &["[rolled-back]"]);
    assert_named(&scene.against_kept(), &["[tail-cut]"]);
    assert!(!scene.differences().is_empty(), "the derived tables remember more than the ledger tells");
    scene.world.leave_broken();
}

#[test]
fn swapped_ciphertexts_are_named_both() {
    let mut scene = scene();
    let verified = scene.after(|raw| {
        let first = "SELECT key, sealed FROM record WHERE kind = 'item_group' AND version = 1 ORDER BY key";
        let all = raw.rows(first, &[]);
        for (key, sealed) in [(&all[0][0], &all[1][1]), (&all[1][0], &all[0][1])] {
            raw.change(
                "UPDATE record SET sealed = ?1 WHERE kind = 'item_group' AND key = ?2 AND version = 1",
                &[sealed.clone(), key.clone()],
            );
        }
    });
    for code in ["[record-changed]", "[sealed-elsewhere]"] {
        assert_eq!(
            verified.findings.iter().filter(|finding| finding.contains(code)).count(),
            2,
            "{:#?}",
            verified.findings
        );
    }
    scene.world.leave_broken();
}

#[test]
fn yesterdays_data_is_named_against_a_checkpoint_kept_elsewhere() {
    let mut scene = scene();
    scene.world.close();
    let yesterday = Yesterday::of(&scene.world);
    scene.world.open().unwrap();
    let ana = scene.world.actor("ana");
    scene.world.save(&ana, scene.subject, vec![set("I.SYSBP", "125").because_of("again")]).unwrap();
    scene.kept = vec![scene.world.organization().checkpoint_of(2).unwrap().into_bytes()];
    scene.world.close();
    yesterday.put_back(&scene.world);
    scene.world.open().unwrap();
    assert!(scene.world.organization().verify(&[]).unwrap().holds(), "yesterday it was whole");
    assert_named(&scene.against_kept(), &["[rolled-back]"]);
    assert_named(&scene.against_kept(), &["[tail-cut]"]);
    scene.world.leave_broken();
}

/// Entry 4 of the study's ledger as it would be if somebody else had done it.
fn forged_entry(raw: &Raw<'_>) -> Vec<u8> {
    let bytes = raw.one("SELECT bytes FROM entry WHERE ledger = 2 AND idx = 4", &[])[0].blob();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("coordinator"), "{text}");
    text.replace("coordinator", "monitor").into_bytes()
}

#[test]
fn an_entry_rewritten_with_its_leaf_hash_is_named() {
    let mut scene = scene();
    let rewrite = |raw: &Raw<'_>| {
        let forged = forged_entry(raw);
        let leaf = ledger::leaf_hash(&forged);
        raw.change(
            "UPDATE entry SET bytes = ?1, leaf = ?2 WHERE ledger = 2 AND idx = 4",
            &[(&forged).into(), leaf.as_bytes()[..].into()],
        );
    };
    let verified = scene.after(rewrite);
    assert_named(&verified, &["[rewritten]"]);
    let ana = scene.world.actor("ana");
    let subject = scene.subject;
    let refused = scene.world.try_act(&ana, vitals(subject, 3, vec![set("I.NOTE", "x").because_of("y")]));
    assert!(
        matches!(refused, Err(Error::Busy { .. })),
        "nothing is written to a ledger that does not verify: {refused:?}"
    );
    let again = scene.after(|raw| {
        raw.change_many("DELETE FROM checkpoint WHERE ledger = 2", &[]);
    });
    assert!(again.findings.iter().all(|finding| !finding.contains("[rewritten]")), "{:#?}", again.findings);
    assert_named(&scene.against_kept(), &["[rewritten]"]);
    scene.world.leave_broken();
}

#[test]
fn an_entry_changed_without_its_leaf_hash_is_named_by_its_index() {
    let mut scene = scene();
    let verified = scene.after(|raw| {
        raw.change("UPDATE entry SET bytes = ?1 WHERE ledger = 2 AND idx = 4", &[(&forged_entry(raw)).into()]);
    });
    assert_named(&verified, &["entry 4 was changed", "[entry-changed]"]);
    scene.world.leave_broken();
}

#[test]
fn a_changed_derived_row_is_found_by_a_rebuild() {
    let mut scene = scene();
    let verified = scene.after(|raw| {
        raw.change("UPDATE form SET state = 'complete' WHERE id = (SELECT id FROM form ORDER BY id LIMIT 1)", &[]);
        raw.change("UPDATE role_grant SET role = 'investigator' WHERE role = 'coordinator'", &[]);
    });
    assert!(verified.holds(), "derived rows are no records");
    assert_eq!(scene.differences(), ["form: 1 rows differ", "role_grant: 1 rows differ"]);
    scene.world.leave_broken();
}

#[test]
fn a_key_destroyed_without_an_erasure_is_named() {
    let mut scene = scene();
    let verified = scene.after(|raw| {
        raw.change(
            "UPDATE wrapped_key SET wrapped = NULL WHERE id = (SELECT key FROM subject WHERE code = 'OSL-001')",
            &[],
        );
    });
    assert_named(&verified, &["[key-lost]"]);
    scene.world.leave_broken();
}

#[test]
fn a_changed_key_is_named_by_what_it_no_longer_opens() {
    let mut scene = scene();
    let verified = scene.after(|raw| {
        raw.change(
            "UPDATE wrapped_key SET wrapped = ?1 WHERE id = (SELECT key FROM subject WHERE code = 'OSL-001')",
            &[[0; 77][..].into()],
        );
    });
    assert_named(&verified, &["item_group", "[key-unknown]"]);
    scene.world.leave_broken();
}

#[test]
fn a_changed_tile_is_named() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    for code in 0..256 {
        world.subject(&ana, place.oslo, &format!("OSL-{code:03}"));
    }
    let kept = vec![world.organization().checkpoint_of(2).unwrap().into_bytes()];
    let mut scene = Scene {
        last: world.act(&ana, store::acts::AddSubject { site: place.oslo, code: "X".into() }),
        subject: world.subject(&ana, place.oslo, "Y"),
        world,
        kept,
    };
    let verified = scene.after(|raw| {
        let mut hashes = raw.one("SELECT hashes FROM tile WHERE ledger = 2", &[])[0].blob();
        hashes[100] ^= 1;
        raw.change("UPDATE tile SET hashes = ?1 WHERE ledger = 2", &[(&hashes).into()]);
    });
    assert_named(&verified, &["entry 3", "[tile-changed]"]);
    let verified = scene.after(|raw| raw.change("UPDATE tile SET root = ?1 WHERE ledger = 2", &[[0; 32][..].into()]));
    assert_named(&verified, &["[tile-root]"]);
    let verified = scene.after(|raw| raw.change("DELETE FROM tile WHERE ledger = 2", &[]));
    assert_named(&verified, &["[tile-missing]"]);
    scene.world.leave_broken();
}

#[test]
fn a_proof_taken_before_holds_afterwards_and_fails_with_any_byte_changed() {
    let mut scene = scene();
    let ana = scene.world.actor("ana");
    let index = scene.last.index;
    let proof = scene.world.organization().view(&ana, &EntryProof { ledger: 2, index }).unwrap();
    let keys: Vec<VerifierKey> = proof.keys.iter().map(|key| key.parse().unwrap()).collect();
    let adam = scene.world.actor("adam");
    let published = scene.world.organization().view(&adam, &LedgerHead { ledger: 1 }).unwrap().keys;
    assert_eq!(published.len(), 2);
    scene.after(|raw| {
        raw.change_many("DELETE FROM record WHERE ledger = 2", &[]);
        raw.change_many("DELETE FROM entry WHERE ledger = 2", &[]);
    });
    // From here on the ledger crate alone.
    let proved = Bundle::parse(proof.proof.as_bytes()).unwrap().verify(proof.entry.as_bytes(), &keys).unwrap();
    assert_eq!(proved.index, index);
    let holds =
        |entry: &[u8], proof: &[u8]| Bundle::parse(proof).is_ok_and(|bundle| bundle.verify(entry, &keys).is_ok());
    let with = |bytes: &str, at: usize| {
        let mut changed = bytes.as_bytes().to_vec();
        changed[at] ^= 1;
        changed
    };
    for at in 0..proof.entry.len() {
        assert!(!holds(&with(&proof.entry, at), proof.proof.as_bytes()), "byte {at} of the entry");
    }
    for at in 0..proof.proof.len() {
        assert!(!holds(proof.entry.as_bytes(), &with(&proof.proof, at)), "byte {at} of the proof");
    }
    scene.world.leave_broken();
}

#[test]
fn a_column_of_another_shape_is_named_and_the_audit_goes_on() {
    let mut scene = scene();
    let verified = scene.after(|raw| {
        let visit = raw.rows("SELECT key FROM record WHERE kind = 'visit' ORDER BY key", &[])[0][0].clone();
        raw.change("UPDATE record SET entry = -1 WHERE key = ?1", std::slice::from_ref(&visit));
        raw.change("UPDATE record SET key = ?1 WHERE key = ?2", &[b"short"[..].into(), visit]);
        raw.change("UPDATE entry SET leaf = ?1 WHERE ledger = 2 AND idx = 4", &[b"short"[..].into()]);
    });
    assert_named(&verified, &["beside entry 4", "[row-malformed]"]);
    assert_named(&verified, &["a record cannot be read", "[row-malformed]"]);
    assert!(verified.records > 0 && verified.ledgers.len() == 2, "the rest was audited");
    scene.world.leave_broken();
}

/// PostgreSQL's columns hold nothing of another type.
#[test]
fn a_column_of_another_type_is_named_and_the_audit_goes_on() {
    let mut scene = Scene::of(World::in_files());
    let verified = scene.after(|raw| {
        raw.change("UPDATE entry SET bytes = CAST(bytes AS TEXT) WHERE ledger = 2 AND idx = 4", &[]);
        raw.change(
            "UPDATE record SET sealed = 'x' WHERE key = (SELECT min(key) FROM record WHERE kind = 'visit')",
            &[],
        );
    });
    assert_named(&verified, &["an entry cannot be read", "[row-malformed]"]);
    assert_named(&verified, &["visit", "cannot be read", "[row-malformed]"]);
    assert!(verified.records > 0 && verified.ledgers.len() == 2, "the rest was audited");
    scene.world.leave_broken();
}

#[test]
fn what_does_not_hold_is_not_signed() {
    let mut scene = scene();
    let checkpoints = |raw: &Raw<'_>| raw.one("SELECT count(*) FROM checkpoint WHERE ledger = 2", &[])[0].int();
    let mut before = 0;
    let verified = scene.after(|raw| {
        before = checkpoints(raw);
        let (key, version, _) = raw.record("item_group");
        raw.change(
            "DELETE FROM record WHERE kind = 'item_group' AND key = ?1 AND version = ?2",
            &[(&key).into(), version.into()],
        );
    });
    assert!(!verified.holds());
    scene.world.close();
    let raw = Raw::open(&scene.world);
    assert_eq!(checkpoints(&raw), before);
    drop(raw);
    scene.world.open().unwrap();
    scene.world.leave_broken();
}
