//! Proving a person: password (Argon2id), then a time-based code where one is set. An unknown name costs as long as
//! a wrong password and is answered the same. Hashing runs on the caller's thread, few at a time, never on the writer's.

use std::sync::{Condvar, Mutex, PoisonError};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use serde::Serialize;
use trial::{
    ids::{PersonId, RequestId},
    limit,
};

use crate::{
    actor::Actor,
    acts::{ChangePassword, Enrol, OpenSession, RefuseSignIn, SetSecondFactor, person},
    backend::values,
    error::{Error, Result},
    organization::Organization,
    record::{CredentialRecord, OrganizationRecord, PersonRecord},
    session, throttle,
    tx::Receipt,
};

/// Argon2id memory, in KiB; with two passes and one lane, the second choice of RFC 9106 scaled to OWASP's figure.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Passwords hashed at once. More would let sign-ins take the machine's memory.
const AT_ONCE: usize = 4;
/// Seconds that one code lasts (RFC 6238).
const STEP_SECONDS: u64 = 30;
/// A second factor's secret, in bytes (RFC 4226 recommends 20).
pub const TOTP_SECRET_BYTES: usize = 20;

/// What came of a sign-in that was not refused.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// Signed in: the token is the caller's.
    Open(Receipt),
    /// The password holds; a code is needed too.
    CodeNeeded,
    /// The password holds, but the organization asks for a second factor and none is set: enrol again.
    SecondFactorMissing,
}

/// What the holder of an enrolment token is told.
#[derive(Debug, Clone, Serialize)]
pub struct Enrolment {
    /// Who.
    pub person: PersonId,
    /// Name, as an administrator typed it.
    pub name: String,
    /// The name to sign in with.
    pub sign_in: String,
    /// Whether a second factor must be set too.
    pub second_factor: bool,
}

impl Organization {
    /// Signs a person in. `token` is a fresh random secret of the caller's: only its hash is stored.
    ///
    /// # Errors
    /// Refused with one answer for unknown names and wrong passwords; `Busy` with the time to wait while attempts
    /// come too fast.
    pub fn sign_in(&self, sign_in: &str, password: &str, code: Option<&str>, token: &str) -> Result<SignIn> {
        let folded = person::folded(sign_in);
        let throttle_tag = self.shared().ring.tag("throttle", &folded);
        self.wait_over(&throttle_tag)?;
        let known = self.credential_of(&folded)?;
        let proved = match &known {
            Some((_, credential)) => verified(password, &credential.password)?,
            None => {
                // As much work as for a name that exists.
                let _ = verified(password, absent())?;
                false
            }
        };
        let Some((person, credential)) = known.filter(|_| proved) else {
            let person = self.person_named(&folded)?;
            self.act_at_the_door(RefuseSignIn { throttle_tag, person })?;
            return Err(wrong_password());
        };
        let totp_step = match (&credential.totp, code.map(str::trim).filter(|code| !code.is_empty())) {
            (Some(_), None) => return Ok(SignIn::CodeNeeded),
            (None, _) if self.second_factor_needed()? => return Ok(SignIn::SecondFactorMissing),
            (None, _) => None,
            (Some(secret), Some(code)) => match self.matching_step(secret, code) {
                Some(step) => Some(step),
                None => {
                    self.act_at_the_door(RefuseSignIn { throttle_tag, person: Some(person) })?;
                    return Err(Error::refused("code", "wrong", "this code does not fit: type the one shown now"));
                }
            },
        };
        let open = OpenSession {
            person,
            token_tag: session::tag(token),
            throttle_tag,
            second_factor: totp_step.is_some(),
            totp_step,
        };
        self.act_at_the_door(open).map(SignIn::Open)
    }

    /// The enrolment token of a request that adds a person or renews an enrolment: 256 bits that only this
    /// organization's key gives, the same for a retry, so that it need not be stored to be told again.
    #[must_use]
    pub fn enrolment_token(&self, request: RequestId) -> String {
        URL_SAFE_NO_PAD.encode(self.shared().ring.tag("enrolment", &request.to_string()))
    }

