//! Cryptography is where the inventory says. Every file of the program that names a library of it stands in
//! `docs/cryptography.md`, and no weak algorithm is named anywhere but where that document says why.

use super::tree::{Finding, Source, Tree};

const INVENTORY: &str = "docs/cryptography.md";
/// Names under which code reaches cryptography, or something that hashes, signs or seals.
const REACHES: &[&str] = &[
    "aws_lc_rs::",
    "argon2::",
    "jsonwebtoken::",
    "rustls::",
    "rcgen::",
    "subtle::",
    "ledger::sha256",
    "crate::hash::sha256",
    "PRAGMA key",
    "x509_cert::",
    "cryptoki::",
];
/// Algorithms that nothing may use, and the one file that may use the last.
const WEAK: &[(&str, &str)] = &[
    ("md5", ""),
    ("Md5", ""),
    ("MD5", ""),
    ("CRC32", ""),
    ("RC4", ""),
    ("3DES", ""),
    ("_ECB", ""),
    ("PKCS1_1024", ""),
    ("SHA1", "crates/store/src/totp.rs"),
];
/// The crates of the program.
const PROGRAM: &[&str] = &["ledger", "odm", "probity", "store", "trial", "web"];

/// The code against the inventory.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(inventory) = tree.file(INVENTORY) else {
        return vec![Finding { path: INVENTORY.to_owned(), line: 0, says: "is missing".to_owned(), is_warning: false }];
    };
    let program = || tree.rust().filter(|file| is_of_the_program(file));
    let listed = |file: &Source| inventory.text.contains(&format!("`{}`", file.path));
    let unlisted = program().filter(|file| reaches(file) && !listed(file));
    let mut findings: Vec<Finding> =
        unlisted.map(|file| file.finding(0, format!("uses cryptography and is not in {INVENTORY}"))).collect();
    for (number, line) in inventory.lines().filter(|(_, line)| line.starts_with("- `crates/")) {
        let path = line.split('`').nth(1).unwrap_or_default();
        if !tree.file(path).is_some_and(reaches) {
            findings.push(inventory.finding(number, format!("{path} uses no cryptography")));
        }
    }
    findings.extend(program().flat_map(weak));
    findings
}

fn is_of_the_program(file: &Source) -> bool {
    PROGRAM.iter().any(|name| file.path.starts_with(&format!("crates/{name}/src/"))) && !file.is_test()
}

/// Code without its comments.
fn code(file: &Source) -> impl Iterator<Item = (usize, &str)> {
    file.lines().map(|(number, line)| (number, line.split("//").next().unwrap_or_default()))
}

fn reaches(file: &Source) -> bool {
    code(file).any(|(_, line)| REACHES.iter().any(|name| line.contains(name)))
}

fn weak(file: &Source) -> Vec<Finding> {
    let named = |line: &str| WEAK.iter().find(|(name, but)| line.contains(name) && file.path != *but).copied();
    let found = code(file).filter_map(|(number, line)| Some((number, named(line)?)));
    found.map(|(number, (name, _))| file.finding(number, format!("`{name}` is too weak"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(path: &str, code: &str, inventory: &str) -> usize {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        check(&Tree { files: vec![source(path, code), source(INVENTORY, inventory)] }).len()
    }

    #[test]
    fn cryptography_that_is_not_in_the_inventory_is_found() {
        let (path, code) = ("crates/store/src/a.rs", "use aws_lc_rs::aead;\n");
        assert_eq!(wrong(path, code, "- `crates/store/src/a.rs`: seals\n"), 0);
        assert_eq!(wrong(path, code, "# Cryptography\n"), 1);
        assert_eq!(wrong(path, "let a = 1; // not aws_lc_rs::aead\n", "- `crates/store/src/a.rs`: seals\n"), 1);
        assert_eq!(wrong("crates/bench/src/a.rs", code, ""), 0);
        assert_eq!(check(&super::super::tree::sample(path, code)).len(), 1);
    }

    #[test]
    fn a_weak_algorithm_is_found_and_the_one_exception_is_one_file() {
        for (name, _) in WEAK {
            assert_eq!(wrong("crates/store/src/a.rs", &format!("let a = {name};\n"), ""), 1, "{name}");
        }
        assert_eq!(wrong("crates/store/src/totp.rs", "let a = HMAC_SHA1;\n", ""), 0);
    }
}
