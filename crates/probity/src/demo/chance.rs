//! Chance that can be repeated: SplitMix64 (Steele, Lea and Flood, “Fast splittable pseudorandom number generators”,
//! OOPSLA 2014), seeded by number. For invented data only; it refuses to make secrets.

/// A stream of numbers that its seed decides.
#[derive(Debug, Clone)]
pub(crate) struct Chance {
    state: u64,
}

/// 2^64 divided by the golden ratio: the step of SplitMix64.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Chance {
    /// The stream of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The stream of one part of what a seed makes. Parts do not disturb each other: a longer one changes no other.
    pub(crate) fn of_part(seed: u64, part: u64) -> Self {
        let mut from = Self::new(seed ^ mixed(part.wrapping_mul(STEP)));
        Self::new(from.next())
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mixed(self.state)
    }

    /// A number below `end`; 0 where `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        // The high half of a wide product: nearly even for the small ends used here.
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.saturating_sub(low).max(0).unsigned_abs().saturating_add(1);
        low.saturating_add_unsigned(self.below(span))
    }

    /// True `in_thousand` times in a thousand.
    pub(crate) fn happens(&mut self, in_thousand: u64) -> bool {
        self.below(1_000) < in_thousand
    }

    /// One of several; the default where there are none.
    pub(crate) fn pick<T: Copy + Default>(&mut self, of: &[T]) -> T {
        let at = self.below(of.len() as u64) as usize;
        of.get(at).copied().unwrap_or_default()
    }

    /// One of several, each as often as its weight says.
    pub(crate) fn weighed<T: Copy + Default>(&mut self, of: &[(u64, T)]) -> T {
        let mut at = self.below(of.iter().map(|(weight, _)| weight).sum());
        for (weight, one) in of {
            if at < *weight {
                return *one;
            }
            at -= weight;
        }
        T::default()
    }

    /// A number around `mean`, as a normal distribution has it (Irwin and Hall: twelve even ones added).
    pub(crate) fn around(&mut self, mean: f64, deviation: f64) -> f64 {
        let sum: f64 = (0..12).map(|_| self.below(1 << 32) as f64 / 4_294_967_296.0).sum();
        mean + deviation * (sum - 6.0)
    }

    /// Puts things in another order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, of: &mut [T]) {
        for last in (1..of.len()).rev() {
            of.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn it_is_splitmix64() {
        // The first numbers of seed 1234567, as the algorithm's published implementations print them.
        let mut chance = Chance::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| chance.next()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn numbers_stay_within_their_ends() {
        let mut chance = Chance::new(7);
        assert_eq!(chance.below(0), 0);
        assert_eq!(chance.pick::<&str>(&[]), "");
        let all: Vec<i64> = (0..1_000).map(|_| chance.between(-2, 3)).collect();
        assert_eq!((all.iter().min(), all.iter().max()), (Some(&-2), Some(&3)));
        assert!((0..1_000).all(|_| !chance.happens(0) && chance.happens(1_000)));
    }

    #[test]
    fn parts_differ_and_repeat() {
        let of = |part| Chance::of_part(1, part).below(u64::MAX);
        assert_ne!(of(1), of(2));
        assert_eq!(of(1), of(1));
    }
}
