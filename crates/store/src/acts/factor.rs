//! One's own second factors: codes of an authenticator app, passkeys, and recovery codes for the day when they are lost.

use serde::Serialize;
use trial::{
    ids::{KeyId, PasskeyId, PersonId},
    limit,
    permission::Permission,
};

use crate::{
    act::Act,
    actor::Access,
    acts::{
        person::set_credential,
        security_event::{self, Happened},
    },
    assurance::{self, Factor, Freshness},
    backend::values,
    error::{Error, Result},
    passkey::{self, CREDENTIAL, PASSKEYS_MAX, PublicKey},
    place::Target,
    record::{CredentialRecord, PasskeyRecord, SecurityEvent},
    session, throttle, time,
    tx::Tx,
};

/// Sets codes of an authenticator app (RFC 6238) as one's own second factor, once one of them was shown.
#[derive(Serialize)]
pub struct SetSecondFactor {
    pub(crate) secret: Vec<u8>,
    /// The time step of the code that was shown, so that it does not work again.
    pub(crate) totp_step: u64,
}

impl Act for SetSecondFactor {
    const NAME: &'static str = "account.set_second_factor";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Own;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let person = access.person()?;
        throttle::spend_code(tx.db, &person, self.totp_step)?;
        changed(tx, access, Some(Factor::Code))?;
        let (_, old) = tx.current::<CredentialRecord>(&person)?.ok_or(Error::Hidden)?;
        set_credential(tx, person, |_| old.but(|credential| credential.totp = Some(self.secret.clone())))?;
        security_event::note(tx, person, Happened::told(SecurityEvent::CodeSet))
    }
}

/// A passkey that was just made, checked.
#[derive(Debug, Serialize)]
pub(crate) struct NewPasskey {
    /// As its owner calls it.
    pub name: String,
    pub credential: Vec<u8>,
    pub key: PublicKey,
    pub counter: u32,
    pub copied: bool,
}

/// Adds a passkey of one's own.
#[derive(Debug, Serialize)]
pub struct AddPasskey {
    pub(crate) passkey: NewPasskey,
}

impl Act for AddPasskey {
    const NAME: &'static str = "account.add_passkey";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Own;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let person = access.person()?;
        changed(tx, access, Some(Factor::Passkey))?;
        add_passkey(tx, person, &self.passkey)?;
        security_event::note(tx, person, Happened::told(SecurityEvent::PasskeyAdded))
    }
}

/// Removes a passkey of one's own.
#[derive(Debug, Serialize)]
pub struct RemovePasskey {
    /// Which.
    pub passkey: PasskeyId,
}

impl Act for RemovePasskey {
    const NAME: &'static str = "account.remove_passkey";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Own;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let person = access.person()?;
        let (version, record) = tx
            .current::<PasskeyRecord>(&self.passkey)?
            .filter(|(_, one)| one.person == person && !one.removed)
            .ok_or(Error::Hidden)?;
        let others = passkeys_of(tx, person)?.len() > 1;
        let left = others || access.assurance().has_code;
        if !left && assurance::second_factor_needed(tx.db, tx.ring, tx.organization)? {
            return Err(Error::refused(
                "passkey",
                "last",
                "this is your only second factor, and your organization asks for one: add another first",
            ));
        }
        changed(tx, access, None)?;
        if !left {
            // Recovery codes stand in for a second factor; without one they would be a second password.
            let (_, old) = tx.current::<CredentialRecord>(&person)?.ok_or(Error::Hidden)?;
            set_credential(tx, person, |_| old.but(|credential| credential.recovery.clear()))?;
        }
        remove(tx, self.passkey, version, record)?;
        security_event::note(tx, person, Happened::told(SecurityEvent::PasskeyRemoved))
    }
}

/// Makes new recovery codes; the old ones stop working.
#[derive(Serialize)]
pub struct MakeRecoveryCodes {
    /// Keyed hashes of them.
    pub(crate) hashes: Vec<[u8; 32]>,
}

