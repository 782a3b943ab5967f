//! A file on its way in, laid down so that it can be read more than once. What does not fit in one block in memory
//! lies on disk, sealed block by block under a key that only memory has, in a file that has no name any more: nobody
//! finds a value there, and nothing stays behind when the process dies.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Plain bytes of a block.
const BLOCK: usize = 1024 * 1024;
const TAG: usize = 16;

/// A file that was taken in whole, to be read from any place.
pub struct Spool {
    /// `None` where all of it is the block in memory.
    file: Option<File>,
    key: LessSafeKey,
    length: u64,
    position: u64,
    /// The block in memory, and which it is.
    block: Zeroizing<Vec<u8>>,
    number: u64,
}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spool").field("length", &self.length).finish_non_exhaustive()
    }
}

impl Spool {
    /// Takes all of `from`. `folder` is where it may lie.
    ///
    /// # Errors
    /// Refused with what went wrong reading it; `Busy` where the disk takes no more.
    pub fn take(mut from: impl Read, folder: &Path) -> Result<Self> {
        let mut secret = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(&mut *secret).map_err(Error::fault)?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*secret).map_err(Error::fault)?);
        let mut spool = Spool { file: None, key, length: 0, position: 0, block: Zeroizing::new(Vec::new()), number: 0 };
        loop {
            let mut block = Zeroizing::new(Vec::new());
            from.by_ref().take(BLOCK as u64).read_to_end(&mut block).map_err(|error| unreadable(&error))?;
            let last = block.len() < BLOCK;
            spool.length = spool.length.saturating_add(block.len() as u64);
            if last && spool.file.is_none() {
                spool.block = block;
                return Ok(spool);
            }
            if !block.is_empty() {
                spool.lay_down(&block, folder).map_err(|error| not_written(&error))?;
            }
            if last {
                spool.number = u64::MAX;
                return Ok(spool);
            }
        }
    }

    /// How long it is.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    fn lay_down(&mut self, block: &[u8], folder: &Path) -> io::Result<()> {
        let mut sealed = block.to_vec();
        self.key
            .seal_in_place_append_tag(nonce(self.number), Aad::empty(), &mut sealed)
            .map_err(|_| io::Error::other("sealing failed"))?;
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(nameless(folder)?),
        };
        file.write_all(&sealed)?;
        self.number = self.number.saturating_add(1);
        Ok(())
    }

    /// Brings this block into memory.
    fn load(&mut self, number: u64) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        if self.number == number {
            return Ok(());
        }
        let start = number.saturating_mul(BLOCK as u64);
        let plain = usize::try_from(self.length.saturating_sub(start)).unwrap_or(BLOCK).min(BLOCK);
        file.seek(SeekFrom::Start(number.saturating_mul((BLOCK + TAG) as u64)))?;
        let mut block = Zeroizing::new(vec![0; plain.saturating_add(TAG)]);
        file.read_exact(&mut block)?;
        let opened = self.key.open_in_place(nonce(number), Aad::empty(), &mut block).map(|opened| opened.len());
        block.truncate(opened.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "changed on disk meanwhile"))?);
        (self.block, self.number) = (block, number);
        Ok(())
    }
}

impl Read for Spool {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.length {
            return Ok(0);
        }
        self.load(self.position / BLOCK as u64)?;
        let offset = usize::try_from(self.position % BLOCK as u64).unwrap_or(0);
        let count = self.block.get(offset..).unwrap_or_default().read(into)?;
        self.position = self.position.saturating_add(count as u64);
        Ok(count)
    }
}

impl Seek for Spool {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// A block's nonce is its number: the key seals one file only, and each block of it once.
fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    if let Some(tail) = bytes.get_mut(NONCE_LEN - 8..) {
        tail.copy_from_slice(&number.to_be_bytes());
    }
    Nonce::assume_unique_for_key(bytes)
}

/// A new file that no name leads to.
fn nameless(folder: &Path) -> io::Result<File> {
    let name = crate::fresh_token().map_err(io::Error::other)?;
    let path = folder.join(format!(".incoming-{name}"));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options.open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

fn unreadable(error: &io::Error) -> Error {
    let code = match error.kind() {
        io::ErrorKind::FileTooLarge => "too_large",
        io::ErrorKind::UnexpectedEof => "truncated",
        _ => "unreadable",
    };
    Error::refused("file", code, format!("the file could not be read: {error}; nothing was stored"))
}

fn not_written(error: &io::Error) -> Error {
    tracing::warn!(%error, "a file on its way in could not be laid down");
    Error::Busy {
        message: "the disk takes no more: nothing was stored. Free some space and try again".into(),
        retry_after: 30,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|n| (n % 251) as u8).collect()
    }

    #[test]
    fn what_was_taken_is_read_again_from_any_place() -> io::Result<()> {
        let folder = std::env::temp_dir();
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 7] {
            let whole = bytes(length);
            let mut spool = Spool::take(whole.as_slice(), &folder).map_err(io::Error::other)?;
            assert_eq!(spool.length(), length as u64);
            for from in [0, length / 2, length.saturating_sub(3)] {
                spool.seek(SeekFrom::Start(from as u64))?;
                let mut again = Vec::new();
                spool.read_to_end(&mut again)?;
                assert!(whole.get(from..) == Some(again.as_slice()), "{length} from {from}");
            }
        }
        Ok(())
    }

    #[test]
    fn what_lies_on_disk_is_sealed() -> io::Result<()> {
        let mut spool = Spool::take(bytes(2 * BLOCK).as_slice(), &std::env::temp_dir()).map_err(io::Error::other)?;
        let mut laid = Vec::new();
        if let Some(file) = &mut spool.file {
            file.rewind()?;
            file.read_to_end(&mut laid)?;
        }
        assert_eq!(laid.len(), 2 * (BLOCK + TAG));
        let clear = bytes(64);
        assert!(!laid.windows(64).any(|window| window == clear));
        Ok(())
    }
}
