//! The store, tested through its two doors: a real one, in a folder of its own, under a clock that tests turn.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "../world/mod.rs"]
mod world;

mod assurance;
mod chance;
mod clients;
mod disk;
mod dormant;
mod enrolment;
mod exceptions;
mod fences;
mod forms;
mod gates;
mod grants;
mod identity;
mod kill;
mod live;
mod moving;
mod opening;
mod own_roles;
mod passkeys;
mod past;
mod people;
mod policy;
mod property;
mod raw;
mod requests;
mod rest;
mod roles;
mod rows;
mod server;
mod sessions;
mod sign_in;
mod studies;
mod subjects;
mod tamper;
