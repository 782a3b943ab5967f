//! Who may do what, as the last change left it: roles, policy layers, agreements, courses, and everybody's grants with
//! what makes them lapse. Read once for each state of the organization and kept; `turn.rules` counts the states.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use trial::{
    access::{Exception, Grant, Place, Scope, Sites},
    gate::{Gap, Lapse, days, outside},
    ids::{AgreementId, CourseId, Id as _, OrganizationId, PersonId, RoleId, SiteId, StudyId},
    permission::Permission,
    policy::{Layer, Layers, Policy, Setting, Tier},
    role::Role,
    roles::{OwnRole, Roles},
};

use crate::{
    backend::{Connection, Row, values},
    error::{Error, Result},
    key::KeyRing,
    record::{CourseRecord, IdentityRecord, PolicyRecord, RoleRecord},
    time, tx,
};

/// People whose grants are kept at hand.
const PEOPLE_MAX: usize = 20_000;

/// One state of who may do what.
pub(crate) struct Rules {
    version: i64,
    organization: OrganizationId,
    pub roles: Roles,
    layers: HashMap<[u8; 16], Layer>,
    /// Sites that have a layer of their own, by study.
    strict_sites: HashMap<StudyId, Vec<SiteId>>,
    agreements: Vec<(AgreementId, u32)>,
    courses: Vec<(CourseId, CourseRecord)>,
    people: Mutex<HashMap<PersonId, Arc<[Grant]>>>,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rules({})", self.version)
    }
}

/// The state that is known best.
#[derive(Default)]
pub(crate) struct KnownRules(Mutex<Option<Arc<Rules>>>);

