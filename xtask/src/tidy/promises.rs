//! The promise register is whole and well formed: every id once, each sentence said, each bound or honestly not.

use std::collections::BTreeSet;

use toml::Table;

use super::tree::{Finding, Source, Tree};

const REGISTER: &str = "promises.toml";
const SERIES: &[(&str, usize)] = &[("C", 99), ("L", 66)];
const FEATURES: usize = 55;
const SENTENCE_CHARS_MAX: usize = 320;
const FIELDS: &[&str] = &["id", "kind", "sentence", "features", "check", "controls"];
/// For a promise that only a document of somebody else can keep.
const ATTESTATION: &str = "attestation";

/// The register at the root of the workspace.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.file(REGISTER) else {
        return vec![Finding { path: REGISTER.to_owned(), line: 0, says: "is missing".to_owned(), is_warning: false }];
    };
    match file.text.parse::<Table>() {
        Ok(register) => {
            check_register(&register).into_iter().map(|says| file.finding(line_of(file, &says), says)).collect()
        }
        Err(error) => vec![file.finding(0, format!("not readable: {error}"))],
    }
}

fn check_register(register: &Table) -> Vec<String> {
    let Some(promises) = register.get("promise").and_then(|list| list.as_array()) else {
        return vec!["holds no [[promise]]".to_owned()];
    };
    let mut says = Vec::new();
    let mut ids = BTreeSet::new();
    let mut sentences = BTreeSet::new();
    for promise in promises.iter().filter_map(|promise| promise.as_table()) {
        let id = text(promise, "id");
        says.extend(check_promise(promise).into_iter().map(|wrong| format!("{id}: {wrong}")));
        if !ids.insert(id.to_owned()) {
            says.push(format!("{id}: stands twice"));
        }
        if !sentences.insert(text(promise, "sentence").to_lowercase()) {
            says.push(format!("{id}: says the same as another promise"));
        }
    }
    let expected: BTreeSet<String> = SERIES
        .iter()
        .flat_map(|(series, last)| (1..=*last).map(move |number| format!("{series}-{number:02}")))
        .collect();
    says.extend(expected.difference(&ids).map(|id| format!("{id}: is missing")));
    says.extend(ids.difference(&expected).map(|id| format!("{id}: is not an id of the register")));
    says
}

fn check_promise(promise: &Table) -> Vec<String> {
    let mut says: Vec<String> = promise
        .keys()
        .filter(|key| !FIELDS.contains(&key.as_str()))
        .map(|key| format!("unknown field '{key}'"))
        .collect();
    let kind = text(promise, "kind");
    let check = text(promise, "check");
    if !["E", "R", "A"].contains(&kind) {
        says.push(format!("kind '{kind}' is none of E, R, A"));
    }
    if (kind == "A") != (check == ATTESTATION) {
        says.push("kind A and check \"attestation\" go together".to_owned());
    }
    if check.is_empty() || !check.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        says.push(format!("'{check}' is no name of a check"));
    }
    let sentence = text(promise, "sentence");
    if !sentence.ends_with('.')
        || sentence.chars().count() > SENTENCE_CHARS_MAX
        || !sentence.starts_with(char::is_uppercase)
    {
        says.push(format!(
            "the sentence begins with a capital, ends with a full stop, and has at most {SENTENCE_CHARS_MAX} characters"
        ));
    }
    let features = promise.get("features").and_then(|list| list.as_array());
    let known =
        features.is_some_and(|list| !list.is_empty() && list.iter().all(|it| it.as_str().is_some_and(is_feature)));
    if !known {
        says.push("features are a list out of F01 to F55".to_owned());
    }
    says
}

fn is_feature(name: &str) -> bool {
    let number =
        name.strip_prefix('F').filter(|digits| digits.len() == 2).and_then(|digits| digits.parse::<usize>().ok());
    number.is_some_and(|number| (1..=FEATURES).contains(&number))
}

fn text<'a>(promise: &'a Table, field: &str) -> &'a str {
    promise.get(field).and_then(|value| value.as_str()).unwrap_or_default()
}

/// The line where the promise named at the beginning of `says` stands.
fn line_of(file: &Source, says: &str) -> usize {
    let id = says.split(':').next().unwrap_or_default();
    file.lines().find(|(_, line)| *line == format!("id = \"{id}\"")).map_or(0, |(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    const GOOD: &str =
        "id = \"C-01\"\nkind = \"E\"\nsentence = \"It holds.\"\nfeatures = [\"F01\"]\ncheck = \"not_built\"\n";

    /// What is wrong with one promise, the missing others aside.
    fn wrong(promise: &str) -> usize {
        let findings = check(&sample(REGISTER, &format!("[[promise]]\n{promise}")));
        findings.iter().filter(|finding| !finding.says.ends_with("is missing")).count()
    }

    #[test]
    fn a_good_promise_is_left_alone_and_its_missing_fellows_are_named() {
        assert_eq!(wrong(GOOD), 0);
        assert_eq!(check(&sample(REGISTER, &format!("[[promise]]\n{GOOD}"))).len(), 164);
    }

    #[test]
    fn each_fault_is_found() {
        for (from, to) in [
            ("C-01", "C-1"),
            ("\"E\"", "\"Q\""),
            ("\"E\"", "\"A\""),
            ("It holds.", "It holds"),
            ("F01", "F56"),
            ("not_built", "Not Built"),
            ("not_built", "attestation"),
            ("sentence", "sentense"),
        ] {
            assert!(wrong(&GOOD.replacen(from, to, 1)) > 0, "{from} -> {to}");
        }
        assert!(wrong(&format!("{GOOD}[[promise]]\n{GOOD}")) > 0);
    }

    #[test]
    fn a_missing_or_unreadable_register_is_found() {
        assert_eq!(check(&sample("other.toml", "")).len(), 1);
        assert_eq!(check(&sample(REGISTER, "[[promise]")).len(), 1);
    }
}
