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
    assurance::{self, Factor, Freshness, Second},
    backend::values,
    error::{Error, Result},
    place::Target,
    record::{CredentialRecord, PersonRecord, SecurityEvent},
    same::{among, same},
    session::{self, Opening},
    throttle,
    tx::Tx,
};

/// Sets the password and (where asked, or wished) the second factor of the person who holds an enrolment token.
///
/// Who is enrolled already shows more than the token. With the second factor that they have, they choose a password and keep
/// the rest; with a recovery code, or a release by a second administrator, what they had before, of whatever kind, stops
/// working.
#[derive(Serialize)]
pub struct Enrol {
    pub(crate) person: PersonId,
    pub(crate) enrolment_tag: [u8; 32],
    pub(crate) password: String,
    pub(crate) second: Option<NewSecond>,
    /// What somebody showed who was enrolled before, and whose failures that has waited for, where it could be guessed.
    pub(crate) proof: Option<(Proof, Option<[u8; 32]>)>,
    /// SHA-256 of the token of a session to begin at once, and what kind of browser has it.
    pub(crate) session: Option<[u8; 32]>,
    pub(crate) client: Option<String>,
}

/// What shows, beside a link, that it is the person.
#[derive(Serialize)]
pub(crate) enum Proof {
    /// A second factor, or a recovery code.
    Second(Second),
    /// The code of a release: a keyed hash of it.
    Release { code: [u8; 32] },
}

impl Proof {
    /// The second factor that the person still has, and so keeps.
    pub(crate) const fn kept(&self) -> Option<Factor> {
        match self {
            Proof::Second(second @ (Second::Code { .. } | Second::Passkey { .. })) => Some(second.factor()),
            Proof::Second(Second::Recovery { .. }) | Proof::Release { .. } => None,
        }
    }

    /// Uses it up.
    fn spend(&self, tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
        match self {
            Proof::Second(second) => {
                second.spend(tx, person)?;
                let Second::Recovery { hash } = second else { return Ok(()) };
                let (_, credential) = tx.current::<CredentialRecord>(&person)?.ok_or(Error::Hidden)?;
                among(&credential.recovery, hash).then_some(()).ok_or_else(misproved)
            }
            Proof::Release { code } => {
                let (_, record) = tx.current::<PersonRecord>(&person)?.ok_or(Error::Hidden)?;
                let released = record.enrolment.and_then(|pending| pending.release);
                released.filter(|released| same(released, code)).map(drop).ok_or_else(misproved)
            }
        }
    }
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
            "SELECT enrolment_end, enrolled FROM person WHERE id = ?1 AND enrolment_tag = ?2 AND active = 1",
            values![&self.person, &self.enrolment_tag],
            |row| Ok((row.int(0)?, row.int(1)? != 0)),
        )?;
        let enrolled = match row {
            Some((end, enrolled)) if crate::time::micros(tx.at()) < end => enrolled,
            _ => return Err(spent()),
        };
        match &self.proof {
            Some((proof, throttle_tag)) => {
                if let Some(tag) = throttle_tag {
                    throttle::wait_over(tx.db, tag, tx.at())?;
                    throttle::clear(tx.db, tag)?;
                }
                proof.spend(tx, self.person)?;
            }
            None if enrolled => return Err(unproved()),
            None => {}
        }
        tx.end_sessions(self.person, session::Which::AllBut(None))?;
        let factors = match self.proof.as_ref().and_then(|(proof, _)| proof.kept()) {
            Some(kept) => self.choose(tx, kept)?,
            None => self.begin(tx)?,
        };
        let client = self.client.as_deref();
        if let Some(token_tag) = &self.session {
            let id = tx.new_id()?;
            tx.open_session(&Opening { id, person: self.person, token_tag, factors: &factors, client })?;
        }
        let happened = Happened::listed(SecurityEvent::Enrolled).with(&factors, client);
        security_event::note(tx, self.person, happened)
    }
}

impl Enrol {
    /// Another password, and the rest as it was.
    fn choose(&self, tx: &mut Tx<'_>, kept: Factor) -> Result<Vec<Factor>> {
        let (_, old) = tx.current::<CredentialRecord>(&self.person)?.ok_or(Error::Hidden)?;
        let at = crate::time::micros(tx.at());
        set_credential(tx, self.person, |_| old.but(|credential| credential.choose(&self.password, at)))?;
        Ok(vec![Factor::Password, kept])
    }

    /// Everything anew.
    fn begin(&self, tx: &mut Tx<'_>) -> Result<Vec<Factor>> {
        if self.second.is_none() && assurance::second_factor_needed(tx.db, tx.ring, tx.organization)? {
            return Err(missing());
        }
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
        Ok(factors)
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

/// A link without what has to be shown beside it.
pub(crate) fn unproved() -> Error {
    Error::refused(
        "proof",
        "needed",
        "this account was set up before: show its second factor, a recovery code, or the release code of a second administrator",
    )
}

/// A link beside which something was shown that does not fit.
pub(crate) fn misproved() -> Error {
    Error::refused(
        "proof",
        "wrong",
        "this does not fit: type the code that the app shows now, a recovery code that was not used, or the release code",
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
