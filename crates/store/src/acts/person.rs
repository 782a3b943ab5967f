//! People and their passwords: added by an administrator, asked for a new password, disabled.

use serde::Serialize;
use trial::{ids::PersonId, limit, permission::Permission};

use crate::{
    act::Act,
    actor::Access,
    acts::{
        NewVerifier, client, enrolment_link,
        security_event::{self, Happened},
    },
    assurance::{Factor, Freshness},
    backend::values,
    error::{Error, Result},
    key::Purpose,
    place::Target,
    record::{CredentialRecord, PersonRecord, SecurityEvent},
    same::among,
    session,
    tx::Tx,
};

/// The domain of the keyed hash by which a sign-in name is found.
pub(crate) const SIGN_IN: &str = "sign_in";

/// A sign-in name as it is compared: no case, no white space around.
pub(crate) fn folded(sign_in: &str) -> String {
    sign_in.trim().to_lowercase()
}

/// Adds a person, who then enrols with the token of which this is the hash.
#[derive(Debug, Serialize)]
pub struct AddPerson {
    /// Name, as it is shown.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// The name typed to sign in.
    pub sign_in: String,
    /// SHA-256 of the one-time enrolment token.
    pub enrolment_tag: [u8; 32],
}

impl Act for AddPerson {
    const NAME: &'static str = "person.add";
    const NEEDS: Permission = Permission::PeopleManage;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Organization
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let person: PersonId = tx.new_id()?;
        add(tx, person, self, access.actor().person())
    }
}

/// Adds a person under an id that the caller made; `by`: who asks for it, where that is a person.
pub(crate) fn add(tx: &mut Tx<'_>, person: PersonId, new: &AddPerson, by: Option<PersonId>) -> Result<()> {
    let name = limit::text("name", &new.name, limit::NAME_BYTES_MAX)?;
    let email = limit::text("email", &new.email, limit::NAME_BYTES_MAX)?;
    if !email.contains('@') || email.contains(char::is_whitespace) {
        return Err(Error::refused("email", "not_an_address", "type a mail address such as ana@example.org"));
    }
    let sign_in = limit::text("sign_in", &folded(&new.sign_in), limit::SIGN_IN_BYTES_MAX)?;
    let tag = tx.ring.tag(SIGN_IN, &sign_in);
    if tx.db.one("SELECT 1 FROM person WHERE sign_in_tag = ?1", values![&tag], |_| Ok(()))?.is_some() {
        return Err(Error::refused(
            "sign_in",
            "taken",
            "somebody here signs in under this name already: choose another",
        ));
    }
    let enrolment = Some(enrolment_link::pending(tx, new.enrolment_tag, by));
    let key = tx.new_key(Purpose::Person, None)?;
    let secret_key = tx.new_key(Purpose::Secret, None)?;
    let record = PersonRecord {
        name,
        email,
        sign_in,
        sign_in_tag: tag,
        active: true,
        enrolment,
        key: key.id(),
        secret_key: secret_key.id(),
    };
    tx.put(&person, 1, &record, &key)
}

/// Disables a person's account: every session ends, no grant works any more.
#[derive(Debug, Serialize)]
pub struct DisablePerson {
    /// Who.
    pub person: PersonId,
}

impl Act for DisablePerson {
    const NAME: &'static str = "person.disable";
    const NEEDS: Permission = Permission::PeopleManage;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Person(self.person)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let by = access.about_another(self.person, "nobody disables their own account: ask another administrator")?;
        tx.end_sessions(self.person, session::Which::AllBut(None))?;
        client::end_all(tx, self.person, by)?;
        change(tx, self.person, |record| {
            record.active = false;
            record.enrolment = None;
        })
    }
}

/// Changes one's own password; every other session of the person ends.
#[derive(Serialize)]
pub struct ChangePassword {
    pub(crate) password: String,
}

impl Act for ChangePassword {
    const NAME: &'static str = "account.change_password";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Own;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let person = access.person()?;
        tx.end_sessions(person, session::Which::AllBut(access.actor().session()))?;
        session::shown(tx.db, access.actor().session(), &[Factor::Password], tx.at())?;
        let (_, old) = tx.current::<CredentialRecord>(&person)?.ok_or(Error::Hidden)?;
        let at = crate::time::micros(tx.at());
        set_credential(tx, person, |_| old.but(|credential| credential.choose(&self.password, at)))?;
        security_event::note(tx, person, Happened::told(SecurityEvent::PasswordChanged))
    }
}

/// Asks a person for a new password at the next sign-in, because others may know the old one; every session ends.
#[derive(Debug, Serialize)]
pub struct RequireNewPassword {
    /// Who.
    pub person: PersonId,
}

impl Act for RequireNewPassword {
    const NAME: &'static str = "person.require_new_password";
    const NEEDS: Permission = Permission::PeopleManage;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Person(self.person)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        access.about_another(self.person, "change your own password on the page of your account")?;
        let Some((_, old)) = tx.current::<CredentialRecord>(&self.person)? else {
            return Err(Error::refused("person", "not_enrolled", "this person has no password yet"));
        };
        tx.end_sessions(self.person, session::Which::AllBut(None))?;
        set_credential(tx, self.person, |_| old.but(|credential| credential.renew = true))?;
        security_event::note(tx, self.person, Happened::told(SecurityEvent::NewPasswordRequired))
    }
}

/// What a sign-in changes of what its person proves themselves with: a verifier that is replaced, a recovery code that is
/// used up.
pub(super) fn use_up(
    tx: &mut Tx<'_>,
    person: PersonId,
    renewed: Option<&NewVerifier>,
    recovery: Option<&[u8; 32]>,
) -> Result<()> {
    let (_, old) = tx.current::<CredentialRecord>(&person)?.ok_or(Error::Hidden)?;
    if recovery.is_some_and(|used| !among(&old.recovery, used)) {
        return Err(Error::refused("code", "used", "this recovery code was used already: take another"));
    }
    let at = crate::time::micros(tx.at());
    set_credential(tx, person, |_| {
        old.but(|credential| {
            match renewed {
                Some(NewVerifier { verifier, chosen: true }) => credential.choose(verifier, at),
                // The same password, with more work.
                Some(NewVerifier { verifier, chosen: false }) => credential.password.clone_from(verifier),
                None => {}
            }
            credential.recovery.retain(|known| Some(known) != recovery);
        })
    })
}

pub(super) fn set_credential(
    tx: &mut Tx<'_>,
    person: PersonId,
    make: impl FnOnce(Option<&CredentialRecord>) -> CredentialRecord,
) -> Result<()> {
    let (version, old) = match tx.current::<CredentialRecord>(&person)? {
        Some((version, old)) => (version, Some(old)),
        None => (0, None),
    };
    let secret_key = tx
        .db
        .one("SELECT secret_key FROM person WHERE id = ?1", values![&person], |row| row.id(0))?
        .ok_or(Error::Hidden)?;
    let key = tx.key(secret_key)?;
    tx.put(&person, version.saturating_add(1), &make(old.as_ref()), &key)
}

pub(super) fn change(tx: &mut Tx<'_>, person: PersonId, how: impl FnOnce(&mut PersonRecord)) -> Result<()> {
    let (version, mut record) = tx.current::<PersonRecord>(&person)?.ok_or(Error::Hidden)?;
    // A token that was used or replaced must not come back with an older record.
    record.enrolment = None;
    how(&mut record);
    let key = tx.key(record.key)?;
    tx.put(&person, version.saturating_add(1), &record, &key)
}
