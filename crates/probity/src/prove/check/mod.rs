//! The checks, by the names that the register gives them.

mod access_by_approval;
mod account_of_ones_own;
mod aead_everywhere;
mod agreements_signed_first;
mod assistant_cannot_write;
mod authenticated_ciphers;
mod deny_by_default;
mod durable_commit;
mod encryption_has_no_switch;
mod every_connection_checked;
mod every_request_decided;
mod fresh_factor;
mod grants_scoped;
mod history_per_item;
mod ledger_intact;
mod live_under_rules;
mod loopback_or_tls;
mod no_default_account;
mod operator_sees_nothing;
mod organization_isolated;
mod organization_role_opens_no_study;
mod own_sign_ins;
mod password_rotation;
mod password_rules;
mod policy_only_tightens;
mod reads_recorded;
mod register_honest;
mod sealed_at_rest;
mod second_factor_asked;
mod sessions_idle_10_minutes;
mod sign_in_delay_grows;
mod site_asks_second_factor;
mod tamper_found;

use anyhow::Result;
use store::{Clock as _, Installation};

use super::{finding::Finding, scratch::Scratch};
use crate::clock::MachineClock;

/// A check: looks, tries, and says what it found.
pub(crate) type Check = fn(&Place<'_>) -> Result<Finding>;

const CHECKS: &[(&str, Check)] = &[
    ("access_by_approval", access_by_approval::check),
    ("account_of_ones_own", account_of_ones_own::check),
    ("aead_everywhere", aead_everywhere::check),
    ("agreements_signed_first", agreements_signed_first::check),
    ("assistant_cannot_write", assistant_cannot_write::check),
    ("authenticated_ciphers", authenticated_ciphers::check),
    ("deny_by_default", deny_by_default::check),
    ("durable_commit", durable_commit::check),
    ("encryption_has_no_switch", encryption_has_no_switch::check),
    ("every_connection_checked", every_connection_checked::check),
    ("every_request_decided", every_request_decided::check),
    ("fresh_factor", fresh_factor::check),
    ("grants_scoped", grants_scoped::check),
    ("history_per_item", history_per_item::check),
    ("ledger_intact", ledger_intact::check),
    ("live_under_rules", live_under_rules::check),
    ("loopback_or_tls", loopback_or_tls::check),
    ("no_default_account", no_default_account::check),
    ("operator_sees_nothing", operator_sees_nothing::check),
    ("organization_isolated", organization_isolated::check),
    ("organization_role_opens_no_study", organization_role_opens_no_study::check),
    ("own_sign_ins", own_sign_ins::check),
    ("password_rotation", password_rotation::check),
    ("password_rules", password_rules::check),
    ("policy_only_tightens", policy_only_tightens::check),
    ("reads_recorded", reads_recorded::check),
    ("register_honest", register_honest::check),
    ("sealed_at_rest", sealed_at_rest::check),
    ("second_factor_asked", second_factor_asked::check),
    ("sessions_idle_10_minutes", sessions_idle_10_minutes::check),
    ("sign_in_delay_grows", sign_in_delay_grows::check),
    ("site_asks_second_factor", site_asks_second_factor::check),
    ("tamper_found", tamper_found::check),
];

/// The check of this name.
pub(crate) fn named(name: &str) -> Option<Check> {
    CHECKS.iter().find(|(known, _)| *known == name).map(|(_, check)| *check)
}

/// The names of all.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|(name, _)| *name)
}

/// What checks look at and try things on.
pub(crate) struct Place<'a> {
    /// The installation that promises are made of.
    pub(crate) installation: &'a Installation,
}

impl<'a> Place<'a> {
    /// Checks run on this installation.
    pub(crate) fn new(installation: &'a Installation) -> Self {
        Place { installation }
    }

    /// A scratch installation of its own: what one check did must not help or harm another.
    pub(crate) fn scratch() -> Result<Scratch> {
        Scratch::new(MachineClock.now())
    }
}
