//! The files that the rules read, and what a rule says of them.
//!
//! Only files that git tracks or would track; only those that are text.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Outcome, While};

/// A text file: its path relative to the root, with forward slashes, and what it holds.
pub struct Source {
    pub path: String,
    pub text: String,
}

/// All of them.
pub struct Tree {
    pub files: Vec<Source>,
}

/// Something against a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub path: String,
    /// Counted from 1; 0 where the whole file is meant.
    pub line: usize,
    pub says: String,
    pub is_warning: bool,
}

impl Tree {
    /// Reads the workspace at `root`.
    pub fn of(root: &Path) -> Outcome<Self> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
        let listed = git.output().while_doing("asking git for the files of the workspace")?;
        if !listed.status.success() {
            return Err(Failure::new(format!("git ls-files failed: {}", String::from_utf8_lossy(&listed.stderr))));
        }
        let paths = String::from_utf8_lossy(&listed.stdout).into_owned();
        let files = paths.split('\0').filter(|path| !path.is_empty()).filter_map(|path| {
            // A file deleted but not yet committed is still listed; a file that is no text has no words in it.
            let text = String::from_utf8(fs::read(root.join(path)).ok()?).ok()?;
            Some(Source { path: path.to_owned(), text })
        });
        Ok(Self { files: files.collect() })
    }

    /// The files whose path satisfies `wanted`.
    pub fn select<'a>(&'a self, wanted: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = &'a Source> {
        self.files.iter().filter(move |file| wanted(&file.path))
    }

    /// The Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &Source> {
        self.select(|path| path.ends_with(".rs"))
    }

    /// The file at `path`.
    pub fn file(&self, path: &str) -> Option<&Source> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl Source {
    /// Lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// A finding in this file.
    pub fn finding(&self, line: usize, says: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, says: says.into(), is_warning: false }
    }

    /// A warning: shown, not failing.
    pub fn warning(&self, says: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line: 0, says: says.into(), is_warning: true }
    }

    /// Whether tests live here: a `tests` directory, or nothing but test code by its name.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.starts_with("tests/") || self.path.ends_with("/tests.rs")
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_warning { "warning" } else { "error" };
        match self.line {
            0 => write!(out, "{kind}: {}: {}", self.path, self.says),
            line => write!(out, "{kind}: {}:{line}: {}", self.path, self.says),
        }
    }
}

/// A tree of one file, for the rules' tests.
#[cfg(test)]
pub fn sample(path: &str, text: &str) -> Tree {
    Tree { files: vec![Source { path: path.to_owned(), text: text.to_owned() }] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_is_read() {
        let tree = Tree::of(&crate::workspace::root());
        assert!(tree.is_ok_and(|tree| tree.file("xtask/src/tidy/tree.rs").is_some() && tree.rust().count() > 5));
    }
}
