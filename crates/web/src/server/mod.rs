//! The server: binds, serves, and stops in order. In clear on the loopback only; it refuses to start anywhere else
//! without a certificate and its key. All that it says in clear beyond is that the address is another.

mod client;
mod connection;
mod files;
mod ocsp;
mod redirect;
mod reload;
mod tls;
mod trust;

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use axum_server::{Handle, Server, tls_rustls::RustlsAcceptor};
use hyper_util::rt::TokioTimer;
use store::{Error, Installation, Result};
use tokio::{task::JoinSet, time::MissedTickBehavior};

use self::{
    client::Met,
    connection::{CONNECTIONS_MAX, Gate},
    redirect::Redirect,
    reload::Reload,
};
pub use self::{
    client::{Client, Vouching},
    files::TlsFiles,
    tls::{Spoken, spoken},
    trust::authorities,
};
use crate::{
    router,
    state::{AppState, Settings},
};

/// How long the head of a request may take, from the connection or the request before.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// How long requests may still run once the server stops.
const GRACE: Duration = Duration::from_secs(20);

/// How often it is looked whether another program founded an organization.
const REFRESH_EVERY: Duration = Duration::from_secs(5);
/// After how many of these looks connections that nobody needed are let go.
const REST_EVERY: u64 = 12;

/// Where and how to serve.
#[derive(Debug, Clone, Default)]
pub struct ServeConfig {
    /// Addresses to bind; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Host names that the server answers to, besides the loopback's. Empty beyond the loopback: any.
    pub hosts: Vec<String>,
    /// Certificate and key. Needed wherever an address is not of the loopback.
    pub tls: Option<TlsFiles>,
    /// Addresses that answer in clear, and only that the address is another, over TLS.
    pub redirect: Vec<SocketAddr>,
    /// Issuers of OpenID providers that organizations may name.
    pub identity_providers: Vec<String>,
    /// Whether people and programs may go as fast as they can: for who fills a server of their own, as demonstrations and
    /// benchmarks do.
    pub unpaced: bool,
    /// The port at which people reach the server, where it is not the one that it listens on.
    pub public_port: Option<u16>,
}

/// A server that is serving.
#[derive(Debug)]
pub struct Serving {
    /// The addresses that it is bound to.
    pub addresses: Vec<SocketAddr>,
    /// The addresses that only say where to go.
    pub redirects: Vec<SocketAddr>,
    handles: Vec<Handle<SocketAddr>>,
    tasks: JoinSet<std::io::Result<()>>,
    /// Go on as long as this lives.
    rounds: Vec<AbortOnDrop>,
    reload: Option<Arc<Reload>>,
}

/// A task that ends with its owner.
#[derive(Debug)]
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Looks every few seconds for organizations that another program founded on the same server, and now and then lets go
/// of connections that nobody needs.
async fn rounds(installation: Arc<Installation>) {
    let mut every = tokio::time::interval(REFRESH_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for round in 1_u64.. {
        every.tick().await;
        let installation = Arc::clone(&installation);
        let looked = tokio::task::spawn_blocking(move || {
            if round.is_multiple_of(REST_EVERY) {
                installation.rest();
            }
            installation.refresh()
        });
        if let Ok(Err(error)) = looked.await {
            tracing::warn!(%error, "organizations founded elsewhere are not seen yet");
        }
    }
}

impl Serving {
    /// Stops taking requests; those that run are answered.
    pub fn stop(&self) {
        for handle in &self.handles {
            handle.graceful_shutdown(Some(GRACE));
        }
    }

    /// Waits until SIGTERM, ctrl-c, or [`Serving::stop`], and until every request is answered.
    ///
    /// # Errors
    /// Why it stopped, where nobody asked it to.
    pub async fn stopped(mut self) -> Result<()> {
        let handles = self.handles.clone();
        let signalled = tokio::spawn(async move {
            asked_to_stop().await;
            tracing::info!("stopping: requests that run are answered");
            for handle in handles {
                handle.graceful_shutdown(Some(GRACE));
            }
        });
        let mut outcome = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            let ended = ended.map_err(Error::fault).and_then(|ended| ended.map_err(Error::fault));
            outcome = outcome.and(ended);
        }
        signalled.abort();
        outcome
    }
}

