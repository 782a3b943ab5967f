//! An installation on a PostgreSQL server: let in only over a certificate that holds, or a clear word about what is wrong;
//! and several programs on one database. Where the environment names no server, there is nothing to do.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

use serde_json::Value;
use store::{
    Error, Installation, Presence,
    acts::{AddSubject, SignOut},
};
use testbed::Database;

use crate::{
    raw::{Raw, sealed_server_password, server_password},
    world::{Folder, Hands, World, first, founding, save::refused},
};

/// Something about the way to the server, changed.
struct Wrong {
    name: &'static str,
    to: String,
    code: &'static str,
    says: &'static [&'static str],
}

/// What can be wrong with the way to a server.
fn all_wrong() -> Vec<Wrong> {
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let wrong = |name, to: &str, code, says| Wrong { name, to: to.into(), code, says };
    vec![
        wrong("authority", &other.cert.pem(), "certificate", &["127.0.0.1", "your authority", "name the right"]),
        wrong("authority", "no certificate", "authority", &["no certificate (PEM)", "name the one"]),
        wrong("password", "guessed", "not_let_in", &["127.0.0.1 does not let", "password"]),
        wrong("database", "nowhere", "no_database", &["no database nowhere", "create it first"]),
        // Nobody listens on the first port.
        wrong("hosts", "1", "no_answer", &["answers at 127.0.0.1:1", "start it"]),
    ]
}

#[track_caller]
fn assert_told(outcome: store::Result<Installation>, wrong: &Wrong) {
    let error = outcome.unwrap_err();
    let text = error.to_string();
    assert!(wrong.says.iter().all(|part| text.contains(part)), "{}: {text}", wrong.name);
    assert_eq!(refused::<()>(Err(error)), [(String::from("postgres"), wrong.code)], "{text}");
}

#[test]
fn a_new_installation_is_not_made_where_the_way_to_the_server_is_wrong() {
    let Some(database) = Database::from_environment().unwrap() else { return };
    let url = database.url();
    let (account, rest) = url.split_once('@').unwrap();
    let (place, name) = rest.split_once('/').unwrap();
    let (user, _) = account.rsplit_once(':').unwrap();
    for wrong in all_wrong() {
        let url = match wrong.name {
            "password" => format!("{user}:{}@{rest}", wrong.to),
            "database" => format!("{account}@{place}/{}", wrong.to),
            "hosts" => format!("{account}@127.0.0.1:{}/{name}", wrong.to),
            _ => url.clone(),
        };
        let authority = if wrong.name == "authority" { wrong.to.clone() } else { database.authority().unwrap() };
        let folder = Folder::new();
        assert_told(Installation::create_on(folder.path(), None, Hands::new(), &url, &authority), &wrong);
        assert!(!folder.path().join("root.key").exists(), "the same command can be given again");
    }
}

#[test]
fn a_server_whose_certificate_is_for_another_name_is_not_believed() {
    if Database::from_environment().unwrap().is_none() {
        return;
    }
    let elsewhere = testbed::Server::start_elsewhere("db.example.org").unwrap();
    let authority = fs::read_to_string(elsewhere.authority()).unwrap();
    let folder = Folder::new();
    let told = Installation::create_on(folder.path(), None, Hands::new(), &elsewhere.url(), &authority).unwrap_err();
    let text = told.to_string();
    assert!(text.contains("127.0.0.1") && text.contains("db.example.org") && text.contains("mend"), "{text}");
    assert_eq!(refused::<()>(Err(told)), [(String::from("postgres"), "certificate")], "{text}");
    assert!(!folder.path().join("root.key").exists(), "the same command can be given again");
    let heard = elsewhere.sql("postgres", "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'probity'");
    assert_eq!(heard.unwrap().trim(), "0", "nobody was let in");
}

#[test]
fn an_open_installation_connects_under_no_other_authority() {
    let Some(mut world) = World::on_server() else { return };
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let told = world.installation().connect_trusting(&other.cert.pem()).unwrap();
    assert_eq!(refused::<()>(told), [(String::from("postgres"), "certificate")]);
    let own = world.database.as_ref().unwrap().authority().unwrap();
    world.installation().connect_trusting(&own).unwrap().unwrap();
    world.finish();
}

#[test]
fn an_installation_is_not_opened_where_the_way_to_the_server_is_wrong() {
    let Some(mut world) = World::on_server() else { return };
    world.close();
    let file = world.folder().join("postgres.json");
    let text = fs::read_to_string(&file).unwrap();
    for wrong in all_wrong() {
        let mut place: Value = serde_json::from_str(&text).unwrap();
        let named = if wrong.name == "password" { "sealed_password" } else { wrong.name };
        place[named] = match wrong.name {
            "password" => sealed_server_password(world.folder(), &wrong.to).into(),
            "hosts" => serde_json::json!([["127.0.0.1", wrong.to.parse::<u16>().unwrap()]]),
            _ => Value::from(wrong.to.as_str()),
        };
        fs::write(&file, place.to_string()).unwrap();
        assert_told(Installation::open(world.folder(), None, Hands::new()), &wrong);
    }
    fs::write(&file, text).unwrap();
    world.finish();
}

