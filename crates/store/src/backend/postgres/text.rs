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

/// The text that does for many rows, one array for each column, what the statement does for one: an insertion of its
/// parameters in their order, or a change of the row whose id is the first.
pub(super) fn many_rows(sql: &str, types: &[&str]) -> Option<String> {
    let arrays = arrays(types);
    if let Some(change) = sql.strip_prefix("UPDATE ") {
        let change = change.strip_suffix(" WHERE id = ?1")?;
        let columns: Vec<String> = (1..=types.len()).map(|n| format!("c{n}")).collect();
        let change = change.replace('?', "many.c");
        return Some(format!(
            "UPDATE {change} FROM unnest({arrays}) AS many ({}) WHERE id = many.c1",
            columns.join(", ")
        ));
    }
    let (head, values) = sql.split_once(" VALUES (")?;
    let (parameters, rest) = values.split_once(')')?;
    let inserts =
        head.starts_with("INSERT INTO ") && (rest.trim().is_empty() || rest.trim().starts_with("ON CONFLICT"));
    let in_order = parameters.split(',').map(str::trim).eq((1..=types.len()).map(|n| format!("?{n}")));
    (inserts && in_order && !rest.contains('?')).then(|| format!("{head} SELECT * FROM unnest({arrays}){rest}"))
}

/// The text that asks for many sets of parameters, one array for each, what the question asks for one. The last column
/// says, from 1, whose answer a row is. For questions with one row as their answer: nothing orders several.
pub(super) fn many_questions(sql: &str, types: &[&str]) -> String {
    let columns: Vec<String> = (1..=types.len()).map(|n| format!("c{n}")).collect();
    let question = sql.replace('?', "many.c");
    format!(
        "SELECT answer.*, many.place FROM unnest({}) WITH ORDINALITY AS many ({}, place)
         CROSS JOIN LATERAL ({question}) AS answer",
        arrays(types),
        columns.join(", ")
    )
}

/// One parameter, an array, for each type.
fn arrays(types: &[&str]) -> String {
    let arrays: Vec<String> =
        types.iter().enumerate().map(|(n, name)| format!("${}::{name}[]", n.saturating_add(1))).collect();
    arrays.join(", ")
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
    fn a_question_is_asked_for_many_at_once() {
        let text = many_questions("SELECT a FROM t WHERE b = ?1 AND c = ?2", &["bytea", "text"]);
        let words: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(
            words.join(" "),
            "SELECT answer.*, many.place FROM unnest($1::bytea[], $2::text[]) WITH ORDINALITY AS many (c1, c2, place) \
             CROSS JOIN LATERAL (SELECT a FROM t WHERE b = many.c1 AND c = many.c2) AS answer"
        );
    }

    #[test]
    fn what_takes_its_parameters_in_order_is_sent_as_one() {
        let cases = [
            (
                "INSERT INTO t (a, b) VALUES (?1, ?2)",
                "INSERT INTO t (a, b) SELECT * FROM unnest($1::bytea[], $2::bigint[])",
            ),
            (
                "INSERT INTO t (a, b) VALUES (?1, ?2) ON CONFLICT (a) DO UPDATE SET b = excluded.b",
                "INSERT INTO t (a, b) SELECT * FROM unnest($1::bytea[], $2::bigint[]) ON CONFLICT (a) DO UPDATE SET b = excluded.b",
            ),
            (
                "UPDATE t SET n = n + 1, b = ?2 WHERE id = ?1",
                "UPDATE t SET n = n + 1, b = many.c2 FROM unnest($1::bytea[], $2::bigint[]) AS many (c1, c2) WHERE id = many.c1",
            ),
        ];
        for (one, many) in cases {
            assert_eq!(many_rows(one, &["bytea", "bigint"]).as_deref(), Some(many));
        }
        for other in [
            "INSERT INTO t (a, b) VALUES (?2, ?1)",
            "INSERT INTO t (a, b) VALUES (?1, 0)",
            "INSERT INTO t (a, b) SELECT ?1, ?2 FROM u",
            "UPDATE t SET a = ?1 WHERE b = ?2",
            "UPDATE t SET a = ?2 WHERE id = ?1 AND a < ?2",
            "DELETE FROM t WHERE id = ?1 AND a = ?2",
        ] {
            assert_eq!(many_rows(other, &["bytea", "bigint"]), None, "{other}");
        }
    }
}
