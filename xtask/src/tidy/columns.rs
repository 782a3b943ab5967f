//! Every stored column is classified: the migrations and `docs/columns.toml` name the same tables and columns.

use std::collections::{BTreeMap, BTreeSet};

use toml::Table;

use super::tree::{Finding, Tree};

const CLASSIFIED: &str = "docs/columns.toml";
const MIGRATIONS: &str = "crates/store/migrations/";
const SORTS: &[&str] = &["append_only", "keys", "derived", "operational"];
const CLASSES: &[&str] = &["identity", "clinical", "blinded", "secret", "operational"];

type Columns = BTreeMap<String, BTreeSet<String>>;

/// Compares both ways, and holds append-only tables to triggers that refuse update and delete.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut migrations: BTreeMap<&str, String> = BTreeMap::new();
    for file in tree.select(|path| path.starts_with(MIGRATIONS) && path.ends_with(".sql")) {
        let database = file.path.trim_start_matches(MIGRATIONS).split('/').next().unwrap_or_default();
        let all = migrations.entry(database).or_default();
        all.push_str(&file.text);
        all.push('\n');
    }
    if migrations.is_empty() {
        return Vec::new();
    }
    let finding = |says: String| Finding { path: CLASSIFIED.to_owned(), line: 0, says, is_warning: false };
    let Some(classified) = tree.file(CLASSIFIED) else { return vec![finding("is missing".to_owned())] };
    let says = match classified.text.parse::<Table>() {
        // Each database has every table and column, so the two have the same.
        Ok(classified) => migrations
            .iter()
            .flat_map(|(database, sql)| {
                compare(&classified, &stored(sql), sql).into_iter().map(move |says| format!("{database}: {says}"))
            })
            .collect(),
        Err(error) => vec![format!("not readable: {error}")],
    };
    says.into_iter().map(finding).collect()
}

fn compare(classified: &Table, stored: &Columns, sql: &str) -> Vec<String> {
    let mut says = Vec::new();
    for (table, columns) in stored {
        let Some(entry) = classified.get(table).and_then(|entry| entry.as_table()) else {
            says.push(format!("table `{table}` is stored and not classified"));
            continue;
        };
        let sort = entry.get("sort").and_then(|sort| sort.as_str()).unwrap_or_default();
        if !SORTS.contains(&sort) {
            says.push(format!("`{table}`: sort '{sort}' is none of {}", SORTS.join(", ")));
        }
        if sort == "append_only" {
            let either = sql.contains(&format!("BEFORE UPDATE OR DELETE ON {table} "));
            let refuses = |what: &str| either || sql.contains(&format!("BEFORE {what} ON {table} "));
            let open = ["UPDATE", "DELETE"].into_iter().filter(|what| !refuses(what));
            says.extend(open.map(|what| format!("`{table}` is append-only, and no trigger refuses {what}")));
        }
        let known: BTreeSet<String> = entry.keys().filter(|key| *key != "sort").cloned().collect();
        says.extend(
            columns.difference(&known).map(|column| format!("`{table}.{column}` is stored and not classified")),
        );
        says.extend(known.difference(columns).map(|column| format!("`{table}.{column}` is classified and not stored")));
        for (column, class) in entry.iter().filter(|(key, _)| *key != "sort") {
            if !class.as_str().is_some_and(|class| CLASSES.contains(&class)) {
                says.push(format!("`{table}.{column}`: its class is none of {}", CLASSES.join(", ")));
            }
        }
    }
    says.extend(
        classified
            .keys()
            .filter(|table| !stored.contains_key(*table))
            .map(|table| format!("`{table}` is no stored table")),
    );
    says
}

/// Tables and columns that the migrations create, one after another.
fn stored(sql: &str) -> Columns {
    let bare: String =
        sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut columns = Columns::new();
    for statement in bare.split(';') {
        let words: Vec<&str> = statement.split_whitespace().collect();
        match words.as_slice() {
            ["CREATE", "TABLE", ..] => {
                let Some((head, body)) = statement.split_once('(') else { continue };
                let name = head.split_whitespace().next_back().unwrap_or_default();
                columns.entry(name.to_owned()).or_default().extend(column_names(body));
            }
            ["ALTER", "TABLE", table, "ADD", "COLUMN", column, ..] => {
                columns.entry((*table).to_owned()).or_default().insert((*column).to_owned());
            }
            _ => {}
        }
    }
    columns
}

/// The first words of the parts between commas outside parentheses, without the table's constraints.
fn column_names(body: &str) -> Vec<String> {
    let mut depth = 0_i32;
    let mut parts = vec![String::new()];
    for c in body.chars() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => break,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    let names = parts.iter().filter_map(|part| part.split_whitespace().next());
    names
        .filter(|name| !["PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "CONSTRAINT"].contains(name))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::Source;
    use super::*;

    const SQL: &str = "CREATE TABLE a (id BLOB, -- note, with a comma
        n INTEGER CHECK (n IN (1, 2)), PRIMARY KEY (id, n)) WITHOUT ROWID;
        CREATE TRIGGER a_u BEFORE UPDATE ON a BEGIN SELECT 1; END;
        CREATE TRIGGER a_d BEFORE DELETE ON a BEGIN SELECT 1; END;
        ALTER TABLE a ADD COLUMN late TEXT;";
    const GOOD: &str = "[a]\nsort = \"append_only\"\nid = \"identity\"\nn = \"clinical\"\nlate = \"operational\"\n";

    fn findings(classified: &str, sql: &str) -> usize {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        let sql = source("crates/store/migrations/sqlite/V1__x.sql", sql);
        check(&Tree { files: vec![source(CLASSIFIED, classified), sql] }).len()
    }

    #[test]
    fn what_agrees_is_left_alone() {
        assert_eq!(findings(GOOD, SQL), 0);
    }

    #[test]
    fn each_difference_is_found() {
        assert_eq!(findings(&GOOD.replace("late = \"operational\"\n", ""), SQL), 1);
        assert_eq!(findings(&format!("{GOOD}gone = \"clinical\"\n"), SQL), 1);
        assert_eq!(findings(&GOOD.replace("clinical", "interesting"), SQL), 1);
        assert_eq!(findings(&GOOD.replace("append_only", "growing"), SQL), 1);
        assert_eq!(findings(&format!("{GOOD}[b]\nsort = \"keys\"\n"), SQL), 1);
        assert_eq!(findings("", SQL), 1);
    }

    #[test]
    fn an_append_only_table_that_can_be_updated_is_found() {
        assert_eq!(findings(GOOD, &SQL.replace("BEFORE UPDATE", "AFTER UPDATE")), 1);
    }
}