impl KnownRules {
    /// The rules of the state that `version` counts, which is the one that `db` sees.
    pub(crate) fn at(
        &self,
        db: &Connection,
        ring: &KeyRing,
        organization: OrganizationId,
        version: i64,
    ) -> Result<Arc<Rules>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| known.version == version) {
            return Ok(known);
        }
        let rules = Arc::new(Rules::read(db, ring, organization, version)?);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A reader may have begun before what others know already: it tells nothing new.
        if known.as_ref().is_none_or(|known| known.version < version) {
            *known = Some(Arc::clone(&rules));
        }
        Ok(rules)
    }

    /// Forgets: a transaction that was undone may have made the state that is known.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Rules {
    /// As they will be once a place has this layer.
    pub(crate) fn with_layer(&self, place: [u8; 16], layer: Layer) -> Self {
        let mut rules = self.copy();
        rules.layers.insert(place, layer);
        rules
    }

    /// As they will be once a course is this.
    pub(crate) fn with_course(&self, id: CourseId, course: CourseRecord) -> Self {
        let mut rules = self.copy();
        rules.courses.retain(|(known, _)| *known != id);
        rules.courses.extend(course.needed.then_some((id, course)));
        rules
    }

    /// As they will be once roles are these.
    pub(crate) fn with_roles(&self, roles: Roles) -> Self {
        Rules { roles, ..self.copy() }
    }

    fn copy(&self) -> Self {
        Rules {
            version: self.version,
            organization: self.organization,
            roles: self.roles.clone(),
            layers: self.layers.clone(),
            strict_sites: self.strict_sites.clone(),
            agreements: self.agreements.clone(),
            courses: self.courses.clone(),
            people: Mutex::default(),
        }
    }

    /// Whether there is an agreement that everybody signs.
    pub(crate) fn has_agreement(&self) -> bool {
        !self.agreements.is_empty()
    }

    fn read(db: &Connection, ring: &KeyRing, organization: OrganizationId, version: i64) -> Result<Self> {
        let mut own: BTreeMap<RoleId, OwnRole> = BTreeMap::new();
        for id in db.select("SELECT DISTINCT id FROM own_role", &[], |row| row.id::<RoleId>(0))? {
            if let Some((_, record)) = tx::read::<RoleRecord>(db, ring, organization, &id, None)? {
                own.insert(id, record.role);
            }
        }
        let mut layers = HashMap::new();
        for id in db.select("SELECT id FROM policy_layer", &[], |row| row.id::<StudyId>(0))? {
            if let Some((_, record)) = tx::read::<PolicyRecord>(db, ring, organization, &id, None)? {
                layers.insert(*id.bytes(), record.layer);
            }
        }
        let mut strict_sites: HashMap<StudyId, Vec<SiteId>> = HashMap::new();
        let listed = "SELECT s.study, s.id FROM site s JOIN policy_layer l ON l.id = s.id";
        for (study, site) in db.select(listed, &[], |row| Ok((row.id(0)?, row.id(1)?)))? {
            strict_sites.entry(study).or_default().push(site);
        }
        let agreements = db.select("SELECT id, version FROM agreement", &[], |row| Ok((row.id(0)?, row.number(1)?)))?;
        let mut courses = Vec::new();
        for id in db.select("SELECT id FROM course", &[], |row| row.id::<CourseId>(0))? {
            if let Some((_, record)) = tx::read::<CourseRecord>(db, ring, organization, &id, None)? {
                courses.push((id, record));
            }
        }
        courses.retain(|(_, course)| course.needed);
        let people = Mutex::default();
        Ok(Rules { version, organization, roles: Roles::new(own), layers, strict_sites, agreements, courses, people })
    }

    /// Every grant of a person, with the times in which it gives nothing.
    pub(crate) fn grants(&self, db: &Connection, person: PersonId) -> Result<Arc<[Grant]>> {
        let known = self.people.lock().unwrap_or_else(PoisonError::into_inner).get(&person).map(Arc::clone);
        if let Some(known) = known {
            return Ok(known);
        }
        let grants: Arc<[Grant]> = self.grants_with_gaps(db, person)?.into();
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if people.len() >= PEOPLE_MAX {
            people.clear();
        }
        people.insert(person, Arc::clone(&grants));
        Ok(grants)
    }

    fn grants_with_gaps(&self, db: &Connection, person: PersonId) -> Result<Vec<Grant>> {
        let mut grants = db.select(
            &format!("SELECT {GRANT}, reviewed FROM role_grant WHERE person = ?1 ORDER BY id"),
            values![&person],
            |row| {
                // The founder's was given by nobody who could confirm it; without it an organization could be shut out.
                let reviewed = row.maybe_id::<PersonId>(9)?.map(|_| row.int(10)).transpose()?;
                Ok((grant_row(row)?, reviewed.map(time::instant)))
            },
        )?;
        if grants.is_empty() {
            return Ok(Vec::new());
        }
        let unsigned = !self.unsigned(db, person)?.is_empty();
        let signs = grants.iter().any(|(grant, _)| self.roles.signs(grant.role));
        let unchecked = signs && !IdentityRecord::is_there(db, person)?;
        let trained = trained(db, person)?;
        let delegated =
            db.select("SELECT site, starts, ends FROM delegation WHERE person = ?1", values![&person], |row| {
                Ok((row.id::<SiteId>(0)?, time::instant(row.int(1)?), row.maybe_int(2)?.map(time::instant)))
            })?;
        for (grant, reviewed) in &mut grants {
            let policy = self.policy_of(&grant.scope);
            if unsigned {
                grant.gaps.push(Gap::ever(Lapse::AgreementUnsigned));
            }
            if unchecked && self.roles.signs(grant.role) {
                grant.gaps.push(Gap::ever(Lapse::IdentityUnchecked));
            }
            for (course, wanted) in self.courses_of(grant) {
                let valid = days(wanted.valid_days.min(policy.get(Setting::Training)));
                grant.gaps.push(match trained.get(course) {
                    None => Gap::ever(Lapse::TrainingLapsed),
                    Some(completed) => Gap::after(*completed, valid, Lapse::TrainingLapsed),
                });
            }
            if let (Some(reviewed), None) = (*reviewed, grant.exception) {
                let after = days(policy.get(Setting::Review).saturating_add(policy.get(Setting::ReviewGrace)));
                grant.gaps.push(Gap::after(reviewed, after, Lapse::ReviewOverdue));
            }
            if let (Scope::Site { site, .. }, true) = (grant.scope, self.needs_delegation(grant, &policy)) {
                let there = delegated.iter().filter(|(at, ..)| *at == site).map(|(_, from, until)| (*from, *until));
                grant.gaps.extend(outside(there.collect(), Lapse::NotDelegated));
            }
        }
        Ok(grants.into_iter().map(|(grant, _)| grant).collect())
    }

    /// Whoever authorizes delegations needs none.
    fn needs_delegation(&self, grant: &Grant, policy: &Policy) -> bool {
        policy.is_on(Setting::Delegation)
            && self.roles.may(grant.role, Permission::FormEdit)
            && !self.roles.may(grant.role, Permission::DelegationAuthorize)
    }

    /// The agreements that a person has not signed in their current version.
    pub(crate) fn unsigned(&self, db: &Connection, person: PersonId) -> Result<Vec<AgreementId>> {
        let signed =
            db.select("SELECT agreement, signed FROM agreement_signed WHERE person = ?1", values![&person], |row| {
                Ok((row.id::<AgreementId>(0)?, row.number(1)?))
            })?;
        Ok(self.agreements.iter().filter(|current| !signed.contains(current)).map(|(id, _)| *id).collect())
    }

    /// Courses that a grant needs.
    pub(crate) fn courses_of<'a>(
        &'a self,
        grant: &Grant,
    ) -> impl Iterator<Item = (&'a CourseId, &'a CourseRecord)> + use<'a> {
        let (role, study) = (grant.role, grant.scope.study());
        self.courses
            .iter()
            .filter(move |(_, course)| {
                course.roles.as_ref().is_none_or(|roles| roles.contains(&role))
                    && course.study.is_none_or(|of| Some(of) == study)
            })
            .map(|(id, course)| (id, course))
    }

    /// The layers above and at a place, the widest first. A country has none of its own.
    pub(crate) fn layers(&self, study: Option<StudyId>, site: Option<SiteId>) -> Vec<(Tier, &Layer)> {
        let organization = Some((Tier::Organization, *self.organization.bytes()));
        let study = study.map(|study| (Tier::Study, *study.bytes()));
        let site = site.map(|site| (Tier::Site, *site.bytes()));
        let tiers = [organization, study, site].into_iter().flatten();
        tiers.filter_map(|(tier, id)| Some((tier, self.layers.get(&id)?))).collect()
    }

    /// What holds where a grant holds.
    pub(crate) fn policy_of(&self, scope: &Scope) -> Policy {
        let site = match scope {
            Scope::Site { site, .. } => Some(*site),
            _ => None,
        };
        Layers(&self.layers(scope.study(), site)).policy()
    }
}

