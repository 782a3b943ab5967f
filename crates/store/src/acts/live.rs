//! Going live: a study is released under the rules that were chosen for it, once its configuration keeps them. From then on
//! whatever would break one is refused, whoever asks.

use std::collections::BTreeSet;

use serde::Serialize;
use trial::{access::Scope, ids::StudyId, permission::Permission, policy::Setting, profile::RuleProfile};

use crate::{
    act::Act,
    actor::Access,
    assurance::Freshness,
    backend::values,
    configuration::{broken, configuration},
    error::{Error, Refusal, Result},
    place::Target,
    record::{Live, StudyRecord},
    rules::Rules,
    tx::Tx,
};

/// Releases a study under the rules that it is run by, or puts it under more of them.
#[derive(Debug, Serialize)]
pub struct ActivateStudy {
    /// Which.
    pub study: StudyId,
    /// The profiles whose rules it keeps.
    pub profiles: BTreeSet<RuleProfile>,
}

impl Act for ActivateStudy {
    const NAME: &'static str = "study.activate";
    const NEEDS: Permission = Permission::StudyBuild;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Study(self.study)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let by = access.person()?;
        if self.profiles.is_empty() {
            return Err(Error::refused("profiles", "needed", "choose the rules that the study is run by"));
        }
        let (version, mut record) = tx.current::<StudyRecord>(&self.study)?.ok_or(Error::Hidden)?;
        let before = record.live.take();
        if before.as_ref().is_some_and(|live| !self.profiles.is_superset(&live.profiles)) {
            return Err(Error::refused(
                "profiles",
                "fewer",
                "a live study stays under the rules that it went live with: choose those too",
            ));
        }
        let found = broken(&self.profiles, &configuration(tx.db, access.rules()?, self.study, tx.at())?);
        if !found.is_empty() {
            return Err(Error::RulesBroken(found));
        }
        let at = before.map_or(tx.at(), |live| live.at);
        record.live = Some(Live { profiles: self.profiles.clone(), by, at });
        let key = tx.key(record.key)?;
        tx.put(&self.study, version.saturating_add(1), &record, &key)
    }
}

/// Does something to the configuration of studies (of one, or of all), and refuses it where a live one would break a rule by
/// it that it kept. `then`: what settings, courses and roles are like afterwards, where they change. What is broken already
/// (somebody left, a site is new) stands in nobody's way.
pub(super) fn keeping(
    tx: &mut Tx<'_>,
    access: &Access,
    of: Option<StudyId>,
    then: Option<&Rules>,
    change: impl FnOnce(&mut Tx<'_>) -> Result<()>,
) -> Result<()> {
    let all = tx.db.select("SELECT id FROM study WHERE live = 1 ORDER BY id", &[], |row| row.id::<StudyId>(0))?;
    let live: Vec<StudyId> = all.into_iter().filter(|study| of.is_none_or(|of| of == *study)).collect();
    if live.is_empty() {
        return change(tx);
    }
    let now: &Rules = access.rules()?;
    let before = breaches(tx, now, &live)?;
    change(tx)?;
    let mut found = breaches(tx, then.unwrap_or(now), &live)?;
    found.retain(|(study, refusal)| !before.iter().any(|(of, known)| of == study && known.field == refusal.field));
    if found.is_empty() {
        return Ok(());
    }
    Err(Error::RulesBroken(found.into_iter().map(|(_, refusal)| refusal).collect()))
}

/// The rules that live studies break.
fn breaches(tx: &Tx<'_>, rules: &Rules, live: &[StudyId]) -> Result<Vec<(StudyId, Refusal)>> {
    let mut all = Vec::new();
    for study in live {
        let (_, record) = tx.current::<StudyRecord>(study)?.ok_or(Error::Hidden)?;
        let Some(live) = &record.live else { continue };
        let found = broken(&live.profiles, &configuration(tx.db, rules, *study, tx.at())?);
        all.extend(found.into_iter().map(|refusal| {
            let message = format!("{} is live under this rule, and {}", record.name, refusal.message);
            (*study, Refusal { message, ..refusal })
        }));
    }
    Ok(all)
}

/// Refuses subjects at a place of a study that is not live, where a setting asks there that it is.
pub(super) fn takes_subjects(tx: &Tx<'_>, access: &Access, scope: Scope) -> Result<()> {
    if !access.rules()?.policy_of(&scope).is_on(Setting::LiveFirst) {
        return Ok(());
    }
    let live = tx.db.one("SELECT live FROM study WHERE id = ?1", values![&access.study()?], |row| row.int(0))?;
    if live == Some(1) {
        return Ok(());
    }
    Err(Error::Blocked {
        code: "not_live",
        message:
            "this study is not live yet: whoever builds it releases it on its page, under the rules that it is run by"
                .to_owned(),
    })
}
