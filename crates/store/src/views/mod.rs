//! Every view, one file per noun. The list at the end is what the permission table and the persona test run over.

mod account;
mod export;
mod form;
mod history;
mod import;
mod ledger;
mod people;
mod security_event;
mod study;
mod subject;
mod worklist;

pub use account::{Account, AccountShown, MyStudies, PasskeyShown, RoleShown, StudyLine};
pub use export::{ExportPart, ExportStudy, Exported};
pub use form::{FormShown, GroupShown, ItemShown, ShowForm};
pub use history::{ItemHistory, ItemHistoryShown, VersionShown};
pub use import::{ImportLine, Imports};
pub use ledger::{
    Checkpoint, EntryBundle, EntryLine, EntryProof, EntryProofShown, LedgerEntries, LedgerHead, LedgerHeadShown,
    LedgerTile,
};
pub use people::{GrantLine, Grants, People, PersonLine};
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
    ShowStudy,
    Definition,
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
