//! One row of an answer, of whichever database.

use rusqlite::types::ValueRef;
use tokio_postgres::types::Type;

use super::hex;
use crate::error::{Error, Result};

/// Reading a column of another type than it has is a fault, not a default.
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl Row<'_> {
    /// A column of a type that both databases know.
    fn get<T>(&self, column: usize) -> Result<T>
    where
        T: rusqlite::types::FromSql + for<'a> tokio_postgres::types::FromSql<'a>,
    {
        match self {
            Row::Sqlite(row) => row.get(column).map_err(Error::fault),
            Row::Postgres(row) => row.try_get(column).map_err(Error::fault),
        }
    }

    pub(crate) fn int(&self, column: usize) -> Result<i64> {
        self.get(column)
    }

    pub(crate) fn size(&self, column: usize) -> Result<u64> {
        u64::try_from(self.int(column)?).map_err(Error::fault)
    }

    pub(crate) fn number(&self, column: usize) -> Result<u32> {
        u32::try_from(self.int(column)?).map_err(Error::fault)
    }

    pub(crate) fn maybe_int(&self, column: usize) -> Result<Option<i64>> {
        self.get(column)
    }

    pub(crate) fn text(&self, column: usize) -> Result<String> {
        self.get(column)
    }

    pub(crate) fn maybe_text(&self, column: usize) -> Result<Option<String>> {
        self.get(column)
    }

    pub(crate) fn blob(&self, column: usize) -> Result<Vec<u8>> {
        self.get(column)
    }

    pub(crate) fn maybe_blob(&self, column: usize) -> Result<Option<Vec<u8>>> {
        self.get(column)
    }

    pub(crate) fn bytes<const N: usize>(&self, column: usize) -> Result<[u8; N]> {
        match self {
            Row::Sqlite(row) => row.get(column).map_err(Error::fault),
            Row::Postgres(row) => {
                row.try_get::<_, &[u8]>(column).map_err(Error::fault)?.try_into().map_err(Error::fault)
            }
        }
    }

    pub(crate) fn id<I: trial::ids::Id>(&self, column: usize) -> Result<I> {
        self.bytes(column).map(I::from_bytes)
    }

    pub(crate) fn maybe_id<I: trial::ids::Id>(&self, column: usize) -> Result<Option<I>> {
        let bytes = match self {
            Row::Sqlite(row) => row.get::<_, Option<[u8; 16]>>(column).map_err(Error::fault)?,
            Row::Postgres(row) => {
                let bytes: Option<&[u8]> = row.try_get(column).map_err(Error::fault)?;
                bytes.map(<[u8; 16]>::try_from).transpose().map_err(Error::fault)?
            }
        };
        Ok(bytes.map(I::from_bytes))
    }

    /// Any value, as a text that compares equal only to an equal value of the same type, whichever database has it.
    pub(crate) fn shape(&self, column: usize) -> Result<String> {
        match self {
            Row::Sqlite(row) => Ok(match row.get_ref(column).map_err(Error::fault)? {
                ValueRef::Null => "null".into(),
                ValueRef::Integer(n) => format!("int {n}"),
                ValueRef::Real(x) => format!("real {x}"),
                ValueRef::Text(text) => format!("text {}", String::from_utf8_lossy(text)),
                ValueRef::Blob(bytes) => format!("blob {}", hex(bytes)),
            }),
            Row::Postgres(row) => {
                let of = row.columns().get(column).map(|column| column.type_().clone());
                let shaped = match of {
                    Some(Type::INT8) => self.get::<Option<i64>>(column)?.map(|n| format!("int {n}")),
                    Some(Type::TEXT) => self.get::<Option<String>>(column)?.map(|text| format!("text {text}")),
                    Some(Type::BYTEA) => self.get::<Option<Vec<u8>>>(column)?.map(|all| format!("blob {}", hex(&all))),
                    other => return Err(Error::fault(format!("a column of type {other:?}"))),
                };
                Ok(shaped.unwrap_or_else(|| "null".into()))
            }
        }
    }
}
