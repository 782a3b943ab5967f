//! Broken files: each is refused with what is wrong, and nothing of it is stored.

use store::{Error, views::Subjects};

use crate::world::World;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" FileType="Snapshot" FileOID="F" CreationDateTime="2026-01-01T00:00:00Z" ODMVersion="1.3.2">"#;
const GLOBALS: &str = "<GlobalVariables><StudyName>S</StudyName><StudyDescription>S</StudyDescription><ProtocolName>S</ProtocolName></GlobalVariables>";

fn definition(items: &str) -> String {
    format!(
        r#"{HEAD}<Study OID="S.1">{GLOBALS}<MetaDataVersion OID="V.1" Name="One">
        <Protocol><StudyEventRef StudyEventOID="E.1" Mandatory="Yes"/></Protocol>
        <StudyEventDef OID="E.1" Name="Visit" Repeating="No" Type="Scheduled"><FormRef FormOID="F.1" Mandatory="Yes"/></StudyEventDef>
        <FormDef OID="F.1" Name="Form" Repeating="No"><ItemGroupRef ItemGroupOID="G.1" Mandatory="Yes"/></FormDef>
        <ItemGroupDef OID="G.1" Name="Group" Repeating="No"><ItemRef ItemOID="I.1" Mandatory="No"/></ItemGroupDef>
        {items}</MetaDataVersion></Study></ODM>"#
    )
}

const ITEM: &str = r#"<ItemDef OID="I.1" Name="Pulse" DataType="integer" Length="3"/>"#;

fn data(subjects: &str) -> String {
    format!(r#"{HEAD}<ClinicalData StudyOID="S.1" MetaDataVersionOID="V.1">{subjects}</ClinicalData></ODM>"#)
}

fn subject(key: &str, item: &str, value: &str) -> String {
    format!(
        r#"<SubjectData SubjectKey="{key}"><StudyEventData StudyEventOID="E.1"><FormData FormOID="F.1"><ItemGroupData ItemGroupOID="G.1"><ItemData ItemOID="{item}" Value="{value}"/></ItemGroupData></FormData></StudyEventData></SubjectData>"#
    )
}

fn defined() -> World {
    let world = World::new("S.1");
    world.define("s.xml", definition(ITEM).as_bytes()).unwrap();
    world
}

/// Code of the first refusal.
fn code<T: std::fmt::Debug>(outcome: store::Result<T>) -> &'static str {
    match outcome {
        Err(Error::Refused(fields)) => fields[0].code,
        other => panic!("not refused: {other:?}"),
    }
}

fn subjects(world: &World) -> u64 {
    let list = Subjects { study: world.study, site: None, search: String::new(), after: String::new(), limit: 1 };
    world.organization.view(&world.manager, &list).unwrap().total
}

