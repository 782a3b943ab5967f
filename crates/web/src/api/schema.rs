//! What the API's answers look like, for its OpenAPI document. The answers themselves are what the store shows; a test
//! (`tests/web/contract.rs`) holds every answer against these, so that neither changes alone.

mod access;
mod form;
mod live;
mod security;
mod word;

pub use access::{
    AccessRequest, AgreementKind, ClientKind, ClientLine, DelegationLog, Duties, DutiesKept, ExceptionWaiting, Grant,
    GrantLine, MatrixLine, RoleLine, Setting,
};
pub use form::{Form, FormCell, FormState, Group, Item, ItemChange, ItemHistory, ItemVersion, RowRemoval};
pub use live::{LiveShown, Readiness, RuleShown};
pub use security::{Befell, Factor, IdentityCheck, IdentityWay, MyProvider, Passkey, ProviderShown, SecurityEvent};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
pub use word::{Level, Permission, Role, RuleProfile, SettingCode};

/// Of an act: where its entry is, when it was made, which records it put.
#[derive(Serialize, ToSchema)]
pub struct Receipt {
    /// The ledger.
    #[schema(format = Uuid)]
    pub ledger: String,
    /// The entry's index in it, from 0.
    pub index: u64,
    /// When, in UTC.
    #[schema(format = DateTime)]
    pub at: String,
    /// Hash of the entry as a leaf (RFC 6962 2.1), in hexadecimal.
    pub leaf: String,
    /// The records put, in order.
    pub records: Vec<PutRecord>,
    /// True where this request had been done before: nothing was done again.
    pub repeated: bool,
}

/// One record version that an act put.
#[derive(Serialize, ToSchema)]
pub struct PutRecord {
    /// Its kind.
    pub kind: String,
    /// Its id.
    pub key: String,
    /// Which version.
    pub version: u32,
}

/// Something that an act made.
#[derive(Serialize, ToSchema)]
pub struct Made {
    /// Its id.
    #[schema(format = Uuid)]
    pub id: String,
    /// Of the act.
    pub receipt: Receipt,
}

/// Where a role holds.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(tag = "level", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scope {
    /// The organization itself; reaches into no study.
    Organization,
    /// A study with all its sites.
    Study {
        /// Which.
        #[schema(format = Uuid)]
        study: String,
    },
    /// A study's sites in one country, those to come too.
    Country {
        /// Of which study.
        #[schema(format = Uuid)]
        study: String,
        /// ISO 3166-1 alpha-2.
        country: String,
    },
    /// One site of a study.
    Site {
        /// Of which study.
        #[schema(format = Uuid)]
        study: String,
        /// Which.
        #[schema(format = Uuid)]
        site: String,
    },
}

/// A stored value as this reader may see it.
#[derive(Serialize, ToSchema)]
#[serde(tag = "as", content = "value", rename_all = "snake_case")]
pub enum Shown {
    /// The value.
    Value(String),
    /// There is one, which would unblind this reader.
    Blinded,
    /// There is one, which this reader may not see.
    Withheld,
}

/// One's own account.
#[derive(Serialize, ToSchema)]
pub struct Account {
    /// Who.
    #[schema(format = Uuid)]
    pub id: String,
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Name to sign in with.
    pub sign_in: String,
    /// The organization.
    pub organization: String,
    /// Whether a second factor is set.
    pub second_factor: bool,
    /// Whether codes of an authenticator app are.
    pub code: bool,
    /// Passkeys.
    pub passkeys: Vec<Passkey>,
    /// Recovery codes that are left.
    pub recovery_codes: u64,
    /// Whether one needs a second factor.
    pub second_factor_needed: bool,
    /// The strongest factor that one has, with which one confirms that it is oneself.
    pub confirms_with: Factor,
    /// Whether one has done that so lately that nothing asks for it again.
    pub confirmed: bool,
    /// Whether one's own factors may be changed without doing it again.
    pub may_change_factors: bool,
    /// What befell the account and was not marked as read.
    pub notices: Vec<SecurityEvent>,
    /// Roles that hold now, those that give nothing for the time being too.
    pub roles: Vec<RoleHeld>,
    /// Agreements that wait for a signature.
    pub unsigned: u64,
    /// What others asked for or opened by exception, and the asker may answer or review.
    pub waiting: Vec<ExceptionWaiting>,
    /// Open sessions.
    pub sessions: Vec<Session>,
}

