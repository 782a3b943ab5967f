//! Settings of accounts, sessions and access in layers: the platform's, then the organization's, a study's, a site's. A
//! layer only makes a setting stricter. [`Policy`] has no other way to change than [`Policy::tightened`], which takes the
//! stricter of two values, so that loosening cannot be written down.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::limit;

/// Which way is stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stricter {
    /// A smaller number.
    Lower,
    /// A greater number.
    Higher,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 0 or 1.
    Switch,
    /// Seconds.
    Seconds,
    /// Hours.
    Hours,
    /// Days.
    Days,
    /// Characters.
    Characters,
    /// Passwords.
    Times,
}

/// No bound: what a setting that bounds a time has where nobody set one.
pub const NEVER: u32 = u32::MAX;

/// One setting, as the table has it.
struct Row {
    code: &'static str,
    title: &'static str,
    unit: Unit,
    stricter: Stricter,
    /// The platform's value: the loosest there is.
    platform: u32,
    /// The strictest that lets people work.
    strictest: u32,
    /// What it goes against, where it does: it needs a written justification and is shown as a deviation.
    deviates: Option<&'static str>,
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $title:literal, $unit:ident, $stricter:ident, $platform:expr, $strictest:expr $(, $deviates:literal)?;)*) => {
        /// A setting.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Setting { $($(#[$doc])* #[serde(rename = $code)] $name,)* }

        impl Setting {
            /// Every setting, in the order of this list.
            pub const ALL: &'static [Setting] = &[$(Setting::$name,)*];

            const fn row(self) -> Row {
                match self {
                    $(Setting::$name => Row {
                        code: $code,
                        title: $title,
                        unit: Unit::$unit,
                        stricter: Stricter::$stricter,
                        platform: $platform,
                        strictest: $strictest,
                        deviates: deviation!($($deviates)?),
                    },)*
                }
            }
        }
    };
}

macro_rules! deviation {
    () => {
        None
    };
    ($what:literal) => {
        Some($what)
    };
}

settings! {
    /// Whether people need a second factor.
    SecondFactor = "second_factor", "Second factor needed", Switch, Higher, 0, 1;
    /// Whether the second factor has to withstand phishing: a passkey (SP 800-63B-4 2.3).
    PhishingResistant = "phishing_resistant", "Only a passkey will do", Switch, Higher, 0, 1;
    /// Whether people who linked an account at the organization's provider begin sessions by a sign-in there alone.
    ProviderAlone = "provider_alone", "Whoever linked an account elsewhere signs in there alone", Switch, Higher, 0, 1;
    /// Idle time after which a session ends.
    Idle = "idle_seconds", "A session ends when idle for", Seconds, Lower, 600, 60;
    /// A session's longest life.
    Lifetime = "lifetime_seconds", "A session ends at the latest after", Seconds, Lower, 43_200, 900;
    /// After how long an account that nobody uses rests.
    Dormant = "dormant_days", "An account that nobody uses rests after", Days, Lower, 90, 14;
    /// How old a shown factor may be where a fresh one is needed.
    StepUp = "step_up_seconds", "What is grave needs a factor shown within", Seconds, Lower, 900, 60;
    /// For how long a code of an authenticator app is taken, clocks that are off and slow typing included.
    CodeLasts = "code_seconds", "A code of an app is taken for", Seconds, Lower, 90, 30;
    /// A password alone, in characters (SP 800-63B-4 3.1.1.2).
    PasswordAlone = "password_characters_alone", "A password alone has at least", Characters, Higher, 15, 64;
    /// A password beside a second factor, in characters (SP 800-63B-4 3.1.1.2).
    PasswordBeside = "password_characters", "A password beside a second factor has at least", Characters, Higher, 8, 64;
    /// How old a password may grow.
    PasswordAge = "password_age_days", "A password is changed after", Days, Lower, NEVER, 30,
        "SP 800-63B-4 3.1.1.2 (6): passwords are not changed by the calendar";
    /// Former passwords that may not come back.
    PasswordHistory = "password_history", "Former passwords that may not come back", Times, Higher, 0, 24,
        "SP 800-63B-4 3.1.1.2 asks for no memory of former passwords";
    /// After how long a grant has to be confirmed.
    Review = "review_days", "A role is confirmed at least every", Days, Lower, 365, 30;
    /// For how long an unconfirmed grant goes on.
    ReviewGrace = "review_grace_days", "An unconfirmed role goes on for", Days, Lower, 30, 1;
    /// How old a training may be, whatever its course says.
    Training = "training_days", "A training is repeated at least every", Days, Lower, 365, 30;
    /// Whether people at a site work only on what its investigator delegated.
    Delegation = "delegation", "Work at a site needs a delegation", Switch, Higher, 0, 1;
    /// Whether subjects are added only once their study is live under the rules that were chosen for it.
    LiveFirst = "live_first", "Subjects are added once their study is live", Switch, Higher, 0, 1;
    /// For how long a program or a device may work in somebody's name.
    ClientDays = "client_days", "A program’s or device’s token lasts at most", Days, Lower, 365, 1;
    /// For how long access may be approved.
    ApprovedHours = "approved_hours", "Access that was asked for lasts at most", Hours, Lower, 24, 1;
    /// For how long an emergency opens.
    EmergencyHours = "emergency_hours", "An emergency lasts at most", Hours, Lower, 2, 1;
}

