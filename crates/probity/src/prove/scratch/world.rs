//! One scratch organization: two studies of two sites, subjects, a form with values, and a person for each role at each
//! level at which it can be held.

use std::{collections::BTreeMap, io::Cursor, sync::Arc};

use anyhow::{Context as _, Result};
use jiff::SignedDuration;
use store::{
    Actor, FirstAdministrator, Installation, Organization, Receipt,
    acts::{
        AddSite, AddSubject, AskAccess, BeginImport, Delegate, FoundOrganization, ItemChange, RegisterClient,
        RegisterStudy, SaveForm,
    },
};
use trial::{
    access::Scope,
    client::Kind,
    ids::{AccessRequestId, ClientId, DelegationId, GrantId, ImportId, PersonId, SiteId, StudyId, SubjectId},
    permission::{Permission, Permissions},
    role::{Level, Role},
};
use web::exchange::{FileIn, import_definition};

use super::people::{give, person, sign, sign_in, verify};

/// The countries of a study's two sites.
const COUNTRIES: [&str; 2] = ["NO", "SE"];

/// Where everybody's roles are, and where nobody's is: the first and the second study, each with its two sites.
pub(crate) struct Scope2 {
    pub(crate) study: StudyId,
    pub(crate) ledger: u32,
    pub(crate) sites: [SiteId; 2],
    pub(crate) subjects: [SubjectId; 2],
    /// Index of the entry that last saved the form of each subject.
    pub(crate) entries: [u64; 2],
    /// A delegation at each site, a request for access to it, and a program that works there.
    pub(crate) delegations: [DelegationId; 2],
    pub(crate) requests: [AccessRequestId; 2],
    pub(crate) clients: [ClientId; 2],
    pub(crate) import: ImportId,
    pub(crate) grant: GrantId,
}

/// One scratch organization.
pub(crate) struct World {
    pub(crate) organization: Arc<Organization>,
    pub(crate) administrator: Actor,
    pub(crate) administrator_id: PersonId,
    pub(crate) here: Scope2,
    pub(crate) elsewhere: Scope2,
    /// By role and level of the grant; all hold in the first study and at its first site.
    pub(crate) people: BTreeMap<(Role, Level), Actor>,
    /// Somebody without any grant, and somebody whose grants ended a minute ago.
    pub(crate) stranger: Actor,
    pub(crate) stranger_id: PersonId,
    pub(crate) expired: Actor,
}

impl World {
    /// `peopled`: with a person for each role, and not only with what others must not reach.
    pub(super) fn new(installation: &Installation, name: &str, peopled: bool) -> Result<Self> {
        let token = store::fresh_token()?;
        let first = FirstAdministrator {
            name: "Admin".into(),
            email: "admin@example.org".into(),
            sign_in: "admin".into(),
            token: token.clone(),
        };
        let founding = FoundOrganization {
            name: name.into(),
            origin: "localhost/scratch".into(),
            without_second_factor: Some("a proof".into()),
        };
        let organization = installation.found(founding, &first)?;
        let receipt = organization.enrol(&token, super::PASSWORD, None, organization.fresh_request()?)?;
        let administrator_id = administrator_id(&receipt)?;
        let administrator = sign_in(&organization, "admin")?;
        sign(&organization, &administrator)?;
        let builder = Builder { organization: &organization, administrator: &administrator };
        let here = builder.study("S.ONE", "one")?;
        let elsewhere = builder.study("S.TWO", "two")?;
        let (stranger_id, stranger) = person(&organization, &administrator, "stranger")?;
        let (people, expired) = if peopled {
            (builder.everybody(&here)?, builder.expired(installation, &here)?)
        } else {
            (BTreeMap::new(), stranger.clone())
        };
        Ok(World {
            administrator_id,
            here,
            elsewhere,
            people,
            stranger,
            stranger_id,
            expired,
            administrator,
            organization,
        })
    }

    /// Whoever holds a role at the narrowest level it can be held at in a study.
    pub(crate) fn actor(&self, role: Role, level: Level) -> Result<&Actor> {
        self.people.get(&(role, level)).with_context(|| format!("no {role} in the scratch"))
    }

