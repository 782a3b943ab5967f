//! Go's `sumdb/note` and `sumdb/tlog` over a whole archive, and over the forged tile.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ledger::leaf_hash;

use crate::oracle_python::{claims, oracle, present};
use crate::world::{Log, entry, folder, keys};

/// Where the distribution puts Go libraries for use without modules.
const GOPATH: &str = "/usr/share/gocode";

/// Builds the Go program; none where Go or its libraries are absent and may be.
fn program(folder: &Path) -> Option<PathBuf> {
    let go = Command::new("go").arg("version").output().is_ok_and(|out| out.status.success());
    let libraries = Path::new(GOPATH).join("src/golang.org/x/mod/sumdb/tlog").is_dir();
    if !present(go && libraries, "Go with golang.org/x/mod") {
        return None;
    }
    let program = folder.join("archive");
    let out = Command::new("go")
        .args(["build", "-o"])
        .args([&program, &oracle("archive.go")])
        .env("GO111MODULE", "off")
        .env("GOPATH", GOPATH)
        .env("GOFLAGS", "")
        .env("CGO_ENABLED", "0")
        // Beside the other things tests leave, and kept from run to run.
        .env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-build"))
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    Some(program)
}

fn run(program: &Path, archive: &Path, claimed: &Path, forged: Option<u64>) -> Output {
    let vkey = keys()[0].to_string();
    let forged = forged.map(|index| index.to_string());
    Command::new(program).args([archive, claimed]).arg(vkey).args(forged).output().unwrap()
}

#[test]
fn go_verifies_an_archive_and_finds_each_damage_to_it() {
    let folder = folder("go-archive");
    let Some(program) = program(&folder) else { return };
    let log = Log::of(600);
    let claimed = folder.join("claims.json");
    std::fs::write(&claimed, claims(&log).to_string()).unwrap();
    let whole = folder.join("whole");
    let archive = log.archive();
    archive.write(&whole);
    let out = run(&program, &whole, &claimed, None);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(String::from_utf8_lossy(&out.stdout).trim(), format!("ok {}", log.head(600).root));

    for (n, (path, at)) in [("checkpoint", 31), ("tile/entries/001", 40), ("tile/0/000", 40)].into_iter().enumerate() {
        let mut damaged = archive.clone();
        damaged.files.get_mut(path).unwrap()[at] ^= 1;
        let place = folder.join(format!("damaged-{n}"));
        damaged.write(&place);
        assert!(!run(&program, &place, &claimed, None).status.success(), "{path} was changed and Go did not see it");
    }

    // The forged tile: Go's full recomputation finds it; its tile reader, before x/mod 0.40, does not.
    let log = Log::of(259);
    let lie = leaf_hash(&entry(9999).encode().unwrap());
    let mut forged = log.archive();
    forged.files.get_mut("tile/0/000").unwrap()[7 * 32..8 * 32].copy_from_slice(&lie.0);
    let place = folder.join("forged");
    forged.write(&place);
    std::fs::write(&claimed, claims(&log).to_string()).unwrap();
    assert!(!run(&program, &place, &claimed, None).status.success());
    let out = run(&program, &place, &claimed, Some(7));
    let said = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    println!("Go's tile reader, of the forged tile: {said}");
    assert!(said == format!("fooled {lie}") || said.starts_with("refused "), "{said}");
}
