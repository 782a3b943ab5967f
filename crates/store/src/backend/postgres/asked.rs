//! What acts will ask, asked beforehand: all questions of a group at once, and those of one text as one statement.

use std::{collections::HashMap, sync::Arc};

use futures_util::stream::{FuturesOrdered, TryStreamExt};
use tokio_postgres::{Error as PgError, Row as RawRow, Statement};

use super::{ALL, Postgres, Prepared, text, value, value::Column};
use crate::{
    backend::{Ahead, Kept, Value},
    error::{Error, Result},
};

/// By statement and parameters, what a question is about and the rows that answer it.
#[derive(Default)]
pub(super) struct Answers(HashMap<&'static str, HashMap<Vec<Kept>, Answer>>);

struct Answer {
    about: [u8; 16],
    rows: Vec<RawRow>,
}

/// Questions of one text.
pub(super) struct Questions {
    sql: &'static str,
    prepared: Arc<Prepared>,
    about: Vec<[u8; 16]>,
    /// The parameters of each.
    rows: Vec<Vec<Kept>>,
}

/// The same, ready to be sent.
pub(super) enum Asked<'a> {
    One(&'a Statement, Vec<Value<'a>>),
    Many(&'a Statement, Vec<Column<'a>>),
}

impl Postgres {
    pub(in crate::backend) fn ahead(&self, ahead: Vec<Ahead>) -> Result<()> {
        // What the acts before these wrote is sent first, so that the answers tell of it.
        self.flush(ALL)?;
        let questions = self.questions(ahead)?;
        let asked = questions.iter().map(Questions::asked).collect::<Result<Vec<_>>>()?;
        let answers = self.wait(self.ask(&asked))?;
        self.keep(&questions, answers)
    }

    /// Something of these was written, or nobody says what.
    pub(in crate::backend) fn wrote(&self, about: Option<&[[u8; 16]]>) {
        let mut answers = self.answers.borrow_mut();
        match about {
            None => answers.0.clear(),
            Some(about) => answers.0.values_mut().for_each(|all| all.retain(|_, of| !about.contains(&of.about))),
        }
    }

    /// The answer to a question, where it was asked beforehand; given once.
    pub(super) fn answered(&self, sql: &str, values: &[Value<'_>]) -> Option<Vec<RawRow>> {
        let mut answers = self.answers.borrow_mut();
        let answered = answers.0.get_mut(sql).filter(|answered| !answered.is_empty())?;
        answered.remove(&values.iter().map(Kept::from).collect::<Vec<_>>()).map(|answer| answer.rows)
    }

    /// Questions by their text, each prepared.
    pub(super) fn questions(&self, ahead: Vec<Ahead>) -> Result<Vec<Questions>> {
        let mut all: Vec<Questions> = Vec::new();
        for Ahead { about, sql, values } in ahead {
            if let Some(same) = all.iter_mut().find(|questions| questions.sql == sql) {
                same.about.push(about);
                same.rows.push(values);
                continue;
            }
            let prepared = self.prepare(sql, &values.iter().map(Kept::value).collect::<Vec<_>>())?;
            all.push(Questions { sql, prepared, about: vec![about], rows: vec![values] });
        }
        for questions in all.iter().filter(|questions| questions.rows.len() > 1) {
            self.prepare_many(questions)?;
        }
        Ok(all)
    }

    fn prepare_many(&self, questions: &Questions) -> Result<()> {
        let prepared = &questions.prepared;
        if prepared.questions.get().is_some() {
            return Ok(());
        }
        let types = prepared.statement.params().iter().map(value::name).collect::<Option<Vec<_>>>();
        let types = types.ok_or_else(|| Error::fault("a parameter of another type"))?;
        let statement = self.wait(self.client.prepare(&text::many_questions(questions.sql, &types)))?;
        // Nobody else sets it: a connection is one thread's.
        let _ = prepared.questions.set(statement);
        Ok(())
    }

    /// Asks all of them without waiting for one answer before the next question.
    pub(super) async fn ask(&self, asked: &[Asked<'_>]) -> Result<Vec<Vec<RawRow>>, PgError> {
        let rows = asked.iter().map(|asked| async {
            let rows = match asked {
                Asked::One(statement, values) => self.client.query_raw(*statement, values.iter().copied()).await?,
                Asked::Many(statement, columns) => self.client.query_raw(*statement, columns).await?,
            };
            rows.try_collect().await
        });
        rows.collect::<FuturesOrdered<_>>().try_collect().await
    }

    /// Keeps the answers until they are asked for.
    pub(super) fn keep(&self, questions: &[Questions], answers: Vec<Vec<RawRow>>) -> Result<()> {
        let mut kept = self.answers.borrow_mut();
        for (questions, rows) in questions.iter().zip(answers) {
            let mut each: Vec<Vec<RawRow>> = questions.rows.iter().map(|_| Vec::new()).collect();
            let many = questions.rows.len() > 1;
            for row in rows {
                let place = if many { place(&row)? } else { 0 };
                each.get_mut(place).ok_or_else(|| Error::fault("an answer to no question"))?.push(row);
            }
            let answers = questions.about.iter().zip(each).map(|(about, rows)| Answer { about: *about, rows });
            kept.0.entry(questions.sql).or_default().extend(questions.rows.iter().cloned().zip(answers));
        }
        Ok(())
    }
}

impl Questions {
    /// The statement that asks them, with its parameters.
    pub(super) fn asked(&self) -> Result<Asked<'_>> {
        match (self.rows.as_slice(), self.prepared.questions.get()) {
            ([row], _) => Ok(Asked::One(&self.prepared.statement, row.iter().map(Kept::value).collect())),
            (rows, Some(statement)) => {
                let types = self.prepared.statement.params().iter().enumerate();
                let columns = types.map(|(place, of)| Column::of(of, rows, place)).collect::<Option<_>>();
                Ok(Asked::Many(statement, columns.ok_or_else(|| Error::fault("a value of another type"))?))
            }
            _ => Err(Error::fault("questions without a statement")),
        }
    }
}

/// Which question, from 0, a row answers: its last column.
fn place(row: &RawRow) -> Result<usize> {
    let last = row.len().checked_sub(1).ok_or_else(|| Error::fault("a row without a column"))?;
    let place: i64 = row.try_get(last).map_err(Error::fault)?;
    usize::try_from(place.saturating_sub(1)).map_err(Error::fault)
}
