//! Where the product stands against OWASP ASVS 5.0: `docs/asvs.csv` has a line for each requirement, and what it says is met
//! names a test that is there, or a promise with its check.

use std::collections::BTreeMap;

use toml::Table;

use super::tree::{Finding, Source, Tree};

const TABLE: &str = "docs/asvs.csv";
const HEAD: &str = "id,level,status,how,shown_by";
const STATUSES: &[&str] = &["met", "not applicable", "not met"];
const SENTENCE_CHARS_MAX: usize = 320;
const MET: &str = "met";
/// How many requirements each section of each chapter has (ASVS 5.0.0).
const SECTIONS: &[&[usize]] = &[
    &[2, 10, 12, 3, 3],
    &[3, 3, 5, 2],
    &[1, 3, 5, 8, 8, 1, 5],
    &[5, 5, 2, 4],
    &[1, 6, 3, 3],
    &[3, 12, 8, 6, 8, 4, 2, 4],
    &[3, 4, 2, 5, 3, 2],
    &[4, 4, 3, 2],
    &[3, 4],
    &[2, 3, 5, 16, 5, 2, 3],
    &[4, 5, 5, 4, 2, 2, 2],
    &[5, 2, 5],
    &[4, 6, 4, 7],
    &[2, 8, 3],
    &[5, 5, 7, 4],
    &[1, 5, 4, 3, 4],
    &[2, 8, 2],
];
/// How many there are of each level.
const LEVELS: &[(&str, usize)] = &[("1", 70), ("2", 183), ("3", 92)];
const PROMISES: &str = "promises.toml";
const CHECKS: &str = "crates/probity/src/prove/check/";

/// The table, against the list of requirements and the tests that it names.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.file(TABLE) else {
        return vec![Finding { path: TABLE.to_owned(), line: 0, says: "is missing".to_owned(), is_warning: false }];
    };
    let mut findings = Vec::new();
    let mut lines = file.lines();
    if lines.next().is_none_or(|(_, head)| head != HEAD) {
        findings.push(file.finding(1, format!("does not begin with `{HEAD}`")));
    }
    let promises = promises(tree);
    let mut times: BTreeMap<String, usize> = requirements().map(|id| (id, 0)).collect();
    let mut levels: BTreeMap<String, usize> = BTreeMap::new();
    for (number, line) in lines {
        let fields = fields(line);
        let [id, level, status, how, shown_by] = fields.as_slice() else {
            findings.push(file.finding(number, format!("has {} fields, not 5", fields.len())));
            continue;
        };
        match times.get_mut(id) {
            Some(times) => *times += 1,
            None => findings.push(file.finding(number, format!("'{id}' is no requirement of ASVS 5.0"))),
        }
        *levels.entry(level.clone()).or_default() += 1;
        let wrong = said(status, how, shown_by).into_iter().chain(shown(tree, &promises, shown_by));
        findings.extend(wrong.map(|says| file.finding(number, format!("{id}: {says}"))));
    }
    findings.extend(counted(file, &times, &levels));
    findings
}

/// Every id, in the order of the standard.
fn requirements() -> impl Iterator<Item = String> {
    SECTIONS.iter().zip(1..).flat_map(|(sections, chapter)| {
        sections.iter().zip(1..).flat_map(move |(count, section): (&usize, usize)| {
            (1..=*count).map(move |number| format!("V{chapter}.{section}.{number}"))
        })
    })
}

fn counted(file: &Source, times: &BTreeMap<String, usize>, levels: &BTreeMap<String, usize>) -> Vec<Finding> {
    let once = times.iter().filter(|(_, times)| **times != 1);
    let mut findings: Vec<Finding> =
        once.map(|(id, times)| file.finding(0, format!("{id}: stands {times} times, not once"))).collect();
    let level = |name: &str| levels.get(name).copied().unwrap_or_default();
    if LEVELS.iter().any(|(name, count)| level(name) != *count) || levels.len() != LEVELS.len() {
        findings.push(file.finding(0, format!("levels are {levels:?}, and should be {LEVELS:?}")));
    }
    findings
}

/// What is wrong with a line by itself.
fn said(status: &str, how: &str, shown_by: &str) -> Vec<String> {
    let mut says = Vec::new();
    if !STATUSES.contains(&status) {
        says.push(format!("status '{status}' is none of {STATUSES:?}"));
    }
    if !how.ends_with('.') || how.chars().count() > SENTENCE_CHARS_MAX || how.split_whitespace().count() < 2 {
        says.push(format!("how: a sentence with a full stop, of at most {SENTENCE_CHARS_MAX} characters"));
    }
    if (status == MET) == shown_by.is_empty() {
        says.push("what is met names what shows it, and nothing else does".to_owned());
    }
    says
}

