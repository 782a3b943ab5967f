//! What a group of acts wrote and has not sent yet. An act that fails takes back what it wrote here; only where some of it
//! was sent already does the server need a savepoint.

use std::{collections::HashSet, mem, sync::Arc};

use tokio_postgres::Statement;

use super::{Prepared, value::Column};
use crate::backend::Kept;
use crate::error::{Error, Result};

/// Rows sent in one statement.
const ROWS_MAX: usize = 1_000;

#[derive(Default)]
pub(super) struct Group {
    kept: Vec<Piece>,
    /// Where the act in hand begins in `kept`.
    act: Option<usize>,
    /// The act in hand has a savepoint on the server.
    sent: bool,
}

enum Piece {
    Write(Arc<Prepared>, Vec<Kept>),
    Text(&'static str),
}

/// One thing to send.
pub(super) enum Request {
    Text(&'static str),
    One { prepared: Arc<Prepared>, row: Vec<Kept> },
    Many { prepared: Arc<Prepared>, many: Statement, rows: Vec<Vec<Kept>>, ids: HashSet<Kept> },
}

impl Group {
    pub(super) fn push(&mut self, prepared: Arc<Prepared>, row: Vec<Kept>) {
        self.kept.push(Piece::Write(prepared, row));
    }

    pub(super) fn text(&mut self, text: &'static str) {
        self.kept.push(Piece::Text(text));
    }

    pub(super) fn savepoint(&mut self) {
        self.act = Some(self.kept.len());
        self.sent = false;
    }

    pub(super) fn release(&mut self) {
        self.act = None;
        if mem::take(&mut self.sent) {
            self.text("RELEASE SAVEPOINT act");
        }
    }

    pub(super) fn undo(&mut self) {
        if let Some(begin) = self.act.take() {
            self.kept.truncate(begin);
        }
        if mem::take(&mut self.sent) {
            self.text("ROLLBACK TO SAVEPOINT act");
            self.text("RELEASE SAVEPOINT act");
        }
    }

    /// Whether a failure now can be taken back on the server.
    pub(super) fn can_undo(&self) -> bool {
        self.sent
    }

    /// Whether anything that is kept touches one of these tables.
    pub(super) fn touches(&self, tables: u64) -> bool {
        self.kept.iter().any(|piece| match piece {
            Piece::Write(prepared, _) => prepared.tables & tables != 0,
            // A savepoint that is given up changes what every table holds.
            Piece::Text(_) => true,
        })
    }

    /// All that is kept, in an order that comes to the same, with many insertions made one where that may be.
    pub(super) fn take(&mut self) -> Vec<Request> {
        let begin = self.act.map_or(usize::MAX, |act| if self.sent { usize::MAX } else { act });
        let mut requests = Vec::new();
        for (place, piece) in mem::take(&mut self.kept).into_iter().enumerate() {
            if place == begin {
                requests.push(Request::Text("SAVEPOINT act"));
                self.sent = true;
            }
            match piece {
                Piece::Text(text) => requests.push(Request::Text(text)),
                Piece::Write(prepared, row) => add(&mut requests, prepared, row),
            }
        }
        self.act = self.act.map(|_| 0);
        requests
    }
}

/// Adds a write: to the last one like it, unless something between, or that one itself, touches the same row.
fn add(requests: &mut Vec<Request>, prepared: Arc<Prepared>, row: Vec<Kept>) {
    let Some(many) = prepared.many.clone() else {
        requests.push(Request::One { prepared, row });
        return;
    };
    let id = id(&row).cloned();
    for request in requests.iter_mut().rev() {
        match request {
            Request::Many { prepared: same, rows, ids, .. }
                if Arc::ptr_eq(same, &prepared) && rows.len() < ROWS_MAX =>
            {
                if id.as_ref().is_none_or(|id| !ids.contains(id)) {
                    rows.push(row);
                    ids.extend(id);
                    return;
                }
                break;
            }
            request if !request.leaves_alone(&prepared, id.as_ref()) => break,
            _ => {}
        }
    }
    requests.push(Request::Many { prepared, many, rows: vec![row], ids: id.into_iter().collect() });
}

/// The id of the row that a write is about: its first parameter, where that is one.
fn id(row: &[Kept]) -> Option<&Kept> {
    row.first().filter(|first| matches!(first, Kept::Blob(_)))
}

impl Request {
    /// Whether a write may come before this one: it touches other tables, or another row of the one table of both.
    fn leaves_alone(&self, write: &Prepared, of: Option<&Kept>) -> bool {
        let (prepared, apart) = match self {
            Request::Text(_) => return false,
            Request::One { prepared, row } => (prepared, of.is_some() && id(row).is_some_and(|id| Some(id) != of)),
            Request::Many { prepared, ids, rows, .. } => {
                (prepared, ids.len() == rows.len() && of.is_some_and(|of| !ids.contains(of)))
            }
        };
        prepared.tables & write.tables == 0
            || (apart && prepared.tables == write.tables && write.tables.is_power_of_two())
    }

    /// The rows as columns, where there are many.
    pub(super) fn columns(&self) -> Result<Vec<Column<'_>>> {
        let Request::Many { prepared, rows, .. } = self else { return Ok(Vec::new()) };
        let count = rows.first().map_or(0, Vec::len);
        (0..count)
            .zip(prepared.statement.params())
            .map(|(place, of)| Column::of(of, rows, place).ok_or_else(|| Error::fault("a value of another type")))
            .collect()
    }
}
