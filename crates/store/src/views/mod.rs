//! Every view, one file per noun. The list at the end is what the permission table and the persona test run over.

mod access_request;
mod account;
mod client;
mod delegation;
mod duty;
mod export;
mod form;
mod grants;
mod history;
mod import;
mod ledger;
mod live;
mod people;
mod policy;
mod provider;
mod roles;
mod security_event;
mod study;
mod subject;
mod worklist;

pub use access_request::{AccessRequestLine, AccessRequests, ExceptionWaiting, MyAccessRequests};
pub use account::{Account, AccountShown, MyStudies, PasskeyShown, StudyLine};
pub use client::{ClientLine, Clients, MyClients};
pub use delegation::{DelegationLine, DelegationLog, DelegationLogShown};
pub use duty::{AgreementLine, CourseLine, Duties, DutiesKept, DutyBook, DutyLine, MyDuties, TrainingLine};
pub use export::{ExportPart, ExportStudy, Exported};
pub use form::{FormShown, GroupShown, ItemShown, ShowForm};
pub use grants::{AccessMatrix, GrantLine, Grants, MatrixLine};
pub use history::{ItemHistory, ItemHistoryShown, VersionShown};
pub use import::{ImportLine, Imports};
pub use ledger::{
    Checkpoint, EntryBundle, EntryLine, EntryProof, EntryProofShown, LedgerEntries, LedgerHead, LedgerHeadShown,
    LedgerTile,
};
pub use live::{LiveShown, Readiness, RuleShown, ShowReadiness};
pub use people::{IdentityCheck, People, PersonLine};
pub use policy::{SettingShown, ShowPolicy};
pub use provider::{MyProvider, MyProviderShown, ProviderShown, ShowProvider};
pub use roles::{RoleBook, RoleLine, RoleShown};
pub use security_event::{SecurityEventLine, SecurityEvents};
pub use study::{Definition, DefinitionShown, ShowStudy, SiteLine, StudyShown};
pub use subject::{FormCell, ShowSubject, SubjectLine, SubjectShown, Subjects, SubjectsShown, VisitColumn};
use trial::permission::Permission;
pub use worklist::{WaitingForm, Worklist, WorklistShown};

use crate::{assurance::Freshness, view::View};

macro_rules! views {
    ($($view:ty),* $(,)?) => {
        $(impl crate::act::sealed::Sealed for $view {})*

        /// Name, needs, and whether it is recorded, of every view.
        pub const VIEWS: &[(&str, Permission, bool)] =
            &[$((<$view as View>::NAME, <$view as View>::NEEDS, <$view as View>::RECORDED)),*];

        /// How lately one must have shown who one is, for every view.
        pub const FRESH: &[(&str, Freshness)] = &[$((<$view as View>::NAME, <$view as View>::FRESH)),*];
    };
}

views!(
    Account,
    SecurityEvents,
    MyStudies,
    People,
    Grants,
    AccessMatrix,
    RoleBook,
    ShowPolicy,
    ShowProvider,
    MyProvider,
    MyDuties,
    DutyBook,
    MyAccessRequests,
    AccessRequests,
    DelegationLog,
    MyClients,
    Clients,
    ShowStudy,
    Definition,
    ShowReadiness,
    Imports,
    Subjects,
    ShowSubject,
    Worklist,
    ShowForm,
    ItemHistory,
    ExportStudy,
    LedgerHead,
    LedgerEntries,
    EntryProof,
    EntryBundle,
    Checkpoint,
    LedgerTile,
);
