//! Comparing what is secret, or stands for it: to its end, whatever is found on the way, so that how long it took tells
//! nothing of where two differ.

use aws_lc_rs::constant_time::verify_slices_are_equal;

/// Whether two are the same. How long they are is no secret.
#[must_use]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}

/// Whether one is among several. Each of them is looked at.
pub(crate) fn among<const LENGTH: usize>(all: &[[u8; LENGTH]], one: &[u8; LENGTH]) -> bool {
    all.iter().fold(false, |found, each| found | same(each, one))
}

#[cfg(test)]
mod tests {
    use std::{hint::black_box, time::Instant};

    use super::*;

    #[test]
    fn the_same_and_another() {
        assert!(same(b"abc", b"abc") && !same(b"abc", b"abd") && !same(b"abc", b"ab") && same(b"", b""));
        assert!(among(&[[1], [2], [3]], &[2]) && !among(&[[1], [2], [3]], &[4]) && !among(&[], &[1]));
    }

    /// How much longer it takes to tell apart two that differ in their last byte than two that differ in their first:
    /// medians of many, one in turn with the other, so that what else the machine does meets both.
    fn later_over_sooner(compare: impl Fn(&[u8], &[u8]) -> bool) -> f64 {
        const BYTES: usize = 4_096;
        let secret = vec![7_u8; BYTES];
        let differs = |at: usize| {
            let mut other = secret.clone();
            if let Some(byte) = other.get_mut(at) {
                *byte = 8;
            }
            other
        };
        let (sooner, later) = (differs(0), differs(BYTES - 1));
        let time = |other: &[u8]| {
            let begun = Instant::now();
            for _ in 0..16 {
                assert!(!black_box(compare(black_box(&secret), black_box(other))));
            }
            begun.elapsed().as_nanos()
        };
        let (mut at_first, mut at_last): (Vec<_>, Vec<_>) = (0..4_000).map(|_| (time(&sooner), time(&later))).unzip();
        at_first.sort_unstable();
        at_last.sort_unstable();
        let median = |all: &[u128]| all.get(all.len() / 2).copied().unwrap_or_default() as f64;
        median(&at_last) / median(&at_first)
    }

    #[test]
    fn how_long_it_takes_does_not_tell_where_two_differ() {
        let constant = later_over_sooner(same);
        assert!((0.8..1.25).contains(&constant), "{constant}");
        // What this measures can be seen: a comparison that stops where it knows.
        let stops = later_over_sooner(|one, other| one.iter().zip(other).all(|(a, b)| a == b));
        assert!(stops > 4.0, "{stops}");
    }
}
