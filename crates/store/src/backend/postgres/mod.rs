//! PostgreSQL: the same statements over the network. What a group of acts writes is kept until somebody reads the tables
//! it touches or the group ends, and then sent in one go: a group costs a handful of round trips, not one each.

mod asked;
mod driver;
mod failure;
mod found;
mod group;
mod own;
mod server;
mod text;
mod value;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use asked::{Answers, Questions};
use driver::Driver;
pub(crate) use found::{Control, Owner, schema};
use futures_util::stream::{FuturesOrdered, StreamExt, TryStreamExt};
use group::{Group, Prepared, Request};
pub(crate) use own::Own;
pub use own::PostgresCertificate;
pub(crate) use server::Server;
use tokio_postgres::{Client, Row as RawRow, Statement};
use value::Column;

use super::{Ahead, Kept, Row, Since, Trouble, Value};
use crate::error::{Error, Result};

mod migrations {
    refinery::embed_migrations!("migrations/postgres");
}

/// How long the database may be silent on one thing that a writer asks of it: everybody else's writing waits too. A
/// leader that is paused answers nothing and ends no connection.
const ANSWER_WAIT: Duration = Duration::from_secs(15);
/// How long all that a group wrote may take together; as long as one question of a reader.
const ANSWERS_WAIT: Duration = Duration::from_secs(60);
/// Rows that a cursor brings at once. An entry is at most 64 KiB; few records are larger.
const CURSOR_ROWS: usize = 200;
/// Every table.
const ALL: u64 = u64::MAX;

/// A connection, driven on its caller's thread.
pub(crate) struct Postgres {
    driver: Driver,
    client: Client,
    prepared: RefCell<HashMap<String, Arc<Prepared>>>,
    /// Tables that statements named, in the order in which they came; a set of tables is a set of places here.
    tables: RefCell<Vec<String>>,
    group: RefCell<Group>,
    trouble: Cell<Trouble>,
    /// How long one question may take.
    patience: Cell<Duration>,
    in_transaction: Cell<bool>,
    /// What the transaction in hand began with.
    since: Cell<Option<Since>>,
    /// A statement failed that no savepoint can undo: the server refuses everything up to the end of the transaction.
    broken: Cell<bool>,
    cursors: Cell<u64>,
    answers: RefCell<Answers>,
}

impl Postgres {
    /// A connection for this role. `schema`: what it works in.
    pub(super) fn open(server: &Server, schema: &str) -> Result<Self> {
        let driver = Driver::new()?;
        let client = server.connect(&driver).map_err(|(error, _)| error)?;
        let db = Postgres {
            driver,
            client,
            prepared: RefCell::default(),
            tables: RefCell::default(),
            group: RefCell::default(),
            trouble: Cell::new(Trouble::None),
            patience: Cell::new(ANSWERS_WAIT),
            in_transaction: Cell::new(false),
            since: Cell::new(None),
            broken: Cell::new(false),
            cursors: Cell::new(0),
            answers: RefCell::default(),
        };
        // An organization's name is its id: nothing in it needs quoting, and nothing else comes here.
        db.batch(&format!("SET search_path TO \"{schema}\""))?;
        Ok(db)
    }

    pub(super) fn trouble(&self) -> Trouble {
        // The connection is only looked at while somebody waits for it: one that ended meanwhile shows here.
        self.driver.wait(tokio::task::yield_now());
        if self.client.is_closed() { Trouble::Lost } else { self.trouble.get() }
    }

    pub(super) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<usize> {
        self.flush(ALL)?;
        let prepared = self.prepare(sql, values)?;
        let changed = self.wait(self.client.execute_raw(&prepared.statement, values.iter().copied()))?;
        usize::try_from(changed).map_err(Error::fault)
    }

