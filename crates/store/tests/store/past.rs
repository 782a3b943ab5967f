//! An organization's database past the store: the same few questions to an SQLCipher file and to a schema of PostgreSQL.

use std::{cell::Cell as Flag, fs, path::Path};

use rusqlite::{Connection, types::ValueRef};
use testbed::Database;

use crate::world::World;

/// A value of a column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

pub enum Past<'w> {
    File(Connection),
    Schema { database: &'w Database, name: String, is_fenced: Flag<bool> },
}

impl<'w> Past<'w> {
    /// An SQLCipher file, with its raw key.
    pub fn file(file: &Path, key: &[u8; 32]) -> Self {
        let db = Connection::open(file).unwrap();
        db.execute_batch(&format!("PRAGMA key = \"x'{}'\"; PRAGMA cipher_hmac_algorithm = HMAC_SHA256;", hex(key)))
            .unwrap();
        db.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        db.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(())).unwrap();
        Past::File(db)
    }

    /// The schema of an organization, as the server's superuser.
    pub fn schema(database: &'w Database, organization: &[u8; 16]) -> Self {
        Past::Schema { database, name: format!("organization_{}", hex(organization)), is_fenced: Flag::new(true) }
    }

    /// Takes the fences away, as an attacker would. Ten triggers refuse changes; a foreign key binds records to entries.
    pub fn without_fences(&self) {
        match self {
            Past::File(db) => {
                let named = self.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'", &[]).unwrap();
                // A second time there are none.
                assert!([10, 0].contains(&named.len()), "{named:?}");
                for name in named {
                    db.execute_batch(&format!("DROP TRIGGER {}", name[0].text())).unwrap();
                }
                db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
            }
            Past::Schema { name, is_fenced, .. } => {
                let count = "SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ?1 AND NOT t.tgisinternal";
                assert_eq!(self.rows(count, &[name.as_str().into()]).unwrap(), [[Cell::Int(10)]]);
                is_fenced.set(false);
            }
        }
    }

    /// Runs a statement; how many rows it changed, or what the database says against it.
    pub fn run(&self, sql: &str, cells: &[Cell]) -> Result<usize, String> {
        match self {
            Past::File(db) => db.execute(sql, rusqlite::params_from_iter(cells)).map_err(|e| e.to_string()),
            Past::Schema { .. } => {
                let counted = format!("WITH changed AS ({sql} RETURNING 1) SELECT count(*) FROM changed");
                self.ask(&counted, cells).map(|said| said.parse().unwrap())
            }
        }
    }

    /// Every row of an answer.
    pub fn rows(&self, sql: &str, cells: &[Cell]) -> Result<Vec<Vec<Cell>>, String> {
        match self {
            Past::File(db) => {
                let mut statement = db.prepare(sql).map_err(|e| e.to_string())?;
                let count = statement.column_count();
                let rows = statement.query_map(rusqlite::params_from_iter(cells), |row| {
                    (0..count).map(|at| row.get_ref(at).map(Cell::from)).collect()
                });
                rows.and_then(Iterator::collect).map_err(|e| e.to_string())
            }
            // Each row as one line: an array of JSON, with its columns in their order.
            Past::Schema { .. } => {
                let lines = format!(
                    "SELECT (SELECT json_agg(value ORDER BY place)
                       FROM json_each(row_to_json(row)) WITH ORDINALITY AS cell (name, value, place)) FROM ({sql}) AS row"
                );
                Ok(self.ask(&lines, cells)?.lines().map(read).collect())
            }
        }
    }

    /// Every column: its table, its name, what it holds, and whether it may hold nothing.
    pub fn columns(&self) -> Vec<[String; 4]> {
        let sql = match self {
            Past::File(_) => {
                "SELECT t.name, c.name, lower(c.type), CASE WHEN c.\"notnull\" + c.pk > 0 THEN 'NO' ELSE 'YES' END
                 FROM sqlite_master t JOIN pragma_table_info(t.name) c
                 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid"
            }
            Past::Schema { .. } => {
                "SELECT table_name::text, column_name::text, data_type::text, is_nullable::text
                 FROM information_schema.columns WHERE table_schema = current_schema()
                 ORDER BY table_name::text COLLATE \"C\", ordinal_position"
            }
        };
        let shaped = |row: Vec<Cell>| {
            let [table, name, holds, may_be_null] = [0, 1, 2, 3].map(|at| row[at].text().to_owned());
            // The migration library made its own table, with types of its own.
            let holds = match holds.as_str() {
                _ if table == "refinery_schema_history" => "",
                "bigint" | "integer" => "number",
                "bytea" | "blob" => "bytes",
                other => other,
            };
            [table, name, holds.to_owned(), may_be_null]
        };
        self.rows(sql, &[]).unwrap().into_iter().map(shaped).collect()
    }

    fn ask(&self, sql: &str, cells: &[Cell]) -> Result<String, String> {
        let Past::Schema { database, name, is_fenced } = self else { panic!("a file is asked otherwise") };
        let role = if is_fenced.get() { "origin" } else { "replica" };
        let said = database.sql(&format!(
            "SET search_path TO {name}; SET session_replication_role = {role}; {}",
            with_literals(sql, cells)
        ));
        said.map_err(|e| e.to_string())
    }
}

