//! The domain of a clinical trial, pure: what a study is, who may do what, what a value may be.
//!
//! Nothing here reads a clock, draws a random number, opens a file or speaks SQL or HTTP. Time, ids and
//! chance come in as arguments, so that every rule can be tested by a table.

pub mod access;
pub mod check;
pub mod client;
pub mod clinical;
pub mod country;
pub mod definition;
pub mod form;
pub mod gate;
pub mod giving;
pub mod identity;
pub mod ids;
pub mod limit;
pub mod permission;
pub mod policy;
pub mod profile;
pub mod role;
pub mod roles;
pub mod theme;
pub mod value;
