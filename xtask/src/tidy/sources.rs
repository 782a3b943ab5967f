//! What is not ours comes from one registry, and is known by its checksum.

use toml::Table;

use super::tree::{Finding, Source, Tree};

const LOCK: &str = "Cargo.lock";
/// The registry of all crates, as the lock file names it, whichever mirror they come through.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
const CHECKSUM_DIGITS: usize = 64;

/// Every package of the lock file.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.file(LOCK) else {
        return vec![Finding { path: LOCK.to_owned(), line: 0, says: "is missing".to_owned(), is_warning: false }];
    };
    match file.text.parse::<Table>() {
        Ok(lock) => check_lock(tree, file, &lock),
        Err(error) => vec![file.finding(0, format!("not readable: {error}"))],
    }
}

fn check_lock(tree: &Tree, file: &Source, lock: &Table) -> Vec<Finding> {
    let packages = lock.get("package").and_then(|list| list.as_array()).into_iter().flatten();
    let found = packages.filter_map(|package| {
        let text = |field: &str| package.get(field).and_then(|value| value.as_str());
        let name = text("name").unwrap_or_default();
        let is_summed = text("checksum").is_some_and(|sum| sum.len() == CHECKSUM_DIGITS);
        let says = match text("source") {
            Some(REGISTRY) if is_summed => return None,
            Some(REGISTRY) => format!("{name}: has no checksum"),
            Some(source) => format!("{name}: comes from {source}, not from the registry"),
            None if is_ours(tree, name) => return None,
            None => format!("{name}: comes from a folder that is not in the workspace"),
        };
        Some(file.finding(0, says))
    });
    found.collect()
}

fn is_ours(tree: &Tree, name: &str) -> bool {
    [format!("crates/{name}/Cargo.toml"), format!("{name}/Cargo.toml")].iter().any(|path| tree.file(path).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(package: &str) -> usize {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        let lock = format!("[[package]]\n{package}\n");
        check(&Tree { files: vec![source(LOCK, &lock), source("crates/store/Cargo.toml", "")] }).len()
    }

    #[test]
    fn what_comes_from_elsewhere_or_without_a_checksum_is_found() {
        let sum = "a".repeat(CHECKSUM_DIGITS);
        assert_eq!(findings(&format!("name = \"x\"\nsource = \"{REGISTRY}\"\nchecksum = \"{sum}\"")), 0);
        assert_eq!(findings("name = \"store\""), 0);
        for bad in [
            "name = \"x\"",
            &format!("name = \"x\"\nsource = \"{REGISTRY}\""),
            &format!("name = \"x\"\nsource = \"{REGISTRY}\"\nchecksum = \"abc\""),
            &format!("name = \"x\"\nsource = \"registry+https://example.org/index\"\nchecksum = \"{sum}\""),
            "name = \"x\"\nsource = \"git+https://example.org/x#abc\"",
        ] {
            assert_eq!(findings(bad), 1, "{bad}");
        }
    }

    #[test]
    fn a_missing_lock_file_is_found() {
        assert_eq!(check(&super::super::tree::sample("other", "")).len(), 1);
    }
}