/// The statement with its values written into it, for a client that takes no parameters.
fn with_literals(sql: &str, cells: &[Cell]) -> String {
    let literals = cells.iter().enumerate().rev();
    literals.fold(sql.to_owned(), |text, (at, cell)| text.replace(&format!("?{}", at + 1), &cell.literal()))
}

/// A row that PostgreSQL wrote as JSON. No text here begins as its bytes do.
fn read(line: &str) -> Vec<Cell> {
    let row: Vec<serde_json::Value> = serde_json::from_str(line).unwrap();
    row.into_iter()
        .map(|value| match value {
            serde_json::Value::Null => Cell::Null,
            serde_json::Value::Number(n) => Cell::Int(n.as_i64().unwrap()),
            serde_json::Value::String(text) => match text.strip_prefix("\\x") {
                Some(digits) => Cell::Blob(unhex(digits)),
                None => Cell::Text(text),
            },
            other => panic!("{other}"),
        })
        .collect()
}

/// All of an organization's data, as it was at some time while the store was closed.
pub enum Yesterday {
    File(Vec<u8>),
    Database(Database),
}

impl Yesterday {
    pub fn of(world: &World) -> Self {
        match &world.database {
            None => Yesterday::File(fs::read(world.own_folder().join("store.db")).unwrap()),
            Some(database) => Yesterday::Database(database.copy().unwrap()),
        }
    }

    pub fn put_back(self, world: &World) {
        match (self, &world.database) {
            (Yesterday::Database(copy), Some(database)) => database.replace_with(copy).unwrap(),
            (Yesterday::File(bytes), None) => {
                for beside in ["store.db-wal", "store.db-shm"] {
                    let _ = fs::remove_file(world.own_folder().join(beside));
                }
                fs::write(world.own_folder().join("store.db"), bytes).unwrap();
            }
            _ => panic!("of another world"),
        }
    }
}

impl Cell {
    #[track_caller]
    pub fn int(&self) -> i64 {
        let Cell::Int(n) = self else { panic!("{self:?}") };
        *n
    }

    #[track_caller]
    pub fn text(&self) -> &str {
        let Cell::Text(text) = self else { panic!("{self:?}") };
        text
    }

    #[track_caller]
    pub fn blob(&self) -> Vec<u8> {
        let Cell::Blob(bytes) = self else { panic!("{self:?}") };
        bytes.clone()
    }

    fn literal(&self) -> String {
        match self {
            Cell::Null => "NULL".into(),
            Cell::Int(n) => n.to_string(),
            Cell::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Cell::Blob(bytes) => format!("'\\x{}'::bytea", hex(bytes)),
        }
    }
}

impl From<ValueRef<'_>> for Cell {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(n) => Cell::Int(n),
            ValueRef::Text(text) => Cell::Text(String::from_utf8(text.to_vec()).unwrap()),
            ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
            ValueRef::Real(x) => panic!("{x}: no column holds such a number"),
        }
    }
}

impl rusqlite::ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(match self {
            Cell::Null => rusqlite::types::Null.to_sql()?,
            Cell::Int(n) => n.to_sql()?,
            Cell::Text(text) => text.to_sql()?,
            Cell::Blob(bytes) => bytes.to_sql()?,
        })
    }
}

impl From<i64> for Cell {
    fn from(n: i64) -> Self {
        Cell::Int(n)
    }
}

impl From<u32> for Cell {
    fn from(n: u32) -> Self {
        Cell::Int(n.into())
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.into())
    }
}

impl From<&[u8]> for Cell {
    fn from(bytes: &[u8]) -> Self {
        Cell::Blob(bytes.into())
    }
}

impl From<&Vec<u8>> for Cell {
    fn from(bytes: &Vec<u8>) -> Self {
        Cell::Blob(bytes.clone())
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of hexadecimal digits.
pub fn unhex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}
