//! Shares the texts of OIDs: a file names a few hundred items hundreds of thousands of times.

use std::collections::HashSet;
use std::sync::Arc;

/// Different OIDs that are shared; a file with more pays with memory of its own.
const SHARED_MAX: usize = 50_000;
/// The last few, found without hashing.
const RECENT: usize = 64;

/// The OIDs met so far.
pub(super) struct Oids {
    all: HashSet<Arc<str>>,
    recent: Vec<Option<Arc<str>>>,
}

impl Default for Oids {
    fn default() -> Self {
        Self { all: HashSet::new(), recent: vec![None; RECENT] }
    }
}

impl Oids {
    pub(super) fn get(&mut self, text: &str) -> Arc<str> {
        let bytes = text.as_bytes();
        let last = usize::from(bytes.last().copied().unwrap_or(0));
        let middle = usize::from(bytes.get(bytes.len() / 2).copied().unwrap_or(0));
        let slot = (last.wrapping_mul(31) ^ middle.wrapping_mul(7) ^ bytes.len()) % RECENT;
        if let Some(Some(known)) = self.recent.get(slot)
            && **known == *text
        {
            return Arc::clone(known);
        }
        let shared = match self.all.get(text) {
            Some(known) => Arc::clone(known),
            None => {
                let new: Arc<str> = text.into();
                if self.all.len() < SHARED_MAX {
                    self.all.insert(Arc::clone(&new));
                }
                new
            }
        };
        if let Some(recent) = self.recent.get_mut(slot) {
            *recent = Some(Arc::clone(&shared));
        }
        shared
    }
}
