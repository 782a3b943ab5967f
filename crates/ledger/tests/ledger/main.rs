//! The ledger checked from outside: by the RFC's own vectors, by every small size, by random damage, and
//! by implementations that are not ours.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests: a panic is the failure, and a skipped one says so"
)]

mod archive;
mod audit;
mod bundle;
mod entry;
mod forged_tile;
mod oracle_go;
mod oracle_python;
mod oracle_rust;
mod proof;
mod rfc6962;
mod signed;
mod tiles;
mod tool;
mod world;
