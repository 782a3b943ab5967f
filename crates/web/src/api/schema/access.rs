//! Roles, settings, duties and access by exception, as the API shows them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Exception, IdentityCheck, Lapse, Level, Permission, Role, Scope, SettingCode};

/// A grant with the names of whom and what it is about.
#[derive(Serialize, ToSchema)]
pub struct GrantLine {
    /// What it gives.
    pub grant: Grant,
    /// The role's name.
    pub title: String,
    /// To whom, by name.
    pub person: String,
    /// At which site or in which country, by name.
    pub site: Option<String>,
    /// In which study, by name.
    pub study: Option<String>,
    /// From whom, by name; empty: the operator, at the founding.
    pub given_by: String,
    /// Who ended it, by name.
    pub ended_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Whether it holds now.
    pub holds: bool,
    /// Why it gives nothing for the time being.
    pub lapse: Option<Lapse>,
    /// Since when.
    #[schema(format = DateTime)]
    pub from: String,
    /// Until when somebody has to confirm it; after that it lapses.
    #[schema(format = DateTime)]
    pub confirm_by: Option<String>,
    /// Whether it is time to confirm it.
    pub confirm_now: bool,
    /// Whether the asker may confirm and end it.
    pub administered: bool,
}

/// A grant.
#[derive(Serialize, ToSchema)]
pub struct Grant {
    /// Its id.
    #[schema(format = Uuid)]
    pub id: String,
    /// To whom.
    #[schema(format = Uuid)]
    pub person: String,
    /// As what.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// From this instant on.
    #[schema(format = DateTime)]
    pub from: String,
    /// Before this instant; null while open.
    #[schema(format = DateTime)]
    pub until: Option<String>,
    /// How it came about, where that is not the usual way; left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception: Option<Exception>,
}

/// A role, with what it may do.
#[derive(Serialize, ToSchema)]
pub struct RoleLine {
    /// Which.
    pub role: Role,
    /// Its name.
    pub title: String,
    /// Whether Probity brings it.
    pub built_in: bool,
    /// Where it may be granted.
    pub levels: Vec<Level>,
    /// What it may do, by code.
    pub permissions: Vec<Permission>,
    /// ODM FormOIDs that it sees and edits; null: all.
    pub forms: Option<Vec<String>>,
    /// The roles that it gives and ends.
    pub administers: Vec<Role>,
    /// Which of study and site administrators give it.
    pub given_by: Vec<Role>,
    /// Whether it is given to more people.
    pub offered: bool,
}

/// Where a layer of settings lies.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Probity itself.
    Platform,
    /// The organization.
    Organization,
    /// A study.
    Study,
    /// A site.
    Site,
}

/// A setting as it holds at a place.
#[derive(Serialize, ToSchema)]
pub struct Setting {
    /// Its code.
    pub setting: SettingCode,
    /// What holds, as a number; 4294967295: never.
    pub value: u32,
    /// What holds, in words.
    pub words: String,
    /// The layer that decides it.
    pub decided_by: Tier,
    /// What this place's own layer says.
    pub own: Option<u32>,
    /// The loosest that it may say: what holds above.
    pub loosest: u32,
    /// The strictest that it may say.
    pub strictest: u32,
    /// Why it deviates from what is recommended: each layer that says so, with its reason.
    #[schema(value_type = Vec<Vec<String>>)]
    pub justifications: Vec<(Tier, String)>,
}

/// Which agreement.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgreementKind {
    /// Not to tell.
    NonDisclosure,
    /// What participants told stays with those who need it.
    Confidentiality,
    /// What everybody does so that accounts and data stay safe.
    Security,
    /// What the system is for, and what not.
    AcceptableUse,
}

/// An agreement.
#[derive(Serialize, ToSchema)]
pub struct Agreement {
    /// Which.
    #[schema(format = Uuid)]
    pub id: String,
    /// Which kind.
    pub kind: AgreementKind,
    /// Its version.
    pub version: u32,
    /// Its text.
    pub text: String,
    /// When the asker signed this version; null: not yet, or nobody in particular asks.
    #[schema(format = DateTime)]
    pub signed: Option<String>,
}

/// A training that one of the asker's roles needs.
#[derive(Serialize, ToSchema)]
pub struct Duty {
    /// Which course.
    #[schema(format = Uuid)]
    pub course: String,
    /// Its title.
    pub title: String,
    /// When it was last completed; null: never.
    #[schema(format = DateTime)]
    pub completed: Option<String>,
    /// Until when that is enough.
    #[schema(format = DateTime)]
    pub until: Option<String>,
}

/// What somebody has to do.
#[derive(Serialize, ToSchema)]
pub struct Duties {
    /// Agreements, signed ones too.
    pub agreements: Vec<Agreement>,
    /// Training that one's roles need.
    pub training: Vec<Duty>,
    /// How one's identity was last checked; null: nobody has.
    pub identity: Option<IdentityCheck>,
    /// Whether one of one's roles carries a right to sign, which waits for that.
    pub signs: bool,
}

/// A course.
#[derive(Serialize, ToSchema)]
pub struct Course {
    /// Which.
    #[schema(format = Uuid)]
    pub id: String,
    /// Its title.
    pub title: String,
    /// The roles that need it; null: all.
    pub roles: Option<Vec<Role>>,
    /// In this study only; null: everywhere.
    #[schema(format = Uuid)]
    pub study: Option<String>,
    /// How many days having had it is enough.
    pub valid_days: u32,
    /// Whether it is asked for.
    pub needed: bool,
}

