//! What one has to sign and learn before one's roles work: the agreements as texts to read, one button that signs those
//! that wait in the versions that were shown, and the training that one's roles need.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use jiff::Timestamp;
use store::{
    Error,
    acts::SignAgreements,
    views::{AgreementLine, Duties, DutyLine, IdentityCheck, MyDuties},
};
use trial::ids::AgreementId;

use super::{
    fields::{Fields, Refused, outcome},
    frame::{Frame, Reader, render_as, to},
    show::filters,
};
use crate::error::Answer;

/// The field that names an agreement and the version that was shown.
const SHOWN: &str = "agreement";

#[derive(Template)]
#[template(path = "agreements.html")]
struct AgreementsPage {
    frame: Frame,
    waiting: Vec<AgreementLine>,
    signed: Vec<AgreementLine>,
    training: Vec<Training>,
    training_due: bool,
    identity: Option<IdentityCheck>,
    /// Whether one of one's roles waits for that.
    signs: bool,
    why: Refused,
}

/// A training that one of one's roles needs.
struct Training {
    title: String,
    completed: Option<Timestamp>,
    until: Option<Timestamp>,
    /// Whether it is missing or too long ago.
    due: bool,
}

/// Shows what is to be signed, what is signed, and the training.
pub async fn agreements(reader: Reader) -> Answer<Response> {
    page(&reader, StatusCode::OK, Refused::default()).await
}

/// Signs what was shown.
pub async fn sign(reader: Reader, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let done = match fields.each(SHOWN).map(shown).collect() {
        Ok(agreements) => reader.asker.act(SignAgreements { agreements }, request).await,
        Err(error) => Err(error),
    };
    match outcome(done)? {
        Ok(_) => Ok(to("/account/agreements")),
        Err((status, why)) => page(&reader, status, why).await,
    }
}

/// An agreement and its version, with a space between.
fn shown(text: &str) -> store::Result<(AgreementId, u32)> {
    let parsed = text.split_once(' ').and_then(|(id, version)| Some((id.parse().ok()?, version.parse().ok()?)));
    parsed.ok_or_else(|| Error::refused("agreements", "unknown", "the form was changed: load the page again"))
}

async fn page(reader: &Reader, status: StatusCode, why: Refused) -> Answer<Response> {
    let frame = reader.frame("agreements").await?.behind("/account", "Your account");
    let Duties { agreements, training, identity, signs } = reader.asker.view(MyDuties {}).await?;
    let (signed, waiting) = agreements.into_iter().partition(|line| line.signed.is_some());
    let now = reader.now;
    let training: Vec<Training> = training
        .into_iter()
        .map(|DutyLine { title, completed, until, .. }| {
            let due = until.is_none_or(|until| until <= now);
            Training { title, completed, until, due }
        })
        .collect();
    let training_due = training.iter().any(|line| line.due);
    render_as(status, &AgreementsPage { frame, waiting, signed, training, training_due, identity, signs, why })
}
