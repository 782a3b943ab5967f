//! The audit of a whole ledger: every entry is hashed, the root recomputed, and compared with what was
//! signed, now and earlier.
//!
//! It trusts the signatures by the keys it is given and nothing else. Stored leaf hashes and tiles are
//! only witnesses that help to name *which* entry was changed; the verdict never rests on one. Checkpoints
//! kept elsewhere are what shows that someone with the signing key cut or rewrote the ledger.

mod finding;

use crate::checkpoint::Checkpoint;
use crate::entry::Entry;
use crate::hash::{Hash, leaf_hash};
use crate::note::VerifierKey;
use crate::tile::{TILE_HEIGHT, TILE_WIDTH, Tile, TileBuilder, TileSource};
use crate::tree::Frontier;

pub use finding::{Against, Finding};

/// How many findings are kept; beyond that they are counted.
pub const FINDINGS_MAX: usize = 1000;

/// An entry as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct Leaf<E> {
    /// The index it is stored under.
    pub index: u64,
    /// Its bytes.
    pub entry: E,
    /// The leaf hash stored beside it, if one is.
    pub stored: Option<Hash>,
}

/// The outcome of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many entries were read.
    pub entries: u64,
    /// The root they lead to.
    pub root: Hash,
    /// The ledger's own checkpoint, if its signatures held.
    pub checkpoint: Option<Checkpoint>,
    /// How many entries at the end no true checkpoint vouches for; right after a crash there may be some.
    pub uncovered: u64,
    /// What is wrong; empty where all holds.
    pub findings: Vec<Finding>,
    /// How many findings there were beyond [`FINDINGS_MAX`].
    pub further_findings: u64,
}

impl Report {
    /// Whether nothing was found wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    /// The first entry that any finding names for certain.
    #[must_use]
    pub fn first_bad(&self) -> Option<u64> {
        self.findings.iter().filter_map(Finding::index).min()
    }
}

/// Audits a ledger from an iterator over its entries in order of index. See [`Audit`].
///
/// # Errors
/// The iterator's own, unchanged; what is wrong with the ledger is in the report.
pub fn verify_log<E: AsRef<[u8]>, F>(
    entries: impl IntoIterator<Item = Result<Leaf<E>, F>>,
    checkpoint: &[u8],
    seen: &[Vec<u8>],
    keys: &[VerifierKey],
) -> Result<Report, F> {
    let mut audit = Audit::new(checkpoint, seen, keys);
    for leaf in entries {
        let leaf = leaf?;
        audit.entry(leaf.index, leaf.entry.as_ref(), leaf.stored);
    }
    Ok(audit.finish())
}

/// An audit in progress; entries are handed to it in order of index, one at a time, so that its memory
/// does not grow with the ledger.
pub struct Audit<'t> {
    frontier: Frontier,
    tiles: TileBuilder,
    kept_tiles: Option<Kept<'t>>,
    opaque: bool,
    broken_off: bool,
    due: u64,
    /// In order of size; all before `reached` have their root.
    heads: Vec<Head>,
    reached: usize,
    findings: Vec<Finding>,
    further_findings: u64,
}

/// The tiles to compare with, and whether partial ones must be among them.
struct Kept<'t> {
    source: &'t dyn TileSource,
    partial: bool,
}

/// A signed head, and the root the entries led to at its size once they got there.
struct Head {
    against: Against,
    signed: Checkpoint,
    found: Option<Hash>,
}

impl<'t> Audit<'t> {
    /// Begins with the ledger's own signed checkpoint and any seen earlier and kept elsewhere. Every key
    /// must have signed every one of them.
    #[must_use]
    pub fn new(checkpoint: &[u8], seen: &[Vec<u8>], keys: &[VerifierKey]) -> Self {
        Self::begin(Some(checkpoint), seen, keys)
    }

    /// Begins with a ledger that was not signed yet, whose entries only what was seen elsewhere can vouch for.
    #[must_use]
    pub fn unsigned(seen: &[Vec<u8>], keys: &[VerifierKey]) -> Self {
        Self::begin(None, seen, keys)
    }

    fn begin(checkpoint: Option<&[u8]>, seen: &[Vec<u8>], keys: &[VerifierKey]) -> Self {
        let mut audit = Self {
            frontier: Frontier::new(),
            tiles: TileBuilder::new(),
            kept_tiles: None,
            opaque: false,
            broken_off: false,
            due: 0,
            heads: Vec::new(),
            reached: 0,
            findings: Vec::new(),
            further_findings: 0,
        };
        if let Some(checkpoint) = checkpoint {
            audit.open(Against::Current, checkpoint, keys);
        }
        for (n, note) in seen.iter().enumerate() {
            audit.open(Against::Seen(n), note, keys);
        }
        audit.heads.sort_by_key(|head| head.signed.size);
        audit.reach_heads();
        audit
    }

    /// Takes entries as opaque bytes instead of also reading each as an [`Entry`].
    #[must_use]
    pub const fn opaque(mut self) -> Self {
        self.opaque = true;
        self
    }

