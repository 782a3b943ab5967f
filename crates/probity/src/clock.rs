//! The machine's clock: the only place in the program that asks what time it is.

use store::Clock;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct MachineClock;

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "the binary is where time comes from")]
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}
