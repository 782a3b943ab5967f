//! Documents point at files that exist.

use std::path::{Component, Path, PathBuf};

use super::tree::{Finding, Source, Tree};

/// Relative links in Markdown, and paths in backquotes that begin like one of ours: whole, or as a crate's own part.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.select(|path| path.ends_with(".md")).flat_map(|file| check_file(tree, file)).collect()
}

fn check_file(tree: &Tree, file: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    for (number, line) in file.lines() {
        for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            let is_elsewhere =
                path.is_empty() || path.contains("://") || path.starts_with("mailto:") || path.contains(' ');
            if !is_elsewhere && !exists(tree, &folder.join(path)) {
                findings.push(file.finding(number, format!("links to `{path}`, which does not exist")));
            }
        }
        for quoted in line.split('`').skip(1).step_by(2) {
            let is_ours = ["crates/", "docs/", "xtask/", "tests/"].iter().any(|start| quoted.starts_with(start));
            let is_plain = !quoted.contains([' ', '*', '<', '{', '…']) && !quoted.contains("NNNN");
            let ends_one = || tree.files.iter().any(|file| file.path.ends_with(&format!("/{quoted}")));
            if is_ours && is_plain && !exists(tree, Path::new(quoted)) && !ends_one() {
                findings.push(file.finding(number, format!("names `{quoted}`, which does not exist")));
            }
        }
    }
    findings
}

/// Whether a tracked file has this path, or lies below it.
fn exists(tree: &Tree, path: &Path) -> bool {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::Normal(name) => plain.push(name),
            _ => {}
        }
    }
    tree.files.iter().any(|file| Path::new(&file.path).starts_with(&plain))
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Source, Tree};
    use super::*;

    fn findings(text: &str) -> usize {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        check(&Tree {
            files: vec![source("docs/a.md", text), source("docs/b.md", ""), source("crates/x/src/lib.rs", "")],
        })
        .len()
    }

    #[test]
    fn a_dangling_link_is_found() {
        assert_eq!(findings("see [b](c.md)"), 1);
        assert_eq!(findings("see `crates/y/src/lib.rs`"), 1);
    }

    #[test]
    fn links_that_hold_are_left_alone() {
        assert_eq!(
            findings(
                "[b](b.md), [b](../docs/b.md#part), [x](../crates/x), [w](https://example.org/x), `crates/x/src/`"
            ),
            0
        );
    }
}
