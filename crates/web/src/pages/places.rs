//! The links at the left of every page: places of the organization, and of the study that the page is about. A link is
//! shown where one of one's roles may use it.

use store::views::{AccountShown, SiteLine, StudyShown};
use trial::{access, ids::StudyId, permission::Permission};

/// Sites that have links of their own in a study's places; more stand on the study's page.
const SITES_LINKED_MAX: usize = 3;

/// A link at the left.
#[derive(Debug, Clone)]
pub struct Place {
    /// Where to.
    pub href: String,
    /// Its icon.
    pub icon: &'static str,
    /// Its word.
    pub title: String,
    /// Whether it is the page one is on.
    pub here: bool,
}

/// The organization's.
pub fn of_organization(account: &AccountShown, here: &str) -> Vec<Place> {
    let may = |permission| opens_to(account, permission, access::Place::Organization);
    let mut places = Vec::new();
    let mut add = |href: &str, icon, title: &str, key: &str| {
        places.push(titled(href.to_owned(), icon, title, here == key));
    };
    add("/", "home", "Home", "home");
    if may(Permission::PeopleSee) {
        add("/people", "people", "People", "people");
    }
    if may(Permission::GrantSee) {
        add("/access", "access", "Access", "organization access");
        add("/roles", "study", "Roles", "roles");
    }
    if may(Permission::PolicySee) {
        add("/policy", "proof", "Settings", "organization settings");
    }
    if may(Permission::TrainingKeep) {
        add("/duties", "complete", "Agreements and training", "duties");
    }
    add("/requests", "clock", "Requests for access", "organization requests");
    if may(Permission::LedgerSee) {
        add("/ledgers/1", "ledger", "Organization’s ledger", "organization ledger");
    }
    places
}

/// A study's.
pub fn of_study(account: &AccountShown, study: &StudyShown, here: &str) -> Vec<Place> {
    let base = format!("/studies/{}", study.id);
    let may = |permission, place| opens_to(account, permission, place);
    let whole = access::Place::Study(study.id);
    let mut places = vec![titled(base.clone(), "study", "Overview", here == "study")];
    if may(Permission::SubjectSee, access::Place::SitesOf(study.id)) {
        places.push(titled(format!("{base}/subjects"), "subjects", "Subjects", here == "subjects"));
    }
    if may(Permission::DataImport, whole) || may(Permission::StudyBuild, whole) {
        places.push(titled(format!("{base}/import"), "import", "Import", here == "import"));
    }
    if may(Permission::DataExport, whole) {
        places.push(titled(format!("{base}/export"), "export", "Export", here == "export"));
    }
    // Who administers single sites has links for each.
    let mut wide_or_sites = |permission, path: &str, icon, title: &str, key: &str| {
        if may(permission, whole) {
            places.push(titled(format!("{path}?study={}", study.id), icon, title, here == key));
            return;
        }
        for site in study.sites.iter().filter(|site| may(permission, at_site(study.id, site))) {
            let href = format!("{path}?study={}&site={}", study.id, site.id);
            places.push(titled(href, icon, &format!("{title} at {}", site.name), here == key));
        }
    };
    wide_or_sites(Permission::GrantSee, "/access", "access", "Access", "access");
    wide_or_sites(Permission::PolicySee, "/policy", "proof", "Settings", "settings");
    wide_or_sites(Permission::AccessApprove, "/requests", "clock", "Requests to answer", "requests");
    let logs = study.sites.iter().filter(|site| may(Permission::DelegationSee, at_site(study.id, site)));
    let logs: Vec<&SiteLine> = logs.collect();
    if logs.len() <= SITES_LINKED_MAX {
        for site in logs {
            let href = format!("/sites/{}/delegations", site.id);
            places.push(titled(href, "file", &format!("Delegation log, {}", site.name), here == "delegations"));
        }
    }
    if may(Permission::LedgerSee, whole) {
        places.push(titled(format!("/ledgers/{}", study.ledger), "ledger", "Ledger", here == "ledger"));
    }
    places
}

/// Whether one of the account's roles opens this.
pub fn opens_to(account: &AccountShown, permission: Permission, place: access::Place) -> bool {
    account.roles.iter().any(|held| access::opens(held.permissions, &held.scope, permission, place))
}

/// The place of a site.
pub fn at_site(study: StudyId, site: &SiteLine) -> access::Place {
    access::Place::Site(study, site.id, site.country.as_deref().and_then(|country| country.parse().ok()))
}

fn titled(href: String, icon: &'static str, title: &str, here: bool) -> Place {
    Place { href, icon, title: title.to_owned(), here }
}
