//! What no file may name: paths of somebody's machine, and secrets that were pasted.

use super::tree::{Finding, Source, Tree};

/// Paths that exist on one machine only. Put together here, so that this file does not name them.
const MACHINE: &[&str] = &[
    concat!("/", "work/"),
    concat!("/", "root/"),
    concat!("/", "home/"),
    concat!("/", "farm/"),
    concat!("/", "Users/"),
];

/// Addresses of package registries: a lock file that names one cannot be installed through another.
const REGISTRIES: &[&str] = &[
    concat!("registry.", "npmjs.org"),
    concat!("registry.", "yarnpkg.com"),
    concat!("files.", "pythonhosted.org"),
    concat!("deb.", "debian.org"),
    concat!("index.", "crates.io"),
];

const KEYS: &[&str] = &[
    concat!("-----BEGIN ", "PRIVATE KEY"),
    concat!("-----BEGIN ", "RSA PRIVATE"),
    concat!("-----BEGIN ", "EC PRIVATE"),
];

/// Every text file.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().flat_map(check_file).collect()
}

fn check_file(file: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        for path in MACHINE.iter().filter(|path| names_path(line, path)) {
            findings.push(file.finding(number, format!("names a path of one machine (`{path}…`)")));
        }
        for host in REGISTRIES.iter().filter(|host| line.contains(**host)) {
            findings.push(file.finding(number, format!("names a package registry (`{host}`)")));
        }
        if KEYS.iter().any(|key| line.contains(key)) {
            findings.push(file.finding(number, "holds a private key; make one where it is needed"));
        }
    }
    findings
}

/// Whether `path` begins a path in `line`, rather than lying in the middle of one (`docs/work/…`).
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '}' | '.'))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    #[test]
    fn machine_paths_registries_and_keys_are_found() {
        for text in MACHINE.iter().chain(REGISTRIES).chain(KEYS) {
            assert_eq!(check(&sample("a.md", &format!("see {text}x"))).len(), 1, "{text}");
        }
    }

    #[test]
    fn the_middle_of_a_longer_path_is_none() {
        let inner = concat!("docs/", "work/a.md");
        assert_eq!(check(&sample("a.md", inner)).len(), 0);
    }
}
