//! What an audit found wrong, named as closely as the evidence allows, in words an inspector can quote.

use std::fmt;
use std::ops::Range;

use crate::entry::EntryError;
use crate::hash::Hash;
use crate::note::NoteError;
use crate::tile::{Tile, TileError, TilePath};

/// Which checkpoint a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// The one that came with the ledger.
    Current,
    /// One seen earlier; counted from 0 in the order given.
    Seen(usize),
}

/// One thing that is wrong with a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A checkpoint is not signed as it must be, or not readable.
    CheckpointRefused {
        /// Which one.
        against: Against,
        /// Why.
        reason: NoteError,
    },
    /// An entry's bytes do not hash to what is stored beside them.
    EntryChanged {
        /// The entry.
        index: u64,
        /// The hash stored beside it.
        stored: Hash,
        /// The hash of its bytes.
        found: Hash,
    },
    /// Entries are not there between others that are.
    EntriesMissing {
        /// Their indexes.
        indexes: Range<u64>,
    },
    /// An entry came where an earlier one of the same or a later index had already been.
    EntryMisplaced {
        /// The index it bears.
        index: u64,
        /// The index due at its place.
        due: u64,
    },
    /// An entry is not one this ledger could have written.
    EntryMalformed {
        /// The entry.
        index: u64,
        /// What is wrong with it.
        reason: EntryError,
    },
    /// The ledger ends before the checkpoint says it does: its tail was cut.
    TailCut {
        /// By which checkpoint.
        against: Against,
        /// How many entries the checkpoint vouches for.
        size: u64,
        /// How many there are.
        entries: u64,
    },
    /// The entries do not lead to the checkpoint's root: history was rewritten.
    Rewritten {
        /// By which checkpoint.
        against: Against,
        /// The checkpoint's size.
        size: u64,
        /// The root it states.
        signed: Hash,
        /// The root of the entries.
        found: Hash,
        /// Among which entries the change must be: after the largest checkpoint that still holds.
        within: Range<u64>,
        /// The first entry known to be wrong, where something names it.
        first: Option<u64>,
    },
    /// The ledger's own checkpoint is older than one already seen: an old copy was put back.
    RolledBack {
        /// The checkpoint seen.
        against: Against,
        /// Its size.
        seen: u64,
        /// The size of the ledger's own.
        current: u64,
    },
    /// A tile holds a hash that the entries do not lead to.
    TileChanged {
        /// The tile.
        tile: Tile,
        /// The entries under its first wrong hash.
        within: Range<u64>,
    },
    /// A tile that must be there is not.
    TileMissing {
        /// The tile.
        tile: Tile,
    },
    /// A file of an archive is malformed.
    FileMalformed {
        /// Which file.
        path: TilePath,
        /// What is wrong with it.
        reason: TileError,
    },
}

impl Finding {
    /// A fixed code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CheckpointRefused { .. } => "checkpoint-refused",
            Self::EntryChanged { .. } => "entry-changed",
            Self::EntriesMissing { .. } => "entries-missing",
            Self::EntryMisplaced { .. } => "entry-misplaced",
            Self::EntryMalformed { .. } => "entry-malformed",
            Self::TailCut { .. } => "tail-cut",
            Self::Rewritten { .. } => "rewritten",
            Self::RolledBack { .. } => "rolled-back",
            Self::TileChanged { .. } => "tile-changed",
            Self::TileMissing { .. } => "tile-missing",
            Self::FileMalformed { .. } => "file-malformed",
        }
    }

    /// The first entry this finding names for certain.
    #[must_use]
    pub fn index(&self) -> Option<u64> {
        match self {
            Self::EntryChanged { index, .. } | Self::EntryMisplaced { due: index, .. } => Some(*index),
            Self::EntryMalformed { index, .. } => Some(*index),
            Self::EntriesMissing { indexes } => Some(indexes.start),
            Self::TailCut { entries, .. } => Some(*entries),
            Self::Rewritten { first, .. } => *first,
            Self::TileChanged { within, .. } => (within.end - within.start == 1).then_some(within.start),
            _ => None,
        }
    }
}

impl fmt::Display for Against {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Current => f.write_str("the ledger's checkpoint"),
            Self::Seen(n) => write!(f, "checkpoint {} of those seen earlier", n + 1),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CheckpointRefused { against, reason } => write!(f, "{against} is refused: {reason}"),
            Self::EntryChanged { index, stored, found } => {
                write!(f, "entry {index} was changed: stored leaf hash {stored}, its bytes hash to {found}")
            }
            Self::EntriesMissing { indexes } => write!(f, "{} missing", Entries(indexes)),
            Self::EntryMisplaced { index, due } => write!(f, "entry {due} is due, but entry {index} stands there"),
            Self::EntryMalformed { index, reason } => write!(f, "entry {index} is no ledger entry: {reason}"),
            Self::TailCut { against, size, entries } => {
                write!(f, "the tail was cut: {against} vouches for {size} entries, {entries} are left")
            }
            Self::Rewritten { against, size, signed, found, within, first } => {
                write!(f, "history was rewritten: {against} signs root {signed} over {size} entries, ")?;
                write!(f, "they lead to {found}; the change is within {}", Span(within))?;
                first.map_or(Ok(()), |index| write!(f, ", first known at entry {index}"))
            }
            Self::RolledBack { against, seen, current } => {
                write!(
                    f,
                    "an old copy was put back: {against} was over {seen} entries, the ledger's own is over {current}"
                )
            }
            Self::TileChanged { tile, within } => {
                write!(f, "{} does not match the entries, first for {}", TilePath::Hashes(*tile), Span(within))
            }
            Self::TileMissing { tile } => write!(f, "{} is missing", TilePath::Hashes(*tile)),
            Self::FileMalformed { path, reason } => write!(f, "{path} is malformed: {reason}"),
        }
    }
}

/// "entry 3", "entries 3 to 7".
struct Span<'a>(&'a Range<u64>);

impl fmt::Display for Span<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { start, end } = *self.0;
        if end.saturating_sub(start) <= 1 {
            write!(f, "entry {start}")
        } else {
            write!(f, "entries {start} to {}", end - 1)
        }
    }
}

/// "entry 3 is", "entries 3 to 7 are".
struct Entries<'a>(&'a Range<u64>);

impl fmt::Display for Entries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = self.0.end.saturating_sub(self.0.start) <= 1;
        write!(f, "{} {}", Span(self.0), if one { "is" } else { "are" })
    }
}
