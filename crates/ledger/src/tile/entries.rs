//! Entry bundles: up to 256 entries, each after its length as a big-endian 16-bit number.

use super::TileError;

/// A bundle of these entries, in order.
///
/// # Errors
/// [`TileError::EntryTooLong`] for an entry of more than 65,535 bytes.
pub fn encode_entries<E: AsRef<[u8]>>(entries: impl IntoIterator<Item = E>) -> Result<Vec<u8>, TileError> {
    let mut bytes = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong(entry.len()))?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle that must hold exactly `width` of them and nothing more.
///
/// # Errors
/// [`TileError::Bundle`] saying where it breaks off or goes on.
pub fn decode_entries(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, TileError> {
    let mut rest = bytes;
    let mut entries = Vec::with_capacity(usize::from(width));
    for _ in 0..width {
        let broken = TileError::Bundle { expected: width, offset: bytes.len() - rest.len() };
        let next = rest
            .split_first_chunk()
            .and_then(|(length, after)| after.split_at_checked(usize::from(u16::from_be_bytes(*length))));
        let Some((entry, after)) = next else {
            return Err(broken);
        };
        entries.push(entry);
        rest = after;
    }
    if rest.is_empty() {
        Ok(entries)
    } else {
        Err(TileError::Bundle { expected: width, offset: bytes.len() - rest.len() })
    }
}
