//! New identifiers: UUID version 7 (RFC 9562 5.7), each greater than the one before, so that rows sort as they came.

use jiff::Timestamp;
use trial::ids::Id;

use crate::error::{Error, Result};

/// Makes identifiers.
#[derive(Default)]
pub(crate) struct Fresh {
    millisecond: u64,
    counter: u16,
}

impl Fresh {
    /// The next identifier at this time. Within one millisecond a 12-bit counter keeps the order; if it runs out,
    /// or the clock steps back, the last millisecond goes on.
    pub(crate) fn id<I: Id>(&mut self, at: Timestamp) -> Result<I> {
        let now = u64::try_from(at.as_millisecond()).unwrap_or(0);
        if now > self.millisecond {
            (self.millisecond, self.counter) = (now, 0);
        } else if self.counter == 0xfff {
            (self.millisecond, self.counter) = (self.millisecond.saturating_add(1), 0);
        } else {
            self.counter = self.counter.saturating_add(1);
        }
        let mut tail = [0; 8];
        aws_lc_rs::rand::fill(&mut tail).map_err(Error::fault)?;
        let head =
            (u128::from(self.millisecond & 0xffff_ffff_ffff) << 80) | (0x7 << 76) | (u128::from(self.counter) << 64);
        let tail = (u64::from_be_bytes(tail) & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
        Ok(I::from_bytes((head | u128::from(tail)).to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trial::ids::FormId;

    #[test]
    fn ids_ascend_whatever_the_clock_does() -> Result<()> {
        let mut fresh = Fresh::default();
        let mut last: Option<FormId> = None;
        for n in 0..10_000_i64 {
            let at = Timestamp::from_millisecond(1_000_000 - n % 3).map_err(Error::fault)?;
            let id: FormId = fresh.id(at)?;
            assert!(last < Some(id), "{n}");
            assert_eq!(id.to_string().as_bytes().get(14), Some(&b'7'));
            last = Some(id);
        }
        Ok(())
    }
}