impl Setting {
    /// Its code in the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.row().code
    }

    /// Its name on the page.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().title
    }

    /// What its number counts.
    #[must_use]
    pub const fn unit(self) -> Unit {
        self.row().unit
    }

    /// The platform's value, the loosest there is.
    #[must_use]
    pub const fn platform(self) -> u32 {
        self.row().platform
    }

    /// The strictest value that lets people work.
    #[must_use]
    pub const fn strictest(self) -> u32 {
        self.row().strictest
    }

    /// What setting it goes against, where it does: then a justification is needed.
    #[must_use]
    pub const fn deviates(self) -> Option<&'static str> {
        self.row().deviates
    }

    /// The setting with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Setting> {
        Setting::ALL.iter().copied().find(|setting| setting.code() == code)
    }

    /// The stricter of two values.
    #[must_use]
    pub fn stricter(self, one: u32, other: u32) -> u32 {
        match self.row().stricter {
            Stricter::Lower => one.min(other),
            Stricter::Higher => one.max(other),
        }
    }

    /// Whether `value` is looser than `other`.
    #[must_use]
    pub fn is_looser(self, value: u32, other: u32) -> bool {
        self.stricter(value, other) != value
    }

    /// A value in words: `10 minutes`, `yes`, `never`.
    #[must_use]
    pub fn words(self, value: u32) -> String {
        let counted = |number: u32, unit: &str| format!("{number} {unit}{}", if number == 1 { "" } else { "s" });
        match (self.unit(), value) {
            (Unit::Switch, 0) => "no".to_owned(),
            (Unit::Switch, _) => "yes".to_owned(),
            (_, NEVER) => "never".to_owned(),
            (Unit::Seconds, value) if value % 3_600 == 0 => counted(value / 3_600, "hour"),
            (Unit::Seconds, value) if value % 60 == 0 => counted(value / 60, "minute"),
            (Unit::Seconds, value) => counted(value, "second"),
            (Unit::Hours, value) => counted(value, "hour"),
            (Unit::Days, value) => counted(value, "day"),
            (Unit::Characters, value) => counted(value, "character"),
            (Unit::Times, value) => value.to_string(),
        }
    }
}

/// What one layer sets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// The settings that it makes stricter.
    pub values: BTreeMap<Setting, u32>,
    /// Why, where a setting deviates from what is recommended.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub justifications: BTreeMap<Setting, String>,
}

impl Layer {
    /// Both, the stricter of each.
    #[must_use]
    pub fn and(&self, other: &Layer) -> Layer {
        let mut both = self.clone();
        for (setting, value) in &other.values {
            let entry = both.values.entry(*setting).or_insert(*value);
            *entry = setting.stricter(*entry, *value);
        }
        for (setting, why) in &other.justifications {
            both.justifications.entry(*setting).or_insert_with(|| why.clone());
        }
        both
    }
}

/// Where a layer lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Probity itself.
    Platform,
    /// The organization.
    Organization,
    /// A study.
    Study,
    /// A site.
    Site,
}

impl Tier {
    /// Its name in a sentence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Tier::Platform => "the platform",
            Tier::Organization => "the organization",
            Tier::Study => "the study",
            Tier::Site => "the site",
        }
    }
}

/// What holds at a place: a value for every setting.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Policy([u32; Setting::ALL.len()]);

