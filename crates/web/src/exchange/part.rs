//! A file in parts, each of a size that one act can take and one entry can name.

use store::acts::{ImportedForm, ImportedSubject, ImportedVisit, PIECES_MAX, Piece};
use trial::{
    clinical::{Chunk, FormChunk, FormHead, ItemGroupData},
    ids::{Id, ImportId, RequestId},
};

/// Records that one part puts: at about 160 bytes each they fit the 65,535 of an entry.
const RECORDS_MAX: usize = 350;
/// About how many bytes of content one part holds.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Collects pieces until a part is full.
#[derive(Default)]
pub(super) struct Parts {
    pieces: Vec<Piece>,
    records: usize,
    bytes: usize,
}

impl Parts {
    /// Takes the next piece of the file; hands over each part that is full before it.
    pub(super) fn take<E>(&mut self, chunk: Chunk, mut full: impl FnMut(Vec<Piece>) -> Result<(), E>) -> Result<(), E> {
        match chunk {
            Chunk::Subject(subject) => {
                let file_study = subject.context.study.as_str().to_owned();
                self.add(Piece::Subject(ImportedSubject { file_study, said: subject.subject }), 1, 500, &mut full)
            }
            Chunk::Event(event) => {
                let visit = ImportedVisit { subject: event.subject_key, said: event.event };
                self.add(Piece::Visit(visit), 1, 500, &mut full)
            }
            Chunk::Form(form) => self.form(form, &mut full),
            beside => {
                // A list of audit records may be long: it counts as what it would take as JSON, roughly.
                let bytes = match &beside {
                    Chunk::AuditRecords { records, .. } => records.len().saturating_mul(300),
                    Chunk::Signatures { signatures, .. } => signatures.len().saturating_mul(300),
                    Chunk::Annotations { annotations, .. } => annotations.len().saturating_mul(300),
                    _ => 1_000,
                };
                self.add(Piece::Beside(Box::new(beside)), 1, bytes, &mut full)
            }
        }
    }

    /// What is left at the end.
    pub(super) fn rest(self) -> Option<Vec<Piece>> {
        (!self.pieces.is_empty()).then_some(self.pieces)
    }

    /// A form of very many rows goes over several pieces: the first says all of the form, the others only which.
    fn form<E>(&mut self, chunk: FormChunk, full: &mut impl FnMut(Vec<Piece>) -> Result<(), E>) -> Result<(), E> {
        let FormChunk { context, subject_key, event, form, groups, .. } = chunk;
        let event = event.map(|(event, repeat)| (event.as_str().to_owned(), repeat));
        let again = FormHead { form: form.form.clone(), repeat: form.repeat.clone(), ..FormHead::default() };
        let mut head = Some(form);
        let mut groups = groups.into_iter().peekable();
        loop {
            let (mut rows, mut bytes) = (Vec::new(), 500_usize);
            while rows.len() < RECORDS_MAX.saturating_sub(2) && bytes < BYTES_MAX {
                let Some(group) = groups.next() else { break };
                bytes = bytes.saturating_add(bytes_of(&group));
                rows.push(group);
            }
            let piece = ImportedForm {
                subject: subject_key.clone(),
                event: event.clone(),
                study_version: context.version.as_str().to_owned(),
                said: head.take().unwrap_or_else(|| again.clone()),
                groups: rows,
            };
            // The form, and a visit where the file did not announce one.
            let records = piece.groups.len().saturating_add(2);
            self.add(Piece::Form(piece), records, bytes, full)?;
            if groups.peek().is_none() {
                return Ok(());
            }
        }
    }

    fn add<E>(
        &mut self,
        piece: Piece,
        records: usize,
        bytes: usize,
        full: &mut impl FnMut(Vec<Piece>) -> Result<(), E>,
    ) -> Result<(), E> {
        let fits = self.pieces.len() < PIECES_MAX
            && self.records.saturating_add(records) <= RECORDS_MAX
            && self.bytes.saturating_add(bytes) <= BYTES_MAX;
        if !fits && !self.pieces.is_empty() {
            full(std::mem::take(&mut self.pieces))?;
            (self.records, self.bytes) = (0, 0);
        }
        self.records = self.records.saturating_add(records);
        self.bytes = self.bytes.saturating_add(bytes);
        self.pieces.push(piece);
        Ok(())
    }
}

fn bytes_of(group: &ItemGroupData) -> usize {
    let values = group.items.iter().map(|item| {
        item.value
            .as_ref()
            .map_or(0, String::len)
            .saturating_add(200)
            .saturating_add(item.audit.len().saturating_mul(300))
    });
    values.sum::<usize>().saturating_add(200)
}

/// The request id of a part: the same part of the same import asks under the same id, so what was taken is not taken
/// again. `None` is its end.
pub(super) fn request(import: ImportId, part: Option<u64>) -> RequestId {
    let mut bytes = b"probity import part ".to_vec();
    bytes.extend_from_slice(import.bytes());
    bytes.extend_from_slice(&part.unwrap_or(u64::MAX).to_be_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(ledger::sha256(&bytes).0.split_at(16).0);
    RequestId::from_bytes(id)
}

#[cfg(test)]
mod tests {

    use std::convert::Infallible;

    use super::*;

    fn parts_of(chunks: Vec<Chunk>) -> Vec<Vec<Piece>> {
        let mut done = Vec::new();
        let mut parts = Parts::default();
        for chunk in chunks {
            let taken: Result<(), Infallible> = parts.take(chunk, |part| {
                done.push(part);
                Ok(())
            });
            taken.unwrap();
        }
        done.extend(parts.rest());
        done
    }

    #[test]
    fn a_form_of_a_thousand_rows_goes_over_three_parts_and_loses_none() {
        let rows = (0..1_000).map(|n| ItemGroupData { repeat: Some(n.to_string()), ..ItemGroupData::default() });
        let archived = FormHead { archive_layout: Some("A".into()), ..FormHead::default() };
        let form = FormChunk { groups: rows.collect(), form: archived, ..FormChunk::default() };
        let parts = parts_of(vec![Chunk::Form(form)]);
        assert_eq!(parts.len(), 3);
        let forms: Vec<_> = parts
            .iter()
            .flatten()
            .map(|piece| match piece {
                Piece::Form(form) => (form.said.archive_layout.is_some(), form.groups.len()),
                _ => (false, 0),
            })
            .collect();
        assert_eq!(forms, [(true, 348), (false, 348), (false, 304)]);
    }

    #[test]
    fn a_form_without_rows_is_a_piece_all_the_same() {
        assert_eq!(parts_of(vec![Chunk::Form(FormChunk::default())]).len(), 1);
    }

    #[test]
    fn no_part_has_more_pieces_or_records_than_an_act_takes() {
        let chunks = (0..2_000).map(|_| Chunk::Form(FormChunk::default())).collect();
        let parts = parts_of(chunks);
        assert_eq!(parts.iter().map(Vec::len).sum::<usize>(), 2_000);
        assert!(parts.iter().all(|part| part.len() <= PIECES_MAX && part.len() * 2 <= RECORDS_MAX));
    }

    #[test]
    fn a_part_has_one_request_id_and_no_other_has_it() {
        let import = ImportId::from_bytes([7; 16]);
        assert_eq!(request(import, Some(3)), request(import, Some(3)));
        assert_ne!(request(import, Some(3)), request(import, Some(4)));
        assert_ne!(request(import, Some(3)), request(import, None));
        assert_ne!(request(import, Some(3)), request(ImportId::from_bytes([8; 16]), Some(3)));
    }
}
