//! The pages: server-rendered, working without a script, reading through views and writing through acts only.
//!
//! Every page stands in one [`frame`]; clinical values reach a template as [`store::Shown`] and no other way. Nothing
//! here decides who may do what, and nothing here keeps anything beyond the request (but see [`door`]).

mod access;
mod account;
mod agreements;
pub(crate) mod assets;
mod clients;
pub(crate) mod confirm;
mod days;
mod delegations;
mod door;
mod duties;
mod enrol;
pub mod error;
mod export;
mod fields;
mod form;
mod frame;
mod history;
mod home;
mod import;
mod ledger;
mod live;
mod matrix;
mod notice;
mod people;
mod places;
mod policy;
mod proof;
mod provider;
mod reports;
mod requests;
mod roles;
mod show;
mod sign_on;
mod study;
mod subject;
mod subjects;
mod waiting;

use store::{
    acts::{
        ActivateStudy, AddPasskey, AddPerson, AddSite, AddSubject, AnswerAccess, AskAccess, BeginImport, BreakGlass,
        ChangePassword, CompleteImport, ConfirmGrant, ConfirmPresence, DefineRole, Delegate, DisablePerson, EndClient,
        EndDelegation, EndGrant, EndOtherSessions, EndOwnClient, EndProvider, EndSession, Enrol, GiveGrant, KeepCourse,
        LinkProvider, MakeRecoveryCodes, OpenSession, PublishAgreement, PublishDefinition, ReadNotices, RecordTraining,
        RegisterClient, RegisterStudy, ReleaseEnrolment, RemovePasskey, RenewEnrolment, RequireNewPassword,
        ReviewAccess, SaveForm, SetPolicy, SetProvider, SetSecondFactor, SignAgreements, SignOut, TakeImport,
        UnlinkProvider, VerifyIdentity,
    },
    views::{
        AccessMatrix, AccessRequests, Account, Clients, Definition, DelegationLog, DutyBook, EntryProof, ExportStudy,
        Grants, Imports, ItemHistory, LedgerEntries, LedgerHead, MyAccessRequests, MyClients, MyDuties, MyProvider,
        People, RoleBook, SecurityEvents, ShowForm, ShowPolicy, ShowProvider, ShowReadiness, ShowStudy, ShowSubject,
        Subjects, Worklist,
    },
};

pub(crate) use self::fields::Kept;
use self::frame::{framed, in_study};
use crate::route::{Does, Table};

/// Every page.
#[must_use]
pub fn table() -> Table {
    door()
        .merge(own())
        .merge(administration())
        .merge(access())
        .merge(duties())
        .merge(study())
        .merge(data())
        .merge(ledgers())
}

/// Before one is anybody.
fn door() -> Table {
    Table::new()
        .get("/assets/{name}", Does::public("the stylesheet, the script and the icons"), assets::serve)
        .post("/reports", reported().body_max(reports::REPORT_BYTES_MAX), reports::take)
        .get("/sign-in", Does::public("the empty sign-in page"), door::sign_in)
        .post("/sign-in", Does::act::<OpenSession>().and_act::<SignOut>(), door::signed_in)
        .post("/sign-in/passkey", Does::act::<OpenSession>().and_act::<SignOut>(), door::signed_in_with_passkey)
        .post("/sign-in/provider", Does::public("where a browser goes to sign in"), provider::leave)
        .get(crate::provider::RETURN, Does::public("what a browser brought back, in a form"), provider::returned)
        .post(
            "/sign-in/provider/answer",
            Does::act::<OpenSession>().and_act::<SignOut>().and_act::<LinkProvider>(),
            provider::answered,
        )
        .post("/sign-out", Does::act::<SignOut>(), door::signed_out)
        .get("/enrol", Does::public("the empty field for an enrolment link"), enrol::link)
        .post("/enrol/open", Does::act::<Enrol>(), enrol::enrol)
        .post("/enrol/account", Does::act::<Enrol>().and_act::<SignOut>(), enrol::enrolled)
}

fn reported() -> Does {
    Does::public("what a browser refused on a page goes into the log, as the name of a rule")
}

