//! The store, tested through its two doors: a real one, in a folder of its own, under a clock that tests turn.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "../world/mod.rs"]
mod world;

mod forms;
mod grants;
mod people;
mod requests;
mod rows;
mod sessions;
mod sign_in;
mod studies;
mod subjects;
