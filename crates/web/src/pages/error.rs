//! Failures as pages: what happened, what was kept, what to do. Nothing of the request is repeated on them.

use askama::Template;
use axum::{
    http::{StatusCode, Uri},
    response::{Html, IntoResponse, Response},
};

use super::{
    frame::to,
    show::{filters, part},
};
use crate::error::{Problem, STEP_UP};

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    problem: &'a Problem,
    icon: &'static str,
    heading: &'static str,
    advice: &'static str,
}

impl ErrorPage<'_> {
    /// Where what is missing can be done.
    fn leads_to(&self) -> Option<(&'static str, &'static str)> {
        match self.problem.code {
            "agreement_unsigned" => Some(("/account/agreements", "Read and sign")),
            "training_lapsed" => Some(("/account/agreements", "Your training")),
            "identity_unchecked" => Some(("/account/agreements", "Your identity")),
            _ => None,
        }
    }

    /// What happened, as a sentence.
    fn detail(&self) -> String {
        let mut letters = self.problem.detail.chars();
        let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
        format!("{first}{}.", letters.as_str().trim_end_matches('.'))
    }
}

/// The page of a problem. Status, `Allow`, `Retry-After` and the security headers are set by the caller afterwards;
/// a redirect (303) stays one.
#[must_use]
pub fn respond(problem: &Problem, asked: &Uri) -> Response {
    // Whoever has no session goes to the door, and from there to where they wanted.
    if problem.status() == StatusCode::UNAUTHORIZED {
        let wanted = asked.path_and_query().map_or("/", |path| path.as_str());
        if problem.code == STEP_UP {
            return to(format!("/confirm?next={}", part(wanted)));
        }
        let wanted = if wanted == "/" { String::new() } else { format!("?said=ended&next={}", part(wanted)) };
        return to(format!("/sign-in{wanted}"));
    }
    let (icon, heading, advice) = words(problem);
    match (ErrorPage { problem, icon, heading, advice }).render() {
        Ok(page) => Html(page).into_response(),
        // The page of a failure must not fail: the caller puts its status over this.
        Err(_) => Html(heading.to_owned()).into_response(),
    }
}

fn words(problem: &Problem) -> (&'static str, &'static str, &'static str) {
    match (problem.status().as_u16(), problem.code) {
        (_, "spent") => {
            ("clock", "This link works no more", "Each enrolment link works once, for a week. Nothing was changed.")
        }
        (403, "agreement_unsigned") => (
            "file",
            "Something to sign first",
            "The agreements that wait for your signature stand on a page of their own. Once they are signed, your roles work.",
        ),
        (403, "identity_unchecked" | "training_lapsed" | "review_overdue" | "not_delegated") => (
            "clock",
            "Your role rests",
            "You still hold it, and nothing was lost. Once what is due is done, it works again at once.",
        ),
        (403, "cross_site") => ("stop", "Not done", "Go to the page yourself and do it there."),
        (403, _) => (
            "access",
            "Not with your roles",
            "Roles are given per study and site, for a time. If you should have one, ask whoever gives roles there.",
        ),
        (404, _) => (
            "search",
            "Nothing here for you",
            "Either there is nothing at this address, or it lies where none of your roles reaches. The two look the same on purpose.",
        ),
        (405, _) => ("stop", "Not at this address", "Go back and use the page’s own buttons."),
        (409, "policy_unsigned" | "comes_round" | "chain_too_long" | "self_approval" | "too_many") => {
            ("stop", "Not done", "Nothing was changed. Something else has to be so first.")
        }
        (409, _) => {
            ("warn", "Somebody was faster", "Go back, load the page again, and compare before you do it again.")
        }
        (413, _) => {
            ("file", "Too large", "Nothing was stored. Send it in parts, or use the command line for large files.")
        }
        (422, _) => ("warn", "Not possible as it stands", "Go back: what you typed is still on the page."),
        (400 | 415 | 421, _) => {
            ("warn", "Not understood", "Nothing was stored. Go back, load the page again, and try once more.")
        }
        (408 | 429 | 503, _) => {
            ("clock", "Not just now", "Nothing was stored, and nothing is lost. Wait a little, then try again.")
        }
        _ => (
            "stop",
            "Something failed inside Probity",
            "Nothing was stored. What was saved before is safe, and its proofs hold. Tell the operator the incident below.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_of(problem: &Problem) -> String {
        let (icon, heading, advice) = words(problem);
        (ErrorPage { problem, icon, heading, advice }).render().unwrap_or_default()
    }

    #[test]
    fn each_failure_says_what_to_do() {
        for (status, says) in [
            (StatusCode::FORBIDDEN, "Not with your roles"),
            (StatusCode::NOT_FOUND, "Nothing here for you"),
            (StatusCode::CONFLICT, "Somebody was faster"),
            (StatusCode::UNPROCESSABLE_ENTITY, "Not possible as it stands"),
            (StatusCode::SERVICE_UNAVAILABLE, "Not just now"),
            (StatusCode::INTERNAL_SERVER_ERROR, "Something failed inside Probity"),
        ] {
            let page = page_of(&Problem::new(status, "code", "what happened"));
            assert!(page.contains(says) && page.contains("What happened"), "{status}: {page}");
        }
    }

    #[test]
    fn an_incident_is_told_and_a_session_that_ended_leads_to_the_door() {
        let mut problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", "it failed");
        problem.incident = Some("0a1b2c".into());
        assert!(page_of(&problem).contains("0a1b2c"));
        let asked = Uri::from_static("/subjects/1?a=b");
        let answer = respond(&Problem::new(StatusCode::UNAUTHORIZED, "signed_out", "sign in first"), &asked);
        let to = answer.headers().get("location").and_then(|to| to.to_str().ok());
        assert_eq!(to, Some("/sign-in?said=ended&next=%2Fsubjects%2F1%3Fa%3Db"));
    }
}
