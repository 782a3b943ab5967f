//! What a file said beyond the standard, kept whole (ODM 1.3.2 section 2.4, vendor extensions).

use serde::{Deserialize, Serialize};

/// Something in a file that the standard does not define at its place: a vendor's element or attribute,
/// an element of ODM 2.0 that has no counterpart in 1.3.2, or one that breaks the schema.
///
/// It is kept as it was written, beside the record it was found in, and is written out again there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Where below its record it was found: `""` for directly in it, else element names, outermost first,
    /// counted from 1 where they repeat (`Question/TranslatedText[2]`).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Whether it is an element, an attribute or text.
    pub kind: ExtensionKind,
    /// Its namespace; empty for an attribute without one.
    pub namespace: String,
    /// Its local name; empty for text.
    pub name: String,
    /// The element as written, with the namespaces it needs declared on it; or the attribute's value; or the text.
    pub xml: String,
}

/// What an [`Extension`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ExtensionKind {
    /// An element with all that is in it.
    Element,
    /// An attribute.
    Attribute,
    /// Text where the standard allows only elements.
    Text,
}
