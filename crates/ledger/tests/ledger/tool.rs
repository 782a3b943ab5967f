//! `ledger-verify` as an inspector runs it: what it says and how it exits.

use std::path::Path;
use std::process::Command;

use crate::world::{Log, folder, keys};

struct Said {
    code: i32,
    out: String,
    err: String,
}

fn run(arguments: &[&str]) -> Said {
    let out = Command::new(env!("CARGO_BIN_EXE_ledger-verify")).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Said { code: out.status.code().unwrap(), out: text(&out.stdout), err: text(&out.stderr) }
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_bundle_is_verified_or_refused() {
    let folder = folder("tool-bundle");
    let log = Log::of(12);
    let bundle = write(&folder, "a.tlog-proof", log.bundle(5).encode());
    let entry = write(&folder, "entry.json", &log.entries[5]);
    let other = write(&folder, "other.json", &log.entries[6]);
    let [ed25519, ml_dsa] = [0, 1].map(|n| keys()[n].to_string());
    let both = write(&folder, "keys", format!("# the ledger's keys\n{ed25519}\n\n{ml_dsa}\n"));

    let said = run(&["bundle", &bundle, "--entry", &entry, "--key", &ed25519, "--key", &ml_dsa]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(said.out.starts_with("verified: this is entry 5 of probity.example/ledger/0197a1\n"), "{}", said.out);
    assert!(said.out.contains("ML-DSA-44") && !said.out.contains("note:"));
    assert_eq!(run(&["bundle", &bundle, "--entry", &entry, "--keys", &both]).code, 0);

    let said = run(&["bundle", &bundle, "--entry", &entry, "--key", &ed25519]);
    assert_eq!(said.code, 0);
    assert!(said.out.contains("no ML-DSA-44 subtree/v1 key was given"), "{}", said.out);

    let said = run(&["bundle", &bundle, "--entry", &other, "--keys", &both]);
    assert_eq!(said.code, 1);
    assert!(said.out.starts_with("REFUSED: the entry is not the one that was logged"), "{}", said.out);
}

#[test]
fn an_archive_is_verified_or_what_is_wrong_is_named() {
    let folder = folder("tool-archive");
    let log = Log::of(600);
    let whole = folder.join("whole");
    log.archive().write(&whole);
    let seen = write(&folder, "seen", log.note(400));
    let newer = write(&folder, "newer", Log::of(700).note(700));
    let vkeys: Vec<String> = keys().iter().map(ToString::to_string).collect();
    let with = ["--key", &vkeys[0], "--key", &vkeys[1]];

    let said = run(&[&["archive", whole.to_str().unwrap(), "--seen", &seen], &with[..]].concat());
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    assert!(
        said.out.contains("600 entries read") && said.out.contains("continues 1 earlier checkpoint"),
        "{}",
        said.out
    );
    let said = run(&[&["archive", whole.to_str().unwrap()], &with[..]].concat());
    assert!(said.code == 0 && said.out.contains("not compared with any earlier checkpoint"), "{}", said.out);
    let said = run(&[&["archive", whole.to_str().unwrap(), "--seen", &newer], &with[..]].concat());
    assert_eq!(said.code, 1);
    assert!(said.out.contains("FOUND rolled-back: an old copy was put back"), "{}", said.out);

    let mut archive = log.archive();
    archive.files.get_mut("tile/entries/001").unwrap()[400] ^= 1;
    let damaged = folder.join("damaged");
    archive.write(&damaged);
    let said = run(&[&["archive", damaged.to_str().unwrap()], &with[..]].concat());
    assert_eq!(said.code, 1);
    assert!(said.out.contains("REFUSED") && said.out.contains("first entry known to be wrong: 256"), "{}", said.out);
}

#[test]
fn what_cannot_be_checked_is_neither_verified_nor_refused() {
    let folder = folder("tool-usage");
    let key = keys()[0].to_string();
    let bundle = write(&folder, "a.tlog-proof", Log::of(1).bundle(0).encode());
    for (arguments, reason) in [
        (vec![], "say what to check"),
        (vec!["prove", "--key", &key], "there is no command prove"),
        (vec!["bundle", "--key", &key], "bundle needs the file"),
        (vec!["bundle", &bundle, "--key", &key], "give the entry with --entry"),
        (vec!["bundle", &bundle, "--entry", "absent", "--key", &key], "cannot read absent"),
        (vec!["bundle", &bundle, "--entry"], "--entry needs a file"),
        (vec!["bundle", &bundle, "--entry", &bundle], "give the ledger's public keys"),
        (vec!["bundle", &bundle, "--entry", &bundle, "--key", "rubbish"], "not a verifier key"),
        (vec!["bundle", &bundle, "--opaque", "--key", &key], "belong to archive"),
        (vec!["archive", "absent", "--key", &key], "cannot read absent"),
        (vec!["archive", &bundle, "--key", &key], "it is not a folder"),
        (vec!["archive", "a", "b", "--key", &key], "one thing at a time"),
        (vec!["archive", "a", "--fast"], "there is no option --fast"),
    ] {
        let said = run(&arguments);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{arguments:?}");
        assert!(said.err.contains(reason) && said.err.starts_with("ledger-verify: "), "{arguments:?}: {}", said.err);
    }
}

#[test]
fn help_and_version_are_answers() {
    let said = run(&["--help"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(said.out.contains("USAGE") && said.out.contains("EXIT STATUS"));
    assert!(said.out.lines().all(|line| line.chars().count() <= 88), "fits a terminal");
    assert!(run(&["-V"]).out.starts_with("ledger-verify "));
}