#[test]
fn nothing_in_the_folder_opens_the_server_without_the_root_key() {
    let Some(mut world) = World::on_server() else { return };
    world.close();
    let (file, root) = (world.folder().join("postgres.json"), world.folder().join("root.key"));
    let text = fs::read_to_string(&file).unwrap();
    let password = server_password(world.folder());
    assert!(password.len() >= 32 && !text.contains(&password));
    let mut place: Value = serde_json::from_str(&text).unwrap();
    let sealed = place["sealed_password"].as_str().unwrap().to_owned();
    for wrong in [password, sealed.replace('A', "B"), String::new(), "in clear".to_owned()] {
        place["sealed_password"] = wrong.into();
        fs::write(&file, place.to_string()).unwrap();
        let error = Installation::open(world.folder(), None, Hands::new()).unwrap_err();
        assert!(error.to_string().contains("does not open with this root key"), "{error}");
        assert_eq!(refused::<()>(Err(error)), [(String::from("keys"), "wrong_key")]);
    }
    fs::write(&file, &text).unwrap();
    // A change that broke off once the file was sealed anew, before the new key had the old one's name.
    let (old, next) = (fs::read(&root).unwrap(), world.folder().join("root.key.next"));
    world.open().unwrap();
    world.installation().rotate_root_key().unwrap();
    world.close();
    assert_ne!(fs::read_to_string(&file).unwrap(), text);
    fs::rename(&root, &next).unwrap();
    fs::write(&root, old).unwrap();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o600)).unwrap();
    world.open().unwrap();
    world.close();
    assert!(!next.exists());
    world.open().unwrap();
    world.finish();
}

#[test]
fn a_database_holds_one_installation() {
    let Some(world) = World::on_server() else { return };
    let folder = Folder::new();
    let database = world.database.as_ref().unwrap();
    let second = crate::world::create(folder.path(), Some(database), &Hands::new());
    let error = second.unwrap_err();
    assert!(error.to_string().contains("belongs to an installation already"), "{error}");
    assert_eq!(refused::<()>(Err(error))[0].1, "exists");
    world.finish();
}

#[test]
fn two_servers_on_one_database_see_what_the_other_did() {
    let Some(mut world) = World::on_server() else { return };
    let place = world.add_study("S.VITALS");
    world.coordinator("ana", &place);
    let ana = world.sign_in("ana", "at two servers");
    let other = Installation::open(world.folder(), None, Arc::<Hands>::clone(&world.clock)).unwrap();
    let there = other.organization(world.organization().id()).unwrap();
    let mut indexes = Vec::new();
    for n in 0..6 {
        let add = AddSubject { site: place.oslo, code: format!("OSL-{n}") };
        let receipt = match n % 2 {
            0 => world.act(&ana, add),
            _ => there.act(&ana, add, world.request()).unwrap(),
        };
        indexes.push(receipt.index);
    }
    assert!(indexes.windows(2).all(|pair| pair[1] == pair[0] + 1), "one ledger without a gap: {indexes:?}");
    let asks = || there.authenticate("at two servers", Presence::Person).unwrap();
    assert!(asks().is_some());
    world.act(&ana, SignOut {});
    let told = there.act(&ana, AddSubject { site: place.oslo, code: "late".into() }, world.request()).unwrap_err();
    assert!(matches!(told, Error::SignedOut), "signed out everywhere: {told}");
    assert!(asks().is_none(), "and memory knows by now");
    // An organization founded by one is found by the other.
    let founded = world.installation().found(founding("Other Trials", false), &first("other token")).unwrap();
    other.refresh().unwrap();
    assert_eq!(other.organization(founded.id()).map(|found| found.id()), Some(founded.id()));
    drop((founded, there, other));
    world.finish();
}

#[test]
fn keys_of_another_organization_are_told() {
    let Some(mut world) = World::on_server() else { return };
    drop(world.installation().found(founding("Other Trials", false), &first("other token")).unwrap());
    world.close();
    let database = world.database.as_ref().unwrap();
    let text = database.sql("SELECT id, keys FROM probity.organization").unwrap();
    database
        .sql("UPDATE probity.organization SET keys = (SELECT keys FROM probity.organization ORDER BY id LIMIT 1)")
        .unwrap();
    let error = Installation::open(world.folder(), None, Hands::new()).unwrap_err();
    assert!(error.to_string().contains("back in its own row"), "{error} {text}");
    assert_eq!(refused::<()>(Err(error))[0].1, "another_organization");
    world.leave_broken();
}

#[test]
fn a_founding_that_was_broken_off_is_removed_by_the_next() {
    let Some(mut world) = World::on_server() else { return };
    let there = |world: &World, what: &str| {
        let rows = world.database.as_ref().unwrap().sql(what).unwrap();
        rows.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let schemas = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'organization_%' ORDER BY 1";
    let named = "SELECT 'organization_' || encode(id, 'hex') FROM probity.organization ORDER BY 1";
    let mut short = first("other token");
    short.sign_in = String::new();
    assert!(world.installation().found(founding("Half Trials", false), &short).is_err());
    let (left, kept) = (there(&world, schemas), there(&world, named));
    assert_eq!((left.len(), kept.len()), (2, 1));
    world.open().unwrap();
    assert_eq!(world.installation().all().len(), 1, "it keeps no other closed");
    let url = world.database.as_ref().unwrap().url();
    assert!(world.installation().found(founding("Other Trials", false), &first("t")).is_err(), "the owner founds");
    world.installation().set_owner(&url).unwrap();
    drop(world.installation().found(founding("Other Trials", false), &first("other token")).unwrap());
    assert_eq!(there(&world, schemas), there(&world, named));
    let gone = left.iter().find(|schema| !kept.contains(schema)).unwrap();
    let role = there(&world, &format!("SELECT 1 FROM pg_roles WHERE rolname = '{gone}'"));
    assert!(role.is_empty(), "its role is gone too");
    world.finish();
}

#[test]
fn both_databases_have_the_same_tables_and_columns() {
    let Some(mut server) = World::on_server() else { return };
    let mut files = World::in_files();
    server.close();
    files.close();
    let (there, here) = (Raw::open(&server), Raw::open(&files));
    let columns = there.past.columns();
    assert!(columns.len() > 100, "{columns:?}");
    assert_eq!(columns, here.past.columns());
    drop((there, here));
    server.finish();
    files.finish();
}
