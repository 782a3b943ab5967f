//! Cookies: for this host alone, out of reach of scripts, and sent to nobody who comes from another site.
//!
//! Under TLS their names begin with `__Host-`: then a browser takes them over TLS only, for this very host, and no
//! sibling host can put one of its own in their place (RFC 6265bis 4.1.3).

use axum::http::{HeaderMap, HeaderValue, header};

use crate::state::Settings;

const PREFIX: &str = "__Host-";

/// The value of our cookie of this name.
#[must_use]
pub fn read<'a>(settings: &Settings, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| is_named(settings, found, name).then_some(value))
}

/// The `Set-Cookie` of a value; until the browser is closed where no age is given, and gone where it is zero.
#[must_use]
pub fn set(settings: &Settings, name: &str, value: &str, max_age: Option<u32>) -> Option<HeaderValue> {
    let (prefix, secure) = if settings.tls { (PREFIX, "; Secure") } else { ("", "") };
    let age = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    HeaderValue::from_str(&format!("{prefix}{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}")).ok()
}

/// One that anybody on the way, or at a sibling host, could have set is not ours.
fn is_named(settings: &Settings, found: &str, name: &str) -> bool {
    if settings.tls { found.strip_prefix(PREFIX) == Some(name) } else { found == name }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn headers(cookie: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookie))])
    }

    #[test]
    fn under_tls_only_one_that_nobody_else_could_set_is_read() {
        let tls = Settings { tls: true, ..Settings::default() };
        let planted = headers("probity_session=planted; __Host-probity_session=own");
        assert_eq!(read(&tls, &planted, "probity_session"), Some("own"));
        assert_eq!(read(&tls, &headers("probity_session=planted"), "probity_session"), None);
        assert_eq!(read(&Settings::default(), &planted, "probity_session"), Some("planted"));
        let set = set(&tls, "probity_session", "own", None).unwrap();
        assert_eq!(set, "__Host-probity_session=own; Path=/; HttpOnly; SameSite=Strict; Secure");
    }

    #[test]
    fn one_that_goes_away_says_so() {
        let set = set(&Settings::default(), "probity_session", "", Some(0)).unwrap();
        assert_eq!(set, "probity_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    }
}