impl Policy {
    /// What holds where no layer says anything.
    #[must_use]
    pub fn platform() -> Self {
        let mut values = [0; Setting::ALL.len()];
        for (value, setting) in values.iter_mut().zip(Setting::ALL) {
            *value = setting.platform();
        }
        Policy(values)
    }

    /// With a layer on top: the stricter of each.
    #[must_use]
    pub fn tightened(mut self, layer: &Layer) -> Self {
        for (value, setting) in self.0.iter_mut().zip(Setting::ALL) {
            if let Some(set) = layer.values.get(setting) {
                *value = setting.stricter(*value, *set);
            }
        }
        self
    }

    /// What holds under both, for somebody who works here and there.
    #[must_use]
    pub fn and(mut self, other: &Policy) -> Self {
        for ((value, more), setting) in self.0.iter_mut().zip(other.0).zip(Setting::ALL) {
            *value = setting.stricter(*value, more);
        }
        self
    }

    /// The value of a setting.
    #[must_use]
    pub fn get(&self, setting: Setting) -> u32 {
        self.0.get(setting as usize).copied().unwrap_or_else(|| setting.strictest())
    }

    /// Characters of a password, at least: beside a second factor, or alone.
    #[must_use]
    pub fn password_characters(&self, second_factor: bool) -> u32 {
        self.get(if second_factor { Setting::PasswordBeside } else { Setting::PasswordAlone })
    }

    /// Whether a switch is on.
    #[must_use]
    pub fn is_on(&self, setting: Setting) -> bool {
        self.get(setting) != 0
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(Setting::ALL.iter().map(|setting| (setting.code(), self.get(*setting)))).finish()
    }
}

/// The layers above a place and at it, the widest first.
#[derive(Debug, Clone, Copy)]
pub struct Layers<'a>(pub &'a [(Tier, &'a Layer)]);

impl Layers<'_> {
    /// What holds.
    #[must_use]
    pub fn policy(self) -> Policy {
        self.0.iter().fold(Policy::platform(), |policy, (_, layer)| policy.tightened(layer))
    }

    /// The layer that decides a value: the first, from the platform down, that has it.
    #[must_use]
    pub fn decided_by(self, setting: Setting) -> Tier {
        let holds = self.policy().get(setting);
        if holds == setting.platform() {
            return Tier::Platform;
        }
        let first = self.0.iter().find(|(_, layer)| layer.values.get(&setting) == Some(&holds));
        first.map_or(Tier::Platform, |(tier, _)| *tier)
    }

    /// What is wrong with a new layer below these.
    #[must_use]
    pub fn problems(self, layer: &Layer) -> Vec<PolicyProblem> {
        let above = self.policy();
        let mut problems = Vec::new();
        for (setting, value) in &layer.values {
            let (setting, value) = (*setting, *value);
            if setting.is_looser(value, above.get(setting)) {
                problems.push(PolicyProblem {
                    setting,
                    code: "looser",
                    message: format!(
                        "{} has {} here and a layer below only tightens: choose that, or stricter",
                        self.decided_by(setting).name(),
                        setting.words(above.get(setting))
                    ),
                });
            } else if setting.is_looser(setting.strictest(), value) {
                problems.push(PolicyProblem {
                    setting,
                    code: "too_strict",
                    message: format!("nobody could work: the strictest is {}", setting.words(setting.strictest())),
                });
            }
            let why = layer.justifications.get(&setting).map_or("", |why| why.trim());
            if let Some(deviates) = setting.deviates().filter(|_| why.is_empty()) {
                problems.push(PolicyProblem {
                    setting,
                    code: "justification",
                    message: format!("this goes against a recommendation ({deviates}): write down why it is needed"),
                });
            }
        }
        for (setting, why) in &layer.justifications {
            if why.len() > limit::REASON_BYTES_MAX || !layer.values.contains_key(setting) {
                problems.push(PolicyProblem {
                    setting: *setting,
                    code: "justification",
                    message: format!(
                        "a justification belongs to a value that is set and has at most {} bytes",
                        limit::REASON_BYTES_MAX
                    ),
                });
            }
        }
        problems
    }
}

/// Why a layer cannot be as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyProblem {
    /// Which setting.
    pub setting: Setting,
    /// What kind of problem.
    pub code: &'static str,
    /// What to do about it.
    pub message: String,
}
