//! A file on its way in, laid down to be read more than once. It lies sealed, block by block, under a key that only
//! this process has and that ends with it; the file has no name, so a crash leaves nothing to find.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use trial::ids::{Id, KeyId, OrganizationId};
use zeroize::Zeroizing;

use crate::{
    backend::{Location, hex},
    key::{Cell, SealKey},
    organization::Organization,
};

/// Bytes of one block, in clear.
const BLOCK: usize = 64 * 1024;
/// What sealing adds: algorithm, key, nonce, tag.
const SEAL: usize = 1 + 16 + 12 + 16;

/// A file laid down sealed, to be read and read again.
pub struct Spool {
    file: File,
    key: SealKey,
    organization: OrganizationId,
    length: u64,
    at: u64,
    /// The block read last, and which it is.
    block: Option<(u64, Zeroizing<Vec<u8>>)>,
}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spool").field("length", &self.length).finish_non_exhaustive()
    }
}

impl Organization {
    /// Lays a file down beside the data, to be read more than once.
    ///
    /// # Errors
    /// What reading `from` fails with; that the disk takes no more.
    pub fn spool(&self, from: impl Read) -> io::Result<Spool> {
        let Location::File { path, .. } = self.location();
        Spool::fill(path.parent().unwrap_or(Path::new(".")), self.id(), from)
    }
}

impl Spool {
    fn fill(folder: &Path, organization: OrganizationId, mut from: impl Read) -> io::Result<Self> {
        let (mut bytes, mut id) = (Zeroizing::new([0; 32]), [0; 16]);
        aws_lc_rs::rand::fill(&mut *bytes).map_err(|_| io::Error::other("the machine gives no randomness"))?;
        aws_lc_rs::rand::fill(&mut id).map_err(|_| io::Error::other("the machine gives no randomness"))?;
        let key = SealKey::new(KeyId::from_bytes(id), &bytes).map_err(io::Error::other)?;
        let file = nameless(&folder.join(format!("incoming-{}", hex(&id))))?;
        let mut spool = Spool { file, key, organization, length: 0, at: 0, block: None };
        let mut plain = Zeroizing::new(vec![0; BLOCK]);
        for number in 0.. {
            let filled = fill(&mut from, &mut plain)?;
            let Some(content) = plain.get(..filled).filter(|content| !content.is_empty()) else { break };
            let sealed = spool.key.seal(spool.cell(number, &id), content).map_err(io::Error::other)?;
            spool.file.write_all(&sealed)?;
            spool.length = spool.length.saturating_add(filled as u64);
        }
        Ok(spool)
    }

    /// Its length.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// A block opens at its own number only.
    fn cell<'a>(&self, number: u32, key: &'a [u8; 16]) -> Cell<'a> {
        Cell { organization: self.organization, kind: "incoming", key, version: number }
    }

    fn open(&mut self, number: u64) -> io::Result<()> {
        if self.block.as_ref().is_some_and(|(held, _)| *held == number) {
            return Ok(());
        }
        let sealed_block = (BLOCK as u64).saturating_add(SEAL as u64);
        self.file.seek(SeekFrom::Start(number.saturating_mul(sealed_block)))?;
        let mut sealed = Vec::new();
        (&mut self.file).take(sealed_block).read_to_end(&mut sealed)?;
        let id = self.key.id();
        let cell = self.cell(u32::try_from(number).map_err(io::Error::other)?, id.bytes());
        let plain = self.key.open(cell, &sealed).ok_or_else(|| io::Error::other("an incoming file was changed"))?;
        self.block = Some((number, plain));
        Ok(())
    }
}

impl Read for Spool {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.length || into.is_empty() {
            return Ok(0);
        }
        let number = self.at / BLOCK as u64;
        self.open(number)?;
        let within = usize::try_from(self.at % BLOCK as u64).map_err(io::Error::other)?;
        let rest = self.block.as_ref().and_then(|(_, block)| block.get(within..)).unwrap_or_default();
        let count = rest.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at = self.at.saturating_add(count as u64);
        Ok(count)
    }
}

impl Seek for Spool {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "before the beginning"))?;
        Ok(self.at)
    }
}

/// A new file, readable by its owner, whose name is taken away at once: it is gone when it is closed, however.
fn nameless(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options.open(path)?;
    fs::remove_file(path)?;
    Ok(file)
}

/// Reads until the buffer is full or there is no more.
fn fill(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0_usize;
    while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(read) => filled = filled.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(content: &[u8]) -> io::Result<Spool> {
        Spool::fill(&std::env::temp_dir(), OrganizationId::from_bytes([1; 16]), content)
    }

    #[test]
    fn what_was_laid_down_is_read_again_from_anywhere() -> io::Result<()> {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17] {
            let content: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap_or(0)).collect();
            let mut spool = spool(&content)?;
            assert_eq!(spool.length(), length as u64);
            for _ in 0..2 {
                let mut read = Vec::new();
                spool.rewind()?;
                spool.read_to_end(&mut read)?;
                assert!(read == content, "{length}");
            }
            if length > 10 {
                let mut last = Vec::new();
                spool.seek(SeekFrom::End(-5))?;
                spool.read_to_end(&mut last)?;
                assert_eq!(Some(&*last), content.get(length - 5..));
            }
        }
        Ok(())
    }

    #[test]
    fn what_lies_on_the_disk_is_sealed_and_cannot_be_changed() -> io::Result<()> {
        let mut spool = spool(b"a value that nobody may read")?;
        let mut raw = Vec::new();
        spool.file.rewind()?;
        spool.file.read_to_end(&mut raw)?;
        assert!(!raw.windows(5).any(|part| part == b"value"));
        spool.file.seek(SeekFrom::Start(40))?;
        spool.file.write_all(&[0, 0])?;
        spool.rewind()?;
        assert!(spool.read(&mut [0; 8]).is_err());
        Ok(())
    }
}
