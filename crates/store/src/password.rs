//! Passwords as SP 800-63B-4 section 3.1.1.2 has them: long rather than odd, in any script, without rules of composition,
//! and none that is known or easily guessed. Kept as Argon2id verifiers (RFC 9106).

use std::sync::{Condvar, Mutex, PoisonError};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use trial::{
    limit,
    policy::{Policy, Setting},
};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Argon2id memory, in KiB; with two passes and one lane, the second choice of RFC 9106 scaled to OWASP's figure.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Passwords hashed, or judged, at once. More would let sign-ins take the machine's memory.
pub const AT_ONCE: usize = 4;
/// Guesses that a password must stand, as a power of ten: beside a second factor, and alone. Sign-ins wait longer after each
/// failure, so that nobody makes a ten-thousandth of them.
const GUESSES_MIN: (f64, f64) = (6.0, 8.0);

/// A password as it is compared.
pub(crate) struct Password(Zeroizing<String>);

/// What of a person others know, and so would try first.
pub(crate) struct About<'a> {
    pub sign_in: &'a str,
    pub name: &'a str,
    pub email: &'a str,
    pub organization: &'a str,
}

impl Password {
    /// As typed. Keyboards spell some characters in two ways, an å as one sign or as a letter and its ring: NFC makes them
    /// one spelling, and changes no character into another. SP 800-63B-4 3.1.1.2 names NFKC, which does (a ligature
    /// becomes its letters), against ASVS 5.0 6.2.8.
    pub(crate) fn typed(text: &str) -> Self {
        // What is too long to be one is not worth the work.
        let most =
            text.char_indices().nth(limit::PASSWORD_BYTES_MAX.saturating_add(1)).map_or(text.len(), |(at, _)| at);
        Password(Zeroizing::new(text.split_at(most).0.nfc().collect()))
    }

    /// Refuses one that is shorter than a policy asks for, too long or too easily guessed, and says what would be better.
    pub(crate) fn check(&self, about: &About<'_>, policy: &Policy, second_factor: bool) -> Result<()> {
        let least = policy.password_characters(second_factor);
        if u32::try_from(self.0.chars().count()).is_ok_and(|count| count < least) {
            return Err(refused(
                "too_short",
                format!("a password has at least {least} characters here: a few words do well"),
            ));
        }
        if self.0.len() > limit::PASSWORD_BYTES_MAX {
            return Err(refused("too_long", format!("a password has at most {} bytes", limit::PASSWORD_BYTES_MAX)));
        }
        match self.weakness(about, second_factor) {
            None => Ok(()),
            Some(why) => Err(refused("guessable", why)),
        }
    }

    /// Refuses one of the last so many, where a policy says so. `former`: their verifiers, the newest first.
    pub(crate) fn check_former(&self, policy: &Policy, former: &[String]) -> Result<()> {
        let remembered = usize::try_from(policy.get(Setting::PasswordHistory)).unwrap_or(usize::MAX);
        for verifier in former.iter().take(remembered) {
            if self.fits(verifier)? {
                return Err(refused("former", "you had this one before: choose another".to_owned()));
            }
        }
        Ok(())
    }

    /// Why it is easily guessed: by lists of known passwords, words and names, by patterns, and by what is known of its
    /// owner. `None`: it is not.
    pub(crate) fn weakness(&self, about: &About<'_>, second_factor: bool) -> Option<String> {
        let _turn = Turn::take();
        let known = about.words();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let judged = zxcvbn::zxcvbn(&self.0, &known);
        let (beside, alone) = GUESSES_MIN;
        if judged.guesses_log10() >= if second_factor { beside } else { alone } {
            return None;
        }
        let feedback = judged.feedback();
        let warning = feedback.and_then(|feedback| feedback.warning()).map(|warning| sentence(&warning.to_string()));
        let advice =
            feedback.and_then(|feedback| feedback.suggestions().first().map(|first| sentence(&first.to_string())));
        let why = warning.unwrap_or_else(|| "this is easily guessed".to_owned());
        Some(match advice {
            Some(advice) => format!("{why}: {advice}"),
            None => why,
        })
    }

    /// The verifier that is kept of it (PHC string).
    pub(crate) fn hashed(&self) -> Result<String> {
        let _turn = Turn::take();
        argon2()?.hash_password(self.0.as_bytes()).map(|hash| hash.to_string()).map_err(Error::fault)
    }

    /// Whether a verifier is of this password.
    pub(crate) fn fits(&self, verifier: &str) -> Result<bool> {
        let hash = PasswordHash::new(verifier).map_err(Error::fault)?;
        let _turn = Turn::take();
        Ok(argon2()?.verify_password(self.0.as_bytes(), &hash).is_ok())
    }

    /// As much work as for a verifier that exists.
    pub(crate) fn fits_nobody(&self) -> Result<()> {
        self.fits(ABSENT).map(drop)
    }
}

/// Whether a verifier was made with less work than is asked now.
pub(crate) fn is_outdated(verifier: &str) -> bool {
    let made = PasswordHash::new(verifier).ok();
    let params = made.as_ref().and_then(|hash| Params::try_from(hash).ok());
    params.is_none_or(|params| params.m_cost() < MEMORY_KIB || params.t_cost() < PASSES || params.p_cost() < LANES)
}

/// A verifier that fits no password, for names that do not exist. Same parameters, so the same time.
const ABSENT: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm8$vDqvP1WqNlZ2mPnSa0S0mZs8vJtS0yqk1Lkl4xk3Vd0";

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Error::fault)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

