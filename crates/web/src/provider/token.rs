//! What an ID token has to say (OpenID Connect Core 1.0, 3.1.3.7). Only signatures by a provider's own key pair are taken:
//! no `none`, and no keyed hash, whose key the provider shares.

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{Jwk, JwkSet, PublicKeyUse},
};
use serde::{Deserialize, de::IgnoredAny};

/// Algorithms that are taken.
const TAKEN: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// How much clocks may differ.
const SLACK: SignedDuration = SignedDuration::from_mins(1);
/// How old a token may be that was just fetched.
const AGE_MAX: SignedDuration = SignedDuration::from_mins(10);
/// Bytes of a token.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// What it must say.
pub(super) struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    pub now: Timestamp,
}

/// What is wrong with it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("it cannot be read")]
    Unreadable,
    #[error("its algorithm is not taken")]
    Algorithm,
    #[error("the provider has no key of that name")]
    UnknownKey,
    #[error("its signature, issuer or audience does not hold")]
    Signature,
    #[error("it is for another client too, and was not asked for by us")]
    Party,
    #[error("its nonce is another")]
    Nonce,
    #[error("it has ended, or was made at another time: look at both clocks")]
    Time,
    #[error("it names nobody")]
    Subject,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: Audience,
    azp: Option<String>,
    nonce: Option<String>,
    exp: i64,
    iat: i64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    Many(Vec<String>),
    One(IgnoredAny),
}

/// Whose it is, where it holds.
pub(super) fn check(token: &str, keys: &JwkSet, expected: &Expected<'_>) -> Result<String, Problem> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Problem::Unreadable);
    }
    let header = decode_header(token).map_err(|_| Problem::Algorithm)?;
    if !TAKEN.contains(&header.alg) {
        return Err(Problem::Algorithm);
    }
    let key = key(keys, header.kid.as_deref()).ok_or(Problem::UnknownKey)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| Problem::UnknownKey)?;
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // By the clock that everything else goes by.
    validation.validate_exp = false;
    let claims: Claims = decode(token, &key, &validation).map_err(|_| Problem::Signature)?.claims;
    let others = matches!(&claims.aud, Audience::Many(many) if many.len() > 1);
    let party = claims.azp.as_deref();
    if party.is_some_and(|party| party != expected.client_id) || (others && party.is_none()) {
        return Err(Problem::Party);
    }
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err(Problem::Nonce);
    }
    let at = |second| Timestamp::from_second(second).map_err(|_| Problem::Time);
    let (made, ends) = (at(claims.iat)?, at(claims.exp)?);
    let age = expected.now.duration_since(made);
    if expected.now.duration_since(ends) >= SLACK || age > AGE_MAX || age < -SLACK {
        return Err(Problem::Time);
    }
    // 255 characters of ASCII at most (2).
    if claims.sub.is_empty() || claims.sub.len() > 255 || !claims.sub.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::Subject);
    }
    Ok(claims.sub)
}

/// The key that signed it: the one of that name, or the only one that signs.
fn key<'a>(keys: &'a JwkSet, named: Option<&str>) -> Option<&'a Jwk> {
    let mut signing = keys
        .keys
        .iter()
        .filter(|key| key.common.public_key_use.as_ref().is_none_or(|public| *public == PublicKeyUse::Signature));
    match named {
        Some(name) => signing.find(|key| key.common.key_id.as_deref() == Some(name)),
        None => signing.next().filter(|_| signing.next().is_none()),
    }
}
