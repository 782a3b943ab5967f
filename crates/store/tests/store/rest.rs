//! At rest: nothing of what was typed is in any file in clear.

use std::{fs, path::Path};

use store::acts::{AddSubject, EraseSubject};

use crate::world::{
    World, definition, publish,
    save::{Beside, med, set, vitals, without_row},
};

/// Words that occur nowhere else.
const CANARIES: &[&str] = &[
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
    let [note, reason, because, name, email, code, text, removal, erasure] = CANARIES else { panic!("nine words") };
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

    let open = search(world.folder());
    assert!(open.iter().any(|file| file.ends_with("store.db-wal")), "the write-ahead log was among them: {open:?}");
    world.close();
    search(world.folder());
    world.finish();
}

/// Looks for every canary in every file, in the encodings that a database might write; the files it read.
fn search(folder: &Path) -> Vec<String> {
    let mut read = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read.append(&mut search(&path));
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for canary in CANARIES {
            let wide: Vec<u8> = canary.encode_utf16().flat_map(u16::to_le_bytes).collect();
            for text in [canary.as_bytes(), canary.to_lowercase().as_bytes(), &wide] {
                let found = bytes.windows(text.len()).any(|window| window == text);
                assert!(!found, "{canary} is in {}", path.display());
            }
        }
        if path.extension().is_some_and(|extension| extension == "db") {
            assert!(!bytes.starts_with(b"SQLite format 3"), "{} has SQLite's header", path.display());
            assert!(bytes.len() >= 4096);
        }
        read.push(path.display().to_string());
    }
    read
}
