//! The JSON API under `/api/v1`: the same acts and views as the pages.

use crate::route::Table;

/// The routes.
pub(crate) fn table() -> Table {
    Table::under("/api/v1")
}
