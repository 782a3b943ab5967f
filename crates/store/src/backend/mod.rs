//! The database beneath the store: one closed enum of backends, one SQL text.
//!
//! This is the only place that opens connections or names a database library. SQL is written with `?1`
//! parameters. It refuses statements that are not in this crate: there is no way in from outside.

mod location;
mod postgres;
mod row;
mod sqlite;
mod value;

pub(crate) use location::{Location, role_password};
pub use postgres::PostgresCertificate;
pub(crate) use postgres::{Control, Own, Owner, Server};
pub(crate) use row::Row;
pub(crate) use sqlite::Sqlite;
pub(crate) use value::{Ahead, Kept, Value, values};

use crate::error::Result;

/// One connection. Many are kept, and the larger of the two kinds is small enough.
pub(crate) enum Connection {
    Sqlite(Box<Sqlite>),
    Postgres(Box<postgres::Postgres>),
}

/// What the one row says that every writer takes first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Since {
    /// Transactions of writers so far, this one included.
    pub count: i64,
    /// Grows when what others remember of sessions and keys may be wrong.
    pub forget: i64,
}

/// What a failure says about trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing: it would fail again.
    None,
    /// Nothing is stored, and the same may well work now.
    Again,
    /// The connection is gone. If it was on its way to commit, nobody knows yet whether it did.
    Lost,
}

/// Why a transaction ended before anybody ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The disk takes no more.
    NoRoom,
    /// The connection is gone.
    Lost,
    /// Somebody else was in the way for too long.
    Busy,
    /// A statement failed, and the database refuses all that follows it.
    Statement,
}

impl Connection {
    /// Runs a statement; the number of rows it changed.
    pub(crate) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<usize> {
        match self {
            Connection::Sqlite(db) => db.execute(sql, values),
            Connection::Postgres(db) => db.execute(sql, values),
        }
    }

    /// Writes, at the latest when the transaction commits: for what cannot fail but by a fault.
    pub(crate) fn write(&self, sql: &str, values: &[Value<'_>]) -> Result<()> {
        match self {
            Connection::Sqlite(db) => db.execute(sql, values).map(drop),
            Connection::Postgres(db) => db.write(sql, values),
        }
    }

    /// Every row of an answer, each made by `make`.
    pub(crate) fn select<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut make: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        match self {
            Connection::Sqlite(db) => {
                let mut rows = Vec::new();
                db.each(sql, values, &mut |row| {
                    rows.push(make(row)?);
                    Ok(())
                })?;
                Ok(rows)
            }
            Connection::Postgres(db) => db.rows(sql, values)?.iter().map(|row| make(&Row::Postgres(row))).collect(),
        }
    }

