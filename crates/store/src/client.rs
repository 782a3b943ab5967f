//! Programs and devices that work in a person's name: the token that each holds, of which only a hash is stored, and what
//! each is kept to. They do what their person may do at the time, where it was named; a token alone proves nothing more.

use jiff::Timestamp;
use trial::{
    client::Bounds,
    ids::{ClientId, PersonId},
    permission::Permission,
};

use crate::{
    actor::{Found, Via},
    assurance::{Assurance, Factor},
    backend::{Connection, Row, values},
    core::Core,
    error::{Error, Result},
    rules::scope_of,
    session::Open,
    time,
};

/// What stands before a token, so that whoever finds one, a scanner of published code too, knows what it is.
pub const TOKEN_PREFIX: &str = "probity-client.";

/// The client that holds a token, while its time lasts.
pub(crate) fn stored(db: &Connection, tag: &[u8; 32]) -> Result<Option<Open>> {
    db.one(
        "SELECT c.id, c.person, c.starts, c.ends, c.certificate, u.used,
                (SELECT max(e.at) FROM security_event e WHERE e.person = c.person AND e.shown = 1)
         FROM client c JOIN person p ON p.id = c.person LEFT JOIN client_use u ON u.client = c.id
         WHERE c.tag = ?1 AND c.ended = 0 AND p.active = 1",
        values![tag],
        |row| {
            let (opened, ends) = (time::instant(row.int(2)?), time::instant(row.int(3)?));
            let lifetime = ends.duration_since(opened);
            let seen = row.maybe_int(5)?.map_or(opened, time::instant);
            Ok(Open {
                via: Via::Client(row.id::<ClientId>(0)?),
                person: row.id(1)?,
                // It may rest as long as it lasts.
                idle: lifetime,
                lifetime,
                opened,
                seen,
                written: seen,
                certificate: row.maybe_blob(4)?.map(|_| row.bytes(4)).transpose()?,
                shown: row.maybe_int(6)?.map_or(opened, time::instant),
            })
        },
    )
}

/// Stores that it was used. Operational: no entry.
pub(crate) fn used(core: &mut Core, client: ClientId, at: Timestamp) -> Result<()> {
    core.db.write(
        "INSERT INTO client_use (client, used) VALUES (?1, ?2) ON CONFLICT (client) DO UPDATE SET used = excluded.used",
        values![&client, time::micros(at)],
    )
}

/// How its person stands where it asks for them, and what it is kept to.
pub(crate) fn standing(db: &Connection, person: PersonId, client: ClientId) -> Result<Found> {
    db.one(
        "SELECT t.rules, c.permissions, c.study, c.site, c.starts, c.proved, x.country, p.code,
                (SELECT count(*) FROM passkey k WHERE k.person = p.id)
         FROM client c JOIN person p ON p.id = c.person CROSS JOIN turn t LEFT JOIN site x ON x.id = c.site
         WHERE c.id = ?1 AND c.person = ?2 AND c.ended = 0 AND p.active = 1",
        values![&client, &person],
        |row| {
            let proved = factor(&row.text(5)?)?;
            let assurance = Assurance {
                has_code: row.int(7)? != 0,
                has_passkey: row.int(8)? != 0,
                ..Assurance::having_shown(proved, time::instant(row.int(4)?))
            };
            Ok((row.int(0)?, assurance, Some(bounds(row)?)))
        },
    )
}

fn bounds(row: &Row<'_>) -> Result<Bounds> {
    let permissions = row.text(1)?;
    let permissions = permissions.split_ascii_whitespace().filter_map(Permission::from_code).collect();
    let scope = scope_of(row.maybe_id(2)?, None, row.maybe_id(3)?)?;
    let country = row.maybe_text(6)?.and_then(|country| country.parse().ok());
    Ok(Bounds { permissions, scope, country })
}

fn factor(code: &str) -> Result<Factor> {
    let named = Factor::ALL.into_iter().find(|factor| factor.code() == code);
    named.ok_or_else(|| Error::fault(format!("no factor {code}")))
}
