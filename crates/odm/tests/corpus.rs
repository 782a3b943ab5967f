//! Real files: every value arrives, what is written validates, and reading it again gives the same.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use odm::{ClinicalReader, FileInfo, Limits, Mode, OdmWriter, ReadError, Report, StudyRead, Vendor, read_study};
use support::{corpus, validate};
use trial::clinical::{Chunk, Part};
use trial::definition::{ExtensionKind, Gravity};

const FILES: [&str; 8] = [
    "cdash_library.xml",
    "cdash_small.xml",
    "dave_odm132.xml",
    "dave_odm2.xml",
    "juno_demo_full_extract.xml",
    "openedc_clinicaldata.xml",
    "openedc_metadata.xml",
    "redcap_repeating_forms.xml",
];

fn definitions(bytes: &[u8], mode: Mode) -> Result<StudyRead, ReadError> {
    read_study(bytes, mode, &Limits::default())
}

fn data(bytes: &[u8], mode: Mode) -> Result<(FileInfo, Vec<Chunk>, Report), ReadError> {
    let mut reader = ClinicalReader::new(bytes, mode, &Limits::default())?;
    let chunks = reader.by_ref().collect::<Result<Vec<_>, _>>()?;
    Ok((reader.file().clone(), chunks, reader.into_report()))
}

fn written(read: &StudyRead, chunks: &[Chunk]) -> Vec<u8> {
    let mut writer = OdmWriter::new(Vec::new(), &read.file).unwrap();
    read.studies.iter().for_each(|study| writer.study(study).unwrap());
    chunks.iter().for_each(|chunk| writer.chunk(chunk).unwrap());
    writer.finish().unwrap()
}

fn values(chunks: &[Chunk]) -> usize {
    let rows = |chunk: &Chunk| match chunk {
        Chunk::Form(form) => form.groups.iter().map(|row| row.items.len()).sum(),
        Chunk::Reference(row) => row.group.items.len(),
        _ => 0,
    };
    chunks.iter().map(rows).sum()
}

#[test]
fn every_value_arrives() {
    for name in FILES {
        let Some(bytes) = corpus(name) else { return };
        let text = String::from_utf8_lossy(&bytes);
        let raw = text.matches("<ItemData").count();
        let (_, chunks, report) = data(&bytes, Mode::Tolerant).unwrap();
        assert_eq!(values(&chunks), raw, "{name}");
        assert_eq!(report.value_count as usize, raw, "{name}");
        assert_eq!(report.byte_count as usize, bytes.len(), "{name}");
        assert_eq!(definitions(&bytes, Mode::Tolerant).unwrap().report.value_count as usize, raw, "{name}");
    }
}

#[test]
fn what_is_written_validates_and_reads_the_same_again() {
    for name in FILES {
        let Some(bytes) = corpus(name) else { return };
        let read = definitions(&bytes, Mode::Tolerant).unwrap();
        let (_, chunks, _) = data(&bytes, Mode::Tolerant).unwrap();
        let out = written(&read, &chunks);
        validate(name, &out);
        let again = definitions(&out, Mode::Strict).unwrap();
        assert_eq!(again.studies.len(), read.studies.len(), "{name}");
        for (again, first) in again.studies.iter().zip(&read.studies) {
            assert!(again == first, "{name}: study {} differs", first.oid);
        }
        assert!(again.admin == read.admin, "{name}: users or sites differ");
        let (_, chunks_again, _) = data(&out, Mode::Strict).unwrap();
        assert_eq!(chunks_again.len(), chunks.len(), "{name}");
        for (again, first) in chunks_again.iter().zip(&chunks) {
            assert_eq!(again, first, "{name}");
        }
        assert_eq!(written(&again, &chunks_again), written(&read, &chunks), "{name}: not written the same again");
    }
}

#[test]
fn a_strict_reader_takes_valid_files_and_vendor_extensions() {
    for name in FILES {
        let Some(bytes) = corpus(name) else { return };
        let deviates = matches!(name, "openedc_clinicaldata.xml" | "redcap_repeating_forms.xml");
        let result = data(&bytes, Mode::Strict);
        assert_eq!(matches!(result, Err(ReadError::Deviation(_))), deviates, "{name}");
        assert_eq!(definitions(&bytes, Mode::Strict).is_err(), deviates, "{name}");
        let (_, _, report) = data(&bytes, Mode::Tolerant).unwrap();
        assert_eq!(report.deviation_count > 0, deviates, "{name}: {:?}", report.deviations.first());
    }
}

