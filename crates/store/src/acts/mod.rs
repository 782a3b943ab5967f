//! Every act, one file per noun. The list at the end is what the permission table and the persona test run over.

mod change;
mod form;
pub(crate) mod grant;
mod import;
mod import_met;
mod open_form;
mod organization;
pub(crate) mod person;
mod session;
mod study;
mod subject;

pub use form::{ItemChange, RowRemoval, SaveForm};
pub use grant::{EndGrant, GiveGrant};
pub use import::{
    BeginImport, CompleteImport, ImportedForm, ImportedSubject, ImportedVisit, PIECES_MAX, Piece, TakeImport,
};
pub use organization::{AppointFirst, FoundOrganization};
pub use person::{
    AddPerson, ChangePassword, DisablePerson, Enrol, RenewEnrolment, RequireNewPassword, SetSecondFactor,
    spent as spent_enrolment,
};
pub use session::{EndOtherSessions, EndSession, NewVerifier, OpenSession, RefuseSignIn};
pub use study::{AddSite, PublishDefinition, RegisterStudy};
pub use subject::{AddSubject, EraseSubject};
use trial::permission::Permission;

use crate::act::Act;

macro_rules! acts {
    ($($act:ty),* $(,)?) => {
        $(impl crate::act::sealed::Sealed for $act {})*

        /// Name and needs of every act.
        pub const ACTS: &[(&str, Permission)] = &[$((<$act as Act>::NAME, <$act as Act>::NEEDS)),*];
    };
}

acts!(
    FoundOrganization,
    AppointFirst,
    AddPerson,
    RenewEnrolment,
    RequireNewPassword,
    DisablePerson,
    Enrol,
    ChangePassword,
    SetSecondFactor,
    OpenSession,
    RefuseSignIn,
    EndSession,
    EndOtherSessions,
    GiveGrant,
    EndGrant,
    RegisterStudy,
    PublishDefinition,
    AddSite,
    AddSubject,
    EraseSubject,
    SaveForm,
    BeginImport,
    TakeImport,
    CompleteImport,
);
