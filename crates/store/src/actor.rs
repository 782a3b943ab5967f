//! Who acts, and the proof that they may. Both have private fields: an [`Actor`] comes from a session or from the
//! console, an [`Access`] from a decision made in the transaction that uses it.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use jiff::Timestamp;
use trial::{
    access::{Allowed, Capacity, Decision, Grant, Held, Place, Principal, Sites, covers, decide},
    client::Bounds,
    country::Country,
    definition::ItemClass,
    ids::{ClientId, PersonId, SessionId, SiteId, StudyId},
    permission::{Permission, Permissions},
    policy::Policy,
    roles::Roles,
};

use crate::{
    assurance::{Assurance, Freshness, window},
    backend::{Connection, values},
    client,
    error::{Error, Result},
    place::{Located, Target, locate},
    record::{Kept, Shown},
    rules::Rules,
    shared::Shared,
    time,
};

/// Who asks. Made by `Organization::authenticate`, by the console, or nobody.
#[derive(Debug, Clone)]
pub struct Actor {
    principal: Principal,
    via: Via,
}

/// By what a person asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Via {
    /// By nothing: at the door, at the console.
    Nothing,
    /// A session, opened with what they showed.
    Session(SessionId),
    /// A program or a device that they registered.
    Client(ClientId),
}

impl Actor {
    /// Someone not signed in: may sign in, and fetch checkpoints.
    #[must_use]
    pub const fn nobody() -> Self {
        Actor { principal: Principal::Nobody, via: Via::Nothing }
    }

    /// The operator at the machine's console, where the keys are. Holds no permission in any study.
    #[must_use]
    pub const fn operator() -> Self {
        Actor { principal: Principal::Operator, via: Via::Nothing }
    }

    /// An AI assistant: holds no permission at all.
    #[must_use]
    pub const fn assistant() -> Self {
        Actor { principal: Principal::Assistant, via: Via::Nothing }
    }

    pub(crate) const fn person_by(person: PersonId, via: Via) -> Self {
        Actor { principal: Principal::Person(person), via }
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
        match self.via {
            Via::Session(session) => Some(session),
            Via::Nothing | Via::Client(_) => None,
        }
    }

    /// The program or device that asks in the person's name, where one does.
    #[must_use]
    pub const fn client(&self) -> Option<ClientId> {
        match self.via {
            Via::Client(client) => Some(client),
            Via::Nothing | Via::Session(_) => None,
        }
    }

    /// As entries name that.
    pub(crate) fn client_name(&self) -> Option<String> {
        self.client().map(|client| format!("client:{client}"))
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
    allowed: Allowed,
    /// `None` where nobody is anybody: at the door, and at the console.
    rules: Option<Arc<Rules>>,
    /// The asker's own grants, as far as they may be used here.
    grants: Arc<[Grant]>,
    /// What a program or a device is kept to; everything for people.
    within: Permissions,
    located: Located,
    assurance: Assurance,
    at: Timestamp,
}

impl Access {
    /// Decides, from the rows that this connection's transaction sees.
    pub(crate) fn decide(
        db: &Connection,
        shared: &Shared,
        actor: &Actor,
        target: Target,
        (needs, fresh): (Permission, Freshness),
        at: Timestamp,
    ) -> Result<Access> {
        Self::decide_knowing(db, shared, &mut Present::default(), actor, target, (needs, fresh), at)
    }

    /// As [`Access::decide`], with people who are known to be here still.
    pub(crate) fn decide_knowing(
        db: &Connection,
        shared: &Shared,
        known: &mut Present,
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
            Some(person) => Some(known.of(db, shared, person, actor.via)?),
            None => None,
        };
        let nothing = Roles::default();
        let (grants, roles) =
            standing.as_ref().map_or((&[][..], &nothing), |standing| (&*standing.grants, &standing.rules.roles));
        let within = standing.as_ref().map_or(EVERYTHING, Standing::within);
        match decide(actor.principal, grants, roles, needs, located.place, at) {
            Decision::Allow(_) if !within.hold(needs) => Err(Error::Forbidden { needs: needs.code() }),
            // Whoever may not is told that, and asked for nothing.
            Decision::Allow(mut allowed) => {
                sites_of_countries(db, located.place, &mut allowed)?;
                // The console has no session: who is there, its machine knows.
                if let Some(standing) = &standing
                    && !standing.is_sure(located.place, &allowed.sites, fresh, at)
                {
                    return Err(Error::StepUp);
                }
                let (rules, grants, assurance) = match standing {
                    Some(standing) => (Some(standing.rules), standing.grants, standing.assurance),
                    None => (None, Arc::default(), Assurance::default()),
                };
                Ok(Access { actor: actor.clone(), allowed, rules, grants, within, located, assurance, at })
            }
            Decision::Hidden if matches!(actor.principal, Principal::Nobody) => Err(Error::SignedOut),
            Decision::Hidden => Err(Error::Hidden),
            Decision::Forbidden => Err(Error::Forbidden { needs: needs.code() }),
            Decision::Suspended(lapse) => Err(Error::Suspended(lapse)),
        }
    }

    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The person who acts; a fault where an act of people is done by none.
    pub(crate) fn person(&self) -> Result<PersonId> {
        self.actor.person().ok_or(Error::SignedOut)
    }

