//! Generated records: what is written validates, and reads back equal.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use odm::{ClinicalReader, FileInfo, Limits, Mode, OdmWriter, read_study};
use proptest::prelude::*;
use support::generate::{chunks, study};
use support::validate;
use trial::clinical::Chunk;
use trial::definition::Study;

fn written(study: &Study, chunks: &[Chunk]) -> Vec<u8> {
    let file = FileInfo { file_oid: "F".to_owned(), created: "2026-11-21T10:00:00Z".to_owned(), ..FileInfo::default() };
    let mut writer = OdmWriter::new(Vec::new(), &file).unwrap();
    writer.study(study).unwrap();
    chunks.iter().for_each(|chunk| writer.chunk(chunk).unwrap());
    writer.finish().unwrap()
}

fn read(bytes: &[u8]) -> (Vec<Study>, Vec<Chunk>) {
    let limits = Limits::default();
    let studies = read_study(bytes, Mode::Strict, &limits).unwrap().studies;
    let reader = ClinicalReader::new(bytes, Mode::Strict, &limits).unwrap();
    (studies, reader.collect::<Result<_, _>>().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn definitions_and_data_survive(study in study(), chunks in chunks()) {
        let bytes = written(&study, &chunks);
        let (studies, chunks_again) = read(&bytes);
        prop_assert_eq!(studies, vec![study]);
        prop_assert_eq!(chunks_again, chunks);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_validates(study in study(), chunks in chunks()) {
        validate("a generated study", &written(&study, &chunks));
    }
}
