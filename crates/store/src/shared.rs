//! What the writing thread and the readers of an organization share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use trial::ids::OrganizationId;

use crate::{
    definitions::Definitions,
    error::{Error, Result},
    key::KeyRing,
    session::Sessions,
    time::Clock,
};

pub(crate) struct Shared {
    pub organization: OrganizationId,
    pub name: String,
    pub ring: KeyRing,
    pub definitions: Definitions,
    pub sessions: Sessions,
    pub clock: Arc<dyn Clock>,
    /// Set when a ledger does not verify: from then on nothing is written.
    broken: AtomicBool,
}

impl Shared {
    pub(crate) fn new(organization: OrganizationId, name: String, ring: KeyRing, clock: Arc<dyn Clock>) -> Self {
        Shared {
            organization,
            name,
            ring,
            definitions: Definitions::default(),
            sessions: Sessions::default(),
            clock,
            broken: AtomicBool::new(false),
        }
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