    /// Whose enrolment a token is.
    ///
    /// # Errors
    /// Refused where it was used, has expired or was replaced.
    pub fn enrolment(&self, token: &str) -> Result<Enrolment> {
        let tag = session::tag(token);
        let now = crate::time::micros(self.shared().clock.now());
        self.reading(|snapshot| {
            let person = snapshot
                .db
                .one(
                    "SELECT id FROM person WHERE enrolment_tag = ?1 AND enrolment_end > ?2 AND active = 1",
                    values![&tag, now],
                    |row| row.id::<PersonId>(0),
                )?
                .ok_or_else(person::spent)?;
            let (_, record) = snapshot.current::<PersonRecord>(&person)?.ok_or_else(person::spent)?;
            let (_, organization) =
                snapshot.current::<OrganizationRecord>(&snapshot.organization)?.ok_or(Error::Hidden)?;
            Ok(Enrolment {
                person,
                name: record.name,
                sign_in: record.sign_in,
                second_factor: organization.second_factor,
            })
        })
    }

    /// Finishes an enrolment. `totp`: the secret, and a code from it.
    ///
    /// # Errors
    /// Refused with what is wrong with the password, the code or the token.
    pub fn enrol(
        &self,
        token: &str,
        password: &str,
        totp: Option<(&[u8], &str)>,
        request: RequestId,
    ) -> Result<Receipt> {
        let enrolment = self.enrolment(token)?;
        let secret = match totp {
            None if enrolment.second_factor => {
                return Err(Error::refused(
                    "code",
                    "needed",
                    "this organization asks for a second factor: scan the code with your app and type what it shows",
                ));
            }
            None => None,
            Some((secret, code)) => {
                self.matching_step(secret, code).ok_or_else(|| {
                    Error::refused(
                        "code",
                        "wrong",
                        "this code does not fit: check the app's clock and type the code shown now",
                    )
                })?;
                Some(secret.to_vec())
            }
        };
        check_password(password, &enrolment.sign_in, secret.is_some())?;
        let password = hashed(password)?;
        let act = Enrol { person: enrolment.person, enrolment_tag: session::tag(token), password, totp: secret };
        self.act(&Actor::nobody(), act, request)
    }

    /// Changes one's own password, once the old one is shown.
    ///
    /// # Errors
    /// Refused with what is wrong; `Busy` while attempts come too fast.
    pub fn change_password(&self, actor: &Actor, old: &str, new: &str, request: RequestId) -> Result<Receipt> {
        let person = actor.person().ok_or(Error::SignedOut)?;
        let (sign_in, credential) = self.reading(|snapshot| {
            let (_, record) = snapshot.current::<PersonRecord>(&person)?.ok_or(Error::Hidden)?;
            let (_, credential) = snapshot.current::<CredentialRecord>(&person)?.ok_or(Error::Hidden)?;
            Ok((record.sign_in, credential))
        })?;
        let throttle_tag = self.shared().ring.tag("throttle", &person::folded(&sign_in));
        self.wait_over(&throttle_tag)?;
        if !verified(old, &credential.password)? {
            self.act_at_the_door(RefuseSignIn { throttle_tag, person: Some(person) })?;
            return Err(Error::refused("old", "wrong", "this is not your password"));
        }
        check_password(new, &sign_in, credential.totp.is_some())?;
        self.act(actor, ChangePassword { password: hashed(new)? }, request)
    }

    /// Sets one's own second factor, once a code from it is shown.
    ///
    /// # Errors
    /// Refused where the code does not fit.
    pub fn set_second_factor(&self, actor: &Actor, secret: &[u8], code: &str, request: RequestId) -> Result<Receipt> {
        if secret.len() != TOTP_SECRET_BYTES {
            return Err(Error::refused("secret", "length", "begin again: the secret is not the one that was shown"));
        }
        self.matching_step(secret, code).ok_or_else(|| {
            Error::refused("code", "wrong", "this code does not fit: check the app's clock and type the code shown now")
        })?;
        self.act(actor, SetSecondFactor { secret: secret.to_vec() }, request)
    }

    fn wait_over(&self, tag: &[u8; 32]) -> Result<()> {
        let now = self.shared().clock.now();
        self.reading(|snapshot| throttle::wait_over(snapshot.db, tag, now))
    }

    fn person_named(&self, folded: &str) -> Result<Option<PersonId>> {
        let tag = self.shared().ring.tag(person::SIGN_IN, folded);
        self.reading(|snapshot| {
            snapshot.db.one("SELECT id FROM person WHERE sign_in_tag = ?1", values![&tag], |row| row.id(0))
        })
    }

    fn credential_of(&self, folded: &str) -> Result<Option<(PersonId, CredentialRecord)>> {
        let tag = self.shared().ring.tag(person::SIGN_IN, folded);
        self.reading(|snapshot| {
            let person = snapshot.db.one(
                "SELECT id FROM person WHERE sign_in_tag = ?1 AND active = 1 AND enrolled = 1",
                values![&tag],
                |row| row.id::<PersonId>(0),
            )?;
            let Some(person) = person else { return Ok(None) };
            Ok(snapshot.current::<CredentialRecord>(&person)?.map(|(_, credential)| (person, credential)))
        })
    }

