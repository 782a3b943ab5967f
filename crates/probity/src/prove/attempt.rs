//! Every act and view that needs a grant, tried by somebody on something. What is asked is deliberately empty or wrong:
//! a decision comes before anything is looked at, so whoever is told what is wrong with it was let in.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use store::{Act, Actor, Error, Organization, View, acts as a, views as v};
use trial::{
    access::Scope,
    client::Kind,
    identity::Way,
    ids::{CourseId, Id as _, PersonId, SiteId},
    permission::{Permission, Permissions},
    policy::Setting,
    role::Role,
};

use super::scratch::Scope2;

/// Where a thing lies that is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// The installation.
    Installation,
    /// The organization.
    Organization,
    /// The study.
    Study,
    /// Whatever sites of the study one's grants reach.
    SitesOf,
    /// The site.
    Site,
}

/// What came of one try.
#[derive(Debug, Clone)]
pub(crate) struct Tried {
    /// The act or view.
    pub(crate) name: &'static str,
    pub(crate) needs: Permission,
    pub(crate) at: At,
    /// Whether it was opened: done, or refused for what was asked rather than for who asked.
    pub(crate) opened: bool,
    /// Whether it was open, but for a factor that was shown too long ago.
    pub(crate) confirm_first: bool,
    /// What was answered, where it was refused.
    pub(crate) answer: Option<String>,
}

/// Acts and views that need no grant: the door, one's own account, and what anyone may see of a ledger.
#[cfg(test)]
pub(crate) const OPEN: &[Permission] =
    &[Permission::SignIn, Permission::OwnAccount, Permission::OwnStudies, Permission::LedgerWitness];

/// Who tries, and on what.
pub(crate) struct Attempts<'a> {
    pub(crate) organization: &'a Organization,
    pub(crate) actor: &'a Actor,
    /// On which study, and which of its sites.
    pub(crate) on: &'a Scope2,
    pub(crate) site: usize,
    /// On which person.
    pub(crate) person: PersonId,
}

