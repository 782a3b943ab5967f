//! Typed identifiers: a `SubjectId` will not go where a `SiteId` is wanted.
//!
//! All are UUIDs (RFC 9562; version 7 where Probity makes them, so that they sort by time). This module
//! refuses to make one up: new ids come from the store, from its clock and its source of chance.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not an identifier (a UUID such as 0192f0c1-2f3e-7c4a-9b1d-3a5c7e9f1b2d)")]
pub struct NotAnId(String);

/// What every identifier can do.
pub trait Id: Copy + Ord + fmt::Display + Send + Sync + 'static {
    /// The identifier made of these 16 bytes.
    fn from_bytes(bytes: [u8; 16]) -> Self;
    /// Its 16 bytes, in network order.
    fn bytes(&self) -> &[u8; 16];
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl Id for $name {
            fn from_bytes(bytes: [u8; 16]) -> Self { Self(Uuid::from_bytes(bytes)) }
            fn bytes(&self) -> &[u8; 16] { self.0.as_bytes() }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.hyphenated().fmt(f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.hyphenated())
            }
        }
        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Uuid::try_parse(text).map(Self).map_err(|_| NotAnId(text.chars().take(64).collect()))
            }
        }
    )*};
}

ids! {
    /// One request for access that somebody approves, or one emergency.
    AccessRequestId
    /// One program or device that works in a person's name.
    ClientId
    /// One form of one visit of one subject.
    FormId
    /// One grant: a person, a role, a scope, dates.
    GrantId
    /// One item group of one form: the unit in which values are sealed and versioned.
    GroupId
    /// One import of a file of clinical data.
    ImportId
    /// One wrapped key.
    KeyId
    /// One ledger: the organization's, or a study's.
    LedgerId
    /// One agreement that people sign, in all its versions.
    AgreementId
    /// One course that roles need.
    CourseId
    /// One line of a site's delegation log.
    DelegationId
    /// One organization (the tenant).
    OrganizationId
    /// One passkey of a person.
    PasskeyId
    /// One person with an account.
    PersonId
    /// One of an organization's own roles.
    RoleId
    /// One request, chosen by the client so that a retry is recognized.
    RequestId
    /// One thing that befell a person's account: a sign-in, a change of password or factor.
    SecurityEventId
    /// One signed-in session.
    SessionId
    /// One signature under an agreement.
    SignatureId
    /// One site of one study.
    SiteId
    /// One study.
    StudyId
    /// One subject (participant) of one study.
    SubjectId
    /// One person's completion of one course.
    TrainingId
    /// One visit (ODM: StudyEventData) of one subject.
    VisitId
}