    fn second_factor_needed(&self) -> Result<bool> {
        self.reading(|snapshot| {
            Ok(snapshot
                .current::<OrganizationRecord>(&snapshot.organization)?
                .is_some_and(|(_, record)| record.second_factor))
        })
    }

    /// The time step whose code this is: now, or one step to either side for a clock that is a little off.
    fn matching_step(&self, secret: &[u8], code: &str) -> Option<u64> {
        let now = u64::try_from(self.shared().clock.now().as_second()).ok()? / STEP_SECONDS;
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        [now, now.saturating_sub(1), now.saturating_add(1)]
            .into_iter()
            .find(|step| subtle::ConstantTimeEq::ct_eq(code_at(secret, *step).as_bytes(), digits.as_bytes()).into())
    }

    fn act_at_the_door<A: crate::act::Act>(&self, act: A) -> Result<Receipt> {
        let request = self.fresh_request()?;
        self.act(&Actor::nobody(), act, request)
    }
}

/// Answers a sign-in to an organization that is not there: as to a wrong password, at the same cost.
#[must_use]
pub fn refuse_stranger(password: &str) -> Error {
    match verified(password, absent()) {
        Ok(_) => wrong_password(),
        Err(error) => error,
    }
}

fn wrong_password() -> Error {
    Error::refused("password", "wrong", "this name and password do not belong together")
}

/// Attempts come too fast: this long is left to wait.
#[must_use]
pub fn too_fast(left: SignedDuration) -> Error {
    let seconds = u32::try_from(left.as_secs().max(0)).unwrap_or(900).saturating_add(1);
    Error::Busy {
        message: format!("too many attempts failed: wait {seconds} seconds, then try again"),
        retry_after: seconds,
    }
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

/// SP 800-63B-4 3.1.1.2: length, no composition rules; not the sign-in name; not a run of one character.
fn check_password(password: &str, sign_in: &str, second_factor: bool) -> Result<()> {
    let least = if second_factor { 8 } else { limit::PASSWORD_CHARS_MIN };
    let chars = password.chars().count();
    if chars < least {
        return Err(Error::refused(
            "password",
            "too_short",
            format!("a password has at least {least} characters here: a few words do well"),
        ));
    }
    if password.len() > limit::PASSWORD_BYTES_MAX {
        return Err(Error::refused(
            "password",
            "too_long",
            format!("a password has at most {} bytes", limit::PASSWORD_BYTES_MAX),
        ));
    }
    let mut distinct: Vec<char> = password.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    // A name of three letters is part of many good passwords.
    let named = sign_in.chars().count() > 3 && password.to_lowercase().contains(sign_in);
    if distinct.len() < 4 || named {
        return Err(Error::refused(
            "password",
            "guessable",
            "choose one that does not hold your sign-in name or repeat a few characters",
        ));
    }
    Ok(())
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(Error::fault)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hashed(password: &str) -> Result<String> {
    let _turn = Turn::take();
    argon2()?.hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(Error::fault)
}

fn verified(password: &str, phc: &str) -> Result<bool> {
    let hash = PasswordHash::new(phc).map_err(Error::fault)?;
    let _turn = Turn::take();
    Ok(argon2()?.verify_password(password.as_bytes(), &hash).is_ok())
}

/// A verifier that fits no password, for names that do not exist. Same parameters, so the same time.
fn absent() -> &'static str {
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm8$vDqvP1WqNlZ2mPnSa0S0mZs8vJtS0yqk1Lkl4xk3Vd0"
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

    #[test]
    fn a_password_verifies_and_another_does_not() -> Result<()> {
        let hash = hashed("a coordinator's long words")?;
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verified("a coordinator's long words", &hash)?);
        assert!(!verified("a coordinator's long word", &hash)?);
        assert!(!verified("anything", absent())?);
        Ok(())
    }

    #[test]
    fn short_and_guessable_passwords_are_refused() {
        for (password, factor, good) in [
            ("short", true, false),
            ("eight ch", true, true),
            ("eight ch", false, false),
            ("fifteen characters and more", false, true),
            ("aaaaaaaaaaaaaaaaaaaa", false, false),
            ("ana.lund is my name", false, false),
        ] {
            assert_eq!(check_password(password, "ana.lund", factor).is_ok(), good, "{password}");
        }
    }
}
