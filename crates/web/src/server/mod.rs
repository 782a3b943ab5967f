//! The server: binds, serves, and stops in order. In clear on the loopback only; it refuses to start anywhere else
//! without a certificate and its key.

mod connection;
mod tls;

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use axum_server::Handle;
use hyper_util::rt::TokioTimer;
use store::{Error, Installation, Result};
use tokio::{task::JoinSet, time::MissedTickBehavior};

use self::connection::Gate;
pub use self::tls::{Certificate, tls_versions};
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
    /// Certificate and key, in PEM. Needed wherever an address is not of the loopback.
    pub certificate: Option<Certificate>,
}

/// A server that is serving.
#[derive(Debug)]
pub struct Serving {
    /// The addresses that it is bound to.
    pub addresses: Vec<SocketAddr>,
    handles: Vec<Handle<SocketAddr>>,
    tasks: JoinSet<std::io::Result<()>>,
    /// Goes on as long as this lives.
    _rounds: AbortOnDrop,
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
    if config.listen.is_empty() {
        return Err(Error::refused("listen", "none", "name an address to listen on, such as 127.0.0.1:8080"));
    }
    if !loopback && config.certificate.is_none() {
        return Err(Error::refused(
            "certificate",
            "needed",
            "without a certificate and its key Probity serves the loopback only: name both, or listen on 127.0.0.1",
        ));
    }
    let tls = config.certificate.as_ref().map(tls::config).transpose()?;
    let settings = Settings { tls: tls.is_some(), hosts: config.hosts, loopback };
    let rounds = AbortOnDrop(tokio::spawn(rounds(Arc::clone(&installation))));
    let app = router(AppState::new(installation, settings));
    let gate = Gate::new();
    let mut serving = Serving { addresses: Vec::new(), handles: Vec::new(), tasks: JoinSet::new(), _rounds: rounds };
    for address in config.listen {
        let listener = bind(address)?;
        serving.addresses.push(listener.local_addr().map_err(Error::fault)?);
        serving.take(listener, app.clone(), &gate, tls.clone())?;
    }
    Ok(serving)
}

impl Serving {
    fn take(
        &mut self,
        listener: TcpListener,
        app: Router,
        gate: &Gate,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Result<()> {
        let handle = Handle::new();
        self.handles.push(handle.clone());
        let mut server = axum_server::from_tcp(listener).map_err(Error::fault)?.handle(handle).http1_only();
        server
            .http_builder()
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(HEAD_BYTES_MAX)
            .half_close(false);
        let gate = gate.clone();
        match tls {
            None => {
                let server = server.acceptor(gate);
                self.tasks.spawn(async move { server.serve(app.into_make_service()).await });
            }
            Some(tls) => {
                let tls = axum_server::tls_rustls::RustlsConfig::from_config(tls);
                let acceptor = axum_server::tls_rustls::RustlsAcceptor::new(tls).acceptor(gate);
                let server = server.acceptor(acceptor);
                self.tasks.spawn(async move { server.serve(app.into_make_service()).await });
            }
        }
        Ok(())
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener> {
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
    Ok(listener)
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
