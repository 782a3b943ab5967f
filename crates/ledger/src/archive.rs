//! Audit of a ledger archive.
