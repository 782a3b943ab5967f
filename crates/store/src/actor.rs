//! Who acts, and the proof that they may. Both have private fields: an [`Actor`] comes from a session or from the
//! console, an [`Access`] from a decision made in the transaction that uses it.

use std::collections::{HashMap, hash_map::Entry};

use jiff::Timestamp;
use trial::{
    access::{Capacity, Decision, Grant, Place, Principal, Sites, decide},
    ids::{GrantId, PersonId, SessionId, StudyId},
    permission::Permission,
    role::Role,
};

use crate::{
    assurance::{Assurance, Freshness},
    backend::{Connection, Row, values},
    error::{Error, Result},
    place::{Located, Target, locate, scope_of},
    record::{Kept, Shown},
    time,
};

/// Who asks. Made by `Organization::authenticate`, by the console, or nobody.
#[derive(Debug, Clone)]
pub struct Actor {
    principal: Principal,
    session: Option<SessionId>,
}

impl Actor {
    /// Someone not signed in: may sign in, and fetch checkpoints.
    #[must_use]
    pub const fn nobody() -> Self {
        Actor { principal: Principal::Nobody, session: None }
    }

    /// The operator at the machine's console, where the keys are. Holds no permission in any study.
    #[must_use]
    pub const fn operator() -> Self {
        Actor { principal: Principal::Operator, session: None }
    }

    /// An AI assistant: holds no permission at all.
    #[must_use]
    pub const fn assistant() -> Self {
        Actor { principal: Principal::Assistant, session: None }
    }

    pub(crate) const fn person_in(person: PersonId, session: SessionId) -> Self {
        Actor { principal: Principal::Person(person), session: Some(session) }
    }

    /// The person, where it is one.
    #[must_use]
    pub const fn person(&self) -> Option<PersonId> {
        match self.principal {
            Principal::Person(person) => Some(person),
            _ => None,
        }
    }

    /// The session, where there is one.
    #[must_use]
    pub const fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// As entries name them.
    pub(crate) fn name(&self) -> String {
        match self.principal {
            Principal::Nobody => "nobody".into(),
            Principal::Person(person) => format!("person:{person}"),
            Principal::Operator => "operator".into(),
            Principal::Assistant => "assistant".into(),
        }
    }
}

/// The proof that an actor may do one thing at one place, now. An act commits only by consuming it.
#[derive(Debug)]
pub struct Access {
    actor: Actor,
    capacity: Capacity,
    sites: Sites,
    located: Located,
    assurance: Assurance,
    at: Timestamp,
}

impl Access {
    /// Decides, from the rows that this connection's transaction sees.
    pub(crate) fn decide(
        db: &Connection,
        actor: &Actor,
        target: Target,
        (needs, fresh): (Permission, Freshness),
        at: Timestamp,
    ) -> Result<Access> {
        Self::decide_knowing(db, &mut Grants::default(), actor, target, (needs, fresh), at)
    }

    /// As [`Access::decide`], with grants that are known to stand.
    pub(crate) fn decide_knowing(
        db: &Connection,
        known: &mut Grants,
        actor: &Actor,
        target: Target,
        (needs, fresh): (Permission, Freshness),
        at: Timestamp,
    ) -> Result<Access> {
        let located = match locate(db, target, actor.person()) {
            // Whoever is not signed in learns that, not whether the record is there.
            Err(Error::Hidden) if matches!(actor.principal, Principal::Nobody) => return Err(Error::SignedOut),
            other => other?,
        };
        let standing = match actor.person() {
            Some(person) => Some(known.of(db, person, actor.session)?),
            None => None,
        };
        let (grants, assurance) = match standing {
            Some(standing) => (standing.grants.as_slice(), standing.assurance),
            None => (&[][..], Assurance::default()),
        };
        match decide(actor.principal, grants, needs, located.place, at) {
            // Whoever may not is told that, and asked for nothing. The console has no session: who is there, its machine knows.
            Decision::Allow(..) if standing.is_some() && !assurance.holds(fresh, at) => Err(Error::StepUp),
            Decision::Allow(capacity, sites) => {
                Ok(Access { actor: actor.clone(), capacity, sites, located, assurance, at })
            }
            Decision::Hidden if matches!(actor.principal, Principal::Nobody) => Err(Error::SignedOut),
            Decision::Hidden => Err(Error::Hidden),
            Decision::Forbidden => Err(Error::Forbidden { needs: needs.code() }),
        }
    }

    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The person who acts; a fault where an act of people is done by none.
    pub(crate) fn person(&self) -> Result<PersonId> {
        self.actor.person().ok_or(Error::SignedOut)
    }

