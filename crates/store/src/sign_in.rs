//! Proving a person: a password, then a second factor where one is set; or a passkey, which is both. An unknown name costs
//! as long as a wrong password and is answered the same. Hashing runs on the caller's thread, few at a time, never on the
//! writer's.

use jiff::SignedDuration;
use trial::{
    ids::{PersonId, RequestId},
    policy::{NEVER, Policy, Setting},
};

use crate::{
    actor::Actor,
    acts::{NewVerifier, OpenSession, RefuseSignIn, factor, person},
    assurance::{self, Assurance, Factor, Second},
    backend::values,
    dormant,
    error::{Error, Refusal, Result},
    organization::Organization,
    passkey::{self, CREDENTIAL, Challenge, Used},
    password::{self, Password},
    record::{CredentialRecord, PasskeyRecord, PersonRecord},
    recovery,
    same::among,
    session, throttle, time, totp,
    tx::Receipt,
};

/// What somebody signs in with who begins with a password.
#[derive(Debug, Clone, Copy, Default)]
pub struct Attempt<'a> {
    /// The name to sign in with.
    pub sign_in: &'a str,
    /// The password.
    pub password: &'a str,
    /// A code from the authenticator app, or a recovery code in its place.
    pub code: Option<&'a str>,
    /// A new password in place of one that may be known to others. Where none is needed, the old one stays.
    pub new_password: Option<&'a str>,
    /// From what kind of browser, where that is known.
    pub client: Option<&'a str>,
}

/// What came of a sign-in that was not refused.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// Signed in: the token is the caller's.
    Open(Receipt),
    /// The password holds; a second factor is needed too.
    CodeNeeded {
        /// Whether a code from an authenticator app is one.
        code: bool,
        /// Whether a passkey is one.
        passkey: bool,
    },
    /// The password holds, but the organization asks for a second factor and none is set: enrol again.
    SecondFactorMissing,
    /// The password holds, but may be known to others: a new one is needed, as [`Attempt::new_password`].
    NewPasswordNeeded,
}

/// What there is beside a first factor that holds.
pub(crate) enum Beside {
    /// The second factor that was shown, or none where none is set or asked for.
    Shown(Option<Second>),
    /// What is asked for first.
    Wanted(SignIn),
}

impl Organization {
    /// Signs a person in. `token` is a fresh random secret of the caller's: only its hash is stored.
    ///
    /// # Errors
    /// As [`Organization::attempt`].
    pub fn sign_in(&self, sign_in: &str, password: &str, code: Option<&str>, token: &str) -> Result<SignIn> {
        self.attempt(&Attempt { sign_in, password, code, ..Attempt::default() }, token)
    }

    /// As [`Organization::sign_in`], with all that may be said. `token` is a fresh random secret of the caller's.
    ///
    /// # Errors
    /// Refused with one answer for unknown names and wrong passwords, or with what is wrong with the new password;
    /// `TooFast` with the time to wait while attempts come too fast.
    pub fn attempt(&self, attempt: &Attempt<'_>, token: &str) -> Result<SignIn> {
        let folded = person::folded(attempt.sign_in);
        let throttle_tag = self.throttle_tag(&folded);
        self.wait_over(&throttle_tag)?;
        let password = Password::typed(attempt.password);
        let known = self.credential_of(&folded)?;
        let proved = match &known {
            Some((_, credential)) => password.fits(&credential.password)?,
            None => password.fits_nobody().map(|()| false)?,
        };
        let Some((person, credential)) = known.filter(|_| proved) else {
            let person = self.person_named(&folded)?;
            self.refuse(throttle_tag, person, attempt.client)?;
            return Err(wrong_password());
        };
        let second = match self.beside(person, &credential, attempt.code, (throttle_tag, attempt.client))? {
            Beside::Shown(second) => second,
            Beside::Wanted(wanted) => return Ok(wanted),
        };
        self.other_than_provider(person)?;
        let renewed = match self.renewed(person, &credential, &password, (attempt.new_password, second.is_some()))? {
            Renewed::Needed => return Ok(SignIn::NewPasswordNeeded),
            Renewed::Not => None,
            Renewed::By(verifier) => Some(verifier),
        };
        let open = OpenSession {
            person,
            token_tag: session::tag(token),
            throttle_tag: Some(throttle_tag),
            first: Some(Factor::Password),
            second,
            renewed,
            client: attempt.client.map(str::to_owned),
        };
        self.open_session(open).map(SignIn::Open)
    }

