//! Sign-ins, good and bad, confirmations, and the ends of sessions. All are in the organization's ledger.

use serde::Serialize;
use trial::{
    ids::{PersonId, SessionId},
    permission::Permission,
};

use crate::{
    act::Act,
    actor::Access,
    acts::{
        person,
        security_event::{self, Happened},
    },
    assurance::{self, Factor, Freshness, Second},
    error::{Error, Result},
    place::Target,
    record::SecurityEvent,
    session::{self, Opening},
    throttle::{self, FREE_FAILURES},
    tx::Tx,
};

/// Opens a session. Made only by a sign-in that has proved the person.
#[derive(Serialize)]
pub struct OpenSession {
    pub(crate) person: PersonId,
    pub(crate) token_tag: [u8; 32],
    /// Whose failures a password or a code has waited for; a passkey waits for nobody's.
    pub(crate) throttle_tag: Option<[u8; 32]>,
    /// What was shown first: a password, or a sign-in elsewhere.
    pub(crate) first: Option<Factor>,
    /// What was shown beside that, or in place of it.
    pub(crate) second: Option<Second>,
    /// What the person proves themselves with from now on, where that changes.
    pub(crate) renewed: Option<NewVerifier>,
    /// From what kind of browser, where that is known.
    pub(crate) client: Option<String>,
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
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Door
    }

    fn apply(&self, tx: &mut Tx<'_>, _: &Access) -> Result<()> {
        let at = tx.at();
        if let Some(tag) = &self.throttle_tag {
            throttle::wait_over(tx.db, tag, at)?;
            throttle::clear(tx.db, tag)?;
        }
        let mut recovery = None;
        if let Some(second) = &self.second {
            second.spend(tx, self.person)?;
            if let Second::Recovery { hash } = second {
                recovery = Some(hash);
            }
        }
        let chosen = self.renewed.as_ref().is_some_and(|renewed| renewed.chosen);
        if chosen {
            // Whoever knew the old one may be signed in with it.
            tx.end_sessions(self.person, session::Which::AllBut(None))?;
        }
        if self.renewed.is_some() || recovery.is_some() {
            let verifier = self.renewed.as_ref();
            person::use_up(tx, self.person, verifier, recovery)?;
        }
        let id: SessionId = tx.new_id()?;
        let (client, factors) = (self.client.as_deref(), assurance::shown(self.first, self.second.as_ref()));
        let opening = Opening { id, person: self.person, token_tag: &self.token_tag, factors: &factors, client };
        tx.open_session(&opening)?;
        tx.name_person(self.person);
        let happened = Happened::listed(SecurityEvent::SignedIn).with(&factors, client);
        security_event::note(tx, self.person, happened.told_if(factors.contains(&Factor::RecoveryCode)))?;
        if chosen {
            security_event::note(tx, self.person, Happened::told(SecurityEvent::PasswordChanged))?;
        }
        Ok(())
    }
}

/// Records a sign-in or a confirmation that was refused, and makes the next one wait longer.
#[derive(Serialize)]
pub struct RefuseSignIn {
    pub(crate) throttle_tag: [u8; 32],
    /// The account tried, where there is one. What was typed is not kept: it may be a password.
    pub(crate) person: Option<PersonId>,
    /// From what kind of browser, where that is known.
    pub(crate) client: Option<String>,
}

impl Act for RefuseSignIn {
    const NAME: &'static str = "session.refuse";
    const NEEDS: Permission = Permission::SignIn;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Door
    }

    fn apply(&self, tx: &mut Tx<'_>, _: &Access) -> Result<()> {
        // Guesses sent together were all let in before the first was counted: right or wrong, the late ones wait.
        throttle::wait_over(tx.db, &self.throttle_tag, tx.at())?;
        let failures = throttle::failed(tx.db, &self.throttle_tag, tx.at())?;
        if let Some(person) = self.person {
            tx.name_person(person);
            let happened = Happened::listed(SecurityEvent::SignInRefused).with(&[], self.client.as_deref());
            // One slip of the finger is no news; as many as begin to cost time are.
            security_event::note(tx, person, happened.told_if(failures == FREE_FAILURES))?;
        }
        Ok(())
    }
}

/// Shows again, in an open session, that its person is there. Made only once that is proved.
#[derive(Serialize)]
pub struct ConfirmPresence {
    /// Whose failures a password or code has waited for.
    pub(crate) throttle_tag: Option<[u8; 32]>,
    pub(crate) password: bool,
    pub(crate) second: Option<Second>,
    /// The session's token from now on: one that was known before the person showed themselves opens nothing after.
    pub(crate) token_tag: [u8; 32],
}

impl Act for ConfirmPresence {
    const NAME: &'static str = "session.confirm";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let (person, at) = (access.person()?, tx.at());
        if let Some(tag) = &self.throttle_tag {
            throttle::wait_over(tx.db, tag, at)?;
            throttle::clear(tx.db, tag)?;
        }
        if let Some(second) = &self.second {
            second.spend(tx, person)?;
        }
        let factors = assurance::shown(self.password.then_some(Factor::Password), self.second.as_ref());
        session::shown(tx.db, access.actor().session(), &factors, at)?;
        if let Some(session) = access.actor().session() {
            tx.renew_session(session, &self.token_tag)?;
        }
        security_event::note(tx, person, Happened::listed(SecurityEvent::Confirmed).with(&factors, None))
    }
}

/// Signs out: ends the session that asks.
#[derive(Debug, Serialize)]
pub struct SignOut {}

impl Act for SignOut {
    const NAME: &'static str = "session.sign_out";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let session = access.actor().session().ok_or(Error::SignedOut)?;
        match tx.end_sessions(access.person()?, session::Which::One(session))? {
            0 => Err(Error::SignedOut),
            _ => Ok(()),
        }
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
    const FRESH: Freshness = Freshness::Own;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        match tx.end_sessions(access.person()?, session::Which::One(self.session))? {
            0 => Err(Error::Hidden),
            _ => security_event::note(tx, access.person()?, Happened::listed(SecurityEvent::SessionsEnded)),
        }
    }
}

/// Ends every session of one's own but the one that asks.
#[derive(Debug, Serialize)]
pub struct EndOtherSessions {}

impl Act for EndOtherSessions {
    const NAME: &'static str = "session.end_others";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Own;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let person = access.person()?;
        tx.end_sessions(person, session::Which::AllBut(access.actor().session()))?;
        security_event::note(tx, person, Happened::listed(SecurityEvent::SessionsEnded))
    }
}
