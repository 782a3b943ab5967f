//! Vendors whose extensions are known by name, and what is made of them.
//!
//! Whatever is made of an extension, the extension itself is kept as it was written.

pub(crate) mod openclinica;

use serde::{Deserialize, Serialize};

/// A vendor whose extensions are known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Vendor {
    /// OpenClinica and LibreClinica: audit logs, discrepancy notes, rules, form layout.
    OpenClinica,
    /// Medidata Rave.
    Rave,
    /// Viedoc.
    Viedoc,
    /// REDCap: field types, branching logic, repeating instruments.
    RedCap,
    /// XML Signature.
    XmlSignature,
    /// CDISC's own extensions: Define-XML, Analysis Results Metadata, SDM-XML.
    Cdisc,
    /// XHTML in texts (ODM 2.0).
    Xhtml,
}

impl Vendor {
    /// The vendor whose namespace this is.
    pub fn of_namespace(namespace: &str) -> Option<Self> {
        let lower = namespace.to_ascii_lowercase();
        let known = [
            ("openclinica.org", Self::OpenClinica),
            ("mdsol.com", Self::Rave),
            ("viedoc", Self::Viedoc),
            ("pcgsolutions", Self::Viedoc),
            ("projectredcap.org", Self::RedCap),
            ("www.w3.org/2000/09/xmldsig", Self::XmlSignature),
            ("www.w3.org/1999/xhtml", Self::Xhtml),
            ("www.cdisc.org/ns/def", Self::Cdisc),
            ("www.cdisc.org/ns/arm", Self::Cdisc),
            ("www.cdisc.org/ns/studydesign", Self::Cdisc),
            ("www.cdisc.org/ns/ct", Self::Cdisc),
        ];
        known.iter().find(|(part, _)| lower.contains(part)).map(|(_, vendor)| *vendor)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenClinica => "OpenClinica",
            Self::Rave => "Rave",
            Self::Viedoc => "Viedoc",
            Self::RedCap => "REDCap",
            Self::XmlSignature => "XML Signature",
            Self::Cdisc => "CDISC",
            Self::Xhtml => "XHTML",
        }
    }
}
