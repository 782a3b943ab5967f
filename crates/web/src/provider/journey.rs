//! What a browser is sent off with. It is in a cookie of that browser, under a mark that only this server makes: nobody can
//! bring home what they did not begin, and nothing has to be remembered, so nobody can fill a list by setting off.

use aws_lc_rs::{digest, hmac};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::fresh_token;
use trial::ids::{OrganizationId, PersonId};

use crate::mark;

/// The cookie's name.
pub(crate) const COOKIE: &str = "probity_provider";
/// How long somebody may be away.
pub(crate) const AWAY: SignedDuration = SignedDuration::from_mins(10);
/// Bytes of a way back to go; who began further down lands on the first page.
const NEXT_BYTES_MAX: usize = 1_000;

/// What somebody goes to their provider for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Purpose {
    /// To sign in.
    SignIn,
    /// To link their account there to this person's.
    Link(PersonId),
}

/// One way there and back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Journey {
    pub organization: OrganizationId,
    pub purpose: Purpose,
    /// Where to go once signed in.
    pub next: String,
    /// What the browser has to come back with (RFC 6749, 10.12).
    pub state: String,
    /// What the ID token has to repeat.
    pub nonce: String,
    /// Without which the code is of no use (RFC 7636).
    pub verifier: String,
    /// Microseconds since 1970.
    made: i64,
}

impl Journey {
    /// A new one.
    pub(crate) fn new(
        organization: OrganizationId,
        purpose: Purpose,
        next: &str,
        now: Timestamp,
    ) -> store::Result<Self> {
        let next = if next.len() > NEXT_BYTES_MAX { "/" } else { next }.to_owned();
        let (state, nonce, verifier) = (fresh_token()?, fresh_token()?, fresh_token()?);
        Ok(Journey { organization, purpose, next, state, nonce, verifier, made: now.as_microsecond() })
    }

    /// SHA-256 of the verifier (RFC 7636, 4.2).
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.verifier.as_bytes()))
    }
}

/// Journeys of this server.
pub(crate) struct Journeys(hmac::Key);

impl Journeys {
    /// With a mark of their own.
    pub(super) fn new() -> Self {
        Journeys(mark::fresh())
    }

    /// The cookie's value.
    pub(crate) fn written(&self, journey: &Journey) -> store::Result<String> {
        let said = URL_SAFE_NO_PAD.encode(serde_json::to_vec(journey).map_err(store::Error::fault)?);
        let mark = URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, said.as_bytes()));
        Ok(format!("{said}.{mark}"))
    }

    /// The journey of a cookie; `None` where it is not ours, or began too long ago.
    pub(crate) fn read(&self, cookie: &str, now: Timestamp) -> Option<Journey> {
        let (said, mark) = cookie.split_once('.')?;
        hmac::verify(&self.0, said.as_bytes(), &URL_SAFE_NO_PAD.decode(mark).ok()?).ok()?;
        let journey: Journey = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(said).ok()?).ok()?;
        let away = now.duration_since(store::instant(journey.made));
        (away < AWAY).then_some(journey)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use trial::ids::Id as _;

    use super::*;

    #[test]
    fn only_what_this_server_wrote_is_read_and_for_ten_minutes() {
        let (journeys, now) = (Journeys::new(), Timestamp::UNIX_EPOCH);
        let organization = OrganizationId::from_bytes([7; 16]);
        let journey = Journey::new(organization, Purpose::SignIn, "/subjects", now).unwrap();
        let cookie = journeys.written(&journey).unwrap();
        let read = journeys.read(&cookie, now).unwrap();
        assert_eq!((read.state, read.next.as_str(), read.purpose), (journey.state, "/subjects", Purpose::SignIn));
        let later = |minutes| now.checked_add(SignedDuration::from_mins(minutes)).unwrap();
        assert!(journeys.read(&cookie, later(9)).is_some() && journeys.read(&cookie, later(10)).is_none());
        assert!(Journeys::new().read(&cookie, now).is_none());
        let (said, mark) = cookie.split_once('.').unwrap();
        let forged = URL_SAFE_NO_PAD.encode(
            String::from_utf8(URL_SAFE_NO_PAD.decode(said).unwrap()).unwrap().replace("/subjects", "/elsewhere"),
        );
        for cookie in [format!("{forged}.{mark}"), format!("{said}."), said.to_owned(), String::new()] {
            assert!(journeys.read(&cookie, now).is_none(), "{cookie}");
        }
    }

    #[test]
    fn the_challenge_is_the_one_of_the_standard() {
        // RFC 7636, appendix B.
        let organization = OrganizationId::from_bytes([7; 16]);
        let mut journey = Journey::new(organization, Purpose::SignIn, "/", Timestamp::UNIX_EPOCH).unwrap();
        journey.verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into();
        assert_eq!(journey.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
