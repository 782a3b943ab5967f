//! Time-based codes (RFC 6238), as authenticator apps make them.

use aws_lc_rs::hmac;
use jiff::Timestamp;
use trial::policy::{Policy, Setting};

use crate::same::same;

/// Seconds that one code lasts (RFC 6238).
const STEP_SECONDS: u64 = 30;
/// A secret, in bytes (RFC 4226 recommends 20).
pub const TOTP_SECRET_BYTES: usize = 20;

/// The time step whose code this is: now, the one before for who types slowly, or the one after for a clock that is fast
/// (RFC 6238 5.2), as far as the policy's seconds reach.
pub(crate) fn matching_step(secret: &[u8], code: &str, now: Timestamp, policy: &Policy) -> Option<u64> {
    let now = u64::try_from(now.as_second()).ok()? / STEP_SECONDS;
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let steps = usize::try_from(u64::from(policy.get(Setting::CodeLasts)) / STEP_SECONDS).ok()?;
    [now, now.saturating_sub(1), now.saturating_add(1)]
        .into_iter()
        .take(steps.max(1))
        .find(|step| same(code_at(secret, *step).as_bytes(), digits.as_bytes()))
}

/// The six digits of a time step (RFC 6238 with HMAC-SHA-1, which is what authenticator apps implement).
#[must_use]
pub fn code_at(secret: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let mac = hmac::sign(&key, &step.to_be_bytes());
    let bytes = mac.as_ref();
    // RFC 4226 5.3: the low four bits of the last byte say where the code lies.
    let offset = usize::from(bytes.last().copied().unwrap_or(0) & 0xf);
    let word = bytes.get(offset..offset.saturating_add(4)).map_or([0; 4], |w| {
        let mut word = [0; 4];
        word.copy_from_slice(w);
        word
    });
    format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use trial::policy::Layer;

    use super::*;

    #[test]
    fn a_code_is_taken_for_as_long_as_the_policy_says() {
        let (secret, step) = (b"12345678901234567890", 1_000);
        let begins = i64::try_from(step * STEP_SECONDS).unwrap_or_default();
        let taken = |lasts: u32, second: i64| {
            let layer = Layer { values: BTreeMap::from([(Setting::CodeLasts, lasts)]), ..Layer::default() };
            let policy = Policy::platform().tightened(&layer);
            let at = Timestamp::from_second(begins + second).unwrap_or_default();
            matching_step(secret, &code_at(secret, step), at, &policy) == Some(step)
        };
        for (lasts, first, last) in [(90, -30, 59), (60, 0, 59), (59, 0, 29), (30, 0, 29)] {
            assert!(taken(lasts, first) && taken(lasts, last), "{lasts}");
            assert!(!taken(lasts, first - 1) && !taken(lasts, last + 1), "{lasts}");
        }
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1, last six of eight digits.
        let secret = b"12345678901234567890";
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(code_at(secret, seconds / STEP_SECONDS), code);
        }
    }
}
