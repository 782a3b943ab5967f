//! Recovery codes: 28 letters and digits, 140 random bits, for the day when a second factor is lost. Nobody tries that
//! many, so a hash under the organization's key keeps them as well as slow hashing would; and whoever has the table alone,
//! without the key, cannot even try.

use trial::ids::PersonId;
use zeroize::Zeroizing;

use crate::{
    error::{Error, Result},
    key::KeyRing,
};

/// How many are made at once.
pub const RECOVERY_CODES: usize = 10;
/// Letters of one: five bits each.
const LETTERS: usize = 28;
/// Base32 (RFC 4648 6) in small letters.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A new one, as it is shown: `abcd-efgh-ijkl-mnop-qrst-uvwx-yz23`.
pub(crate) fn fresh() -> Result<String> {
    let mut bytes = Zeroizing::new([0; LETTERS]);
    aws_lc_rs::rand::fill(&mut *bytes).map_err(Error::fault)?;
    Ok(spelled(&*bytes))
}

/// Random bytes as a code, five bits of each; those beyond what one needs are left out.
pub(crate) fn spelled(bytes: &[u8]) -> String {
    let bytes = bytes.iter().take(LETTERS);
    let letters = bytes.map(|byte| ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'a'));
    let mut code = String::with_capacity(LETTERS + LETTERS / 4);
    for (at, letter) in letters.enumerate() {
        if at > 0 && at % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(letter));
    }
    code
}

/// A recovery code, as it is compared; `None` where what was typed is none.
pub(crate) fn typed(text: &str) -> Option<String> {
    let code: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').flat_map(char::to_lowercase).collect();
    (code.len() == LETTERS && code.bytes().all(|letter| ALPHABET.contains(&letter))).then_some(code)
}

/// What is kept of one.
pub(crate) fn hash(ring: &KeyRing, person: PersonId, code: &str) -> [u8; 32] {
    ring.tag("recovery_code", &format!("{person} {code}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_again_however_it_is_typed() -> Result<()> {
        let code = fresh()?;
        assert_eq!(code.len(), 34, "{code}");
        // ASVS 5.0 11.5.1 asks for 128 bits, and 6.5.2 for 112 where no slow hash is used.
        const { assert!(LETTERS * 5 >= 128) };
        let plain = typed(&code);
        assert_eq!(plain, typed(&format!(" {} ", code.to_uppercase().replace('-', " "))));
        assert!(plain.is_some() && code != fresh()?);
        for none in ["", "123456", "abcd-efgh-ijkl-mnop-qrst-uvwx-yz2", "abcd-efgh-ijkl-mnop-qrst-uvwx-yz21"] {
            assert_eq!(typed(none), None, "{none}");
        }
        Ok(())
    }
}
