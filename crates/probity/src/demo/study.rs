//! The demonstration's own study definition, as it is in the program.

use anyhow::{Context as _, Result};
use odm::{Limits, Mode};
use trial::definition::Indexed;

/// The file, as it is imported.
pub(crate) const FILE: &str = include_str!("../../../../studies/demonstration.xml");
/// What the import names it.
pub(crate) const FILE_NAME: &str = "demonstration.xml";
/// ODM StudyOID.
pub(crate) const OID: &str = "S.HARBOUR";
/// The study's name.
pub(crate) const NAME: &str = "HARBOUR";

/// The definition, ready to be looked up.
pub(crate) fn indexed() -> Result<Indexed> {
    let read = odm::read_study(FILE.as_bytes(), Mode::Strict, &Limits::default())
        .context("the demonstration study in this program cannot be read")?;
    let study = read.studies.iter().find(|study| study.oid.as_str() == OID);
    let study = study.context("the demonstration study in this program has another identifier")?;
    let version = study.versions.last().context("the demonstration study in this program has no version")?;
    Indexed::find(&read.studies, &study.oid, &version.oid).context("the demonstration study has no version")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::{env, path::PathBuf, process::Command};

    use odm::{Limits, Mode};
    use trial::definition::{Gravity, check_all};

    use super::FILE;

    #[test]
    fn the_definition_is_whole_and_strictly_odm() {
        let read = odm::read_study(FILE.as_bytes(), Mode::Strict, &Limits::default()).unwrap();
        assert_eq!(read.report.deviations, []);
        assert_eq!(read.report.extensions, []);
        let refused: Vec<_> =
            check_all(&read.studies).into_iter().filter(|problem| problem.gravity == Gravity::Refused).collect();
        assert_eq!(refused, []);
    }

    #[test]
    fn every_question_and_message_is_in_english_and_german() {
        let study = super::indexed().unwrap();
        for item in &study.version().items {
            let messages = item.range_checks.iter().map(|check| &check.error_message);
            for text in [&item.question].into_iter().chain(messages) {
                let languages: Vec<&str> = text.languages().collect();
                assert_eq!(languages, ["en", "de"], "{}", item.oid);
            }
        }
    }

    #[test]
    fn it_validates_against_the_schema_of_odm_1_3_2() {
        let standards = env::var_os("PROBITY_STANDARDS").map(PathBuf::from);
        let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let schema = standards.unwrap_or_else(|| workspace.join("../shared/standards")).join("odm-1.3.2/ODM1-3-2.xsd");
        if !schema.exists() {
            eprintln!("skipped: standards absent");
            return;
        }
        let mut xmllint = Command::new("xmllint");
        xmllint.args(["--nonet", "--noout", "--schema"]).arg(schema).arg(workspace.join("studies/demonstration.xml"));
        match xmllint.output() {
            Err(_) => eprintln!("skipped: xmllint absent"),
            Ok(said) => assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr)),
        }
    }
}