impl About<'_> {
    fn words(&self) -> Vec<String> {
        let parts = [self.sign_in, self.name, self.email, self.organization].into_iter().flat_map(|text| {
            let apart = text.split(|sign: char| !sign.is_alphanumeric()).filter(|part| part.chars().count() > 2);
            apart.chain([text])
        });
        parts.chain(["probity"]).map(str::to_lowercase).collect()
    }
}

fn refused(code: &'static str, message: impl Into<String>) -> Error {
    Error::refused("password", code, message.into())
}

/// A sentence of the library's as part of one of ours.
fn sentence(text: &str) -> String {
    let mut signs = text.trim().trim_end_matches('.').chars();
    signs.next().map_or_else(String::new, |first| first.to_lowercase().chain(signs).collect())
}

/// A place among those who hash.
struct Turn;

static HASHING: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

impl Turn {
    fn take() -> Turn {
        let (count, freed) = &HASHING;
        let mut hashing = count.lock().unwrap_or_else(PoisonError::into_inner);
        while *hashing >= AT_ONCE {
            hashing = freed.wait(hashing).unwrap_or_else(PoisonError::into_inner);
        }
        *hashing = hashing.saturating_add(1);
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (count, freed) = &HASHING;
        let mut hashing = count.lock().unwrap_or_else(PoisonError::into_inner);
        *hashing = hashing.saturating_sub(1);
        freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: About<'_> =
        About { sign_in: "ana.lind", name: "Ana Lind", email: "ana@oslo.example.org", organization: "Oslo Trials" };

    fn code(password: &str, second_factor: bool) -> Option<&'static str> {
        match Password::typed(password).check(&ANA, &Policy::platform(), second_factor) {
            Ok(()) => None,
            Err(Error::Refused(why)) => why.first().map(|first| first.code),
            Err(_) => Some("fault"),
        }
    }

    #[test]
    fn length_counts_characters_of_any_script() {
        let cases = [
            ("fourteen chars", false, Some("too_short")),
            ("fifteen letters", false, None),
            ("blåbærsyltetøy på vaffel", false, None),
            ("七転び八起き、猿も木から落ちる", false, None),
            ("kornet8", true, Some("too_short")),
            ("kornåker", true, None),
        ];
        for (password, second_factor, expected) in cases {
            assert_eq!(code(password, second_factor), expected, "{password}");
        }
        let long = "ein sehr langer Satz mit Umlauten: äöü, und noch einiges mehr dahinter".repeat(2);
        assert_eq!(code(&long, false), None);
        assert_eq!(code(&"lang und länger ".repeat(40), false), Some("too_long"));
        assert_eq!(code(&"x".repeat(1_000_000), false), Some("too_long"));
    }

    #[test]
    fn no_rule_of_composition_and_nothing_that_is_known() {
        for good in
            ["correct horse battery", "alllowercaseandnodigits maybe", "8142 7713 9026 4485", "a few plain words"]
        {
            assert_eq!(code(good, false), None, "{good}");
        }
        for known in [
            "passwordpassword",
            "qwertyuiopasdfgh",
            "aaaaaaaaaaaaaaaaaa",
            "123456789012345678",
            "password12345678",
            "ana@oslo.example.org",
        ] {
            assert_eq!(code(known, false), Some("guessable"), "{known}");
        }
        for known in ["P@ssw0rd", "trustno1", "iloveyou", "ana.lind"] {
            assert_eq!(code(known, true), Some("guessable"), "{known}");
        }
    }

    #[test]
    fn it_is_the_same_however_it_is_typed() -> Result<()> {
        let verifier = Password::typed("blåbærsyltetøy på vaffel").hashed()?;
        // With a ring above as a sign of its own.
        assert!(Password::typed("bla\u{30a}bærsyltetøy pa\u{30a} vaffel").fits(&verifier)?);
        assert!(!Password::typed("blabærsyltetøy pa vaffel").fits(&verifier)?);
        Ok(())
    }

    #[test]
    fn nothing_of_what_is_typed_is_cut_folded_or_put_right() -> Result<()> {
        let typed = format!(" A few Plain words, of ﬁne length {} ", "and more ".repeat(50));
        let verifier = Password::typed(&typed).hashed()?;
        assert!(Password::typed(&typed).fits(&verifier)?);
        let last = typed.char_indices().last().map_or(0, |(at, _)| at);
        for other in [
            typed.to_lowercase(),
            typed.trim().to_owned(),
            typed.split_at(last).0.to_owned(),
            format!("{typed}x"),
            typed.replace('ﬁ', "fi"),
            typed.replace("  ", " "),
        ] {
            assert!(other == typed || !Password::typed(&other).fits(&verifier)?, "{other}");
        }
        Ok(())
    }

    #[test]
    fn nothing_that_is_typed_takes_long_to_judge() {
        let most = limit::PASSWORD_BYTES_MAX;
        for part in ["a", "aA", "ab1!", "qwerty", "1-", "2026-11-21", "password", "pässword", "!@#$%", "zxcvbnm,./"] {
            let typed: String = part.chars().cycle().take(most).collect();
            for text in [typed.clone(), format!("{typed}\u{1f600}"), typed.chars().rev().collect()] {
                let begun = std::time::Instant::now();
                let _ = code(&text, false);
                let took = begun.elapsed();
                assert!(took < std::time::Duration::from_secs(5), "{part}: {took:?}");
            }
        }
    }

    #[test]
    fn a_verifier_of_less_work_is_outdated() -> Result<()> {
        let verifier = Password::typed("whatever it may be").hashed()?;
        assert!(verifier.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{verifier}");
        assert!(!is_outdated(&verifier) && !is_outdated(ABSENT));
        assert!(is_outdated(&verifier.replace("m=19456", "m=4096")));
        assert!(is_outdated(&verifier.replace("t=2", "t=1")));
        assert!(is_outdated("not a verifier"));
        Ok(())
    }
}