/// A completed course.
#[derive(Serialize, ToSchema)]
pub struct Training {
    /// Who.
    #[schema(format = Uuid)]
    pub person: String,
    /// Who, by name.
    pub name: String,
    /// Which course.
    #[schema(format = Uuid)]
    pub course: String,
    /// When.
    #[schema(format = DateTime)]
    pub completed: String,
    /// What shows it.
    pub evidence: String,
    /// Who recorded it, by name.
    pub by: String,
}

/// Agreements, courses and completions of an organization.
#[derive(Serialize, ToSchema)]
pub struct DutiesKept {
    /// Agreements in their current version.
    pub agreements: Vec<Agreement>,
    /// People who have not signed all of them: id and name.
    pub unsigned: Vec<Vec<String>>,
    /// Courses.
    pub courses: Vec<Course>,
    /// The last completion of each course by each person.
    pub training: Vec<Training>,
}

/// A grant as it was on a day.
#[derive(Serialize, ToSchema)]
pub struct MatrixLine {
    /// Who.
    #[schema(format = Uuid)]
    pub person: String,
    /// Who, by name.
    pub name: String,
    /// As what.
    pub role: Role,
    /// As what, in words.
    pub title: String,
    /// Where.
    pub scope: Scope,
    /// In which study, by name.
    pub study: Option<String>,
    /// At which site or in which country, by name.
    pub site: Option<String>,
    /// What it let the person do, by code.
    pub permissions: Vec<Permission>,
    /// Why it gave nothing, as far as is known now.
    pub lapse: Option<Lapse>,
}

/// Where a request for access stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// It waits for somebody's answer.
    Asked,
    /// It was refused.
    Refused,
    /// The access was opened; it ends by itself, and waits for a review.
    Open,
    /// Somebody looked at what was done with it.
    Reviewed,
}

/// A request for access, or an emergency.
#[derive(Serialize, ToSchema)]
pub struct AccessRequest {
    /// Which.
    #[schema(format = Uuid)]
    pub id: String,
    /// Who asked.
    #[schema(format = Uuid)]
    pub person: String,
    /// Who asked, by name.
    pub name: String,
    /// As what.
    pub role: Role,
    /// As what, in words.
    pub title: String,
    /// Where.
    pub scope: Scope,
    /// In which study, by name.
    pub study: Option<String>,
    /// At which site or in which country, by name.
    pub site: Option<String>,
    /// For how many hours.
    pub hours: u32,
    /// Why.
    pub reason: String,
    /// Whether it was taken in an emergency.
    pub emergency: bool,
    /// When.
    #[schema(format = DateTime)]
    pub asked: String,
    /// Where it stands.
    pub state: RequestState,
    /// Until when it opens something; null: it does not.
    #[schema(format = DateTime)]
    pub until: Option<String>,
    /// Whether it opens something now.
    pub open: bool,
    /// Who answered or reviewed it last, by name.
    pub answered_by: Option<String>,
    /// What they said.
    pub answer: Option<String>,
}

/// A line of a delegation log.
#[derive(Serialize, ToSchema)]
pub struct Delegation {
    /// Which.
    #[schema(format = Uuid)]
    pub id: String,
    /// Who.
    #[schema(format = Uuid)]
    pub person: String,
    /// Who, by name.
    pub name: String,
    /// Which duties.
    pub duties: String,
    /// From when on.
    #[schema(format = DateTime)]
    pub from: String,
    /// Until when; null until it is ended.
    #[schema(format = DateTime)]
    pub until: Option<String>,
    /// Whether it holds now.
    pub holds: bool,
    /// The investigator who authorized it, by name.
    pub authorized_by: String,
    /// Who ended it, by name.
    pub ended_by: Option<String>,
}

/// The delegation log of a site.
#[derive(Serialize, ToSchema)]
pub struct DelegationLog {
    /// In which study.
    #[schema(format = Uuid)]
    pub study: String,
    /// The site, by name.
    pub site: String,
    /// Its lines, the newest first.
    pub lines: Vec<Delegation>,
    /// People with a role at the site: id and name.
    pub people: Vec<Vec<String>>,
}

/// How many requests for access wait at a place.
#[derive(Serialize, ToSchema)]
pub struct ExceptionWaiting {
    /// Where access was asked for, or opened.
    pub scope: Scope,
    /// In which study, by name.
    pub study: Option<String>,
    /// At which site or in which country, by name.
    pub site: Option<String>,
    /// Whether it was opened in an emergency and waits for a review; else it waits for an answer.
    pub emergency: bool,
    /// How many.
    pub count: u64,
}

/// What works in a person's name.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// A program: a script, another system.
    Program,
    /// A device: an instrument, a tablet.
    Device,
}

/// A program or a device that works in a person's name.
#[derive(Serialize, ToSchema)]
pub struct ClientLine {
    /// Which.
    #[schema(format = Uuid)]
    pub id: String,
    /// As its person calls it.
    pub name: String,
    /// What it is.
    pub kind: ClientKind,
    /// In whose name it works.
    #[schema(format = Uuid)]
    pub person: String,
    /// In whose name, by name.
    pub person_name: String,
    /// Where.
    pub scope: Scope,
    /// In which study, by name.
    pub study: Option<String>,
    /// At which site, by name.
    pub site: Option<String>,
    /// What it may do there, where its person may: codes of permissions.
    pub permissions: Vec<Permission>,
    /// Since when.
    #[schema(format = DateTime)]
    pub from: String,
    /// Until when.
    #[schema(format = DateTime)]
    pub until: String,
    /// When it was last used, to about half a minute.
    #[schema(format = DateTime)]
    pub used: Option<String>,
    /// Whether it has to show a certificate of its own.
    pub certificate: bool,
    /// Who ended it before its time, by name.
    pub ended_by: Option<String>,
    /// Whether it works now.
    pub live: bool,
}
