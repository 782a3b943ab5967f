//! Who may depend on whom. The arrows of ARCHITECTURE.md, read from the manifests.

use toml::Table;

use super::tree::{Finding, Source, Tree};

/// Our crates, and the ones of ours that each may depend on. A crate that is not here may not be added in silence.
const ARROWS: &[(&str, &[&str])] = &[
    ("trial", &[]),
    ("ledger", &[]),
    ("odm", &["trial"]),
    ("store", &["trial", "ledger"]),
    ("web", &["store", "odm", "trial", "ledger"]),
    ("probity", &["web", "store", "odm", "trial", "ledger"]),
    ("bench", &["web", "store", "odm", "trial", "ledger", "testbed"]),
    ("testbed", &[]),
    ("xtask", &[]),
];

/// Crates that speak to a database, and who may depend on them.
const DATABASE: &[&str] =
    &["rusqlite", "libsqlite3-sys", "refinery", "tokio-postgres", "deadpool-postgres", "sqlx", "diesel"];
/// `bench` measures the bare database beside the product; nothing links it.
const MAY_SPEAK_SQL: &[&str] = &["store", "bench"];

/// What the pure crates may not reach for: anything that does I/O on its own or brings a runtime.
const IMPURE: &[&str] = &["tokio", "axum", "hyper", "tower", "reqwest", "ureq", "async-std", "rand", "getrandom"];
const PURE: &[&str] = &["trial", "ledger", "odm"];

/// Every manifest keeps to the arrows and takes the workspace's lints.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.select(|path| path.ends_with("/Cargo.toml"));
    manifests
        .flat_map(|manifest| check_manifest(manifest).unwrap_or_else(|says| vec![manifest.finding(0, says)]))
        .collect()
}

fn check_manifest(manifest: &Source) -> Result<Vec<Finding>, String> {
    let table: Table = manifest.text.parse().map_err(|error| format!("not readable: {error}"))?;
    let name = table.get("package").and_then(|package| package.get("name")).and_then(|name| name.as_str());
    let name = name.ok_or("a manifest without a package name")?;
    let Some((_, allowed)) = ARROWS.iter().find(|(ours, _)| *ours == name) else {
        return Err(format!(
            "crate `{name}` has no arrows yet: decide them in xtask/src/tidy/layers.rs and ARCHITECTURE.md"
        ));
    };
    let mut findings = Vec::new();
    for dependency in dependencies(&table, &["dependencies", "build-dependencies"]) {
        let ours = ARROWS.iter().any(|(ours, _)| *ours == dependency);
        if ours && !allowed.contains(&dependency.as_str()) {
            findings.push(manifest.finding(0, format!("`{name}` may not depend on `{dependency}`")));
        }
        if PURE.contains(&name) && IMPURE.contains(&dependency.as_str()) {
            findings.push(manifest.finding(0, format!("`{name}` is pure and may not depend on `{dependency}`")));
        }
    }
    for dependency in dependencies(&table, &["dependencies", "build-dependencies", "dev-dependencies"]) {
        if DATABASE.contains(&dependency.as_str()) && !MAY_SPEAK_SQL.contains(&name) {
            findings.push(
                manifest.finding(0, format!("only `store` speaks SQL, so `{name}` may not depend on `{dependency}`")),
            );
        }
    }
    let inherits = table.get("lints").and_then(|lints| lints.get("workspace")).and_then(|it| it.as_bool());
    if inherits != Some(true) {
        findings.push(manifest.finding(0, "does not take the workspace's lints ([lints] workspace = true)"));
    }
    Ok(findings)
}

/// The names under the given sections, for every target, with renames seen through.
fn dependencies(table: &Table, sections: &[&str]) -> Vec<String> {
    let per_target = table.get("target").and_then(|targets| targets.as_table()).into_iter().flat_map(Table::values);
    let places = std::iter::once(table).chain(per_target.filter_map(|target| target.as_table()));
    let mut names = Vec::new();
    for place in places {
        for section in sections {
            let Some(entries) = place.get(*section).and_then(|entries| entries.as_table()) else { continue };
            for (key, value) in entries {
                let package = value.get("package").and_then(|package| package.as_str());
                names.push(package.unwrap_or(key).to_owned());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    fn findings(manifest: &str) -> usize {
        check(&sample("crates/x/Cargo.toml", &format!("{manifest}\n[lints]\nworkspace = true\n"))).len()
    }

    #[test]
    fn the_domain_depends_on_nothing_of_ours() {
        assert_eq!(findings("[package]\nname = \"trial\"\n[dependencies]\nledger.workspace = true"), 1);
        assert_eq!(findings("[package]\nname = \"store\"\n[dependencies]\nledger.workspace = true"), 0);
        assert_eq!(findings("[package]\nname = \"odm\"\n[dependencies]\nstore = { path = \"../store\" }"), 1);
    }

    #[test]
    fn only_the_store_speaks_sql_even_in_tests_and_under_another_name() {
        assert_eq!(findings("[package]\nname = \"web\"\n[dependencies]\nrusqlite = \"0.41\""), 1);
        assert_eq!(
            findings(
                "[package]\nname = \"web\"\n[dev-dependencies]\ndb = { package = \"rusqlite\", version = \"0.41\" }"
            ),
            1
        );
        assert_eq!(
            findings("[package]\nname = \"web\"\n[target.'cfg(unix)'.dependencies]\ntokio-postgres = \"0.7\""),
            1
        );
        assert_eq!(findings("[package]\nname = \"store\"\n[dependencies]\nrusqlite = \"0.41\""), 0);
    }

    #[test]
    fn a_pure_crate_brings_no_runtime() {
        assert_eq!(findings("[package]\nname = \"ledger\"\n[dependencies]\ntokio = \"1\""), 1);
    }

    #[test]
    fn an_unknown_crate_and_missing_lints_are_found() {
        assert_eq!(findings("[package]\nname = \"surprise\""), 1);
        assert_eq!(check(&sample("crates/x/Cargo.toml", "[package]\nname = \"trial\"")).len(), 1);
    }
}