impl Rules {
    /// What holds where somebody acts who sees these sites: the strictest of them.
    pub(crate) fn policy_at(&self, place: Place, sites: &Sites) -> Policy {
        let Some(study) = place.study() else { return self.policy_of(&Scope::Organization) };
        let strict = self.strict_sites.get(&study).map_or(&[][..], Vec::as_slice);
        let acting = strict.iter().filter(|site| match place {
            Place::Site(_, at, _) => at == **site,
            _ => sites.hold(**site),
        });
        acting.fold(self.policy_of(&Scope::Study { study }), |policy, site| {
            policy.and(&self.policy_of(&Scope::Site { study, site: *site }))
        })
    }

    /// What holds for a person's sessions: the strictest of wherever they work.
    pub(crate) fn policy_for(&self, grants: &[Grant], at: Timestamp) -> Policy {
        if self.layers.is_empty() {
            return Policy::platform();
        }
        let held = grants.iter().filter(|grant| grant.until.is_none_or(|until| at < until));
        held.fold(self.policy_of(&Scope::Organization), |policy, grant| policy.and(&self.policy_of(&grant.scope)))
    }
}

/// When a person last completed each course.
fn trained(db: &Connection, person: PersonId) -> Result<HashMap<CourseId, Timestamp>> {
    let rows = db.select(
        "SELECT course, max(completed) FROM training WHERE person = ?1 GROUP BY course",
        values![&person],
        |row| Ok((row.id(0)?, time::instant(row.int(1)?))),
    )?;
    Ok(rows.into_iter().collect())
}

/// The columns from which [`grant_row`] makes a grant.
pub(crate) const GRANT: &str = "id, person, role, study, country, site, starts, ends, exception, given_by";

/// A grant from the columns of [`GRANT`].
pub(crate) fn grant_row(row: &Row<'_>) -> Result<Grant> {
    let role = row.text(2)?;
    Ok(Grant {
        id: row.id(0)?,
        person: row.id(1)?,
        role: Role::from_code(&role).ok_or_else(|| Error::fault(format!("unknown role {role}")))?,
        scope: scope_of(row.maybe_id(3)?, row.maybe_text(4)?, row.maybe_id(5)?)?,
        from: time::instant(row.int(6)?),
        until: row.maybe_int(7)?.map(time::instant),
        exception: match row.maybe_text(8)?.as_deref() {
            None => None,
            Some("approved") => Some(Exception::Approved),
            Some("emergency") => Some(Exception::Emergency),
            Some(other) => return Err(Error::fault(format!("unknown exception {other}"))),
        },
        gaps: Vec::new(),
    })
}

/// The scope that columns tell.
pub(crate) fn scope_of(study: Option<StudyId>, country: Option<String>, site: Option<SiteId>) -> Result<Scope> {
    Ok(match (study, country, site) {
        (None, ..) => Scope::Organization,
        (Some(study), _, Some(site)) => Scope::Site { study, site },
        (Some(study), Some(country), None) => Scope::Country { study, country: country.parse().map_err(Error::fault)? },
        (Some(study), None, None) => Scope::Study { study },
    })
}
