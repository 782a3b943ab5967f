//! Enrolment: whoever holds a one-time token sets a password and a second factor.

use serde::Serialize;
use trial::{ids::PersonId, permission::Permission};

use crate::{
    act::Act,
    actor::Access,
    acts::{
        client,
        factor::{self, NewPasskey},
        person::set_credential,
        security_event::{self, Happened},
    },
    assurance::{self, Factor, Freshness},
    backend::values,
    error::{Error, Result},
    place::Target,
    record::{CredentialRecord, SecurityEvent},
    session::{self, Opening},
    throttle,
    tx::Tx,
};

/// Sets the password and (where asked, or wished) the second factor of the person who holds an enrolment token. What the
/// person had before, of whatever kind, stops working.
#[derive(Serialize)]
pub struct Enrol {
    pub(crate) person: PersonId,
    pub(crate) enrolment_tag: [u8; 32],
    pub(crate) password: String,
    pub(crate) second: Option<NewSecond>,
    /// SHA-256 of the token of a session to begin at once, and what kind of browser has it.
    pub(crate) session: Option<[u8; 32]>,
    pub(crate) client: Option<String>,
}

/// A second factor to set, once it was shown.
#[derive(Serialize)]
pub(crate) enum NewSecond {
    /// Codes: the secret, and the time step of the code that was shown, so that it does not work again.
    Code { secret: Vec<u8>, step: u64 },
    /// A passkey.
    Passkey(NewPasskey),
}

impl Act for Enrol {
    const NAME: &'static str = "person.enrol";
    const NEEDS: Permission = Permission::SignIn;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Door
    }

    fn apply(&self, tx: &mut Tx<'_>, _: &Access) -> Result<()> {
        let row = tx.db.one(
            "SELECT enrolment_end FROM person WHERE id = ?1 AND enrolment_tag = ?2 AND active = 1",
            values![&self.person, &self.enrolment_tag],
            |row| row.maybe_int(0),
        )?;
        match row.flatten() {
            Some(end) if crate::time::micros(tx.at()) < end => {}
            _ => return Err(spent()),
        }
        if self.second.is_none() && assurance::second_factor_needed(tx.db, tx.ring, tx.organization)? {
            return Err(missing());
        }
        tx.end_sessions(self.person, session::Which::AllBut(None))?;
        factor::remove_passkeys(tx, self.person)?;
        client::end_all(tx, self.person, self.person)?;
        let mut factors = vec![Factor::Password];
        let mut totp = None;
        match &self.second {
            None => {}
            Some(NewSecond::Code { secret, step }) => {
                throttle::spend_code(tx.db, &self.person, *step)?;
                totp = Some(secret.clone());
                factors.push(Factor::Code);
            }
            Some(NewSecond::Passkey(passkey)) => {
                factor::add_passkey(tx, self.person, passkey)?;
                factors.push(Factor::Passkey);
            }
        }
        let chosen = crate::time::micros(tx.at());
        set_credential(tx, self.person, |_| CredentialRecord {
            password: self.password.clone(),
            totp: totp.take(),
            renew: false,
            chosen,
            former: Vec::new(),
            recovery: Vec::new(),
            linked: None,
        })?;
        let client = self.client.as_deref();
        if let Some(token_tag) = &self.session {
            let id = tx.new_id()?;
            tx.open_session(&Opening { id, person: self.person, token_tag, factors: &factors, client })?;
        }
        let happened = Happened::listed(SecurityEvent::Enrolled).with(&factors, client);
        security_event::note(tx, self.person, happened)
    }
}

/// An enrolment without the second factor that is asked for.
pub(crate) fn missing() -> Error {
    Error::refused(
        "code",
        "needed",
        "this organization asks for a second factor: add a passkey, or scan the code with your app and type what it shows",
    )
}

/// An enrolment token that does not work (any more).
#[must_use]
pub fn spent() -> Error {
    Error::refused(
        "token",
        "spent",
        "this enrolment link was used, has expired or was replaced: ask an administrator for a new one",
    )
}
