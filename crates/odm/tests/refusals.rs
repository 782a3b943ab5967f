//! Files that must not be read: each with an error that says what is wrong and where.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{BufReader, Read};

use odm::{ClinicalReader, Limits, Mode, ReadError, read_study};
use trial::definition::{Gravity, ProblemCode};

const HEAD: &str = r#"<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" FileOID="f" FileType="Snapshot" CreationDateTime="2026-11-21T00:00:00Z">"#;

fn refusal(file: &[u8], mode: Mode, limits: &Limits) -> Option<ReadError> {
    let definitions = read_study(file, mode, limits).err();
    let data = ClinicalReader::new(file, mode, limits).and_then(|reader| reader.collect::<Result<Vec<_>, _>>()).err();
    let said = |of: &Option<ReadError>| of.as_ref().map(ToString::to_string);
    assert_eq!(said(&definitions), said(&data), "both readers refuse alike");
    data
}

fn says(file: &str, expected: &str) {
    let refusal = refusal(file.as_bytes(), Mode::Tolerant, &Limits::default());
    let said = refusal.map(|of| of.to_string()).unwrap_or_default();
    assert!(said.contains(expected), "{file}\nsays: {said}\nnot: {expected}");
}

fn clinical(content: &str) -> String {
    format!("{HEAD}\n<ClinicalData StudyOID=\"S\" MetaDataVersionOID=\"V\">{content}</ClinicalData></ODM>")
}

#[test]
fn broken_files_are_refused_with_the_line() {
    let cut = clinical("<SubjectData SubjectKey=\"1\">\n<StudyEventData StudyEventOID=\"E\">");
    let table: &[(&str, &str)] = &[
        ("", "found nothing"),
        ("   \n", "found nothing"),
        ("not xml", "there is text outside the document"),
        ("<html xmlns=\"http://www.w3.org/1999/xhtml\"/>", "found html of namespace http://www.w3.org/1999/xhtml"),
        ("<ODM/>", "found ODM of no namespace"),
        (
            "<ODM xmlns=\"http://www.cdisc.org/ns/odm/v1.2\"/>",
            "found ODM of namespace http://www.cdisc.org/ns/odm/v1.2",
        ),
        (&format!("{HEAD}</ODM><ODM/>"), "after the end of the document"),
        (&format!("{HEAD}</ODM>x"), "text outside the document"),
        (&cut, "line 3"),
        (&format!("{HEAD}\n<Study OID=\"S\""), "line 2"),
        (&format!("{HEAD}\n<Study OID=\"S\">"), "it was cut off"),
        (
            &clinical("\n\n<x:y/>"),
            "line 4, column 1: this is not well-formed XML: the prefix x stands for no namespace",
        ),
        (&clinical("<SubjectData SubjectKey=\"1\" SubjectKey=\"2\"/>"), "attribute SubjectKey is given twice"),
        (&clinical("<SubjectData SubjectKey=1/>"), "has no value in quotes"),
        (&clinical("<SubjectData SubjectKey=\"a<b\"/>"), "holds <"),
        (&clinical("<SubjectData SubjectKey=\"&#1;\"/>"), "no character of XML"),
        (&clinical("<SubjectData SubjectKey=\"\u{1}\"/>"), "U+0001 is not allowed"),
        (&clinical("<SubjectData SubjectKey=\"1\"></StudyEventData>"), "line 2"),
        (&clinical("&"), "line 2"),
    ];
    for (file, expected) in table {
        says(file, expected);
    }
}

#[test]
fn document_types_and_entities_are_refused() {
    let bomb = format!(
        "<!DOCTYPE x [<!ENTITY a \"{}\"><!ENTITY b \"&a;&a;&a;&a;\">]>{}",
        "x".repeat(100),
        clinical("<SubjectData SubjectKey=\"&b;\"/>")
    );
    says(&bomb, "document type declaration (DOCTYPE) is not allowed");
    says("<!DOCTYPE ODM SYSTEM \"file:///etc/passwd\"><ODM/>", "DOCTYPE");
    says(&clinical("<SubjectData SubjectKey=\"&b;\"/>"), "the entity &b; is not allowed");
    let text =
        format!("{HEAD}<Study OID=\"S\"><GlobalVariables><StudyName>&xxe;</StudyName></GlobalVariables></Study></ODM>");
    says(&text, "the entity &xxe; is not allowed");
    says(&clinical("<v:a xmlns:v=\"urn:v\">&xxe;</v:a>"), "the entity &xxe; is not allowed");
}

