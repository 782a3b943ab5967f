//! Hands over what was read, in pieces.

use std::io::BufRead;

use trial::clinical::{Chunk, Context, EventChunk, FormChunk, SubjectChunk};
use trial::definition::EventOid;

use super::head::InParts;
use super::{ClinicalReader, OUTSIDE_EVENT};
use crate::xml::Kept;

impl<R: BufRead> ClinicalReader<R> {
    pub(super) fn open_subject(&mut self) {
        if !self.subject.is_open {
            let kept = self.source.take_kept(self.subject.depth);
            self.hand_over_subject(kept);
        }
    }

    pub(super) fn open_event(&mut self) {
        if !self.event.is_open {
            let mut kept = self.source.take_kept(self.event.depth);
            self.event_is_outside = kept.take_flag(OUTSIDE_EVENT);
            self.hand_over_event(kept);
        }
    }

    pub(super) fn hand_over_subject(&mut self, kept: Kept) {
        if let Some((part, subject)) = self.subject.take(kept) {
            self.ready.push_back(Chunk::Subject(SubjectChunk { context: self.context.clone(), part, subject }));
        }
    }

    pub(super) fn hand_over_event(&mut self, mut kept: Kept) {
        self.event_is_outside |= kept.take_flag(OUTSIDE_EVENT);
        if let Some((part, event)) = self.event.take(kept).filter(|_| !self.event_is_outside) {
            self.ready.push_back(Chunk::Event(EventChunk {
                context: self.context.clone(),
                subject_key: self.subject.record.key.clone(),
                part,
                event,
            }));
        }
    }

    pub(super) fn hand_over_form(&mut self, kept: Kept) {
        let continues = self.form.is_open;
        let head = self.form.take(kept);
        let groups = std::mem::take(&mut self.groups);
        self.values = 0;
        let form = match head {
            Some((_, form)) => form,
            None if groups.is_empty() => return,
            None => self.form.record.keys(),
        };
        let event = &self.event.record;
        let in_event: Option<(EventOid, Option<String>)> =
            (!self.event_is_outside).then(|| (event.event.clone(), event.repeat.clone()));
        self.ready.push_back(Chunk::Form(FormChunk {
            context: self.context.clone(),
            subject_key: self.subject.record.key.clone(),
            event: in_event,
            form,
            groups,
            continues,
        }));
    }

    pub(super) fn hand_over_extensions(&mut self, kept: Kept) {
        let context = (self.context != Context::default()).then(|| self.context.clone());
        for extension in kept.extensions {
            self.ready.push_back(Chunk::Extension { context: context.clone(), extension });
        }
    }
}
