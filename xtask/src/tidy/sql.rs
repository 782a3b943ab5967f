//! SQL stands in the store alone, and no statement there changes what only grows.

use toml::Table;

use super::tree::{Finding, Source, Tree};

/// Where SQL may stand: the store, the measurements of a bare database, and this rule's own samples.
const SPEAK_SQL: &[&str] = &["crates/store/", "crates/bench/", "xtask/src/tidy/"];
const STATEMENTS: &[&str] =
    &["\"SELECT ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM ", "\"CREATE TABLE ", "\"PRAGMA "];

/// Rust code outside tests; tests of the store tamper with records on purpose.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let grown = append_only(tree);
    let code = tree.rust().filter(|file| !file.is_test() && !file.path.starts_with("xtask/src/tidy/"));
    code.flat_map(|file| {
        let speaks = SPEAK_SQL.iter().any(|start| file.path.starts_with(start));
        let lines = file.lines().take_while(|(_, line)| *line != "mod tests {");
        lines.filter_map(move |(number, line)| said_of(file, number, line, speaks)).collect::<Vec<_>>()
    })
    .chain(changes(tree, &grown))
    .collect()
}

fn said_of(file: &Source, number: usize, line: &str, speaks: bool) -> Option<Finding> {
    let statement = STATEMENTS.iter().find(|statement| line.contains(**statement))?;
    let word = statement.trim_matches(['"', ' ']);
    (!speaks).then(|| file.finding(number, format!("speaks SQL (`{word}`): only the store does")))
}

/// UPDATE and DELETE on append-only tables.
fn changes(tree: &Tree, grown: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust().filter(|file| file.path.starts_with("crates/store/") && !file.is_test()) {
        for (number, line) in file.lines().take_while(|(_, line)| *line != "mod tests {") {
            for table in grown {
                let changed =
                    [format!("UPDATE {table} "), format!("DELETE FROM {table} "), format!("DELETE FROM {table}\"")];
                if changed.iter().any(|statement| line.contains(statement)) {
                    findings.push(file.finding(number, format!("changes `{table}`, which only grows")));
                }
            }
        }
    }
    findings
}

fn append_only(tree: &Tree) -> Vec<String> {
    let classified =
        tree.file("docs/columns.toml").and_then(|file| file.text.parse::<Table>().ok()).unwrap_or_default();
    let grown =
        classified.iter().filter(|(_, table)| table.get("sort").and_then(|sort| sort.as_str()) == Some("append_only"));
    grown.map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        let columns = source("docs/columns.toml", "[record]\nsort = \"append_only\"\n[form]\nsort = \"derived\"\n");
        check(&Tree { files: vec![columns, source(path, text)] }).len()
    }

    #[test]
    fn sql_outside_the_store_is_found() {
        assert_eq!(findings("crates/web/src/a.rs", "db.one(\"SELECT 1 FROM form\")"), 1);
        assert_eq!(findings("crates/store/src/a.rs", "db.one(\"SELECT 1 FROM form\")"), 0);
        assert_eq!(findings("crates/web/src/a.rs", "\"Select a site\""), 0);
    }

    #[test]
    fn changing_what_only_grows_is_found() {
        assert_eq!(findings("crates/store/src/a.rs", "db.execute(\"UPDATE record SET sealed = ?1\")"), 1);
        assert_eq!(findings("crates/store/src/a.rs", "db.execute(\"DELETE FROM record\")"), 1);
        assert_eq!(findings("crates/store/src/a.rs", "db.execute(\"UPDATE form SET state = ?1\")"), 0);
        assert_eq!(findings("crates/store/tests/tamper.rs", "db.execute(\"DELETE FROM record\")"), 0);
    }
}
