//! OpenClinica's audit logs as audit records.
//!
//! `AuditLogs` stands beside a value, form, visit or subject and holds one `AuditLog` for each thing that was
//! done to it: who, when, what, why, the value before and after. The extension is kept whole; the records made
//! of it say where they come from ([`AuditOrigin::Extension`]).

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use trial::clinical::{AuditOrigin, AuditRecord};
use trial::definition::{Extension, ExtensionKind};

use super::Vendor;

/// The audit records of the audit logs among `extensions`, newest first as OpenClinica has them.
pub(crate) fn audit_records(extensions: &[Extension]) -> Vec<AuditRecord> {
    extensions
        .iter()
        .filter(|of| of.kind == ExtensionKind::Element && of.name == "AuditLogs")
        .filter(|of| Vendor::of_namespace(&of.namespace) == Some(Vendor::OpenClinica))
        .flat_map(|of| read(&of.xml))
        .collect()
}

fn read(xml: &str) -> Vec<AuditRecord> {
    let mut reader = Reader::from_str(xml);
    let mut records = Vec::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) if tag.local_name().as_ref() == "AuditLog" => {
                records.push(record(&tag));
            }
            // The text was read once without fault.
            Ok(Event::Eof) | Err(_) => return records,
            Ok(_) => {}
        }
    }
}

fn record(tag: &BytesStart<'_>) -> AuditRecord {
    let attribute = |name: &str| {
        let found = tag.attributes().flatten().find(|of| of.key.as_ref() == name)?;
        found.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
    };
    AuditRecord {
        user: attribute("UserID").map(|of| of.trim().to_owned().into()),
        at: attribute("DateTimeStamp"),
        reason: attribute("ReasonForChange"),
        source_id: attribute("ID"),
        origin: AuditOrigin::Extension {
            act: attribute("AuditType").unwrap_or_default(),
            old: attribute("OldValue"),
            new: attribute("NewValue"),
        },
        ..AuditRecord::default()
    }
}
