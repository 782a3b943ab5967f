//! Whether a study is live, under which rules, and which it keeps.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    ids::StudyId,
    permission::Permission,
    profile::{RULES, RuleProfile},
};

use super::people::name;
use crate::{
    actor::Access,
    assurance::Freshness,
    configuration::configuration,
    error::{Error, Result},
    place::Target,
    record::StudyRecord,
    view::{Snapshot, View},
};

/// How a study stands to the rules that it may be run by.
#[derive(Debug)]
pub struct ShowReadiness {
    /// Which.
    pub study: StudyId,
}

/// Whether a study is live, and every rule with what is wrong.
#[derive(Debug, Clone, Serialize)]
pub struct Readiness {
    /// Since when it is live; `None`: it is not.
    pub live: Option<LiveShown>,
    /// Every rule of every profile.
    pub rules: Vec<RuleShown>,
}

/// That a study is live.
#[derive(Debug, Clone, Serialize)]
pub struct LiveShown {
    /// Under the rules of which profiles.
    pub profiles: BTreeSet<RuleProfile>,
    /// Who released it, or put it under the last of them.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
}

/// A rule.
#[derive(Debug, Clone, Serialize)]
pub struct RuleShown {
    /// Of which profile.
    pub profile: RuleProfile,
    /// Its clause there.
    pub clause: &'static str,
    /// What it asks here.
    pub asks: &'static str,
    /// What is wrong and what to do; `None`: the study keeps it.
    pub broken: Option<String>,
}

impl View for ShowReadiness {
    const NAME: &'static str = "view.readiness";
    const NEEDS: Permission = Permission::StudySee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = Readiness;

    fn target(&self) -> Target {
        Target::Study(self.study)
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Readiness> {
        let (_, record) = snapshot.current::<StudyRecord>(&self.study)?.ok_or(Error::Hidden)?;
        let configuration = configuration(snapshot.db, access.rules()?, self.study, access.at())?;
        let live = match record.live {
            Some(live) => Some(LiveShown { by: name(snapshot, live.by)?, profiles: live.profiles, at: live.at }),
            None => None,
        };
        let rules = RULES.iter().map(|rule| RuleShown {
            profile: rule.profile,
            clause: rule.clause,
            asks: rule.asks,
            broken: rule.broken(&configuration),
        });
        Ok(Readiness { live, rules: rules.collect() })
    }

    fn count(shown: &Readiness) -> u64 {
        shown.rules.len() as u64
    }
}
