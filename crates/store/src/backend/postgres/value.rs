//! Parameters as PostgreSQL takes them: one value, or a column of many rows.

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::backend::{Kept, Value};

type Encoded = Result<IsNull, Box<dyn std::error::Error + Sync + Send>>;

impl ToSql for Value<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Encoded {
        match (self, of) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Int(n), &Type::INT8) => n.to_sql(of, out),
            (Value::Text(text), &Type::TEXT) => text.to_sql(of, out),
            (Value::Blob(bytes), &Type::BYTEA) => bytes.to_sql(of, out),
            (value, of) => Err(format!("{value:?} for a parameter of type {of}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl Value<'_> {
    /// What the server is told of a parameter's type; what a null is, it finds out by itself.
    pub(super) fn of(&self) -> Type {
        match self {
            Value::Null => Type::UNKNOWN,
            Value::Int(_) => Type::INT8,
            Value::Text(_) => Type::TEXT,
            Value::Blob(_) => Type::BYTEA,
        }
    }
}

/// The name of a type that columns here have.
pub(super) fn name(of: &Type) -> Option<&'static str> {
    match *of {
        Type::INT8 => Some("bigint"),
        Type::TEXT => Some("text"),
        Type::BYTEA => Some("bytea"),
        _ => None,
    }
}

/// One column of many rows.
#[derive(Debug)]
pub(super) enum Column<'a> {
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<&'a str>>),
    Blobs(Vec<Option<&'a [u8]>>),
}

impl<'a> Column<'a> {
    /// The values at `place` of each row, for a parameter of this type. `None` where one is of another type.
    pub(super) fn of(of: &Type, rows: &'a [Vec<Kept>], place: usize) -> Option<Self> {
        let values = rows.iter().map(|row| row.get(place).map(Kept::value));
        match *of {
            Type::INT8 => values
                .map(|value| match value? {
                    Value::Null => Some(None),
                    Value::Int(n) => Some(Some(n)),
                    _ => None,
                })
                .collect::<Option<_>>()
                .map(Column::Ints),
            Type::TEXT => values
                .map(|value| match value? {
                    Value::Null => Some(None),
                    Value::Text(text) => Some(Some(text)),
                    _ => None,
                })
                .collect::<Option<_>>()
                .map(Column::Texts),
            Type::BYTEA => values
                .map(|value| match value? {
                    Value::Null => Some(None),
                    Value::Blob(bytes) => Some(Some(bytes)),
                    _ => None,
                })
                .collect::<Option<_>>()
                .map(Column::Blobs),
            _ => None,
        }
    }
}

impl ToSql for Column<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Encoded {
        match self {
            Column::Ints(all) => all.to_sql(of, out),
            Column::Texts(all) => all.to_sql(of, out),
            Column::Blobs(all) => all.to_sql(of, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
