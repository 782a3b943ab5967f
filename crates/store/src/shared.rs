//! What the writing thread and the readers of an organization share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use jiff::Timestamp;
use ledger::Hash;
use trial::{
    ids::{OrganizationId, PersonId},
    policy::Policy,
};

use crate::{
    act::Act,
    backend::Connection,
    definitions::Definitions,
    error::{Error, Result},
    key::KeyRing,
    rules::{KnownRules, Rules},
    session::Sessions,
    time::Clock,
};

pub(crate) struct Shared {
    pub organization: OrganizationId,
    pub name: String,
    pub ring: KeyRing,
    pub definitions: Definitions,
    pub sessions: Sessions,
    pub rules: KnownRules,
    pub clock: Arc<dyn Clock>,
    /// Set when a ledger does not verify: from then on nothing is written.
    broken: AtomicBool,
    /// How often others, and this process, had said that sessions ended or keys were destroyed.
    forget: AtomicI64,
}

impl Shared {
    pub(crate) fn new(organization: OrganizationId, name: String, ring: KeyRing, clock: Arc<dyn Clock>) -> Self {
        Shared {
            organization,
            name,
            ring,
            definitions: Definitions::default(),
            sessions: Sessions::default(),
            rules: KnownRules::default(),
            clock,
            broken: AtomicBool::new(false),
            forget: AtomicI64::new(0),
        }
    }

    /// The rules of the state that `db` sees.
    fn rules_now(&self, db: &Connection) -> Result<Arc<Rules>> {
        let version = db.one("SELECT rules FROM turn", &[], |row| row.int(0))?.unwrap_or(0);
        self.rules_at(db, version)
    }

    /// What holds for a person's account: the strictest of wherever they work.
    pub(crate) fn policy_of(&self, db: &Connection, person: PersonId, at: Timestamp) -> Result<Policy> {
        let rules = self.rules_now(db)?;
        Ok(rules.policy_for(&rules.grants(db, person)?, at))
    }

    /// As [`Shared::rules_now`], where `version` was read along with something else.
    pub(crate) fn rules_at(&self, db: &Connection, version: i64) -> Result<Arc<Rules>> {
        self.rules.at(db, &self.ring, self.organization, version)
    }

    /// Another process ended sessions or destroyed keys: what memory knows of them goes.
    pub(crate) fn heed(&self, forget: i64) {
        // A reader may have begun before what is known already: it tells nothing new.
        if self.forget.fetch_max(forget, Ordering::AcqRel) < forget {
            self.ring.heed(forget);
            self.ring.forget();
            self.sessions.forget();
        }
    }

    /// As [`Shared::heed`], where this process did it itself and has forgotten already.
    pub(crate) fn heeded(&self, forget: i64) {
        self.ring.heed(forget);
        self.forget.fetch_max(forget, Ordering::AcqRel);
    }

    /// A keyed digest of a request, so that a reused request id is told from a retry. Keyed, because entries are
    /// shown to people who may not see values, and a plain digest of “120” is as good as “120”.
    pub(crate) fn fingerprint<A: Act>(&self, act: &A) -> Result<Hash> {
        let json = zeroize::Zeroizing::new(serde_json::to_string(act).map_err(Error::fault)?);
        Ok(Hash(self.ring.tag(A::NAME, &json)))
    }

    /// Refuses where the store went read-only.
    pub(crate) fn writable(&self) -> Result<()> {
        if self.broken.load(Ordering::Acquire) {
            return Err(Error::Busy {
                message: "a ledger of this organization does not verify, so nothing is written: the operator must run `probity verify`".into(),
                retry_after: 3_600,
            });
        }
        Ok(())
    }

    /// A ledger does not verify: reading goes on, writing ends.
    pub(crate) fn stop_writing(&self, why: &str) {
        tracing::error!(organization = %self.organization, %why, "read-only: a ledger does not verify");
        self.broken.store(true, Ordering::Release);
    }
}
