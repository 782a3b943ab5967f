//! What every request can reach: the installation, the clock, and how this server is addressed.

use std::sync::Arc;

use jiff::Timestamp;
use store::{Clock, Error, Installation};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    checks::Checks, error::Answer, pace::Paces, passkey::Challenges, provider::Providers, server::Vouching,
    sign_in::Strangers,
};

/// Requests worked on at once. More are told to come again: waiting here would only make all of them late.
const REQUESTS_MAX: usize = 1_024;

/// How this server is addressed.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Whether it speaks TLS: then cookies are `Secure`, and browsers are told to insist on it.
    pub tls: bool,
    /// Host names it answers to, without port, besides those of the loopback. Empty where it listens beyond the
    /// loopback: any.
    pub hosts: Vec<String>,
    /// Whether it listens on the loopback only. Then a request that names another host is refused: a page elsewhere
    /// must not reach it by a name of its own (DNS rebinding).
    pub loopback: bool,
    /// Set where a program needs a certificate; it says which certificates hold.
    pub vouching: Option<Vouching>,
    /// Issuers of OpenID providers that organizations may name.
    pub providers: Vec<String>,
    /// Whether people and programs may go as fast as they can.
    pub unpaced: bool,
}

/// Shared by all requests; cloning it costs a counter.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    installation: Arc<Installation>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    strangers: Strangers,
    challenges: Challenges,
    turns: Semaphore,
    checks: Arc<Checks>,
    providers: Providers,
    paces: Paces,
}

impl AppState {
    /// Serves this installation.
    #[must_use]
    pub fn new(installation: Arc<Installation>, settings: Settings) -> Self {
        let clock = Arc::clone(installation.clock());
        let providers = Providers::new(settings.providers.clone());
        AppState(Arc::new(Inner {
            providers,
            installation,
            clock,
            settings,
            strangers: Strangers::default(),
            challenges: Challenges::new(),
            turns: Semaphore::new(REQUESTS_MAX),
            checks: Arc::new(Checks::new()),
            paces: Paces::default(),
        }))
    }

    /// The data directory.
    #[must_use]
    pub fn installation(&self) -> &Arc<Installation> {
        &self.0.installation
    }

    /// How it is addressed.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// A place among the requests worked on; 503 where there is none.
    pub(crate) fn turn(&self) -> Answer<SemaphorePermit<'_>> {
        self.0.turns.try_acquire().map_err(|_| {
            let message = "too many requests are being worked on: nothing was done. Try again".to_owned();
            Error::Busy { message, retry_after: 1 }.into()
        })
    }

    /// How fast people went lately; `None` where they may go as fast as they can.
    pub(crate) fn paces(&self) -> Option<&Paces> {
        (!self.0.settings.unpaced).then_some(&self.0.paces)
    }

    pub(crate) fn strangers(&self) -> &Strangers {
        &self.0.strangers
    }

    pub(crate) fn checks(&self) -> &Arc<Checks> {
        &self.0.checks
    }

    pub(crate) fn providers(&self) -> &Providers {
        &self.0.providers
    }

    pub(crate) fn challenges(&self) -> &Challenges {
        &self.0.challenges
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}

impl std::fmt::Debug for AppState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppState").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
