//! Sign-ins, good and bad, and the ends of sessions. All are in the organization's ledger.

use serde::Serialize;
use trial::{
    ids::{PersonId, SessionId},
    permission::Permission,
};

use crate::{
    act::Act,
    actor::Access,
    acts::person,
    error::{Error, Result},
    place::Target,
    session, throttle,
    tx::Tx,
};

/// Opens a session. Made only by a sign-in that has proved the person.
#[derive(Serialize)]
pub struct OpenSession {
    pub(crate) person: PersonId,
    pub(crate) token_tag: [u8; 32],
    pub(crate) throttle_tag: [u8; 32],
    pub(crate) second_factor: bool,
    /// The time step of the code that was used, so that it works once.
    pub(crate) totp_step: Option<u64>,
    /// What the person proves themselves with from now on, where that changes.
    pub(crate) renewed: Option<NewVerifier>,
}

/// A verifier in place of the one that a sign-in was checked against.
#[derive(Serialize)]
pub struct NewVerifier {
    pub(crate) verifier: String,
    /// Whether it is of a new password, and not of the same one with more work.
    pub(crate) chosen: bool,
}

impl Act for OpenSession {
    const NAME: &'static str = "session.open";
    const NEEDS: Permission = Permission::SignIn;

    fn target(&self) -> Target {
        Target::Door
    }

    fn apply(&self, tx: &mut Tx<'_>, _: &Access) -> Result<()> {
        throttle::wait_over(tx.db, &self.throttle_tag, tx.at())?;
        if let Some(step) = self.totp_step {
            throttle::spend_code(tx.db, &self.person, step)?;
        }
        if let Some(renewed) = &self.renewed {
            if renewed.chosen {
                // Whoever knew the old one may be signed in with it.
                tx.end_sessions(self.person, session::Which::AllBut(None))?;
            }
            person::renew_verifier(tx, self.person, &renewed.verifier)?;
        }
        let id: SessionId = tx.new_id()?;
        let at = tx.at();
        throttle::clear(tx.db, &self.throttle_tag)?;
        session::open(tx.db, id, self.person, &self.token_tag, at)?;
        tx.name_person(self.person);
        Ok(())
    }
}

/// Records a sign-in that was refused, and makes the next one wait longer.
#[derive(Serialize)]
pub struct RefuseSignIn {
    pub(crate) throttle_tag: [u8; 32],
    /// The account tried, where there is one. What was typed is not kept: it may be a password.
    pub(crate) person: Option<PersonId>,
}

impl Act for RefuseSignIn {
    const NAME: &'static str = "session.refuse";
    const NEEDS: Permission = Permission::SignIn;

    fn target(&self) -> Target {
        Target::Door
    }

    fn apply(&self, tx: &mut Tx<'_>, _: &Access) -> Result<()> {
        // Guesses sent together were all let in before the first was counted: right or wrong, the late ones wait.
        throttle::wait_over(tx.db, &self.throttle_tag, tx.at())?;
        throttle::failed(tx.db, &self.throttle_tag, tx.at())?;
        if let Some(person) = self.person {
            tx.name_person(person);
        }
        Ok(())
    }
}

/// Ends one of one's own sessions.
#[derive(Debug, Serialize)]
pub struct EndSession {
    /// Which.
    pub session: SessionId,
}

impl Act for EndSession {
    const NAME: &'static str = "session.end";
    const NEEDS: Permission = Permission::OwnAccount;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        match tx.end_sessions(access.person()?, session::Which::One(self.session))? {
            0 => Err(Error::Hidden),
            _ => Ok(()),
        }
    }
}

/// Ends every session of one's own but the one that asks.
#[derive(Debug, Serialize)]
pub struct EndOtherSessions {}

impl Act for EndOtherSessions {
    const NAME: &'static str = "session.end_others";
    const NEEDS: Permission = Permission::OwnAccount;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        tx.end_sessions(access.person()?, session::Which::AllBut(access.actor().session())).map(drop)
    }
}
