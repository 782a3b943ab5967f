//! What an installation keeps, as someone with the keys in hand sees it, in files or on a server. Written from the
//! documented formats alone, without the store's own code, so that it also tests what is documented:
//!
//! ```text
//! root.key             64 hexadecimal digits; the key's id: first 16 bytes of SHA-256("probity root key" ‖ key)
//! keys.json            organization_key: sealed by the root key; database_key: sealed by the organization key.
//!                      On a server the same text lies in probity.organization
//! a sealed value       1, id of the key (16), nonce (12), AES-256-GCM ciphertext, tag (16)
//! associated data      "probity/sealed/1" ‖ organization (16) ‖ record key (16) ‖ version (4, big endian)
//!                      ‖ the first 17 bytes of the sealed value ‖ kind
//! wrapped_key          cell: kind = purpose, record key = id of the key, version 1
//! ```

use std::{fs, path::Path};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use trial::ids::{Id, OrganizationId};

use crate::{
    past::{Cell, Past, unhex},
    world::World,
};

/// Everything an attacker with the machine has.
pub struct Raw<'w> {
    pub past: Past<'w>,
    pub organization: [u8; 16],
    pub organization_key: [u8; 32],
    pub database_key: [u8; 32],
}

/// The place that a sealed value is bound to.
pub struct At<'a> {
    pub kind: &'a str,
    pub key: &'a [u8],
    pub version: u32,
}

impl<'w> Raw<'w> {
    /// Opens an organization's database past the store.
    pub fn open(world: &'w World) -> Self {
        let root = root_key(world.folder());
        let text = match &world.database {
            Some(database) => database.sql("SELECT keys FROM probity.organization ORDER BY id LIMIT 1").unwrap(),
            None => fs::read_to_string(world.own_folder().join("keys.json")).unwrap(),
        };
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        let id: OrganizationId = file["organization"].as_str().unwrap().parse().unwrap();
        let organization = *id.bytes();
        let sealed = |name: &str| STANDARD.decode(file[name].as_str().unwrap()).unwrap();
        let at = |kind| At { kind, key: &organization, version: 1 };
        let organization_key = open(&root, organization, &at("organization_key"), &sealed("organization_key"));
        let organization_key: [u8; 32] = organization_key.try_into().unwrap();
        let database_key = open(&organization_key, organization, &at("database_key"), &sealed("database_key"));
        let database_key: [u8; 32] = database_key.try_into().unwrap();
        let past = match &world.database {
            Some(database) => Past::schema(database, &organization),
            None => Past::file(&world.own_folder().join("store.db"), &database_key),
        };
        Raw { past, organization, organization_key, database_key }
    }

    /// The key with this id, unwrapped.
    pub fn key(&self, id: &[u8]) -> [u8; 32] {
        let row = self.one("SELECT purpose, wrapper, wrapped FROM wrapped_key WHERE id = ?1", &[id.into()]);
        let [Cell::Text(purpose), wrapper, Cell::Blob(wrapped)] = &row[..] else { panic!("{row:?}") };
        let above = match wrapper {
            Cell::Blob(wrapper) => self.key(wrapper),
            _ => self.organization_key,
        };
        open(&above, self.organization, &At { kind: purpose, key: id, version: 1 }, wrapped).try_into().unwrap()
    }

    /// The newest version of the first record of a kind: key, version, sealed.
    pub fn record(&self, kind: &str) -> (Vec<u8>, u32, Vec<u8>) {
        let newest = "SELECT key, version, sealed FROM record WHERE kind = ?1 ORDER BY version DESC, key LIMIT 1";
        let row = self.one(newest, &[kind.into()]);
        (row[0].blob(), row[1].int().try_into().unwrap(), row[2].blob())
    }

    /// The only row of an answer.
    #[track_caller]
    pub fn one(&self, sql: &str, cells: &[Cell]) -> Vec<Cell> {
        let mut rows = self.rows(sql, cells);
        assert_eq!(rows.len(), 1, "{sql}");
        rows.remove(0)
    }

    /// Every row of an answer.
    #[track_caller]
    pub fn rows(&self, sql: &str, cells: &[Cell]) -> Vec<Vec<Cell>> {
        self.past.rows(sql, cells).unwrap()
    }

    /// Runs a statement that must change exactly one row.
    #[track_caller]
    pub fn change(&self, sql: &str, cells: &[Cell]) {
        assert_eq!(self.past.run(sql, cells).unwrap(), 1, "{sql}");
    }

    /// Runs a statement that must change some rows.
    #[track_caller]
    pub fn change_many(&self, sql: &str, cells: &[Cell]) {
        assert!(self.past.run(sql, cells).unwrap() > 0, "{sql}");
    }
}

/// The root key of a data directory.
pub fn root_key(data: &Path) -> [u8; 32] {
    let hex = fs::read_to_string(data.join("root.key")).unwrap();
    unhex(&hex[..64]).try_into().unwrap()
}

/// Where the password of a server's role is sealed.
const SERVER: At<'static> = At { kind: "postgres_password", key: &[0; 16], version: 1 };

/// The password that `postgres.json` has.
pub fn server_password(data: &Path) -> String {
    let file: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(data.join("postgres.json")).unwrap()).unwrap();
    let sealed = STANDARD.decode(file["sealed_password"].as_str().unwrap()).unwrap();
    String::from_utf8(open(&root_key(data), [0; 16], &SERVER, &sealed)).unwrap()
}

/// Another, sealed as that one is.
pub fn sealed_server_password(data: &Path, password: &str) -> String {
    let file: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(data.join("postgres.json")).unwrap()).unwrap();
    let head = STANDARD.decode(file["sealed_password"].as_str().unwrap()).unwrap();
    STANDARD.encode(seal(&root_key(data), [0; 16], &SERVER, &head[..17], password.as_bytes()))
}

/// Opens a sealed value.
pub fn open(key: &[u8; 32], organization: [u8; 16], at: &At<'_>, sealed: &[u8]) -> Vec<u8> {
    assert_eq!(sealed[0], 1, "AES-256-GCM");
    let nonce = Nonce::try_assume_unique_for_key(&sealed[17..29]).unwrap();
    let mut body = sealed[29..].to_vec();
    let aad = Aad::from(associated(organization, at, &sealed[..17]));
    let plain = cipher(key).open_in_place(nonce, aad, &mut body).unwrap().len();
    body.truncate(plain);
    body
}

/// Seals a value anew, under the head of the one it replaces.
pub fn seal(key: &[u8; 32], organization: [u8; 16], at: &At<'_>, head: &[u8], plain: &[u8]) -> Vec<u8> {
    let nonce = [7; 12];
    let mut body = plain.to_vec();
    let aad = Aad::from(associated(organization, at, head));
    cipher(key).seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut body).unwrap();
    [head, &nonce, &body].concat()
}

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap())
}

fn associated(organization: [u8; 16], at: &At<'_>, head: &[u8]) -> Vec<u8> {
    [b"probity/sealed/1", &organization[..], at.key, &at.version.to_be_bytes(), head, at.kind.as_bytes()].concat()
}