#[test]
fn a_broken_definition_publishes_nothing() {
    let world = World::new("S.1");
    let bomb = definition(ITEM)
        .replace("<ODM ", "<!DOCTYPE ODM [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><ODM ");
    let whole = definition(ITEM);
    for (what, file, expected) in [
        ("not well formed", whole.replace("</FormDef>", "</FormDeff>"), "malformed"),
        ("truncated", whole[..whole.len() / 2].to_owned(), "malformed"),
        ("an entity bomb", bomb, "forbidden"),
        ("not ODM", "<html/>".to_owned(), "not_odm"),
        ("dangling", definition(""), "broken_definition"),
        ("an identifier used twice", definition(&format!("{ITEM}{ITEM}")), "broken_definition"),
        ("no version", format!(r#"{HEAD}<Study OID="S.1">{GLOBALS}</Study></ODM>"#), "no_version"),
        ("empty", String::new(), "malformed"),
    ] {
        let got = world.define("broken.xml", file.as_bytes());
        assert!(matches!(&got, Err(Error::Refused(_))), "{what}: {got:?}");
        let got = code(got);
        assert!(got == expected || what == "empty", "{what}: {got}");
    }
    let missing = world.import("data.xml", data(&subject("1", "I.1", "60")).as_bytes());
    assert_eq!(code(missing), "not_defined", "and so there is still no definition");
    world.holds();
}

#[test]
fn broken_data_stores_nothing_however_late_it_breaks() {
    let world = defined();
    let many: String = (0..500).map(|n| subject(&format!("S{n}"), "I.1", "60")).collect();
    let whole = data(&many);
    let cut = &whole[..whole.len() - 40];
    assert_eq!(code(world.import("cut.xml", cut.as_bytes())), "malformed");
    let long = data(&format!("{many}{}", subject(&"x".repeat(65), "I.1", "60")));
    assert_eq!(code(world.import("long.xml", long.as_bytes())), "subject_key");
    assert_eq!(code(world.import("none.xml", data("").as_bytes())), "no_data");
    assert_eq!(subjects(&world), 0);
    let report = world.import("whole.xml", whole.as_bytes()).unwrap();
    assert_eq!((report.reading.counts.subjects, report.reading.counts.values), (500, 500));
    assert_eq!(subjects(&world), 500);
    world.holds();
}

#[test]
fn a_file_beyond_its_limit_stores_nothing() {
    let world = defined();
    let whole = data(&subject("1", "I.1", "60"));
    let mut file = web::exchange::FileIn::new("large.xml", std::io::Cursor::new(whole.into_bytes()));
    file.limits = odm::Limits::with_total_bytes(300);
    let asked = web::exchange::DataImport {
        study: world.study,
        site: Some(world.site),
        again: false,
        dry_run: false,
        request: world.organization.fresh_request().unwrap(),
    };
    let refused = web::exchange::import_data(&world.organization, &world.manager, asked, &mut file, |_| ());
    assert_eq!(code(refused), "over_limit");
    assert_eq!(subjects(&world), 0);
}

#[test]
fn what_does_not_fit_is_reported_and_kept() {
    let world = defined();
    let file = data(&[subject("1", "I.1", "sixty"), subject("2", "I.9", "60"), subject("3", "I.1", "6000")].concat());
    let report = world.import("misfits.xml", file.as_bytes()).unwrap();
    let codes: Vec<&str> = report.misfits.iter().map(|misfit| misfit.code.as_str()).collect();
    assert_eq!(codes[..2], ["wrong_type", "unknown_item"]);
    assert_eq!(report.misfit_count, 3);
    let (export, _) = world.export();
    let export = String::from_utf8(export).unwrap();
    for value in ["sixty", "6000", "I.9"] {
        assert!(export.contains(value), "{value} was lost");
    }
    world.holds();
}

#[test]
fn whoever_may_not_import_or_export_is_refused_before_the_file_is_read() {
    let world = defined();
    let mut file = web::exchange::FileIn::new("x.xml", std::io::Cursor::new(b"not even XML".to_vec()));
    let request = world.organization.fresh_request().unwrap();
    let asked = web::exchange::DataImport { study: world.study, site: None, again: false, dry_run: true, request };
    for actor in [&world.administrator, &store::Actor::operator()] {
        let refused = web::exchange::import_data(&world.organization, actor, asked, &mut file, |_| ());
        assert!(matches!(refused, Err(Error::Hidden)), "{refused:?}");
    }
    let refused = web::exchange::import_data(&world.organization, &world.builder, asked, &mut file, |_| ());
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    let at = store::instant(0);
    let refused = web::exchange::export_odm(&world.organization, &world.builder, world.study, at, Vec::new());
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
}

#[test]
fn an_interrupted_import_goes_on_where_it_stopped() {
    let world = defined();
    let many: String = (0..900).map(|n| subject(&format!("S{n}"), "I.1", "60")).collect();
    let whole = data(&many).into_bytes();
    let request = world.organization.fresh_request().unwrap();
    let asked =
        web::exchange::DataImport { study: world.study, site: Some(world.site), again: false, dry_run: false, request };
    // The file ends early on the second reading, as one on a drive that is pulled out does.
    let flaky = Flaky { inner: std::io::Cursor::new(whole.clone()), left: whole.len() as u64 + whole.len() as u64 / 2 };
    let mut file = web::exchange::FileIn::new("s.xml", flaky);
    assert!(web::exchange::import_data(&world.organization, &world.manager, asked, &mut file, |_| ()).is_err());
    let part = subjects(&world);
    assert!(part > 0 && part < 900, "{part}");
    let report = world.import("s.xml", &whole).unwrap();
    assert!(!report.repeated);
    assert_eq!(subjects(&world), 900);
    let (export, held) = world.export();
    assert_eq!((held.held.groups, String::from_utf8(export).unwrap().matches("<ItemData ").count()), (900, 900));
    world.holds();
}

/// Fails once it has given so many bytes.
struct Flaky {
    inner: std::io::Cursor<Vec<u8>>,
    left: u64,
}

impl std::io::Read for Flaky {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            return Err(std::io::Error::other("the drive is gone"));
        }
        let most = into.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.inner.read(&mut into[..most])?;
        self.left -= read as u64;
        Ok(read)
    }
}

impl std::io::Seek for Flaky {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.inner.seek(to)
    }
}
