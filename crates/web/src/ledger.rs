//! The public ledger endpoints, as C2SP tlog-tiles has them.

use crate::route::Table;

/// The routes.
pub(crate) fn table() -> Table {
    Table::new()
}
