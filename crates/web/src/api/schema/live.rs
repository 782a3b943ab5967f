//! Whether a study is live, and the rules that it may be run by.

use serde::Serialize;
use utoipa::ToSchema;

use super::RuleProfile;

/// Whether a study is live, and every rule with what is wrong.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    /// Since when it is live; absent: it is not.
    pub live: Option<LiveShown>,
    /// Every rule of every profile.
    pub rules: Vec<RuleShown>,
}

/// That a study is live.
#[derive(Serialize, ToSchema)]
pub struct LiveShown {
    /// Under the rules of which profiles.
    pub profiles: Vec<RuleProfile>,
    /// Who released it, or put it under the last of them.
    pub by: String,
    /// Since when.
    #[schema(format = DateTime)]
    pub at: String,
}

/// A rule.
#[derive(Serialize, ToSchema)]
pub struct RuleShown {
    /// Of which profile.
    pub profile: RuleProfile,
    /// Its clause there.
    pub clause: String,
    /// What it asks here.
    pub asks: String,
    /// What is wrong and what to do; absent: the study keeps it.
    pub broken: Option<String>,
}