    /// Compares the tiles kept here with those the entries lead to. An archive must have the `partial`
    /// ones of its checkpoint too; a store makes them on demand and keeps only full ones.
    #[must_use]
    pub fn with_tiles(mut self, source: &'t dyn TileSource, partial: bool) -> Self {
        self.kept_tiles = Some(Kept { source, partial });
        self
    }

    /// The next entry, with the index and leaf hash it is stored under.
    pub fn entry(&mut self, index: u64, bytes: &[u8], stored: Option<Hash>) {
        if index > self.due {
            self.note(Finding::EntriesMissing { indexes: self.due..index });
        } else if index < self.due {
            self.note(Finding::EntryMisplaced { index, due: self.due });
        }
        self.due = self.due.max(index.saturating_add(1));
        let found = leaf_hash(bytes);
        if let Some(stored) = stored.filter(|stored| *stored != found) {
            self.note(Finding::EntryChanged { index, stored, found });
        }
        if !self.opaque
            && let Err(reason) = Entry::decode(bytes)
        {
            self.note(Finding::EntryMalformed { index, reason });
        }
        self.append(found);
    }

    /// Records a finding of the caller's own, such as a file that is malformed.
    pub fn note(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.further_findings += 1;
        }
    }

    /// Says that reading had to stop here for a reason already noted, so that what follows is not taken
    /// for a cut tail.
    pub const fn break_off(&mut self) {
        self.broken_off = true;
    }

    /// Compares with every checkpoint and reports.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.check_partial_tiles();
        let heads = std::mem::take(&mut self.heads);
        let own = heads.iter().find(|head| head.against == Against::Current).map(|head| head.signed.clone());
        let entries = self.frontier.size();
        let first = self.findings.iter().filter_map(Finding::index).min();
        // In order of size, so that each is judged knowing up to where the ledger still held.
        let mut covered = 0;
        for head in &heads {
            let size = head.signed.size;
            if let Some(own) = own.as_ref().filter(|own| own.size < size) {
                self.note(Finding::RolledBack { against: head.against.clone(), seen: size, current: own.size });
            }
            match head.found {
                Some(found) if found == head.signed.root => covered = size,
                Some(found) => self.note(Finding::Rewritten {
                    against: head.against.clone(),
                    size,
                    signed: head.signed.root,
                    found,
                    within: covered..size,
                    first: first.filter(|index| *index < size),
                }),
                None if self.broken_off => {}
                None => self.note(Finding::TailCut { against: head.against.clone(), size, entries }),
            }
        }
        Report {
            entries,
            root: self.frontier.root(),
            checkpoint: own,
            uncovered: entries - covered,
            findings: self.findings,
            further_findings: self.further_findings,
        }
    }

    fn open(&mut self, against: Against, note: &[u8], keys: &[VerifierKey]) {
        match Checkpoint::open(note, keys) {
            Ok(signed) => self.heads.push(Head { against, signed, found: None }),
            Err(reason) => self.note(Finding::CheckpointRefused { against, reason }),
        }
    }

    fn append(&mut self, leaf: Hash) {
        self.frontier.append(leaf);
        self.reach_heads();
        let Some(Kept { source, .. }) = self.kept_tiles else { return };
        let mut wrong = Vec::new();
        self.tiles.append(leaf, |tile, hashes| wrong.extend(compare(source, tile, hashes)));
        wrong.into_iter().for_each(|finding| self.note(finding));
    }

    /// Notes the root at each head whose size the entries have now reached.
    fn reach_heads(&mut self) {
        let size = self.frontier.size();
        while let Some(head) = self.heads.get_mut(self.reached).filter(|head| head.signed.size == size) {
            head.found = Some(self.frontier.root());
            self.reached += 1;
        }
    }

    fn check_partial_tiles(&mut self) {
        let Some(Kept { source, partial: true }) = self.kept_tiles else { return };
        // Where reading broke off, the right edge is not that of the tree that was signed.
        if self.broken_off {
            return;
        }
        let wrong: Vec<_> = self.tiles.partial().filter_map(|(tile, hashes)| compare(source, tile, hashes)).collect();
        wrong.into_iter().for_each(|finding| self.note(finding));
    }
}

/// What a kept tile says otherwise than the entries do.
fn compare(source: &dyn TileSource, tile: Tile, hashes: &[Hash]) -> Option<Finding> {
    let Ok(kept) = source.hashes(tile) else { return Some(Finding::TileMissing { tile }) };
    let place = hashes.iter().zip(&kept).position(|(ours, theirs)| ours != theirs);
    let place = place.or_else(|| (hashes.len() != kept.len()).then_some(hashes.len().min(kept.len())))?;
    let span = 1_u64.checked_shl(u32::from(tile.level) * u32::from(TILE_HEIGHT)).unwrap_or(u64::MAX);
    let start = (tile.index * u64::from(TILE_WIDTH)).saturating_add(place as u64).saturating_mul(span);
    Some(Finding::TileChanged { tile, within: start..start.saturating_add(span) })
}
