//! What a check found: whether it holds, and what shows it.

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Whether the whole sentence was shown.
    pub(crate) holds: bool,
    /// On what, in words.
    pub(crate) evidence: String,
}

impl Finding {
    /// It holds.
    pub(crate) fn holds(evidence: impl Into<String>) -> Self {
        Finding { holds: true, evidence: evidence.into() }
    }

    /// It holds where there is nothing against it; otherwise that is the evidence.
    pub(crate) fn unless(against: Vec<String>, evidence: impl Into<String>) -> Self {
        if against.is_empty() {
            return Finding::holds(evidence);
        }
        let mut text = against.iter().take(5).cloned().collect::<Vec<_>>().join("; ");
        if against.len() > 5 {
            text.push_str(&format!("; and {} more", against.len().saturating_sub(5)));
        }
        Finding { holds: false, evidence: text }
    }
}
