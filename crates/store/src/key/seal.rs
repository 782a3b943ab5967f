//! Sealing: AES-256-GCM with associated data that names the cell, so that a ciphertext moved elsewhere does not open.
//!
//! Format: algorithm (1 byte, 1 = AES-256-GCM), id of the key (16), nonce (12), ciphertext, tag (16).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use trial::ids::{Id, KeyId, OrganizationId};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

const AES_256_GCM_ID: u8 = 1;
const HEAD: usize = 1 + 16 + NONCE_LEN;
pub(super) const TAG: usize = 16;

/// The cell that a sealed value belongs to: it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell<'a> {
    pub organization: OrganizationId,
    pub kind: &'a str,
    pub key: &'a [u8; 16],
    pub version: u32,
}

impl Cell<'_> {
    pub(super) fn associated_data(&self, head: &[u8]) -> Vec<u8> {
        let mut data = Vec::with_capacity(96);
        data.extend_from_slice(b"probity/sealed/1");
        data.extend_from_slice(self.organization.bytes());
        data.extend_from_slice(self.key);
        data.extend_from_slice(&self.version.to_be_bytes());
        data.extend_from_slice(head);
        // Last, since its length varies.
        data.extend_from_slice(self.kind.as_bytes());
        data
    }
}

/// A key that seals and opens.
pub(crate) struct SealKey {
    id: KeyId,
    key: LessSafeKey,
}

impl SealKey {
    pub(crate) fn new(id: KeyId, bytes: &[u8; 32]) -> Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, bytes).map_err(Error::fault)?;
        Ok(SealKey { id, key: LessSafeKey::new(key) })
    }

    pub(crate) fn id(&self) -> KeyId {
        self.id
    }

    /// Seals under a fresh random nonce. A key seals far fewer than 2^32 values (SP 800-38D 8.3): one subject's,
    /// one person's, or one study's definitions and sites.
    pub(crate) fn seal(&self, cell: Cell<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).map_err(Error::fault)?;
        let mut out = head(self.id, plain.len());
        let data = cell.associated_data(&out);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plain);
        let (_, body) = out.split_at_mut(HEAD);
        let tag = self
            .key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(data), body)
            .map_err(Error::fault)?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    /// Opens what this key sealed for this cell. `None`: another key, another cell, or a changed byte.
    pub(crate) fn open(&self, cell: Cell<'_>, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let Sealed { head, nonce, body } = Sealed::by(self.id, sealed)?;
        let data = cell.associated_data(head);
        let mut body = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let length = self.key.open_in_place(nonce, Aad::from(data), &mut body).ok()?.len();
        body.truncate(length);
        Some(body)
    }
}

/// What a sealed value begins with, and room for the rest.
pub(super) fn head(id: KeyId, plain: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD + plain + TAG);
    out.push(AES_256_GCM_ID);
    out.extend_from_slice(id.bytes());
    out
}

/// A sealed value in its parts; the tag ends the body.
pub(super) struct Sealed<'a> {
    pub head: &'a [u8],
    pub nonce: [u8; NONCE_LEN],
    pub body: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// The parts of what a key sealed. `None` where it is another's, or nothing that was sealed.
    pub(super) fn by(key: KeyId, sealed: &'a [u8]) -> Option<Self> {
        let (head, rest) = sealed.split_at_checked(17)?;
        let (nonce, body) = rest.split_first_chunk()?;
        let ours = head.first() == Some(&AES_256_GCM_ID) && sealed_key_id(sealed)? == key;
        ours.then_some(Sealed { head, nonce: *nonce, body })
    }
}

/// Which key sealed this; `None` where it is not a sealed value.
pub(crate) fn sealed_key_id(sealed: &[u8]) -> Option<KeyId> {
    let bytes = sealed.get(1..17)?;
    Some(KeyId::from_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(key: &[u8; 16], version: u32) -> Cell<'_> {
        Cell { organization: OrganizationId::from_bytes([1; 16]), kind: "item_group", key, version }
    }

    #[test]
    fn a_value_opens_in_its_own_cell_only() -> Result<()> {
        let key = SealKey::new(KeyId::from_bytes([7; 16]), &[8; 32])?;
        let sealed = key.seal(cell(&[2; 16], 3), b"120")?;
        assert_eq!(key.open(cell(&[2; 16], 3), &sealed).as_deref().map(Vec::as_slice), Some(&b"120"[..]));
        assert!(key.open(cell(&[2; 16], 4), &sealed).is_none(), "another version");
        assert!(key.open(cell(&[3; 16], 3), &sealed).is_none(), "another record");
        let other = Cell { kind: "form", ..cell(&[2; 16], 3) };
        assert!(key.open(other, &sealed).is_none(), "another table");
        let other = Cell { organization: OrganizationId::from_bytes([9; 16]), ..cell(&[2; 16], 3) };
        assert!(key.open(other, &sealed).is_none(), "another organization");
        Ok(())
    }

    #[test]
    fn no_nonce_comes_twice_under_a_key() -> Result<()> {
        let key = SealKey::new(KeyId::from_bytes([7; 16]), &[8; 32])?;
        let sealed = |_| key.seal(cell(&[2; 16], 1), b"the same value in the same cell");
        let all: Vec<Vec<u8>> = (0..20_000).map(sealed).collect::<Result<_>>()?;
        let nonces: std::collections::HashSet<&[u8]> = all.iter().filter_map(|one| one.get(17..HEAD)).collect();
        assert_eq!((nonces.len(), HEAD), (all.len(), 17 + NONCE_LEN));
        Ok(())
    }

    #[test]
    fn no_byte_of_a_sealed_value_can_change() -> Result<()> {
        let key = SealKey::new(KeyId::from_bytes([7; 16]), &[8; 32])?;
        let sealed = key.seal(cell(&[2; 16], 1), b"a value")?;
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= 1;
            }
            assert!(key.open(cell(&[2; 16], 1), &changed).is_none(), "byte {at}");
        }
        assert!(key.open(cell(&[2; 16], 1), &[]).is_none());
        Ok(())
    }
}
