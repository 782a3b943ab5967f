//! The web crate against a real router and real stores in temporary folders, with a clock that the test turns.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails to set up fails")]

mod access_pages;
mod answers;
mod bodies;
mod cases;
mod client;
mod clients;
mod contract;
mod doors;
mod factors;
mod fair;
mod floods;
mod gone;
mod identity;
mod idp;
mod live;
mod log;
mod machine;
mod odm;
mod pace;
mod persona;
mod provider;
mod redirect;
mod routes;
mod saving;
mod server;
mod sign_in;
mod staple;
mod tls;
mod transport;
mod wire;
mod world;
