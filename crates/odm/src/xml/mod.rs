//! XML in and out: a pull reader that knows the standard's rules, and an escaping writer.

mod attributes;
mod capture;
mod metered;
mod node;
mod scope;
mod source;
mod writer;

pub(crate) use node::{Leftovers, Node};
pub(crate) use source::{Instruction, Kept, Source, Token};
pub(crate) use writer::Writer;

/// The target of the processing instructions in which a file of ours carries what the standard has no place for.
pub(crate) const INSTRUCTION: &str = "probity-odm";
/// The namespace of `xml:lang`.
pub(crate) const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of `xsi:schemaLocation`.
pub(crate) const XSI_NAMESPACE: &str = "http://www.w3.org/2001/XMLSchema-instance";
