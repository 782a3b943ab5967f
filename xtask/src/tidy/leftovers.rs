//! What a finished piece does not leave behind: unfinished code, tests switched off, sleeps, unexplained allowances.

use super::tree::{Finding, Source, Tree};

/// Refused in all Rust code.
const NOWHERE: &[(&str, &str)] = &[
    ("todo!(", "unfinished"),
    ("unimplemented!(", "unfinished"),
    ("FIXME", "unfinished"),
    ("XXX", "unfinished"),
    ("TODO", "unfinished"),
    ("#[ignore", "a test that does not run is no test"),
    ("assert!(true", "a test that cannot fail"),
    ("thread::sleep(", "wait for the thing itself, not for a while"),
];

/// Refused in tests besides: there it hides a race.
const NOT_IN_TESTS: &[(&str, &str)] = &[
    ("time::sleep(", "a test that sleeps is slow today and fails tomorrow"),
    ("sleep(Duration", "a test that sleeps"),
];

/// Refused in the browser's scripts and tests.
const NOT_IN_SCRIPTS: &[(&str, &str)] = &[
    ("waitForTimeout(", "wait for the thing itself"),
    (".only(", "the other tests would not run"),
    (".skip(", "a test that does not run is no test"),
    ("debugger;", "left from debugging"),
    ("innerHTML", "text becomes markup"),
];

/// Refused in the script that pages load: ways to run text, to parse markup, to keep what pages show, to hear other windows,
/// to hinder pasting, and to reach a prototype.
const NOT_IN_PAGES: &[(&str, &str)] = &[
    ("eval(", "text becomes code"),
    ("new Function(", "text becomes code"),
    ("document.write", "text becomes markup"),
    ("insertAdjacentHTML", "text becomes markup"),
    ("outerHTML", "text becomes markup"),
    ("createContextualFragment", "text becomes markup"),
    ("DOMParser", "text becomes markup"),
    ("localStorage", "what is typed stays in the page"),
    ("sessionStorage", "what is typed stays in the page"),
    ("indexedDB", "what is typed stays in the page"),
    ("document.cookie", "cookies are the server's"),
    ("postMessage", "no other window is spoken to"),
    ("'message'", "no other window is heard"),
    ("'paste'", "programs that keep passwords paste them"),
    ("__proto__", "a key becomes a prototype"),
    ("Object.assign(", "a key becomes a prototype"),
    (".prototype", "what all objects share is left alone"),
];

/// This rule's own files name what they refuse.
fn names_them(path: &str) -> bool {
    path.starts_with("xtask/src/tidy/")
}

/// Rust files, browser scripts and their tests.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let rust = tree.rust().filter(|file| !names_them(&file.path));
    let scripts = tree.select(|path| path.ends_with(".js") || path.ends_with(".mjs"));
    let pages = tree.select(|path| path.ends_with(".js") && path.starts_with("crates/"));
    let in_scripts = scripts.flat_map(|file| matches(file, NOT_IN_SCRIPTS, 0));
    let in_pages = pages.flat_map(|file| matches(file, NOT_IN_PAGES, 0));
    rust.flat_map(check_rust).chain(in_scripts).chain(in_pages).collect()
}

fn check_rust(file: &Source) -> Vec<Finding> {
    let mut findings = matches(file, NOWHERE, 0);
    let tests_from =
        if file.is_test() { Some(0) } else { file.lines().find(|(_, line)| *line == "mod tests {").map(|(n, _)| n) };
    if let Some(from) = tests_from {
        findings.extend(matches(file, NOT_IN_TESTS, from));
    }
    findings.extend(allowances(file));
    findings
}

fn matches(file: &Source, refused: &[(&str, &str)], from: usize) -> Vec<Finding> {
    let lines = file.lines().filter(|(number, _)| *number >= from);
    let found = lines.flat_map(|(number, line)| {
        let hits = refused.iter().filter(move |(text, _)| line.contains(text));
        hits.map(move |(text, why)| file.finding(number, format!("`{text}`: {why}")))
    });
    found.collect()
}

/// `allow` and `expect` attributes without a reason.
fn allowances(file: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for opening in ["allow(", "expect("] {
        for (at, _) in file.text.match_indices(opening) {
            let before = file.text.get(..at).unwrap_or_default();
            // An attribute: right behind `#[` or `#![`, or inside `cfg_attr(…, `.
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            let line = before.get(line_start..).unwrap_or_default().trim_start();
            let is_attribute =
                matches!(line, "#[" | "#![") || line.starts_with("#[cfg_attr(") || line.starts_with("#![cfg_attr(");
            let attribute = file.text.get(at..).and_then(|rest| rest.split(")]").next()).unwrap_or_default();
            if is_attribute && !attribute.contains("reason") {
                let number = before.lines().count().max(1);
                findings.push(file.finding(number, format!("`{opening}…)` without a reason")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    fn in_rust(text: &str) -> usize {
        check(&sample("crates/x/src/a.rs", text)).len()
    }

    #[test]
    fn each_leftover_is_found() {
        for (text, _) in NOWHERE {
            assert!(in_rust(&format!("    {text}\"\")")) >= 1, "{text}");
        }
    }

    #[test]
    fn a_sleep_is_found_in_tests_and_left_alone_elsewhere() {
        let sleep = "tokio::time::sleep(Duration::from_secs(1)).await;";
        assert_eq!(in_rust(sleep), 0);
        assert!(in_rust(&format!("mod tests {{\n{sleep}\n}}")) > 0);
        assert!(!check(&sample("crates/x/tests/a.rs", sleep)).is_empty());
    }

    #[test]
    fn an_allowance_gives_its_reason() {
        assert_eq!(in_rust("#[allow(dead_code)]\nfn a() {}"), 1);
        assert_eq!(in_rust("#![expect(\n    clippy::unwrap_used\n)]"), 1);
        assert_eq!(in_rust("#[cfg_attr(test, expect(clippy::unwrap_used))]"), 1);
        assert_eq!(in_rust("#[expect(clippy::unwrap_used, reason = \"tests\")]"), 0);
        assert_eq!(in_rust("#![cfg_attr(\n    test,\n    expect(clippy::unwrap_used, reason = \"tests\")\n)]"), 0);
        assert_eq!(in_rust("let a = b.expect(\"an invariant\");"), 0);
    }

    #[test]
    fn scripts_are_looked_at_too() {
        assert_eq!(check(&sample("tests/browser/a.mjs", "await page.waitForTimeout(500)")).len(), 1);
        assert_eq!(check(&sample("crates/web/assets/a.js", "node.innerHTML = text")).len(), 1);
    }

    #[test]
    fn what_a_page_s_script_may_not_do_is_found() {
        for (text, _) in NOT_IN_SCRIPTS.iter().chain(NOT_IN_PAGES) {
            assert!(!check(&sample("crates/web/assets/a.js", &format!("a {text}"))).is_empty(), "{text}");
        }
        assert_eq!(check(&sample("tests/browser/a.mjs", "page.$$eval('a', read)")).len(), 0);
    }
}
