//! Probity over HTTP: pages, the JSON API, and the public ledger endpoints.
//!
//! A request is parsed once, at the edge, into an act or a view of [`store`]; what comes back is shown. This crate
//! refuses SQL, decisions, and any route that does not declare what it does (see [`route::Table`]).

pub mod api;
mod browser;
pub mod checks;
pub mod cookie;
pub mod error;
pub mod exchange;
mod guard;
mod handover;
pub mod input;
mod ledger;
mod mark;
mod pace;
pub mod pages;
pub mod passkey;
mod provider;
pub mod route;
pub mod second_factor;
mod server;
pub mod session;
pub mod sign_in;
mod state;
pub mod stream;

use axum::Router;

pub use self::{
    route::Table,
    server::{Client, ServeConfig, Serving, Spoken, TlsFiles, Vouching, authorities, serve, spoken},
    state::{AppState, Settings},
};

/// Every route there is.
#[must_use]
pub fn table() -> Table {
    Table::new().merge(api::table()).merge(ledger::table()).merge(pages::table())
}

/// The whole application: every route behind the guards that all share.
pub fn router(state: AppState) -> Router {
    guard::around(table().into_router(), state)
}
