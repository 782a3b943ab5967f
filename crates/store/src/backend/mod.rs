//! The database beneath the store: one closed enum of backends, one SQL text.
//!
//! This is the only place that opens connections or names a database library. SQL is written with `?1`
//! parameters. It refuses statements that are not in this crate: there is no way in from outside.

mod sqlite;

use std::path::PathBuf;

pub(crate) use sqlite::Sqlite;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// A parameter of a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(n: i64) -> Self {
        Value::Int(n)
    }
}
impl From<u32> for Value<'_> {
    fn from(n: u32) -> Self {
        Value::Int(i64::from(n))
    }
}
impl From<bool> for Value<'_> {
    fn from(b: bool) -> Self {
        Value::Int(i64::from(b))
    }
}
impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(text)
    }
}
impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Value::Text(text)
    }
}
impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Value::Blob(bytes)
    }
}
impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Value::Blob(bytes)
    }
}
impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Value::Blob(bytes)
    }
}
macro_rules! id_values {
    ($($id:ident),*) => {$(
        impl<'a> From<&'a trial::ids::$id> for Value<'a> {
            fn from(id: &'a trial::ids::$id) -> Self {
                Value::Blob(trial::ids::Id::bytes(id))
            }
        }
    )*};
}
id_values!(
    FormId,
    GrantId,
    GroupId,
    ImportId,
    KeyId,
    LedgerId,
    OrganizationId,
    PersonId,
    RequestId,
    SessionId,
    SiteId,
    StudyId,
    SubjectId,
    VisitId
);
impl<'a, T> From<Option<T>> for Value<'a>
where
    T: Into<Value<'a>>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// Makes the parameters of a statement from what is at hand.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::backend::Value::from($value)),*] };
}
pub(crate) use values;

/// One row of an answer. Reading a column of another type than it has is a fault, not a default.
pub(crate) struct Row<'r>(&'r rusqlite::Row<'r>);

