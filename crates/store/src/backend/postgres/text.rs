//! What a statement's text tells: its spelling for PostgreSQL, which tables it touches, and whether many of it can be
//! sent as one.

/// SQL is written with `?1` here; PostgreSQL numbers `$1`.
pub(super) fn translated(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut quoted = false;
    for sign in sql.chars() {
        quoted ^= sign == '\'';
        text.push(if sign == '?' && !quoted { '$' } else { sign });
    }
    text
}

/// Every table that is named after FROM, JOIN, INTO or UPDATE.
pub(super) fn tables(sql: &str) -> Vec<&str> {
    let mut words =
        sql.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_')).filter(|word| !word.is_empty());
    let mut tables = Vec::new();
    while let Some(word) = words.next() {
        if ["FROM", "JOIN", "INTO", "UPDATE"].contains(&word) {
            match words.next() {
                // `DO UPDATE SET` names its table before, `FROM (SELECT` the one inside.
                Some("SET") | None => {}
                Some("SELECT") => {}
                Some(table) if !tables.contains(&table) => tables.push(table),
                Some(_) => {}
            }
        }
    }
    tables
}

/// The text that inserts many rows, one array for each column, where the statement inserts one row of its parameters in
/// their order and says nothing of conflicts.
pub(super) fn many_rows(sql: &str, types: &[&str]) -> Option<String> {
    let (head, values) = sql.split_once(" VALUES (")?;
    let (parameters, rest) = values.split_once(')')?;
    let plain = head.starts_with("INSERT INTO ") && rest.trim().is_empty();
    let in_order = parameters.split(',').map(str::trim).eq((1..=types.len()).map(|n| format!("?{n}")));
    if !plain || !in_order {
        return None;
    }
    let arrays: Vec<String> =
        types.iter().enumerate().map(|(n, name)| format!("${}::{name}[]", n.saturating_add(1))).collect();
    Some(format!("{head} SELECT * FROM unnest({})", arrays.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_with_a_dollar_and_quoted_text_stays() {
        assert_eq!(
            translated("SELECT a FROM t WHERE a = ?1 AND b = '?' AND c > ?12"),
            "SELECT a FROM t WHERE a = $1 AND b = '?' AND c > $12"
        );
    }

    #[test]
    fn every_table_is_found_once() {
        let cases: [(&str, &[&str]); 5] = [
            ("SELECT f.id FROM visit v JOIN form f ON f.visit = v.id", &["visit", "form"]),
            ("INSERT INTO form (id) VALUES (?1)\n ON CONFLICT (id) DO UPDATE SET id = form.id", &["form"]),
            ("UPDATE form SET revision = revision + 1", &["form"]),
            ("DELETE FROM form WHERE visit IN (SELECT id FROM visit)", &["form", "visit"]),
            ("SELECT s.id FROM (SELECT * FROM subject WHERE a = ?1) s JOIN site t ON true", &["subject", "site"]),
        ];
        for (sql, expected) in cases {
            assert_eq!(tables(sql), expected, "{sql}");
        }
    }

    #[test]
    fn only_plain_insertions_are_sent_as_one() {
        let many = many_rows("INSERT INTO t (a, b) VALUES (?1, ?2)", &["bytea", "bigint"]);
        assert_eq!(many.as_deref(), Some("INSERT INTO t (a, b) SELECT * FROM unnest($1::bytea[], $2::bigint[])"));
        for other in [
            "INSERT INTO t (a, b) VALUES (?2, ?1)",
            "INSERT INTO t (a, b) VALUES (?1, 0)",
            "INSERT INTO t (a, b) VALUES (?1, ?2) ON CONFLICT (a) DO UPDATE SET b = excluded.b",
            "INSERT INTO t (a, b) SELECT ?1, ?2 FROM u",
            "UPDATE t SET a = ?1 WHERE b = ?2",
        ] {
            assert_eq!(many_rows(other, &["bytea", "bigint"]), None, "{other}");
        }
    }
}
