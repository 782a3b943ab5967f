//! `docs/validation.md` says what is taken as input; each of its examples is given to the parser here.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, fs, path::Path};

use trial::{
    country::Country,
    definition::{DataType, ItemDef},
    ids::StudyId,
    limit,
    value::ItemValue,
};

/// The rows below a heading: what, taken, refused.
fn rows(heading: &str) -> Vec<[String; 3]> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/validation.md");
    let document = fs::read_to_string(path).unwrap();
    let (_, section) = document.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let cells = section.lines().filter(|line| line.starts_with("| ")).skip(2).map(|line| {
        let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        cells.try_into().unwrap()
    });
    cells.collect()
}

/// What stands between back quotes.
fn examples(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// `partialDate`, as ODM writes it.
fn named(kind: DataType) -> String {
    let name = format!("{kind:?}");
    name[..1].to_lowercase() + &name[1..]
}

#[test]
fn every_example_of_a_value_is_taken_or_refused_as_the_document_says() {
    let mut known: BTreeSet<String> = DataType::ALL.iter().map(|kind| named(*kind)).collect();
    for [name, taken, refused] in rows("Values of items") {
        let data_type = *DataType::ALL.iter().find(|kind| named(**kind) == name).unwrap();
        let item = ItemDef { data_type, ..ItemDef::default() };
        let (taken, refused) = (examples(&taken), examples(&refused));
        assert!(!taken.is_empty(), "{name}");
        for text in taken {
            let value = ItemValue::parse(&item, None, text).map_err(|problem| format!("{name} {text}: {problem}"));
            assert_eq!(value.unwrap().as_collected(), text, "kept exactly");
        }
        for text in refused {
            assert!(ItemValue::parse(&item, None, text).is_err(), "{name} {text}");
        }
        known.remove(&name);
    }
    assert!(known.is_empty(), "not in the document: {known:?}");
}

#[test]
fn every_other_example_is_taken_or_refused_as_the_document_says() {
    let rows = rows("Everything else");
    assert_eq!(rows.len(), 3);
    for [what, taken, refused] in rows {
        let takes = |text: &str| match what.split([',', ' ']).next().unwrap() {
            "name" => limit::text("name", text, limit::NAME_BYTES_MAX).is_ok(),
            "country" => text.parse::<Country>().is_ok(),
            "id" => text.parse::<StudyId>().is_ok(),
            other => panic!("{other}: no parser is known here"),
        };
        assert!(examples(&taken).iter().all(|text| takes(text)), "{what}: {taken}");
        assert!(!examples(&refused).iter().any(|text| takes(text)), "{what}: {refused}");
    }
}
