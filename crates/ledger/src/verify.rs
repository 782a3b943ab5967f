//! Audit of a whole ledger.
