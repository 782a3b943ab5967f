//! Waiting for a thing by looking at it, with a limit.

use std::time::{Duration, Instant};

use crate::failure::{Failure, Result};

/// Between two looks, in the beginning.
const PAUSE_MIN: Duration = Duration::from_millis(10);
/// Between two looks, when it takes long. What answers slowly should not be asked often.
const PAUSE_MAX: Duration = Duration::from_millis(200);

/// Looks until `look` gives a value or an error; fails when it has given neither `within` the time.
pub fn until<T>(what: &str, within: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = Instant::now();
    let mut pause = PAUSE_MIN;
    loop {
        if let Some(value) = look()? {
            return Ok(value);
        }
        if begun.elapsed() >= within {
            return Err(Failure::new(format!("{what}: not within {within:?}")));
        }
        std::thread::park_timeout(pause);
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