    /// Writes, at the latest with the group's commit; whether it could be done shows then.
    pub(super) fn write(&self, sql: &str, values: &[Value<'_>]) -> Result<()> {
        if !self.in_transaction.get() {
            return self.execute(sql, values).map(drop);
        }
        let prepared = self.prepare(sql, values)?;
        self.group.borrow_mut().push(prepared, values.iter().map(Kept::from).collect());
        Ok(())
    }

    pub(super) fn rows(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<RawRow>> {
        if let Some(rows) = self.answered(sql, values) {
            return Ok(rows);
        }
        let prepared = self.prepare(sql, values)?;
        self.flush(prepared.tables)?;
        self.query(&prepared.statement, values)
    }

    /// Each row in turn, through a cursor: memory does not grow with the answer, and the connection stays free for other
    /// questions in between.
    pub(super) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        take: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        if !self.in_transaction.get() {
            return self.rows(sql, values)?.iter().try_for_each(|row| take(&Row::Postgres(row)));
        }
        let number = self.cursors.get();
        self.cursors.set(number.wrapping_add(1));
        self.flush(ALL)?;
        let declare = self.declare(&format!("DECLARE cursor_{number} NO SCROLL CURSOR FOR {sql}"), values)?;
        self.wait(self.client.execute_raw(&declare, values.iter().copied()))?;
        let fetch = self.declare(&format!("FETCH {CURSOR_ROWS} FROM cursor_{number}"), &[])?;
        loop {
            let rows = self.query(&fetch, &[])?;
            rows.iter().try_for_each(|row| take(&Row::Postgres(row)))?;
            if rows.len() < CURSOR_ROWS {
                return self.batch(&format!("CLOSE cursor_{number}"));
            }
        }
    }

    fn declare(&self, sql: &str, values: &[Value<'_>]) -> Result<Statement> {
        let types: Vec<_> = values.iter().map(Value::of).collect();
        self.wait(self.client.prepare_typed(&text::translated(sql), &types))
    }

    fn query(&self, statement: &Statement, values: &[Value<'_>]) -> Result<Vec<RawRow>> {
        self.wait(async { self.client.query_raw(statement, values.iter().copied()).await?.try_collect().await })
    }

    fn prepare(&self, sql: &str, values: &[Value<'_>]) -> Result<Arc<Prepared>> {
        // PostgreSQL's text holds no such sign. Nothing that reaches a column may have one; a search might.
        if values.iter().any(|value| matches!(value, Value::Text(text) if text.contains('\0'))) {
            return Err(Error::refused("", "control_character", "a text holds a character that cannot be stored"));
        }
        if let Some(found) = self.prepared.borrow().get(sql) {
            return Ok(Arc::clone(found));
        }
        let statement = self.declare(sql, values)?;
        let names: Option<Vec<&str>> = statement.params().iter().map(value::name).collect();
        let many = match names.and_then(|names| text::many_rows(sql, &names)) {
            Some(many) => Some(self.wait(self.client.prepare(&many))?),
            None => None,
        };
        let tables = text::tables(sql).into_iter().fold(0, |set, table| set | self.table(table));
        let prepared = Arc::new(Prepared { statement, tables, many, questions: OnceLock::new() });
        self.prepared.borrow_mut().insert(sql.to_owned(), Arc::clone(&prepared));
        Ok(prepared)
    }

    /// The bit of a table. Beyond 64, all share the last: then more is sent early than need be.
    fn table(&self, name: &str) -> u64 {
        let mut tables = self.tables.borrow_mut();
        let place = tables.iter().position(|known| known == name).unwrap_or_else(|| {
            tables.push(name.to_owned());
            tables.len().saturating_sub(1)
        });
        1 << place.min(63)
    }

    /// Begins a group: takes the one row that every writer of the organization takes first, so that from here to the
    /// commit nobody else writes.
    pub(super) fn begin(&self, ahead: Vec<Ahead>) -> Result<Since> {
        self.patience.set(ANSWER_WAIT);
        self.enter(
            "BEGIN ISOLATION LEVEL READ COMMITTED",
            "UPDATE turn SET count = count + 1 RETURNING count, forget",
            ahead,
        )
    }

    pub(super) fn begin_reading(&self) -> Result<Since> {
        self.patience.set(ANSWERS_WAIT);
        self.enter("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SELECT count, forget FROM turn", Vec::new())
    }

    fn enter(&self, begin: &str, turn: &str, ahead: Vec<Ahead>) -> Result<Since> {
        // One that once gave no answer may still be at what it was asked: it is never used again.
        if self.trouble.get() == Trouble::Lost {
            return Err(failure::lost().0);
        }
        *self.group.borrow_mut() = Group::default();
        self.wrote(None);
        self.broken.set(false);
        self.trouble.set(Trouble::None);
        let turn = self.prepare(turn, &[])?;
        let questions = self.questions(ahead)?;
        let asked = questions.iter().map(Questions::asked).collect::<Result<Vec<_>>>()?;
        self.in_transaction.set(true);
        let (row, answers) = self.wait_at_most(ANSWER_WAIT, async {
            let begun = self.client.batch_execute(begin);
            let turn = self.client.query_one(&turn.statement, &[]);
            futures_util::try_join!(begun, turn, self.ask(&asked)).map(|(_, row, answers)| (row, answers))
        })?;
        self.keep(&questions, answers)?;
        let row = Row::Postgres(&row);
        let since = Since { count: row.int(0)?, forget: row.int(1)? };
        self.since.set(Some(since));
        Ok(since)
    }

    pub(super) fn since(&self) -> Option<Since> {
        self.since.get().filter(|_| self.in_transaction.get())
    }

    pub(super) fn commit(&self) -> Result<()> {
        self.group.borrow_mut().text("COMMIT");
        self.send()?;
        self.in_transaction.set(false);
        Ok(())
    }

    pub(super) fn rollback(&self) {
        *self.group.borrow_mut() = Group::default();
        self.broken.set(false);
        if self.in_transaction.replace(false) && self.trouble.get() != Trouble::Lost {
            let _ = self.batch("ROLLBACK");
        }
    }

    /// Whether what is done now belongs to a transaction that can still be kept.
    pub(super) fn in_transaction(&self) -> bool {
        self.in_transaction.get() && !self.broken.get()
    }

    pub(super) fn savepoint(&self) {
        self.group.borrow_mut().savepoint();
    }

    pub(super) fn release(&self) {
        self.group.borrow_mut().release();
    }

    pub(super) fn undo(&self) {
        self.group.borrow_mut().undo();
    }

    /// Sends what is kept, if any of it touches these tables.
    fn flush(&self, tables: u64) -> Result<()> {
        let waiting = self.group.borrow().touches(tables);
        if waiting { self.send() } else { Ok(()) }
    }

    /// Sends what is kept, without waiting for one answer before the next is asked.
    fn send(&self) -> Result<()> {
        let requests = self.group.borrow_mut().take();
        let columns = requests.iter().map(Request::columns).collect::<Result<Vec<_>>>()?;
        self.wait_at_most(ANSWERS_WAIT, async {
            let mut answers = FuturesOrdered::new();
            for (request, columns) in requests.iter().zip(&columns) {
                answers.push_back(self.answer(request, columns));
            }
            // All are awaited: the first failure is the cause, those after it only say that the transaction failed.
            let mut outcome = Ok(());
            loop {
                match tokio::time::timeout(ANSWER_WAIT, answers.next()).await {
                    Err(_) => return Err(None),
                    Ok(None) => return outcome,
                    Ok(Some(Err(error))) if outcome.is_ok() => outcome = Err(Some(error)),
                    Ok(Some(_)) => {}
                }
            }
        })
    }

    async fn answer(
        &self,
        request: &Request,
        columns: &[Column<'_>],
    ) -> std::result::Result<(), tokio_postgres::Error> {
        match request {
            Request::Text(text) => self.client.batch_execute(text).await,
            Request::One { prepared, row } => {
                let values: Vec<Value<'_>> = row.iter().map(Kept::value).collect();
                self.client.execute_raw(&prepared.statement, values).await.map(drop)
            }
            Request::Many { prepared, rows, .. } if rows.len() == 1 => {
                let values: Vec<Value<'_>> = rows.iter().flatten().map(Kept::value).collect();
                self.client.execute_raw(&prepared.statement, values).await.map(drop)
            }
            Request::Many { many, .. } => self.client.execute_raw(many, columns).await.map(drop),
        }
    }

    /// Brings the schema up to date. Only its owner can.
    fn migrate(&mut self) -> Result<()> {
        let done = self.driver.wait(migrations::migrations::runner().run_async(&mut self.client));
        done.map(drop).map_err(|e| Error::fault(format!("the schema is not made: {e}")))
    }

    /// Refuses a schema that this build does not know.
    pub(super) fn check_schema(&mut self) -> Result<()> {
        let runner = migrations::migrations::runner();
        let known = runner.get_migrations().iter().map(|one| (one.version(), one.checksum())).max();
        let applied = self.driver.wait(runner.get_last_applied_migration_async(&mut self.client));
        let applied = applied.map_err(Error::fault)?.map(|one| (one.version(), one.checksum()));
        if applied == known {
            return Ok(());
        }
        Err(Error::refused(
            "database",
            "unknown_schema",
            "this database was written by another version of Probity: run that version, or bring the database up to this one's",
        ))
    }

    /// Every table's name with its columns' names, in order.
    pub(super) fn tables(&self) -> Result<Vec<(String, Vec<String>)>> {
        let rows = self.rows(
            "SELECT table_name::text, column_name::text FROM information_schema.columns
             WHERE table_schema = current_schema() ORDER BY table_name::text COLLATE \"C\", ordinal_position",
            &[],
        )?;
        let mut tables: Vec<(String, Vec<String>)> = Vec::new();
        for row in &rows {
            let row = Row::Postgres(row);
            let (table, column) = (row.text(0)?, row.text(1)?);
            match tables.last_mut() {
                Some((last, columns)) if *last == table => columns.push(column),
                _ => tables.push((table, vec![column])),
            }
        }
        Ok(tables)
    }

    /// How this server is set so that a commit is durable.
    pub(super) fn durability(&self) -> Result<String> {
        let rows = self.rows(
            "SELECT name || ' ' || setting FROM pg_settings
             WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'synchronous_standby_names') ORDER BY name",
            &[],
        )?;
        let all = rows.iter().map(|row| Row::Postgres(row).text(0)).collect::<Result<Vec<_>>>()?;
        Ok(all.join(", "))
    }

    pub(super) fn batch(&self, sql: &str) -> Result<()> {
        self.wait(self.client.batch_execute(sql))
    }

    /// Waits for an answer, but not for ever.
    fn wait<T, E: Into<Option<tokio_postgres::Error>>>(
        &self,
        asked: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T> {
        self.wait_at_most(self.patience.get(), asked)
    }

    fn wait_at_most<T, E: Into<Option<tokio_postgres::Error>>>(
        &self,
        most: Duration,
        asked: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T> {
        let answer = self.driver.wait(async { tokio::time::timeout(most, asked).await });
        let failed = match answer {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => error.into().map_or_else(failure::lost, |error| failure::told(&error)),
            Err(_) => failure::lost(),
        };
        let (error, trouble) = failed;
        self.trouble.set(trouble);
        if !self.group.borrow().can_undo() {
            self.broken.set(true);
        }
        Err(error)
    }
}
