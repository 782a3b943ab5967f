//! The root key on a PKCS #11 token: Debian's SoftHSM, as a hospital's HSM would be asked.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use super::{FOUNDING, Folder, organization, said};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "pin of the tests";

/// An installation, and a token of its own.
struct World {
    folder: Folder,
}

impl World {
    fn new() -> Self {
        let folder = Folder::new();
        let world = World { folder };
        fs::create_dir(world.tokens()).unwrap();
        let conf = format!("directories.tokendir = {}\nlog.level = ERROR\n", world.tokens().display());
        fs::write(world.conf(), conf).unwrap();
        world.write_pin(PIN);
        world.token("Probity");
        world
    }

    fn tokens(&self) -> PathBuf {
        self.folder.0.join("tokens")
    }

    fn conf(&self) -> PathBuf {
        self.folder.0.join("softhsm2.conf")
    }

    fn data(&self) -> PathBuf {
        self.folder.data()
    }

    fn pin(&self) -> PathBuf {
        self.folder.0.join("pin")
    }

    fn write_pin(&self, pin: &str) {
        let _ = fs::remove_file(self.pin());
        fs::write(self.pin(), format!("{pin}\n")).unwrap();
        fs::set_permissions(self.pin(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Something of this world's tokens.
    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).env("SOFTHSM2_CONF", self.conf()).stdin(Stdio::null());
        command.env("PROBITY_DATA", self.data()).env_remove("PROBITY_PASSWORD").output().unwrap()
    }

    #[track_caller]
    fn done(&self, program: &str, arguments: &[&str]) -> String {
        let (status, text) = said(&self.run(program, arguments));
        assert_eq!(status, 0, "{program} {arguments:?}: {text}");
        text
    }

    /// A new token.
    fn token(&self, label: &str) {
        let pins = ["--pin", PIN, "--so-pin", "pin of the officer"];
        self.done("softhsm2-util", &[&["--init-token", "--free", "--label", label][..], &pins].concat());
    }

    /// Debian's independent tool.
    fn tool(&self, arguments: &[&str]) -> String {
        let token = ["--module", MODULE, "--token-label", "Probity", "--login", "--pin", PIN];
        self.done("pkcs11-tool", &[&token[..], arguments].concat())
    }

    /// The URI of a key.
    fn key(&self, label: &str) -> String {
        self.key_on("Probity", label)
    }

    fn key_on(&self, token: &str, label: &str) -> String {
        format!("pkcs11:token={token};object={label}?module-path={MODULE}&pin-source=file:{}", self.pin().display())
    }

    #[track_caller]
    fn expect(&self, arguments: &[&str], status: i32, words: &[&str]) {
        let (got, text) = said(&self.run(env!("CARGO_BIN_EXE_probity"), arguments));
        assert_eq!(got, status, "{arguments:?}: {text}");
        for word in words {
            assert!(text.contains(word), "{arguments:?} does not say “{word}”: {text}");
        }
        assert!(!text.contains(PIN), "{text}");
    }

    /// An installation whose root key is this.
    fn found(&self, key: &str) {
        self.expect(&[&FOUNDING[..], &["--root-key", key]].concat(), 0, &["founded Nordic Trials"]);
    }

    fn verified_with(&self, key: &str) {
        self.expect(&["verify", "--root-key", key], 0, &["verified"]);
    }

    fn keys(&self) -> PathBuf {
        organization(&self.data()).join("keys.json")
    }
}

#[test]
fn a_root_key_on_a_token_opens_what_it_wraps_and_never_leaves() {
    let world = World::new();
    let key = world.key("root");
    world.expect(
        &[&FOUNDING[..], &["--root-key", &key]].concat(),
        0,
        &["The root key is “root” on the token “Probity”"],
    );
    assert!(!world.data().join("root.key").exists());
    world.verified_with(&key);
    world.expect(&["verify"], 2, &["root.key cannot be read"]);
    world.expect(&["org", "list", "--root-key", &key], 0, &["Nordic Trials"]);
    let listed = world.tool(&["--list-objects"]);
    assert_eq!(listed.matches("Secret Key Object").count(), 1, "{listed}");
    assert!(listed.contains("AES length 32") && listed.contains("sensitive"), "{listed}");
    assert!(listed.contains("never extractable") && listed.contains("local"), "{listed}");
    // Neither the file of the keys nor anything else beside the data holds what opens them.
    let mut another = FOUNDING;
    (another[0], another[2]) = ("create", "Other Trials");
    world.expect(&[&["org"], &another[..], &["--root-key", &key]].concat(), 0, &["founded Other Trials"]);
    world.verified_with(&key);
    let elsewhere = World::new();
    fs::rename(world.data(), elsewhere.data()).unwrap();
    elsewhere.expect(&["verify", "--root-key", &elsewhere.key("root")], 2, &["there is no key “root”"]);
    elsewhere.done(
        "pkcs11-tool",
        &[
            "--module",
            MODULE,
            "--token-label",
            "Probity",
            "--login",
            "--pin",
            PIN,
            "--keygen",
            "--key-type",
            "AES:32",
            "--label",
            "root",
            "--id",
            "01",
            "--sensitive",
        ],
    );
    elsewhere.expect(&["verify", "--root-key", &elsewhere.key("root")], 2, &["does not open with this root key"]);
}

#[test]
fn a_root_key_on_a_token_is_changed_and_the_old_one_is_destroyed() {
    let world = World::new();
    let key = world.key("root");
    world.found(&key);
    let before = fs::read(world.keys()).unwrap();
    let id = |listed: &str| listed.lines().find(|line| line.contains("ID:")).unwrap().trim().to_owned();
    let old = id(&world.tool(&["--list-objects"]));
    world.expect(&["key", "rotate", "--root-key", &key], 0, &["is a new root key", "1 organization"]);
    let listed = world.tool(&["--list-objects"]);
    assert_eq!(listed.matches("Secret Key Object").count(), 1, "{listed}");
    assert_ne!(id(&listed), old);
    world.verified_with(&key);
    let after = fs::read(world.keys()).unwrap();
    fs::write(world.keys(), before).unwrap();
    world.expect(&["verify", "--root-key", &key], 2, &["does not open with this root key"]);
    // Changed at its end, where the tag of what the token sealed is.
    let mut file: serde_json::Value = serde_json::from_slice(&after).unwrap();
    let sealed = file["organization_key"].as_str().unwrap().to_owned();
    let other = if sealed.as_bytes()[sealed.len() - 6] == b'A' { "B" } else { "A" };
    let mut changed = sealed.clone();
    changed.replace_range(sealed.len() - 6..sealed.len() - 5, other);
    file["organization_key"] = changed.into();
    fs::write(world.keys(), file.to_string()).unwrap();
    world.expect(&["verify", "--root-key", &key], 2, &["does not open with this root key", "or was changed"]);
    fs::write(world.keys(), after).unwrap();
    world.verified_with(&key);
}

#[test]
fn a_change_that_broke_off_on_a_token_is_ended_by_the_next_opening() {
    let world = World::new();
    let (key, next) = (world.key("root"), world.key("root.next"));
    world.found(&key);
    let before = fs::read(world.keys()).unwrap();
    // As a crash leaves it that came before an organization's keys were wrapped anew.
    world.expect(&["key", "rotate", "--root-key", &key, "--to", &next], 0, &["opens none of them any more"]);
    fs::write(world.keys(), &before).unwrap();
    world.verified_with(&key);
    assert_ne!(fs::read(world.keys()).unwrap(), before);
    assert_eq!(world.tool(&["--list-objects"]).matches("Secret Key Object").count(), 1);
    // And one that came between the end of the old key and the name of the new.
    world.expect(&["key", "rotate", "--root-key", &key, "--to", &next], 0, &[]);
    world.tool(&["--delete-object", "--type", "secrkey", "--label", "root"]);
    world.verified_with(&key);
    let listed = world.tool(&["--list-objects"]);
    assert!(listed.contains("root\n") && !listed.contains("root.next"), "{listed}");
    world.verified_with(&key);
}

#[test]
fn a_root_key_moves_from_a_file_onto_a_token_and_back() {
    let world = World::new();
    let (file, token) = (world.data().join("root.key"), world.key("root"));
    world.expect(&FOUNDING, 0, &[]);
    let mut another = FOUNDING;
    (another[0], another[2]) = ("create", "Other Trials");
    world.expect(&[&["org"], &another[..]].concat(), 0, &[]);
    let before = fs::read(world.keys()).unwrap();
    let moved = ["key", "rotate", "--to", &token];
    world.expect(&moved, 0, &["“root” on the token “Probity” now", "2 organization", "destroy it and its copies"]);
    world.verified_with(&token);
    world.expect(&["verify"], 2, &["does not open with this root key"]);
    // One that broke off goes on when it is asked again.
    fs::write(world.keys(), before).unwrap();
    world.expect(&["verify", "--root-key", &token], 2, &["does not open with this root key"]);
    world.expect(&moved, 0, &["2 organization"]);
    world.verified_with(&token);
    world.expect(&["key", "rotate", "--root-key", &token, "--to", &token], 2, &["is the root key: name another place"]);
    let there = world.folder.0.join("safe.key");
    world.expect(&["key", "rotate", "--root-key", &token, "--to", there.to_str().unwrap()], 0, &["2 organization"]);
    world.verified_with(there.to_str().unwrap());
    assert_ne!(fs::read(&there).unwrap(), fs::read(&file).unwrap());
    assert_eq!(fs::metadata(&there).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_is_wrong_with_a_token_is_told_with_what_to_do() {
    let world = World::new();
    let key = world.key("root");
    let init = |key: &str, words: &[&str]| {
        world.expect(&[&FOUNDING[..], &["--root-key", key]].concat(), 2, words);
        assert!(!world.data().join("organizations").exists(), "{key} left something");
    };
    init("pkcs11:object=root", &["names no pin-source"]);
    init("pkcs11:token=T;object=K?pin-value=1234", &["write it to a file"]);
    init(&world.key_on("Elsewhere", "root"), &["no token is called “Elsewhere”", "“Probity”"]);
    init(&key.replace(MODULE, "/usr/lib/gone.so"), &["/usr/lib/gone.so is not a PKCS #11 module"]);
    init(&key.replace("file:", "file:/gone"), &["the PIN", "cannot be read"]);
    world.write_pin("another");
    init(&key, &["is not that of the token “Probity”", "locks itself"]);
    world.write_pin(PIN);
    fs::set_permissions(world.pin(), fs::Permissions::from_mode(0o644)).unwrap();
    init(&key, &["the PIN", "can be read by others", "chmod 600"]);
    world.write_pin(PIN);
    world.found(&key);
    let again = world.folder.0.join("again");
    let twice = ["--data", again.to_str().unwrap(), "--root-key", &key];
    world.expect(&[&FOUNDING[..], &twice].concat(), 2, &["“root” on the token “Probity” exists already"]);
    // Keys that others made, and that are none.
    for (label, made, says) in [
        ("leaves", &["--key-type", "AES:32", "--id", "02", "--sensitive", "--extractable"][..], "can leave its token"),
        ("short", &["--key-type", "AES:16", "--id", "03", "--sensitive"], "is not an AES key of 256 bits"),
        ("nameless", &["--key-type", "AES:32", "--sensitive"], "has no id"),
    ] {
        world.tool(&[&["--keygen", "--label", label][..], made].concat());
        world.expect(&["key", "rotate", "--root-key", &key, "--to", &world.key(label)], 2, &[says]);
        world.verified_with(&key);
    }
    world.token("Probity");
    world.expect(&["verify", "--root-key", &key], 2, &["2 tokens are called “Probity”"]);
}

#[test]
fn a_server_whose_root_key_is_on_a_token_serves() {
    let world = World::new();
    let key = world.key("root");
    world.found(&key);
    let config = world.folder.0.join("probity.toml");
    fs::write(&config, format!("root_key = \"{key}\"\nlisten = [\"127.0.0.1:0\"]\n")).unwrap();
    let serving = super::Serving::of(
        Command::new(env!("CARGO_BIN_EXE_probity"))
            .args([Path::new("serve"), Path::new("--config"), &config])
            .env("SOFTHSM2_CONF", world.conf())
            .env("PROBITY_DATA", world.data()),
    );
    assert!(serving.1.contains("http://127.0.0.1:"), "{}", serving.1);
}
