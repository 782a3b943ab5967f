//! The states of a form, and the rule for when a change needs a reason.

use serde::{Deserialize, Serialize};

/// Where a form stands. Queries, verification, signature, freeze and lock will add to this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormState {
    /// Nothing was entered.
    NotStarted,
    /// Something was entered; the site has not called it complete.
    InProgress,
    /// The site called it complete and no mandatory item was missing.
    Complete,
}

impl FormState {
    /// Its code in tables and the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            FormState::NotStarted => "not_started",
            FormState::InProgress => "in_progress",
            FormState::Complete => "complete",
        }
    }

    /// Its words on the page.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            FormState::NotStarted => "Not started",
            FormState::InProgress => "In progress",
            FormState::Complete => "Complete",
        }
    }

    /// The state with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [FormState::NotStarted, FormState::InProgress, FormState::Complete]
            .into_iter()
            .find(|state| state.code() == code)
    }
}

/// Whether going from the saved value to the new one needs a reason (21 CFR 11.10(e), ICH E6(R3) 4.2.2):
/// a first entry does not, a change or removal of what was saved always does.
#[must_use]
pub fn needs_reason(saved: Option<&str>, new: Option<&str>) -> bool {
    matches!((saved, new), (Some(saved), new) if new != Some(saved))
}

#[cfg(test)]
mod tests {
    use super::needs_reason;

    #[test]
    fn only_a_change_of_a_saved_value_needs_a_reason() {
        for (saved, new, needs) in [
            (None, None, false),
            (None, Some("120"), false),
            (Some("120"), Some("120"), false),
            (Some("120"), Some("121"), true),
            (Some("120"), None, true),
        ] {
            assert_eq!(needs_reason(saved, new), needs, "{saved:?} -> {new:?}");
        }
    }
}
