//! The route table itself: who is in it, what it says, and that it is the API document.

use std::{collections::BTreeSet, env, fmt::Write, fs, path::Path};

use store::{acts::ACTS, views::VIEWS};
use web::route::Doing;

/// Routes that do nothing that is anybody's. A line here is a decision.
const PUBLIC: &[&str] = &[
    "GET /api/v1/challenge",
    "GET /api/v1/openapi.json",
    "GET /assets/{name}",
    "GET /enrol",
    "GET /sign-in",
    "GET /sign-in/provider",
    "POST /reports",
    "POST /sign-in/provider",
];

/// Acts that no route does: they happen on the machine, or as part of another.
const NOT_BY_ROUTE: &[(&str, &str)] = &[
    ("organization.found", "the operator, at the console"),
    ("organization.appoint_first", "the operator, at the console"),
    ("session.refuse", "what a sign-in that fails does"),
];

#[test]
fn public_routes_are_these_and_no_others() {
    let public: BTreeSet<String> = web::table()
        .routes()
        .iter()
        .filter(|route| route.does.iter().any(|doing| matches!(doing, Doing::Public { .. })))
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let known: BTreeSet<String> = PUBLIC.iter().map(|route| (*route).to_owned()).collect();
    assert!(public.is_subset(&known), "{public:?}");
}

#[test]
fn every_route_declares_acts_and_views_that_exist() {
    let known: BTreeSet<(&str, trial::permission::Permission)> =
        ACTS.iter().copied().chain(VIEWS.iter().map(|(name, needs, _)| (*name, *needs))).collect();
    for route in web::table().routes() {
        assert!(!route.does.is_empty(), "{} {}", route.method, route.path);
        for doing in &route.does {
            if let Some(needs) = doing.needs() {
                assert!(known.contains(&(doing.name(), needs)), "{} {}: {}", route.method, route.path, doing.name());
            }
        }
    }
}

#[test]
fn every_act_and_view_has_a_route_or_a_reason() {
    let by_route: BTreeSet<&str> =
        web::table().routes().iter().flat_map(|route| route.does.iter().map(Doing::name)).collect();
    let all = ACTS.iter().map(|(name, _)| *name).chain(VIEWS.iter().map(|(name, ..)| *name));
    for name in all {
        let elsewhere = NOT_BY_ROUTE.iter().any(|(known, _)| *known == name);
        assert!(by_route.contains(name) != elsewhere, "{name}: by a route or listed with a reason, and not both");
    }
}

/// `PROBITY_BLESS=1 cargo test -p web` writes `docs/routes.txt` anew; the difference is then reviewed.
#[test]
fn the_reviewed_file_of_routes_is_the_table() {
    let mut text = String::from(
        "What every route does and needs, printed from the route table. What a route does not declare it cannot do.\n\n",
    );
    let table = web::table();
    let mut routes: Vec<_> = table.routes().iter().collect();
    routes.sort_by(|a, b| (&a.path, a.method).cmp(&(&b.path, b.method)));
    for route in routes {
        writeln!(text, "{} {}", route.method, route.path).unwrap();
        for doing in &route.does {
            match doing {
                Doing::Public { why } => writeln!(text, "    for anyone: {why}").unwrap(),
                Doing::Act { name, needs, .. } => {
                    writeln!(text, "    act {name}, needs {}{}", needs.code(), doing.lately()).unwrap();
                }
                Doing::View { name, needs, .. } => {
                    writeln!(text, "    {name}, needs {}{}", needs.code(), doing.lately()).unwrap();
                }
            }
        }
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/routes.txt");
    if env::var_os("PROBITY_BLESS").is_some() {
        fs::write(&file, &text).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == text,
        "docs/routes.txt differs from the route table: run with PROBITY_BLESS=1 and review the change"
    );
}

/// What the addresses of the API take behind a question mark. A line here is a decision: none is a secret or a value.
const QUERIES: &[&str] = &[
    "after", "again", "at", "before", "country", "dry_run", "format", "limit", "name", "person", "search", "site",
    "study",
];

#[test]
fn no_address_takes_a_secret() {
    let table = web::table();
    let parts = table.routes().iter().flat_map(|route| route.path.split('/'));
    let secret = ["{token}", "{secret}", "{password}", "{code}", "{key}"];
    for part in parts.filter(|part| part.starts_with('{')) {
        assert!(!secret.contains(&part), "{part}");
    }
    let document = serde_json::to_value(web::api::document()).unwrap();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let asked = operations.filter_map(|operation| operation["parameters"].as_array()).flatten();
    let queries: BTreeSet<&str> = asked
        .filter(|parameter| parameter["in"] == "query")
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect();
    assert!(!queries.is_empty());
    let unknown: Vec<&&str> = queries.iter().filter(|name| !QUERIES.contains(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_api_document_has_the_routes_of_the_api_and_no_others() {
    let document = serde_json::to_value(web::api::document()).unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in
            item.as_object().unwrap().keys().filter(|key| ["get", "post", "put", "delete"].contains(&key.as_str()))
        {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let mounted: BTreeSet<String> = web::table()
        .routes()
        .iter()
        .filter(|route| route.path.starts_with("/api/v1"))
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(described, mounted);
}
