//! A study: its name, sites and definition.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use trial::{
    access::Scope,
    ids::{SiteId, StudyId},
    permission::Permission,
    policy::Setting,
};

use super::roles::{self, RoleShown};
use crate::{
    actor::Access,
    assurance::Freshness,
    backend::values,
    definitions::Defined,
    error::{Error, Result},
    place::Target,
    view::{Snapshot, View},
};

/// A study with its sites.
#[derive(Debug)]
pub struct ShowStudy {
    /// Which.
    pub study: StudyId,
}

/// What a study's page says.
#[derive(Debug, Clone, Serialize)]
pub struct StudyShown {
    /// Which.
    pub id: StudyId,
    /// ODM StudyOID.
    pub oid: String,
    /// Its name.
    pub name: String,
    /// Number of its ledger.
    pub ledger: u32,
    /// Version of the published definition; 0: none yet.
    pub definition: u32,
    /// Whether it was released under the rules that it is run by.
    pub live: bool,
    /// Whether subjects may be added at one of these sites: a setting may ask that it is live first.
    pub takes_subjects: bool,
    /// Its sites: all, or those of one's grants.
    pub sites: Vec<SiteLine>,
    /// One's roles in this study.
    pub roles: Vec<RoleShown>,
}

/// A site.
#[derive(Debug, Clone, Serialize)]
pub struct SiteLine {
    /// Which.
    pub id: SiteId,
    /// ODM LocationOID.
    pub oid: String,
    /// Its name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

impl View for ShowStudy {
    const NAME: &'static str = "view.study";
    const NEEDS: Permission = Permission::StudySee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = StudyShown;

    fn target(&self) -> Target {
        Target::Study(self.study)
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<StudyShown> {
        let sites = snapshot.db.select(
            "SELECT id, oid, name, country FROM site WHERE study = ?1 ORDER BY name, id",
            values![&self.study],
            |row| Ok(SiteLine { id: row.id(0)?, oid: row.text(1)?, name: row.text(2)?, country: row.maybe_text(3)? }),
        )?;
        let (rules, study) = (access.rules()?, self.study);
        let own: Vec<SiteLine> = sites.into_iter().filter(|site| access.sites().hold(site.id)).collect();
        let waits = |scope: Scope| rules.policy_of(&scope).is_on(Setting::LiveFirst);
        let live_first = waits(Scope::Study { study })
            || (!own.is_empty() && own.iter().all(|site| waits(Scope::Site { study, site: site.id })));
        let mut roles: Vec<RoleShown> = roles::held(access)?;
        roles.retain(|held| held.scope.study() == Some(self.study));
        snapshot
            .db
            .one("SELECT oid, name, ledger, definition, live FROM study WHERE id = ?1", values![&self.study], |row| {
                Ok(StudyShown {
                    id: self.study,
                    oid: row.text(0)?,
                    name: row.text(1)?,
                    ledger: row.number(2)?,
                    definition: row.number(3)?,
                    live: row.int(4)? == 1,
                    takes_subjects: !live_first || row.int(4)? == 1,
                    sites: own.clone(),
                    roles: roles.clone(),
                })
            })?
            .ok_or(Error::Hidden)
    }

    fn count(_: &StudyShown) -> u64 {
        1
    }
}

/// A study's published definition.
#[derive(Debug)]
pub struct Definition {
    /// Of which study.
    pub study: StudyId,
}

/// The definition; `None` where none is published. It holds no subject's data.
#[derive(Debug, Clone)]
pub struct DefinitionShown(pub Option<Arc<Defined>>);

impl Serialize for DefinitionShown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().map(|defined| &defined.studies).serialize(serializer)
    }
}

impl View for Definition {
    const NAME: &'static str = "view.definition";
    const NEEDS: Permission = Permission::StudySee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = DefinitionShown;

    fn target(&self) -> Target {
        Target::Study(self.study)
    }

    fn read(&self, snapshot: &Snapshot<'_>, _: &Access) -> Result<DefinitionShown> {
        snapshot.definitions.newest(snapshot.db, snapshot.ring, snapshot.organization, self.study).map(DefinitionShown)
    }

    fn count(_: &DefinitionShown) -> u64 {
        1
    }
}
