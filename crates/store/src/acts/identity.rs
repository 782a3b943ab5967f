//! Who somebody is: checked by an administrator, and recorded, before a right to sign is given (21 CFR 11.100 (b)).

use serde::Serialize;
use trial::{
    identity::{self, NoteProblem, Way},
    ids::PersonId,
    permission::Permission,
    role::Role,
};

use crate::{
    act::Act,
    actor::Access,
    acts::security_event::{self, Happened},
    assurance::Freshness,
    error::{Error, Result},
    place::Target,
    record::{IdentityRecord, PersonRecord, SecurityEvent},
    tx::Tx,
};

/// Records that a person's identity was checked, by whoever records it. Done again, it replaces what was recorded before.
#[derive(Debug, Serialize)]
pub struct VerifyIdentity {
    /// Whose.
    pub person: PersonId,
    /// How.
    pub way: Way,
    /// What else is to be said; nothing that a document says.
    pub note: Option<String>,
}

impl Act for VerifyIdentity {
    const NAME: &'static str = "person.verify_identity";
    const NEEDS: Permission = Permission::PeopleManage;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Person(self.person)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let by = access.about_another(self.person, "nobody checks their own identity: ask another administrator")?;
        let note = identity::note(self.note.as_deref()).map_err(|problem| match problem {
            NoteProblem::Text(problem) => problem.into(),
            NoteProblem::Number => Error::refused("note", "number", problem.to_string()),
        })?;
        let (_, account) = tx.current::<PersonRecord>(&self.person)?.ok_or(Error::Hidden)?;
        if !account.active {
            return Err(Error::refused("person", "disabled", "this account is disabled"));
        }
        let key = tx.key(account.key)?;
        let version = tx.current::<IdentityRecord>(&self.person)?.map_or(0, |(version, _)| version);
        let record = IdentityRecord { way: self.way, note, by, at: tx.at() };
        tx.put(&self.person, version.saturating_add(1), &record, &key)?;
        security_event::note(tx, self.person, Happened::listed(SecurityEvent::IdentityChecked))
    }
}

/// Whether a role may be given to somebody as far as their identity goes. Without this the grant would rest until it was
/// checked; whoever gives it is to learn that at once.
pub(super) fn ready(tx: &Tx<'_>, access: &Access, person: PersonId, role: Role) -> Result<()> {
    if !access.rules()?.roles.signs(role) || IdentityRecord::is_there(tx.db, person)? {
        return Ok(());
    }
    Err(Error::refused(
        "person",
        "identity",
        "this role carries a right to sign, and this person’s identity has not been checked: whoever adds people checks \
         it and records that on the page of people, then the role can be given",
    ))
}
