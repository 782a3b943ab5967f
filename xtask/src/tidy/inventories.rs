//! What is listed in documents is what there is: the events of the log, the classes of data, the places that connect to
//! somebody, the components that are called risky, and the advisories that are passed over.

use super::tree::{Finding, Source, Tree};

const DATA: &str = "docs/data-protection.md";
const SECURITY: &str = "docs/security.md";
const LOCK: &str = "Cargo.lock";
/// The one file that says where the log goes.
const LOG: &str = "crates/probity/src/log.rs";
const EVENTS: &[&str] = &["tracing::error!(", "tracing::warn!(", "tracing::info!("];
const CLASSES: &[&str] = &["identity", "clinical", "blinded", "secret", "operational"];
/// What makes somebody a client.
const CONNECTS: &[&str] = &["TcpStream::connect", "UdpSocket", "MakeRustlsConnect", "ureq::", "reqwest", "UnixStream"];
/// The crates of the program.
const PROGRAM: &[&str] = &["ledger", "odm", "probity", "store", "trial", "web"];

/// The documents against what there is.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let (Some(data), Some(security)) = (tree.file(DATA), tree.file(SECURITY)) else {
        let missing =
            |path: &str| Finding { path: path.to_owned(), line: 0, says: "is missing".to_owned(), is_warning: false };
        return [DATA, SECURITY].into_iter().filter(|path| tree.file(path).is_none()).map(missing).collect();
    };
    let mut findings = events(tree, data);
    findings.extend(classes(data));
    findings.extend(clients(tree, security));
    findings.extend(components(tree, security));
    findings.extend(tree.file("deny.toml").map(passed_over).unwrap_or_default());
    findings
}

fn program(tree: &Tree) -> impl Iterator<Item = &Source> {
    let is_ours = |file: &&Source| PROGRAM.iter().any(|name| file.path.starts_with(&format!("crates/{name}/src/")));
    tree.rust().filter(is_ours).filter(|file| !file.is_test())
}

/// The program's own code, without the tests at the end of a file.
fn code(file: &Source) -> &str {
    file.text.split("#[cfg(test)]").next().unwrap_or_default()
}

/// Each message that is logged stands in the document, each that stands there is logged, and nothing else writes a log.
fn events(tree: &Tree, data: &Source) -> Vec<Finding> {
    let listed: Vec<(usize, &str)> = data
        .lines()
        .filter(|(_, line)| line.starts_with("- `"))
        .filter_map(|(number, line)| Some((number, line.split('`').nth(1)?)))
        .collect();
    let mut logged = Vec::new();
    let mut findings = Vec::new();
    for file in program(tree) {
        for call in EVENTS.iter().flat_map(|event| code(file).split(event).skip(1)) {
            // The message is the last text of the call, which ends with it.
            let pieces = || call.split('"');
            let last = pieces().skip(1).position(|after| after.trim_start().starts_with(')'));
            let message = last.and_then(|last| pieces().nth(last)).unwrap_or_default();
            if !listed.iter().any(|(_, known)| *known == message) {
                findings.push(file.finding(0, format!("logs `{message}`, which is not in {DATA}")));
            }
            logged.push(message);
        }
        if file.path != LOG && code(file).contains("tracing_subscriber") {
            findings.push(file.finding(0, format!("the log begins in {LOG} alone")));
        }
    }
    let stale = listed.iter().filter(|(_, known)| !logged.contains(known));
    findings.extend(stale.map(|(number, known)| data.finding(*number, format!("nothing logs `{known}`"))));
    findings
}

/// Each class has a line, and no cell of it is empty.
fn classes(data: &Source) -> Vec<Finding> {
    let owed = |class: &str| {
        let line = data.text.lines().find(|line| line.starts_with(&format!("| {class} |")))?;
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        (cells.len() == 7 && cells.iter().all(|cell| !cell.is_empty())).then_some(())
    };
    let missing = CLASSES.iter().filter(|class| owed(class).is_none());
    missing.map(|class| data.finding(0, format!("does not say all that `{class}` is owed"))).collect()
}

/// Who connects to somebody is in the document.
fn clients(tree: &Tree, security: &Source) -> Vec<Finding> {
    let connects = |file: &&Source| CONNECTS.iter().any(|name| code(file).contains(name));
    let listed = |file: &Source| security.text.contains(&format!("- `{}`", file.path));
    let unlisted = program(tree).filter(connects).filter(|file| !listed(file));
    unlisted.map(|file| file.finding(0, format!("connects to somebody, and is not in {SECURITY}"))).collect()
}

