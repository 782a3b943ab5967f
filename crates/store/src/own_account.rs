//! What people change of how they prove themselves, and confirming that it is them.

use trial::ids::{PersonId, RequestId};

use crate::{
    actor::Actor,
    acts::{AddPasskey, ChangePassword, ConfirmPresence, MakeRecoveryCodes, SetSecondFactor, person},
    assurance::{Factor, Second},
    enrolment::{misread_code, new_passkey},
    error::{Error, Result},
    organization::Organization,
    passkey::{self, Challenge, Made, Used},
    password::Password,
    record::CredentialRecord,
    recovery, session,
    totp::{self, TOTP_SECRET_BYTES},
    tx::Receipt,
};

/// How somebody signed in shows again that it is them.
#[derive(Debug, Clone, Copy)]
pub enum Confirmation<'a> {
    /// The password, for who has no second factor.
    Password(&'a str),
    /// A code from the authenticator app.
    Code(&'a str),
    /// A passkey, and what was asked of it; `None` where that is too long ago to be known.
    Passkey(&'a Used, Option<&'a Challenge>),
}

impl Organization {
    /// Changes one's own password, once the old one is shown.
    ///
    /// # Errors
    /// Refused with what is wrong; `TooFast` while attempts come too fast.
    pub fn change_password(&self, actor: &Actor, old: &str, new: &str, request: RequestId) -> Result<Receipt> {
        let person = actor.person().ok_or(Error::SignedOut)?;
        if let Some((done, _)) = self.done_before::<ChangePassword>(actor, request)? {
            return self.same_password(person, new).map(|()| done);
        }
        let known = self.known_of(person)?;
        let credential = self.own_credential(person)?;
        let throttle_tag = self.throttle_tag(&person::folded(&known.sign_in));
        self.wait_over(&throttle_tag)?;
        if !Password::typed(old).fits(&credential.password)? {
            self.refuse(throttle_tag, Some(person), None)?;
            return Err(Error::refused("old", "wrong", "this is not your password"));
        }
        let new = Password::typed(new);
        let second_factor = self.second_factors(person)?.any();
        let policy = self.policy_of(person)?;
        new.check(&known.about(self.name()), &policy, second_factor)?;
        new.check_former(&policy, &credential.former)?;
        self.act(actor, ChangePassword { password: new.hashed()? }, request)
    }

    /// Sets codes of an authenticator app as one's own second factor, once one of them is shown.
    ///
    /// # Errors
    /// Refused where the code does not fit.
    pub fn set_second_factor(&self, actor: &Actor, secret: &[u8], code: &str, request: RequestId) -> Result<Receipt> {
        if secret.len() != TOTP_SECRET_BYTES {
            return Err(Error::refused("secret", "length", "begin again: the secret is not the one that was shown"));
        }
        let policy = self.policy_of(actor.person().ok_or(Error::SignedOut)?)?;
        let now = self.shared().clock.now();
        let totp_step = totp::matching_step(secret, code, now, &policy).ok_or_else(misread_code)?;
        self.act(actor, SetSecondFactor { secret: secret.to_vec(), totp_step }, request)
    }

    /// Adds a passkey of one's own. `challenge`: what was asked; `None` where that is too long ago to be known.
    ///
    /// # Errors
    /// Refused where it does not hold.
    pub fn add_passkey(
        &self,
        actor: &Actor,
        name: &str,
        made: &Made,
        challenge: Option<&Challenge>,
        request: RequestId,
    ) -> Result<Receipt> {
        self.act(actor, AddPasskey { passkey: new_passkey(name, made, challenge)? }, request)
    }

    /// Makes new recovery codes of one's own, and says them this once.
    ///
    /// # Errors
    /// `Conflict` where the request is made again: only hashes are kept.
    pub fn make_recovery_codes(&self, actor: &Actor, request: RequestId) -> Result<(Receipt, Vec<String>)> {
        let person = actor.person().ok_or(Error::SignedOut)?;
        let codes: Vec<String> = (0..recovery::RECOVERY_CODES).map(|_| recovery::fresh()).collect::<Result<_>>()?;
        let ring = &self.shared().ring;
        let hashes =
            codes.iter().filter_map(|code| Some(recovery::hash(ring, person, &recovery::typed(code)?))).collect();
        let receipt = self.act(actor, MakeRecoveryCodes { hashes }, request)?;
        Ok((receipt, codes))
    }

    /// Confirms that it is the person of this session, by the strongest factor that they have. `token` is a fresh random
    /// secret of the caller's, and the session's from now on.
    ///
    /// # Errors
    /// Refused where it does not hold or a stronger factor is there; `TooFast` while attempts come too fast.
    pub fn confirm(&self, actor: &Actor, shown: Confirmation<'_>, token: &str) -> Result<Receipt> {
        let person = actor.person().ok_or(Error::SignedOut)?;
        let strongest = self.second_factors(person)?.strongest();
        let token_tag = session::tag(token);
        let act = match (shown, strongest) {
            (Confirmation::Password(typed), Factor::Password) => {
                let credential = self.own_credential(person)?;
                let throttle_tag =
                    self.confirmed_by(person, "password", || Password::typed(typed).fits(&credential.password))?;
                ConfirmPresence { throttle_tag: Some(throttle_tag), password: true, second: None, token_tag }
            }
            (Confirmation::Code(typed), Factor::Code) => {
                let credential = self.own_credential(person)?;
                let (now, policy) = (self.shared().clock.now(), self.policy_of(person)?);
                let step = credential.totp.as_ref().and_then(|secret| totp::matching_step(secret, typed, now, &policy));
                let throttle_tag = self.confirmed_by(person, "code", || Ok(step.is_some()))?;
                let second = step.map(|step| Second::Code { step });
                ConfirmPresence { throttle_tag: Some(throttle_tag), password: false, second, token_tag }
            }
            (Confirmation::Passkey(used, challenge), Factor::Passkey) => {
                let (owner, second) = self.passkey_used(used, challenge, None)?;
                if owner != person {
                    return Err(passkey::unknown());
                }
                ConfirmPresence { throttle_tag: None, password: false, second: Some(second), token_tag }
            }
            (_, needed) => return Err(stronger(needed)),
        };
        self.act(actor, act, self.fresh_request()?)
    }

    /// Whether what was typed fits; one that does not is counted like a sign-in.
    fn confirmed_by(&self, person: PersonId, field: &str, fits: impl FnOnce() -> Result<bool>) -> Result<[u8; 32]> {
        let throttle_tag = self.throttle_tag(&person::folded(&self.known_of(person)?.sign_in));
        self.wait_over(&throttle_tag)?;
        if fits()? {
            return Ok(throttle_tag);
        }
        self.refuse(throttle_tag, Some(person), None)?;
        let why = if field == "code" {
            "this code does not fit: type the one shown now"
        } else {
            "this is not your password"
        };
        Err(Error::refused(field, "wrong", why))
    }

    pub(crate) fn own_credential(&self, person: PersonId) -> Result<CredentialRecord> {
        let found = self.reading(|snapshot| snapshot.current::<CredentialRecord>(&person))?;
        found.map(|(_, credential)| credential).ok_or(Error::Hidden)
    }
}

fn stronger(needed: Factor) -> Error {
    match needed {
        Factor::Passkey => Error::refused("passkey", "needed", "confirm with your passkey"),
        Factor::Code => Error::refused("code", "needed", "confirm with the code that your authenticator app shows now"),
        Factor::Password | Factor::Provider | Factor::RecoveryCode => {
            Error::refused("password", "needed", "confirm with your password")
        }
    }
}
