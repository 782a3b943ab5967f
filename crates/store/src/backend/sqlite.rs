//! SQLite as SQLCipher encrypts it: AES-256-CBC per page with an HMAC-SHA-256, a raw 256-bit key, WAL, and a
//! sync of the disk at every commit.

use std::{path::Path, sync::Once, time::Duration};

use rusqlite::{Connection as Raw, ErrorCode, OpenFlags, ToSql, types::ToSqlOutput};

use super::{Row, Value, hex};
use crate::error::{Error, Result};

mod migrations {
    refinery::embed_migrations!("migrations/sqlite");
}

/// How long a reader waits for a lock, in milliseconds. There is one writer, so a wait is rare and short.
const LOCK_WAIT: Duration = Duration::from_millis(5_000);
/// Prepared statements kept by a connection.
const STATEMENTS_MAX: usize = 128;
/// Page cache of a connection, in KiB.
const CACHE_KIB: i64 = 16_384;
/// Pages in the WAL before it is written back: 16 MiB, so that a busy minute checkpoints seldom.
const WAL_PAGES: i64 = 4_096;

#[derive(Clone, Copy)]
pub(super) enum For {
    Writing { create: bool },
    Reading,
}

pub(crate) struct Sqlite(Raw);

impl Sqlite {
    pub(super) fn open(path: &Path, key: &[u8; 32], purpose: For) -> Result<Self> {
        let flags = match purpose {
            For::Writing { create: true } => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            // A reader opens for writing too: WAL needs its shared memory. `query_only` holds it to reading.
            For::Writing { create: false } | For::Reading => OpenFlags::SQLITE_OPEN_READ_WRITE,
        } | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        begin();
        let raw = Raw::open_with_flags(path, flags).map_err(|e| opening(path, &e))?;
        raw.busy_timeout(LOCK_WAIT).map_err(Error::fault)?;
        raw.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        let query_only = u8::from(matches!(purpose, For::Reading));
        // What does not open is told by our own words, not by the library's on the standard error.
        let key = zeroize::Zeroizing::new(format!("PRAGMA cipher_log_level = NONE; PRAGMA key = \"x'{}'\";", hex(key)));
        raw.execute_batch(&key).map_err(|e| opening(path, &e))?;
        raw.execute_batch(&format!(
            "PRAGMA cipher_hmac_algorithm = HMAC_SHA256;
             PRAGMA cipher_memory_security = OFF;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -{CACHE_KIB};
             PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF;"
        ))
        .map_err(|e| opening(path, &e))?;
        // The first read shows whether the key fits.
        raw.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(())).map_err(|e| opening(path, &e))?;
        if let For::Writing { .. } = purpose {
            raw.execute_batch(&format!(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = {WAL_PAGES};
                 PRAGMA secure_delete = ON;"
            ))
            .map_err(|e| opening(path, &e))?;
        }
        raw.execute_batch(&format!("PRAGMA query_only = {query_only};")).map_err(|e| opening(path, &e))?;
        Ok(Sqlite(raw))
    }

    pub(super) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<usize> {
        let mut statement = self.0.prepare_cached(sql).map_err(|e| storing(&e))?;
        statement.execute(rusqlite::params_from_iter(values)).map_err(|e| storing(&e))
    }

    pub(super) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        take: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut statement = self.0.prepare_cached(sql).map_err(|e| storing(&e))?;
        let mut rows = statement.query(rusqlite::params_from_iter(values)).map_err(|e| storing(&e))?;
        while let Some(row) = rows.next().map_err(|e| storing(&e))? {
            take(&Row::Sqlite(row))?;
        }
        Ok(())
    }

    pub(super) fn in_transaction(&self) -> bool {
        !self.0.is_autocommit()
    }

    pub(super) fn migrate(&mut self) -> Result<()> {
        // An applied migration that this build lacks, or whose text differs, is refused: it is a newer or another schema.
        migrations::migrations::runner()
            .set_abort_missing(true)
            .set_abort_divergent(true)
            .run(&mut self.0)
            .map(drop)
            .map_err(|e| {
                Error::refused(
                    "database",
                    "unknown_schema",
                    format!("this database was written by another version of Probity ({e}): run that version, or restore a copy made by this one"),
                )
            })
    }

    pub(super) fn tables(&self) -> Result<Vec<(String, Vec<String>)>> {
        let mut names = Vec::new();
        self.each(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
            &[],
            &mut |row| {
                names.push(row.text(0)?);
                Ok(())
            },
        )?;
        names
            .into_iter()
            .map(|name| {
                let mut columns = Vec::new();
                self.each("SELECT name FROM pragma_table_info(?1) ORDER BY cid", &[Value::Text(&name)], &mut |row| {
                    columns.push(row.text(0)?);
                    Ok(())
                })?;
                Ok((name, columns))
            })
            .collect()
    }

    pub(super) fn durability(&self) -> Result<String> {
        let ask = |pragma: &str| -> Result<String> {
            let mut answer = String::new();
            self.each(&format!("PRAGMA {pragma}"), &[], &mut |row| {
                answer = row.shape(0)?;
                Ok(())
            })?;
            Ok(answer)
        };
        Ok(format!("journal_mode {}, synchronous {}", ask("journal_mode")?, ask("synchronous")?))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        use rusqlite::types::{Value as Owned, ValueRef};
        Ok(match *self {
            Value::Null => ToSqlOutput::Owned(Owned::Null),
            Value::Int(n) => ToSqlOutput::Owned(Owned::Integer(n)),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// Has SQLCipher begin, once, before anybody uses it. SQLite tells other threads that it has begun before SQLCipher's part
/// (`SQLITE_EXTRA_INIT`) has: whoever set a key in that moment was refused.
fn begin() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let begun = Raw::open_in_memory().and_then(|first| first.execute_batch("PRAGMA key = 'begin'; SELECT 1;"));
        if let Err(error) = begun {
            // Whoever opens a file hears of it there.
            tracing::warn!(%error, "the database library did not begin as it should");
        }
    });
}

/// What a failed opening means to the person who started the server.
fn opening(path: &Path, error: &rusqlite::Error) -> Error {
    let code = error.sqlite_error_code();
    let file = path.display();
    match code {
        Some(ErrorCode::NotADatabase) => Error::refused(
            "database",
            "wrong_key",
            format!(
                "{file} does not open with its organization's key: it is damaged, or it belongs to another key file. Put back the key file it was made with"
            ),
        ),
        Some(ErrorCode::CannotOpen) => Error::refused(
            "database",
            "missing",
            format!("{file} is missing or cannot be opened: restore it, or check who owns the folder"),
        ),
        _ => storing(error),
    }
}

/// Full disks and locks are expected and pass; all else is a fault.
fn storing(error: &rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::Busy {
            message: "the disk is full: nothing was stored. Free some space and try again".into(),
            retry_after: 30,
        },
        Some(ErrorCode::SystemIoFailure) => Error::Busy {
            message: "the disk does not answer: nothing was stored. Check it and try again".into(),
            retry_after: 30,
        },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::Busy { message: "the database is busy: nothing was stored. Try again".into(), retry_after: 1 }
        }
        _ => Error::fault(error),
    }
}