    /// Saves a value, as the coordinator of the first site.
    pub(crate) fn save(&self, revision: u64, item: &str, value: &str, reason: Option<&str>) -> Result<Receipt> {
        let coordinator = self.actor(Role::Coordinator, Level::Site)?;
        let subject = self.here.subjects.first().context("no subject in the scratch")?;
        save(&self.organization, coordinator, *subject, revision, item, value, reason)
    }
}

fn save(
    organization: &Organization,
    coordinator: &Actor,
    subject: SubjectId,
    revision: u64,
    item: &str,
    value: &str,
    reason: Option<&str>,
) -> Result<Receipt> {
    let change = ItemChange {
        group: item.replace('I', "G"),
        group_repeat: String::new(),
        item: item.to_owned(),
        value: Some(value.to_owned()),
        unit: None,
        reason: reason.map(str::to_owned),
        because: None,
    };
    let act = SaveForm {
        subject,
        event: "E.1".into(),
        event_repeat: String::new(),
        form: "F.1".into(),
        form_repeat: String::new(),
        revision,
        changes: vec![change],
        removed: Vec::new(),
        complete: None,
        reason: None,
    };
    Ok(organization.act(coordinator, act, organization.fresh_request()?)?)
}

fn administrator_id(receipt: &Receipt) -> Result<PersonId> {
    receipt.id("credential").context("an enrolment without a credential")
}

struct Builder<'a> {
    organization: &'a Organization,
    administrator: &'a Actor,
}

