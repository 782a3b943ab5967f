//! Who asks. A session token is `<organization>.<secret>`; it arrives in one cookie, or as a bearer token in the
//! API. A program's or a device's is `probity-client.<organization>.<secret>`, and always a bearer token. So no address
//! ever names an organization.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
};
use jiff::Timestamp;
use store::{Act, Actor, Error, Organization, Presence, Receipt, SignedIn, TOKEN_PREFIX, View, acts::SignOut};
use tokio::{sync::oneshot, task::JoinError};
use trial::ids::{OrganizationId, RequestId};

use crate::{
    cookie,
    error::{Answer, Problem},
    guard::Who,
    route::Declared,
    server::Client,
    state::{AppState, Settings},
};

/// Name of the cookie; see [`cookie`] for what stands before it.
pub const COOKIE: &str = "probity_session";
/// A page sends this with requests it makes by itself; they do not keep a session alive.
pub const BACKGROUND: &str = "probity-background";

/// A signed-in person, in their organization. Does and shows only what the route of the request declared.
#[derive(Clone)]
pub struct Asker {
    organization: Arc<Organization>,
    actor: Actor,
    declared: Declared,
    /// When the session ends unless used.
    pub ends: Timestamp,
    /// Whether the request shows that the person is there.
    pub presence: Presence,
    /// The program that the request came through, where it showed a certificate.
    pub client: Option<Client>,
}

impl Asker {
    /// The organization.
    #[must_use]
    pub fn organization(&self) -> &Arc<Organization> {
        &self.organization
    }

    /// Who.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Does an act; answers when it is durable. No thread waits meanwhile, and a client that goes away undoes nothing.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn act<A: Act>(&self, act: A, request: RequestId) -> store::Result<Receipt> {
        self.declares(A::NAME)?;
        let (answer, answered) = oneshot::channel();
        self.organization.act_then(&self.actor, act, request, move |outcome| {
            // The asker may have gone; what was done stays done.
            let _ = answer.send(outcome);
        })?;
        answered.await.map_err(|_| Error::fault("the writer stopped before it answered"))?
    }

    /// Shows a view.
    ///
    /// # Errors
    /// Why it cannot be shown.
    pub async fn view<V: View>(&self, view: V) -> store::Result<V::Shown> {
        self.declares(V::NAME)?;
        self.blocking(move |organization, actor| organization.view(actor, &view)).await
    }

    /// Whether a view would be shown, for a page that leads to it. Nothing is read, so nothing is recorded.
    ///
    /// # Errors
    /// Why it would not.
    pub async fn may_view<V: View>(&self, view: V) -> store::Result<()> {
        self.declares(V::NAME)?;
        self.blocking(move |organization, actor| organization.may_view(actor, &view)).await
    }

    /// Shows a view for which something of the organization must be made ready first.
    ///
    /// # Errors
    /// Why it cannot be shown.
    pub async fn view_after<V: View>(
        &self,
        ready: impl FnOnce(&Organization) -> store::Result<()> + Send + 'static,
        view: V,
    ) -> store::Result<V::Shown> {
        self.declares(V::NAME)?;
        self.blocking(move |organization, actor| {
            ready(organization)?;
            organization.view(actor, &view)
        })
        .await
    }

    /// Runs something of the store's that blocks, on a thread for that.
    ///
    /// # Errors
    /// What it fails with.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Organization, &Actor) -> store::Result<T> + Send + 'static,
    ) -> store::Result<T> {
        let (organization, actor) = (Arc::clone(&self.organization), self.actor.clone());
        blocking(move || work(&organization, &actor)).await
    }

    /// A handler does what its route declared, and nothing else: this is what makes the table true.
    fn declares(&self, name: &'static str) -> store::Result<()> {
        if self.declared.0.iter().any(|doing| doing.name() == name) {
            return Ok(());
        }
        Err(Error::fault(format!("a route did {name} without declaring it")))
    }
}

/// Runs something that blocks, on a thread for that.
///
/// # Errors
/// What it fails with.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> store::Result<T> + Send + 'static) -> store::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(broken_off)?
}

/// A task that did not come to its end. What a panic says may hold a value; its place is in the log already.
pub(crate) fn broken_off(error: JoinError) -> Error {
    Error::fault(if error.is_panic() { "a task panicked" } else { "a task was cancelled" })
}

impl FromRequestParts<AppState> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Answer<Self> {
        find(parts, state).await?.ok_or_else(|| Error::SignedOut.into())
    }
}