#[test]
fn deviations_are_counted_and_placed() {
    let Some(openedc) = corpus("openedc_clinicaldata.xml") else { return };
    let (_, chunks, report) = data(&openedc, Mode::Tolerant).unwrap();
    assert_eq!(report.deviation_count, 90);
    let first = report.deviations.first().unwrap();
    assert_eq!((first.position.line, first.path.as_str()), (57, "/ODM/ClinicalData/SubjectData"));
    let closing = chunks.iter().filter(|chunk| matches!(chunk, Chunk::Subject(of) if of.part == Part::Closing));
    assert_eq!(closing.count(), 90, "the audit records that come after the visits");

    let Some(redcap) = corpus("redcap_repeating_forms.xml") else { return };
    let (_, chunks, report) = data(&redcap, Mode::Tolerant).unwrap();
    let of = |part: &str| report.deviations.iter().filter(|of| of.message.contains(part)).count();
    assert_eq!(of("FormData is not allowed here"), 50);
    assert_eq!(of("DataType of CodeList must be"), 8);
    assert_eq!(of("ItemGroupOID of ItemGroupData must be"), 1, "hidden from a validator by the misplaced form");
    assert_eq!(report.deviation_count, 59);
    let outside = |chunk: &&Chunk| matches!(chunk, Chunk::Form(form) if form.event.is_none());
    assert_eq!(chunks.iter().filter(outside).count(), 232);
}

#[test]
fn every_extension_is_listed() {
    let Some(juno) = corpus("juno_demo_full_extract.xml") else { return };
    let text = String::from_utf8_lossy(&juno);
    let report = definitions(&juno, Mode::Tolerant).unwrap().report;
    assert_eq!(report.vendors(), [Vendor::OpenClinica]);
    let listed: u64 = report.extensions.iter().map(|kept| kept.elements).sum();
    let foreign = text.matches("<OpenClinica").count();
    // The standard's own elements within vendors' ones are listed with them.
    assert!(listed as usize >= foreign, "{listed} of {foreign}");
    for (name, count) in [("AuditLogs", 4440), ("DiscrepancyNotes", 20), ("Rules", 1), ("ItemDetails", 311)] {
        let kept = report.extensions.iter().filter(|kept| kept.name == name && kept.kind == ExtensionKind::Element);
        assert_eq!(kept.clone().map(|kept| kept.count).sum::<u64>(), count, "{name}");
        assert!(kept.clone().all(|kept| kept.lines.len() as u64 == kept.count), "{name}");
    }
    let logs = |chunk: &Chunk| match chunk {
        Chunk::Subject(of) => of.subject.audit.len(),
        Chunk::Event(of) => of.event.audit.len(),
        Chunk::Form(of) => {
            let items = of.groups.iter().flat_map(|row| &row.items);
            of.form.audit.len() + items.map(|item| item.audit.len()).sum::<usize>()
        }
        _ => 0,
    };
    let (_, chunks, _) = data(&juno, Mode::Tolerant).unwrap();
    assert_eq!(chunks.iter().map(logs).sum::<usize>(), 5174, "each audit log is an audit record");
}

#[test]
fn definitions_that_are_whole_have_no_refusal() {
    for name in FILES {
        let Some(bytes) = corpus(name) else { return };
        let read = definitions(&bytes, Mode::Tolerant).unwrap();
        let refused: Vec<_> = read.problems.iter().filter(|of| of.gravity == Gravity::Refused).collect();
        // It refers to code lists that it leaves out.
        let expected = if name == "cdash_small.xml" { 3 } else { 0 };
        assert_eq!(refused.len(), expected, "{name}: {refused:?}");
    }
}

#[test]
fn the_study_in_1_3_and_in_2_0_is_one_study() {
    let (Some(old), Some(new)) = (corpus("dave_odm132.xml"), corpus("dave_odm2.xml")) else { return };
    let (old, new) = (definitions(&old, Mode::Strict).unwrap(), definitions(&new, Mode::Strict).unwrap());
    let (old, new) = (old.studies.first().unwrap(), new.studies.first().unwrap());
    let (old, new) = (old.versions.first().unwrap(), new.versions.first().unwrap());
    let oids = |version: &trial::definition::StudyVersion| {
        let forms = version.forms.iter().map(|form| (form.oid.to_string(), form.groups.len()));
        let groups = version.groups.iter().map(|group| (group.oid.to_string(), group.items.len()));
        let items = version.items.iter().map(|item| (item.oid.to_string(), item.range_checks.len()));
        (forms.collect::<Vec<_>>(), groups.collect::<Vec<_>>(), items.collect::<Vec<_>>())
    };
    assert_eq!(oids(old), oids(new));
    let forms = |version: &trial::definition::StudyVersion| {
        version.events.iter().flat_map(|event| event.forms.clone()).map(|of| of.form.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(forms(old), forms(new));
    let workflow = new.extensions.iter().find(|of| of.name == "WorkflowDef").unwrap();
    assert!(workflow.xml.starts_with("<WorkflowDef xmlns=\"http://www.cdisc.org/ns/odm/v2.0\""), "{}", workflow.xml);
}

#[test]
fn files_are_named_as_they_were() {
    let Some(bytes) = corpus("redcap_repeating_forms.xml") else { return };
    let file = data(&bytes, Mode::Tolerant).unwrap().0;
    assert_eq!(file.source_system.as_deref(), Some("REDCap"));
    assert_eq!(file.odm_version.as_deref(), Some("1.3.1"));
}