impl Attempts<'_> {
    /// Tries everything.
    pub(crate) fn all(&self) -> Result<Vec<Tried>> {
        let mut tried = self.of_organization()?;
        tried.extend(self.of_study()?);
        tried.extend(self.of_site()?);
        Ok(tried)
    }

    /// What lies at the organization or above it.
    pub(crate) fn of_organization(&self) -> Result<Vec<Tried>> {
        let person = || a::AddPerson {
            name: String::new(),
            email: String::new(),
            sign_in: String::new(),
            enrolment_tag: [0; 32],
        };
        let found = a::FoundOrganization { name: String::new(), origin: String::new(), without_second_factor: None };
        let give = a::GiveGrant {
            person: self.person,
            role: Role::Auditor,
            scope: Scope::Organization,
            from: None,
            until: Some(jiff::Timestamp::UNIX_EPOCH),
            reason: None,
        };
        Ok(vec![
            self.act(At::Installation, found)?,
            self.act(At::Installation, a::AppointFirst { person: person() })?,
            self.act(At::Organization, person())?,
            self.act(At::Organization, a::RenewEnrolment { person: self.person, enrolment_tag: [0; 32] })?,
            self.act(At::Organization, a::ReleaseEnrolment { person: self.person, code: [0; 32] })?,
            self.act(At::Organization, a::RequireNewPassword { person: self.actor.person().unwrap_or(self.person) })?,
            // Oneself: whoever may disable people is refused this one, and stays.
            self.act(At::Organization, a::DisablePerson { person: self.actor.person().unwrap_or(self.person) })?,
            self.act(At::Organization, self.no_check())?,
            self.act(At::Organization, a::RegisterStudy { oid: String::new(), name: String::new() })?,
            self.act(At::Organization, give)?,
            self.act(At::Organization, no_role())?,
            self.act(At::Organization, no_program(Scope::Organization))?,
            self.act(At::Organization, no_settings(Scope::Organization))?,
            self.act(At::Organization, no_provider())?,
            self.act(At::Organization, a::EndProvider {})?,
            self.act(
                At::Organization,
                a::PublishAgreement { kind: store::AgreementKind::Security, text: String::new() },
            )?,
            self.act(At::Organization, no_course())?,
            self.act(At::Organization, self.no_training())?,
            self.act(At::Organization, self.no_emergency())?,
            self.view(At::Organization, v::People { scope: Scope::Organization }),
            self.view(At::Organization, v::Grants { scope: Scope::Organization }),
            self.view(At::Organization, matrix(Scope::Organization)),
            self.view(At::Organization, v::RoleBook { scope: Scope::Organization }),
            self.view(At::Organization, v::ShowPolicy { scope: Scope::Organization }),
            self.view(At::Organization, v::ShowProvider {}),
            self.view(At::Organization, v::AccessRequests { scope: Scope::Organization }),
            self.view(At::Organization, v::Clients { scope: Scope::Organization }),
            self.view(At::Organization, v::DutyBook {}),
            self.view(At::Organization, v::LedgerHead { ledger: 1 }),
            self.view(At::Organization, v::LedgerEntries { ledger: 1, before: None, limit: 1 }),
            self.view(At::Organization, v::EntryBundle { ledger: 1, index: 0, width: 1 }),
        ])
    }

    /// What lies at the study.
    pub(crate) fn of_study(&self) -> Result<Vec<Tried>> {
        let (study, import) = (self.on.study, self.on.import);
        let publish = a::PublishDefinition {
            study,
            studies: Vec::new(),
            beside: Vec::new(),
            file_digest: String::new(),
            report: serde_json::Value::Null,
        };
        let begin = a::BeginImport {
            study,
            file_digest: String::new(),
            file_name: String::new(),
            file_bytes: 0,
            source_system: String::new(),
        };
        Ok(vec![
            self.act(At::Study, publish)?,
            self.act(At::Study, a::ActivateStudy { study, profiles: std::collections::BTreeSet::new() })?,
            self.act(At::Study, a::AddSite { study, oid: String::new(), name: String::new(), country: None })?,
            self.act(At::Study, a::EndGrant { grant: self.on.grant, reason: String::new() })?,
            self.act(At::Study, a::ConfirmGrant { grant: self.on.grant })?,
            self.act(At::Study, no_settings(Scope::Study { study }))?,
            self.act(At::Study, no_program(Scope::Study { study }))?,
            self.act(At::Study, begin)?,
            self.act(At::Study, a::TakeImport { import, site: None, pieces: too_many_pieces() })?,
            self.act(At::Study, a::CompleteImport { import, report: serde_json::Value::Null })?,
            self.view(At::Study, v::ShowStudy { study }),
            self.view(At::Study, v::Definition { study }),
            self.view(At::Study, v::ShowReadiness { study }),
            self.view(At::Study, v::Imports { study }),
            self.view(At::Study, v::ExportStudy { study }),
            self.view(At::Study, v::People { scope: Scope::Study { study } }),
            self.view(At::Study, v::Grants { scope: Scope::Study { study } }),
            self.view(At::Study, matrix(Scope::Study { study })),
            self.view(At::Study, v::RoleBook { scope: Scope::Study { study } }),
            self.view(At::Study, v::ShowPolicy { scope: Scope::Study { study } }),
            self.view(At::Study, v::AccessRequests { scope: Scope::Study { study } }),
            self.view(At::Study, v::Clients { scope: Scope::Study { study } }),
            self.view(At::Study, v::LedgerHead { ledger: self.on.ledger }),
            self.view(At::Study, v::LedgerEntries { ledger: self.on.ledger, before: None, limit: 1 }),
            self.view(At::Study, v::EntryBundle { ledger: self.on.ledger, index: 0, width: 1 }),
            self.view(At::SitesOf, v::Worklist { study, limit: 1 }),
            self.view(
                At::SitesOf,
                v::Subjects { study, site: None, search: String::new(), after: String::new(), limit: 1 },
            ),
        ])
    }

    /// What lies at the site.
    pub(crate) fn of_site(&self) -> Result<Vec<Tried>> {
        let study = self.on.study;
        let (Some(site), Some(subject), Some(entry)) =
            (self.on.sites.get(self.site), self.on.subjects.get(self.site), self.on.entries.get(self.site))
        else {
            anyhow::bail!("a scratch study has two sites");
        };
        let (Some(delegation), Some(request), Some(client)) =
            (self.on.delegations.get(self.site), self.on.requests.get(self.site), self.on.clients.get(self.site))
        else {
            anyhow::bail!("a scratch study has two sites");
        };
        let (site, subject, delegation, request, client) = (*site, *subject, *delegation, *request, *client);
        let form = || v::ShowForm {
            subject,
            event: "E.1".into(),
            event_repeat: String::new(),
            form: "F.1".into(),
            form_repeat: String::new(),
        };
        let save = a::SaveForm {
            subject,
            event: "E.1".into(),
            event_repeat: String::new(),
            form: "F.1".into(),
            form_repeat: String::new(),
            revision: u64::MAX,
            changes: Vec::new(),
            removed: Vec::new(),
            complete: None,
            reason: None,
        };
        let scope = Scope::Site { study, site };
        let give = a::GiveGrant {
            person: self.person,
            role: Role::Coordinator,
            scope,
            from: None,
            until: Some(jiff::Timestamp::UNIX_EPOCH),
            reason: None,
        };
        let history =
            v::ItemHistory { form: form(), group: "G.1".into(), group_repeat: String::new(), item: "I.1".into() };
        Ok(vec![
            self.act(At::Site, give)?,
            self.act(At::Site, a::AddSubject { site, code: String::new() })?,
            self.act(At::Site, save)?,
            self.act(At::Site, a::EraseSubject { subject, reason: String::new() })?,
            self.act(At::Site, no_settings(scope))?,
            self.act(At::Site, no_program(scope))?,
            self.act(At::Site, a::EndClient { client })?,
            self.act(At::Site, self.no_delegation(site))?,
            self.act(At::Site, a::EndDelegation { delegation })?,
            self.act(At::Site, a::AnswerAccess { request, approve: false, answer: String::new() })?,
            self.act(At::Site, a::ReviewAccess { request, finding: String::new() })?,
            self.view(At::Site, v::People { scope }),
            self.view(At::Site, v::Grants { scope }),
            self.view(At::Site, matrix(scope)),
            self.view(At::Site, v::RoleBook { scope }),
            self.view(At::Site, v::ShowPolicy { scope }),
            self.view(At::Site, v::AccessRequests { scope }),
            self.view(At::Site, v::Clients { scope }),
            self.view(At::Site, v::DelegationLog { site }),
            self.view(At::Site, v::ShowSubject { subject }),
            self.view(At::Site, v::ShowForm { ..form() }),
            self.view(At::Site, history),
            self.view(At::Site, v::EntryProof { ledger: self.on.ledger, index: *entry }),
        ])
    }

    /// A check of one's own identity, which nobody makes.
    fn no_check(&self) -> a::VerifyIdentity {
        a::VerifyIdentity { person: self.actor.person().unwrap_or(self.person), way: Way::InPerson, note: None }
    }

    /// A training of one's own, which nobody records.
    fn no_training(&self) -> a::RecordTraining {
        a::RecordTraining {
            person: self.actor.person().unwrap_or(self.person),
            course: CourseId::from_bytes([0; 16]),
            completed: jiff::Timestamp::UNIX_EPOCH,
            evidence: String::new(),
        }
    }

    /// An emergency of no time at all.
    fn no_emergency(&self) -> a::BreakGlass {
        let scope = Scope::Study { study: self.on.study };
        a::BreakGlass { ask: a::AskAccess { role: Role::Monitor, scope, hours: 0, reason: String::new() } }
    }

    /// A delegation to oneself, which nobody gives.
    fn no_delegation(&self, site: SiteId) -> a::Delegate {
        let person = self.actor.person().unwrap_or(self.person);
        a::Delegate { site, person, duties: String::new(), from: None, until: None }
    }

    fn act<A: Act>(&self, at: At, act: A) -> Result<Tried> {
        let request = self.organization.fresh_request()?;
        let outcome = self.organization.act(self.actor, act, request);
        Ok(tried(A::NAME, A::NEEDS, at, outcome.err()))
    }

    fn view<V: View>(&self, at: At, view: V) -> Tried {
        tried(V::NAME, V::NEEDS, at, self.organization.view(self.actor, &view).err())
    }
}