/// Whoever asks, signed in or not: `Option<Asker>` in a handler.
impl OptionalFromRequestParts<AppState> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Answer<Option<Self>> {
        find(parts, state).await
    }
}

async fn find(parts: &Parts, state: &AppState) -> Answer<Option<Asker>> {
    let declared = parts.extensions.get::<Declared>().cloned().unwrap_or_else(|| Declared(Arc::new([])));
    let client = parts.extensions.get::<Option<Client>>().cloned().flatten();
    let asker = asker_of(&parts.headers, declared, client, state).await?;
    if let (Some(who), Some(asker)) = (parts.extensions.get::<Who>(), &asker)
        && who.is(asker)
        && let Some(paces) = state.paces()
    {
        paces.pass(asker, &parts.method, bearer(&parts.headers).is_some())?;
    }
    Ok(asker)
}

/// Whoever sent a request with these headers, to do what is declared.
pub(crate) async fn asker_of(
    headers: &HeaderMap,
    declared: Declared,
    client: Option<Client>,
    state: &AppState,
) -> Answer<Option<Asker>> {
    let Some(token) = token_in(state.settings(), headers) else { return Ok(None) };
    let Some(organization) = organization_of(token).and_then(|id| state.installation().organization(id)) else {
        return Ok(None);
    };
    let presence = if headers.contains_key(BACKGROUND) { Presence::Background } else { Presence::Person };
    let found = match organization.authenticate_known(token, presence) {
        Some(found) => Some(found),
        None => {
            let (organization, token) = (Arc::clone(&organization), token.to_owned());
            blocking(move || organization.authenticate(&token, presence)).await?
        }
    };
    let Some(SignedIn { actor, ends, certificate }) = found else { return Ok(None) };
    // A program shows its token with each request and keeps none in a cookie. Where its token is bound to a certificate,
    // the token alone is nobody's (RFC 8705 3).
    let shown = client.as_ref().map(|client| client.thumbprint.as_str());
    let bound = certificate.is_none_or(|digest| shown == Some(ledger::Hash(digest).to_hex().as_str()));
    if !bound || (actor.client().is_some() && bearer(headers).is_none()) {
        return Ok(None);
    }
    Ok(Some(Asker { organization, actor, declared, ends, presence, client }))
}

/// Ends the session that a browser or program had, where it had one: whoever signs in anew leaves none behind.
///
/// # Errors
/// Why it was not ended; that it had ended already is none.
pub async fn replaced(asker: Option<Asker>) -> Answer<()> {
    // A program has none.
    let Some(asker) = asker.filter(|asker| asker.actor().session().is_some()) else { return Ok(()) };
    let request = asker.organization().fresh_request()?;
    match asker.act(SignOut {}, request).await {
        Ok(_) | Err(Error::SignedOut) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A new session token of this organization.
///
/// # Errors
/// Faults only.
pub fn fresh(organization: OrganizationId) -> store::Result<String> {
    Ok(format!("{organization}.{}", store::fresh_token()?))
}

/// The enrolment token that belongs to a request: a retry gets the same one, though only its hash is stored.
#[must_use]
pub fn enrolment_token(organization: &Organization, request: RequestId) -> String {
    format!("{}.{}", organization.id(), organization.enrolment_token(request))
}

/// The token of the program or device that a request registers; see [`enrolment_token`].
#[must_use]
pub fn client_token(organization: &Organization, request: RequestId) -> String {
    format!("{TOKEN_PREFIX}{}.{}", organization.id(), organization.client_token(request))
}

/// The organization that a session's, an enrolment's or a program's token names.
#[must_use]
pub fn organization_of(token: &str) -> Option<OrganizationId> {
    token.strip_prefix(TOKEN_PREFIX).unwrap_or(token).split_once('.')?.0.parse().ok()
}

/// The session token of a request: bearer, else cookie.
#[must_use]
pub fn token_in<'a>(settings: &Settings, headers: &'a HeaderMap) -> Option<&'a str> {
    bearer(headers).or_else(|| cookie::read(settings, headers, COOKIE))
}

/// The bearer token of a request.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// The `Set-Cookie` that signs a browser in.
#[must_use]
pub fn set_cookie(state: &AppState, token: &str) -> Option<HeaderValue> {
    cookie::set(state.settings(), COOKIE, token, None)
}

/// The `Set-Cookie` that signs a browser out.
#[must_use]
pub fn clear_cookie(state: &AppState) -> Option<HeaderValue> {
    cookie::set(state.settings(), COOKIE, "", Some(0))
}

/// Whether a request of this method changes nothing (RFC 9110 9.2.1).
#[must_use]
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}
