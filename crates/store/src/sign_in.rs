//! Proving a person: password, then a time-based code where one is set. An unknown name costs as long as a wrong
//! password and is answered the same. Hashing runs on the caller's thread, few at a time, never on the writer's.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use serde::Serialize;
use trial::ids::{PersonId, RequestId};

use crate::{
    actor::Actor,
    acts::{ChangePassword, Enrol, NewVerifier, OpenSession, RefuseSignIn, SetSecondFactor, person},
    backend::values,
    error::{Error, Refusal, Result},
    organization::Organization,
    password::{self, Password},
    record::{CredentialRecord, OrganizationRecord, PersonRecord},
    session, throttle,
    tx::Receipt,
};

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
    /// The password holds, but may be known to others: a new one is needed, with [`Organization::sign_in_anew`].
    NewPasswordNeeded,
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
        self.prove(sign_in, password, code, None, token)
    }

    /// As [`Organization::sign_in`], with a new password in place of one that may be known to others. Where none is
    /// needed, the old one stays.
    ///
    /// # Errors
    /// Also what is wrong with the new password.
    pub fn sign_in_anew(
        &self,
        sign_in: &str,
        password: &str,
        code: Option<&str>,
        new: &str,
        token: &str,
    ) -> Result<SignIn> {
        self.prove(sign_in, password, code, Some(new), token)
    }

    fn prove(
        &self,
        sign_in: &str,
        password: &str,
        code: Option<&str>,
        new: Option<&str>,
        token: &str,
    ) -> Result<SignIn> {
        let folded = person::folded(sign_in);
        let throttle_tag = self.shared().ring.tag("throttle", &folded);
        self.wait_over(&throttle_tag)?;
        let password = Password::typed(password);
        let known = self.credential_of(&folded)?;
        let proved = match &known {
            Some((_, credential)) => password.fits(&credential.password)?,
            None => password.fits_nobody().map(|()| false)?,
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
        let renewed = match self.renewed(person, &credential, &password, new)? {
            Renewed::Needed => return Ok(SignIn::NewPasswordNeeded),
            Renewed::Not => None,
            Renewed::By(verifier) => Some(verifier),
        };
        let open = OpenSession {
            person,
            token_tag: session::tag(token),
            throttle_tag,
            second_factor: totp_step.is_some(),
            totp_step,
            renewed,
        };
        self.act_at_the_door(open).map(SignIn::Open)
    }

    /// What becomes of a password that has just been shown to hold. It is judged by what is known today: a list may have
    /// grown since it was chosen.
    fn renewed(
        &self,
        person: PersonId,
        credential: &CredentialRecord,
        password: &Password,
        new: Option<&str>,
    ) -> Result<Renewed> {
        let known = self.known_of(person)?;
        let (about, second_factor) = (known.about(self.name()), credential.totp.is_some());
        if credential.renew || password.weakness(&about, second_factor).is_some() {
            let Some(new) = new else { return Ok(Renewed::Needed) };
            let new = Password::typed(new);
            new.check(&about, second_factor).map_err(at_new_password)?;
            if new.fits(&credential.password)? {
                return Err(Error::refused("new_password", "same", "this is the old one: choose another"));
            }
            return new.hashed().map(|verifier| Renewed::By(NewVerifier { verifier, chosen: true }));
        }
        if password::is_outdated(&credential.password) {
            return password.hashed().map(|verifier| Renewed::By(NewVerifier { verifier, chosen: false }));
        }
        Ok(Renewed::Not)
    }

    fn known_of(&self, person: PersonId) -> Result<PersonRecord> {
        self.reading(|snapshot| {
            snapshot.current::<PersonRecord>(&person)?.map(|(_, record)| record).ok_or(Error::Hidden)
        })
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
        self.enrolled(token, password, totp, None, request)
    }

    /// As [`Organization::enrol`], and begins a session at once, for the code that was shown does not work again.
    /// `session` is a fresh random secret of the caller's. A request made again begins none: its receipt says so.
    ///
    /// # Errors
    /// As those.
    pub fn enrol_and_enter(
        &self,
        token: &str,
        password: &str,
        totp: Option<(&[u8], &str)>,
        session: &str,
        request: RequestId,
    ) -> Result<Receipt> {
        self.enrolled(token, password, totp, Some(session), request)
    }

    fn enrolled(
        &self,
        token: &str,
        password: &str,
        totp: Option<(&[u8], &str)>,
        session: Option<&str>,
        request: RequestId,
    ) -> Result<Receipt> {
        if let Some((done, person)) = self.done_before::<Enrol>(&Actor::nobody(), request)? {
            return self.same_password(person, password).map(|()| done);
        }
        let enrolment = self.enrolment(token)?;
        let (mut secret, mut totp_step) = (None, None);
        match totp {
            None if enrolment.second_factor => {
                return Err(Error::refused(
                    "code",
                    "needed",
                    "this organization asks for a second factor: scan the code with your app and type what it shows",
                ));
            }
            None => {}
            Some((shown, code)) => {
                let step = self.matching_step(shown, code).ok_or_else(|| {
                    Error::refused(
                        "code",
                        "wrong",
                        "this code does not fit: check the app's clock and type the code shown now",
                    )
                })?;
                (secret, totp_step) = (Some(shown.to_vec()), Some(step));
            }
        }
        let password = Password::typed(password);
        let known = self.known_of(enrolment.person)?;
        password.check(&known.about(self.name()), secret.is_some())?;
        let act = Enrol {
            person: enrolment.person,
            enrolment_tag: session::tag(token),
            password: password.hashed()?,
            totp: secret,
            totp_step,
            session: session.map(session::tag),
        };
        self.act(&Actor::nobody(), act, request)
    }

    /// What a request did that is made again, where it was this act: whose credential it set. Its body cannot tell, for a
    /// verifier is another each time.
    fn done_before<A: crate::act::Act>(
        &self,
        actor: &Actor,
        request: RequestId,
    ) -> Result<Option<(Receipt, PersonId)>> {
        self.reading(|snapshot| {
            let find = |row: &crate::backend::Row<'_>| Ok((row.number(0)?, row.size(1)?));
            let Some((number, index)) = snapshot.db.one(crate::core::REQUEST, values![&request], find)? else {
                return Ok(None);
            };
            let (bytes, entry) = crate::log::entry(snapshot.db, number, index)?;
            let of = "SELECT id FROM ledger WHERE number = ?1";
            let ledger = snapshot.db.one(of, values![number], |row| row.id(0))?.ok_or(Error::Hidden)?;
            let receipt = Receipt::of(ledger, index, &entry, ledger::leaf_hash(&bytes), true)?;
            let is_this = entry.act == A::NAME && entry.actor == actor.name();
            Ok(receipt.id("credential").filter(|_| is_this).map(|person| (receipt, person)))
        })
    }

    /// Whether this is the password that a person has; counted as an attempt like any other.
    fn same_password(&self, person: PersonId, password: &str) -> Result<()> {
        let folded = person::folded(&self.known_of(person)?.sign_in);
        let throttle_tag = self.shared().ring.tag("throttle", &folded);
        self.wait_over(&throttle_tag)?;
        let credential = self.credential_of(&folded)?;
        let same = match credential {
            Some((_, credential)) => Password::typed(password).fits(&credential.password)?,
            None => false,
        };
        if same {
            return Ok(());
        }
        self.act_at_the_door(RefuseSignIn { throttle_tag, person: Some(person) })?;
        Err(Error::Conflict {
            message: "this request id was used for another request: nothing was stored. Send this one under a new id"
                .into(),
            current: None,
        })
    }

    /// Changes one's own password, once the old one is shown.
    ///
    /// # Errors
    /// Refused with what is wrong; `Busy` while attempts come too fast.
    pub fn change_password(&self, actor: &Actor, old: &str, new: &str, request: RequestId) -> Result<Receipt> {
        let person = actor.person().ok_or(Error::SignedOut)?;
        if let Some((done, _)) = self.done_before::<ChangePassword>(actor, request)? {
            return self.same_password(person, new).map(|()| done);
        }
        let known = self.known_of(person)?;
        let (_, credential) =
            self.reading(|snapshot| snapshot.current::<CredentialRecord>(&person))?.ok_or(Error::Hidden)?;
        let throttle_tag = self.shared().ring.tag("throttle", &person::folded(&known.sign_in));
        self.wait_over(&throttle_tag)?;
        if !Password::typed(old).fits(&credential.password)? {
            self.act_at_the_door(RefuseSignIn { throttle_tag, person: Some(person) })?;
            return Err(Error::refused("old", "wrong", "this is not your password"));
        }
        let new = Password::typed(new);
        new.check(&known.about(self.name()), credential.totp.is_some())?;
        self.act(actor, ChangePassword { password: new.hashed()? }, request)
    }

    /// Sets one's own second factor, once a code from it is shown.
    ///
    /// # Errors
    /// Refused where the code does not fit.
    pub fn set_second_factor(&self, actor: &Actor, secret: &[u8], code: &str, request: RequestId) -> Result<Receipt> {
        if secret.len() != TOTP_SECRET_BYTES {
            return Err(Error::refused("secret", "length", "begin again: the secret is not the one that was shown"));
        }
        let totp_step = self.matching_step(secret, code).ok_or_else(|| {
            Error::refused("code", "wrong", "this code does not fit: check the app's clock and type the code shown now")
        })?;
        self.act(actor, SetSecondFactor { secret: secret.to_vec(), totp_step }, request)
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
    match Password::typed(password).fits_nobody() {
        Ok(()) => wrong_password(),
        Err(error) => error,
    }
}

/// What becomes of a password at a sign-in.
enum Renewed {
    /// It stays.
    Not,
    /// It may be known to others: the person has to choose another.
    Needed,
    /// Its verifier is replaced.
    By(NewVerifier),
}

/// What is wrong with a new password, at the field in which it is typed at a sign-in.
fn at_new_password(error: Error) -> Error {
    match error {
        Error::Refused(why) => {
            Error::Refused(why.into_iter().map(|one| Refusal { field: "new_password".into(), ..one }).collect())
        }
        other => other,
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