impl Builder<'_> {
    /// A study with two sites, a subject at each, an import begun, and two values of the first subject.
    fn study(&self, oid: &str, end: &str) -> Result<Scope2> {
        let organization = self.organization;
        let register = RegisterStudy { oid: oid.into(), name: oid.into() };
        let registered = organization.act(self.administrator, register, organization.fresh_request()?)?;
        let study: StudyId = registered.id("study").context("no study")?;
        let scope = Scope::Study { study };
        let (builder_id, _) = person(organization, self.administrator, &format!("builder-{end}"))?;
        give(organization, self.administrator, builder_id, Role::StudyAdministrator, scope, None)?;
        let builder = sign_in(organization, &format!("builder-{end}"))?;
        let (manager_id, _) = person(organization, self.administrator, &format!("manager-{end}"))?;
        let grant = give(organization, &builder, manager_id, Role::DataManager, scope, None)?;
        let manager = sign_in(organization, &format!("manager-{end}"))?;
        let mut file = FileIn::new("scratch.xml", Cursor::new(include_str!("definition.xml")));
        import_definition(organization, &builder, study, &mut file, organization.fresh_request()?, |_| ())?;
        let (person_id, _) = person(organization, self.administrator, &format!("founder-{end}"))?;
        let mut pairs = Vec::new();
        let (investigator_id, _) = person(organization, self.administrator, &format!("investigator-{end}"))?;
        verify(organization, self.administrator, investigator_id)?;
        for ((number, name), country) in ["North", "South"].into_iter().enumerate().zip(COUNTRIES) {
            let site =
                AddSite { study, oid: name.to_uppercase(), name: name.into(), country: Some(country.to_owned()) };
            let site: SiteId =
                organization.act(&builder, site, organization.fresh_request()?)?.id("site").context("no site")?;
            give(organization, &builder, person_id, Role::Coordinator, Scope::Site { study, site }, None)?;
            let coordinator = sign_in(organization, &format!("founder-{end}"))?;
            let code = format!("{end}-{number}");
            let subject: SubjectId = organization
                .act(&coordinator, AddSubject { site, code }, organization.fresh_request()?)?
                .id("subject")
                .context("no subject")?;
            save(organization, &coordinator, subject, 0, "I.1", "first", None)?;
            let saved = save(organization, &coordinator, subject, 2, "I.2", "second", None)?;
            let scope = Scope::Site { study, site };
            give(organization, &builder, investigator_id, Role::Investigator, scope, None)?;
            let investigator = sign_in(organization, &format!("investigator-{end}"))?;
            let delegate = Delegate { site, person: person_id, duties: "Enters data".into(), from: None, until: None };
            let delegation = organization
                .act(&investigator, delegate, organization.fresh_request()?)?
                .id("delegation")
                .context("no delegation")?;
            let ask = AskAccess { role: Role::Monitor, scope, hours: 1, reason: "a scratch".into() };
            let request = organization
                .act(&coordinator, ask, organization.fresh_request()?)?
                .id("access_request")
                .context("no request")?;
            let register = RegisterClient {
                name: "A scratch".into(),
                kind: Kind::Program,
                scope,
                permissions: Permissions::of(&[Permission::StudySee]),
                days: 1,
                certificate: None,
                token_tag: store::token_tag(&store::fresh_token()?),
            };
            let client = organization
                .act(&coordinator, register, organization.fresh_request()?)?
                .id("client")
                .context("no program")?;
            pairs.push((site, subject, saved.index, delegation, request, client));
        }
        let begin = BeginImport {
            study,
            file_digest: "0".repeat(64),
            file_name: "scratch.xml".into(),
            file_bytes: 0,
            source_system: String::new(),
        };
        let import =
            organization.act(&manager, begin, organization.fresh_request()?)?.id("import").context("no import")?;
        let ledger = organization.view(&builder, &store::views::ShowStudy { study })?.ledger;
        let [first, second] = pairs.as_slice() else { anyhow::bail!("a scratch study has two sites") };
        Ok(Scope2 {
            study,
            ledger,
            sites: [first.0, second.0],
            subjects: [first.1, second.1],
            entries: [first.2, second.2],
            delegations: [first.3, second.3],
            requests: [first.4, second.4],
            clients: [first.5, second.5],
            import,
            grant,
        })
    }

    /// A person for each role at each level.
    fn everybody(&self, here: &Scope2) -> Result<BTreeMap<(Role, Level), Actor>> {
        let (organization, study) = (self.organization, here.study);
        let builder = sign_in(organization, "builder-one")?;
        let [site, _] = here.sites;
        let mut people = BTreeMap::new();
        for role in Role::BUILT_IN {
            for level in role.levels() {
                let name = format!("{role}-{}", level.code());
                let (id, _) = person(organization, self.administrator, &name)?;
                verify(organization, self.administrator, id)?;
                let (giver, scope) = match level {
                    Level::Organization => (self.administrator, Scope::Organization),
                    Level::Study if *role == Role::StudyAdministrator => (self.administrator, Scope::Study { study }),
                    Level::Study => (&builder, Scope::Study { study }),
                    Level::Country => (&builder, Scope::Country { study, country: COUNTRIES[0].parse()? }),
                    Level::Site => (&builder, Scope::Site { study, site }),
                };
                give(organization, giver, id, *role, scope, None)?;
                people.insert((*role, *level), sign_in(organization, &name)?);
            }
        }
        Ok(people)
    }

    /// Somebody who had every role of the study and its first site, and has none any more.
    fn expired(&self, installation: &Installation, here: &Scope2) -> Result<Actor> {
        let (organization, study) = (self.organization, here.study);
        let builder = sign_in(organization, "builder-one")?;
        let (id, _) = person(organization, self.administrator, "expired")?;
        verify(organization, self.administrator, id)?;
        let end = installation.clock().now().checked_add(SignedDuration::from_micros(1))?;
        let [site, _] = here.sites;
        let in_study = |role: &&Role| !role.levels().contains(&Level::Organization) || role.levels().len() > 1;
        for role in Role::BUILT_IN.iter().filter(in_study) {
            let giver = if *role == Role::StudyAdministrator { self.administrator } else { &builder };
            let scope = if role.levels().contains(&Level::Study) {
                Scope::Study { study }
            } else {
                Scope::Site { study, site }
            };
            give(organization, giver, id, *role, scope, Some(end))?;
        }
        sign_in(organization, "expired")
    }
}
