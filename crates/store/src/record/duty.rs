//! What people sign, learn and are delegated before a grant of theirs works.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trial::{
    ids::{AgreementId, CourseId, PersonId, SiteId, StudyId},
    role::Role,
};

use super::{Put, Record, access::rules_changed};
use crate::{backend::values, error::Result, time};

/// The agreements that everybody signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreementKind {
    /// Not to tell.
    NonDisclosure,
    /// What participants told stays with those who need it.
    Confidentiality,
    /// What everybody does so that accounts and data stay safe.
    Security,
    /// What the system is for, and what not.
    AcceptableUse,
}

impl AgreementKind {
    /// Every kind.
    pub const ALL: &'static [AgreementKind] = &[
        AgreementKind::NonDisclosure,
        AgreementKind::Confidentiality,
        AgreementKind::Security,
        AgreementKind::AcceptableUse,
    ];

    /// Its code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            AgreementKind::NonDisclosure => "non_disclosure",
            AgreementKind::Confidentiality => "confidentiality",
            AgreementKind::Security => "security",
            AgreementKind::AcceptableUse => "acceptable_use",
        }
    }

    /// Its name on the page.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            AgreementKind::NonDisclosure => "Non-disclosure",
            AgreementKind::Confidentiality => "Confidentiality",
            AgreementKind::Security => "Security",
            AgreementKind::AcceptableUse => "Acceptable use",
        }
    }

    /// What an organization begins with, until it publishes its own.
    pub(crate) const fn first_text(self) -> &'static str {
        match self {
            AgreementKind::NonDisclosure => {
                "I will not disclose what I learn here about studies, sponsors, sites and products to anybody who is not \
                 entitled to it, neither while I work with this system nor afterwards."
            }
            AgreementKind::Confidentiality => {
                "I will look at participants’ data only as far as my task needs it, will not try to find out who a \
                 participant is unless my task is to know, and will keep what I see confidential. This goes on after my \
                 task has ended."
            }
            AgreementKind::Security => {
                "My account is mine alone. I will keep my password and my second factor to myself, lock or leave a \
                 device that others can reach, and report at once when I think that somebody knows my password, has my \
                 device, or has seen what they should not."
            }
            AgreementKind::AcceptableUse => {
                "I will use this system for the studies that I am assigned to and for nothing else. I know that what I do \
                 and what I look at is recorded under my name and can be inspected. An electronic signature that I give \
                 here binds me as my handwritten one does."
            }
        }
    }
}

/// An agreement; its version is the record's.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgreementRecord {
    pub kind: AgreementKind,
    pub text: String,
    /// `None`: what the organization began with.
    pub by: Option<PersonId>,
}

impl Record for AgreementRecord {
    const KIND: &'static str = "agreement";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        put.db.write(
            "INSERT INTO agreement (id, kind, version) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET version = excluded.version",
            values![put.key, self.kind.code(), put.version],
        )?;
        rules_changed(put.db)
    }
}

/// That somebody signed a version of an agreement: who, under which name, what it meant (21 CFR 11.50).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgreementSignedRecord {
    pub person: PersonId,
    pub agreement: AgreementId,
    pub version: u32,
    /// SHA-256 of the text that was shown, in hexadecimal.
    pub text_digest: String,
    pub name: String,
    pub meaning: String,
}

impl Record for AgreementSignedRecord {
    const KIND: &'static str = "agreement_signed";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        put.db.write(
            "INSERT INTO agreement_signed (id, person, agreement, signed, at) VALUES (?1, ?2, ?3, ?4, ?5)",
            values![put.key, &self.person, &self.agreement, self.version, put.at],
        )?;
        rules_changed(put.db)
    }
}

/// A course, and who needs it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CourseRecord {
    pub title: String,
    /// The roles that need it; `None`: all.
    pub roles: Option<BTreeSet<Role>>,
    /// In this study only; `None`: everywhere.
    pub study: Option<StudyId>,
    /// How long having had it is enough.
    pub valid_days: u32,
    /// Whether it is asked for.
    pub needed: bool,
    pub by: PersonId,
}

impl Record for CourseRecord {
    const KIND: &'static str = "course";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        put.db.write(
            "INSERT INTO course (id, version) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET version = excluded.version",
            values![put.key, put.version],
        )?;
        rules_changed(put.db)
    }
}

/// That somebody had a course.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrainingRecord {
    pub person: PersonId,
    pub course: CourseId,
    pub completed: Timestamp,
    /// What shows it: a certificate's number, a list of attendance.
    pub evidence: String,
    pub by: PersonId,
}

impl Record for TrainingRecord {
    const KIND: &'static str = "training";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        put.db.write(
            "INSERT INTO training (id, person, course, completed) VALUES (?1, ?2, ?3, ?4)",
            values![put.key, &self.person, &self.course, time::micros(self.completed)],
        )?;
        rules_changed(put.db)
    }
}

/// A line of a site's delegation log (ICH E6(R3) 2.3.3): who does what for the investigator, from when until when.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DelegationRecord {
    pub site: SiteId,
    pub person: PersonId,
    pub duties: String,
    pub from: Timestamp,
    pub until: Option<Timestamp>,
    /// The investigator who authorized it, and who ended it.
    pub authorized_by: PersonId,
    pub ended_by: Option<PersonId>,
}

impl Record for DelegationRecord {
    const KIND: &'static str = "delegation";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        put.db.write(
            "INSERT INTO delegation (id, site, person, starts, ends, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (id) DO UPDATE SET ends = excluded.ends, version = excluded.version",
            values![
                put.key,
                &self.site,
                &self.person,
                time::micros(self.from),
                self.until.map(time::micros),
                put.version
            ],
        )?;
        rules_changed(put.db)
    }
}
