//! What the API answers, held against its own document: every field it shows is described, every field it describes
//! as required is shown, and each is of the type it is said to be.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};
use trial::{
    permission::Permission,
    policy::Setting,
    role::{Level, Role},
};

use crate::{cases::Setup, client::Ask};

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_as_the_document_says() {
    let setup = Setup::new();
    let document = serde_json::to_value(web::api::document()).unwrap();
    let (study, subject) = (setup.one.id, setup.one.subjects[0]);
    let form = format!("/api/v1/subjects/{subject}/visits/SE.1/-/forms/F.VS/-");
    let template = "/api/v1/subjects/{subject}/visits/{event}/{event_repeat}/forms/{form}/{form_repeat}";
    let history = format!("{template}/history/{{group}}/{{group_repeat}}/{{item}}");
    let (hand, builder, admin) = (&setup.hand.token, &setup.builder.token, &setup.world.admin.token);
    let asked = [
        ("/api/v1/session", "/api/v1/session".to_owned(), hand),
        ("/api/v1/me", "/api/v1/me".to_owned(), hand),
        ("/api/v1/me/sessions", "/api/v1/me/sessions".to_owned(), hand),
        ("/api/v1/me/sign-ins", "/api/v1/me/sign-ins".to_owned(), hand),
        ("/api/v1/me/events", "/api/v1/me/events".to_owned(), hand),
        ("/api/v1/challenge", "/api/v1/challenge".to_owned(), hand),
        ("/api/v1/people", "/api/v1/people".to_owned(), admin),
        ("/api/v1/grants", "/api/v1/grants".to_owned(), admin),
        ("/api/v1/grants", format!("/api/v1/grants?study={study}"), builder),
        ("/api/v1/roles", "/api/v1/roles".to_owned(), admin),
        ("/api/v1/policy", "/api/v1/policy".to_owned(), admin),
        ("/api/v1/access-matrix", "/api/v1/access-matrix".to_owned(), admin),
        ("/api/v1/access-requests", "/api/v1/access-requests".to_owned(), admin),
        ("/api/v1/duties", "/api/v1/duties".to_owned(), admin),
        ("/api/v1/account/duties", "/api/v1/account/duties".to_owned(), hand),
        ("/api/v1/account/access-requests", "/api/v1/account/access-requests".to_owned(), hand),
        ("/api/v1/studies", "/api/v1/studies".to_owned(), hand),
        ("/api/v1/studies/{study}", format!("/api/v1/studies/{study}"), hand),
        ("/api/v1/studies/{study}/sites", format!("/api/v1/studies/{study}/sites"), hand),
        ("/api/v1/studies/{study}/subjects", format!("/api/v1/studies/{study}/subjects"), hand),
        ("/api/v1/subjects/{subject}", format!("/api/v1/subjects/{subject}"), hand),
        (template, form.clone(), hand),
        (history.as_str(), format!("{form}/history/IG.VS/-/I.SYS"), hand),
        ("/api/v1/ledgers/{ledger}", "/api/v1/ledgers/2".to_owned(), builder),
        ("/api/v1/ledgers/{ledger}/entries", "/api/v1/ledgers/2/entries".to_owned(), builder),
        ("/api/v1/ledgers/{ledger}/entries/{index}/proof", "/api/v1/ledgers/2/entries/0/proof".to_owned(), builder),
    ];
    for (path, uri, token) in asked {
        let answer = Ask::get(&uri).bearer(token).send(&setup.world.app).await.expect(200).json();
        let schema = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{path} describes no answer");
        let mut wrong = Vec::new();
        check(&document, schema, &answer, &uri, &mut wrong);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// Of a word that is not taken the document says so: whoever asks by it is never told that they were not understood.
#[test]
fn the_document_lists_the_words_that_are_taken() {
    let schemas = serde_json::to_value(web::api::document()).unwrap()["components"]["schemas"].take();
    let listed = |name: &str| -> Vec<String> { serde_json::from_value(schemas[name]["enum"].clone()).unwrap() };
    let levels = listed("Level");
    let levels: BTreeSet<Level> = serde_json::from_value(json!(levels)).unwrap();
    assert_eq!(levels.len(), Level::ALL.len());
    assert!(listed("Permission").iter().all(|code| Permission::from_code(code).is_some()));
    assert_eq!(listed("Permission").len(), Permission::ALL.len());
    assert!(listed("SettingCode").iter().all(|code| Setting::from_code(code).is_some()));
    assert_eq!(listed("SettingCode").len(), Setting::ALL.len());
    let roles = schemas["Role"]["pattern"].as_str().unwrap();
    assert!(Role::BUILT_IN.iter().all(|role| roles.contains(&*role.code())) && roles.contains("|role:"), "{roles}");
    for key in ["values", "justifications"] {
        let names = &schemas["NewLayer"]["properties"][key]["propertyNames"]["enum"];
        assert_eq!(names, &schemas["SettingCode"]["enum"]);
    }
    let wish = &schemas["Wish"]["properties"];
    assert_eq!(wish["levels"]["items"], reference("Level"));
    assert_eq!(wish["permissions"]["items"], reference("Permission"));
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The document has one schema of each name: of two types that share one, one would be described as the other.
#[test]
fn no_two_schemas_share_a_name() {
    let mut names = BTreeSet::new();
    described_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut names);
    assert!(names.len() > 50, "{names:?}");
}

fn described_below(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            described_below(&path, names);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for described in text.split("ToSchema)]").skip(1) {
            let mut words = described.split(|c: char| !c.is_alphanumeric());
            let name =
                words.by_ref().find(|word| matches!(*word, "struct" | "enum")).and_then(|_| words.next()).unwrap();
            assert!(names.insert(name.to_owned()), "{}: another schema is called {name}", path.display());
        }
    }
}

/// As much of JSON Schema as the document uses.
fn check(document: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return check(document, &document["components"]["schemas"][name], value, at, wrong);
    }
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let fits = choices.iter().any(|choice| {
            let mut misfits = Vec::new();
            check(document, choice, value, at, &mut misfits);
            misfits.is_empty()
        });
        if !fits {
            wrong.push(format!("{at}: {value} fits none of {schema}"));
        }
        return;
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !kinds.contains(&kind) {
        return wrong.push(format!("{at}: {value} is not {kinds:?}"));
    }
    if let (Some(choices), Value::String(_)) = (schema["enum"].as_array(), value)
        && !choices.contains(value)
    {
        wrong.push(format!("{at}: {value} is none of {choices:?}"));
    }
    if let Value::Array(all) = value {
        for (number, one) in all.iter().enumerate() {
            check(document, &schema["items"], one, &format!("{at}[{number}]"), wrong);
        }
    }
    if let (Value::Object(fields), Some(known)) = (value, schema["properties"].as_object()) {
        for (name, one) in fields {
            match known.get(name) {
                Some(schema) => check(document, schema, one, &format!("{at}.{name}"), wrong),
                None => wrong.push(format!("{at}.{name} is not described")),
            }
        }
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(required) {
                wrong.push(format!("{at}.{required} is missing"));
            }
        }
    }
}
