//! A file's SHA-256 and length, taken as its bytes pass.

use std::io::{self, Read, Write};

use aws_lc_rs::digest::{Context, SHA256};
use ledger::Hash;

/// What went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digested {
    /// SHA-256.
    pub digest: Hash,
    /// How many bytes.
    pub bytes: u64,
}

struct Running {
    context: Context,
    bytes: u64,
}

impl Running {
    fn new() -> Self {
        Running { context: Context::new(&SHA256), bytes: 0 }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
    }

    fn so_far(&self) -> Digested {
        let mut digest = [0; 32];
        digest.copy_from_slice(self.context.clone().finish().as_ref());
        Digested { digest: Hash(digest), bytes: self.bytes }
    }
}

/// Writes through to another writer, and knows what it wrote.
pub struct HashWriter<W> {
    inner: W,
    running: Running,
}

impl<W: Write> HashWriter<W> {
    /// Writes to `inner`.
    pub fn new(inner: W) -> Self {
        HashWriter { inner, running: Running::new() }
    }

    /// What was written so far.
    #[must_use]
    pub fn digested(&self) -> Digested {
        self.running.so_far()
    }

    /// The writer beneath.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

impl<W: std::fmt::Debug> std::fmt::Debug for HashWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HashWriter").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<W: Write> Write for HashWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.running.take(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Reads through, knows what it read, and tells how far it is.
pub(super) struct HashReader<R, P> {
    inner: R,
    running: Running,
    progress: P,
}

impl<R: Read, P: FnMut(u64)> HashReader<R, P> {
    pub(super) fn new(inner: R, progress: P) -> Self {
        HashReader { inner, running: Running::new(), progress }
    }

    /// Reads what a reader above left unread, and says what the whole was.
    pub(super) fn whole(&mut self) -> io::Result<Digested> {
        io::copy(self, &mut io::sink())?;
        Ok(self.running.so_far())
    }
}

impl<R: Read, P: FnMut(u64)> Read for HashReader<R, P> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.running.take(into.get(..read).unwrap_or_default());
        (self.progress)(self.running.bytes);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn reader_and_writer_agree_with_the_one_shot_hash() {
        let mut writer = HashWriter::new(Vec::new());
        writer.write_all(b"ab").unwrap();
        writer.write_all(b"c").unwrap();
        let whole = Digested { digest: ledger::sha256(b"abc"), bytes: 3 };
        assert_eq!(writer.digested(), whole);
        let mut seen = 0;
        let mut reader = HashReader::new(&b"abc"[..], |bytes| seen = bytes);
        let mut first = [0; 1];
        reader.read_exact(&mut first).unwrap();
        assert_eq!(reader.whole().unwrap(), whole);
        assert_eq!(seen, 3);
    }
}