/// A role that may do nothing.
fn no_role() -> a::DefineRole {
    a::DefineRole {
        role: None,
        title: String::new(),
        levels: BTreeSet::new(),
        permissions: Permissions::NONE,
        forms: None,
        administers: BTreeSet::new(),
        given_by: BTreeSet::new(),
        offered: false,
    }
}

/// A setting with which nobody could work.
fn no_settings(scope: Scope) -> a::SetPolicy {
    a::SetPolicy { scope, values: BTreeMap::from([(Setting::Idle, 0)]), justifications: BTreeMap::new() }
}

/// A provider that nobody allows.
fn no_provider() -> a::SetProvider {
    let [name, issuer, client_id] = [String::new(), String::new(), String::new()];
    a::SetProvider { name, issuer, allowed: Vec::new(), client_id, client_secret: None }
}

/// A program that may do nothing.
fn no_program(scope: Scope) -> a::RegisterClient {
    a::RegisterClient {
        name: String::new(),
        kind: Kind::Program,
        scope,
        permissions: Permissions::NONE,
        days: 0,
        certificate: None,
        token_tag: [0; 32],
    }
}

/// A course that is never enough.
fn no_course() -> a::KeepCourse {
    a::KeepCourse { course: None, title: String::new(), roles: None, study: None, valid_days: 0, needed: false }
}