/// What is called risky is there.
fn components(tree: &Tree, security: &Source) -> Vec<Finding> {
    let lock = tree.file(LOCK).map_or("", |lock| lock.text.as_str());
    let below = security.text.split_once("| component |").map_or("", |(_, below)| below);
    let table = below.split("\n\n").next().unwrap_or_default();
    let named: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let gone = named.iter().filter(|name| !lock.contains(&format!("name = \"{name}\"\n")));
    let mut findings: Vec<Finding> =
        gone.map(|name| security.finding(0, format!("`{name}` is called risky and is no component"))).collect();
    if named.is_empty() {
        findings.push(security.finding(0, "calls no component risky"));
    }
    findings
}

/// An advisory is passed over until a day, with a reason.
fn passed_over(deny: &Source) -> Vec<Finding> {
    let without = deny.lines().filter(|(_, line)| line.contains("RUSTSEC-"));
    let without = without.filter(|(_, line)| !(line.contains("reason = \"") && line.contains("until 20")));
    without.map(|(number, _)| deny.finding(number, "passes an advisory over: say why, and until which day")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGS: &str = "fn a() {\n    tracing::warn!(%error, \"it is gone\");\n}\n";
    const CONNECT: &str = "fn b() { TcpStream::connect(address) }\n";

    fn documents() -> (String, String) {
        let owed = |class: &&str| format!("| {class} | a | b | c | d | e | f |\n");
        let data = format!("{}\n- `it is gone`: a disk\n", CLASSES.iter().map(owed).collect::<String>());
        (
            data,
            "- `crates/web/src/b.rs`\n\n| component | why |\n| --- | --- |\n| `hyper` | reads |\n\nMore.\n".to_owned(),
        )
    }

    fn wrong(change: impl Fn(&mut Vec<Source>)) -> Vec<String> {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        let (data, security) = documents();
        let mut files = vec![
            source(DATA, &data),
            source(SECURITY, &security),
            source("crates/web/src/a.rs", LOGS),
            source("crates/web/src/b.rs", CONNECT),
            source(LOCK, "name = \"hyper\"\n"),
            source(
                "deny.toml",
                "ignore = [{ id = \"RUSTSEC-2026-0001\", reason = \"not reached, until 2027-01-31\" }]\n",
            ),
        ];
        change(&mut files);
        check(&Tree { files }).into_iter().map(|finding| finding.says).collect()
    }

    /// What is said when some text of a file is another.
    fn without(file: usize, from: &str, to: &str) -> usize {
        let change = |files: &mut Vec<Source>| {
            if let Some(file) = files.get_mut(file) {
                file.text = file.text.replace(from, to);
            }
        };
        wrong(change).len()
    }

    #[test]
    fn what_is_as_it_is_listed_is_left_alone() {
        assert_eq!(wrong(|_| ()), [""; 0]);
    }

    #[test]
    fn an_event_that_is_not_listed_or_not_logged_and_a_second_log_are_found() {
        assert_eq!(without(2, "it is gone", "it went away"), 2);
        assert_eq!(without(2, "tracing::warn!(%error, \"it is gone\")", "()"), 1);
        assert_eq!(without(2, "fn a()", "fn a() { tracing_subscriber::fmt().init() }\nfn c()"), 1);
    }

    #[test]
    fn a_class_without_all_that_it_is_owed_is_found() {
        assert_eq!(without(0, "| secret | a | b |", "| secret | a |"), 1);
        assert_eq!(without(0, "| clinical | a |", "| clinical |  |"), 1);
    }

    #[test]
    fn who_connects_and_is_not_listed_is_found() {
        assert_eq!(without(1, "crates/web/src/b.rs", "crates/web/src/c.rs"), 1);
    }

    #[test]
    fn a_risky_component_that_is_none_is_found() {
        assert_eq!(without(4, "hyper", "other"), 1);
        assert_eq!(without(1, "| `hyper` | reads |", ""), 1);
    }

    #[test]
    fn an_advisory_that_is_passed_over_for_ever_is_found() {
        assert_eq!(without(5, ", until 2027-01-31", ""), 1);
        assert_eq!(without(5, "reason = \"not reached, until 2027-01-31\"", ""), 1);
    }
}
