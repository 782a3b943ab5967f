//! Pages.

pub mod error;

use crate::route::Table;

/// Every page.
#[must_use]
pub fn table() -> Table {
    Table::new()
}
