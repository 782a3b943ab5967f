//! A whole study as tables: a zip of CSV files with a data dictionary.
//!
//! A zip is written table by table, a study is read subject by subject. Between the two the forms lie in a sealed file
//! without a name, in segments by form, so that memory does not grow with the study and each form is read from the
//! store once.

use std::{
    cell::RefCell,
    collections::HashMap,
    io::{PipeWriter, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
    thread,
};

use odm::{Rows, Table, WriteError, tables, write_csv_zip};
use store::{
    Actor, Defined, Error, Organization, Spool,
    views::{Definition, ExportPart},
};
use trial::{
    clinical::{Chunk, FormChunk, FormHead, ItemData, ItemGroupData, SubjectHead},
    ids::StudyId,
};

use super::{
    digest::{Digested, HashWriter},
    export::{ExportedFile, not_written},
};

/// Bytes of one form's data collected before they are laid down.
const SEGMENT: usize = 256 * 1024;
/// The language of the dictionary, where the definition has several.
const LANGUAGE: &str = "en";

/// Writes the study's values to `out`. `folder` is where they may lie, sealed, until the zip is written.
///
/// # Errors
/// Why it may not be exported, or could not be written; what was written by then is no whole file.
pub fn export_csv(
    organization: &Organization,
    actor: &Actor,
    study: StudyId,
    folder: &Path,
    out: impl Write,
) -> store::Result<ExportedFile> {
    let defined = organization.view(actor, &Definition { study })?.0.ok_or_else(|| {
        Error::refused("study", "not_defined", "this study has no definition yet: there is nothing to export")
    })?;
    let (reader, writer) = std::io::pipe().map_err(Error::fault)?;
    thread::scope(|scope| {
        let laid = scope.spawn(|| Spool::take(reader, folder));
        let collected = RefCell::new(Some(Collected::new(&defined, writer)));
        let written = RefCell::new(None);
        let held = organization.export(
            actor,
            study,
            |part| match collected.borrow_mut().as_mut() {
                Some(collected) => collected.part(part),
                None => Err(Error::fault("an export went on after its end")),
            },
            || {
                let all = collected.borrow_mut().take().ok_or_else(|| Error::fault("an export ended twice"))?;
                let segments = all.finish()?;
                let spool = laid.join().map_err(|_| Error::fault("laying down an export failed"))??;
                let digested = zip(&defined, segments, spool, out)?;
                written.replace(Some(digested));
                Ok(digested.digest)
            },
        );
        // Dropped before the scope ends, so that the thread beside sees the end of the pipe.
        drop(collected);
        let held = held?;
        let digested = written.into_inner().ok_or_else(|| Error::fault("an export did not end"))?;
        Ok(ExportedFile { held, digest: digested.digest.to_hex(), bytes: digested.bytes })
    })
}

/// Where a form's data lie: from which byte, how many.
type Segments = HashMap<String, Vec<(u64, usize)>>;

/// The key of forms that have values without a column; no form has an empty identifier.
const ODD: &str = "";

/// What was read from the store, by form.
struct Collected<'a> {
    defined: &'a Arc<Defined>,
    /// The table of values without a column.
    odd: Option<Table<'a>>,
    pipe: PipeWriter,
    at: u64,
    buffers: HashMap<String, Vec<u8>>,
    segments: Segments,
    site: String,
}

impl<'a> Collected<'a> {
    fn new(defined: &'a Arc<Defined>, pipe: PipeWriter) -> Self {
        Collected {
            odd: tables(defined.current()).pop(),
            defined,
            pipe,
            at: 0,
            buffers: HashMap::new(),
            segments: HashMap::new(),
            site: String::new(),
        }
    }

    fn part(&mut self, part: ExportPart) -> store::Result<()> {
        match part {
            ExportPart::Clinical(Chunk::Subject(subject)) => {
                self.site = site_of(&subject.subject);
                Ok(())
            }
            ExportPart::Clinical(Chunk::Form(form)) => self.form(form),
            _ => Ok(()),
        }
    }

    fn form(&mut self, form: FormChunk) -> store::Result<()> {
        let line = (self.site.clone(), bare(form));
        let mut json = serde_json::to_vec(&line).map_err(Error::fault)?;
        json.push(b'\n');
        let oid = line.1.form.form.as_str();
        if self.defined.current().form(oid).is_some() {
            self.add(oid, &json)?;
        }
        if self.odd.as_ref().is_some_and(|odd| !odd.rows_of(&line.1, &line.0).is_empty()) {
            self.add(ODD, &json)?;
        }
        Ok(())
    }

    fn add(&mut self, form: &str, json: &[u8]) -> store::Result<()> {
        let buffer = self.buffers.entry(form.to_owned()).or_default();
        buffer.extend_from_slice(json);
        if buffer.len() < SEGMENT {
            return Ok(());
        }
        let full = std::mem::take(buffer);
        self.lay_down(form.to_owned(), &full)
    }

    fn lay_down(&mut self, form: String, bytes: &[u8]) -> store::Result<()> {
        self.pipe.write_all(bytes).map_err(Error::fault)?;
        self.segments.entry(form).or_default().push((self.at, bytes.len()));
        self.at = self.at.saturating_add(bytes.len() as u64);
        Ok(())
    }

    fn finish(mut self) -> store::Result<Segments> {
        for (form, bytes) in std::mem::take(&mut self.buffers) {
            self.lay_down(form, &bytes)?;
        }
        Ok(self.segments)
    }
}

/// Writes the zip, each table from the segments of its form.
fn zip(defined: &Defined, segments: Segments, mut spool: Spool, out: impl Write) -> store::Result<Digested> {
    let fill = |table: &Table<'_>, rows: &mut Rows<'_, HashWriter<_>>| -> Result<(), WriteError> {
        let form = table.place.map_or(ODD, |(form, _)| form.oid.as_str());
        for (at, length) in segments.get(form).map(Vec::as_slice).unwrap_or_default() {
            let mut bytes = vec![0; *length];
            spool.seek(SeekFrom::Start(*at))?;
            spool.read_exact(&mut bytes)?;
            for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let (site, form): (String, FormChunk) = serde_json::from_slice(line).map_err(std::io::Error::other)?;
                for row in table.rows_of(&form, &site) {
                    rows.write(&row)?;
                }
            }
        }
        Ok(())
    };
    let mut out = write_csv_zip(HashWriter::new(out), defined.current(), LANGUAGE, fill)
        .map_err(|error: WriteError| not_written(&error))?;
    out.flush().map_err(|error| not_written(&error.into()))?;
    Ok(out.digested())
}

fn site_of(subject: &SubjectHead) -> String {
    subject.site.as_ref().map_or_else(String::new, |site| site.as_str().to_owned())
}

/// What a table shows of a form: keys, values, units.
fn bare(form: FormChunk) -> FormChunk {
    let groups = form.groups.into_iter().map(|group| ItemGroupData {
        items: group
            .items
            .into_iter()
            .map(|item| ItemData { item: item.item, value: item.value, unit: item.unit, ..ItemData::default() })
            .collect(),
        group: group.group,
        repeat: group.repeat,
        ..ItemGroupData::default()
    });
    FormChunk {
        groups: groups.collect(),
        form: FormHead { form: form.form.form, repeat: form.form.repeat, ..FormHead::default() },
        context: form.context,
        subject_key: form.subject_key,
        event: form.event,
        continues: form.continues,
    }
}
