//! The data directory as someone with the keys in hand sees it. Written from the documented formats alone, without
//! the store's own code, so that it also tests what is documented:
//!
//! ```text
//! root.key             64 hexadecimal digits; the key's id: first 16 bytes of SHA-256("probity root key" ‖ key)
//! keys.json            organization_key: sealed by the root key; database_key: sealed by the organization key
//! a sealed value       1, id of the key (16), nonce (12), AES-256-GCM ciphertext, tag (16)
//! associated data      "probity/sealed/1" ‖ organization (16) ‖ record key (16) ‖ version (4, big endian)
//!                      ‖ the first 17 bytes of the sealed value ‖ kind
//! wrapped_key          cell: kind = purpose, record key = id of the key, version 1
//! ```

use std::{fs, path::Path};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use rusqlite::Connection;
use trial::ids::{Id, OrganizationId};

/// Everything an attacker with the machine has.
pub struct Raw {
    pub db: Connection,
    pub organization: [u8; 16],
    pub organization_key: [u8; 32],
}

/// The place that a sealed value is bound to.
pub struct At<'a> {
    pub kind: &'a str,
    pub key: &'a [u8],
    pub version: u32,
}

impl Raw {
    /// Opens an organization's database past the store.
    pub fn open(data: &Path, own: &Path) -> Self {
        let root = root_key(data);
        let file: serde_json::Value = serde_json::from_slice(&fs::read(own.join("keys.json")).unwrap()).unwrap();
        let organization: OrganizationId = file["organization"].as_str().unwrap().parse().unwrap();
        let organization = *organization.bytes();
        let sealed = |name: &str| STANDARD.decode(file[name].as_str().unwrap()).unwrap();
        let at = |kind| At { kind, key: &organization, version: 1 };
        let organization_key = open(&root, organization, &at("organization_key"), &sealed("organization_key"));
        let organization_key: [u8; 32] = organization_key.try_into().unwrap();
        let database_key = open(&organization_key, organization, &at("database_key"), &sealed("database_key"));
        let database_key: [u8; 32] = database_key.try_into().unwrap();
        let db = database(&own.join("store.db"), &database_key);
        Raw { db, organization, organization_key }
    }

    /// Takes the fences away, as an attacker would.
    pub fn without_fences(&self) {
        let triggers: Vec<String> = self
            .db
            .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(triggers.len(), 10);
        for trigger in triggers {
            self.db.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
        }
        self.db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    }

    /// The key with this id, unwrapped.
    pub fn key(&self, id: &[u8]) -> [u8; 32] {
        let (purpose, wrapper, wrapped): (String, Option<Vec<u8>>, Vec<u8>) = self
            .db
            .query_row("SELECT purpose, wrapper, wrapped FROM wrapped_key WHERE id = ?1", [id], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .unwrap();
        let above = wrapper.map_or(self.organization_key, |wrapper| self.key(&wrapper));
        open(&above, self.organization, &At { kind: &purpose, key: id, version: 1 }, &wrapped).try_into().unwrap()
    }

    /// The newest version of the first record of a kind: key, version, sealed.
    pub fn record(&self, kind: &str) -> (Vec<u8>, u32, Vec<u8>) {
        let newest = "SELECT key, version, sealed FROM record WHERE kind = ?1 ORDER BY version DESC, key LIMIT 1";
        self.db.query_row(newest, [kind], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap()
    }

    /// Runs a statement that must change exactly one row.
    #[track_caller]
    pub fn change(&self, sql: &str, values: impl rusqlite::Params) {
        assert_eq!(self.db.execute(sql, values).unwrap(), 1, "{sql}");
    }
}

/// The root key of a data directory.
pub fn root_key(data: &Path) -> [u8; 32] {
    let hex = fs::read_to_string(data.join("root.key")).unwrap();
    let bytes: Vec<u8> = (0..64).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    bytes.try_into().unwrap()
}

/// Opens an SQLCipher file with its raw key.
pub fn database(file: &Path, key: &[u8; 32]) -> Connection {
    let db = Connection::open(file).unwrap();
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    db.execute_batch(&format!("PRAGMA key = \"x'{hex}'\"; PRAGMA cipher_hmac_algorithm = HMAC_SHA256;")).unwrap();
    db.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(())).unwrap();
    db
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
