//! Programs and devices that work in one's own name: registered, and ended before their time.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use trial::{
    access::{Grant, Scope},
    client::{Bounds, Kind, NAMEABLE},
    ids::{ClientId, PersonId},
    limit,
    permission::{Permission, Permissions},
    policy::Setting,
};

use crate::{
    act::Act,
    actor::Access,
    acts::security_event::{self, Happened},
    assurance::Freshness,
    backend::values,
    error::{Error, Result},
    place::Target,
    record::{ClientRecord, SecurityEvent},
    time,
    tx::Tx,
};

/// Registers a program or a device that works in one's own name: at one place, for some of what one may do there, for some
/// days. Its token is made by [`Organization::client_token`](crate::Organization::client_token) and told once.
#[derive(Debug, Serialize)]
pub struct RegisterClient {
    /// As its person calls it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Where it works.
    pub scope: Scope,
    /// What it may do there, of what [`NAMEABLE`] has.
    pub permissions: Permissions,
    /// For how many days.
    pub days: u32,
    /// SHA-256 of the certificate that it has to show, in hexadecimal.
    pub certificate: Option<String>,
    /// SHA-256 of its token.
    pub token_tag: [u8; 32],
}

impl Act for RegisterClient {
    const NAME: &'static str = "client.register";
    const NEEDS: Permission = Permission::ClientRegister;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Scope(self.scope)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let person = access.person()?;
        let name = limit::text("name", &self.name, limit::NAME_BYTES_MAX)?;
        self.check_permissions(access)?;
        let certificate = self.certificate.as_deref().map(thumbprint).transpose()?;
        let most = access.own_policy()?.get(Setting::ClientDays);
        if !(1..=most).contains(&self.days) {
            return Err(Error::refused("days", "out_of_bounds", format!("choose 1 to {most} days")));
        }
        if live(tx, person)?.len() >= limit::CLIENTS_MAX {
            let message =
                format!("{} programs and devices work in your name already: end one first", limit::CLIENTS_MAX);
            return Err(Error::refused("", "too_many", message));
        }
        let until = SignedDuration::from_hours(i64::from(self.days).saturating_mul(24));
        let record = ClientRecord {
            person,
            name,
            kind: self.kind,
            scope: self.scope,
            permissions: self.permissions,
            from: tx.at(),
            until: tx.at().checked_add(until).map_err(Error::fault)?,
            tag: self.token_tag,
            certificate,
            proved: access.assurance().proved(),
            ended_by: None,
        };
        let id: ClientId = tx.new_id()?;
        let top = Arc::clone(tx.ring.top());
        tx.put(&id, 1, &record, &top)?;
        security_event::note(tx, person, Happened::told(SecurityEvent::ClientRegistered))
    }
}

impl RegisterClient {
    /// What is named must be something to name, and something that its person may do there.
    fn check_permissions(&self, access: &Access) -> Result<()> {
        let refuse = |code, message| Err(Error::refused("permissions", code, message));
        if self.permissions == Permissions::NONE {
            return refuse("none", "choose what it may do".to_owned());
        }
        if matches!(self.scope, Scope::Country { .. }) {
            return Err(Error::refused("scope", "country", "choose the study or a site: a country is for people"));
        }
        let roles = &access.rules()?.roles;
        let own = |grant: &Grant| roles.permissions(grant.role);
        let bounds = Bounds { permissions: self.permissions, scope: self.scope, country: access.located().country() };
        let there = bounds.narrow(access.own_grants());
        let held =
            there.iter().filter(|grant| grant.holds(access.at())).map(own).fold(Permissions::NONE, Permissions::and);
        for permission in self.permissions.each() {
            if !NAMEABLE.hold(permission) {
                return refuse("for_people", format!("{} is for people, not for a program", permission.code()));
            }
            if !held.hold(permission) {
                return refuse("not_yours", format!("you do not hold {} there yourself", permission.code()));
            }
        }
        Ok(())
    }
}

/// SHA-256 of a certificate, from hexadecimal; colons between the bytes are how tools print it.
fn thumbprint(text: &str) -> Result<[u8; 32]> {
    let digits: String = text.chars().filter(|c| *c != ':').collect::<String>().to_ascii_lowercase();
    digits.parse::<ledger::Hash>().map(|hash| hash.0).map_err(|_| {
        Error::refused("certificate", "not_a_digest", "write the certificate’s SHA-256 as 64 hexadecimal digits")
    })
}

/// Ends one of one's own programs or devices.
#[derive(Debug, Serialize)]
pub struct EndOwnClient {
    /// Which.
    pub client: ClientId,
}

impl Act for EndOwnClient {
    const NAME: &'static str = "account.end_client";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let person = access.person()?;
        let (version, record) =
            tx.current::<ClientRecord>(&self.client)?.filter(|(_, one)| one.person == person).ok_or(Error::Hidden)?;
        end(tx, self.client, (version, record), person)
    }
}

/// Ends somebody's program or device, where one administers who may do what.
#[derive(Debug, Serialize)]
pub struct EndClient {
    /// Which.
    pub client: ClientId,
}

impl Act for EndClient {
    const NAME: &'static str = "client.end";
    const NEEDS: Permission = Permission::GrantGive;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Client(self.client)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let found = tx.current::<ClientRecord>(&self.client)?.ok_or(Error::Hidden)?;
        let person = found.1.person;
        end(tx, self.client, found, access.person()?)?;
        security_event::note(tx, person, Happened::told(SecurityEvent::ClientEnded))
    }
}

fn end(tx: &mut Tx<'_>, client: ClientId, (version, mut record): (u32, ClientRecord), by: PersonId) -> Result<()> {
    if record.ended_by.is_some() || record.until <= tx.at() {
        return Err(Error::Conflict { message: "it has ended already".into(), current: Some(u64::from(version)) });
    }
    record.until = tx.at();
    record.ended_by = Some(by);
    let top = Arc::clone(tx.ring.top());
    tx.forget_sessions();
    tx.put(&client, version.saturating_add(1), &record, &top)
}

/// Ends all that works in somebody's name: whoever proves themselves anew, or may not come back, did not leave it there.
pub(crate) fn end_all(tx: &mut Tx<'_>, person: PersonId, by: PersonId) -> Result<()> {
    for client in live(tx, person)? {
        let found = tx.current::<ClientRecord>(&client)?.ok_or(Error::Hidden)?;
        end(tx, client, found, by)?;
    }
    Ok(())
}

/// What works in somebody's name now.
fn live(tx: &Tx<'_>, person: PersonId) -> Result<Vec<ClientId>> {
    let now: Timestamp = tx.at();
    let sql = "SELECT id FROM client WHERE person = ?1 AND ended = 0 AND ends > ?2 ORDER BY id";
    tx.db.select(sql, values![&person, time::micros(now)], |row| row.id(0))
}
