//! The certificate that Probity shows a PostgreSQL server, beside each role's password. Its files are read again for each
//! new connection, so that a certificate may live hours: a renewed one needs no restart. What cannot be used is told in the
//! log, and the one before goes on.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use rustls::{
    crypto::aws_lc_rs as provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};
use zeroize::Zeroizing;

use crate::{
    error::{Error, Result},
    operator_file,
    time::Clock,
};

/// Where the certificate that a PostgreSQL server is shown lies, and its key. Both in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresCertificate {
    /// The chain, Probity's own first.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// The certificate, as it is renewed.
pub(crate) struct Own {
    files: PostgresCertificate,
    clock: Arc<dyn Clock>,
    last: Mutex<Last>,
}

/// What was read last and could be used.
struct Last {
    /// Of both files; the key itself is not kept for that.
    digest: [u8; 32],
    pair: Arc<CertifiedKey>,
    /// Why the files could not be used when they were last looked at; told once.
    why: Option<String>,
}

impl Own {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// Refused where they cannot be read, do not fit each other, or the certificate has ended.
    pub(crate) fn begin(files: PostgresCertificate, clock: Arc<dyn Clock>) -> Result<Self> {
        let (chain, key) = files.read()?;
        let pair = usable(&files, &chain, &key, clock.now())?;
        let last = Mutex::new(Last { digest: operator_file::digest_of(&[&chain, &key]), pair, why: None });
        Ok(Own { files, clock, last })
    }

    /// What a connection that begins now shows.
    pub(super) fn shown(&self) -> Arc<CertifiedKey> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match self.followed(&mut last) {
            Ok(()) => last.why = None,
            Err(error) => {
                let why = error.to_string();
                if last.why.as_ref() != Some(&why) {
                    tracing::error!(%error, "the certificate for PostgreSQL cannot be renewed: the one before goes on");
                    last.why = Some(why);
                }
            }
        }
        Arc::clone(&last.pair)
    }

    fn followed(&self, last: &mut Last) -> Result<()> {
        let (chain, key) = self.files.read()?;
        let digest = operator_file::digest_of(&[&chain, &key]);
        if digest != last.digest {
            last.pair = usable(&self.files, &chain, &key, self.clock.now())?;
            last.digest = digest;
            tracing::info!("the certificate for PostgreSQL is renewed: new connections show the new one");
        }
        Ok(())
    }

    /// The certificate's file, as messages name it.
    pub(super) fn file(&self) -> std::path::Display<'_> {
        self.files.certificate.display()
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Own").field(&self.files.certificate).finish()
    }
}

impl PostgresCertificate {
    fn read(&self) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>)> {
        let read = |path: &Path| operator_file::read(path).map_err(not_usable);
        Ok((read(&self.certificate)?, read(&self.key).map(Zeroizing::new)?))
    }
}

fn usable(files: &PostgresCertificate, chain: &[u8], key: &[u8], now: Timestamp) -> Result<Arc<CertifiedKey>> {
    let (at, key_at) = (files.certificate.display(), files.key.display());
    let chain: Vec<CertificateDer<'_>> =
        CertificateDer::pem_slice_iter(chain)
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| not_usable(format!("{at} is not PEM ({error:?}): name a certificate")))?;
    let Some(own) = chain.first() else {
        return Err(not_usable(format!(
            "{at} holds no certificate (PEM): name the one that PostgreSQL is to be shown"
        )));
    };
    let ends = operator_file::certificate_end(own)
        .ok_or_else(|| not_usable(format!("the first certificate of {at} does not read")))?;
    if ends <= now {
        let why = format!("the certificate of {at} ended at {ends}: put a newer one in its place");
        return Err(Error::refused("postgres_certificate", "ended", why));
    }
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|error| not_usable(format!("{key_at} holds no key (PEM, {error:?}): name the certificate's")))?;
    let pair = CertifiedKey::from_der(chain, key, &provider::default_provider()).map_err(|error| {
        not_usable(format!("the key of {key_at} is not the one of {at} ({error}): name both of one"))
    })?;
    Ok(Arc::new(pair))
}

fn not_usable(why: String) -> Error {
    Error::refused("postgres_certificate", "not_usable", why)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use std::fs;

    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    struct At(Timestamp);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            self.0
        }
    }

    fn pair(until: i32) -> (String, String) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    #[test]
    fn files_that_cannot_be_used_are_told_with_what_to_do() {
        let at = std::env::temp_dir().join(format!("probity-own-{}", std::process::id()));
        fs::create_dir_all(&at).unwrap();
        let files = PostgresCertificate { certificate: at.join("own.crt"), key: at.join("own.key") };
        let clock: Arc<dyn Clock> = Arc::new(At("2026-11-22T10:00:00Z".parse().unwrap()));
        let begin = || Own::begin(files.clone(), Arc::clone(&clock));
        let told = || {
            let error = begin().unwrap_err();
            let Error::Refused(why) = &error else { panic!("{error}") };
            (why[0].code, error.to_string())
        };
        let put = |(certificate, key): (&str, &str)| {
            fs::write(&files.certificate, certificate).unwrap();
            fs::write(&files.key, key).unwrap();
        };
        let (code, text) = told();
        assert!(code == "not_usable" && text.contains("own.crt cannot be read"), "{text}");
        let ((good, key), (ended, its_key), (_, other)) = (pair(2050), pair(2026), pair(2050));
        for (files, code, says) in [
            (("", &*key), "not_usable", "holds no certificate"),
            ((&*good, ""), "not_usable", "holds no key"),
            ((&*good, &*other), "not_usable", "is not the one of"),
            ((&*ended, &*its_key), "ended", "put a newer one"),
        ] {
            put(files);
            let (said, text) = told();
            assert!(said == code && text.contains(says), "{text}");
        }
        put((&*good, &*key));
        let own = begin().unwrap();
        let first = own.shown();
        // Half of a renewal, and one that has ended: what was in use goes on.
        put((&*good, &*other));
        assert!(Arc::ptr_eq(&own.shown(), &first));
        put((&*ended, &*its_key));
        assert!(Arc::ptr_eq(&own.shown(), &first));
        let (renewed, key) = pair(2051);
        put((&*renewed, &*key));
        assert!(!Arc::ptr_eq(&own.shown(), &first));
        fs::remove_dir_all(&at).unwrap();
    }
}