    /// The person who acts, where nobody may do this about themselves: `message` says so, and what to do.
    pub(crate) fn about_another(&self, person: PersonId, message: &str) -> Result<PersonId> {
        let by = self.person()?;
        if by == person { Err(Error::refused("person", "oneself", message)) } else { Ok(by) }
    }

    pub(crate) fn capacity(&self) -> Capacity {
        self.allowed.capacity
    }

    pub(crate) fn sites(&self) -> &Sites {
        &self.allowed.sites
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
        self.located.place.study().ok_or(Error::Hidden)
    }

    /// The grants that it rests on.
    pub(crate) fn through(&self) -> &[Held] {
        &self.allowed.through
    }

    /// The asker's own grants, as far as they may be used here.
    pub(crate) fn own_grants(&self) -> &[Grant] {
        &self.grants
    }

    /// What a program or a device is kept to; everything for people.
    pub(crate) fn within(&self) -> Permissions {
        self.within
    }

    /// Who may do what, as it was decided from.
    pub(crate) fn rules(&self) -> Result<&Arc<Rules>> {
        self.rules.as_ref().ok_or(Error::SignedOut)
    }

    /// Whether one of the grants behind it may also do this, at the same place.
    pub(crate) fn may_also(&self, permission: Permission) -> bool {
        self.any(|roles, held| self.may(roles, held, permission))
    }

    /// Whether a grant lets the asker do this, as far as they are not kept to less.
    fn may(&self, roles: &Roles, held: &Held, permission: Permission) -> bool {
        self.within.hold(permission) && roles.may(held.role, permission)
    }

    /// What holds for the asker's sessions.
    pub(crate) fn own_policy(&self) -> Result<Policy> {
        Ok(self.rules()?.policy_for(&self.grants, self.at))
    }

    /// Whether this form is among those that the reader's roles are bounded to.
    pub(crate) fn reaches_form(&self, form: &str) -> bool {
        self.any(|roles, held| roles.reaches_form(held.role, form))
    }

    /// Whether one of the grants behind it edits this form.
    pub(crate) fn edits(&self, form: &str) -> bool {
        self.any(|roles, held| self.may(roles, held, Permission::FormEdit) && roles.reaches_form(held.role, form))
    }

    /// As [`Access::reaches_form`], where the place is wider than the site that the form lies at.
    pub(crate) fn reaches_form_at(&self, study: StudyId, site: SiteId, country: Option<Country>, form: &str) -> bool {
        self.any(|roles, held| covers(&held.scope, study, site, country) && roles.reaches_form(held.role, form))
    }

    fn any(&self, test: impl Fn(&Roles, &Held) -> bool) -> bool {
        self.rules.as_ref().is_some_and(|rules| self.allowed.through.iter().any(|held| test(&rules.roles, held)))
    }

    /// A stored text as this reader may see it. Every text that leaves the store passes here or by
    /// [`Access::show_value`].
    pub(crate) fn show(&self, text: &Kept) -> Shown {
        let sees = [Permission::SubjectSee, Permission::FormSee, Permission::DataExport];
        if sees.into_iter().any(|permission| self.may_also(permission)) {
            Shown::Value(text.0.clone())
        } else {
            Shown::Withheld
        }
    }

    /// Whether this reader sees values of items of this class in this form.
    pub(crate) fn sees(&self, form: &str, class: ItemClass) -> bool {
        self.any(|roles, held| {
            (self.may(roles, held, Permission::FormSee) || self.may(roles, held, Permission::DataExport))
                && roles.reaches_form(held.role, form)
                && class.needs().is_none_or(|needs| self.may(roles, held, needs))
        })
    }

    /// A value of an item, or what was said about one, as this reader may see it.
    pub(crate) fn show_value(&self, form: &str, class: ItemClass, value: &Kept) -> Shown {
        match class {
            _ if self.sees(form, class) => Shown::Value(value.0.clone()),
            ItemClass::Blinded => Shown::Blinded,
            ItemClass::Plain | ItemClass::Identifying => Shown::Withheld,
        }
    }
}

