//! A certificate is renewed without a restart: its files are looked at again every few seconds, and at once when the
//! process is sent SIGHUP. What cannot be used is told in the log, and what was in use goes on.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum_server::tls_rustls::RustlsConfig;
use store::{Clock, Error, Result};
use tokio::time::MissedTickBehavior;

use super::{
    client::Vouching,
    files::{Credentials, Digest, TlsFiles, Trusted},
    ocsp::Staple,
    tls, trust,
};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The certificate in use, and how it is followed by the next.
pub(super) struct Reload {
    files: TlsFiles,
    clock: Arc<dyn Clock>,
    /// What new connections are met with. Those that are open keep what they began with.
    pub(super) live: RustlsConfig,
    /// The names by which people come, where they come from beyond this machine.
    names: Option<Vec<String>>,
    /// Where clients are asked for certificates.
    pub(super) vouching: Option<Vouching>,
    seen: Mutex<Seen>,
}

/// What was read last, whether it could be used or not.
struct Seen {
    digest: Digest,
    said: Digest,
    trusted: Option<Trusted>,
    /// Why the certificate goes without what its authority says; told once.
    bare: Option<String>,
    /// Why the last look brought nothing; told once.
    why: Option<String>,
}

impl Reload {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// Refused where they cannot be used.
    pub(super) fn begin(files: TlsFiles, names: Option<Vec<String>>, clock: Arc<dyn Clock>) -> Result<Self> {
        let credentials = files.read()?;
        let mut bare = None;
        let staple = told(&mut bare, credentials.staple(clock.now()));
        let live = RustlsConfig::from_config(tls::config(&credentials, staple, &clock)?);
        if let Some(ends) = credentials.ends().filter(|ends| *ends <= clock.now()) {
            tracing::warn!(%ends, "the certificate has ended: browsers will refuse it. Renew it");
        }
        if let Some(names) = &names {
            trust::tell(&credentials.chain, names, clock.now());
        }
        let vouching = credentials.trusted.is_some().then(Vouching::default);
        let (digest, said) = (credentials.digest(), credentials.said());
        let seen = Seen { digest, said, trusted: credentials.trusted, bare, why: None };
        Ok(Reload { files, clock, live, names, vouching, seen: Mutex::new(seen) })
    }

    /// Looks at the files; whether there was something new, which new connections now meet. Blocks on the disk.
    ///
    /// # Errors
    /// Refused where something new cannot be used; what was in use goes on.
    pub(super) fn look(&self) -> Result<bool> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match self.followed(&mut seen) {
            Ok(followed) => {
                if seen.why.take().is_some() && !followed {
                    tracing::info!("the certificate's files are again the ones in use");
                }
                Ok(followed)
            }
            Err(error) => {
                let why = error.to_string();
                if seen.why.as_ref() != Some(&why) {
                    tracing::error!(%error, "the certificate's files have changed and cannot be used: the ones before go on");
                    seen.why = Some(why);
                }
                Err(error)
            }
        }
    }

    fn followed(&self, seen: &mut Seen) -> Result<bool> {
        let credentials = self.files.read()?;
        let (digest, said) = (credentials.digest(), credentials.said());
        let staple = told(&mut seen.bare, credentials.staple(self.clock.now()));
        if (digest, said) == (seen.digest, seen.said) {
            return Ok(false);
        }
        let config = self.usable(&credentials, staple)?;
        if credentials.trusted != seen.trusted {
            // Before the new configuration: a connection that begins in between is asked to begin again.
            self.vouching.iter().for_each(Vouching::changed);
        }
        self.live.reload_from_config(config);
        if digest == seen.digest {
            tracing::info!("the OCSP response is another: new connections meet it");
        } else {
            tracing::info!("the certificate is renewed: new connections meet the new one");
            if let Some(names) = &self.names {
                trust::tell(&credentials.chain, names, self.clock.now());
            }
        }
        (seen.digest, seen.said, seen.trusted) = (digest, said, credentials.trusted);
        Ok(true)
    }

    fn usable(&self, credentials: &Credentials, staple: Option<Staple>) -> Result<Arc<rustls::ServerConfig>> {
        let config = tls::config(credentials, staple, &self.clock)?;
        if let Some(ends) = credentials.ends().filter(|ends| *ends <= self.clock.now()) {
            let why = format!("the certificate ended at {ends}: put a newer one in its place");
            return Err(Error::refused("certificate", "ended", why));
        }
        Ok(config)
    }

    /// Looks again and again, until it is dropped. Listens for the signal from the call on: before, it ends the process.
    pub(super) fn rounds(self: Arc<Self>) -> impl Future<Output = ()> + Send {
        let asked = Asked::listen();
        self.look_on(asked)
    }

    async fn look_on(self: Arc<Self>, mut asked: Asked) {
        let mut every = tokio::time::interval(LOOK_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = every.tick() => {}
                () = asked.again() => tracing::info!("asked to look at the certificate's files"),
            }
            let this = Arc::clone(&self);
            // What came of it is in the log.
            let _ = tokio::task::spawn_blocking(move || this.look()).await;
        }
    }
}

/// What may be sent along. Why it may not is told, once: the certificate goes without.
fn told(bare: &mut Option<String>, staple: Option<std::result::Result<Staple, String>>) -> Option<Staple> {
    match staple.transpose() {
        Ok(staple) => {
            *bare = None;
            staple
        }
        Err(why) => {
            if bare.as_ref() != Some(&why) {
                tracing::warn!(why, "the certificate goes without an OCSP response: the file's cannot be used");
                *bare = Some(why);
            }
            None
        }
    }
}

impl std::fmt::Debug for Reload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reload")
    }
}

/// SIGHUP, where there is such a thing.
struct Asked {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Asked {
    fn listen() -> Self {
        #[cfg(unix)]
        {
            let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup());
            Asked { signal: signal.ok() }
        }
        #[cfg(not(unix))]
        Asked {}
    }

    async fn again(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}
