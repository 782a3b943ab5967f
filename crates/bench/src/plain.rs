//! The plain figures: what the database and the ciphers do with nothing of ours around them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rusqlite::Connection;

use crate::figures::Figures;

/// Bytes of a sealed group of twenty items, about.
const SEALED_BYTES: usize = 1_024;
/// Bytes of an audit row, about.
const AUDIT_BYTES: usize = 512;

/// A bare SQLCipher database.
pub struct Plain {
    db: Connection,
    next: i64,
}

impl Plain {
    /// As the store sets one: raw key, WAL, a sync at every commit, HMAC-SHA-256.
    pub fn begin(folder: &Path) -> Result<Self> {
        let db = Connection::open(folder.join("plain.db"))?;
        let key = "00112233445566778899aabbccddeeff".repeat(2);
        db.execute_batch(&format!(
            "PRAGMA key = \"x'{key}'\"; PRAGMA cipher_hmac_algorithm = HMAC_SHA256; PRAGMA cipher_memory_security = OFF;
             PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4096;
             CREATE TABLE record (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
             CREATE TABLE audit (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
        ))?;
        Ok(Plain { db, next: 0 })
    }

    /// One round of each.
    pub fn round(&mut self, slice: Duration, figures: &mut Figures) -> Result<()> {
        self.transactions(slice, figures)?;
        let short = slice.min(Duration::from_millis(500));
        let block = [7_u8; 1_024];
        let hashes = repeat(short, || std::hint::black_box(ledger::sha256(std::hint::black_box(&block))));
        figures.add("plain: SHA-256 of 1 KiB", "MB/s", hashes * 1_024.0 / 1e6);
        let key = UnboundKey::new(&AES_256_GCM, &[1; 32]).map_err(|_| anyhow!("no key"))?;
        let key = LessSafeKey::new(key);
        let mut body = block.to_vec();
        let seals = repeat(short, || {
            let nonce = Nonce::assume_unique_for_key([1; 12]);
            std::hint::black_box(key.seal_in_place_separate_tag(nonce, Aad::empty(), &mut body).is_ok())
        });
        figures.add("plain: AES-256-GCM of 1 KiB", "MB/s", seals * 1_024.0 / 1e6);
        Ok(())
    }

    /// A record row and an audit row, durable, one after another.
    fn transactions(&mut self, slice: Duration, figures: &mut Figures) -> Result<()> {
        let (sealed, audit) = (vec![5_u8; SEALED_BYTES], vec![6_u8; AUDIT_BYTES]);
        let begun = Instant::now();
        let mut each = Vec::new();
        while begun.elapsed() < slice {
            let one = Instant::now();
            self.next += 1;
            self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
            self.db.prepare_cached("INSERT INTO record (id, sealed) VALUES (?1, ?2)")?.execute((self.next, &sealed))?;
            self.db.prepare_cached("INSERT INTO audit (id, bytes) VALUES (?1, ?2)")?.execute((self.next, &audit))?;
            self.db.prepare_cached("COMMIT")?.execute([])?;
            each.push(one.elapsed());
        }
        figures.latencies("plain: durable SQLCipher transactions, 1 client", each, begun.elapsed());
        Ok(())
    }
}

/// How often something can be done in a second.
fn repeat<T>(slice: Duration, mut work: impl FnMut() -> T) -> f64 {
    let begun = Instant::now();
    let mut count = 0_u64;
    while begun.elapsed() < slice {
        for _ in 0..256 {
            work();
        }
        count += 256;
    }
    count as f64 / begun.elapsed().as_secs_f64()
}
