//! Names that say nothing are refused: a type or module is called after the thing in the field that it is.

use super::tree::{Finding, Source, Tree};

const EMPTY: &[&str] = &["manager", "service", "helper", "util", "utils", "common", "misc"];
const DECLARES: &[&str] = &["mod", "struct", "enum", "trait", "type", "union"];

/// Modules, types and files are not named with an empty word.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust().flat_map(check_file).collect()
}

fn check_file(file: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for part in file.path.split('/') {
        let stem = part.strip_suffix(".rs").unwrap_or(part);
        if let Some(word) = empty_word(stem) {
            findings
                .push(file.finding(0, format!("the name of this file or of its folder holds the empty word '{word}'")));
        }
    }
    for (number, line) in file.lines() {
        let Some(name) = declared(line) else { continue };
        if let Some(word) = empty_word(name) {
            findings
                .push(file.finding(number, format!("`{name}` holds the empty word '{word}': name the thing itself")));
        }
    }
    findings
}

/// The name that a line declares, if it declares a module or a type. An indented `type` is the item of a trait, which
/// may be somebody else's.
fn declared(line: &str) -> Option<&str> {
    if line.trim_start() != line && line.trim_start().starts_with("type ") {
        return None;
    }
    let mut parts = line.split_whitespace().skip_while(|part| part.starts_with("pub") || part.ends_with(')'));
    let keyword = parts.next()?;
    let name = parts.next()?;
    let end = name.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(name.len());
    DECLARES.contains(&keyword).then(|| name.get(..end).unwrap_or(name))
}

/// The empty word among the words of a camel-case or snake-case name.
fn empty_word(name: &str) -> Option<&'static str> {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() || !c.is_alphanumeric() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words.split(|c: char| !c.is_alphanumeric()).find_map(|word| {
        let singular = word.strip_suffix('s').unwrap_or(word);
        EMPTY.iter().find(|empty| **empty == word || **empty == singular).copied()
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    #[test]
    fn empty_words_are_found_in_files_modules_and_types() {
        assert_eq!(check(&sample("crates/x/src/util.rs", "")).len(), 1);
        assert_eq!(check(&sample("crates/x/tests/common/mod.rs", "")).len(), 1);
        assert_eq!(
            check(&sample("a.rs", "pub(crate) struct QueryManager;\nmod form_helpers;\npub enum Services {}")).len(),
            3
        );
    }

    #[test]
    fn words_that_only_contain_one_are_left_alone() {
        assert_eq!(
            check(&sample("a.rs", "struct DataManagement;\nenum Utilisation {}\n// a data manager decides\n")).len(),
            0
        );
        assert_eq!(check(&sample("a.rs", "let service = 1; // struct in prose: Helper")).len(), 0);
        assert_eq!(check(&sample("a.rs", "impl Connect for Tls {\n    type Service = Stream;\n}")).len(), 0);
    }
}
