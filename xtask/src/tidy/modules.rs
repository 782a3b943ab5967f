//! Every Rust file begins by saying what it is.

use super::tree::{Finding, Tree};

/// A file's first line is a `//!`; a `…tests.rs` is told by the module it belongs to.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let silent = tree.rust().filter(|file| !file.text.starts_with("//!") && !file.path.ends_with("tests.rs"));
    silent.map(|file| file.finding(1, "does not begin with `//!`: what it does, and what it refuses to do")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    #[test]
    fn a_file_that_says_nothing_of_itself_is_found() {
        assert_eq!(check(&sample("a.rs", "fn main() {}\n")).len(), 1);
        assert_eq!(check(&sample("a.rs", "//! Starts.\nfn main() {}\n")).len(), 0);
    }
}
