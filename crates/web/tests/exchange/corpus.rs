//! Real studies: imported, exported, validated, imported into another organization, equal.

use std::{
    collections::BTreeMap,
    fs,
    io::Cursor,
    path::{Path, PathBuf},
    process::Command,
};

use odm::{ClinicalReader, Limits, Mode, read_study};
use trial::{clinical::Chunk, definition::Study};

use crate::world::World;

/// A file of the corpus; `None`, and a word about it, where there is no corpus.
fn corpus(name: &str) -> Option<Vec<u8>> {
    let file = folder("PROBITY_CORPUS", "../shared/data").join("odm").join(name);
    let bytes = fs::read(&file).ok();
    if bytes.is_none() {
        eprintln!("skipped: corpus absent ({name})");
    }
    bytes
}

fn folder(variable: &str, beside: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os(variable).map_or_else(|| root.join(beside), PathBuf::from)
}

/// What a file defines.
fn studies(file: &[u8]) -> Vec<Study> {
    read_study(Cursor::new(file), Mode::Tolerant, &Limits::default()).unwrap().studies
}

/// Every value of a file with all that is said of it, by where it is; how often, where twice.
fn values(file: &[u8]) -> BTreeMap<String, u32> {
    let mut values = BTreeMap::new();
    let mut reader = ClinicalReader::new(Cursor::new(file), Mode::Tolerant, &Limits::default()).unwrap();
    while let Some(chunk) = reader.next_chunk().unwrap() {
        let Chunk::Form(form) = chunk else { continue };
        for group in &form.groups {
            for item in &group.items {
                let place =
                    (&form.subject_key, &form.event, &form.form.form, &form.form.repeat, &group.group, &group.repeat);
                let said = serde_json::to_string(&(place, item)).unwrap();
                *values.entry(said).or_default() += 1;
            }
        }
    }
    values
}

/// The export validates against the standard's own schema.
fn validates(name: &str, file: &[u8]) {
    let schema = folder("PROBITY_STANDARDS", "../shared/standards").join("odm-1.3.2/ODM1-3-2.xsd");
    if !schema.exists() || Command::new("xmllint").arg("--version").output().is_err() {
        eprintln!("skipped: no schema or no xmllint");
        return;
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("export-{}-{name}", std::process::id()));
    fs::write(&path, file).unwrap();
    let checked =
        Command::new("xmllint").args(["--noout", "--huge", "--schema"]).arg(&schema).arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(checked.status.success(), "{name}: {}", said.chars().take(2_000).collect::<String>());
    fs::remove_file(&path).unwrap();
}

/// Imports definition and data, exports, and does the same with the export. Returns how many values there are.
fn there_and_back(definition: &str, data: Option<&str>) -> Option<u64> {
    let defined = corpus(definition)?;
    let oid = studies(&defined)[0].oid.as_str().to_owned();
    let first = World::new(&oid);
    first.define(definition, &defined).unwrap();
    let mut count = 0;
    let mut original = BTreeMap::new();
    if let Some(name) = data {
        let bytes = corpus(name)?;
        original = values(&bytes);
        let report = first.import(name, &bytes).unwrap();
        count = report.reading.counts.values;
        assert_eq!(count, original.values().map(|n| u64::from(*n)).sum::<u64>());
    }
    let (export, said) = first.export();
    assert_eq!(said.bytes, export.len() as u64);
    assert_eq!(said.digest, ledger::sha256(&export).to_hex());
    first.holds();
    validates(definition, &export);
    equal(definition, &studies(&defined), &studies(&export));
    assert_eq!(lost(&original, &values(&export)), Vec::<String>::new(), "{definition}");

    let second = World::new(&oid);
    second.define("export.xml", &export).unwrap();
    if data.is_some() {
        second.import("export.xml", &export).unwrap();
    }
    let (again, _) = second.export();
    second.holds();
    equal(definition, &studies(&export), &studies(&again));
    assert!(values(&export) == values(&again), "{definition}: values of the second organization differ");
    Some(count)
}

/// Study by study, so that a failure names the one.
fn equal(name: &str, one: &[Study], other: &[Study]) {
    assert_eq!(one.len(), other.len(), "{name}");
    for (one, other) in one.iter().zip(other) {
        assert!(one == other, "{name}: study {} differs", one.oid.as_str());
    }
}

/// What is in one and not in the other, either way.
fn lost(one: &BTreeMap<String, u32>, other: &BTreeMap<String, u32>) -> Vec<String> {
    let missing =
        one.iter().filter(|(value, count)| other.get(*value) != Some(count)).map(|(value, _)| format!("- {value}"));
    let new =
        other.iter().filter(|(value, count)| one.get(*value) != Some(count)).map(|(value, _)| format!("+ {value}"));
    missing.chain(new).take(6).collect()
}

#[test]
fn juno_comes_back_with_every_value_and_its_report_names_every_extension() {
    let Some(count) = there_and_back("juno_demo_full_extract.xml", Some("juno_demo_full_extract.xml")) else { return };
    assert_eq!(count, 3_908);
    let bytes = corpus("juno_demo_full_extract.xml").unwrap();
    let world = World::new(studies(&bytes)[0].oid.as_str());
    world.define("juno.xml", &bytes).unwrap();
    let report = world.import("juno.xml", &bytes).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let in_file = text.matches("<OpenClinica:").count() as u64;
    let listed: u64 = report.reading.extensions.iter().map(|kept| kept.elements).sum();
    assert!(listed >= in_file, "{listed} extension elements are listed of {in_file}");
    assert!(report.reading.counts.audit_records > 0);
    let repeated = world.import("juno.xml", &bytes).unwrap();
    assert!(repeated.repeated && repeated.import == report.import, "the same file is not imported twice");
    let again = world.import_as("juno.xml", &bytes, true).unwrap();
    assert!(!again.repeated && again.import != report.import);
    assert_eq!(lost(&values(&bytes), &values(&world.export().0)), Vec::<String>::new(), "imported twice, held once");
}

#[test]
fn openedc_comes_back_equal() {
    assert!(
        there_and_back("openedc_metadata.xml", Some("openedc_clinicaldata.xml")).is_none_or(|count| count == 1_684)
    );
}

#[test]
fn redcap_comes_back_equal() {
    let redcap = "redcap_repeating_forms.xml";
    assert!(there_and_back(redcap, Some(redcap)).is_none_or(|count| count == 1_817));
}

#[test]
fn definitions_without_data_come_back_equal() {
    for name in ["cdash_library.xml", "dave_odm132.xml", "dave_odm2.xml"] {
        there_and_back(name, None);
    }
}

#[test]
fn a_real_definition_that_refers_to_code_lists_it_lacks_is_refused_with_their_names() {
    let Some(bytes) = corpus("cdash_small.xml") else { return };
    let world = World::new("any");
    let Err(store::Error::Refused(fields)) = world.define("cdash_small.xml", &bytes) else { panic!("not refused") };
    let named: Vec<&str> = fields.iter().map(|field| field.message.as_str()).collect();
    assert!(named.len() == 3 && named[0].contains("CL.SEX"), "{named:?}");
}
