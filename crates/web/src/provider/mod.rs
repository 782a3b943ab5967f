//! Signing in at an organization's OpenID provider: the authorization code flow with PKCE (OpenID Connect Core 1.0, 3.1;
//! RFC 7636; RFC 9700). What a browser is sent off with and has to come back with is a [`journey`]; what this server asks
//! the provider itself, and how much of its answers it takes, is in [`ask`]; what an ID token has to say is in [`token`].
//!
//! Only the operator says which issuers there are: no organization makes this server call an address of its choice.

mod ask;
mod journey;
mod token;

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use store::{Error, Proved, Provider};
use tokio::sync::Semaphore;

use self::ask::Agent;
pub(crate) use self::journey::{AWAY, COOKIE, Journey, Journeys, Purpose};
use crate::{session::blocking, state::AppState};

/// Where a provider sends browsers back to, below the server's own address.
pub const RETURN: &str = "/sign-in/provider";
/// Conversations with providers at once. More are told to come again.
const ASKED_AT_ONCE_MAX: usize = 16;
/// How long what a provider says of itself and its keys is believed.
const KNOWN_FOR: Duration = Duration::from_mins(10);
/// How long it is believed at least, where a token names a key that is not among them.
const KNOWN_AT_LEAST: Duration = Duration::from_secs(30);

/// The providers that the operator allows, and what is known of each.
pub(crate) struct Providers {
    allowed: Vec<String>,
    /// Made when it is first needed: it reads whom this machine trusts.
    agent: LazyLock<Agent>,
    known: Mutex<HashMap<String, Known>>,
    conversations: Arc<Semaphore>,
    journeys: Journeys,
}

#[derive(Clone)]
struct Known {
    since: Instant,
    said: Arc<ask::Said>,
}

/// What a browser comes back with.
#[derive(Debug)]
pub(crate) struct Returned {
    pub state: String,
    pub code: String,
    /// Who says so (RFC 9207), where the provider tells.
    pub issuer: Option<String>,
}

impl Providers {
    /// Those that are allowed.
    pub(crate) fn new(allowed: Vec<String>) -> Self {
        Providers {
            allowed,
            agent: LazyLock::new(Agent::new),
            known: Mutex::default(),
            conversations: Arc::new(Semaphore::new(ASKED_AT_ONCE_MAX)),
            journeys: Journeys::new(),
        }
    }

    /// Issuers that an organization may name.
    pub(crate) fn allowed(&self) -> &[String] {
        &self.allowed
    }

    pub(crate) fn journeys(&self) -> &Journeys {
        &self.journeys
    }

    /// What a provider says of itself: as it is known, or asked again. Blocks.
    fn said(&self, issuer: &str, believed: Duration) -> store::Result<Arc<ask::Said>> {
        // It may have been, when the organization named it.
        if !self.allowed.iter().any(|allowed| allowed == issuer) {
            return Err(Error::refused(
                "provider",
                "not_allowed",
                "the operator of this server does not allow your provider",
            ));
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(issuer).cloned();
        if let Some(known) = known.filter(|known| known.since.elapsed() < believed) {
            return Ok(known.said);
        }
        let said = Arc::new(self.agent.discover(issuer)?);
        let known = Known { since: Instant::now(), said: Arc::clone(&said) };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(issuer.to_owned(), known);
        Ok(said)
    }

    fn token_checked(&self, provider: &Provider, token: &str, expects: &token::Expected<'_>) -> store::Result<String> {
        let said = self.said(&provider.issuer, KNOWN_FOR)?;
        match token::check(token, &said.keys, expects) {
            // It may have changed its keys.
            Err(token::Problem::UnknownKey) => {
                let said = self.said(&provider.issuer, KNOWN_AT_LEAST)?;
                token::check(token, &said.keys, expects).map_err(refused)
            }
            checked => checked.map_err(refused),
        }
    }
}

/// Where to send a browser that begins a journey.
///
/// # Errors
/// Refused where the provider is not allowed; `Busy` where it does not answer.
pub(crate) async fn begin(
    state: &AppState,
    provider: Provider,
    journey: &Journey,
    back: &str,
) -> store::Result<String> {
    let query = [
        ("response_type", "code"),
        ("response_mode", "query"),
        ("scope", "openid"),
        ("client_id", &provider.client_id),
        ("redirect_uri", back),
        ("state", &journey.state),
        ("nonce", &journey.nonce),
        ("code_challenge", &journey.challenge()),
        ("code_challenge_method", "S256"),
    ];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let issuer = provider.issuer.clone();
    let said = conversation(state, move |providers| providers.said(&issuer, KNOWN_FOR)).await?;
    let joint = if said.authorization.contains('?') { '&' } else { '?' };
    Ok(format!("{}{joint}{query}", said.authorization))
}

/// Who came back.
///
/// # Errors
/// Refused where what they bring does not hold; `Busy` where the provider does not answer.
pub(crate) async fn finish(
    state: &AppState,
    provider: Provider,
    journey: Journey,
    returned: Returned,
    back: String,
) -> store::Result<Proved> {
    let same = store::same(returned.state.as_bytes(), journey.state.as_bytes());
    let issuer = returned.issuer.as_ref().is_none_or(|issuer| *issuer == provider.issuer);
    if !same || !issuer {
        return Err(stray());
    }
    let now = state.now();
    conversation(state, move |providers| {
        let said = providers.said(&provider.issuer, KNOWN_FOR)?;
        let token = providers.agent.redeem(&said, &provider, &returned.code, &back, &journey.verifier)?;
        let expects =
            token::Expected { issuer: &provider.issuer, client_id: &provider.client_id, nonce: &journey.nonce, now };
        let subject = providers.token_checked(&provider, &token, &expects)?;
        Ok(Proved { issuer: provider.issuer.clone(), subject })
    })
    .await
}

async fn conversation<T: Send + 'static>(
    state: &AppState,
    work: impl FnOnce(&Providers) -> store::Result<T> + Send + 'static,
) -> store::Result<T> {
    let turn = Arc::clone(&state.providers().conversations).try_acquire_owned();
    let turn = turn.map_err(|_| Error::Busy {
        message: "too many are signing in there just now: nothing was done. Try again".into(),
        retry_after: 5,
    })?;
    let state = state.clone();
    blocking(move || {
        let _turn = turn;
        work(state.providers())
    })
    .await
}

/// What comes back does not belong to what was begun in this browser.
pub(crate) fn stray() -> Error {
    Error::refused(
        "provider",
        "begin_again",
        "this did not begin in this browser, or took more than ten minutes: begin again",
    )
}

fn refused(problem: token::Problem) -> Error {
    // Why is for the operator: it says how provider and server are set up, and nothing of the person.
    tracing::warn!(%problem, "an ID token was refused");
    Error::refused("provider", "not_believed", "what the provider says of you does not hold: tell your administrator")
}