/// One's own.
fn own() -> Table {
    let of_account = |does: Does| framed(does).and_view::<MyProvider>();
    Table::new()
        .get("/", framed(Does::view::<Worklist>()).and_view::<People>(), home::home)
        .get("/search", framed(Does::view::<Subjects>()), home::search)
        .get("/account", of_account(Does::view::<Account>()), account::account)
        .post("/account/password", of_account(Does::act::<ChangePassword>()), account::password)
        .post("/account/second-factor", of_account(Does::act::<SetSecondFactor>()), account::factor)
        .post("/account/passkeys", of_account(Does::act::<AddPasskey>()), account::add_passkey)
        .post("/account/passkeys/{passkey}/remove", of_account(Does::act::<RemovePasskey>()), account::remove_passkey)
        .post("/account/provider", framed(Does::view::<Account>()), provider::link)
        .post("/account/provider/end", framed(Does::act::<UnlinkProvider>()), provider::unlink)
        .post("/account/recovery-codes", of_account(Does::act::<MakeRecoveryCodes>()), account::recovery_codes)
        .get("/account/activity", framed(Does::view::<SecurityEvents>()), account::activity)
        .post("/account/notices/read", Does::act::<ReadNotices>(), account::read_notices)
        .get("/confirm", Does::view::<Account>(), confirm::confirm)
        .post("/confirm", Does::act::<ConfirmPresence>().and_view::<Account>(), confirm::confirmed)
        .post("/account/sessions/end-others", Does::act::<EndOtherSessions>(), account::end_others)
        .post("/account/sessions/{session}/end", Does::act::<EndSession>(), account::end)
        .get("/account/agreements", framed(Does::view::<MyDuties>()), agreements::agreements)
        .post("/account/agreements", framed(Does::act::<SignAgreements>()).and_view::<MyDuties>(), agreements::sign)
        .get("/account/clients", framed(Does::view::<MyClients>()), clients::own)
        .post("/account/clients", framed(Does::act::<RegisterClient>()).and_view::<MyClients>(), clients::register)
        .post(
            "/account/clients/{client}/end",
            framed(Does::act::<EndOwnClient>()).and_view::<MyClients>(),
            clients::end_own,
        )
        .post("/account/density", Does::view::<Account>(), account::density)
}

/// People and studies.
fn administration() -> Table {
    let registers = framed(Does::act::<RegisterStudy>()).and_act::<GiveGrant>().and_view::<Worklist>();
    Table::new()
        .post("/", registers.and_view::<People>(), home::register)
        .get("/people", in_study(Does::view::<People>()), people::people)
        .post("/people", framed(Does::act::<AddPerson>()).and_view::<People>(), people::add)
        .post("/people/{person}/renew", framed(Does::act::<RenewEnrolment>()).and_view::<People>(), people::renew)
        .post("/people/{person}/release", framed(Does::act::<ReleaseEnrolment>()).and_view::<People>(), people::release)
        .post(
            "/people/{person}/new-password",
            framed(Does::act::<RequireNewPassword>()).and_view::<People>(),
            people::require_new_password,
        )
        .post(
            "/people/{person}/identity",
            framed(Does::act::<VerifyIdentity>()).and_view::<People>(),
            people::verify_identity,
        )
        .post("/people/{person}/disable", framed(Does::act::<DisablePerson>()).and_view::<People>(), people::disable)
}

/// Who has what, who may have what, and what holds where.
fn access() -> Table {
    let grants = |does: Does| in_study(does).and_view::<Grants>().and_view::<People>().and_view::<RoleBook>();
    let matrix = || in_study(Does::view::<AccessMatrix>()).and_view::<People>();
    let defines = || in_study(Does::act::<DefineRole>()).and_view::<RoleBook>();
    let requests =
        |does: Does| in_study(does).and_view::<MyAccessRequests>().and_view::<AccessRequests>().and_view::<RoleBook>();
    let log = |does: Does| in_study(does).and_view::<DelegationLog>();
    Table::new()
        .get("/access", grants(Does::view::<Grants>()), access::access)
        .post("/access", grants(Does::act::<GiveGrant>()), access::give)
        .post("/access/{grant}/confirm", grants(Does::act::<ConfirmGrant>()), access::confirm)
        .post("/access/{grant}/end", grants(Does::act::<EndGrant>()), access::end)
        .get("/access/matrix", matrix(), matrix::matrix)
        .get("/access/matrix/csv", Does::view::<AccessMatrix>(), matrix::csv)
        .get("/roles", in_study(Does::view::<RoleBook>()), roles::roles)
        .post("/roles", defines(), roles::define)
        .post("/roles/{role}", defines(), roles::change)
        .get("/policy", in_study(Does::view::<ShowPolicy>()), policy::policy)
        .post("/policy", in_study(Does::act::<SetPolicy>()).and_view::<ShowPolicy>(), policy::set)
        .get("/sign-on", framed(Does::view::<ShowProvider>()), sign_on::sign_on)
        .post("/sign-on", framed(Does::act::<SetProvider>()).and_view::<ShowProvider>(), sign_on::set)
        .post("/sign-on/end", framed(Does::act::<EndProvider>()).and_view::<ShowProvider>(), sign_on::end)
        .get("/requests", requests(Does::view::<MyAccessRequests>()), requests::requests)
        .post("/requests", requests(Does::act::<AskAccess>()), requests::ask)
        .post("/requests/emergency", requests(Does::act::<BreakGlass>()), requests::emergency)
        .post("/requests/{request}/answer", requests(Does::act::<AnswerAccess>()), requests::answer)
        .post("/requests/{request}/review", requests(Does::act::<ReviewAccess>()), requests::review)
        .get("/clients", in_study(Does::view::<Clients>()), clients::here)
        .post("/clients/{client}/end", in_study(Does::act::<EndClient>()).and_view::<Clients>(), clients::end)
        .get("/sites/{site}/delegations", log(Does::view::<DelegationLog>()), delegations::delegations)
        .post("/sites/{site}/delegations", log(Does::act::<Delegate>()), delegations::delegate)
        .post("/delegations/{delegation}/end", log(Does::act::<EndDelegation>()), delegations::end)
}

