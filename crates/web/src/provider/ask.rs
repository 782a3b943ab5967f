//! What this server asks a provider: what it says of itself (OpenID Connect Discovery 1.0), its keys, and an ID token for a
//! code. Over TLS, checked against the authorities that this machine trusts; a provider on this machine may speak in clear.
//! Each answer is bounded in time and size, and none leads on to another address.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::jwk::JwkSet;
use rustls::crypto::aws_lc_rs;
use serde::{Deserialize, de::DeserializeOwned};
use store::{Error, Provider};
use ureq::{
    config::Config,
    http::{Response, Uri},
    tls::{Certificate, RootCerts, TlsConfig, TlsProvider},
    unversioned::transport::DefaultConnector,
};

use crate::server::authorities;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(8);
/// Bytes of one.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;

/// Who asks.
pub(super) struct Agent(ureq::Agent);

/// What a provider says of itself.
pub(super) struct Said {
    /// Where browsers are sent.
    pub authorization: String,
    token: String,
    /// Whether the client's secret goes into the form and not into the header.
    secret_in_form: bool,
    pub keys: JwkSet,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl Agent {
    /// One that trusts whom this machine trusts.
    pub(super) fn new() -> Self {
        let roots: Vec<Certificate<'static>> =
            authorities().iter().map(|one| Certificate::from_der(one).to_owned()).collect();
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::new_with_certs(&roots))
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
            .build();
        let config = Config::builder()
            .tls_config(tls)
            .timeout_global(Some(ANSWER))
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent("probity")
            .proxy(None)
            .build();
        Agent(ureq::Agent::with_parts(
            config,
            DefaultConnector::default(),
            ureq::unversioned::resolver::DefaultResolver::default(),
        ))
    }

    /// Asks what a provider says of itself, and for its keys.
    pub(super) fn discover(&self, issuer: &str) -> store::Result<Said> {
        let at = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let metadata: Metadata = self.get(issuer, &at)?;
        if metadata.issuer != issuer {
            return Err(unusable("it calls itself something else"));
        }
        let near = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        if !near.into_iter().all(|address| may_be_asked(issuer, address)) {
            return Err(unusable("it speaks in clear"));
        }
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let has = |method: &str| methods.iter().any(|known| known == method);
        Ok(Said {
            keys: self.get(issuer, &metadata.jwks_uri)?,
            authorization: metadata.authorization_endpoint,
            token: metadata.token_endpoint,
            secret_in_form: has("client_secret_post") && !has("client_secret_basic"),
        })
    }

    /// The ID token for a code.
    pub(super) fn redeem(
        &self,
        said: &Said,
        provider: &Provider,
        code: &str,
        back: &str,
        verifier: &str,
    ) -> store::Result<String> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back),
            ("code_verifier", verifier),
        ];
        let mut request = self.0.post(&said.token).header("accept", "application/json");
        if said.secret_in_form {
            form.extend([("client_id", &*provider.client_id), ("client_secret", &*provider.client_secret)]);
        } else {
            // RFC 6749, 2.3.1: each is written as in a form, and then both as in any basic authentication.
            let written = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", written(&provider.client_id), written(&provider.client_secret));
            request = request.header("authorization", format!("Basic {}", STANDARD.encode(pair)));
        }
        let answer = request.send_form(form).map_err(|error| silent(&error))?;
        if answer.status().is_client_error() {
            // A code that is spent or too old; or a secret that is not the provider's any more.
            tracing::warn!(status = answer.status().as_u16(), "a provider did not take a code");
            return Err(Error::refused(
                "provider",
                "not_taken",
                "the provider does not know this sign-in: begin again",
            ));
        }
        read::<Tokens>(answer).map(|tokens| tokens.id_token)
    }

    fn get<T: DeserializeOwned>(&self, issuer: &str, address: &str) -> store::Result<T> {
        if !may_be_asked(issuer, address) {
            return Err(unusable("it speaks in clear"));
        }
        read(self.0.get(address).header("accept", "application/json").call().map_err(|error| silent(&error))?)
    }
}

/// Whether an address may be asked: over TLS, or on this machine, where the issuer is too.
pub(super) fn may_be_asked(issuer: &str, address: &str) -> bool {
    let near = |address: &str| {
        let uri: Option<Uri> = address.parse().ok();
        let (scheme, host) = match &uri {
            Some(uri) => (uri.scheme_str(), uri.host()),
            None => (None, None),
        };
        scheme == Some("http") && host.is_some_and(|host| matches!(host, "127.0.0.1" | "[::1]" | "localhost"))
    };
    address.starts_with("https://") || (near(issuer) && near(address))
}

fn read<T: DeserializeOwned>(mut answer: Response<ureq::Body>) -> store::Result<T> {
    if answer.status().as_u16() != 200 {
        return Err(unusable(&format!("it answers with {}", answer.status().as_u16())));
    }
    let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
    let text = text.map_err(|error| silent(&error))?;
    serde_json::from_str(&text).map_err(|_| unusable("its answer is not what the standard says"))
}

fn silent(error: &ureq::Error) -> Error {
    unusable(&error.to_string())
}

fn unusable(why: &str) -> Error {
    tracing::warn!(why, "a provider cannot be used");
    Error::Busy {
        message: "the provider does not answer as it should: try again, or sign in with your password".into(),
        retry_after: 30,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_provider_on_this_machine_speaks_in_clear() {
        for (issuer, address, may) in [
            ("https://id.example", "https://id.example/keys", true),
            ("https://id.example", "https://keys.example/", true),
            ("https://id.example", "http://id.example/keys", false),
            ("https://id.example", "http://127.0.0.1/keys", false),
            ("http://id.example", "http://id.example/keys", false),
            ("http://127.0.0.1:9", "http://127.0.0.1:9/keys", true),
            ("http://127.0.0.1:9", "http://10.0.0.1/keys", false),
            ("http://localhost:9", "file:///etc/passwd", false),
        ] {
            assert_eq!(may_be_asked(issuer, address), may, "{issuer} {address}");
        }
    }
}
