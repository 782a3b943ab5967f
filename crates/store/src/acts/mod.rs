//! Every act, one file per noun. The list at the end is what the permission table and the persona test run over.

mod change;
pub(crate) mod enrol;
pub(crate) mod factor;
mod form;
pub(crate) mod grant;
mod import;
mod import_met;
mod open_form;
mod organization;
pub(crate) mod person;
pub(crate) mod security_event;
mod session;
mod study;
mod subject;

pub use enrol::{Enrol, spent as spent_enrolment};
pub use factor::{AddPasskey, MakeRecoveryCodes, RemovePasskey, SetSecondFactor};
pub use form::{ItemChange, RowRemoval, SaveForm};
pub use grant::{EndGrant, GiveGrant};
pub use import::{
    BeginImport, CompleteImport, ImportedForm, ImportedSubject, ImportedVisit, PIECES_MAX, Piece, TakeImport,
};
pub use organization::{AppointFirst, FoundOrganization};
pub use person::{AddPerson, ChangePassword, DisablePerson, RenewEnrolment, RequireNewPassword};
pub use security_event::ReadNotices;
pub use session::{ConfirmPresence, EndOtherSessions, EndSession, NewVerifier, OpenSession, RefuseSignIn};
pub use study::{AddSite, PublishDefinition, RegisterStudy};
pub use subject::{AddSubject, EraseSubject};
use trial::permission::Permission;

use crate::{act::Act, assurance::Freshness};

macro_rules! acts {
    ($($act:ty),* $(,)?) => {
        $(impl crate::act::sealed::Sealed for $act {})*

        /// Name and needs of every act.
        pub const ACTS: &[(&str, Permission)] = &[$((<$act as Act>::NAME, <$act as Act>::NEEDS)),*];

        /// How lately one must have shown who one is, for every act.
        pub const FRESH: &[(&str, Freshness)] = &[$((<$act as Act>::NAME, <$act as Act>::FRESH)),*];
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
    AddPasskey,
    RemovePasskey,
    MakeRecoveryCodes,
    OpenSession,
    RefuseSignIn,
    ConfirmPresence,
    EndSession,
    EndOtherSessions,
    ReadNotices,
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
