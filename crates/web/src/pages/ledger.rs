//! A ledger: its length, its newest checkpoint and keys, its entries; and checking a proof that somebody brings.

use askama::Template;
use axum::{extract::Multipart, http::StatusCode, response::Response};
use ledger::{bundle::Bundle, note::VerifierKey};
use serde::Deserialize;
use store::views::{EntryLine, LedgerEntries, LedgerHead, LedgerHeadShown};

use super::{
    frame::{Frame, Reader, render_as},
    show::{count, filters},
};
use crate::{
    error::{Answer, Problem},
    input::{Path, Query},
};

/// Entries of a page.
const ROWS: u32 = 50;
/// Bytes of a file brought to be checked: an entry fits 65,535, a proof less.
pub const PROOF_BYTES_MAX: usize = 256 * 1024;

#[derive(Template)]
#[template(path = "ledger.html")]
struct LedgerPage {
    frame: Frame,
    name: String,
    head: LedgerHeadShown,
    entries: Vec<EntryLine>,
    first_page: bool,
    /// Index to go on before.
    next: Option<u64>,
    verdict: Option<Verdict>,
}

/// What checking a proof came to.
struct Verdict {
    good: bool,
    words: String,
}

/// Where in the ledger.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    before: String,
}

/// Shows a ledger.
pub async fn ledger(reader: Reader, Path(number): Path<u32>, Query(asked): Query<Asked>) -> Answer<Response> {
    page(&reader, number, asked.before.parse().ok(), StatusCode::OK, None).await
}

/// Checks a proof against this ledger's public keys. Nothing of what was brought is kept.
pub async fn check(reader: Reader, Path(number): Path<u32>, mut parts: Multipart) -> Answer<Response> {
    // Whoever may not see the ledger learns nothing by asking about proofs from it.
    let keys = reader.asker.view(LedgerHead { ledger: number }).await?.keys;
    let (mut proof, mut entry) = (Vec::new(), Vec::new());
    while let Some(part) = parts.next_field().await.map_err(|_| broken())? {
        let name = part.name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(|_| broken())?;
        match name.as_str() {
            "proof" => proof = bytes.to_vec(),
            "entry" => entry = bytes.to_vec(),
            _ => {}
        }
    }
    let verdict = verdict(&proof, &entry, &keys);
    let status = if verdict.good { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page(&reader, number, None, status, Some(verdict)).await
}

fn broken() -> Problem {
    Problem::malformed("the files did not arrive whole: choose them again")
}

fn verdict(proof: &[u8], entry: &[u8], keys: &[String]) -> Verdict {
    let bad = |words: String| Verdict { good: false, words };
    if proof.is_empty() || entry.is_empty() {
        return bad("Two files are needed: the proof, and the entry that it is about.".into());
    }
    let keys: Vec<VerifierKey> = keys.iter().filter_map(|key| key.parse().ok()).collect();
    let bundle = match Bundle::parse(proof) {
        Ok(bundle) => bundle,
        Err(error) => return bad(format!("The first file is no proof: {error}.")),
    };
    match bundle.verify(entry, &keys) {
        Ok(proved) => Verdict {
            good: true,
            words: format!(
                "The entry is number {} of this ledger, exactly as it was signed at a length of {} entries.",
                count(proved.index),
                count(proved.checkpoint.size)
            ),
        },
        Err(error) => bad(format!("The proof does not hold: {error}.")),
    }
}

impl LedgerPage {
    /// Whether the proof of an entry is for whoever sees the ledger. What the organization's ledger tells of a site, its
    /// delegation log, is proved to those who work there.
    fn proves(&self, entry: &EntryLine) -> bool {
        self.head.number != 1 || !entry.target.starts_with("site:")
    }
}

async fn page(
    reader: &Reader,
    number: u32,
    before: Option<u64>,
    status: StatusCode,
    verdict: Option<Verdict>,
) -> Answer<Response> {
    // Signed now, if the ledger has grown: the head below shows it.
    let head = reader
        .asker
        .blocking(move |organization, actor| {
            let head = LedgerHead { ledger: number };
            organization.view(actor, &head)?;
            organization.checkpoint_of(number)?;
            organization.view(actor, &head)
        })
        .await?;
    let entries = reader.asker.view(LedgerEntries { ledger: number, before, limit: ROWS }).await?;
    let next = entries.last().map(|entry| entry.index).filter(|index| *index > 0);
    let mut frame = reader.frame(if number == 1 { "organization ledger" } else { "ledger" }).await?;
    let study = frame.studies.iter().find(|study| study.ledger == number).map(|study| (study.id, study.name.clone()));
    let name = match study {
        Some((id, name)) => {
            frame = reader.study_frame("ledger", id).await?;
            name
        }
        None => frame.account.organization.clone(),
    };
    render_as(status, &LedgerPage { name, head, entries, first_page: before.is_none(), next, verdict, frame })
}
