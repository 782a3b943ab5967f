//! Real PostgreSQL servers, and clusters of them under Patroni, for tests and measurements.
//!
//! Everything is on 127.0.0.1, on ports of its own, in a private folder below the system's temporary folder, with
//! passwords and certificates made for the run. Nothing outlives its owner: not after a panic, not after the owner is
//! killed. The programs are the machine's own; what is missing is named with its
//! Debian package.
//!
//! A device with a passkey is here too: it needs no program of the machine.
//!
//! It refuses to be a way to run Probity in production, and it knows nothing of Probity.
//!
//! ```no_run
//! let mut server = testbed::Server::start()?;
//! server.kill()?; // its processes end where they are
//! server.restart()?;
//! assert_eq!(server.sql("postgres", "SHOW fsync")?, "on");
//! # Ok::<(), testbed::Failure>(())
//! ```

mod account;
mod authenticator;
mod certificate;
mod cluster;
mod daemon;
mod database;
mod door;
mod failure;
mod folder;
mod ports;
mod processes;
mod programs;
mod secret;
mod server;
mod wait;

pub use authenticator::{Authenticator, THERE, Used};
pub use certificate::Pair;
pub use cluster::{Cluster, NODES_MAX, NODES_MIN};
pub use database::{AUTHORITY, Database, SERVER};
pub use failure::{Failure, Result};
pub use server::Server;