/// What people sign and learn.
fn duties() -> Table {
    let book = |does: Does| {
        framed(does).and_view::<DutyBook>().and_view::<People>().and_view::<RoleBook>().and_view::<Grants>()
    };
    Table::new()
        .get("/duties", book(Does::view::<DutyBook>()), duties::duties)
        .post("/duties/agreements", book(Does::act::<PublishAgreement>()), duties::publish)
        .post("/duties/courses", book(Does::act::<KeepCourse>()), duties::add_course)
        .post("/duties/courses/{course}", book(Does::act::<KeepCourse>()), duties::change_course)
        .post("/duties/training", book(Does::act::<RecordTraining>()), duties::record)
}

/// A study.
fn study() -> Table {
    let takes = in_study(Does::act::<PublishDefinition>())
        .and_act::<BeginImport>()
        .and_act::<TakeImport>()
        .and_act::<CompleteImport>()
        .and_view::<Imports>()
        .and_view::<Definition>();
    Table::new()
        .get("/studies/{study}/import", in_study(Does::view::<Definition>()).and_view::<Imports>(), import::import)
        .post("/studies/{study}/import", takes.body_max(import::FILE_BYTES_MAX), import::imported)
        .get(
            "/studies/{study}/export",
            in_study(Does::view::<ExportStudy>()).and_view::<LedgerEntries>(),
            export::export,
        )
        .get("/studies/{study}/export/odm", in_study(Does::view::<ExportStudy>()), export::odm)
        .get(
            "/studies/{study}/export/tables",
            in_study(Does::view::<ExportStudy>()).and_view::<Definition>(),
            export::tables,
        )
        .get("/studies/{study}", framed(Does::view::<ShowStudy>()).and_view::<Definition>(), study::study)
        .get("/studies/{study}/live", in_study(Does::view::<ShowReadiness>()), live::live)
        .post(
            "/studies/{study}/live",
            in_study(Does::act::<ActivateStudy>()).and_view::<ShowReadiness>(),
            live::activate,
        )
        .post("/studies/{study}/sites", in_study(Does::act::<AddSite>()).and_view::<Definition>(), study::add_site)
        .get("/studies/{study}/subjects", in_study(Does::view::<Subjects>()), subjects::subjects)
        .post("/studies/{study}/subjects", in_study(Does::act::<AddSubject>()).and_view::<Subjects>(), subjects::add)
}

/// Subjects and their forms.
fn data() -> Table {
    const FORM: &str = "/subjects/{subject}/visits/{event}/{event_repeat}/forms/{form}/{form_repeat}";
    Table::new()
        .get("/subjects/{subject}", in_study(Does::view::<ShowSubject>()), subject::subject)
        .get(FORM, in_study(Does::view::<ShowForm>()).and_view::<Definition>(), form::form)
        .post(FORM, in_study(Does::act::<SaveForm>()).and_view::<ShowForm>().and_view::<Definition>(), form::saved)
        .get(
            &format!("{FORM}/history/{{group}}/{{group_repeat}}/{{item}}"),
            in_study(Does::view::<ItemHistory>()).and_view::<Definition>(),
            history::history,
        )
}

/// Ledgers.
fn ledgers() -> Table {
    let ledger = || in_study(Does::view::<LedgerHead>()).and_view::<LedgerEntries>();
    Table::new()
        .get("/ledgers/{number}", ledger(), ledger::ledger)
        .post("/ledgers/{number}/check", ledger().body_max(ledger::PROOF_BYTES_MAX), ledger::check)
        .get("/ledgers/{number}/entries/{index}/proof", framed(Does::view::<EntryProof>()), proof::proof)
}
