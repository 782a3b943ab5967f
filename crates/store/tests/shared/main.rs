//! One database that several processes share, and that goes away: nothing acknowledged is lost, nothing is done twice,
//! ledgers stay linear, and whoever waits is answered with the truth. Every test starts servers of its own.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "../world/definition.rs"]
mod definition;
#[path = "../world/vitals.rs"]
mod vitals;

mod certificate;
mod cluster;
mod erasure;
mod outage;
mod processes;
mod scene;
