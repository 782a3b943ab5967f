//! What a group of acts wrote and has not sent yet. An act that fails takes back what it wrote here; only where some of it
//! was sent already does the server need a savepoint.

use std::{
    collections::HashSet,
    mem,
    sync::{Arc, OnceLock},
};

use tokio_postgres::Statement;

use super::value::Column;
use crate::backend::Kept;
use crate::error::{Error, Result};

/// Rows sent in one statement.
const ROWS_MAX: usize = 1_000;

/// A statement that the server knows.
pub(super) struct Prepared<S = Statement> {
    pub statement: S,
    /// The tables it touches, one bit each.
    pub tables: u64,
    /// The same for many rows at once, where it writes.
    pub many: Option<S>,
    /// The same for many questions at once, where it asks; prepared when first needed.
    pub questions: OnceLock<S>,
}

pub(super) struct Group<S = Statement> {
    kept: Vec<Piece<S>>,
    /// Where the act in hand begins in `kept`.
    act: Option<usize>,
    /// The act in hand has a savepoint on the server.
    sent: bool,
}

enum Piece<S> {
    Write(Arc<Prepared<S>>, Vec<Kept>),
    Text(&'static str),
}

/// One thing to send.
pub(super) enum Request<S = Statement> {
    Text(&'static str),
    One { prepared: Arc<Prepared<S>>, row: Vec<Kept> },
    Many { prepared: Arc<Prepared<S>>, many: S, rows: Vec<Vec<Kept>>, ids: HashSet<Kept> },
}

impl<S> Default for Group<S> {
    fn default() -> Self {
        Group { kept: Vec::new(), act: None, sent: false }
    }
}

impl<S: Clone> Group<S> {
    pub(super) fn push(&mut self, prepared: Arc<Prepared<S>>, row: Vec<Kept>) {
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
    pub(super) fn take(&mut self) -> Vec<Request<S>> {
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
fn add<S: Clone>(requests: &mut Vec<Request<S>>, prepared: Arc<Prepared<S>>, row: Vec<Kept>) {
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

impl<S> Request<S> {
    /// Whether a write may come before this one: it touches other tables, or another row of the one table of both.
    fn leaves_alone(&self, write: &Prepared<S>, of: Option<&Kept>) -> bool {
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
}

impl Request {
    /// The rows as columns, where there are many.
    pub(super) fn columns(&self) -> Result<Vec<Column<'_>>> {
        let Request::Many { prepared, rows, .. } = self else { return Ok(Vec::new()) };
        if rows.len() < 2 {
            return Ok(Vec::new());
        }
        let count = rows.first().map_or(0, Vec::len);
        (0..count)
            .zip(prepared.statement.params())
            .map(|(place, of)| Column::of(of, rows, place).ok_or_else(|| Error::fault("a value of another type")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]

    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// What a test does with a group.
    #[derive(Debug, Clone)]
    enum Step {
        Write { statement: usize, row: u8 },
        Savepoint,
        Release,
        Undo,
        Send,
    }

    /// Statements as there are: of one table or of several, sent as many or not, about the row of an id or not.
    const STATEMENTS: [(u64, bool, bool); 7] = [
        (0b001, true, true),
        (0b001, true, true),
        (0b010, true, true),
        (0b010, true, false),
        (0b100, false, true),
        (0b011, true, true),
        (0b101, false, false),
    ];

    /// Tables, row by row: the numbers of the writes to it, with what the statement saw in its other tables.
    type State = HashMap<(u64, Option<Kept>), Vec<(u64, usize)>>;

    fn write(state: &mut State, tables: u64, row: &[Kept]) {
        let first = tables & tables.wrapping_neg();
        let others = tables & !first;
        let seen = state.iter().filter(|((table, _), _)| table & others != 0).map(|(_, all)| all.len()).sum();
        let number = match row.last() {
            Some(Kept::Int(number)) => number.unsigned_abs(),
            _ => 0,
        };
        state.entry((first, id(row).cloned())).or_default().push((number, seen));
    }

    /// What a server makes of requests.
    fn serve(requests: Vec<Request<()>>, state: &mut State, savepoint: &mut Option<State>) {
        for request in requests {
            match request {
                Request::Text("SAVEPOINT act") => *savepoint = Some(state.clone()),
                Request::Text("ROLLBACK TO SAVEPOINT act") => {
                    *state = savepoint.clone().expect("a savepoint to go back to");
                }
                Request::Text("RELEASE SAVEPOINT act") => drop(savepoint.take().expect("a savepoint to release")),
                Request::Text(other) => panic!("{other}"),
                Request::One { prepared, row } => write(state, prepared.tables, &row),
                Request::Many { prepared, rows, ids, .. } => {
                    assert!(ids.is_empty() || ids.len() == rows.len(), "a row twice in one statement");
                    rows.iter().for_each(|row| write(state, prepared.tables, row));
                }
            }
        }
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            8 => (0..STATEMENTS.len(), 0_u8..4)
                .prop_map(|(statement, row)| Step::Write { statement, row }),
            2 => Just(Step::Savepoint),
            2 => Just(Step::Release),
            1 => Just(Step::Undo),
            1 => Just(Step::Send),
        ];
        prop::collection::vec(step, 0..60)
    }

    proptest! {
        #[test]
        fn what_is_sent_comes_to_the_same_as_one_write_after_the_other(steps in steps()) {
            let statements = STATEMENTS.map(|(tables, many, _)| {
                Arc::new(Prepared { statement: (), tables, many: many.then_some(()), questions: OnceLock::new() })
            });
            let (mut group, mut sent, mut at_server) = (Group::default(), State::new(), None);
            let (mut plain, mut before) = (State::new(), None);
            for (number, step) in (1_i64..).zip(steps) {
                match step {
                    Step::Write { statement, row } => {
                        let (tables, _, of_a_row) = STATEMENTS[statement];
                        let id = if of_a_row { Kept::Blob([row].into()) } else { Kept::Null };
                        let row = vec![id, Kept::Int(number)];
                        write(&mut plain, tables, &row);
                        group.push(Arc::clone(&statements[statement]), row);
                    }
                    // An act begins when the one before has ended.
                    Step::Savepoint if before.is_none() => {
                        before = Some(plain.clone());
                        group.savepoint();
                    }
                    Step::Release if before.take().is_some() => group.release(),
                    Step::Undo => {
                        if let Some(before) = before.take() {
                            plain = before;
                            group.undo();
                        }
                    }
                    Step::Send => serve(group.take(), &mut sent, &mut at_server),
                    Step::Savepoint | Step::Release => {}
                }
            }
            if before.is_some() {
                group.release();
            }
            serve(group.take(), &mut sent, &mut at_server);
            prop_assert_eq!(sent, plain);
            prop_assert!(at_server.is_none(), "a savepoint stays");
        }
    }

    #[test]
    fn rows_of_one_statement_are_sent_as_one() {
        let insert = Arc::new(Prepared { statement: (), tables: 1, many: Some(()), questions: OnceLock::new() });
        let other = Arc::new(Prepared { statement: (), tables: 2, many: Some(()), questions: OnceLock::new() });
        let mut group = Group::default();
        for n in 0..20_u8 {
            group.savepoint();
            group.push(Arc::clone(&insert), vec![Kept::Blob([n].into())]);
            group.push(Arc::clone(&other), vec![Kept::Blob([n].into())]);
            group.release();
        }
        let sent = group.take();
        let rows: Vec<usize> =
            sent.iter().map(|request| if let Request::Many { rows, .. } = request { rows.len() } else { 0 }).collect();
        assert_eq!(rows, [20, 20]);
    }
}
