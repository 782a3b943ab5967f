//! What the schema and the types refuse by themselves.

use store::Error;

use crate::{
    raw::Raw,
    world::{
        World,
        save::{refused, set},
    },
};

fn open_past_the_store(world: &mut World) -> Raw<'_> {
    world.close();
    Raw::open(world)
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
        assert!(raw.one(&format!("SELECT count(*) FROM {table}"), &[])[0].int() > 0, "{table}");
        let column = if table == "ledger" { "origin" } else { "ledger" };
        for statement in [format!("UPDATE {table} SET {column} = {column}"), format!("DELETE FROM {table}")] {
            let told = raw.past.run(&statement, &[]).unwrap_err();
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
    let insert = "INSERT INTO record (kind, key, version, ledger, entry, sealed) VALUES ('subject', ?1, 1, 2, 999, ?1)";
    let told = raw.past.run(insert, &[[0; 16][..].into()]).unwrap_err();
    assert!(told.to_lowercase().contains("foreign key"), "{told}");
    assert!(raw.rows("SELECT 1 FROM record WHERE entry = 999", &[]).is_empty());
    drop(raw);
    world.finish();
}

#[test]
fn a_database_of_a_newer_version_is_refused_in_clear_words() {
    let (mut world, _) = World::with_study();
    let raw = open_past_the_store(&mut world);
    raw.change(
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (999, 'later', '2030-01-01T00:00:00Z', '1')",
        &[],
    );
    drop(raw);
    // A server's schema is opened when something is first asked of it.
    let told = world.open().and_then(|()| world.organization().ledgers().map(drop)).unwrap_err();
    assert!(told.to_string().contains("another version of Probity"), "{told}");
    assert_eq!(refused::<()>(Err(told)), [("database".to_owned(), "unknown_schema")]);
    let raw = open_past_the_store(&mut world);
    raw.change("DELETE FROM refinery_schema_history WHERE version = 999", &[]);
    drop(raw);
    world.finish();
}

#[test]
fn a_record_of_a_form_that_this_version_does_not_know_is_not_guessed_at() {
    let (mut world, place) = World::with_study();
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    world.save(&ana, subject, vec![set("I.SYSBP", "120")]).unwrap();
    let raw = open_past_the_store(&mut world);
    raw.past.without_fences();
    let (key, version, sealed) = raw.record("item_group");
    let at = crate::raw::At { kind: "item_group", key: &key, version };
    let with = raw.key(&sealed[1..17]);
    let plain = String::from_utf8(crate::raw::open(&with, raw.organization, &at, &sealed)).unwrap();
    let newer = plain.replacen('{', "{\"invented_later\":true,", 1);
    let forged = crate::raw::seal(&with, raw.organization, &at, &sealed[..17], newer.as_bytes());
    raw.change("UPDATE record SET sealed = ?1 WHERE kind = 'item_group'", &[(&forged).into()]);
    drop(raw);
    world.open().unwrap();
    let outcome = world.organization().view(&ana, &crate::world::save::the_vitals(subject));
    assert!(matches!(outcome, Err(Error::Fault { .. })), "{outcome:?}");
    world.leave_broken();
}
