//! A second factor as an authenticator app takes it in: its secret in base32, and an `otpauth` address for the QR code.

use store::{Error, TOTP_SECRET_BYTES};

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret, as a person types it.
///
/// # Errors
/// Faults only.
pub fn fresh() -> store::Result<String> {
    store::fresh_totp_secret().map(|secret| shown(&secret))
}

/// The secret in base32 (RFC 4648 6), without padding: 20 bytes need none.
#[must_use]
pub fn shown(secret: &[u8]) -> String {
    let (mut text, mut held, mut bits) = (String::new(), 0_u32, 0_u32);
    for byte in secret {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let letter = ALPHABET.get((held >> bits) as usize & 31).copied().unwrap_or(b'A');
            text.push(char::from(letter));
        }
    }
    text
}

/// The secret that was typed or sent back.
///
/// # Errors
/// Refused where it is none.
pub fn typed(text: &str) -> store::Result<Vec<u8>> {
    let wrong = || Error::refused("secret", "format", "begin again: the secret is not the one that was shown");
    let (mut secret, mut held, mut bits) = (Vec::with_capacity(TOTP_SECRET_BYTES), 0_u32, 0_u32);
    for letter in text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=') {
        let value = ALPHABET.iter().position(|known| *known == letter.to_ascii_uppercase()).ok_or_else(wrong)?;
        held = (held << 5) | u32::try_from(value).map_err(Error::fault)?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            secret.push(u8::try_from((held >> bits) & 0xff).map_err(Error::fault)?);
            held &= (1 << bits) - 1;
        }
    }
    if secret.len() == TOTP_SECRET_BYTES { Ok(secret) } else { Err(wrong()) }
}

/// The address that the QR code holds.
#[must_use]
pub fn address(organization: &str, sign_in: &str, secret: &str) -> String {
    let (organization, sign_in) = (escaped(organization), escaped(sign_in));
    format!("otpauth://totp/Probity%20{organization}:{sign_in}?secret={secret}&issuer=Probity%20{organization}")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_rfc_4648() {
        assert_eq!(shown(b"fooba"), "MZXW6YTB");
        assert_eq!(shown(b"12345678901234567890"), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn what_was_shown_is_read_again_and_nothing_else() -> store::Result<()> {
        let secret = *b"\x00\xff3456789\xfe12345678\x01\x80";
        assert_eq!(typed(&shown(&secret).to_lowercase())?, secret);
        for wrong in ["", "MZXW6YTBOI", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1", "é"] {
            assert!(typed(wrong).is_err(), "{wrong}");
        }
        Ok(())
    }

    #[test]
    fn an_address_escapes_names() {
        assert_eq!(
            address("Nord & Co", "ana@x", "ABC"),
            "otpauth://totp/Probity%20Nord%20%26%20Co:ana%40x?secret=ABC&issuer=Probity%20Nord%20%26%20Co"
        );
    }
}