#[test]
fn other_encodings_are_named() {
    let utf_16: Vec<u8> =
        std::iter::once(0xfeffu16).chain(clinical("").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let latin_1 = [b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>".as_slice(), clinical("").as_bytes()].concat();
    let not_utf_8 = [HEAD.as_bytes(), b"<!-- \xe4 --></ODM>"].concat();
    let table: [(&[u8], &str); 5] = [
        (&utf_16, "encoded as UTF-16; save it as UTF-8"),
        (&latin_1, "encoded as ISO-8859-1; save it as UTF-8"),
        (&not_utf_8, "save it as UTF-8"),
        (&[0x1f, 0x8b, 8, 0], "a gzip file"),
        (b"PK\x03\x04....", "a zip file"),
    ];
    for (file, expected) in table {
        let said = refusal(file, Mode::Tolerant, &Limits::default()).map(|of| of.to_string()).unwrap_or_default();
        assert!(said.contains(expected), "{said}");
    }
    let ascii = ["<?xml version=\"1.0\" encoding=\"US-ASCII\"?>", &clinical("")].concat();
    assert!(refusal(ascii.as_bytes(), Mode::Strict, &Limits::default()).is_none());
    let with_mark = ["\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>", &clinical("")].concat();
    assert!(refusal(with_mark.as_bytes(), Mode::Strict, &Limits::default()).is_none());
}

#[test]
fn limits_are_kept() {
    let own = Limits {
        total_bytes: 200_000,
        token_bytes: 50_000,
        attribute_bytes: 1_000,
        attributes: 16,
        depth: 12,
        extension_bytes: 5_000,
        definition_bytes: 20_000,
        row_values: 10,
        ..Limits::default()
    };
    let many = |one: &str, count: usize| one.repeat(count);
    let row = |content: &str| {
        clinical(&format!(
            "<SubjectData SubjectKey=\"1\"><StudyEventData StudyEventOID=\"E\"><FormData FormOID=\"F\"><ItemGroupData ItemGroupOID=\"G\">{content}</ItemGroupData></FormData></StudyEventData></SubjectData>"
        ))
    };
    let study = |content: &str| {
        format!(
            "{HEAD}<Study OID=\"S\"><MetaDataVersion OID=\"V\" Name=\"v\">{content}</MetaDataVersion></Study></ODM>"
        )
    };
    let attributes: String = (0..20).map(|at| format!(" a{at}=\"\"")).collect();
    let table = [
        (clinical(&many("<SubjectData SubjectKey=\"1\"/>", 10_000)), "bytes of the file beyond the limit of 200000"),
        (clinical(&format!("<!--{}-->", many("x", 100_000))), "bytes of one tag or text beyond the limit of 50000"),
        (clinical(&format!("<SubjectData SubjectKey=\"{}\"/>", many("x", 1_001))), "bytes of one attribute"),
        (clinical(&format!("<SubjectData{attributes}/>")), "attributes of one element beyond the limit of 16"),
        (clinical(&format!("<v:a xmlns:v=\"urn:v\">{}</v:a>", many("<v:a>", 20))), "elements within elements"),
        (
            clinical(&format!("<v:a xmlns:v=\"urn:v\">{}</v:a>", many("<v:a/>", 2_000))),
            "bytes of one extension element",
        ),
    ];
    for (file, expected) in table {
        let said = refusal(file.as_bytes(), Mode::Tolerant, &own).map(|of| of.to_string()).unwrap_or_default();
        assert!(said.contains(expected), "{said}\nnot {expected}");
    }
    let values = row(&many("<ItemData ItemOID=\"I\"/>", 11));
    let reader = ClinicalReader::new(values.as_bytes(), Mode::Tolerant, &own).unwrap();
    let said = reader.collect::<Result<Vec<_>, _>>().unwrap_err().to_string();
    assert!(said.contains("values of one row beyond the limit of 10"), "{said}");
    let items = study(&many("<ItemDef OID=\"I\" Name=\"i\" DataType=\"text\"/>", 1_000));
    let said = read_study(items.as_bytes(), Mode::Tolerant, &own).unwrap_err().to_string();
    assert!(said.contains("bytes of the definitions"), "{said}");
}

/// A file that never ends, of subjects with forms.
struct Endless {
    head: Vec<u8>,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        const SUBJECT: &[u8] = b"<SubjectData SubjectKey=\"1\"><StudyEventData StudyEventOID=\"E\"><FormData FormOID=\"F\"><ItemGroupData ItemGroupOID=\"G\"><ItemData ItemOID=\"I\" Value=\"some value\"/></ItemGroupData></FormData></StudyEventData></SubjectData>";
        let mut count = 0;
        for byte in into.iter_mut() {
            let next = match self.at.checked_sub(self.head.len()) {
                None => self.head.get(self.at),
                Some(past) => SUBJECT.get(past % SUBJECT.len()),
            };
            *byte = *next.unwrap();
            self.at += 1;
            count += 1;
        }
        Ok(count)
    }
}

#[test]
fn an_endless_file_streams_until_its_limit() {
    let head = format!("{HEAD}<ClinicalData StudyOID=\"S\" MetaDataVersionOID=\"V\">").into_bytes();
    let input = BufReader::new(Endless { head, at: 0 });
    let limits = Limits::with_total_bytes(5_000_000);
    let mut chunks = 0;
    let mut reader = ClinicalReader::new(input, Mode::Strict, &limits).unwrap();
    let error = loop {
        match reader.next_chunk() {
            Ok(Some(_)) => chunks += 1,
            Ok(None) => panic!("it has no end"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, ReadError::Limit { limit: 5_000_000, .. }), "{error}");
    assert!(chunks > 50_000, "{chunks}");
    assert!(reader.next_chunk().unwrap().is_none(), "after an error it ends");
}

#[test]
fn definitions_that_are_not_whole_are_named() {
    let file = |content: &str| {
        format!(
            "{HEAD}<Study OID=\"S\"><GlobalVariables><StudyName>s</StudyName><StudyDescription/><ProtocolName>p</ProtocolName></GlobalVariables>\
             <MetaDataVersion OID=\"V\" Name=\"v\">{content}</MetaDataVersion></Study></ODM>"
        )
    };
    let table = [
        (
            "<Protocol><StudyEventRef StudyEventOID=\"E\" Mandatory=\"Yes\"/></Protocol>",
            ProblemCode::DanglingReference,
            "study S / version V / protocol",
            "refers to visit E, which is not defined",
        ),
        (
            "<ItemGroupDef OID=\"G\" Name=\"g\" Repeating=\"No\"><ItemRef ItemOID=\"I\" Mandatory=\"No\"/></ItemGroupDef>",
            ProblemCode::DanglingReference,
            "study S / version V / item group G",
            "refers to item I, which is not defined",
        ),
        (
            "<ItemDef OID=\"I\" Name=\"i\" DataType=\"text\"/><ItemDef OID=\"I\" Name=\"j\" DataType=\"text\"/>",
            ProblemCode::DuplicateOid,
            "study S / version V",
            "two items have the OID I",
        ),
        (
            "<ItemDef OID=\"I\" Name=\"i\" DataType=\"text\"><MeasurementUnitRef MeasurementUnitOID=\"U\"/></ItemDef>",
            ProblemCode::DanglingReference,
            "study S / version V / item I",
            "refers to measurement unit U, which is not defined",
        ),
    ];
    for (content, code, place, message) in table {
        for mode in [Mode::Strict, Mode::Tolerant] {
            let read = read_study(file(content).as_bytes(), mode, &Limits::default()).unwrap();
            let problem = read.problems.first().unwrap();
            assert_eq!((problem.code, problem.gravity), (code, Gravity::Refused));
            assert_eq!((problem.place.as_str(), problem.message.as_str()), (place, message));
        }
    }
}

#[test]
fn deviations_are_errors_when_strict_and_kept_when_tolerant() {
    let table = [
        ("<SubjectData/>", "attribute SubjectKey of SubjectData is missing"),
        (
            "<SubjectData SubjectKey=\"1\" TransactionType=\"Add\"/>",
            "attribute TransactionType of SubjectData must be one of Insert",
        ),
        ("<SubjectData SubjectKey=\"1\" Colour=\"red\"/>", "the standard has no attribute Colour of SubjectData"),
        ("<SubjectData SubjectKey=\"1\"><Weather/></SubjectData>", "the standard has no element Weather"),
        ("<SubjectData SubjectKey=\"1\"><FormData FormOID=\"F\"/></SubjectData>", "FormData is not allowed here"),
        ("<SubjectData SubjectKey=\"1\">rain</SubjectData>", "SubjectData may not hold text"),
        ("<SubjectData SubjectKey=\"1\"><AuditRecord/></SubjectData>", "AuditRecord ends without UserRef"),
        (
            "<SubjectData SubjectKey=\"1\"><AuditRecord><UserRef UserOID=\"U\"/><LocationRef LocationOID=\"L\"/><DateTimeStamp>yesterday</DateTimeStamp></AuditRecord></SubjectData>",
            "the text of DateTimeStamp must be a date and time",
        ),
    ];
    for (content, message) in table {
        let file = clinical(content);
        let strict = refusal(file.as_bytes(), Mode::Strict, &Limits::default());
        assert!(matches!(&strict, Some(ReadError::Deviation(of)) if of.message.contains(message)), "{strict:?}");
        let mut reader = ClinicalReader::new(file.as_bytes(), Mode::Tolerant, &Limits::default()).unwrap();
        let chunks = reader.by_ref().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(reader.report().deviation_count, 1, "{content}");
        let kept = format!("{chunks:?}");
        for odd in ["Add", "red", "Weather", "rain", "yesterday"] {
            assert_eq!(content.contains(odd), kept.contains(odd), "{odd} of {content}: {kept}");
        }
    }
}