    /// What is shown, or wanted, beside what was shown first.
    pub(crate) fn beside(
        &self,
        person: PersonId,
        credential: &CredentialRecord,
        code: Option<&str>,
        (throttle_tag, client): ([u8; 32], Option<&str>),
    ) -> Result<Beside> {
        let has = self.second_factors(person)?;
        Ok(match code.map(str::trim).filter(|code| !code.is_empty()) {
            _ if !has.any() && self.founded_with_second_factor()? => Beside::Wanted(SignIn::SecondFactorMissing),
            _ if !has.any() => Beside::Shown(None),
            None => Beside::Wanted(SignIn::CodeNeeded { code: has.has_code, passkey: has.has_passkey }),
            Some(code) => match self.second(person, credential, code)? {
                Some(second) => Beside::Shown(Some(second)),
                None => {
                    self.refuse(throttle_tag, Some(person), client)?;
                    return Err(Error::refused("code", "wrong", "this code does not fit: type the one shown now"));
                }
            },
        })
    }

    /// Opens the session of somebody who was proved.
    pub(crate) fn open_session(&self, open: OpenSession) -> Result<Receipt> {
        let now = self.shared().clock.now();
        self.reading(|snapshot| {
            let policy = self.shared().policy_of(snapshot.db, open.person, now)?;
            dormant::refuse(dormant::shown(snapshot.db, open.person)?, &policy, now)
        })?;
        self.act_at_the_door(open)
    }

    /// The second factor that was typed: a recovery code by its shape, else a code of the app.
    pub(crate) fn second(
        &self,
        person: PersonId,
        credential: &CredentialRecord,
        typed: &str,
    ) -> Result<Option<Second>> {
        if let Some(code) = recovery::typed(typed) {
            let hash = recovery::hash(&self.shared().ring, person, &code);
            return Ok(among(&credential.recovery, &hash).then_some(Second::Recovery { hash }));
        }
        let Some(secret) = &credential.totp else { return Ok(None) };
        let (now, policy) = (self.shared().clock.now(), self.policy_of(person)?);
        Ok(totp::matching_step(secret, typed, now, &policy).map(|step| Second::Code { step }))
    }

    /// Signs in whoever's passkey this is. Failures of passwords do not make it wait: whoever guesses at an account keeps
    /// nobody out of it. `challenge`: what was asked; `None` where that is too long ago to be known.
    ///
    /// # Errors
    /// Refused with one answer, whatever does not hold.
    pub fn sign_in_with_passkey(
        &self,
        used: &Used,
        challenge: Option<&Challenge>,
        client: Option<&str>,
        token: &str,
    ) -> Result<Receipt> {
        let (person, second) = self.passkey_used(used, challenge, client)?;
        self.other_than_provider(person)?;
        let open = OpenSession {
            person,
            token_tag: session::tag(token),
            throttle_tag: None,
            first: None,
            second: Some(second),
            renewed: None,
            client: client.map(str::to_owned),
        };
        self.open_session(open)
    }

    /// Whose passkey was used.
    pub(crate) fn passkey_used(
        &self,
        used: &Used,
        challenge: Option<&Challenge>,
        client: Option<&str>,
    ) -> Result<(PersonId, Second)> {
        let challenge = challenge.ok_or_else(|| {
            Error::refused("passkey", "late", "this took longer than two minutes: use your passkey once more")
        })?;
        let tag = self.shared().ring.tag(CREDENTIAL, &factor::hex(&used.credential));
        let found = self.reading(|snapshot| {
            let passkey = snapshot.db.one(
                "SELECT k.id FROM passkey k JOIN person p ON p.id = k.person
                 WHERE k.tag = ?1 AND p.active = 1 AND p.enrolled = 1",
                values![&tag],
                |row| row.id::<trial::ids::PasskeyId>(0),
            )?;
            let Some(passkey) = passkey else { return Ok(None) };
            Ok(snapshot.current::<PasskeyRecord>(&passkey)?.map(|(_, record)| (passkey, record)))
        })?;
        let Some((passkey, record)) = found else { return Err(passkey::unknown()) };
        let own = used.user.is_empty() || used.user == passkey::user_handle(self.id(), record.person);
        match used.check(&record.key, challenge).filter(|_| own) {
            Some(counter) => Ok((record.person, Second::Passkey { passkey, counter })),
            None => {
                // Signatures are not guessed, so nobody has to wait; but no more are noted than waiting would let by.
                let throttle_tag = self.shared().ring.tag("throttle_passkey", &record.person.to_string());
                match self.refuse(throttle_tag, Some(record.person), client) {
                    Ok(()) | Err(Error::TooFast { .. }) => Err(passkey::unknown()),
                    Err(other) => Err(other),
                }
            }
        }
    }

