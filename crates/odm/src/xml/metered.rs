//! Counts the bytes that pass, and ends the reading when a file or one token of it is too large.

use std::io::{self, BufRead, Read};

/// A buffered reader with limits on the whole and on one token.
pub(super) struct Metered<R> {
    inner: R,
    total: u64,
    total_max: u64,
    token: usize,
    token_max: usize,
    exceeded: Option<Exceeded>,
}

/// Which limit was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exceeded {
    Total,
    Token,
}

impl<R: BufRead> Metered<R> {
    pub(super) fn new(inner: R, total_max: u64, token_max: usize) -> Self {
        Self { inner, total: 0, total_max, token: 0, token_max, exceeded: None }
    }

    /// Begins a new token.
    pub(super) fn begin_token(&mut self) {
        self.token = 0;
    }

    pub(super) fn exceeded(&self) -> Option<Exceeded> {
        self.exceeded
    }
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let exceeded = if self.total > self.total_max {
            Some(Exceeded::Total)
        } else if self.token > self.token_max {
            Some(Exceeded::Token)
        } else {
            None
        };
        if exceeded.is_some() {
            self.exceeded = exceeded;
            return Err(io::Error::other("a limit was exceeded"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.total += count as u64;
        self.token += count;
        self.inner.consume(count);
    }
}
