//! Writes an entry. By hand, because nothing in it needs escaping and every act pays for it.

use super::code::{CODE_BYTES_MAX, KEY_BYTES_MAX, check, check_time};
use super::{Change, ENTRY_BYTES_MAX, Entry, EntryError, Manifest, Shown};
use crate::hash::Hash;

pub(super) fn entry(entry: &Entry) -> Result<Vec<u8>, EntryError> {
    let parts = [!entry.changes.is_empty(), entry.shown.is_some(), entry.manifest.is_some()];
    if parts.iter().filter(|present| **present).count() > 1 {
        return Err(EntryError::Mixed);
    }
    check_time(&entry.at)?;
    let mut out = Vec::with_capacity(512 + 256 * entry.changes.len().min(ENTRY_BYTES_MAX / 256));
    out.extend_from_slice(b"{\"v\":1,\"at\":\"");
    out.extend_from_slice(entry.at.as_bytes());
    push_code(&mut out, b"\",\"actor\":\"", "actor", &entry.actor, KEY_BYTES_MAX)?;
    if let Some(client) = &entry.client {
        push_code(&mut out, b"\",\"client\":\"", "client", client, KEY_BYTES_MAX)?;
    }
    push_code(&mut out, b"\",\"role\":\"", "role", &entry.role, CODE_BYTES_MAX)?;
    push_code(&mut out, b"\",\"act\":\"", "act", &entry.act, CODE_BYTES_MAX)?;
    push_code(&mut out, b"\",\"target\":\"", "target", &entry.target, KEY_BYTES_MAX)?;
    if let Some(request) = &entry.request {
        push_code(&mut out, b"\",\"request\":\"", "request", request, CODE_BYTES_MAX)?;
    }
    if let Some(body) = &entry.body {
        push_hash(&mut out, b"\",\"body\":\"", body);
    }
    out.push(b'"');
    push_changes(&mut out, &entry.changes)?;
    if let Some(Shown { count, digest }) = &entry.shown {
        push_counted(&mut out, b",\"shown\":{\"count\":", *count, digest);
    }
    if let Some(Manifest { count, digest }) = &entry.manifest {
        push_counted(&mut out, b",\"manifest\":{\"count\":", *count, digest);
    }
    out.push(b'}');
    if out.len() > ENTRY_BYTES_MAX { Err(EntryError::TooLong(out.len())) } else { Ok(out) }
}

/// One change as an object; also the lines of a manifest.
pub(super) fn change(out: &mut Vec<u8>, change: &Change) -> Result<(), EntryError> {
    push_code(out, b"{\"kind\":\"", "changes.kind", &change.kind, CODE_BYTES_MAX)?;
    push_code(out, b"\",\"key\":\"", "changes.key", &change.key, KEY_BYTES_MAX)?;
    out.extend_from_slice(b"\",\"version\":");
    push_number(out, u64::from(change.version));
    push_hash(out, b",\"digest\":\"", &change.digest);
    out.extend_from_slice(b"\"}");
    Ok(())
}

fn push_changes(out: &mut Vec<u8>, changes: &[Change]) -> Result<(), EntryError> {
    for (n, each) in changes.iter().enumerate() {
        out.extend_from_slice(if n == 0 { b",\"changes\":[" } else { b"," });
        change(out, each)?;
        // Stop early: an act over a million records must not first build a million lines to be refused.
        if out.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::TooLong(out.len()));
        }
    }
    if !changes.is_empty() {
        out.push(b']');
    }
    Ok(())
}

fn push_counted(out: &mut Vec<u8>, key: &[u8], count: u64, digest: &Hash) {
    out.extend_from_slice(key);
    push_number(out, count);
    push_hash(out, b",\"digest\":\"", digest);
    out.extend_from_slice(b"\"}");
}

fn push_code(out: &mut Vec<u8>, key: &[u8], field: &'static str, text: &str, max: usize) -> Result<(), EntryError> {
    check(field, text, max)?;
    out.extend_from_slice(key);
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn push_hash(out: &mut Vec<u8>, key: &[u8], hash: &Hash) {
    out.extend_from_slice(key);
    out.extend_from_slice(&hash.hex_digits());
}

fn push_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(number.to_string().as_bytes());
}