/// What is wrong with what shows it: `path name`, or `promise path-of-its-check`, several with `; ` between.
fn shown(tree: &Tree, promises: &BTreeMap<String, String>, shown_by: &str) -> Vec<String> {
    let all = shown_by.split("; ").filter(|one| !one.is_empty());
    all.filter(|one| {
        let Some((path, name)) = one.split_once(' ') else { return true };
        match promises.get(path) {
            Some(check) => name != format!("{CHECKS}{check}.rs") || tree.file(name).is_none(),
            None => !tree.file(path).is_some_and(|file| holds(file, name)),
        }
    })
    .map(|one| format!("`{one}` is neither a test that is there nor a promise with its check"))
    .collect()
}

/// Whether a file holds a test of this name.
fn holds(file: &Source, name: &str) -> bool {
    if file.path.ends_with(".mjs") {
        return ["'", "\"", "`"].iter().any(|quote| file.text.contains(&format!("{quote}{name}{quote}")));
    }
    let Some((before, _)) = file.text.split_once(&format!("fn {name}(")) else { return false };
    let above = before.rsplit_once('\n').map_or("", |(above, _)| above);
    let mut attributes = above.lines().rev().take_while(|line| line.trim_start().starts_with(['#', '/']));
    file.path.ends_with(".rs") && attributes.any(|line| line.contains("#[test") || line.contains("::test"))
}

/// The check of each promise.
fn promises(tree: &Tree) -> BTreeMap<String, String> {
    let register = tree.file(PROMISES).and_then(|file| file.text.parse::<Table>().ok()).unwrap_or_default();
    let all = register.get("promise").and_then(|list| list.as_array()).into_iter().flatten();
    let text =
        |promise: &toml::Value, field: &str| promise.get(field).and_then(|text| text.as_str()).map(str::to_owned);
    all.filter_map(|promise| Some((text(promise, "id")?, text(promise, "check")?))).collect()
}

/// The fields of a line of CSV (RFC 4180, without line breaks in a field).
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut signs = line.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '"' if quoted && signs.next_if_eq(&'"').is_some() => {
                fields.last_mut().into_iter().for_each(|it| it.push('"'))
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => fields.last_mut().into_iter().for_each(|it| it.push(sign)),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "V1.1.1,2,met,\"It is so, \"\"always\"\".\",a.rs it_is_so; C-01 crates/probity/src/prove/check/it_holds.rs";

    /// What is said of one line, its missing fellows aside.
    fn wrong(line: &str) -> Vec<String> {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        let tree = Tree {
            files: vec![
                source(TABLE, &format!("{HEAD}\n{line}\n")),
                source("a.rs", "#[test]\nfn it_is_so() {}\n\nfn is_no_test() {}\n"),
                source("a.mjs", "browserTest('it is seen', async () => {});"),
                source("crates/probity/src/prove/check/it_holds.rs", ""),
                source(
                    PROMISES,
                    "[[promise]]\nid = \"C-01\"\ncheck = \"it_holds\"\n[[promise]]\nid = \"C-02\"\ncheck = \"not_built\"\n",
                ),
            ],
        };
        check(&tree).into_iter().filter(|finding| finding.line > 0).map(|finding| finding.says).collect()
    }

    #[test]
    fn a_good_line_is_left_alone() {
        assert_eq!(wrong(GOOD), [""; 0]);
        assert_eq!(wrong("V1.1.1,2,met,It is so.,a.mjs it is seen"), [""; 0]);
        assert_eq!(wrong("V1.1.1,2,not applicable,There is none.,"), [""; 0]);
    }

    #[test]
    fn each_fault_is_found() {
        for (from, to) in [
            ("V1.1.1", "V1.1.3"),
            ("met", "partly"),
            ("met", "not met"),
            (".\",", "\","),
            ("a.rs", "b.rs"),
            ("it_is_so;", "it_was_so;"),
            ("it_is_so;", "is_no_test;"),
            ("C-01", "C-02"),
            ("C-01", "C-03"),
            ("a.rs it_is_so; C-01 crates/probity/src/prove/check/it_holds.rs", ""),
            (",2,", ","),
        ] {
            assert!(!wrong(&GOOD.replacen(from, to, 1)).is_empty(), "{from} -> {to}");
        }
    }

    #[test]
    fn every_requirement_is_asked_for_once() {
        let ids: Vec<String> = requirements().collect();
        assert_eq!(ids.len(), LEVELS.iter().map(|(_, count)| count).sum::<usize>());
        assert_eq!(
            (ids.first().map(String::as_str), ids.last().map(String::as_str)),
            (Some("V1.1.1"), Some("V17.3.2"))
        );
        let lines = |ids: &[String]| ids.iter().map(|id| format!("{id},1,not met,It is not.,\n")).collect::<String>();
        let missing = |text: String| {
            let tree = super::super::tree::sample(TABLE, &format!("{HEAD}\n{text}"));
            check(&tree).into_iter().filter(|finding| finding.says.contains("not once")).count()
        };
        assert_eq!(missing(lines(&ids)), 0);
        assert_eq!(missing(lines(ids.get(1..).unwrap_or_default())), 1);
        assert_eq!(missing(lines(&ids) + "V1.1.1,1,not met,It is not.,\n"), 1);
        assert_eq!(check(&super::super::tree::sample("other.csv", "")).len(), 1);
    }
}
