//! Python's `hashlib`, `cryptography` and `pymerkle` over a whole archive, and the script that
//! `docs/ledger.md` gives to readers, run as it stands there.

use std::path::Path;
use std::process::{Command, Output};

use ledger::cosignature::sign;
use ledger::note::Note;
use ledger::signing::{Ed25519Signer, Signer as _};
use ledger::tree::{Leaves, consistency_proof, inclusion_proof, root_at};

use crate::world::{Log, SIGNED_AT, folder, keys};

/// The Python that has the packages; none where it is absent and may be.
fn python(packages: &str) -> Option<String> {
    let python = std::env::var("PROBITY_PYTHON").unwrap_or_else(|_| "python3".into());
    let found = Command::new(&python).args(["-c", &format!("import {packages}")]).output();
    present(found.is_ok_and(|out| out.status.success()), &format!("Python with {packages}")).then_some(python)
}

/// Whether a foreign verifier is there; says that the test is skipped, or fails where that is not allowed.
pub fn present(found: bool, what: &str) -> bool {
    if !found {
        assert!(std::env::var("PROBITY_REQUIRE_ORACLES").is_err(), "{what} is required and absent");
        println!("skipped: {what} absent");
    }
    found
}

/// What we say of a log's roots and proofs, for others to contradict.
pub fn claims(log: &Log) -> serde_json::Value {
    let leaves = log.leaves();
    let tree = Leaves(&leaves);
    let size = log.size();
    let hex = |proof: Vec<ledger::Hash>| proof.iter().map(ToString::to_string).collect::<Vec<_>>();
    let sizes: Vec<u64> = [1, 2, 3, 5, 8, 200, 255, 256, 257, size].into_iter().filter(|n| *n <= size).collect();
    let mut inclusion = Vec::new();
    let mut consistency = Vec::new();
    for &size in &sizes {
        for index in (0..size).step_by(37).chain([size - 1]) {
            let proof = hex(inclusion_proof(&tree, index, size).unwrap());
            inclusion.push(serde_json::json!({"index": index, "size": size, "proof": proof}));
        }
        for old in (1..=size).step_by(41) {
            let proof = hex(consistency_proof(&tree, old, size).unwrap());
            consistency.push(serde_json::json!({"old": old, "new": size, "proof": proof}));
        }
    }
    let roots: Vec<String> = (0..=size).map(|size| root_at(&tree, size).unwrap().to_string()).collect();
    serde_json::json!({"roots": roots, "inclusion": inclusion, "consistency": consistency})
}

pub fn oracle(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles").join(name)
}

fn run(python: &str, script: &Path, arguments: &[&Path], keys: &[String]) -> Output {
    Command::new(python).arg(script).args(arguments).args(keys).output().unwrap()
}

#[test]
fn python_verifies_an_archive_and_finds_each_damage_to_it() {
    let Some(python) = python("cryptography.hazmat.primitives.asymmetric.mldsa, pymerkle") else { return };
    let log = Log::of(600);
    let folder = folder("python-archive");
    let claimed = folder.join("claims.json");
    std::fs::write(&claimed, claims(&log).to_string()).unwrap();
    let script = oracle("archive.py");
    let mut vkeys: Vec<String> = keys().iter().map(ToString::to_string).collect();
    let check = |archive: &Path, vkeys: &[String]| run(&python, &script, &[archive, &claimed], vkeys);

    let whole = folder.join("whole");
    let mut archive = log.archive();
    // A witness's cosignature beside the log's own signatures.
    let witness = Ed25519Signer::cosigner("witness.example/a", &[3; 32]).unwrap();
    let mut note = Note::parse(&archive.files["checkpoint"]).unwrap();
    note.push(sign(&log.head(600), &witness, SIGNED_AT).unwrap());
    archive.files.insert("checkpoint".into(), note.to_string().into_bytes());
    vkeys.push(witness.key().to_string());
    archive.write(&whole);
    let out = check(&whole, &vkeys);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(String::from_utf8_lossy(&out.stdout).trim(), format!("ok {}", log.head(600).root));

    for (n, path) in ["checkpoint", "tile/entries/001", "tile/0/000", "tile/1/000.p/2"].into_iter().enumerate() {
        let mut damaged = archive.clone();
        let file = damaged.files.get_mut(path).unwrap();
        let at = if path == "checkpoint" { file.len() - 20 } else { 40 };
        file[at] ^= 1;
        let place = folder.join(format!("damaged-{n}"));
        damaged.write(&place);
        assert!(!check(&place, &vkeys).status.success(), "{path} was changed and Python did not see it");
    }
}

#[test]
fn the_script_in_the_documentation_verifies_a_bundle_and_refuses_a_changed_one() {
    let Some(python) = python("cryptography.hazmat.primitives.asymmetric.mldsa") else { return };
    let documentation = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ledger.md");
    let documentation = std::fs::read_to_string(documentation).unwrap();
    let script = documentation.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = folder("python-bundle");
    let [path, bundle, entry] = ["check.py", "a.tlog-proof", "entry.json"].map(|name| folder.join(name));
    std::fs::write(&path, script).unwrap();
    let vkeys: Vec<String> = keys().iter().map(ToString::to_string).collect();
    let check = || run(&python, &path, &[&bundle, &entry], &vkeys);

    for (size, index) in [(1, 0), (2, 1), (5, 4), (7, 3), (8, 0), (300, 299), (300, 17)] {
        let log = Log::of(size);
        let text = log.bundle(index).encode();
        std::fs::write(&bundle, &text).unwrap();
        std::fs::write(&entry, &log.entries[usize::try_from(index).unwrap()]).unwrap();
        let out = check();
        assert!(out.status.success(), "{index} of {size}: {}", String::from_utf8_lossy(&out.stderr));
        if size == 7 {
            std::fs::write(&bundle, text.replacen("index 3", "index 2", 1)).unwrap();
            assert!(!check().status.success(), "another index");
            std::fs::write(&bundle, text.replacen("\n7\n", "\n6\n", 1)).unwrap();
            assert!(!check().status.success(), "another size");
            std::fs::write(&bundle, &text).unwrap();
            std::fs::write(&entry, &log.entries[2]).unwrap();
            assert!(!check().status.success(), "another entry");
        }
    }
}
