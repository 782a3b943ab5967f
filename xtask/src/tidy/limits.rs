//! Every limit of the program stands in `docs/limits.md`, with what the code says of it: a line for each constant whose
//! name ends in `_MAX`, and for each that is a time.

use super::tree::{Finding, Source, Tree};

const TABLE: &str = "docs/limits.md";
/// The crates of the program whose limits somebody may meet.
const CRATES: &[&str] = &["crates/probity/src/log/", "crates/store/src/", "crates/trial/src/", "crates/web/src/"];

/// The table against the constants.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut limits: Vec<String> = tree.rust().filter(|file| is_of_the_program(file)).flat_map(limits).collect();
    limits.sort();
    let Some(table) = tree.file(TABLE) else {
        return vec![Finding { path: TABLE.to_owned(), line: 0, says: "is missing".to_owned(), is_warning: false }];
    };
    let is_row = |line: &&str| line.starts_with("| `crates/");
    let rows: Vec<&str> = table.text.lines().filter(is_row).collect();
    let missing = limits.iter().filter(|limit| !rows.contains(&limit.as_str()));
    let missing = missing.map(|limit| table.finding(0, format!("has no line {limit}")));
    let stale = table.lines().filter(|(_, line)| is_row(line) && !limits.iter().any(|limit| limit == line));
    missing.chain(stale.map(|(number, _)| table.finding(number, "is no limit of the code"))).collect()
}

fn is_of_the_program(file: &Source) -> bool {
    CRATES.iter().any(|folder| file.path.starts_with(folder)) && !file.is_test()
}

/// The lines that the limits of a file should have.
fn limits(file: &Source) -> Vec<String> {
    let mut said = String::new();
    let mut found = Vec::new();
    for line in file.text.lines().map(str::trim) {
        if let Some(doc) = line.strip_prefix("/// ") {
            said.push_str(doc);
            said.push(' ');
            continue;
        }
        if let Some((name, kind, value)) = constant(line) {
            let is_time = kind.ends_with("Duration");
            let value = evaluated(value).filter(|_| is_time || name.ends_with("_MAX"));
            if let Some(value) = value {
                let shown = shown(name, is_time, value);
                found.push(format!("| `{}` `{name}` | {shown} | {} |", file.path, first_sentence(&said)));
            }
        }
        said.clear();
    }
    found
}

/// Name, type and value of a constant on one line.
fn constant(line: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = line.split_once("const ")?;
    if !(before.is_empty() || before.starts_with("pub")) {
        return None;
    }
    let (name, rest) = rest.split_once(": ")?;
    let (kind, value) = rest.split_once(" = ")?;
    Some((name, kind, value.strip_suffix(';')?))
}

/// A number, a product of numbers, or so many units of time in milliseconds.
fn evaluated(value: &str) -> Option<u64> {
    const UNITS: &[(&str, u64)] = &[("millis", 1), ("secs", 1_000), ("mins", 60_000), ("hours", 3_600_000)];
    if let Some((unit, rest)) = value.split_once("::from_").and_then(|(_, rest)| rest.split_once('(')) {
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
        return evaluated(rest.strip_suffix(')')?)?.checked_mul(*unit);
    }
    value.split('*').try_fold(1_u64, |product, part| product.checked_mul(part.trim().replace('_', "").parse().ok()?))
}

/// `2 MiB`, `15 min`, `1,024`.
fn shown(name: &str, is_time: bool, value: u64) -> String {
    let units: &[(u64, &str)] = match (is_time, name.contains("BYTES") || name.contains("SIZE")) {
        (true, _) => &[(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms")],
        (false, true) => &[(1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes")],
        (false, false) => &[(1, "")],
    };
    let fits = |(size, _): &&(u64, &str)| value >= *size && value.is_multiple_of(*size);
    let (size, unit) = units.iter().find(fits).copied().unwrap_or((1, ""));
    let digits = (value / size).to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {unit}").trim_end().to_owned()
}

fn first_sentence(said: &str) -> String {
    let said = said.trim();
    let sentence = said.split_once(". ").map_or(said, |(first, _)| first);
    format!("{}.", sentence.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "/// Bytes of it. More\n/// of that.\npub const A_BYTES_MAX: usize = 2 * 1024 * 1024;\n/// How long\n\
        /// it waits\nconst WAIT: SignedDuration = SignedDuration::from_mins(15);\n/// Rows.\npub(crate) const ROWS_MAX: u32 = 1_024;\n\
        const NAME: &str = \"a\";\nlet max = 3;\n";
    const TABLE_OF_IT: &str = "# Limits\n\n| `crates/web/src/a.rs` `A_BYTES_MAX` | 2 MiB | Bytes of it. |\n\
        | `crates/web/src/a.rs` `ROWS_MAX` | 1,024 | Rows. |\n| `crates/web/src/a.rs` `WAIT` | 15 min | How long it waits. |\n";

    fn wrong(code: &str, table: &str) -> Vec<String> {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        let tree = Tree { files: vec![source("crates/web/src/a.rs", code), source(TABLE, table)] };
        check(&tree).into_iter().map(|finding| finding.says).collect()
    }

    #[test]
    fn what_the_document_says_is_what_the_code_says() {
        assert_eq!(wrong(CODE, TABLE_OF_IT), [""; 0]);
    }

    #[test]
    fn a_limit_that_changed_is_new_or_is_gone_is_found() {
        assert_eq!(wrong(&CODE.replace("from_mins(15)", "from_mins(16)"), TABLE_OF_IT).len(), 2);
        assert_eq!(wrong(&CODE.replace("2 * 1024", "3 * 1024"), TABLE_OF_IT).len(), 2);
        assert_eq!(wrong(&format!("{CODE}/// More.\nconst B_MAX: u8 = 1;\n"), TABLE_OF_IT).len(), 1);
        assert_eq!(wrong("", TABLE_OF_IT).len(), 3);
        assert_eq!(check(&super::super::tree::sample("crates/web/src/a.rs", CODE)).len(), 1);
    }
}
