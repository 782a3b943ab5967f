//! Time-based codes (RFC 6238), as authenticator apps make them.

use aws_lc_rs::hmac;
use jiff::Timestamp;

use crate::same::same;

/// Seconds that one code lasts (RFC 6238).
const STEP_SECONDS: u64 = 30;
/// A secret, in bytes (RFC 4226 recommends 20).
pub const TOTP_SECRET_BYTES: usize = 20;

/// The time step whose code this is: now, or one step to either side for a clock that is a little off.
pub(crate) fn matching_step(secret: &[u8], code: &str, now: Timestamp) -> Option<u64> {
    let now = u64::try_from(now.as_second()).ok()? / STEP_SECONDS;
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    [now, now.saturating_sub(1), now.saturating_add(1)]
        .into_iter()
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
    use super::*;

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
