//! Of all cipher suites there could be, a server takes the nine that are authenticated and keep no key; every answer
//! over TLS binds the browser to it, and in clear there is a redirect and nothing else.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};

use super::{Finding, Place};
use crate::prove::{
    scratch::{ADMINISTRATOR, PASSWORD, Served},
    wire::{Hello, Reply, TLS_1_2, TLS_1_3, in_clear},
};

/// Suites in one hello; all of them do not fit.
const OFFERED: usize = 8_000;
/// Code points that are signals and not suites (RFC 5746, RFC 7507).
const SIGNALS: [u16; 2] = [0x00ff, 0x5600];
/// Seconds of a year.
const YEAR: u64 = 31_536_000;
/// Methods of which each is redirected.
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let served = Served::start(false)?;
    let spoken = web::spoken().suites;
    let mut against: Vec<String> = spoken
        .iter()
        .filter(|(name, _)| !is_authenticated(name))
        .map(|(name, _)| format!("{name} is spoken"))
        .collect();
    let ours: Vec<u16> = spoken.iter().map(|(_, suite)| *suite).collect();
    let (others, agreed) = others_agreed(served.address()?, &ours)?;
    against.extend(agreed);
    let (answers, unbound) = unbound(&served)?;
    against.extend(unbound);
    against.extend(cookie_at_large(&served)?);
    let redirected = not_redirected(served.redirect()?)?;
    against.extend(redirected);
    Ok(Finding::unless(
        against,
        format!(
            "a scratch server speaks {} authenticated suites with a fresh key exchange and refused all {others} other code \
             points, in TLS 1.2 and 1.3; {answers} answers over TLS bound the browser for a year \
             or more, the session's cookie is for this host over TLS alone, and in clear {} methods got a redirect \
             without body or cookie",
            ours.len(),
            METHODS.len()
        ),
    ))
}

fn is_authenticated(name: &str) -> bool {
    (name.contains("_GCM_") || name.contains("_POLY1305_"))
        && (name.starts_with("TLS13_") || name.starts_with("TLS_ECDHE_"))
}

/// Offers every code point that is not one of `ours`; how many, and which were agreed on.
fn others_agreed(server: SocketAddr, ours: &[u16]) -> Result<(usize, Vec<String>)> {
    let others: Vec<u16> = (0..=u16::MAX).filter(|suite| !ours.contains(suite) && !SIGNALS.contains(suite)).collect();
    let mut against = Vec::new();
    for versions in [&[][..], &[TLS_1_3][..]] {
        for suites in others.chunks(OFFERED) {
            if let Reply::Agreed { suite, .. } = (Hello { newest: TLS_1_2, versions, suites }).send(server)? {
                against.push(format!("the suite {suite:#06x} was agreed on"));
            }
        }
        // The same hello with one of ours among them is answered with that one.
        let mut suites: Vec<u16> = others.iter().take(OFFERED).copied().collect();
        suites.extend(ours);
        let reply = Hello { newest: TLS_1_2, versions, suites: &suites }.send(server)?;
        if !matches!(reply, Reply::Agreed { suite, .. } if ours.contains(&suite)) {
            against.push(format!("a client that offered ours among others was answered with {reply:?}"));
        }
    }
    Ok((others.len(), against))
}

/// Asks every route over TLS; how many answers there were, and which did not bind the browser.
fn unbound(served: &Served) -> Result<(usize, Vec<String>)> {
    let (mut answers, mut against) = (0_usize, Vec::new());
    for route in web::table().routes() {
        let answer = served.line()?.ask(&format!("{} {}", route.method, filled(&route.path)), "")?;
        answers = answers.saturating_add(1);
        if !answer.header("strict-transport-security").is_some_and(binds) {
            against.push(format!("{} {} does not bind the browser to TLS", route.method, route.path));
        }
    }
    Ok((answers, against))
}

/// A path with something in its gaps.
pub(super) fn filled(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect();
    parts.join("/")
}

fn binds(told: &str) -> bool {
    let mut parts = told.split(';').map(str::trim);
    let age = parts.clone().find_map(|part| part.strip_prefix("max-age=")?.parse::<u64>().ok());
    age.is_some_and(|seconds| seconds >= YEAR) && parts.any(|part| part.eq_ignore_ascii_case("includeSubDomains"))
}

/// Signs in over TLS, as a page does, and looks at the cookie.
fn cookie_at_large(served: &Served) -> Result<Option<String>> {
    let origin = "Origin: https://localhost\r\nContent-Type: application/x-www-form-urlencoded";
    let body = format!("sign_in={ADMINISTRATOR}&password={}", PASSWORD.replace(' ', "+"));
    let rest = format!("{origin}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let answer = served.line()?.ask("POST /sign-in", &rest)?;
    let cookie = answer.header("set-cookie").with_context(|| format!("nobody signs in: {}", answer.status))?;
    let attributes: Vec<&str> = cookie.split(';').map(str::trim).collect();
    let all = ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"].iter().all(|wanted| attributes.contains(wanted));
    let own = cookie.starts_with("__Host-") && !attributes.iter().any(|attribute| attribute.starts_with("Domain"));
    Ok((!all || !own)
        .then(|| format!("the session's cookie is not for this host over TLS alone: {}", attributes.join("; "))))
}

/// Asks in clear in every way; what came back that is more than where to go.
fn not_redirected(address: SocketAddr) -> Result<Vec<String>> {
    let mut against = Vec::new();
    for method in METHODS {
        let answer = in_clear(address, &format!("{method} /sign-in?a=b"), "")?.context("no redirect in clear")?;
        let to_tls = answer
            .header("location")
            .is_some_and(|to| to.starts_with("https://localhost:") && to.ends_with("/sign-in?a=b"));
        let bare = answer.body.is_empty() && answer.header("set-cookie").is_none();
        if answer.status != 308 || !to_tls || !bare {
            against.push(format!("{method} in clear was answered with {} and {:?}", answer.status, answer.headers));
        }
    }
    Ok(against)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_weak_suite_a_short_year_and_an_answer_in_clear_are_told() {
        assert!(is_authenticated("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
        assert!(!is_authenticated("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"));
        assert!(!is_authenticated("TLS_RSA_WITH_AES_128_GCM_SHA256"));
        assert!(binds("max-age=31536000; includeSubDomains"));
        assert!(!binds("max-age=31535999; includeSubDomains") && !binds("max-age=31536000") && !binds(""));
        let served = Served::start(false).unwrap();
        // One suite fewer of ours: it is found among the others.
        let ours: Vec<u16> = web::spoken().suites.iter().map(|(_, suite)| *suite).filter(|it| *it != 0x1301).collect();
        let (_, against) = others_agreed(served.address().unwrap(), &ours).unwrap();
        assert_eq!(against, ["the suite 0x1301 was agreed on"]);
        assert_eq!(not_redirected(served.redirect().unwrap()).unwrap(), Vec::<String>::new());
    }
}
