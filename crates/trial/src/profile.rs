//! Rule profiles: the rules that a study is run by, and what each asks of how the study is set up. A study goes live once it
//! keeps every rule of the profiles that were chosen for it, and nothing that breaks one can be set afterwards.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::policy::{Policy, Setting};

/// A set of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RuleProfile {
    /// ICH E6(R3), good clinical practice.
    #[serde(rename = "ich_e6_r3")]
    IchE6R3,
    /// 21 CFR Part 11, electronic records and signatures.
    #[serde(rename = "21_cfr_11")]
    Part11,
    /// EMA guideline on computerised systems and electronic data in clinical trials, 2023.
    #[serde(rename = "ema_2023")]
    Ema2023,
}

impl RuleProfile {
    /// Every profile.
    pub const ALL: &'static [RuleProfile] = &[RuleProfile::IchE6R3, RuleProfile::Part11, RuleProfile::Ema2023];

    /// Its code in the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            RuleProfile::IchE6R3 => "ich_e6_r3",
            RuleProfile::Part11 => "21_cfr_11",
            RuleProfile::Ema2023 => "ema_2023",
        }
    }

    /// Its name.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            RuleProfile::IchE6R3 => "ICH E6(R3)",
            RuleProfile::Part11 => "21 CFR Part 11",
            RuleProfile::Ema2023 => "EMA, computerised systems (2023)",
        }
    }

    /// The profile with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        RuleProfile::ALL.iter().copied().find(|profile| profile.code() == code)
    }
}

/// How a study is set up, as far as rules look at it.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// The settings that hold for it.
    pub policy: Policy,
    /// Whether a definition is published.
    pub defined: bool,
    /// Whether there is an agreement that everybody signs.
    pub agreement: bool,
    /// Whether it has a site.
    pub has_site: bool,
    /// Sites at which nobody answers for the data and may delegate.
    pub leaderless: Vec<String>,
    /// Roles that are given in it and that no training is asked of.
    pub untrained: Vec<String>,
}

/// One rule: a clause, what it asks of a configuration, and what is wrong with one that does not keep it.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Of which profile.
    pub profile: RuleProfile,
    /// Its clause there.
    pub clause: &'static str,
    /// What it asks here.
    pub asks: &'static str,
    broken: fn(&Configuration) -> Option<String>,
}

impl Rule {
    /// What is wrong with a configuration and what to do; `None` where it keeps the rule.
    #[must_use]
    pub fn broken(&self, configuration: &Configuration) -> Option<String> {
        (self.broken)(configuration)
    }
}

const fn rule(
    profile: RuleProfile,
    clause: &'static str,
    asks: &'static str,
    broken: fn(&Configuration) -> Option<String>,
) -> Rule {
    Rule { profile, clause, asks, broken }
}

/// Every rule, by profile.
pub const RULES: &[Rule] = &[
    rule(RuleProfile::IchE6R3, "2.3.1", "at each site somebody answers for it and may delegate", |of| {
        if !of.has_site {
            return Some("the study has no site: add one".to_owned());
        }
        listed("nobody answers for", &of.leaderless, "give somebody there a role that delegates, such as investigator")
    }),
    rule(RuleProfile::IchE6R3, "2.3.3", "people at a site do what its log delegates to them", |of| {
        off(of, Setting::Delegation)
    }),
    rule(RuleProfile::IchE6R3, "4.3.2", "whoever has a role is trained for it", untrained),
    rule(RuleProfile::IchE6R3, "4.3.5", "no subject is added before the study is released", |of| {
        off(of, Setting::LiveFirst)
    }),
    rule(RuleProfile::Part11, "11.10(f)", "steps come in their order: subjects after the release", |of| {
        off(of, Setting::LiveFirst)
    }),
    rule(RuleProfile::Part11, "11.10(i)", "whoever has a role is trained for it", untrained),
    rule(RuleProfile::Part11, "11.10(j)", "people agree to answer for what is done in their name", |of| {
        let missing = "no agreement is there that everybody signs: publish one under “Agreements and training”";
        (!of.agreement).then(|| missing.to_owned())
    }),
    rule(RuleProfile::Ema2023, "5.3", "whoever has a role is trained for it", untrained),
    rule(RuleProfile::Ema2023, "Annex 2", "what the trial is built of is released before it is used", |of| {
        if !of.defined {
            return Some("no definition is published: import one".to_owned());
        }
        off(of, Setting::LiveFirst)
    }),
    rule(RuleProfile::Ema2023, "Annex 4", "a second factor is needed", |of| off(of, Setting::SecondFactor)),
];

