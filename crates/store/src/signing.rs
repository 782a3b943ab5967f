//! Checkpoints: signed twice, Ed25519 and ML-DSA-44, when somebody asks and the ledger has grown.

use ledger::{
    checkpoint::Checkpoint,
    note::VerifierKey,
    signing::{Ed25519Signer, MlDsa44Signer, Signer},
};
use trial::ids::OrganizationId;

use crate::{
    backend::{Connection, values},
    core::Core,
    error::{Error, Result},
    key::KeyRing,
    log::int,
    record::LedgerKeys,
    tx,
    view::Snapshot,
};

/// The two signers of a ledger. Their names are its origin (C2SP tlog-checkpoint).
pub(crate) struct Signers {
    ed25519: Ed25519Signer,
    ml_dsa_44: MlDsa44Signer,
}

impl Signers {
    /// Opens the organization's signing keys for the ledger of this origin.
    pub(crate) fn open(db: &Connection, ring: &KeyRing, organization: OrganizationId, origin: &str) -> Result<Self> {
        let (_, keys) = tx::read::<LedgerKeys>(db, ring, organization, &organization, None)?
            .ok_or_else(|| Error::fault("the organization has no ledger keys"))?;
        Ok(Signers {
            ed25519: Ed25519Signer::from_seed(origin, &keys.ed25519).map_err(Error::fault)?,
            ml_dsa_44: MlDsa44Signer::from_seed(origin, &keys.ml_dsa_44).map_err(Error::fault)?,
        })
    }

    /// The public keys.
    pub(crate) fn public(&self) -> [VerifierKey; 2] {
        [self.ed25519.key().clone(), self.ml_dsa_44.key().clone()]
    }
}

impl Core {
    /// Signs a checkpoint over all that the ledger holds, unless the newest one is.
    pub(crate) fn checkpoint(&mut self, number: u32) -> Result<String> {
        let log = self.log(number)?;
        let size = log.frontier.size();
        let checkpoint = Checkpoint { origin: log.origin.clone(), size, root: log.frontier.root() };
        if let Some((signed, note)) = newest(&self.db, number)?
            && signed == size
        {
            return Ok(note);
        }
        let shared = std::sync::Arc::clone(&self.shared);
        let signers = Signers::open(&self.db, &shared.ring, shared.organization, &checkpoint.origin)?;
        let at = u64::try_from(shared.clock.now().as_second()).unwrap_or(0);
        let note = checkpoint.sign_at(&[&signers.ed25519, &signers.ml_dsa_44], at).map_err(Error::fault)?;
        self.db.write(
            "INSERT INTO checkpoint (ledger, size, note) VALUES (?1, ?2, ?3)",
            values![number, int(size)?, note.as_bytes()],
        )?;
        Ok(note)
    }
}

/// Size and text of the newest checkpoint.
pub(crate) fn newest(db: &Connection, number: u32) -> Result<Option<(u64, String)>> {
    db.one("SELECT size, note FROM checkpoint WHERE ledger = ?1 ORDER BY size DESC LIMIT 1", values![number], |row| {
        Ok((row.size(0)?, String::from_utf8(row.blob(1)?).map_err(Error::fault)?))
    })
}

/// A ledger's origin.
pub(crate) fn origin(db: &Connection, number: u32) -> Result<String> {
    db.one("SELECT origin FROM ledger WHERE number = ?1", values![number], |row| row.text(0))?.ok_or(Error::Hidden)
}

/// The public keys of the ledger of this origin, as text (C2SP vkey).
pub(crate) fn keys(snapshot: &Snapshot<'_>, origin: &str) -> Result<Vec<String>> {
    let signers = Signers::open(snapshot.db, snapshot.ring, snapshot.organization, origin)?;
    Ok(signers.public().iter().map(ToString::to_string).collect())
}
