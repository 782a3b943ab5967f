//! At rest: nothing of what was typed is in any file in clear. On a server, codes and names of studies, sites and
//! subjects are columns that it can read; values, reasons and people are not.

use std::{
    fs,
    path::{Path, PathBuf},
};

use store::acts::{AddSubject, EraseSubject};

use crate::world::{
    World, definition, publish,
    save::{Beside, med, set, vitals, without_row},
};

/// Words that occur nowhere else.
const CANARIES: [&str; 9] = [
    "Zanzibarquill",
    "Quokkalantern",
    "Vellichorbeam",
    "Oropendolawisp",
    "Xylotheque",
    "Brobdingmoss",
    "Fjordlemur",
    "Gossamerkiln",
    "Nightjarpivot",
];

#[test]
fn nothing_typed_is_on_disk_in_clear() {
    let [note, reason, because, name, email, code, text, removal, erasure] = &CANARIES;
    let (mut world, place) = World::with_study();
    let adam = world.actor("adam");
    let mut person = crate::world::new_person("eve", "token of eve");
    (person.name, person.email) = (format!("Eve {name}"), format!("{email}@example.org"));
    world.act(&adam, person);
    let sofie = world.actor("sofie");
    world.act(&sofie, publish(place.study, definition::study("1", text)));
    let ana = world.coordinator("ana", &place);
    let subject = world.act(&ana, AddSubject { site: place.oslo, code: (*code).into() }).id("subject").unwrap();
    let changes = vec![set("I.NOTE", note), set("I.SYSBP", "200").kept_because(because), med("1", "I.MED", "aspirin")];
    world.save(&ana, subject, changes).unwrap();
    world.save(&ana, subject, vec![set("I.NOTE", "else").because_of(reason)]).unwrap();
    let revision = world.form(&ana, subject).revision;
    world.act(&ana, without_row(vitals(subject, revision, vec![]), "1", removal));
    let gone = world.subject(&ana, place.oslo, "gone");
    world.act(&sofie, EraseSubject { subject: gone, reason: (*erasure).into() });
    assert_eq!(world.value(&ana, subject, "", "I.NOTE").as_deref(), Some("else"));

    let open = search(world.folder(), &CANARIES);
    if let Some(database) = &world.database {
        let sealed = CANARIES.map(|canary| if canary == *code { note } else { canary });
        database.sql("CHECKPOINT").unwrap();
        let data = PathBuf::from(database.sql("SHOW data_directory").unwrap());
        let own = database.sql("SELECT oid FROM pg_database WHERE datname = current_database()").unwrap();
        for part in [format!("base/{own}"), "pg_wal".into(), "pg_xact".into(), "global".into()] {
            assert!(!search(&data.join(part), &sealed).is_empty());
        }
        let there = search_for(&data.join("base").join(own), &[code]);
        assert!(!there.is_empty(), "what is in clear is found, so the search finds");
    } else {
        assert!(open.iter().any(|file| file.ends_with("store.db-wal")), "the write-ahead log was among them: {open:?}");
    }
    world.close();
    search(world.folder(), &CANARIES);
    world.finish();
}

/// Asserts that no canary is in any file; the files it read.
#[track_caller]
fn search(folder: &Path, canaries: &[&str]) -> Vec<String> {
    assert_eq!(search_for(folder, canaries), [""; 0]);
    files(folder).iter().map(|path| path.display().to_string()).collect()
}

/// Looks for canaries in every file, in the encodings that a database might write: where they are.
fn search_for(folder: &Path, canaries: &[&str]) -> Vec<String> {
    let texts: Vec<Vec<u8>> = canaries
        .iter()
        .flat_map(|canary| {
            let wide = canary.encode_utf16().flat_map(u16::to_le_bytes).collect();
            [canary.as_bytes().to_vec(), canary.to_lowercase().into_bytes(), wide]
        })
        .collect();
    let begins: Vec<bool> = (0..=u8::MAX).map(|byte| texts.iter().any(|text| text[0] == byte)).collect();
    let mut found = Vec::new();
    for path in files(folder) {
        // Other tests' work on the same server may take a file away meanwhile.
        let Ok(bytes) = fs::read(&path) else { continue };
        for (at, byte) in bytes.iter().enumerate() {
            if begins[usize::from(*byte)] {
                let here = texts.iter().filter(|text| bytes[at..].starts_with(text));
                found.extend(here.map(|text| format!("{} in {}", String::from_utf8_lossy(text), path.display())));
            }
        }
        if path.extension().is_some_and(|extension| extension == "db") {
            assert!(!bytes.starts_with(b"SQLite format 3"), "{} has SQLite's header", path.display());
            assert!(bytes.len() >= 4096);
        }
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    all.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