/// The rules of these profiles that a configuration breaks, each with what is wrong.
#[must_use]
pub fn broken(profiles: &BTreeSet<RuleProfile>, configuration: &Configuration) -> Vec<(&'static Rule, String)> {
    let of = RULES.iter().filter(|rule| profiles.contains(&rule.profile));
    of.filter_map(|rule| Some((rule, rule.broken(configuration)?))).collect()
}

fn off(of: &Configuration, setting: Setting) -> Option<String> {
    (!of.policy.is_on(setting))
        .then(|| format!("the setting “{}” is off here: set it for the study or above", setting.title()))
}

fn untrained(of: &Configuration) -> Option<String> {
    listed("no training is asked of", &of.untrained, "ask for one under “Agreements and training”")
}

fn listed(what: &str, names: &[String], mend: &str) -> Option<String> {
    (!names.is_empty()).then(|| format!("{what} {}: {mend}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::policy::Layer;

    fn kept() -> Configuration {
        let on = [Setting::Delegation, Setting::LiveFirst, Setting::SecondFactor].map(|setting| (setting, 1));
        let layer = Layer { values: BTreeMap::from(on), ..Layer::default() };
        Configuration {
            policy: Policy::platform().tightened(&layer),
            defined: true,
            agreement: true,
            has_site: true,
            leaderless: Vec::new(),
            untrained: Vec::new(),
        }
    }

    fn clauses(profiles: &[RuleProfile], configuration: &Configuration) -> Vec<&'static str> {
        let profiles = profiles.iter().copied().collect();
        broken(&profiles, configuration).into_iter().map(|(rule, _)| rule.clause).collect()
    }

    #[test]
    fn each_thing_that_is_missing_breaks_its_clauses_and_no_other() {
        let all = RuleProfile::ALL;
        assert!(clauses(all, &kept()).is_empty());
        let with = |change: fn(&mut Configuration)| {
            let mut configuration = kept();
            change(&mut configuration);
            clauses(all, &configuration)
        };
        assert_eq!(with(|of| of.untrained.push("Monitor".to_owned())), ["4.3.2", "11.10(i)", "5.3"]);
        assert_eq!(with(|of| of.leaderless.push("Oslo".to_owned())), ["2.3.1"]);
        assert_eq!(with(|of| of.has_site = false), ["2.3.1"]);
        assert_eq!(with(|of| of.agreement = false), ["11.10(j)"]);
        assert_eq!(with(|of| of.defined = false), ["Annex 2"]);
        assert_eq!(with(|of| of.policy = Policy::platform()), ["2.3.3", "4.3.5", "11.10(f)", "Annex 2", "Annex 4"]);
    }

    #[test]
    fn only_what_was_chosen_is_asked_and_every_profile_asks_something() {
        let mut bare = kept();
        bare.policy = Policy::platform();
        assert!(clauses(&[], &bare).is_empty());
        for profile in RuleProfile::ALL {
            assert!(!clauses(&[*profile], &bare).is_empty(), "{}", profile.title());
            assert_eq!(RuleProfile::from_code(profile.code()), Some(*profile));
        }
        assert_eq!(RuleProfile::from_code("none"), None);
    }

    #[test]
    fn what_is_wrong_is_named_with_what_to_do() {
        let mut of = kept();
        of.untrained = vec!["Coordinator".to_owned(), "Monitor".to_owned()];
        let told = untrained(&of).unwrap_or_default();
        assert!(told.starts_with("no training is asked of Coordinator, Monitor: ask"), "{told}");
    }
}
