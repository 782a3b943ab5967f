//! Enrolment: whoever holds a one-time token says how they will prove themselves from then on.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use trial::{
    ids::{PersonId, RequestId},
    policy::Policy,
};

use crate::{
    actor::Actor,
    acts::{
        Enrol, ReleaseEnrolment,
        enrol::{NewSecond, Proof, misproved, missing, spent, unproved},
        factor::NewPasskey,
        person,
    },
    assurance,
    backend::values,
    error::{Error, Result},
    organization::Organization,
    passkey::{self, Challenge, Made, Used},
    password::Password,
    record::PersonRecord,
    recovery,
    same::same,
    session, time, totp,
    tx::Receipt,
};

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
    /// Characters that the password has at least.
    pub password_characters: u32,
    /// Whether the account was set up before: then the link alone sets nothing (see [`GivenProof`]).
    pub before: Option<EnrolledWith>,
}

/// What somebody has who was enrolled before.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct EnrolledWith {
    /// Whether an authenticator app.
    pub code: bool,
    /// Whether a passkey.
    pub passkey: bool,
}

/// What is shown beside a link by somebody who was enrolled before.
#[derive(Debug, Clone, Copy)]
pub enum GivenProof<'a> {
    /// Nothing: this is the first link.
    Nothing,
    /// A code of the authenticator app, which stays; or a recovery code or the code of a release, and then all is set anew.
    Typed(&'a str),
    /// A passkey, which stays, and what was asked of it; `None` where that is too long ago to be known.
    Passkey(&'a Used, Option<&'a Challenge>),
}

/// What an enrolment sets.
#[derive(Debug, Clone, Copy)]
pub struct NewCredentials<'a> {
    /// The password from now on.
    pub password: &'a str,
    /// The second factor from now on.
    pub second: NewFactor<'a>,
    /// What is shown beside the link.
    pub proof: GivenProof<'a>,
}

/// A second factor that its owner has just made.
#[derive(Debug, Clone, Copy)]
pub enum NewFactor<'a> {
    /// None, where none is needed.
    None,
    /// Codes of an authenticator app.
    Code {
        /// The secret, as it was shown.
        secret: &'a [u8],
        /// A code from it.
        code: &'a str,
    },
    /// A passkey.
    Passkey {
        /// As its owner calls it.
        name: &'a str,
        /// What the browser told of it.
        made: &'a Made,
        /// What was asked; `None` where that is too long ago to be known.
        challenge: Option<&'a Challenge>,
    },
}

/// A session that an enrolment begins.
#[derive(Debug, Clone, Copy)]
pub struct Entering<'a> {
    /// A fresh random secret of the caller's: only its hash is stored.
    pub token: &'a str,
    /// From what kind of browser, where that is known.
    pub client: Option<&'a str>,
}

impl Organization {
    /// The enrolment token of a request that adds a person or renews an enrolment: 256 bits that only this
    /// organization's key gives, the same for a retry, so that it need not be stored to be told again.
    #[must_use]
    pub fn enrolment_token(&self, request: RequestId) -> String {
        URL_SAFE_NO_PAD.encode(self.shared().ring.tag("enrolment", &request.to_string()))
    }

    /// The secret of the program or device that a request registers: as [`Organization::enrolment_token`].
    #[must_use]
    pub fn client_token(&self, request: RequestId) -> String {
        URL_SAFE_NO_PAD.encode(self.shared().ring.tag("client", &request.to_string()))
    }

    /// Releases the enrolment link that another administrator made for somebody who lost everything; returns the code that
    /// they need beside it. The same for a retry.
    ///
    /// # Errors
    /// Refused for one's own link, for a person without a link, and for one who never enrolled.
    pub fn release_enrolment(&self, actor: &Actor, person: PersonId, request: RequestId) -> Result<(Receipt, String)> {
        let ring = &self.shared().ring;
        let code = recovery::spelled(&ring.tag("release", &request.to_string()));
        let typed = recovery::typed(&code).unwrap_or_default();
        let act = ReleaseEnrolment { person, code: recovery::hash(ring, person, &typed) };
        Ok((self.act(actor, act, request)?, code))
    }

    /// Whose enrolment a token is.
    ///
    /// # Errors
    /// Refused where it was used, has expired or was replaced.
    pub fn enrolment(&self, token: &str) -> Result<Enrolment> {
        let tag = session::tag(token);
        let now = self.shared().clock.now();
        self.reading(|snapshot| {
            let (person, before) = snapshot
                .db
                .one(
                    "SELECT p.id, p.enrolled, p.code, (SELECT count(*) FROM passkey k WHERE k.person = p.id)
                     FROM person p WHERE p.enrolment_tag = ?1 AND p.enrolment_end > ?2 AND p.active = 1",
                    values![&tag, time::micros(now)],
                    |row| {
                        let [enrolled, code, passkey] = [row.int(1)? != 0, row.int(2)? != 0, row.int(3)? != 0];
                        Ok((row.id::<PersonId>(0)?, enrolled.then_some(EnrolledWith { code, passkey })))
                    },
                )?
                .ok_or_else(spent)?;
            let (_, record) = snapshot.current::<PersonRecord>(&person)?.ok_or_else(spent)?;
            let second_factor = assurance::second_factor_needed(snapshot.db, snapshot.ring, snapshot.organization)?;
            let PersonRecord { name, sign_in, .. } = record;
            let policy = self.shared().policy_of(snapshot.db, person, now)?;
            let password_characters =
                policy.password_characters(second_factor || before.is_some_and(|has| has.code || has.passkey));
            Ok(Enrolment { person, name, sign_in, second_factor, password_characters, before })
        })
    }

