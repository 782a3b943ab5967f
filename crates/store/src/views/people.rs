//! Who has an account.

use jiff::Timestamp;
use ledger::Entry;
use serde::Serialize;
use trial::{
    access::Scope,
    identity::Way,
    ids::{ClientId, PersonId},
    permission::Permission,
};

use crate::{
    actor::Access,
    assurance::Freshness,
    backend::values,
    dormant,
    error::Result,
    place::Target,
    record::{ClientRecord, IdentityRecord, PersonRecord},
    time,
    view::{Snapshot, View},
};

/// The people of the organization, for whoever administers it or one of its studies or sites.
#[derive(Debug)]
pub struct People {
    /// Where the asker administers.
    pub scope: Scope,
}

/// A person.
#[derive(Debug, Clone, Serialize)]
pub struct PersonLine {
    /// Who.
    pub id: PersonId,
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Name to sign in with.
    pub sign_in: String,
    /// Whether the account works.
    pub active: bool,
    /// Whether a password was set.
    pub enrolled: bool,
    /// Whether a second factor is set.
    pub second_factor: bool,
    /// When they last showed who they are.
    pub shown: Option<Timestamp>,
    /// Whether the account rests because nobody used it for long.
    pub dormant: bool,
    /// Whether a new enrolment link waits, which another administrator made than the one who asks: it can be released.
    pub releasable: bool,
    /// How their identity was last checked; `None`: nobody has.
    pub identity: Option<IdentityCheck>,
}

/// A check of somebody's identity.
#[derive(Debug, Clone, Serialize)]
pub struct IdentityCheck {
    /// When it was recorded.
    pub at: Timestamp,
    /// By whom, by name.
    pub by: String,
    /// How.
    pub way: Way,
    /// What was said beside that.
    pub note: Option<String>,
}

impl View for People {
    const NAME: &'static str = "view.people";
    const NEEDS: Permission = Permission::PeopleSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = true;
    type Shown = Vec<PersonLine>;

    fn target(&self) -> Target {
        Target::Scope(self.scope)
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Vec<PersonLine>> {
        let rows = snapshot.db.select(
            "SELECT p.id, p.active, p.enrolled, p.second_factor,
                    (SELECT max(e.at) FROM security_event e WHERE e.person = p.id AND e.shown = 1), p.enrolment_end
             FROM person p",
            &[],
            |row| {
                let [active, enrolled, second_factor] = [row.int(1)? != 0, row.int(2)? != 0, row.int(3)? != 0];
                let [shown, link_ends] = [row.maybe_int(4)?.map(time::instant), row.maybe_int(5)?.map(time::instant)];
                Ok((row.id::<PersonId>(0)?, active, enrolled, second_factor, shown, link_ends))
            },
        )?;
        let rules = access.rules()?;
        let mut people = Vec::with_capacity(rows.len());
        for (id, active, enrolled, second_factor, shown, link_ends) in rows {
            if let Some((_, person)) = snapshot.current::<PersonRecord>(&id)? {
                let policy = rules.policy_for(&rules.grants(snapshot.db, id)?, access.at());
                let dormant = shown.is_some_and(|shown| dormant::rests_from(shown, &policy) <= access.at());
                let waits = enrolled && active && link_ends.is_some_and(|end| access.at() < end);
                let by = person.enrolment.as_ref().and_then(|pending| pending.by);
                let releasable = waits && by != access.actor().person();
                let PersonRecord { name, email, sign_in, .. } = person;
                let identity = identity(snapshot, id)?;
                people.push(PersonLine {
                    id,
                    name,
                    email,
                    sign_in,
                    active,
                    enrolled,
                    second_factor,
                    shown,
                    dormant,
                    releasable,
                    identity,
                });
            }
        }
        people.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(people)
    }

    fn count(shown: &Vec<PersonLine>) -> u64 {
        shown.len() as u64
    }
}

/// How somebody's identity was last checked.
pub(super) fn identity(snapshot: &Snapshot<'_>, person: PersonId) -> Result<Option<IdentityCheck>> {
    let Some((_, IdentityRecord { way, note, by, at })) = snapshot.current::<IdentityRecord>(&person)? else {
        return Ok(None);
    };
    Ok(Some(IdentityCheck { at, by: name(snapshot, by)?, way, note }))
}

/// The name of a study and of a site or country in it, as far as a scope lies in them.
pub(super) fn place_names(snapshot: &Snapshot<'_>, scope: &Scope) -> Result<(Option<String>, Option<String>)> {
    let study = match scope.study() {
        Some(study) => snapshot.db.one("SELECT name FROM study WHERE id = ?1", values![&study], |row| row.text(0))?,
        None => None,
    };
    let within = match scope {
        Scope::Site { site, .. } => {
            snapshot.db.one("SELECT name FROM site WHERE id = ?1", values![site], |row| row.text(0))?
        }
        Scope::Country { country, .. } => Some(country.to_string()),
        Scope::Organization | Scope::Study { .. } => None,
    };
    Ok((study, within))
}

/// Who made an entry, by name where it is a person, and through which program or device, by name.
pub(super) fn who(snapshot: &Snapshot<'_>, entry: &Entry) -> Result<(String, Option<String>)> {
    let who = match entry.actor.strip_prefix("person:").and_then(|id| id.parse().ok()) {
        Some(person) => name(snapshot, person)?,
        None => entry.actor.clone(),
    };
    let client = entry.client.as_deref().and_then(|client| client.strip_prefix("client:")?.parse::<ClientId>().ok());
    let record = client.map(|client| snapshot.current::<ClientRecord>(&client)).transpose()?.flatten();
    Ok((who, record.map(|(_, record)| record.name)))
}

/// A person's name, or the id where the person's key was destroyed.
pub(super) fn name(snapshot: &Snapshot<'_>, person: PersonId) -> Result<String> {
    Ok(snapshot.current::<PersonRecord>(&person)?.map_or_else(|| person.to_string(), |(_, record)| record.name))
}
