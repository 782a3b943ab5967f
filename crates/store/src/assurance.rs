//! How sure it is that the person of a session is there: which factors were shown in it, and how long ago. What gives
//! others power, hands data over or destroys it asks for one that was shown just now (ASVS 5.0 7.5.1, 7.5.3, 8.4.2).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trial::{
    ids::{OrganizationId, PasskeyId, PersonId},
    policy::{Layers, Policy, Setting, Tier},
};

use crate::{
    backend::{Connection, values},
    error::{Error, Result},
    key::KeyRing,
    passkey,
    record::{OrganizationRecord, PolicyRecord},
    throttle,
    tx::{self, Tx},
};

/// How long a factor that was shown stands for its person where one shown just now is asked for.
pub const STEP_UP: SignedDuration = SignedDuration::from_mins(15);

/// What somebody shows to prove that it is them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// A password.
    Password,
    /// A sign-in at the organization's OpenID provider. It begins a session as a password does, and confirms nothing in one.
    Provider,
    /// A time-based code (RFC 6238).
    Code,
    /// One of the codes kept for the day when the second factor is lost.
    RecoveryCode,
    /// A passkey that verified its user (WebAuthn): two factors in one.
    Passkey,
}

impl Factor {
    /// Every factor, the weakest first.
    pub(crate) const ALL: [Factor; 5] =
        [Factor::Password, Factor::Provider, Factor::Code, Factor::RecoveryCode, Factor::Passkey];

    /// Its code.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Factor::Password => "password",
            Factor::Provider => "provider",
            Factor::Code => "code",
            Factor::RecoveryCode => "recovery_code",
            Factor::Passkey => "passkey",
        }
    }
}

/// How lately it must have been shown who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// That the session is open is enough.
    Session,
    /// Within [`STEP_UP`], by the strongest factor that the person has, or by a recovery code: for setting one's own
    /// factors, which is what recovery codes are for.
    Own,
    /// Within [`STEP_UP`], by the strongest factor that the person has.
    Strong,
}

/// How long a shown factor counts under a policy.
pub(crate) fn window(policy: &Policy) -> SignedDuration {
    SignedDuration::from_secs(i64::from(policy.get(Setting::StepUp))).min(STEP_UP)
}

/// What is known of a session's person at a time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Assurance {
    pub password: Option<Timestamp>,
    pub code: Option<Timestamp>,
    pub recovery: Option<Timestamp>,
    pub passkey: Option<Timestamp>,
    /// Whether codes are set.
    pub has_code: bool,
    /// Whether there is a passkey.
    pub has_passkey: bool,
}

impl Assurance {
    /// Whether the person has a second factor.
    pub(crate) const fn any(&self) -> bool {
        self.has_code || self.has_passkey
    }

    /// The strongest factor that the person has.
    pub(crate) const fn strongest(&self) -> Factor {
        match (self.has_passkey, self.has_code) {
            (true, _) => Factor::Passkey,
            (false, true) => Factor::Code,
            (false, false) => Factor::Password,
        }
    }

    /// The strongest factor that was shown in the session.
    pub(crate) fn proved(&self) -> Factor {
        match (self.passkey, self.code, self.recovery) {
            (Some(_), _, _) => Factor::Passkey,
            (None, Some(_), _) => Factor::Code,
            (None, None, Some(_)) => Factor::RecoveryCode,
            (None, None, None) => Factor::Password,
        }
    }

    /// Of somebody who showed one factor.
    pub(crate) fn having_shown(factor: Factor, at: Timestamp) -> Self {
        let shown = |one| (one == factor).then_some(at);
        Assurance {
            password: shown(Factor::Password),
            code: shown(Factor::Code),
            recovery: shown(Factor::RecoveryCode),
            passkey: shown(Factor::Passkey),
            ..Assurance::default()
        }
    }

    /// Whether the session has shown the second factor that a policy asks for.
    pub(crate) fn satisfies(&self, policy: &Policy) -> bool {
        if policy.is_on(Setting::PhishingResistant) {
            return self.passkey.is_some();
        }
        !policy.is_on(Setting::SecondFactor) || self.passkey.or(self.code).or(self.recovery).is_some()
    }

