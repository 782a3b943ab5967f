//! Records: what is stored. Each kind has a content, which is sealed, and a rule by which its versions make the
//! derived tables. The same rule runs when an act puts a record and when a rebuild replays it, so that the two agree.

mod access;
mod client;
mod clinical;
mod duty;
mod factor;
mod identity;
mod organization;
mod person;
mod study;

use std::sync::Arc;

pub use access::RequestState;
pub(crate) use access::{AccessRequestRecord, GrantRecord, PolicyRecord, RoleRecord};
pub(crate) use client::ClientRecord;
pub(crate) use clinical::Claim;
pub use clinical::Shown;
pub(crate) use clinical::{ErasureRecord, FormRecord, GroupRecord, ItemKept, Kept, SubjectRecord, VisitRecord};
pub use duty::AgreementKind;
pub(crate) use duty::{AgreementRecord, AgreementSignedRecord, CourseRecord, DelegationRecord, TrainingRecord};
pub use factor::SecurityEvent;
pub(crate) use factor::{PasskeyRecord, SecurityEventRecord};
pub(crate) use identity::IdentityRecord;
pub(crate) use organization::{LedgerKeys, OrganizationRecord, ProviderRecord};
pub(crate) use person::{CredentialRecord, LinkedAccount, PendingEnrolment, PersonRecord};
use serde::{Serialize, de::DeserializeOwned};
pub(crate) use study::{DefinitionRecord, ImportPart, ImportRecord, Live, SiteRecord, StudyRecord};

use crate::{
    backend::Connection,
    error::{Error, Result},
    key::{Cell, KeyRing, SealKey},
};
use trial::ids::OrganizationId;

/// Where and when a record version was put: what deriving may use beside the content.
pub(crate) struct Put<'a> {
    pub db: &'a Connection,
    pub key: &'a [u8; 16],
    pub version: u32,
    /// Microseconds since 1970, from its entry.
    pub at: i64,
}

/// A kind of record.
pub(crate) trait Record: Serialize + DeserializeOwned {
    /// Its code in the record table and in entries.
    const KIND: &'static str;

    /// Brings the derived tables up to date with this version.
    fn derive(&self, put: &Put<'_>) -> Result<()>;
}

/// One row of the record table.
pub(crate) struct Row {
    pub kind: String,
    pub key: [u8; 16],
    pub version: u32,
    pub ledger: u32,
    pub entry: u64,
    pub sealed: Vec<u8>,
}

/// Seals the content of a record for its cell.
pub(crate) fn seal<R: Record>(
    organization: OrganizationId,
    with: &SealKey,
    key: &[u8; 16],
    version: u32,
    content: &R,
) -> Result<Vec<u8>> {
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(content).map_err(Error::fault)?);
    with.seal(Cell { organization, kind: R::KIND, key, version }, &plain)
}

/// Opens the content of a record; `None` where its key was destroyed.
pub(crate) fn open<R: Record>(
    db: &Connection,
    ring: &KeyRing,
    organization: OrganizationId,
    key: &[u8; 16],
    version: u32,
    sealed: &[u8],
) -> Result<Option<R>> {
    let Some(with) = key_of(db, ring, sealed)? else { return Ok(None) };
    let plain = with.open(Cell { organization, kind: R::KIND, key, version }, sealed).ok_or_else(|| {
        Error::fault(format!("{} record does not open: it was changed outside Probity; run `probity verify`", R::KIND))
    })?;
    serde_json::from_slice(&plain).map(Some).map_err(Error::fault)
}

/// The key that sealed this; `None` where it was destroyed.
pub(crate) fn key_of(db: &Connection, ring: &KeyRing, sealed: &[u8]) -> Result<Option<Arc<SealKey>>> {
    let id = crate::key::sealed_key_id(sealed).ok_or_else(|| Error::fault("a record is too short to be sealed"))?;
    ring.find(db, id)
}

macro_rules! kinds {
    ($($record:ty),* $(,)?) => {
        /// Derives a stored record of whatever kind; `false` where its key was destroyed.
        pub(crate) fn derive(db: &Connection, ring: &KeyRing, organization: OrganizationId, row: &Row, at: i64) -> Result<bool> {
            let put = Put { db, key: &row.key, version: row.version, at };
            match row.kind.as_str() {
                $(<$record as Record>::KIND => {
                    let content = open::<$record>(db, ring, organization, &row.key, row.version, &row.sealed)?;
                    let Some(content) = content else { return Ok(false) };
                    content.derive(&put)?;
                    Ok(true)
                })*
                other => Err(Error::fault(format!("record of unknown kind {other}"))),
            }
        }
    };
}

kinds!(
    OrganizationRecord,
    LedgerKeys,
    PersonRecord,
    CredentialRecord,
    IdentityRecord,
    PasskeyRecord,
    SecurityEventRecord,
    GrantRecord,
    RoleRecord,
    PolicyRecord,
    ProviderRecord,
    AccessRequestRecord,
    AgreementRecord,
    AgreementSignedRecord,
    CourseRecord,
    TrainingRecord,
    DelegationRecord,
    ClientRecord,
    StudyRecord,
    DefinitionRecord,
    SiteRecord,
    SubjectRecord,
    ErasureRecord,
    VisitRecord,
    FormRecord,
    GroupRecord,
    ImportRecord,
    ImportPart,
);
