//! Exports.

use super::routes;
use crate::route::Table;

pub(super) fn table() -> Table {
    routes()
}
