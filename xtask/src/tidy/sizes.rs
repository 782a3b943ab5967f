//! A file is one subject: long files are two.

use super::tree::{Finding, Tree};

const LINES_MAX: usize = 500;
const LINES_LONG: usize = 300;

/// No Rust file is over 500 lines; over 300 it is named.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let long = tree.rust().map(|file| (file, file.text.lines().count())).filter(|(_, lines)| *lines > LINES_LONG);
    let found = long.map(|(file, lines)| {
        if lines > LINES_MAX {
            file.finding(0, format!("{lines} lines, over {LINES_MAX}: which two subjects?"))
        } else {
            file.warning(format!("{lines} lines, over {LINES_LONG}"))
        }
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    #[test]
    fn too_long_is_an_error_and_long_a_warning() {
        let of = |lines: usize| check(&sample("a.rs", &"x\n".repeat(lines)));
        assert_eq!(of(300).len(), 0);
        assert!(of(301).iter().all(|finding| finding.is_warning) && of(301).len() == 1);
        assert!(of(500).iter().all(|finding| finding.is_warning));
        assert!(of(501).iter().any(|finding| !finding.is_warning));
    }
}
