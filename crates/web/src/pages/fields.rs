//! What a page's form sends: fields by name, and the request id in one of them, so that pressing a button twice or
//! reloading does a thing once.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{Form, FromRequest, Request},
    http::StatusCode,
};
use store::{Error, Refusal};
use trial::ids::RequestId;

use crate::{
    error::{Answer, Problem},
    passkey::{NewPasskey, UsedPasskey},
    state::AppState,
};

/// The hidden field that carries the request id.
pub const REQUEST: &str = "request";

/// Bytes of a form that are kept over a confirmation.
const KEPT_BYTES_MAX: usize = 64 * 1024;

/// The fields of a sent form, in their order.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, String)>);

/// What a form sent, for the page on which one confirms that it is oneself: nothing of it is to be lost.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept(Arc<OnceLock<Vec<(String, String)>>>);

impl Kept {
    /// The fields, where there were any and they may stand on a page. Secrets are typed again.
    pub(crate) fn fields(&self) -> Option<&[(String, String)]> {
        const SECRETS: &[&str] = &["old", "password", "again", "new_password", "secret", "code", "attestation"];
        let fields = self.0.get()?;
        let bytes: usize = fields.iter().map(|(name, value)| name.len().saturating_add(value.len())).sum();
        let secret = fields.iter().any(|(name, _)| SECRETS.contains(&name.as_str()));
        (!secret && bytes <= KEPT_BYTES_MAX).then_some(fields.as_slice())
    }
}

impl FromRequest<AppState> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Answer<Self> {
        let kept = request.extensions().get::<Kept>().cloned();
        let read = Form::<Vec<(String, String)>>::from_request(request, state).await;
        if let (Some(kept), Ok(Form(fields))) = (kept, &read) {
            // One request, one form.
            let _ = kept.0.set(fields.clone());
        }
        read.map(|Form(fields)| Fields(fields)).map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "the form is larger than this page takes: nothing was stored",
            ),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media_type",
                "this address takes what a page's form sends",
            ),
            _ => Problem::malformed("the form broke off or could not be read: nothing was stored"),
        })
    }
}

impl Fields {
    /// The text of a field; empty where it was not sent.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The trimmed text of a field, where there is any.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<&str> {
        Some(self.get(name).trim()).filter(|text| !text.is_empty())
    }

    /// Whether the field was sent at all.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// The fields whose names begin so, without that.
    pub fn beginning(&self, prefix: &str) -> Vec<(String, String)> {
        let found = self.0.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
        found.map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }

    /// The passkey that a page's script made.
    #[must_use]
    pub fn passkey_made(&self) -> NewPasskey {
        NewPasskey {
            name: self.given("passkey_name").unwrap_or("Passkey").to_owned(),
            client_data: self.get("client_data").to_owned(),
            attestation: self.get("attestation").to_owned(),
        }
    }

    /// The passkey that a page's script had used, where it did.
    #[must_use]
    pub fn passkey_used(&self) -> Option<UsedPasskey> {
        let text = |name| self.get(name).to_owned();
        self.given("credential").map(|credential| UsedPasskey {
            credential: credential.to_owned(),
            client_data: text("client_data"),
            authenticator_data: text("authenticator_data"),
            signature: text("signature"),
            user: text("user"),
        })
    }

    /// Each text of a field that may be sent several times, as boxes of one name are.
    pub fn each<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The request id.
    ///
    /// # Errors
    /// Malformed where the page's own hidden field is missing or was changed.
    pub fn request(&self) -> Answer<RequestId> {
        self.get(REQUEST)
            .parse()
            .map_err(|_| Problem::malformed("the form came without its request id: load the page again"))
    }

    /// A field that names a record.
    ///
    /// # Errors
    /// Refused at that field.
    pub fn id<I: std::str::FromStr>(&self, name: &'static str, words: &'static str) -> store::Result<I> {
        self.get(name).parse().map_err(|_| Error::refused(name, "choose", words))
    }
}

/// Why a form came back, field by field.
#[derive(Debug, Default)]
pub struct Refused(pub Vec<Refusal>);

impl Refused {
    /// The words at a field, where it was refused.
    #[must_use]
    pub fn at(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|refusal| refusal.field == field).map(|refusal| refusal.message.as_str())
    }

    /// What is said of none of these fields, given with spaces between.
    #[must_use]
    pub fn beside(&self, fields: &str) -> Vec<&str> {
        let others = self.0.iter().filter(|refusal| !fields.split(' ').any(|field| field == refusal.field));
        others.map(|refusal| refusal.message.as_str()).collect()
    }
}

/// What came of an act that a page's form asked for: done, or to be said on the page it came from.
///
/// # Errors
/// Whatever the page cannot say at its own place.
pub fn outcome<T>(result: store::Result<T>) -> Answer<Result<T, (StatusCode, Refused)>> {
    let whole = |message: String, code| Refused(vec![Refusal { field: String::new(), code, message }]);
    match result {
        Ok(done) => Ok(Ok(done)),
        Err(Error::Refused(refusals)) => Ok(Err((StatusCode::UNPROCESSABLE_ENTITY, Refused(refusals)))),
        Err(Error::RulesBroken(refusals)) => {
            // On a page the clause is part of what is said.
            let told = refusals.into_iter().map(|one| Refusal {
                message: format!("{}: {}", one.field, one.message),
                field: String::new(),
                ..one
            });
            Ok(Err((StatusCode::CONFLICT, Refused(told.collect()))))
        }
        Err(Error::Conflict { message, .. }) => Ok(Err((StatusCode::CONFLICT, whole(message, "conflict")))),
        Err(other) => Err(other.into()),
    }
}
