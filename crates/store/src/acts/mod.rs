//! Every act, one file per noun. The list at the end is what the permission table and the persona test run over.

mod access_request;
mod agreement;
mod change;
pub(crate) mod client;
mod delegation;
pub(crate) mod enrol;
mod enrolment_link;
pub(crate) mod factor;
mod form;
pub(crate) mod grant;
mod identity;
mod import;
mod import_met;
mod live;
mod open_form;
mod organization;
pub(crate) mod person;
mod policy;
mod provider;
mod role;
pub(crate) mod security_event;
mod session;
mod study;
mod subject;
mod training;

pub use access_request::{AnswerAccess, AskAccess, BreakGlass, REQUESTS_MAX, ReviewAccess};
pub use agreement::{AGREEMENT_BYTES_MAX, PublishAgreement, SignAgreements};
pub use client::{EndClient, EndOwnClient, RegisterClient};
pub use delegation::{Delegate, EndDelegation};
pub use enrol::{Enrol, spent as spent_enrolment};
pub use enrolment_link::{ReleaseEnrolment, RenewEnrolment};
pub use factor::{AddPasskey, MakeRecoveryCodes, RemovePasskey, SetSecondFactor};
pub use form::{ItemChange, RowRemoval, SaveForm};
pub use grant::{ConfirmGrant, EndGrant, GiveGrant};
pub use identity::VerifyIdentity;
pub use import::{
    BeginImport, CompleteImport, IMPORTS_MAX, ImportedForm, ImportedSubject, ImportedVisit, PIECES_MAX, Piece,
    TakeImport,
};
pub use live::ActivateStudy;
pub use organization::{AppointFirst, FoundOrganization};
pub use person::{AddPerson, ChangePassword, DisablePerson, RequireNewPassword};
pub use policy::SetPolicy;
pub use provider::{EndProvider, LinkProvider, PROVIDER_BYTES_MAX, SetProvider, UnlinkProvider};
pub use role::DefineRole;
pub use security_event::ReadNotices;
pub use session::{ConfirmPresence, EndOtherSessions, EndSession, NewVerifier, OpenSession, RefuseSignIn, SignOut};
pub use study::{AddSite, PublishDefinition, RegisterStudy};
pub use subject::{AddSubject, EraseSubject};
pub use training::{COURSE_DAYS_MAX, COURSES_MAX, KeepCourse, RecordTraining};
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
    ReleaseEnrolment,
    RenewEnrolment,
    RequireNewPassword,
    DisablePerson,
    VerifyIdentity,
    Enrol,
    ChangePassword,
    SetSecondFactor,
    AddPasskey,
    RemovePasskey,
    MakeRecoveryCodes,
    LinkProvider,
    UnlinkProvider,
    OpenSession,
    RefuseSignIn,
    ConfirmPresence,
    SignOut,
    EndSession,
    EndOtherSessions,
    ReadNotices,
    GiveGrant,
    EndGrant,
    ConfirmGrant,
    DefineRole,
    SetPolicy,
    SetProvider,
    EndProvider,
    PublishAgreement,
    SignAgreements,
    KeepCourse,
    RecordTraining,
    Delegate,
    EndDelegation,
    RegisterClient,
    EndOwnClient,
    EndClient,
    AskAccess,
    AnswerAccess,
    BreakGlass,
    ReviewAccess,
    RegisterStudy,
    PublishDefinition,
    ActivateStudy,
    AddSite,
    AddSubject,
    EraseSubject,
    SaveForm,
    BeginImport,
    TakeImport,
    CompleteImport,
);
