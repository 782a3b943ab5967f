//! Object identifiers (ODM: OID), one type per kind of object, so that a form's is not taken for an item's.
//!
//! They are shared strings: cloning one costs a counter. Nothing is checked here beyond the type; an empty
//! or over-long OID is a [`super::Problem`].

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! oids {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier with this text.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// Its text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<Arc<str>> for $name {
            fn from(text: Arc<str>) -> Self {
                Self(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl Default for $name {
            fn default() -> Self {
                // One empty text for all: a record that is read has many defaults.
                Self(Arc::default())
            }
        }
    )+};
}

oids! {
    /// Identifies an archive layout of a form.
    ArchiveLayoutOid;
    /// Identifies a code list.
    CodeListOid;
    /// Identifies a condition.
    ConditionOid;
    /// Identifies a visit (ODM: StudyEventDef).
    EventOid;
    /// Identifies a form.
    FormOid;
    /// Identifies an item group.
    ItemGroupOid;
    /// Identifies an item.
    ItemOid;
    /// Identifies a site or another location.
    LocationOid;
    /// Identifies a method.
    MethodOid;
    /// Identifies a presentation.
    PresentationOid;
    /// Identifies the meaning of a signature.
    SignatureDefOid;
    /// Identifies a study.
    StudyOid;
    /// Identifies a measurement unit.
    UnitOid;
    /// Identifies a user.
    UserOid;
    /// Identifies a study version (ODM: MetaDataVersion).
    VersionOid;
}
