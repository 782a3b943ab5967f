//! Enrolment: whoever holds a one-time token says how they will prove themselves from then on.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use trial::ids::{PersonId, RequestId};

use crate::{
    actor::Actor,
    acts::{
        Enrol,
        enrol::{NewSecond, missing, spent},
        factor::NewPasskey,
    },
    assurance,
    backend::values,
    error::{Error, Result},
    organization::Organization,
    passkey::{Challenge, Made},
    password::Password,
    record::PersonRecord,
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

    /// Whose enrolment a token is.
    ///
    /// # Errors
    /// Refused where it was used, has expired or was replaced.
    pub fn enrolment(&self, token: &str) -> Result<Enrolment> {
        let tag = session::tag(token);
        let now = self.shared().clock.now();
        self.reading(|snapshot| {
            let person = snapshot
                .db
                .one(
                    "SELECT id FROM person WHERE enrolment_tag = ?1 AND enrolment_end > ?2 AND active = 1",
                    values![&tag, time::micros(now)],
                    |row| row.id::<PersonId>(0),
                )?
                .ok_or_else(spent)?;
            let (_, record) = snapshot.current::<PersonRecord>(&person)?.ok_or_else(spent)?;
            let second_factor = assurance::second_factor_needed(snapshot.db, snapshot.ring, snapshot.organization)?;
            let PersonRecord { name, sign_in, .. } = record;
            let policy = self.shared().policy_of(snapshot.db, person, now)?;
            let password_characters = policy.password_characters(second_factor);
            Ok(Enrolment { person, name, sign_in, second_factor, password_characters })
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
        let second = totp.map_or(NewFactor::None, |(secret, code)| NewFactor::Code { secret, code });
        self.enrolled(token, password, second, None, request)
    }

    /// As [`Organization::enrol`], with whatever second factor, and begins a session at once, for the code that was shown
    /// does not work again. A request made again begins none: its receipt says so.
    ///
    /// # Errors
    /// As those.
    pub fn enrol_and_enter(
        &self,
        token: &str,
        password: &str,
        second: NewFactor<'_>,
        entering: Entering<'_>,
        request: RequestId,
    ) -> Result<Receipt> {
        self.enrolled(token, password, second, Some(entering), request)
    }

    fn enrolled(
        &self,
        token: &str,
        password: &str,
        second: NewFactor<'_>,
        entering: Option<Entering<'_>>,
        request: RequestId,
    ) -> Result<Receipt> {
        if let Some((done, person)) = self.done_before::<Enrol>(&Actor::nobody(), request)? {
            return self.same_password(person, password).map(|()| done);
        }
        let enrolment = self.enrolment(token)?;
        let second = self.checked(second)?;
        if second.is_none() && enrolment.second_factor {
            return Err(missing());
        }
        let password = Password::typed(password);
        let known = self.known_of(enrolment.person)?;
        password.check(&known.about(self.name()), &self.policy_of(enrolment.person)?, second.is_some())?;
        let act = Enrol {
            person: enrolment.person,
            enrolment_tag: session::tag(token),
            password: password.hashed()?,
            second,
            session: entering.map(|entering| session::tag(entering.token)),
            client: entering.and_then(|entering| entering.client.map(str::to_owned)),
        };
        self.act(&Actor::nobody(), act, request)
    }

    /// A new second factor, once it was shown.
    fn checked(&self, second: NewFactor<'_>) -> Result<Option<NewSecond>> {
        Ok(match second {
            NewFactor::None => None,
            NewFactor::Code { secret, code } => {
                let now = self.shared().clock.now();
                let step = totp::matching_step(secret, code, now).ok_or_else(misread_code)?;
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
