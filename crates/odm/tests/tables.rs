//! Tables: every value has its cell, and reads back from the zip exactly.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::io::{Cursor, Read};

use odm::{ClinicalReader, Limits, Mode, WriteError, read_study, write_csv_zip};
use support::corpus;
use trial::clinical::{Chunk, FormChunk};
use trial::definition::Indexed;

fn files(zip: Vec<u8>) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    (0..archive.len())
        .map(|at| {
            let mut file = archive.by_index(at).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (file.name().unwrap().into_owned(), text)
        })
        .collect()
}

#[test]
fn each_value_of_a_real_study_has_a_cell() {
    for (name, in_tables, without_column) in
        [("juno_demo_full_extract.xml", 3908, 0), ("redcap_repeating_forms.xml", 1804, 13)]
    {
        let Some(bytes) = corpus(name) else { return };
        let read = read_study(bytes.as_slice(), Mode::Tolerant, &Limits::default()).unwrap();
        let study = read.studies.first().unwrap();
        let index = Indexed::new(study.versions.first().unwrap().clone(), study.units.clone());
        let reader = ClinicalReader::new(bytes.as_slice(), Mode::Tolerant, &Limits::default()).unwrap();
        let forms: Vec<FormChunk> = reader
            .filter_map(|chunk| match chunk.unwrap() {
                Chunk::Form(form) => Some(form),
                _ => None,
            })
            .collect();
        let zip = write_csv_zip(Vec::new(), &index, "en", |table, rows| {
            forms.iter().flat_map(|form| table.rows_of(form, "")).try_for_each(|row| rows.write(&row))
        })
        .unwrap();
        let (mut cells, mut others) = (0, 0);
        for (file, text) in files(zip) {
            if file == "README.txt" {
                continue;
            }
            let mut csv = csv::Reader::from_reader(text.as_bytes());
            let columns: Vec<String> = csv.headers().unwrap().iter().map(str::to_owned).collect();
            for record in csv.records() {
                let record = record.unwrap();
                if file == "values_without_a_column.csv" {
                    others += 1;
                } else if file.starts_with("tables/") {
                    let is_value = |(at, text): (usize, &str)| {
                        at >= 8 && !text.is_empty() && !columns.get(at).unwrap().ends_with(".unit")
                    };
                    cells += record.iter().enumerate().filter(|of| is_value(*of)).count();
                }
            }
        }
        assert_eq!((cells, others), (in_tables, without_column), "{name}");
    }
}

#[test]
fn values_are_exact_even_where_a_spreadsheet_would_take_them_for_formulas() {
    let file = br#"<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" FileOID="f" FileType="Snapshot" CreationDateTime="2026-11-21T00:00:00Z">
      <Study OID="S"><GlobalVariables><StudyName>s</StudyName><StudyDescription/><ProtocolName>p</ProtocolName></GlobalVariables>
      <MetaDataVersion OID="V" Name="v">
        <FormDef OID="F/1" Name="f" Repeating="No"><ItemGroupRef ItemGroupOID="G" Mandatory="No"/></FormDef>
        <ItemGroupDef OID="G" Name="g" Repeating="Yes"><ItemRef ItemOID="I" Mandatory="Yes"/></ItemGroupDef>
        <ItemDef OID="I" Name="i" DataType="text"/>
      </MetaDataVersion></Study></ODM>"#;
    let read = read_study(file.as_slice(), Mode::Strict, &Limits::default()).unwrap();
    let index = Indexed::new(read.studies.first().unwrap().versions.first().unwrap().clone(), Vec::new());
    let value = "=HYPERLINK(\"x\"),\r\n ä";
    let zip = write_csv_zip(Vec::new(), &index, "en", |table, rows| {
        if table.place.is_none() {
            return Ok(());
        }
        let row = |item| odm::Row { subject: "1", values: vec![(item, value, "")], ..odm::Row::default() };
        assert!(matches!(rows.write(&row("J")), Err(WriteError::Column { .. })));
        rows.write(&row("I"))
    })
    .unwrap();
    let files = files(zip);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let expected =
        ["README.txt", "data_dictionary.csv", "code_lists.csv", "tables/F_1.G.csv", "values_without_a_column.csv"];
    assert_eq!(names, expected);
    let (_, table) = files.iter().find(|(name, _)| name.starts_with("tables/")).unwrap();
    let mut csv = csv::Reader::from_reader(table.as_bytes());
    let record = csv.records().next().unwrap().unwrap();
    assert_eq!(record.get(8), Some(value));
}
