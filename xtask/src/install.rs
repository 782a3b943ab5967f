//! Installs what building and testing need, where it is missing: Debian packages, and node packages for the browser tests.
//!
//! Quick when all is there: it looks for the files themselves and asks no package tool. It refuses to touch a machine
//! without apt; there it says what to install by hand.

use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::{oracles, process, workspace};

/// A need: how it is recognized, and the Debian packages that satisfy it.
struct Need {
    what: &'static str,
    present: fn() -> bool,
    packages: &'static [&'static str],
}

const BUILDING: &[Need] = &[
    Need { what: "a C compiler", present: || has("cc"), packages: &["gcc", "libc6-dev"] },
    Need { what: "perl with its modules (OpenSSL's build)", present: has_perl_modules, packages: &["perl"] },
    Need { what: "make (OpenSSL's build)", present: || has("make"), packages: &["make"] },
];

const TESTING: &[Need] = &[
    Need { what: "xmllint (validates ODM exports)", present: || has("xmllint"), packages: &["libxml2-utils"] },
    Need { what: "node and npm (browser tests)", present: || has("node") && has("npm"), packages: &["nodejs", "npm"] },
    Need {
        what: "Chromium (browser tests)",
        present: || chromium().is_some(),
        packages: &["chromium", "fonts-dejavu-core"],
    },
    Need {
        what: "Python with venv (independent verifiers of the ledger)",
        present: || Path::new("/usr/bin/python3").exists() && has_python_venv(),
        packages: &["python3", "python3-venv"],
    },
    Need { what: "Go (independent verifier of the ledger)", present: || has("go"), packages: &["golang-go"] },
    Need {
        what: "Go's sumdb/note package",
        present: || Path::new("/usr/share/gocode/src/golang.org/x/mod/sumdb/note").exists(),
        packages: &["golang-golang-x-mod-dev"],
    },
    // Debian starts a server of its own on installing this. The tests start theirs and leave that one alone.
    Need { what: "PostgreSQL (the tests on it)", present: has_postgres, packages: &["postgresql"] },
    Need {
        what: "Patroni and etcd (clusters of PostgreSQL)",
        present: || has("patroni") && has("etcd"),
        packages: &["patroni", "etcd-server"],
    },
    Need {
        what: "SoftHSM and OpenSC (a root key on a token)",
        present: || Path::new("/usr/lib/softhsm/libsofthsm2.so").exists() && has("softhsm2-util") && has("pkcs11-tool"),
        packages: &["softhsm2", "opensc"],
    },
    Need { what: "openssl (certificates of the tests)", present: || has("openssl"), packages: &["openssl"] },
];

/// What compiling the product needs.
pub fn for_building() -> Outcome {
    debian(BUILDING)
}

/// What the tests need besides.
pub fn for_testing() -> Outcome {
    debian(BUILDING)?;
    debian(TESTING)?;
    node_packages()?;
    oracles::install()
}

/// The Chromium that the browser tests drive.
pub fn chromium() -> Option<std::path::PathBuf> {
    match std::env::var_os("PROBITY_CHROMIUM") {
        Some(named) => Some(named.into()),
        None => workspace::on_path("chromium").or_else(|| workspace::on_path("chromium-browser")),
    }
}

fn has(program: &str) -> bool {
    workspace::on_path(program).is_some()
}

/// Debian keeps the server's programs off the search path, in a folder for each version.
fn has_postgres() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    has("postgres") || versions.into_iter().any(|version| version.path().join("bin/postgres").exists())
}

/// A minimal Debian has a perl without the modules that OpenSSL's configuration loads.
fn has_perl_modules() -> bool {
    process::succeeds(Command::new("perl").args([
        "-MFindBin",
        "-MIPC::Cmd",
        "-MFile::Compare",
        "-MTime::Piece",
        "-e",
        "1",
    ]))
}

/// Debian ships `venv` without the part that makes it work, so the module is asked for that part.
fn has_python_venv() -> bool {
    process::succeeds(Command::new("/usr/bin/python3").args(["-c", "import venv, ensurepip"]))
}

fn debian(needs: &[Need]) -> Outcome {
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.present)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        println!("missing: {} ({})", need.what, need.packages.join(", "));
    }
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages.iter().copied()).collect();
    if !has("apt-get") {
        return Err(by_hand(&packages, "this machine has no apt-get"));
    }
    println!("Installing {} with apt-get.", packages.join(", "));
    // A package index can be old and a download can break off: refresh and try again, then give up.
    let tries: [&[&str]; 4] = [&["install"], &["update"], &["install"], &["install", "--fix-missing"]];
    for arguments in tries {
        let mut command = apt(arguments);
        if arguments.first() == Some(&"install") {
            command.args(["--yes", "--no-install-recommends"]).args(&packages);
        }
        let ended = process::run(&mut command);
        if ended.is_ok() && missing.iter().all(|need| (need.present)()) {
            return Ok(());
        }
    }
    Err(by_hand(&packages, "apt-get did not bring them"))
}

fn apt(arguments: &[&str]) -> Command {
    let mut command = if runs_as_root() || !has("sudo") {
        Command::new("apt-get")
    } else {
        let mut command = Command::new("sudo");
        command.args(["--non-interactive", "--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
        command
    };
    command
        .args(["--quiet", "--option", "DPkg::Lock::Timeout=120"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Whether this process runs as root: asked of the kernel, since a container may set no `USER`.
fn runs_as_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn by_hand(packages: &[&str], why: &str) -> Failure {
    Failure::new(format!(
        "{why}. Install by hand, then run this again: {}\n(on Debian or Ubuntu: sudo apt-get install {})",
        packages.join(", "),
        packages.join(" ")
    ))
}

/// The node packages of the browser tests, exactly as locked; no browser is downloaded.
fn node_packages() -> Outcome {
    let directory = workspace::root().join("tests/browser");
    let locked = directory.join("package-lock.json");
    // npm writes this copy of the lock file last, so an interrupted install is not mistaken for a complete one.
    let installed = directory.join("node_modules/.package-lock.json");
    let is_current = modified(&installed).zip(modified(&locked)).is_some_and(|(installed, locked)| installed >= locked);
    if is_current {
        return Ok(());
    }
    println!("Installing the node packages of the browser tests.");
    let mut install = Command::new("npm");
    install.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    process::run(install.current_dir(&directory).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
}

fn modified(path: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(path).and_then(|file| file.modified()).ok()
}
