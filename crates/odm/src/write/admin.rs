//! Users, sites and signature meanings.

use std::io::{self, Write};

use trial::clinical::{
    Address, AdminData, Location, LocationType, LocationVersion, SignatureDef, SignatureMethodology, User, UserType,
};

use super::keep::{Keep, NOTHING, instructions};
use crate::schema::is_date;
use crate::xml::Writer;

pub(super) fn admin_data<W: Write>(xml: &mut Writer<W>, admin: &AdminData) -> io::Result<()> {
    let mut keep = Keep::default();
    let study = keep.fitting("study", admin.study.as_ref().map(|of| of.as_str()), |of| !of.is_empty());
    xml.start("AdminData")?;
    xml.optional("StudyOID", study)?;
    instructions(xml, keep, &admin.extensions, false)?;
    admin.users.iter().try_for_each(|of| user(xml, of))?;
    admin.locations.iter().try_for_each(|of| location(xml, of))?;
    admin.signature_defs.iter().try_for_each(|of| signature_def(xml, of))?;
    xml.end()
}

fn user<W: Write>(xml: &mut Writer<W>, user: &User) -> io::Result<()> {
    let mut keep = Keep::default();
    let user_type = match user.user_type {
        Some(UserType::Sponsor) => Some("Sponsor"),
        Some(UserType::Investigator) => Some("Investigator"),
        Some(UserType::Lab) => Some("Lab"),
        Some(UserType::Other) => Some("Other"),
        None => None,
        of_2_0 => {
            keep.field("user_type", &of_2_0);
            None
        }
    };
    if user.addresses.iter().any(|of| of.house_number.is_some()) {
        keep.field("addresses", &user.addresses);
    }
    let picture = user.picture.as_ref();
    if picture.is_some_and(|(_, image_type)| image_type.as_ref().is_some_and(String::is_empty)) {
        keep.field("picture", &user.picture);
    }
    xml.start("User")?;
    xml.attribute("OID", keep.non_empty("oid", user.oid.as_str()))?;
    xml.optional("UserType", user_type)?;
    instructions(xml, keep, &user.extensions, false)?;
    leaf(xml, "LoginName", user.login_name.as_deref())?;
    leaf(xml, "DisplayName", user.display_name.as_deref())?;
    leaf(xml, "FullName", user.full_name.as_deref())?;
    leaf(xml, "FirstName", user.first_name.as_deref())?;
    leaf(xml, "LastName", user.last_name.as_deref())?;
    leaf(xml, "Organization", user.organization.as_deref())?;
    user.addresses.iter().try_for_each(|of| address(xml, of))?;
    user.emails.iter().try_for_each(|of| xml.leaf("Email", of))?;
    if let Some((file_name, image_type)) = picture {
        xml.start("Picture")?;
        xml.attribute("PictureFileName", file_name)?;
        xml.optional("ImageType", image_type.as_deref().filter(|of| !of.is_empty()))?;
        xml.end()?;
    }
    leaf(xml, "Pager", user.pager.as_deref())?;
    user.faxes.iter().try_for_each(|of| xml.leaf("Fax", of))?;
    user.phones.iter().try_for_each(|of| xml.leaf("Phone", of))?;
    for location in &user.locations {
        xml.start("LocationRef")?;
        xml.attribute("LocationOID", location.as_str())?;
        xml.end()?;
    }
    user.certificates.iter().try_for_each(|of| xml.leaf("Certificate", of))?;
    xml.end()
}

fn leaf<W: Write>(xml: &mut Writer<W>, name: &'static str, text: Option<&str>) -> io::Result<()> {
    text.map_or(Ok(()), |text| xml.leaf(name, text))
}

fn address<W: Write>(xml: &mut Writer<W>, address: &Address) -> io::Result<()> {
    xml.start("Address")?;
    address.street_names.iter().try_for_each(|of| xml.leaf("StreetName", of))?;
    leaf(xml, "City", address.city.as_deref())?;
    leaf(xml, "StateProv", address.state_prov.as_deref())?;
    leaf(xml, "Country", address.country.as_deref())?;
    leaf(xml, "PostalCode", address.postal_code.as_deref())?;
    leaf(xml, "OtherText", address.other_text.as_deref())?;
    xml.end()
}

fn location<W: Write>(xml: &mut Writer<W>, location: &Location) -> io::Result<()> {
    let mut keep = Keep::default();
    let name = keep.non_empty("name", &location.name);
    let fits = |of: &LocationVersion| {
        is_date(&of.effective_date) && !of.version.study.as_str().is_empty() && !of.version.version.as_str().is_empty()
    };
    let mut versions: Vec<&LocationVersion> = location.versions.iter().filter(|of| fits(of)).collect();
    if versions.len() < location.versions.len() || versions.is_empty() {
        keep.field("versions", &location.versions);
    }
    // The schema wants one; that there is none is kept.
    let none = LocationVersion {
        version: trial::definition::VersionRef { study: NOTHING.into(), version: NOTHING.into() },
        effective_date: "1970-01-01".to_owned(),
    };
    if versions.is_empty() {
        versions.push(&none);
    }
    let location_type = location.location_type.map(|of| match of {
        LocationType::Sponsor => "Sponsor",
        LocationType::Site => "Site",
        LocationType::CRO => "CRO",
        LocationType::Lab => "Lab",
        LocationType::Other => "Other",
    });
    xml.start("Location")?;
    xml.attribute("OID", keep.non_empty("oid", location.oid.as_str()))?;
    xml.attribute("Name", name)?;
    xml.optional("LocationType", location_type)?;
    instructions(xml, keep, &location.extensions, false)?;
    for of in versions {
        xml.start("MetaDataVersionRef")?;
        xml.attribute("StudyOID", of.version.study.as_str())?;
        xml.attribute("MetaDataVersionOID", of.version.version.as_str())?;
        xml.attribute("EffectiveDate", &of.effective_date)?;
        xml.end()?;
    }
    xml.end()
}

fn signature_def<W: Write>(xml: &mut Writer<W>, definition: &SignatureDef) -> io::Result<()> {
    let mut keep = Keep::default();
    let methodology = definition.methodology.map(|of| match of {
        SignatureMethodology::Digital => "Digital",
        SignatureMethodology::Electronic => "Electronic",
    });
    xml.start("SignatureDef")?;
    xml.attribute("OID", keep.non_empty("oid", definition.oid.as_str()))?;
    xml.optional("Methodology", methodology)?;
    instructions(xml, keep, &definition.extensions, false)?;
    xml.leaf("Meaning", &definition.meaning)?;
    xml.leaf("LegalReason", &definition.legal_reason)?;
    xml.end()
}