impl Row<'_> {
    pub(crate) fn int(&self, column: usize) -> Result<i64> {
        self.0.get(column).map_err(Error::fault)
    }

    pub(crate) fn size(&self, column: usize) -> Result<u64> {
        u64::try_from(self.int(column)?).map_err(Error::fault)
    }

    pub(crate) fn number(&self, column: usize) -> Result<u32> {
        u32::try_from(self.int(column)?).map_err(Error::fault)
    }

    pub(crate) fn maybe_int(&self, column: usize) -> Result<Option<i64>> {
        self.0.get(column).map_err(Error::fault)
    }

    pub(crate) fn text(&self, column: usize) -> Result<String> {
        self.0.get(column).map_err(Error::fault)
    }

    pub(crate) fn maybe_text(&self, column: usize) -> Result<Option<String>> {
        self.0.get(column).map_err(Error::fault)
    }

    pub(crate) fn blob(&self, column: usize) -> Result<Vec<u8>> {
        self.0.get(column).map_err(Error::fault)
    }

    pub(crate) fn maybe_blob(&self, column: usize) -> Result<Option<Vec<u8>>> {
        self.0.get(column).map_err(Error::fault)
    }

    pub(crate) fn bytes<const N: usize>(&self, column: usize) -> Result<[u8; N]> {
        self.0.get(column).map_err(Error::fault)
    }

    pub(crate) fn id<I: trial::ids::Id>(&self, column: usize) -> Result<I> {
        self.bytes(column).map(I::from_bytes)
    }

    pub(crate) fn maybe_id<I: trial::ids::Id>(&self, column: usize) -> Result<Option<I>> {
        let bytes: Option<[u8; 16]> = self.0.get(column).map_err(Error::fault)?;
        Ok(bytes.map(I::from_bytes))
    }

    /// Any value, as a text that compares equal only to an equal value of the same type.
    pub(crate) fn shape(&self, column: usize) -> Result<String> {
        use rusqlite::types::ValueRef as V;
        Ok(match self.0.get_ref(column).map_err(Error::fault)? {
            V::Null => "null".into(),
            V::Integer(n) => format!("int {n}"),
            V::Real(x) => format!("real {x}"),
            V::Text(text) => format!("text {}", String::from_utf8_lossy(text)),
            V::Blob(bytes) => format!("blob {}", hex(bytes)),
        })
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

/// Where an organization's database is and the key that opens it.
#[derive(Clone)]
pub(crate) enum Location {
    /// An SQLCipher file.
    File { path: PathBuf, key: Zeroizing<[u8; 32]> },
}

impl Location {
    /// A connection that may write. The file is made when `create`; otherwise its absence is an error.
    pub(crate) fn writer(&self, create: bool) -> Result<Connection> {
        match self {
            Location::File { path, key } => {
                Sqlite::open(path, key, sqlite::For::Writing { create }).map(Connection::Sqlite)
            }
        }
    }

    /// A connection that cannot write.
    pub(crate) fn reader(&self) -> Result<Connection> {
        match self {
            Location::File { path, key } => Sqlite::open(path, key, sqlite::For::Reading).map(Connection::Sqlite),
        }
    }
}

/// One connection.
pub(crate) enum Connection {
    Sqlite(Sqlite),
}

impl Connection {
    /// Runs a statement; the number of rows it changed.
    pub(crate) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<usize> {
        match self {
            Connection::Sqlite(db) => db.execute(sql, values),
        }
    }

    /// Every row of an answer, each made by `make`.
    pub(crate) fn select<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut make: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        self.each(sql, values, |row| {
            rows.push(make(row)?);
            Ok(())
        })?;
        Ok(rows)
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
        }
    }

    /// The only row of an answer, if there is one.
    pub(crate) fn one<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut make: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut found = None;
        self.each(sql, values, |row| {
            found = Some(make(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Begins the durable transaction of a group of acts.
    pub(crate) fn begin(&self) -> Result<()> {
        self.execute("BEGIN IMMEDIATE", &[]).map(drop)
    }

    /// Begins a transaction that sees one state of the data throughout.
    pub(crate) fn begin_reading(&self) -> Result<()> {
        self.execute("BEGIN", &[]).map(drop)
    }

    /// Makes the transaction durable.
    pub(crate) fn commit(&self) -> Result<()> {
        self.execute("COMMIT", &[]).map(drop)
    }

    /// Whether a transaction is open. A failing disk makes SQLite end one by itself.
    pub(crate) fn in_transaction(&self) -> bool {
        match self {
            Connection::Sqlite(db) => db.in_transaction(),
        }
    }

    /// Undoes the transaction. Nothing to undo is fine.
    pub(crate) fn rollback(&self) {
        let _ = self.execute("ROLLBACK", &[]);
    }

    /// Marks where an act of the group begins.
    pub(crate) fn savepoint(&self) -> Result<()> {
        self.execute("SAVEPOINT act", &[]).map(drop)
    }

    /// Keeps what the act did.
    pub(crate) fn release(&self) -> Result<()> {
        self.execute("RELEASE act", &[]).map(drop)
    }

    /// Undoes what the act did, and only that.
    pub(crate) fn undo(&self) -> Result<()> {
        self.execute("ROLLBACK TO act", &[])?;
        self.execute("RELEASE act", &[]).map(drop)
    }

    /// Writes everything back from the write-ahead log and empties it, so that overwritten content is gone from disk.
    pub(crate) fn empty_log(&self) -> Result<()> {
        match self {
            Connection::Sqlite(db) => db.each("PRAGMA wal_checkpoint(TRUNCATE)", &[], &mut |_| Ok(())),
        }
    }

    /// Brings the schema up to date; refuses one that this version does not know.
    pub(crate) fn migrate(&mut self) -> Result<()> {
        match self {
            Connection::Sqlite(db) => db.migrate(),
        }
    }

    /// Every table's name with its columns' names, in order.
    pub(crate) fn tables(&self) -> Result<Vec<(String, Vec<String>)>> {
        match self {
            Connection::Sqlite(db) => db.tables(),
        }
    }

    /// How this database is set so that a commit is durable, for `prove`.
    pub(crate) fn durability(&self) -> Result<String> {
        match self {
            Connection::Sqlite(db) => db.durability(),
        }
    }
}
