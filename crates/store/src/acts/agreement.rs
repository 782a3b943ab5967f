//! Agreements: published by the organization, signed by everybody who works in it.

use std::{collections::BTreeSet, sync::Arc};

use serde::Serialize;
use trial::{
    ids::{AgreementId, SignatureId},
    limit,
    permission::Permission,
};

use crate::{
    act::Act,
    actor::Access,
    assurance::Freshness,
    backend::values,
    error::{Error, Result},
    place::Target,
    record::{AgreementKind, AgreementRecord, AgreementSignedRecord, PersonRecord},
    tx::Tx,
};

/// The text of an agreement, in bytes.
pub const AGREEMENT_BYTES_MAX: usize = 100_000;

/// Publishes a new version of an agreement. From then on nobody's roles work who has not signed it.
#[derive(Debug, Serialize)]
pub struct PublishAgreement {
    /// Which.
    pub kind: AgreementKind,
    /// Its text.
    pub text: String,
}

impl Act for PublishAgreement {
    const NAME: &'static str = "agreement.publish";
    const NEEDS: Permission = Permission::AgreementPublish;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Organization
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let text = limit::text("text", &self.text, AGREEMENT_BYTES_MAX)?;
        let (id, version) = tx
            .db
            .one("SELECT id, version FROM agreement WHERE kind = ?1", values![self.kind.code()], |row| {
                Ok((row.id::<AgreementId>(0)?, row.number(1)?))
            })?
            .ok_or(Error::Hidden)?;
        let top = Arc::clone(tx.ring.top());
        let record = AgreementRecord { kind: self.kind, text, by: Some(access.person()?) };
        tx.put(&id, version.saturating_add(1), &record, &top)
    }
}

/// What an organization begins with.
pub(super) fn first_agreements(tx: &mut Tx<'_>) -> Result<()> {
    let top = Arc::clone(tx.ring.top());
    for kind in AgreementKind::ALL {
        let id: AgreementId = tx.new_id()?;
        tx.put(&id, 1, &AgreementRecord { kind: *kind, text: kind.first_text().to_owned(), by: None }, &top)?;
    }
    Ok(())
}

/// What a signature under an agreement means (21 CFR 11.50 (a) (3)).
const MEANING: &str = "I have read this and agree";

/// Signs agreements, each in the version that was shown.
#[derive(Debug, Serialize)]
pub struct SignAgreements {
    /// Which, and in which version.
    pub agreements: Vec<(AgreementId, u32)>,
}

impl Act for SignAgreements {
    const NAME: &'static str = "agreement.sign";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let person = access.person()?;
        let waiting = access.rules()?.unsigned(tx.db, person)?;
        let (_, account) = tx.current::<PersonRecord>(&person)?.ok_or(Error::Hidden)?;
        let key = tx.key(account.key)?;
        let mut signed = BTreeSet::new();
        for (agreement, version) in &self.agreements {
            let (current, record) = tx
                .current::<AgreementRecord>(agreement)?
                .ok_or_else(|| Error::refused("agreements", "unknown", "there is no such agreement"))?;
            if current != *version {
                return Err(Error::Conflict {
                    message: format!("{} was published anew meanwhile: read it again", record.kind.title()),
                    current: Some(u64::from(current)),
                });
            }
            if !waiting.contains(agreement) || !signed.insert(*agreement) {
                continue;
            }
            let id: SignatureId = tx.new_id()?;
            let signature = AgreementSignedRecord {
                person,
                agreement: *agreement,
                version: current,
                text_digest: ledger::sha256(record.text.as_bytes()).to_hex(),
                name: account.name.clone(),
                meaning: MEANING.to_owned(),
            };
            tx.put(&id, 1, &signature, &key)?;
        }
        if signed.is_empty() {
            return Err(Error::refused("agreements", "nothing", "nothing of this waits for your signature"));
        }
        Ok(())
    }
}
