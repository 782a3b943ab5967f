//! A full disk: acts say so, nothing is half stored, and all goes on when there is room again, without a restart. A
//! server's disk is not under the tests' hands, so these are all of files.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use store::{Error, views::Account};

use crate::world::{
    Folder, World,
    save::{Beside, set},
};

/// Set in the process whose files may not grow.
const SMALL: &str = "PROBITY_TEST_SMALL_FILES";

/// Saves until the disk is full, frees it, and goes on.
fn fill_and_go_on(mut world: World, place: crate::world::Place, free: impl FnOnce()) {
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-001");
    let mut stored = 0_usize;
    let told = loop {
        let note = format!("note {stored} {}", "x".repeat(180));
        let save = world.save_unseen(&ana, subject, stored, vec![set("I.NOTE", &note).because_of("again")]);
        match save {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 20_000, "the disk never got full");
    };
    assert!(matches!(told, Error::Busy { retry_after: 30, .. }), "{told:?}");
    assert!(told.to_string().contains("disk"), "{told}");
    let again = world.save_unseen(&ana, subject, stored, vec![set("I.NOTE", "still full").because_of("again")]);
    assert!(matches!(again, Err(Error::Busy { .. })), "{again:?}");
    // Looking at clinical data is recorded before it is answered, so it waits too; one's own account is not.
    // Its entry is small: a few more may fit.
    let looks = (0..2_000).map(|_| world.organization().view(&ana, &crate::world::save::the_vitals(subject)));
    let told = looks.filter_map(Result::err).next().expect("the disk to be full for views too");
    assert!(matches!(told, Error::Busy { .. }), "{told:?}");
    assert_eq!(world.organization().view(&ana, &Account {}).unwrap().sign_in, "ana");

    free();
    assert_eq!(
        world.history(&ana, subject, "IG.VITALS", "", "I.NOTE").len(),
        stored,
        "each acknowledged one, and no other"
    );
    world.save(&ana, subject, vec![set("I.NOTE", "room again").because_of("again")]).unwrap();
    world.assert_whole();
    world.open().unwrap();
    assert_eq!(world.history(&ana, subject, "IG.VITALS", "", "I.NOTE").len(), stored + 1);
    world.finish();
}

/// A small file system of memory, unmounted when the test is over.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn a_full_file_system_is_told_and_passes() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path()).unwrap();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"])
        .arg(folder.path())
        .stderr(Stdio::null())
        .status();
    if !mount.is_ok_and(|status| status.success()) {
        eprintln!("skipped: nothing may be mounted here; the limit of file sizes is tested all the same");
        return;
    }
    let mounted = Mounted(folder.path().to_owned());
    let filler = folder.path().join("filler");
    let mut world = World::in_folder(folder);
    let place = world.add_study("S.VITALS");
    fs::write(&filler, vec![1; 20 << 20]).unwrap();
    fill_and_go_on(world, place, || fs::remove_file(&filler).unwrap());
    drop(mounted);
}

#[test]
fn files_that_may_not_grow_are_told_and_may_grow_again() {
    let limited = "trap '' XFSZ; ulimit -S -f 4096; exec \"$@\"";
    let status = Command::new("sh")
        .args(["-c", limited, "sh"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "disk::the_process_with_small_files", "--nocapture"])
        .env(SMALL, "1")
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}

/// Not a test of its own: the process whose files may not grow.
#[test]
fn the_process_with_small_files() {
    if env::var_os(SMALL).is_none() {
        return;
    }
    let mut world = World::in_files();
    let place = world.add_study("S.VITALS");
    fill_and_go_on(world, place, || {
        let status = Command::new("prlimit")
            .args(["--pid", &std::process::id().to_string(), "--fsize=unlimited"])
            .status()
            .unwrap();
        assert!(status.success());
    });
}
