//! The promise register, as it was when this program was built.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// The register's text, inside the program: what is promised cannot be edited beside it.
const TEXT: &str = include_str!("../../../../promises.toml");

/// The two series and their last numbers. Ids are kept for ever.
const SERIES: &[(&str, usize)] = &[("C", 99), ("L", 66)];

/// One promise.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Promise {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) sentence: String,
    pub(crate) check: String,
}

/// How a promise is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Kind {
    /// Enforced by code.
    E,
    /// Recorded duties.
    R,
    /// Attested by a document.
    A,
}

#[derive(Deserialize)]
struct Register {
    promise: Vec<Promise>,
}

/// Every promise, in the order of the register.
pub(crate) fn promises() -> Result<Vec<Promise>> {
    let register: Register = toml::from_str(TEXT).context("the promise register inside this program")?;
    Ok(register.promise)
}

/// Ids that are missing, or there twice.
pub(crate) fn odd_ids(promises: &[Promise]) -> Vec<String> {
    let expected = SERIES.iter().flat_map(|(series, last)| (1..=*last).map(move |n| format!("{series}-{n:02}")));
    let mut missing: BTreeSet<String> = expected.collect();
    let mut odd = Vec::new();
    for promise in promises {
        if !missing.remove(&promise.id) {
            odd.push(format!("{} is there twice or is no id", promise.id));
        }
    }
    odd.extend(missing.into_iter().map(|id| format!("{id} is missing")));
    odd
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_promise_that_is_missing_or_doubled_is_named() {
        let mut all = promises().unwrap();
        assert_eq!(odd_ids(&all), Vec::<String>::new());
        let last = all.pop().unwrap();
        assert_eq!(odd_ids(&all), [format!("{} is missing", last.id)]);
        all.extend([last.clone(), last]);
        assert_eq!(odd_ids(&all).len(), 1);
    }
}