/// Binds and serves. Returns at once; see [`Serving`].
///
/// # Errors
/// Refused where an address cannot be bound, where one beyond the loopback has no certificate, or where the
/// certificate does not fit its key.
pub async fn serve(config: ServeConfig, installation: Arc<Installation>) -> Result<Serving> {
    let loopback = config.listen.iter().all(|address| address.ip().is_loopback());
    allowed(&config, loopback)?;
    let clock = Arc::clone(installation.clock());
    let names = (!loopback).then(|| config.hosts.clone());
    let reload = config.tls.map(|files| Reload::begin(files, names, clock)).transpose()?.map(Arc::new);
    let vouching = reload.as_ref().and_then(|reload| reload.vouching.clone());
    let providers = config.identity_providers;
    let unpaced = config.unpaced;
    let settings = Settings { tls: reload.is_some(), hosts: config.hosts, loopback, vouching, providers, unpaced };
    let app = router(AppState::new(Arc::clone(&installation), settings.clone()));
    let mut serving = Serving {
        addresses: Vec::new(),
        redirects: Vec::new(),
        handles: Vec::new(),
        tasks: JoinSet::new(),
        rounds: vec![AbortOnDrop(tokio::spawn(rounds(installation)))],
        reload,
    };
    let gate = Gate::new(CONNECTIONS_MAX);
    for address in config.listen {
        let (listener, address) = bind(address)?;
        serving.addresses.push(address);
        let app = app.clone().into_make_service_with_connect_info::<SocketAddr>();
        match serving.reload.clone() {
            None => {
                let server = serving.at(listener, gate.clone(), HEAD_TIME)?;
                serving.tasks.spawn(async move { server.serve(app).await });
            }
            Some(reload) => {
                let tls = RustlsAcceptor::new(reload.live.clone()).acceptor(gate.clone());
                let server = serving.at(listener, Met { tls, vouching: reload.vouching.clone() }, HEAD_TIME)?;
                serving.tasks.spawn(async move { server.serve(app).await });
            }
        }
    }
    let port = config.public_port.or_else(|| serving.addresses.first().map(SocketAddr::port)).unwrap_or_default();
    let redirect = Redirect { settings, port }.router();
    let gate = Gate::new(redirect::CONNECTIONS_MAX);
    for address in config.redirect {
        let (listener, address) = bind(address)?;
        serving.redirects.push(address);
        let redirect = redirect.clone().into_make_service();
        let server = serving.at(listener, gate.clone(), redirect::HEAD_TIME)?;
        serving.tasks.spawn(async move { server.serve(redirect).await });
    }
    if let Some(reload) = &serving.reload {
        serving.rounds.push(AbortOnDrop(tokio::spawn(Arc::clone(reload).rounds())));
    }
    Ok(serving)
}

/// Whether a server may be as it is told to be.
fn allowed(config: &ServeConfig, loopback: bool) -> Result<()> {
    let refuse = |field, code, message| Err(Error::refused(field, code, message));
    if config.listen.is_empty() {
        return refuse("listen", "none", "name an address to listen on, such as 127.0.0.1:8080");
    }
    if !loopback && config.tls.is_none() {
        let message =
            "without a certificate and its key Probity serves the loopback only: name both, or listen on 127.0.0.1";
        return refuse("certificate", "needed", message);
    }
    if !config.redirect.is_empty() && config.tls.is_none() {
        let message = "there is nothing to redirect to without a certificate and its key: name both, or leave it out";
        return refuse("redirect", "certificate_needed", message);
    }
    if !config.redirect.is_empty() && !loopback && config.hosts.is_empty() {
        let message =
            "name the hosts that people reach the server by: a redirect to whatever a request names leads anywhere";
        return refuse("redirect", "host_needed", message);
    }
    Ok(())
}

impl Serving {
    /// Looks at the certificate's files now; whether there was something new, which new connections now meet.
    ///
    /// # Errors
    /// Refused where something new cannot be used; what was in use goes on.
    pub fn reload(&self) -> Result<bool> {
        self.reload.as_ref().map_or(Ok(false), |reload| reload.look())
    }

    /// A server at a listener, within our limits; it stops with the others.
    fn at<A>(&mut self, listener: TcpListener, acceptor: A, head_time: Duration) -> Result<Server<SocketAddr, A>> {
        let handle = Handle::new();
        self.handles.push(handle.clone());
        let mut server = axum_server::from_tcp(listener).map_err(Error::fault)?.handle(handle);
        server
            .http_builder()
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(head_time)
            .max_buf_size(HEAD_BYTES_MAX)
            .half_close(false);
        // The version last: another acceptor makes it any.
        Ok(server.acceptor(acceptor).http1_only())
    }
}

fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let refused = |error: std::io::Error| {
        let what = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "another program listens there: stop it, or choose another port".to_owned()
            }
            std::io::ErrorKind::PermissionDenied => "this user may not: choose a port above 1023".to_owned(),
            _ => error.to_string(),
        };
        Error::refused("listen", "not_bound", format!("cannot listen on {address}: {what}"))
    };
    let listener = TcpListener::bind(address).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    let bound = listener.local_addr().map_err(Error::fault)?;
    Ok((listener, bound))
}

async fn asked_to_stop() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    () = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => interrupt.await,
        }
    }
    #[cfg(not(unix))]
    interrupt.await;
}
