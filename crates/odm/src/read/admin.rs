//! Users, sites and signature meanings.

use std::io::BufRead;

use trial::clinical::{
    Address, AdminData, Location, LocationType, LocationVersion, SignatureDef, SignatureMethodology, User, UserType,
};
use trial::definition::{Extension, VersionRef};

use super::Records;
use super::definition::list;
use super::record::restore;
use crate::error::ReadError;
use crate::xml::{Node, Source, Token};

/// Reads the AdminData that just began.
pub(super) fn admin_data<R: BufRead>(source: &mut Source<R>) -> Result<AdminData, ReadError> {
    let mut records = Records::new(source.edition());
    let mut admin = AdminData { study: source.attribute("StudyOID").map(Into::into), ..AdminData::default() };
    let depth = source.depth();
    let most = source.limits().list_records;
    loop {
        match source.next()? {
            Token::Start if matches!(source.name(), "User" | "Location" | "SignatureDef") => {
                let node = Node::read(source, source.limits().extension_bytes as u64)?;
                match node.name {
                    "User" => admin.users.push(user(&mut records, node)),
                    "Location" => admin.locations.push(location(&mut records, node)),
                    _ => admin.signature_defs.push(signature_def(&mut records, node)),
                }
                if admin.users.len().max(admin.locations.len()).max(admin.signature_defs.len()) > most {
                    return Err(source.limit("users or sites", most as u64));
                }
            }
            Token::Start => source.keep_element()?,
            Token::End(kept) if source.depth() < depth => {
                list(source, records);
                return Ok(restore(admin, kept));
            }
            Token::End(_) | Token::Eof => {}
        }
    }
}

fn user(records: &mut Records, mut node: Node) -> User {
    let mut kept = Vec::new();
    let mut texts = Texts { records, node: &mut node, kept: &mut kept };
    let user = User {
        oid: texts.node.require("OID"),
        user_type: texts.node.take_as("UserType", user_type),
        login_name: texts.one("LoginName").or_else(|| texts.one("UserName")),
        display_name: texts.one("DisplayName"),
        full_name: texts.one("FullName"),
        first_name: texts.one("FirstName").or_else(|| texts.one("GivenName")),
        last_name: texts.one("LastName").or_else(|| texts.one("FamilyName")),
        organization: texts.one("Organization"),
        addresses: texts.node.all("Address").into_iter().enumerate().map(|(at, of)| texts.address(at, of)).collect(),
        emails: texts.many("Email"),
        picture: texts.picture(),
        pager: texts.one("Pager"),
        faxes: texts.many("Fax"),
        phones: texts.many("Phone"),
        locations: texts.locations(),
        certificates: texts.many("Certificate"),
        extensions: Vec::new(),
    };
    records.complete(user, node, kept)
}

fn user_type(text: &str) -> Option<UserType> {
    Some(match text {
        "Sponsor" => UserType::Sponsor,
        "Investigator" => UserType::Investigator,
        "Lab" => UserType::Lab,
        "Other" => UserType::Other,
        "Subject" => UserType::Subject,
        "Monitor" => UserType::Monitor,
        "Data analyst" => UserType::DataAnalyst,
        "Care provider" => UserType::CareProvider,
        "Assessor" => UserType::Assessor,
        _ => return None,
    })
}

/// Takes children that hold text and nothing else.
struct Texts<'a> {
    records: &'a mut Records,
    node: &'a mut Node,
    kept: &'a mut Vec<Extension>,
}

impl Texts<'_> {
    fn one(&mut self, name: &str) -> Option<String> {
        let mut child = self.node.child(name)?;
        let text = child.take_text();
        child.finish_into(name, self.kept, &mut self.records.leftovers);
        Some(text)
    }

    fn many(&mut self, name: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for (at, mut child) in self.node.all(name).into_iter().enumerate() {
            texts.push(child.take_text());
            child.finish_into(&format!("{name}[{}]", at + 1), self.kept, &mut self.records.leftovers);
        }
        texts
    }

    fn address(&mut self, at: usize, mut node: Node) -> Address {
        let mut kept = Vec::new();
        let mut texts = Texts { records: self.records, node: &mut node, kept: &mut kept };
        let address = Address {
            street_names: texts.many("StreetName"),
            house_number: texts.one("HouseNumber"),
            city: texts.one("City"),
            state_prov: texts.one("StateProv"),
            country: texts.one("Country"),
            postal_code: texts.one("PostalCode"),
            other_text: texts.one("OtherText"),
        };
        let path = format!("Address[{}]", at + 1);
        self.kept.extend(kept.into_iter().map(|mut of| {
            of.path = format!("{path}/{}", of.path);
            of
        }));
        node.finish_into(&path, self.kept, &mut self.records.leftovers);
        address
    }

    fn picture(&mut self) -> Option<(String, Option<String>)> {
        let mut node = self.node.child("Picture")?;
        let picture = (node.require("PictureFileName"), node.take("ImageType"));
        node.finish_into("Picture", self.kept, &mut self.records.leftovers);
        Some(picture)
    }

    fn locations(&mut self) -> Vec<trial::definition::LocationOid> {
        let mut locations = Vec::new();
        for (at, mut of) in self.node.all("LocationRef").into_iter().enumerate() {
            locations.push(of.require("LocationOID"));
            of.finish_into(&format!("LocationRef[{}]", at + 1), self.kept, &mut self.records.leftovers);
        }
        locations
    }
}

fn location(records: &mut Records, mut node: Node) -> Location {
    let mut kept = Vec::new();
    let mut versions = Vec::new();
    for (at, mut of) in node.all("MetaDataVersionRef").into_iter().enumerate() {
        versions.push(LocationVersion {
            version: VersionRef { study: of.require("StudyOID"), version: of.require("MetaDataVersionOID") },
            effective_date: of.require("EffectiveDate"),
        });
        of.finish_into(&format!("MetaDataVersionRef[{}]", at + 1), &mut kept, &mut records.leftovers);
    }
    let location = Location {
        oid: node.require("OID"),
        name: node.require("Name"),
        location_type: node.take_as("LocationType", location_type),
        versions,
        extensions: Vec::new(),
    };
    records.complete(location, node, kept)
}

fn location_type(text: &str) -> Option<LocationType> {
    Some(match text {
        "Sponsor" => LocationType::Sponsor,
        "Site" => LocationType::Site,
        "CRO" => LocationType::CRO,
        "Lab" => LocationType::Lab,
        "Other" => LocationType::Other,
        _ => return None,
    })
}

fn signature_def(records: &mut Records, mut node: Node) -> SignatureDef {
    let mut kept = Vec::new();
    let mut texts = Texts { records, node: &mut node, kept: &mut kept };
    let definition = SignatureDef {
        oid: texts.node.require("OID"),
        methodology: texts.node.take_as("Methodology", |of| match of {
            "Digital" => Some(SignatureMethodology::Digital),
            "Electronic" => Some(SignatureMethodology::Electronic),
            _ => None,
        }),
        meaning: texts.one("Meaning").unwrap_or_default(),
        legal_reason: texts.one("LegalReason").unwrap_or_default(),
        extensions: Vec::new(),
    };
    records.complete(definition, node, kept)
}
