//! One's own account and what it opens.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::Serialize;
use trial::{
    access::Scope,
    country::Country,
    ids::{PasskeyId, PersonId, SiteId, StudyId},
    permission::Permission,
    policy::Setting,
};

use super::{
    access_request::{self, ExceptionWaiting},
    roles::{self, RoleShown},
    security_event::{SecurityEventLine, unread},
};
use crate::{
    actor::Access,
    assurance::{Factor, Freshness, window},
    backend::values,
    error::{Error, Result},
    place::Target,
    record::{CredentialRecord, OrganizationRecord, PasskeyRecord, PersonRecord},
    session::{self, SessionShown},
    time,
    view::{Snapshot, View},
};

/// One's own account.
#[derive(Debug)]
pub struct Account {}

/// What an account shows its owner.
#[derive(Debug, Clone, Serialize)]
pub struct AccountShown {
    /// Who.
    pub id: PersonId,
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Name to sign in with.
    pub sign_in: String,
    /// The organization.
    pub organization: String,
    /// Whether a second factor is set.
    pub second_factor: bool,
    /// Whether codes of an authenticator app are.
    pub code: bool,
    /// Passkeys.
    pub passkeys: Vec<PasskeyShown>,
    /// Recovery codes that are left.
    pub recovery_codes: u64,
    /// Whether one needs a second factor.
    pub second_factor_needed: bool,
    /// The strongest factor that one has, with which one confirms that it is oneself.
    pub confirms_with: Factor,
    /// Whether one has done that so lately that nothing asks for it again.
    pub confirmed: bool,
    /// Whether one's own factors may be changed without doing it again.
    pub may_change_factors: bool,
    /// What befell the account and was not marked as read.
    pub notices: Vec<SecurityEventLine>,
    /// Roles that hold now, those that give nothing for the time being too.
    pub roles: Vec<RoleShown>,
    /// Agreements that wait for a signature.
    pub unsigned: usize,
    /// What others asked for or opened by exception, and the asker may answer or review.
    pub waiting: Vec<ExceptionWaiting>,
    /// Open sessions.
    pub sessions: Vec<SessionShown>,
}

/// A passkey as its owner sees it.
#[derive(Debug, Clone, Serialize)]
pub struct PasskeyShown {
    /// Its id.
    pub id: PasskeyId,
    /// As its owner calls it.
    pub name: String,
    /// When it was added.
    pub added: Timestamp,
    /// When it was last used, where that is known.
    pub used: Option<Timestamp>,
    /// Whether its device keeps copies of it elsewhere.
    pub copied: bool,
    /// The credential id, in base64url, by which a browser knows it.
    pub credential: String,
}

impl View for Account {
    const NAME: &'static str = "view.account";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = AccountShown;

