//! The heads of subjects, visits and forms, which a file may give in two parts: before and after what they hold.

use trial::clinical::{AuditRecord, EventHead, FormHead, Part, SubjectHead};

use crate::read::Keeps;
use crate::read::evidence::sealed;
use crate::vendor::openclinica;
use crate::xml::Kept;

/// A record while the file still says more of it.
#[derive(Default)]
pub(super) struct Head<T> {
    pub(super) record: T,
    pub(super) depth: usize,
    /// It was handed over already: what comes now closes it.
    pub(super) is_open: bool,
}

/// A record whose head may be handed over in two parts.
pub(super) trait InParts: Keeps + Default + PartialEq {
    /// A record with the same keys and nothing else.
    fn keys(&self) -> Self;
    fn audit(&mut self) -> &mut Vec<AuditRecord>;
}

impl InParts for SubjectHead {
    fn keys(&self) -> Self {
        Self { key: self.key.clone(), ..Self::default() }
    }

    fn audit(&mut self) -> &mut Vec<AuditRecord> {
        &mut self.audit
    }
}

impl InParts for EventHead {
    fn keys(&self) -> Self {
        Self { event: self.event.clone(), repeat: self.repeat.clone(), ..Self::default() }
    }

    fn audit(&mut self) -> &mut Vec<AuditRecord> {
        &mut self.audit
    }
}

impl InParts for FormHead {
    fn keys(&self) -> Self {
        Self { form: self.form.clone(), repeat: self.repeat.clone(), ..Self::default() }
    }

    fn audit(&mut self) -> &mut Vec<AuditRecord> {
        &mut self.audit
    }
}

impl<T: InParts> Head<T> {
    pub(super) fn begin(record: T, depth: usize) -> Self {
        Self { record, depth, is_open: false }
    }

    /// Takes what is known so far, with what was kept; `None` where it closes the record and says nothing.
    pub(super) fn take(&mut self, kept: Kept) -> Option<(Part, T)> {
        let keys = self.record.keys();
        let mut record = std::mem::replace(&mut self.record, keys.keys());
        if kept.foreign {
            record.audit().extend(openclinica::audit_records(&kept.extensions));
        }
        let record = sealed(record, kept);
        let part = if self.is_open { Part::Closing } else { Part::Opening };
        let says_nothing = self.is_open && record == keys;
        self.is_open = true;
        (!says_nothing).then_some((part, record))
    }
}