    /// What becomes of a password that has just been shown to hold. It is judged by what is known today: a list may have
    /// grown since it was chosen.
    fn renewed(
        &self,
        person: PersonId,
        credential: &CredentialRecord,
        password: &Password,
        (new, second_factor): (Option<&str>, bool),
    ) -> Result<Renewed> {
        let known = self.known_of(person)?;
        let about = known.about(self.name());
        let policy = self.policy_of(person)?;
        let aged = self.is_aged(credential, &policy);
        if credential.renew || aged || password.weakness(&about, second_factor).is_some() {
            let Some(new) = new else { return Ok(Renewed::Needed) };
            let new = Password::typed(new);
            new.check(&about, &policy, second_factor).map_err(at_new_password)?;
            if new.fits(&credential.password)? {
                return Err(Error::refused("new_password", "same", "this is the old one: choose another"));
            }
            new.check_former(&policy, &credential.former).map_err(at_new_password)?;
            return new.hashed().map(|verifier| Renewed::By(NewVerifier { verifier, chosen: true }));
        }
        if password::is_outdated(&credential.password) {
            return password.hashed().map(|verifier| Renewed::By(NewVerifier { verifier, chosen: false }));
        }
        Ok(Renewed::Not)
    }

    /// What holds for a person's account: the strictest of wherever they work.
    pub(crate) fn policy_of(&self, person: PersonId) -> Result<Policy> {
        let now = self.shared().clock.now();
        self.reading(|snapshot| self.shared().policy_of(snapshot.db, person, now))
    }

    /// Whether a password is older than a policy lets one grow.
    fn is_aged(&self, credential: &CredentialRecord, policy: &Policy) -> bool {
        let days = policy.get(Setting::PasswordAge);
        let until = time::instant(credential.chosen).checked_add(trial::gate::days(days));
        days != NEVER && until.is_ok_and(|until| until <= self.shared().clock.now())
    }

    pub(crate) fn known_of(&self, person: PersonId) -> Result<PersonRecord> {
        self.reading(|snapshot| {
            snapshot.current::<PersonRecord>(&person)?.map(|(_, record)| record).ok_or(Error::Hidden)
        })
    }

    /// What a request did that is made again, where it was this act: whose credential it set. Its body cannot tell, for a
    /// verifier is another each time.
    pub(crate) fn done_before<A: crate::act::Act>(
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
    pub(crate) fn same_password(&self, person: PersonId, password: &str) -> Result<()> {
        let folded = person::folded(&self.known_of(person)?.sign_in);
        let throttle_tag = self.throttle_tag(&folded);
        self.wait_over(&throttle_tag)?;
        let credential = self.credential_of(&folded)?;
        let same = match credential {
            Some((_, credential)) => Password::typed(password).fits(&credential.password)?,
            None => false,
        };
        if same {
            return Ok(());
        }
        self.refuse(throttle_tag, Some(person), None)?;
        Err(Error::Conflict {
            message: "this request id was used for another request: nothing was stored. Send this one under a new id"
                .into(),
            current: None,
        })
    }

    /// Under which the failures of a sign-in name are counted.
    pub(crate) fn throttle_tag(&self, folded: &str) -> [u8; 32] {
        self.shared().ring.tag("throttle", folded)
    }

    pub(crate) fn wait_over(&self, tag: &[u8; 32]) -> Result<()> {
        let now = self.shared().clock.now();
        self.reading(|snapshot| throttle::wait_over(snapshot.db, tag, now))
    }

    /// Notes a failure, which makes the next attempt wait longer.
    pub(crate) fn refuse(&self, throttle_tag: [u8; 32], person: Option<PersonId>, client: Option<&str>) -> Result<()> {
        let client = client.map(str::to_owned);
        self.act_at_the_door(RefuseSignIn { throttle_tag, person, client }).map(drop)
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

    /// Which second factors a person has.
    pub(crate) fn second_factors(&self, person: PersonId) -> Result<Assurance> {
        let has = "SELECT code, (SELECT count(*) FROM passkey k WHERE k.person = p.id) FROM person p WHERE p.id = ?1";
        self.reading(|snapshot| {
            let found = snapshot.db.one(has, values![&person], |row| {
                Ok(Assurance { has_code: row.int(0)? != 0, has_passkey: row.int(1)? != 0, ..Assurance::default() })
            })?;
            found.ok_or(Error::Hidden)
        })
    }

    fn founded_with_second_factor(&self) -> Result<bool> {
        self.reading(|snapshot| {
            assurance::founded_with_second_factor(snapshot.db, snapshot.ring, snapshot.organization)
        })
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
    Error::TooFast { retry_after: u32::try_from(left.as_secs().max(0)).unwrap_or(900).saturating_add(1) }
}
