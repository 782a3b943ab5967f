//! Chance that has to be unguessable comes from one place, the cryptographic library.

use super::tree::{Finding, Source, Tree};

/// Sources of chance that are not it, by the names under which code reaches them.
const OTHERS: &[&str] = &[
    "thread_rng",
    "rand::rng(",
    "OsRng",
    "StdRng",
    "SmallRng",
    "fastrand",
    "getrandom",
    "new_v4(",
    "/dev/random",
    "/dev/urandom",
];
/// The crates of the program.
const PROGRAM: &[&str] = &["ledger", "odm", "probity", "store", "trial", "web"];

/// No code of the program names another source.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust().filter(|file| is_of_the_program(&file.path)).flat_map(check_file).collect()
}

fn is_of_the_program(path: &str) -> bool {
    PROGRAM.iter().any(|name| path.starts_with(&format!("crates/{name}/src/")))
}

fn check_file(file: &Source) -> Vec<Finding> {
    let found = file.lines().flat_map(|(number, line)| {
        let named = OTHERS.iter().filter(move |other| line.contains(**other));
        named.map(move |other| file.finding(number, format!("`{other}`: chance comes from `aws_lc_rs::rand`")))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    #[test]
    fn another_source_of_chance_is_found() {
        for other in OTHERS {
            assert_eq!(check(&sample("crates/store/src/a.rs", &format!("let a = {other}"))).len(), 1, "{other}");
        }
        assert_eq!(check(&sample("crates/store/src/a.rs", "aws_lc_rs::rand::fill(&mut bytes)")).len(), 0);
        assert_eq!(check(&sample("crates/bench/src/a.rs", "fastrand::u8(..)")).len(), 0);
    }
}