    /// Finishes a first enrolment. `totp`: the secret, and a code from it.
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
        let second = totp.map_or(NewFactor::None, |(secret, code)| NewFactor::Code { secret, code });
        self.enrolled(token, NewCredentials { password, second, proof: GivenProof::Nothing }, None, request)
    }

    /// As [`Organization::enrol`], with all that may be chosen and shown, and begins a session at once, for the code that was
    /// shown does not work again. A request made again begins none: its receipt says so.
    ///
    /// # Errors
    /// As those, and with what is wrong with what is shown; `TooFast` while attempts come too fast.
    pub fn enrol_and_enter(
        &self,
        token: &str,
        choice: NewCredentials<'_>,
        entering: Entering<'_>,
        request: RequestId,
    ) -> Result<Receipt> {
        self.enrolled(token, choice, Some(entering), request)
    }

    fn enrolled(
        &self,
        token: &str,
        NewCredentials { password, second, proof }: NewCredentials<'_>,
        entering: Option<Entering<'_>>,
        request: RequestId,
    ) -> Result<Receipt> {
        if let Some((done, person)) = self.done_before::<Enrol>(&Actor::nobody(), request)? {
            return self.same_password(person, password).map(|()| done);
        }
        let enrolment = self.enrolment(token)?;
        let client = entering.and_then(|entering| entering.client);
        let known = self.known_of(enrolment.person)?;
        let proof = enrolment.before.map(|_| self.shown(enrolment.person, &known, proof, client)).transpose()?;
        let keeps = proof.as_ref().is_some_and(|(proof, _)| proof.kept().is_some());
        let policy = self.policy_of(enrolment.person)?;
        let second = if keeps { None } else { self.checked(second, &policy)? };
        if !keeps && second.is_none() && enrolment.second_factor {
            return Err(missing());
        }
        let password = Password::typed(password);
        password.check(&known.about(self.name()), &policy, keeps || second.is_some())?;
        if keeps {
            self.other_than_provider(enrolment.person)?;
            password.check_former(&policy, &self.own_credential(enrolment.person)?.former)?;
        }
        let act = Enrol {
            person: enrolment.person,
            enrolment_tag: session::tag(token),
            password: password.hashed()?,
            second,
            proof,
            session: entering.map(|entering| session::tag(entering.token)),
            client: client.map(str::to_owned),
        };
        self.act(&Actor::nobody(), act, request)
    }

    /// What somebody shows beside their link who was enrolled before. What can be guessed waits like a sign-in.
    fn shown(
        &self,
        person: PersonId,
        known: &PersonRecord,
        proof: GivenProof<'_>,
        client: Option<&str>,
    ) -> Result<(Proof, Option<[u8; 32]>)> {
        match proof {
            GivenProof::Nothing => Err(unproved()),
            GivenProof::Passkey(used, challenge) => match self.passkey_used(used, challenge, client)? {
                (owner, second) if owner == person => Ok((Proof::Second(second), None)),
                _ => Err(passkey::unknown()),
            },
            GivenProof::Typed(typed) => {
                let tag = self.throttle_tag(&person::folded(&known.sign_in));
                self.wait_over(&tag)?;
                let credential = self.own_credential(person)?;
                let second = self.second(person, &credential, typed)?.map(Proof::Second);
                match second.or_else(|| self.released(person, known, typed)) {
                    Some(proof) => Ok((proof, Some(tag))),
                    None => {
                        self.refuse(tag, Some(person), client)?;
                        Err(misproved())
                    }
                }
            }
        }
    }

    /// The code of a release, where what was typed is it.
    fn released(&self, person: PersonId, known: &PersonRecord, typed: &str) -> Option<Proof> {
        let code = recovery::hash(&self.shared().ring, person, &recovery::typed(typed)?);
        let released = known.enrolment.as_ref()?.release?;
        same(&released, &code).then_some(Proof::Release { code })
    }

    /// A new second factor, once it was shown.
    fn checked(&self, second: NewFactor<'_>, policy: &Policy) -> Result<Option<NewSecond>> {
        Ok(match second {
            NewFactor::None => None,
            NewFactor::Code { secret, code } => {
                let now = self.shared().clock.now();
                let step = totp::matching_step(secret, code, now, policy).ok_or_else(misread_code)?;
                Some(NewSecond::Code { secret: secret.to_vec(), step })
            }
            NewFactor::Passkey { name, made, challenge } => {
                Some(NewSecond::Passkey(new_passkey(name, made, challenge)?))
            }
        })
    }
}

/// A passkey that was just made, once it holds.
pub(crate) fn new_passkey(name: &str, made: &Made, challenge: Option<&Challenge>) -> Result<NewPasskey> {
    let challenge = challenge.ok_or_else(|| {
        Error::refused("passkey", "late", "this took longer than two minutes: add the passkey once more")
    })?;
    let credential = made.check(challenge)?;
    Ok(NewPasskey {
        name: name.to_owned(),
        credential: credential.id,
        key: credential.key,
        counter: credential.counter,
        copied: credential.copied,
    })
}

/// A code that does not fit a secret that was just shown.
pub(crate) fn misread_code() -> Error {
    Error::refused("code", "wrong", "this code does not fit: check the app's clock and type the code shown now")
}