/// Puts the sites of countries in their place: they are looked up when they are asked for, so that new ones are among them.
fn sites_of_countries(db: &Connection, place: Place, allowed: &mut Allowed) -> Result<()> {
    let (Sites::Only(sites), Some(study)) = (&mut allowed.sites, place.study()) else { return Ok(()) };
    for country in std::mem::take(&mut allowed.countries) {
        let there = db.select(
            "SELECT id FROM site WHERE study = ?1 AND country = ?2 ORDER BY id",
            values![&study, &country.to_string()],
            |row| row.id::<SiteId>(0),
        )?;
        for site in there {
            if !sites.contains(&site) {
                sites.push(site);
            }
        }
    }
    Ok(())
}

/// Somebody who asks, as the organization has them now.
#[derive(Clone)]
pub(crate) struct Standing {
    rules: Arc<Rules>,
    grants: Arc<[Grant]>,
    /// What a program or a device is kept to.
    bounds: Option<Bounds>,
    assurance: Assurance,
}

/// What people are kept to: nothing but their grants.
const EVERYTHING: Permissions = Permissions::of(Permission::ALL);

impl Standing {
    fn within(&self) -> Permissions {
        self.bounds.map_or(EVERYTHING, |bounds| bounds.permissions())
    }

    /// Whether it is sure enough that it is them: what the place asks of everybody, and what is asked for here.
    fn is_sure(&self, place: Place, sites: &Sites, fresh: Freshness, at: Timestamp) -> bool {
        // On the pages of one's own account a factor is set that others ask for.
        let policy = match place {
            Place::Own(_) | Place::Door | Place::Installation => self.rules.policy_for(&self.grants, at),
            _ => {
                let policy = self.rules.policy_at(place, sites);
                if !self.assurance.satisfies(&policy) {
                    return false;
                }
                policy
            }
        };
        // What a program or a device may do was named, each thing, by a person who had shown just then that it is them.
        self.bounds.is_some() || self.assurance.holds(fresh, at, window(&policy))
    }
}

/// People whose sessions and grants were looked up, as long as they stand.
#[derive(Default)]
pub(crate) struct Present {
    known: HashMap<(PersonId, Via), Standing>,
    /// Entries of the organization's ledger when they were.
    size: u64,
}

/// People who are kept at hand.
const PRESENT_MAX: usize = 4_096;

impl Present {
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

    fn of(&mut self, db: &Connection, shared: &Shared, person: PersonId, via: Via) -> Result<Standing> {
        if self.known.len() >= PRESENT_MAX {
            self.forget();
        }
        match self.known.entry((person, via)) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(gap) => Ok(gap.insert(standing(db, shared, person, via)?).clone()),
        }
    }
}

/// How somebody who asks stands now. Whoever's account was disabled or whose session ended while the request was on its
/// way is nobody any more.
fn standing(db: &Connection, shared: &Shared, person: PersonId, via: Via) -> Result<Standing> {
    let (version, assurance, bounds) = match via {
        Via::Client(client) => client::standing(db, person, client)?,
        Via::Nothing | Via::Session(_) => in_session(db, person, via)?,
    }
    .ok_or(Error::SignedOut)?;
    let rules = shared.rules_at(db, version)?;
    let all = rules.grants(db, person)?;
    let grants = bounds.map_or(all.clone(), |bounds| bounds.narrow(&all).into());
    Ok(Standing { rules, grants, bounds, assurance })
}

/// The version of the rules, what is known of the person, and what bounds them; `None` where they are not there any more.
pub(crate) type Found = Option<(i64, Assurance, Option<Bounds>)>;

fn in_session(db: &Connection, person: PersonId, via: Via) -> Result<Found> {
    let session = match via {
        Via::Session(session) => Some(session),
        Via::Nothing | Via::Client(_) => None,
    };
    let found = db.one(
        "SELECT p.active, s.id, t.rules, s.password_shown, s.code_shown, s.recovery_shown, s.passkey_shown, p.code,
                (SELECT count(*) FROM passkey k WHERE k.person = p.id)
         FROM person p CROSS JOIN turn t
             LEFT JOIN session s ON s.id = ?2 AND s.person = p.id AND s.ended IS NULL WHERE p.id = ?1",
        values![&person, session.as_ref()],
        |row| {
            let present = row.int(0)? == 1 && row.maybe_id(1)? == session;
            let shown = |column| Ok::<_, Error>(row.maybe_int(column)?.map(time::instant));
            let assurance = Assurance {
                password: shown(3)?,
                code: shown(4)?,
                recovery: shown(5)?,
                passkey: shown(6)?,
                has_code: row.int(7)? != 0,
                has_passkey: row.int(8)? != 0,
            };
            Ok(present.then_some((row.int(2)?, assurance, None)))
        },
    )?;
    Ok(found.flatten())
}

/// Every grant of a person, as the asker's access was decided from; with the times in which each gives nothing.
pub(crate) fn grants_of(db: &Connection, access: &Access, person: PersonId) -> Result<Arc<[Grant]>> {
    access.rules()?.grants(db, person)
}
