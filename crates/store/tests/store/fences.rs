//! What the schema and the types refuse by themselves.

use store::Error;

use crate::{
    raw::Raw,
    world::{
        World,
        save::{refused, set},
    },
};

fn open_past_the_store(world: &mut World) -> Raw {
    world.close();
    Raw::open(world.folder(), &world.own_folder())
}

#[test]
fn the_database_changes_and_deletes_nothing_that_only_grows() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    for code in 0..260 {
        world.subject(&ana, place.oslo, &code.to_string());
    }
    world.organization().checkpoint_of(2).unwrap();
    let raw = open_past_the_store(&mut world);
    for table in ["ledger", "entry", "tile", "checkpoint", "record"] {
        let rows: i64 = raw.db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert!(rows > 0, "{table}");
        let column = if table == "ledger" { "origin" } else { "ledger" };
        for statement in [format!("UPDATE {table} SET {column} = {column}"), format!("DELETE FROM {table}")] {
            let told = raw.db.execute(&statement, []).unwrap_err().to_string();
            assert!(told.contains("append only"), "{statement}: {told}");
        }
    }
    drop(raw);
    world.finish();
}

#[test]
fn a_record_without_its_entry_does_not_become_durable() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    world.subject(&ana, place.oslo, "OSL-001");
    let raw = open_past_the_store(&mut world);
    raw.db.execute_batch("PRAGMA foreign_keys = ON; BEGIN").unwrap();
    raw.change(
        "INSERT INTO record (kind, key, version, ledger, entry, sealed) VALUES ('subject', x'00', 1, 2, 999, x'00')",
        [],
    );
    let told = raw.db.execute_batch("COMMIT").unwrap_err().to_string();
    assert!(told.contains("FOREIGN KEY"), "{told}");
    drop(raw);
    world.finish();
}

#[test]
fn a_database_of_a_newer_version_is_refused_in_clear_words() {
    let (mut world, _) = World::with_study();
    let raw = open_past_the_store(&mut world);
    raw.change(
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (999, 'later', '2030-01-01T00:00:00Z', '1')",
        [],
    );
    drop(raw);
    let told = world.open().unwrap_err();
    assert!(told.to_string().contains("another version of Probity"), "{told}");
    assert_eq!(refused::<()>(Err(told)), [("database".to_owned(), "unknown_schema")]);
    let raw = open_past_the_store(&mut world);
    raw.change("DELETE FROM refinery_schema_history WHERE version = 999", []);
    drop(raw);
    world.finish();
}

#[test]
fn a_record_of_a_form_that_this_version_does_not_know_is_not_guessed_at() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    world.save(&ana, subject, vec![set("I.SYSBP", "120")]).unwrap();
    world.close();
    let raw = Raw::open(world.folder(), &world.own_folder());
    raw.without_fences();
    let (key, version, sealed) = raw.record("item_group");
    let at = crate::raw::At { kind: "item_group", key: &key, version };
    let with = raw.key(&sealed[1..17]);
    let plain = String::from_utf8(crate::raw::open(&with, raw.organization, &at, &sealed)).unwrap();
    let newer = plain.replacen('{', "{\"invented_later\":true,", 1);
    let forged = crate::raw::seal(&with, raw.organization, &at, &sealed[..17], newer.as_bytes());
    raw.change("UPDATE record SET sealed = ?1 WHERE kind = 'item_group'", [forged]);
    drop(raw);
    world.open().unwrap();
    let outcome = world.organization().view(&ana, &crate::world::save::the_vitals(subject));
    assert!(matches!(outcome, Err(Error::Fault { .. })), "{outcome:?}");
    world.leave_broken();
}
