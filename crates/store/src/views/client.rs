//! Programs and devices that work in people's names.

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    access::Scope,
    client::Kind,
    ids::{ClientId, PersonId},
    permission::{Permission, Permissions},
};

use super::{
    grants::below,
    people::{name, place_names},
};
use crate::{
    actor::Access,
    assurance::Freshness,
    backend::{Row, values},
    error::Result,
    place::Target,
    record::ClientRecord,
    time,
    view::{Snapshot, View},
};

/// Those that work in one's own name, and those that did.
#[derive(Debug)]
pub struct MyClients {}

/// Those that work at a scope or below, in whoever's name, and those that did.
#[derive(Debug)]
pub struct Clients {
    /// Where.
    pub scope: Scope,
}

/// A program or a device.
#[derive(Debug, Clone, Serialize)]
pub struct ClientLine {
    /// Which.
    pub id: ClientId,
    /// As its person calls it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// In whose name it works.
    pub person: PersonId,
    /// In whose name, by name.
    pub person_name: String,
    /// Where.
    pub scope: Scope,
    /// In which study, by name.
    pub study: Option<String>,
    /// At which site, by name.
    pub site: Option<String>,
    /// What it may do there, where its person may.
    pub permissions: Permissions,
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// When it was last used, to about half a minute.
    pub used: Option<Timestamp>,
    /// Whether it has to show a certificate of its own.
    pub certificate: bool,
    /// Who ended it before its time, by name.
    pub ended_by: Option<String>,
    /// Whether it works now.
    pub live: bool,
}

const LINE: &str = "SELECT id, (SELECT u.used FROM client_use u WHERE u.client = client.id) FROM client";

impl View for MyClients {
    const NAME: &'static str = "view.my_clients";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = Vec<ClientLine>;

    fn target(&self) -> Target {
        Target::Own
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Vec<ClientLine>> {
        let own = format!("{LINE} WHERE person = ?1 ORDER BY ends DESC, id");
        let found = snapshot.db.select(&own, values![&access.person()?], found)?;
        lines(snapshot, access, found)
    }

    fn count(shown: &Vec<ClientLine>) -> u64 {
        shown.len() as u64
    }
}

impl View for Clients {
    const NAME: &'static str = "view.clients";
    const NEEDS: Permission = Permission::GrantSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = true;
    type Shown = Vec<ClientLine>;

    fn target(&self) -> Target {
        Target::Scope(self.scope)
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Vec<ClientLine>> {
        let found = below(snapshot, LINE, &self.scope, "ORDER BY ends DESC, id", found)?;
        lines(snapshot, access, found)
    }

    fn count(shown: &Vec<ClientLine>) -> u64 {
        shown.len() as u64
    }
}

fn found(row: &Row<'_>) -> Result<(ClientId, Option<Timestamp>)> {
    Ok((row.id(0)?, row.maybe_int(1)?.map(time::instant)))
}

fn lines(
    snapshot: &Snapshot<'_>,
    access: &Access,
    found: Vec<(ClientId, Option<Timestamp>)>,
) -> Result<Vec<ClientLine>> {
    let mut lines = Vec::with_capacity(found.len());
    for (id, used) in found {
        let Some((_, record)) = snapshot.current::<ClientRecord>(&id)? else { continue };
        let (study, site) = place_names(snapshot, &record.scope)?;
        lines.push(ClientLine {
            id,
            name: record.name,
            kind: record.kind,
            person: record.person,
            person_name: name(snapshot, record.person)?,
            scope: record.scope,
            study,
            site,
            permissions: record.permissions,
            from: record.from,
            until: record.until,
            used,
            certificate: record.certificate.is_some(),
            ended_by: record.ended_by.map(|by| name(snapshot, by)).transpose()?,
            live: record.ended_by.is_none() && access.at() < record.until,
        });
    }
    Ok(lines)
}