    /// Every row of an answer in turn, so that memory does not grow with it.
    pub(crate) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut take: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        match self {
            Connection::Sqlite(db) => db.each(sql, values, &mut take),
            Connection::Postgres(db) => db.each(sql, values, &mut take),
        }
    }

    /// The only row of an answer, if there is one.
    pub(crate) fn one<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        make: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.select(sql, values, make)?.pop())
    }

    /// Begins the durable transaction of a group of acts; `None` where nobody else can write. What its first acts will
    /// ask is asked with it.
    pub(crate) fn begin(&self, ahead: Vec<Ahead>) -> Result<Option<Since>> {
        match self {
            Connection::Sqlite(db) => db.execute("BEGIN IMMEDIATE", &[]).map(|_| None),
            Connection::Postgres(db) => db.begin(ahead).map(Some),
        }
    }

    /// Asks what acts will ask, all at once; where asking costs nothing, nothing.
    pub(crate) fn ahead(&self, ahead: Vec<Ahead>) -> Result<()> {
        match self {
            Connection::Sqlite(_) => Ok(()),
            Connection::Postgres(db) => db.ahead(ahead),
        }
    }

    /// Something of these was written, or (`None`) nobody says what: what was asked beforehand of it counts no more.
    pub(crate) fn wrote(&self, about: Option<&[[u8; 16]]>) {
        match self {
            Connection::Sqlite(_) => {}
            Connection::Postgres(db) => db.wrote(about),
        }
    }

    /// Begins a transaction that sees one state of the data throughout.
    pub(crate) fn begin_reading(&self) -> Result<Option<Since>> {
        match self {
            Connection::Sqlite(db) => db.execute("BEGIN", &[]).map(|_| None),
            Connection::Postgres(db) => db.begin_reading().map(Some),
        }
    }

    /// What the transaction in hand began with; `None` where nobody else can write.
    pub(crate) fn since(&self) -> Option<Since> {
        match self {
            Connection::Sqlite(_) => None,
            Connection::Postgres(db) => db.since(),
        }
    }

    /// Makes the transaction durable.
    pub(crate) fn commit(&self) -> Result<()> {
        match self {
            Connection::Sqlite(db) => db.execute("COMMIT", &[]).map(drop),
            Connection::Postgres(db) => db.commit(),
        }
    }

    /// Whether what is done now belongs to a transaction that can still be kept. A failing disk makes SQLite end one by
    /// itself; a failed statement makes PostgreSQL refuse all that follows.
    pub(crate) fn in_transaction(&self) -> bool {
        match self {
            Connection::Sqlite(db) => db.in_transaction(),
            Connection::Postgres(db) => db.in_transaction(),
        }
    }

    /// What the last failure says about trying again.
    pub(crate) fn trouble(&self) -> Trouble {
        match self {
            Connection::Sqlite(_) => Trouble::None,
            Connection::Postgres(db) => db.trouble(),
        }
    }

    /// Why a transaction ended by itself.
    pub(crate) fn ended(&self) -> Ended {
        match self {
            Connection::Sqlite(_) => Ended::NoRoom,
            Connection::Postgres(db) => match db.trouble() {
                Trouble::Lost => Ended::Lost,
                Trouble::Again => Ended::Busy,
                Trouble::None => Ended::Statement,
            },
        }
    }

    /// Undoes the transaction. Nothing to undo is fine.
    pub(crate) fn rollback(&self) {
        match self {
            Connection::Sqlite(db) => drop(db.execute("ROLLBACK", &[])),
            Connection::Postgres(db) => db.rollback(),
        }
    }

    /// Marks where an act of the group begins.
    pub(crate) fn savepoint(&self) -> Result<()> {
        match self {
            Connection::Sqlite(db) => db.execute("SAVEPOINT act", &[]).map(drop),
            Connection::Postgres(db) => {
                db.savepoint();
                Ok(())
            }
        }
    }

    /// Keeps what the act did.
    pub(crate) fn release(&self) -> Result<()> {
        match self {
            Connection::Sqlite(db) => db.execute("RELEASE act", &[]).map(drop),
            Connection::Postgres(db) => {
                db.release();
                Ok(())
            }
        }
    }

    /// Undoes what the act did, and only that.
    pub(crate) fn undo(&self) -> Result<()> {
        match self {
            Connection::Sqlite(db) => {
                db.execute("ROLLBACK TO act", &[])?;
                db.execute("RELEASE act", &[]).map(drop)
            }
            Connection::Postgres(db) => {
                db.undo();
                Ok(())
            }
        }
    }

    /// Writes everything back from the write-ahead log and empties it, so that overwritten content is gone from disk.
    /// PostgreSQL recycles its own.
    pub(crate) fn empty_log(&self) -> Result<()> {
        match self {
            Connection::Sqlite(db) => db.each("PRAGMA wal_checkpoint(TRUNCATE)", &[], &mut |_| Ok(())),
            Connection::Postgres(_) => Ok(()),
        }
    }

    /// Every table's name with its columns' names, in order.
    pub(crate) fn tables(&self) -> Result<Vec<(String, Vec<String>)>> {
        match self {
            Connection::Sqlite(db) => db.tables(),
            Connection::Postgres(db) => db.tables(),
        }
    }

    /// How this database is set so that a commit is durable, for `prove`.
    pub(crate) fn durability(&self) -> Result<String> {
        match self {
            Connection::Sqlite(db) => db.durability(),
            Connection::Postgres(db) => db.durability(),
        }
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