/// A role that somebody holds.
#[derive(Serialize, ToSchema)]
pub struct RoleHeld {
    /// The grant.
    #[schema(format = Uuid)]
    pub grant: String,
    /// Which.
    pub role: Role,
    /// Its name.
    pub title: String,
    /// Where.
    pub scope: Scope,
    /// What it lets one do there; nothing while it gives nothing.
    pub permissions: Vec<Permission>,
    /// Until when; null until it is ended.
    #[schema(format = DateTime)]
    pub until: Option<String>,
    /// Why it gives nothing for the time being.
    pub lapse: Option<Lapse>,
    /// How it came about, where that is not the usual way.
    pub exception: Option<Exception>,
    /// Roles that it gives and ends.
    pub administers: Vec<Role>,
}

/// Why a grant that stands gives nothing for the time being.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lapse {
    /// An agreement is not signed in its current version.
    AgreementUnsigned,
    /// The role carries a right to sign, and nobody has checked who the person is.
    IdentityUnchecked,
    /// A training that the role needs is missing, or too long ago.
    TrainingLapsed,
    /// Nobody confirmed in time that the person still needs it.
    ReviewOverdue,
    /// The site's investigator has not delegated anything to the person.
    NotDelegated,
}

/// How somebody came to a grant that nobody gave them in the usual way.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exception {
    /// They asked, and somebody else approved.
    Approved,
    /// They broke the glass.
    Emergency,
}

/// A session as its owner sees it.
#[derive(Serialize, ToSchema)]
pub struct Session {
    /// Its id.
    #[schema(format = Uuid)]
    pub id: String,
    /// When it was opened.
    #[schema(format = DateTime)]
    pub opened: String,
    /// When it was last used, to about half a minute.
    #[schema(format = DateTime)]
    pub seen: String,
    /// Whether it is the one that asks.
    pub this: bool,
    /// What kind of browser it was opened with, where that is known.
    #[schema(required)]
    pub client: Option<String>,
}

/// A person with an account.
#[derive(Serialize, ToSchema)]
pub struct Person {
    /// Who.
    #[schema(format = Uuid)]
    pub id: String,
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Name to sign in with.
    pub sign_in: String,
    /// Whether the account works.
    pub active: bool,
    /// Whether a password was set.
    pub enrolled: bool,
    /// Whether a second factor is set.
    pub second_factor: bool,
    /// When they last showed who they are.
    #[schema(format = DateTime)]
    pub shown: Option<String>,
    /// Whether the account rests because nobody used it for long.
    pub dormant: bool,
    /// Whether a new enrolment link waits, which another administrator made than the one who asks: it can be released.
    pub releasable: bool,
    /// How their identity was last checked; null: nobody has.
    pub identity: Option<IdentityCheck>,
}

/// A study one works in.
#[derive(Serialize, ToSchema)]
pub struct StudyLine {
    /// Which.
    #[schema(format = Uuid)]
    pub id: String,
    /// ODM StudyOID.
    pub oid: String,
    /// Its name.
    pub name: String,
    /// Whether a definition is published.
    pub defined: bool,
    /// Number of its ledger.
    pub ledger: u32,
    /// One's roles there.
    pub roles: Vec<RoleHeld>,
    /// Subjects that one may see.
    pub subjects: u64,
}

/// A study with its sites.
#[derive(Serialize, ToSchema)]
pub struct Study {
    /// Which.
    #[schema(format = Uuid)]
    pub id: String,
    /// ODM StudyOID.
    pub oid: String,
    /// Its name.
    pub name: String,
    /// Number of its ledger.
    pub ledger: u32,
    /// Version of the published definition; 0: none yet.
    pub definition: u32,
    /// Whether it was released under the rules that it is run by.
    pub live: bool,
    /// Whether subjects may be added at one of these sites: a setting may ask that it is live first.
    pub takes_subjects: bool,
    /// Its sites: all, or those of one's grants.
    pub sites: Vec<Site>,
    /// One's roles in this study.
    pub roles: Vec<RoleHeld>,
}

