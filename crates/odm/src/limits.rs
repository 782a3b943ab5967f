//! How much of a file is read, and how strictly.

/// How deviations from the standard are met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The first deviation ends the reading with an error. Vendor extensions in their own namespace are no
    /// deviation: the standard allows them (ODM 1.3.2 section 2.4).
    Strict,
    /// Deviations are reported, and what is not understood is kept as an extension.
    #[default]
    Tolerant,
}

/// Limits on a file. Beyond one, reading ends with [`crate::ReadError::Limit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole file.
    pub total_bytes: u64,
    /// Bytes of one tag, text, comment or processing instruction.
    pub token_bytes: usize,
    /// Bytes of one attribute's value.
    pub attribute_bytes: usize,
    /// Attributes of one element.
    pub attributes: usize,
    /// Elements within elements.
    pub depth: usize,
    /// Bytes of one extension element with all that is in it.
    pub extension_bytes: usize,
    /// Bytes of all study definitions together, as they stand in the file.
    pub definition_bytes: u64,
    /// Values after which a form is handed over in parts.
    pub form_values: usize,
    /// Values of one row of an item group.
    pub row_values: usize,
    /// Records in one list that must be held whole: users, annotations of a form.
    pub list_records: usize,
    /// Deviations and kept extensions that a report describes one by one; the others are counted.
    pub report_entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total_bytes: 64 << 30,
            token_bytes: 64 << 20,
            attribute_bytes: 32 << 20,
            attributes: 256,
            depth: 128,
            extension_bytes: 64 << 20,
            definition_bytes: 1 << 30,
            form_values: 20_000,
            row_values: 100_000,
            list_records: 1_000_000,
            report_entries: 10_000,
        }
    }
}

impl Limits {
    /// The default with a smaller file size, for files that people upload.
    #[must_use]
    pub fn with_total_bytes(total_bytes: u64) -> Self {
        Self { total_bytes, ..Self::default() }
    }
}