    /// Whether it is sure enough: `within` says how long a shown factor counts.
    pub(crate) fn holds(&self, needs: Freshness, now: Timestamp, within: SignedDuration) -> bool {
        let lately = |shown: Option<Timestamp>| shown.is_some_and(|shown| now.duration_since(shown) < within);
        let strong = lately(match self.strongest() {
            Factor::Passkey => self.passkey,
            Factor::Code => self.code,
            Factor::Password | Factor::Provider | Factor::RecoveryCode => self.password,
        });
        match needs {
            Freshness::Session => true,
            Freshness::Own => strong || lately(self.recovery),
            Freshness::Strong => strong,
        }
    }
}

/// A second factor that was shown, and what showing it uses up.
#[derive(Debug, Clone, Serialize)]
pub(crate) enum Second {
    /// The time step of a code.
    Code { step: u64 },
    /// The hash of a recovery code.
    Recovery { hash: [u8; 32] },
    /// Which passkey, and what its counter says.
    Passkey { passkey: PasskeyId, counter: u32 },
}

impl Second {
    pub(crate) const fn factor(&self) -> Factor {
        match self {
            Second::Code { .. } => Factor::Code,
            Second::Recovery { .. } => Factor::RecoveryCode,
            Second::Passkey { .. } => Factor::Passkey,
        }
    }

    /// Uses it up, in the transaction of the act that rests on it: shown twice at once, it is taken once.
    pub(crate) fn spend(&self, tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
        match self {
            Second::Code { step } => throttle::spend_code(tx.db, &person, *step),
            // It is a part of the credential, and goes with what else changes of that.
            Second::Recovery { .. } => Ok(()),
            Second::Passkey { passkey, counter } => {
                let own = "SELECT 1 FROM passkey WHERE id = ?1 AND person = ?2";
                tx.db.one(own, values![passkey, &person], |_| Ok(()))?.ok_or_else(passkey::unknown)?;
                passkey::spend(tx.db, *passkey, *counter, tx.at())
            }
        }
    }
}

/// The factors that were shown, the first one first.
pub(crate) fn shown(first: Option<Factor>, second: Option<&Second>) -> Vec<Factor> {
    first.into_iter().chain(second.map(Second::factor)).collect()
}

/// Whether the organization was founded so that nobody signs in without a second factor.
pub(crate) fn founded_with_second_factor(
    db: &Connection,
    ring: &KeyRing,
    organization: OrganizationId,
) -> Result<bool> {
    let record = tx::read::<OrganizationRecord>(db, ring, organization, &organization, None)?;
    record.map(|(_, record)| record.without_second_factor.is_none()).ok_or(Error::Hidden)
}

/// Whether everybody in the organization needs a second factor, by its founding or by its policy. Where a study or a site
/// asks for one besides, whoever acts there is told when they do.
pub(crate) fn second_factor_needed(db: &Connection, ring: &KeyRing, organization: OrganizationId) -> Result<bool> {
    let layer = tx::read::<PolicyRecord>(db, ring, organization, &organization, None)?;
    let on = |(_, record): (u32, PolicyRecord)| {
        let policy = Layers(&[(Tier::Organization, &record.layer)]).policy();
        policy.is_on(Setting::SecondFactor) || policy.is_on(Setting::PhishingResistant)
    };
    Ok(layer.is_some_and(on) || founded_with_second_factor(db, ring, organization)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_mins(minutes)).unwrap_or_default()
    }

    #[test]
    fn what_counts_is_the_strongest_factor_that_one_has() {
        let password = Assurance { password: Some(at(0)), ..Assurance::default() };
        let code = Assurance { code: Some(at(0)), has_code: true, ..password };
        let passkey = Assurance { has_passkey: true, ..code };
        for (assurance, strong) in [
            (password, true),
            (Assurance { has_code: true, ..password }, false),
            (code, true),
            (passkey, false),
            (Assurance { passkey: Some(at(0)), ..passkey }, true),
        ] {
            assert_eq!(assurance.holds(Freshness::Strong, at(14), STEP_UP), strong, "{assurance:?}");
            assert!(!assurance.holds(Freshness::Strong, at(15), STEP_UP), "{assurance:?}");
            assert!(assurance.holds(Freshness::Session, at(600), STEP_UP), "{assurance:?}");
        }
    }

    #[test]
    fn a_recovery_code_serves_to_set_ones_own_factors_and_for_nothing_else() {
        let lost = Assurance { recovery: Some(at(0)), has_passkey: true, ..Assurance::default() };
        assert!(lost.holds(Freshness::Own, at(14), STEP_UP) && !lost.holds(Freshness::Own, at(15), STEP_UP));
        assert!(!lost.holds(Freshness::Strong, at(1), STEP_UP));
    }
}