/// A site.
#[derive(Serialize, ToSchema)]
pub struct Site {
    /// Which.
    #[schema(format = Uuid)]
    pub id: String,
    /// ODM LocationOID.
    pub oid: String,
    /// Its name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

/// A page of subjects.
#[derive(Serialize, ToSchema)]
pub struct Subjects {
    /// The subjects, by code.
    pub subjects: Vec<SubjectLine>,
    /// How many there are in all, with this site and search.
    pub total: u64,
    /// Give this as `after` for the next page; null: this was the last.
    pub next: Option<String>,
}

/// A subject in the list.
#[derive(Serialize, ToSchema)]
pub struct SubjectLine {
    /// Which.
    #[schema(format = Uuid)]
    pub id: String,
    /// Its code.
    pub code: Shown,
    /// Its site.
    #[schema(format = Uuid)]
    pub site: String,
    /// The site's name.
    pub site_name: String,
    /// Whether its key was destroyed.
    pub erased: bool,
    /// Forms in progress.
    pub forms_in_progress: u64,
    /// Complete forms.
    pub forms_complete: u64,
    /// When something of it last changed.
    #[schema(format = DateTime)]
    pub changed: String,
}

/// A subject's matrix of visits and forms.
#[derive(Serialize, ToSchema)]
pub struct Subject {
    /// Which.
    #[schema(format = Uuid)]
    pub id: String,
    /// Its code.
    pub code: Shown,
    /// Of which study.
    #[schema(format = Uuid)]
    pub study: String,
    /// Its site.
    #[schema(format = Uuid)]
    pub site: String,
    /// The site's name.
    pub site_name: String,
    /// Whether its key was destroyed.
    pub erased: bool,
    /// Whether one may enter data for it.
    pub editable: bool,
    /// Its visits so far, and those the study plans, in the study's order.
    pub visits: Vec<Visit>,
}

/// A visit.
#[derive(Serialize, ToSchema)]
pub struct Visit {
    /// ODM StudyEventOID; empty for forms that a file held outside any visit.
    pub event: String,
    /// Which of several.
    pub repeat: String,
    /// Its name.
    pub name: String,
    /// Whether it may take place again.
    pub repeating: bool,
    /// Whether anything was entered.
    pub started: bool,
    /// Its forms, in the study's order.
    pub forms: Vec<FormCell>,
}

/// An import of clinical data.
#[derive(Serialize, ToSchema)]
pub struct Import {
    /// Which.
    #[schema(format = Uuid)]
    pub id: String,
    /// The file's name.
    pub file_name: String,
    /// Its length.
    pub file_bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub file_digest: String,
    /// What it says it was written by.
    pub source_system: String,
    /// When it was begun.
    #[schema(format = DateTime)]
    pub opened: String,
    /// Whether all of it was taken.
    pub complete: bool,
    /// What reading it reported.
    #[schema(value_type = Value)]
    pub report: serde_json::Value,
}

/// What the ledger page says at its head.
#[derive(Serialize, ToSchema)]
pub struct LedgerHead {
    /// Which.
    #[schema(format = Uuid)]
    pub id: String,
    /// Its number here.
    pub number: u32,
    /// C2SP tlog-checkpoint origin.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The newest checkpoint, a C2SP signed note; null: none was asked for yet.
    pub checkpoint: Option<String>,
    /// The keys that its checkpoints are checked with (C2SP vkey): Ed25519 and ML-DSA-44.
    pub keys: Vec<String>,
}

/// An entry.
#[derive(Serialize, ToSchema)]
pub struct EntryLine {
    /// Its index.
    pub index: u64,
    /// When, in UTC.
    #[schema(format = DateTime)]
    pub at: String,
    /// Who, by name where it is a person.
    pub who: String,
    /// Through which program or device, by name.
    pub through: Option<String>,
    /// In which role.
    pub role: String,
    /// In which role, in words.
    pub role_title: String,
    /// Which act or view.
    pub act: String,
    /// On what.
    pub target: String,
    /// How many records it changed.
    pub changes: u64,
    /// How many records a view showed.
    pub shown: Option<u64>,
    /// Its leaf hash, in hexadecimal.
    pub leaf: String,
}

/// The proof of an entry.
#[derive(Serialize, ToSchema)]
pub struct EntryProof {
    /// The entry as it was hashed.
    pub entry: String,
    /// The C2SP tlog-proof.
    pub proof: String,
    /// The keys to check it with.
    pub keys: Vec<String>,
}
