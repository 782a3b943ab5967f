//! Users, sites and signature meanings as another system holds them (ODM: AdminData).

use serde::{Deserialize, Serialize};

use crate::definition::{Extension, LocationOid, SignatureDefOid, StudyOid, UserOid, VersionRef};

/// Users, sites and signature meanings of a study, or of the whole file (ODM: AdminData).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdminData {
    /// The study; absent where they are for all.
    pub study: Option<StudyOid>,
    /// The users.
    pub users: Vec<User>,
    /// The sites and other locations.
    pub locations: Vec<Location>,
    /// The meanings a signature may have.
    pub signature_defs: Vec<SignatureDef>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// A user (ODM: User).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// Its identifier.
    pub oid: UserOid,
    /// What kind of user.
    pub user_type: Option<UserType>,
    /// The name used to sign in (2.0: UserName).
    pub login_name: Option<String>,
    /// The name that is shown.
    pub display_name: Option<String>,
    /// The whole name.
    pub full_name: Option<String>,
    /// First name (2.0: GivenName).
    pub first_name: Option<String>,
    /// Last name (2.0: FamilyName).
    pub last_name: Option<String>,
    /// Organization.
    pub organization: Option<String>,
    /// Addresses.
    pub addresses: Vec<Address>,
    /// Mail addresses.
    pub emails: Vec<String>,
    /// A picture's file name, and its type.
    pub picture: Option<(String, Option<String>)>,
    /// Pager.
    pub pager: Option<String>,
    /// Fax numbers.
    pub faxes: Vec<String>,
    /// Telephone numbers.
    pub phones: Vec<String>,
    /// Where the user works.
    pub locations: Vec<LocationOid>,
    /// Certificates.
    pub certificates: Vec<String>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// What kind of user (ODM: UserType; the second line is of 2.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the standard's own words")]
pub enum UserType {
    Sponsor,
    Investigator,
    Lab,
    Other,
    Subject,
    Monitor,
    DataAnalyst,
    CareProvider,
    Assessor,
}

/// An address (ODM: Address).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// Street lines.
    pub street_names: Vec<String>,
    /// House number (ODM 2.0).
    pub house_number: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State or province.
    pub state_prov: Option<String>,
    /// Country, ISO 3166.
    pub country: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Anything else.
    pub other_text: Option<String>,
}

/// A site or another location (ODM: Location).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Location {
    /// Its identifier.
    pub oid: LocationOid,
    /// Its name.
    pub name: String,
    /// What kind of location.
    pub location_type: Option<LocationType>,
    /// Which version of the study it uses, from when.
    pub versions: Vec<LocationVersion>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// What kind of location (ODM: LocationType).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the standard's own words")]
pub enum LocationType {
    Sponsor,
    Site,
    CRO,
    Lab,
    Other,
}

/// Which version of a study a site uses, from when (ODM: MetaDataVersionRef).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LocationVersion {
    /// The version.
    pub version: VersionRef,
    /// The date from which it is used, as written.
    pub effective_date: String,
}

/// A meaning that a signature may have (ODM: SignatureDef).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SignatureDef {
    /// Its identifier.
    pub oid: SignatureDefOid,
    /// How it is made.
    pub methodology: Option<SignatureMethodology>,
    /// What the signer says by it.
    pub meaning: String,
    /// Why it binds.
    pub legal_reason: String,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// How a signature is made (ODM: Methodology).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SignatureMethodology {
    /// With a key.
    Digital,
    /// With a name and password.
    Electronic,
}