impl Act for MakeRecoveryCodes {
    const NAME: &'static str = "account.make_recovery_codes";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Own;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let person = access.person()?;
        if access.assurance().strongest() == Factor::Password {
            return Err(Error::refused(
                "",
                "no_second_factor",
                "recovery codes stand in for a second factor: set one first",
            ));
        }
        let (_, old) = tx.current::<CredentialRecord>(&person)?.ok_or(Error::Hidden)?;
        set_credential(tx, person, |_| old.but(|credential| credential.recovery.clone_from(&self.hashes)))?;
        security_event::note(tx, person, Happened::told(SecurityEvent::RecoveryCodesMade))
    }
}

/// What every change of factors does: other sessions end; the factor that was shown for it is fresh in this one.
pub(super) fn changed(tx: &mut Tx<'_>, access: &Access, shown: Option<Factor>) -> Result<()> {
    let session = access.actor().session();
    tx.end_sessions(access.person()?, session::Which::AllBut(session))?;
    session::shown(tx.db, session, shown.as_slice(), tx.at())
}

/// Adds a passkey to a person.
pub(super) fn add_passkey(tx: &mut Tx<'_>, person: PersonId, new: &NewPasskey) -> Result<()> {
    let name = limit::text("name", &new.name, limit::NAME_BYTES_MAX)?;
    if passkeys_of(tx, person)?.len() >= PASSKEYS_MAX {
        let why = format!("there are {PASSKEYS_MAX} passkeys already: remove one first");
        return Err(Error::refused("passkey", "too_many", why));
    }
    let tag = tx.ring.tag(CREDENTIAL, &hex(&new.credential));
    if tx.db.one("SELECT 1 FROM passkey WHERE tag = ?1", values![&tag], |_| Ok(()))?.is_some() {
        return Err(Error::refused("passkey", "known", "this passkey is known here already"));
    }
    let id: PasskeyId = tx.new_id()?;
    let record = PasskeyRecord {
        person,
        name,
        credential: new.credential.clone(),
        tag,
        key: new.key.clone(),
        copied: new.copied,
        added: time::micros(tx.at()),
        removed: false,
    };
    let key = secret_key(tx, person)?;
    tx.put(&id, 1, &record, &key)?;
    passkey::spend(tx.db, id, new.counter, tx.at())
}

/// A credential id as the keyed hash takes it.
pub(crate) fn hex(credential: &[u8]) -> String {
    crate::backend::hex(credential)
}

/// Removes every passkey of a person.
pub(super) fn remove_passkeys(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    for passkey in passkeys_of(tx, person)? {
        if let Some((version, record)) = tx.current::<PasskeyRecord>(&passkey)? {
            remove(tx, passkey, version, record)?;
        }
    }
    Ok(())
}

fn remove(tx: &mut Tx<'_>, passkey: PasskeyId, version: u32, record: PasskeyRecord) -> Result<()> {
    let key = secret_key(tx, record.person)?;
    tx.put(&passkey, version.saturating_add(1), &PasskeyRecord { removed: true, ..record }, &key)?;
    tx.db.write("DELETE FROM passkey_use WHERE passkey = ?1", values![&passkey])?;
    Ok(())
}

fn passkeys_of(tx: &Tx<'_>, person: PersonId) -> Result<Vec<PasskeyId>> {
    tx.db.select("SELECT id FROM passkey WHERE person = ?1 ORDER BY id", values![&person], |row| row.id(0))
}

fn secret_key(tx: &Tx<'_>, person: PersonId) -> Result<std::sync::Arc<crate::key::SealKey>> {
    let key: KeyId = tx
        .db
        .one("SELECT secret_key FROM person WHERE id = ?1", values![&person], |row| row.id(0))?
        .ok_or(Error::Hidden)?;
    tx.key(key)
}
