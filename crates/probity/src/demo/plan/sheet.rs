//! A form as it should come out in the end: what the source documents say. How it gets there is the desk's affair.

use super::{Hand, Place};

/// A form's values.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    /// Which form.
    pub(super) place: Place,
    /// The values, in the order of the form.
    pub(super) cells: Vec<Cell>,
    /// Whether it is called complete once the values are in.
    pub(super) completes: bool,
    /// Items that the investigator decides, where the site has one.
    pub(super) decided: &'static [&'static str],
    /// Whether it may be entered later than its visit. A log may not: its next lines build on it.
    pub(super) may_wait: bool,
}

/// One value.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub(super) group: &'static str,
    /// Which row of a repeating group; empty elsewhere.
    pub(super) row: String,
    pub(super) item: &'static str,
    pub(super) value: String,
    pub(super) unit: Option<&'static str>,
}

impl Sheet {
    /// An empty form of a visit that does not repeat.
    pub(super) fn new(event: &'static str, form: &'static str) -> Self {
        Self::repeat(event, String::new(), form, String::new())
    }

    /// An empty form, of a visit or itself repeating.
    pub(super) fn repeat(event: &'static str, event_repeat: String, form: &'static str, form_repeat: String) -> Self {
        let place = Place { event, event_repeat, form, form_repeat };
        Self { place, cells: Vec::new(), completes: true, decided: &[], may_wait: true }
    }

    /// Writes a value.
    pub(super) fn put(&mut self, group: &'static str, item: &'static str, value: impl Into<String>) {
        self.write(group, String::new(), item, value.into(), None);
    }

    /// Writes a value with its unit.
    pub(super) fn measure(
        &mut self,
        group: &'static str,
        item: &'static str,
        value: impl Into<String>,
        unit: &'static str,
    ) {
        self.write(group, String::new(), item, value.into(), Some(unit));
    }

    /// Writes a value into a row.
    pub(super) fn put_row(
        &mut self,
        group: &'static str,
        row: usize,
        item: &'static str,
        value: impl Into<String>,
        unit: Option<&'static str>,
    ) {
        self.write(group, row.to_string(), item, value.into(), unit);
    }

    fn write(
        &mut self,
        group: &'static str,
        row: String,
        item: &'static str,
        value: String,
        unit: Option<&'static str>,
    ) {
        self.cells.push(Cell { group, row, item, value, unit });
    }

    /// Whose hand writes this item at a site.
    pub(super) fn hand(&self, item: &str, has_investigator: bool) -> Hand {
        if has_investigator && self.decided.contains(&item) { Hand::Investigator } else { Hand::Coordinator }
    }
}