    pub(crate) fn capacity(&self) -> Capacity {
        self.capacity
    }

    pub(crate) fn sites(&self) -> &Sites {
        &self.sites
    }

    pub(crate) fn located(&self) -> &Located {
        &self.located
    }

    /// How sure it is that the person is there.
    pub(crate) fn assurance(&self) -> &Assurance {
        &self.assurance
    }

    pub(crate) fn at(&self) -> Timestamp {
        self.at
    }

    /// The study that the place lies in.
    pub(crate) fn study(&self) -> Result<StudyId> {
        match self.located.place {
            Place::Study(study) | Place::SitesOf(study) | Place::Site(study, _) => Ok(study),
            _ => Err(Error::Hidden),
        }
    }

    /// A stored value as this reader may see it. Every value that leaves the store passes here; blinding and item
    /// classes will decide here too.
    pub(crate) fn show(&self, value: &Kept) -> Shown {
        match self.capacity {
            Capacity::Role(role)
                if trial::role::may(role, Permission::FormSee) || trial::role::may(role, Permission::DataExport) =>
            {
                Shown::Value(value.0.clone())
            }
            _ => Shown::Withheld,
        }
    }
}

/// What somebody who asks stands on.
struct Standing {
    grants: Vec<Grant>,
    assurance: Assurance,
}

/// Grants that were looked up, as long as they stand.
#[derive(Default)]
pub(crate) struct Grants {
    known: HashMap<(PersonId, Option<SessionId>), Standing>,
    /// Entries of the organization's ledger when they were.
    size: u64,
}

/// People whose grants are kept at hand.
const GRANTS_MAX: usize = 4_096;

impl Grants {
    /// Forgets them where the organization's ledger has grown.
    pub(crate) fn heed(&mut self, size: u64) {
        if self.size != size {
            self.forget();
            self.size = size;
        }
    }

    pub(crate) fn forget(&mut self) {
        self.known.clear();
    }

    fn of(&mut self, db: &Connection, person: PersonId, session: Option<SessionId>) -> Result<&Standing> {
        if self.known.len() >= GRANTS_MAX {
            self.forget();
        }
        match self.known.entry((person, session)) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(gap) => Ok(gap.insert(grants_now(db, person, session)?)),
        }
    }
}

/// The grants of somebody who asks. Whoever's account was disabled or whose session ended while the request was on its
/// way is nobody any more.
fn grants_now(db: &Connection, person: PersonId, session: Option<SessionId>) -> Result<Standing> {
    let (mut present, mut assurance) = (false, Assurance::default());
    let grants = db.select(
        "SELECT g.id, g.person, g.role, g.study, g.site, g.starts, g.ends, p.active, s.id, s.password_shown, s.code_shown,
                s.recovery_shown, s.passkey_shown, p.code, (SELECT count(*) FROM passkey k WHERE k.person = p.id)
         FROM person p LEFT JOIN session s ON s.id = ?2 AND s.person = p.id AND s.ended IS NULL
              LEFT JOIN role_grant g ON g.person = p.id WHERE p.id = ?1",
        values![&person, session.as_ref()],
        |row| {
            present = row.int(7)? == 1 && row.maybe_id(8)? == session;
            let shown = |column| Ok::<_, Error>(row.maybe_int(column)?.map(time::instant));
            assurance = Assurance {
                password: shown(9)?,
                code: shown(10)?,
                recovery: shown(11)?,
                passkey: shown(12)?,
                has_code: row.int(13)? != 0,
                has_passkey: row.int(14)? != 0,
            };
            row.maybe_id::<GrantId>(0)?.map(|_: GrantId| grant_row(row)).transpose()
        },
    )?;
    if !present {
        return Err(Error::SignedOut);
    }
    Ok(Standing { grants: grants.into_iter().flatten().collect(), assurance })
}

/// Every grant of a person, as stored.
pub(crate) fn grants_of(db: &Connection, person: PersonId) -> Result<Vec<Grant>> {
    db.select(
        "SELECT id, person, role, study, site, starts, ends FROM role_grant WHERE person = ?1",
        values![&person],
        grant_row,
    )
}

/// A grant from columns id, person, role, study, site, starts, ends.
pub(crate) fn grant_row(row: &Row<'_>) -> Result<Grant> {
    let role = row.text(2)?;
    Ok(Grant {
        id: row.id(0)?,
        person: row.id(1)?,
        role: Role::from_code(&role).ok_or_else(|| Error::fault(format!("unknown role {role}")))?,
        scope: scope_of(row.maybe_id(3)?, row.maybe_id(4)?),
        from: time::instant(row.int(5)?),
        until: row.maybe_int(6)?.map(time::instant),
    })
}
