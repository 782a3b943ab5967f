//! Opening a data directory: one process at a time, the right keys, or a clear word about what is wrong.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use store::Installation;
use trial::ids::{Id, OrganizationId};

use crate::past::hex;
use crate::world::{Folder, Hands, World, first, founding, save::refused};

/// The code and words with which opening is refused.
#[track_caller]
fn refusal(world: &mut World) -> (&'static str, String) {
    let error = world.open().unwrap_err();
    let text = error.to_string();
    let told = refused::<()>(Err(error));
    assert_eq!(told.len(), 1);
    (told[0].1, text)
}

/// Puts another file in a file's place while `wrong` is looked at, then the first back.
fn instead(file: &Path, other: Option<&[u8]>, wrong: impl FnOnce()) {
    let aside = PathBuf::from(format!("{}.aside", file.display()));
    fs::rename(file, &aside).unwrap();
    if let Some(other) = other {
        fs::write(file, other).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    wrong();
    let _ = fs::remove_file(file);
    fs::rename(&aside, file).unwrap();
}

#[test]
fn a_second_server_on_the_same_files_is_refused() {
    let world = World::in_files();
    let second = Installation::open(world.folder(), None, Arc::<Hands>::clone(&world.clock));
    let error = second.unwrap_err();
    assert!(error.to_string().contains("stop it first"), "{error}");
    assert_eq!(refused::<()>(Err(error))[0].1, "in_use");
    world.finish();
}

#[test]
fn a_missing_wrong_or_open_root_key_is_told() {
    let mut world = World::founded();
    world.close();
    let file = world.folder().join("root.key");
    for (other, code, says) in [
        (None, "missing_key", "put it back"),
        (Some(&b"not hexadecimal"[..]), "wrong_key", "64 hexadecimal digits"),
        (Some(&[b'a'; 64][..]), "wrong_key", "does not open with this root key"),
    ] {
        instead(&file, other, || {
            let (found, text) = refusal(&mut world);
            assert_eq!(found, code);
            assert!(text.contains(says), "{text}");
        });
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, text) = refusal(&mut world);
    assert_eq!(code, "open_to_others");
    assert!(text.contains("chmod 600"), "{text}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    world.finish();
}

#[test]
fn files_of_another_organization_or_none_are_told() {
    let mut world = World::in_files();
    let mine = world.own_folder();
    let founded = world.installation().found(founding("Other Trials", false), &first("other token")).unwrap();
    let other = world.folder().join("organizations").join(founded.id().to_string());
    drop(founded);
    world.close();
    let their_keys = fs::read(other.join("keys.json")).unwrap();
    let their_data = fs::read(other.join("store.db")).unwrap();
    let away = world.folder().join("away");
    fs::rename(&other, &away).unwrap();
    for (file, instead_of, code, says) in [
        ("keys.json", Some(&their_keys[..]), "another_organization", "back in its own folder"),
        ("keys.json", Some(&b"{}"[..]), "wrong_key", "not a key file"),
        ("keys.json", None, "missing_key", "cannot be read"),
        ("store.db", Some(&their_data[..]), "wrong_key", "does not open with its organization's key"),
        ("store.db", None, "missing", "restore it"),
    ] {
        for beside in ["store.db-wal", "store.db-shm"] {
            let _ = fs::remove_file(mine.join(beside));
        }
        instead(&mine.join(file), instead_of, || {
            let (found, text) = refusal(&mut world);
            assert_eq!(found, code, "{file}: {text}");
            assert!(text.contains(says), "{file}: {text}");
        });
    }
    world.finish();
}

#[test]
fn a_folder_that_holds_no_data_is_told_and_one_that_does_is_not_overwritten() {
    let empty = Folder::new();
    fs::create_dir_all(empty.path()).unwrap();
    let error = Installation::open(empty.path(), None, Hands::new()).unwrap_err();
    assert!(error.to_string().contains("probity init"), "{error}");
    let world = World::founded();
    let again = Installation::create(world.folder(), None, Arc::<Hands>::clone(&world.clock));
    assert_eq!(refused(again.map(|_| ()))[0].1, "exists");
    world.finish();
}

#[test]
fn an_organization_whose_founding_was_broken_off_keeps_no_other_closed() {
    let mut world = World::in_files();
    world.close();
    let half = world.folder().join("organizations").join("0192f0c1-2f3e-7c4a-9b1d-3a5c7e9f1b2d.founding");
    fs::create_dir(&half).unwrap();
    fs::write(half.join("keys.json"), "{").unwrap();
    world.open().unwrap();
    assert!(!half.exists(), "it was never acknowledged, so nothing of it stays");
    assert_eq!(world.installation().all().len(), 1);
    world.finish();
}

#[test]
fn a_new_root_key_opens_everything_and_the_old_one_nothing() {
    let mut world = World::founded();
    let old = world.folder().join("root.key");
    let before = fs::read(&old).unwrap();
    assert_eq!(world.installation().rotate_root_key().unwrap(), 1);
    assert_ne!(fs::read(&old).unwrap(), before);
    world.open().unwrap();
    world.close();
    instead(&old, Some(&before), || assert_eq!(refusal(&mut world).0, "wrong_key"));
    world.finish();
}

#[test]
fn a_change_of_the_root_key_that_broke_off_between_two_organizations_is_ended_by_the_next_opening() {
    let mut world = World::founded();
    let founded = world.organization().id();
    drop(world.installation().found(founding("Other Trials", false), &first("other token")).unwrap());
    let (root, next) = (world.folder().join("root.key"), world.folder().join("root.key.next"));
    let (old_root, old_keys) = (fs::read(&root).unwrap(), keys(&world, founded));
    assert_eq!(world.installation().rotate_root_key().unwrap(), 2);
    world.close();
    // As a crash leaves it: the new key beside the old one, one organization rewrapped, the other not.
    fs::rename(&root, &next).unwrap();
    fs::write(&root, &old_root).unwrap();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o600)).unwrap();
    assert_ne!(keys(&world, founded), old_keys);
    set_keys(&world, founded, &old_keys);
    let new_root = fs::read(&next).unwrap();
    world.open().unwrap();
    assert_eq!(world.installation().all().len(), 2);
    assert_eq!(fs::read(&root).unwrap(), new_root);
    assert!(!next.exists());
    assert_ne!(keys(&world, founded), old_keys, "no organization opens with the old key");
    world.finish();
}

/// An organization's wrapped keys, where they lie.
fn keys(world: &World, id: OrganizationId) -> String {
    match &world.database {
        None => fs::read_to_string(key_file(world, id)).unwrap(),
        Some(database) => {
            database.sql(&format!("SELECT keys FROM probity.organization WHERE id = {}", literal(id))).unwrap()
        }
    }
}

fn set_keys(world: &World, id: OrganizationId, keys: &str) {
    match &world.database {
        None => fs::write(key_file(world, id), keys).unwrap(),
        Some(database) => {
            let set = format!("UPDATE probity.organization SET keys = '{keys}' WHERE id = {}", literal(id));
            database.sql(&set).map(drop).unwrap();
        }
    }
}

fn key_file(world: &World, id: OrganizationId) -> PathBuf {
    world.folder().join("organizations").join(id.to_string()).join("keys.json")
}

fn literal(id: OrganizationId) -> String {
    format!("'\\x{}'", hex(id.bytes()))
}