fn matrix(scope: Scope) -> v::AccessMatrix {
    v::AccessMatrix { scope, person: None, at: None }
}

fn tried(name: &'static str, needs: Permission, at: At, error: Option<Error>) -> Tried {
    let opened =
        !matches!(error, Some(Error::Hidden | Error::Forbidden { .. } | Error::SignedOut | Error::Suspended(_)));
    let confirm_first = matches!(error, Some(Error::StepUp));
    Tried { name, needs, at, opened, confirm_first, answer: error.map(|error| error.to_string()) }
}

/// What was opened, in words, of what should not have been.
pub(crate) fn opened(who: &str, tried: &[Tried]) -> Vec<String> {
    let open = tried.iter().filter(|tried| tried.opened);
    open.map(|tried| format!("{} was open to {who}", tried.name)).collect()
}

/// More pieces than a part may have: refused, but only once access is decided.
fn too_many_pieces() -> Vec<a::Piece> {
    let piece = || {
        let said = trial::clinical::EventHead::default();
        a::Piece::Visit(a::ImportedVisit { subject: String::new(), said })
    };
    (0..=a::PIECES_MAX).map(|_| piece()).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::prove::scratch::Scratch;

    #[test]
    fn everything_that_needs_a_grant_is_tried() {
        let scratch = Scratch::new("2026-11-21T10:00:00Z".parse().unwrap()).unwrap();
        let world = &scratch.one;
        let attempts = Attempts {
            organization: &world.organization,
            actor: &world.stranger,
            on: &world.here,
            site: 0,
            person: world.administrator_id,
        };
        let tried: BTreeSet<&str> = attempts.all().unwrap().iter().map(|tried| tried.name).collect();
        let acts = store::acts::ACTS.iter().map(|(name, needs)| (*name, *needs));
        let views = store::views::VIEWS.iter().map(|(name, needs, _)| (*name, *needs));
        let all: BTreeSet<&str> =
            acts.chain(views).filter(|(_, needs)| !OPEN.contains(needs)).map(|(name, _)| name).collect();
        assert_eq!(tried, all);
    }
}