    fn target(&self) -> Target {
        Target::Own
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<AccountShown> {
        let id = access.person()?;
        let (_, person) = snapshot.current::<PersonRecord>(&id)?.ok_or(Error::Hidden)?;
        let (_, organization) = snapshot.current::<OrganizationRecord>(&snapshot.organization)?.ok_or(Error::Hidden)?;
        let assurance = access.assurance();
        let policy = access.own_policy()?;
        let needed = organization.without_second_factor.is_none()
            || policy.is_on(Setting::SecondFactor)
            || policy.is_on(Setting::PhishingResistant);
        let recovery_codes =
            snapshot.current::<CredentialRecord>(&id)?.map_or(0, |(_, credential)| credential.recovery.len() as u64);
        let roles = roles::held(access)?;
        let waiting = access_request::waiting(snapshot, id, &roles)?;
        Ok(AccountShown {
            id,
            name: person.name,
            email: person.email,
            sign_in: person.sign_in,
            organization: organization.name,
            second_factor: assurance.any(),
            code: assurance.has_code,
            passkeys: if assurance.has_passkey { passkeys(snapshot, id)? } else { Vec::new() },
            recovery_codes,
            second_factor_needed: needed,
            confirms_with: assurance.strongest(),
            confirmed: assurance.holds(Freshness::Strong, access.at(), window(&policy)),
            may_change_factors: assurance.holds(Freshness::Own, access.at(), window(&policy)),
            notices: unread(snapshot, id)?,
            roles,
            unsigned: access.rules()?.unsigned(snapshot.db, id)?.len(),
            waiting,
            sessions: session::list(snapshot.db, id, access.actor().session(), &policy, access.at())?,
        })
    }

    fn count(_: &AccountShown) -> u64 {
        1
    }
}

fn passkeys(snapshot: &Snapshot<'_>, person: PersonId) -> Result<Vec<PasskeyShown>> {
    let rows = snapshot.db.select(
        "SELECT k.id, u.used FROM passkey k LEFT JOIN passkey_use u ON u.passkey = k.id WHERE k.person = ?1 ORDER BY k.id",
        values![&person],
        |row| Ok((row.id::<PasskeyId>(0)?, row.maybe_int(1)?)),
    )?;
    let mut passkeys = Vec::with_capacity(rows.len());
    for (id, used) in rows {
        if let Some((_, record)) = snapshot.current::<PasskeyRecord>(&id)? {
            passkeys.push(PasskeyShown {
                id,
                name: record.name,
                added: time::instant(record.added),
                used: used.map(time::instant),
                copied: record.copied,
                credential: URL_SAFE_NO_PAD.encode(&record.credential),
            });
        }
    }
    Ok(passkeys)
}

/// The studies in which one holds a role now. To the rest there is no line.
#[derive(Debug)]
pub struct MyStudies {}

/// A study one works in.
#[derive(Debug, Clone, Serialize)]
pub struct StudyLine {
    /// Which.
    pub id: StudyId,
    /// ODM StudyOID.
    pub oid: String,
    /// Its name.
    pub name: String,
    /// Whether a definition is published.
    pub defined: bool,
    /// Number of its ledger.
    pub ledger: u32,
    /// One's roles there.
    pub roles: Vec<RoleShown>,
    /// Subjects that one may see.
    pub subjects: u64,
}

impl View for MyStudies {
    const NAME: &'static str = "view.my_studies";
    const NEEDS: Permission = Permission::OwnStudies;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = Vec<StudyLine>;

    fn target(&self) -> Target {
        Target::Own
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Vec<StudyLine>> {
        let mut lines: Vec<StudyLine> = Vec::new();
        let mut seen: BTreeMap<StudyId, BTreeSet<Option<SiteId>>> = BTreeMap::new();
        for held in roles::held(access)? {
            let Some(study) = held.scope.study() else { continue };
            if held.permissions.hold(Permission::SubjectSee) {
                let sites = seen.entry(study).or_default();
                match held.scope {
                    Scope::Site { site, .. } => {
                        sites.insert(Some(site));
                    }
                    Scope::Country { country, .. } => sites.extend(sites_in(snapshot, study, country)?),
                    Scope::Study { .. } | Scope::Organization => {
                        sites.insert(None);
                    }
                }
            }
            if let Some(line) = lines.iter_mut().find(|line| line.id == study) {
                line.roles.push(held);
                continue;
            }
            let found = snapshot.db.one(
                "SELECT oid, name, definition, ledger FROM study WHERE id = ?1",
                values![&study],
                |row| {
                    Ok(StudyLine {
                        id: study,
                        oid: row.text(0)?,
                        name: row.text(1)?,
                        defined: row.int(2)? > 0,
                        ledger: row.number(3)?,
                        roles: vec![held.clone()],
                        subjects: 0,
                    })
                },
            )?;
            lines.extend(found);
        }
        for line in &mut lines {
            let sites = seen.remove(&line.id).unwrap_or_default();
            // A grant of the whole study holds every site already.
            let whole = sites.contains(&None);
            for site in sites.into_iter().filter(|site| site.is_none() || !whole) {
                // The comparison comes first: from it a database that is asked first about none learns the type.
                let count = snapshot.db.one(
                    "SELECT count(*) FROM subject WHERE study = ?1 AND status = 'active' AND (site = ?2 OR ?2 IS NULL)",
                    values![&line.id, site.as_ref()],
                    |row| row.size(0),
                )?;
                line.subjects = line.subjects.saturating_add(count.unwrap_or(0));
            }
        }
        lines.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(lines)
    }

    fn count(shown: &Vec<StudyLine>) -> u64 {
        shown.len() as u64
    }
}

fn sites_in(snapshot: &Snapshot<'_>, study: StudyId, country: Country) -> Result<Vec<Option<SiteId>>> {
    snapshot.db.select(
        "SELECT id FROM site WHERE study = ?1 AND country = ?2",
        values![&study, &country.to_string()],
        |row| row.id(0).map(Some),
    )
}
