//! What people prove themselves with beside a password, and what befell their accounts.

use serde::{Deserialize, Serialize};
use trial::ids::PersonId;

use super::{Put, Record};
use crate::{assurance::Factor, backend::values, error::Result, passkey::PublicKey};

/// A passkey. Sealed by the key of its person's credentials.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyRecord {
    pub person: PersonId,
    /// As its owner calls it.
    pub name: String,
    /// The credential id, which tells the browser which passkey is meant, and a keyed hash to find it by.
    pub credential: Vec<u8>,
    pub tag: [u8; 32],
    pub key: PublicKey,
    /// Whether its authenticator keeps copies of it elsewhere.
    pub copied: bool,
    /// Microseconds since 1970.
    pub added: i64,
    pub removed: bool,
}

impl Record for PasskeyRecord {
    const KIND: &'static str = "passkey";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        if self.removed {
            put.db.write("DELETE FROM passkey WHERE id = ?1", values![put.key])?;
        } else {
            put.db.write(
                "INSERT INTO passkey (id, person, tag, version) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET version = excluded.version",
                values![put.key, &self.person, &self.tag, put.version],
            )?;
        }
        put.db.write(SECOND_FACTOR, values![&self.person])?;
        Ok(())
    }
}

/// Brings up to date whether a person has a second factor.
pub(super) const SECOND_FACTOR: &str = "UPDATE person SET second_factor =
         CASE WHEN code = 1 OR EXISTS (SELECT 1 FROM passkey k WHERE k.person = person.id) THEN 1 ELSE 0 END
     WHERE id = ?1";

/// What can befall an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityEvent {
    /// Somebody signed in.
    SignedIn,
    /// A sign-in was refused.
    SignInRefused,
    /// Somebody signed in confirmed that it is them.
    Confirmed,
    /// Password and factors were set with an enrolment link.
    Enrolled,
    /// An administrator made a new enrolment link.
    EnrolmentRenewed,
    /// Another administrator released that link: with it and a code, everything is set anew.
    EnrolmentReleased,
    /// An administrator asked for a new password.
    NewPasswordRequired,
    /// The password was changed.
    PasswordChanged,
    /// Codes of an authenticator app were set.
    CodeSet,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// An account at an OpenID provider was linked, whose sign-in stands for the password.
    ProviderLinked,
    /// That link was ended.
    ProviderUnlinked,
    /// New recovery codes were made; the old ones stopped working.
    RecoveryCodesMade,
    /// One session or more were ended.
    SessionsEnded,
    /// A program or a device was registered that works in the person's name.
    ClientRegistered,
    /// An administrator ended one.
    ClientEnded,
    /// A role was given or ended, and the sessions with it.
    GrantChanged,
    /// An administrator recorded that the person's identity was checked.
    IdentityChecked,
}

/// One thing that befell an account. Sealed by its person's key, like their name.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecurityEventRecord {
    pub person: PersonId,
    pub event: SecurityEvent,
    /// What was shown, where it is a sign-in or a confirmation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<Factor>,
    /// From what kind of browser, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Microseconds since 1970.
    pub at: i64,
    /// Whether its person is still to be told.
    pub unread: bool,
}

impl Record for SecurityEventRecord {
    const KIND: &'static str = "security_event";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        let shown = matches!(self.event, SecurityEvent::SignedIn | SecurityEvent::Confirmed | SecurityEvent::Enrolled);
        put.db.write(
            "INSERT INTO security_event (id, person, at, shown, unread, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (id) DO UPDATE SET unread = excluded.unread, version = excluded.version",
            values![put.key, &self.person, self.at, shown, self.unread, put.version],
        )?;
        Ok(())
    }
}
