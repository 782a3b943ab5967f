//! Clinical data as tables: a zip of CSV files, one for each item group of each form, with a data dictionary.
//!
//! Values are written exactly as they were collected. Some begin with `=`, `+`, `-` or `@`, which spreadsheet
//! programs take for formulas: a value changed to prevent that would no longer be the value, so the zip's
//! README says to import the columns as text instead.

use std::collections::{HashMap, HashSet};
use std::io::Write;

use trial::clinical::{FormChunk, ItemGroupData};
use trial::definition::{CodeListContent, FormDef, Indexed, ItemDef, ItemGroupDef, ItemRef};
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

use crate::error::WriteError;

/// One file of the zip: the rows of one item group on one form, or the values that have no column anywhere.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    /// The name of the file.
    pub file_name: String,
    /// The form and the item group; absent for values of forms, groups or items that the definition lacks.
    pub place: Option<(&'a FormDef, &'a ItemGroupDef)>,
    items: Vec<(&'a ItemRef, &'a ItemDef)>,
    columns: HashMap<&'a str, usize>,
    known: HashMap<(&'a str, &'a str), HashSet<&'a str>>,
}

/// A row: where it was collected, and its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row<'a> {
    /// The subject's site, where known.
    pub site: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// The visit; empty where the form stands outside one.
    pub event: &'a str,
    /// Which of several.
    pub event_repeat: &'a str,
    /// The form.
    pub form: &'a str,
    /// Which of several.
    pub form_repeat: &'a str,
    /// The item group.
    pub group: &'a str,
    /// Which row of the group.
    pub group_repeat: &'a str,
    /// Items, values and units; the unit is empty where there is none.
    pub values: Vec<(&'a str, &'a str, &'a str)>,
}

/// Takes the rows of one table.
pub struct Rows<'a, W: Write> {
    table: &'a Table<'a>,
    csv: csv::Writer<&'a mut ZipWriter<StreamWriter<W>>>,
    record: Vec<String>,
}

const KEYS: [&str; 8] = [
    "SiteOID",
    "SubjectKey",
    "StudyEventOID",
    "StudyEventRepeatKey",
    "FormOID",
    "FormRepeatKey",
    "ItemGroupOID",
    "ItemGroupRepeatKey",
];

const README: &str = "\
Clinical data as tables.

One CSV file holds the rows of one item group on one form: UTF-8, comma separated, quoted as RFC 4180 says.
Its first eight columns say where a row was collected; then each item has a column named by its OID, followed
by OID.unit where the item has units. An empty cell means that there is no value.
values_without_a_column.csv holds, one to a line, values of items that the definition does not have.
data_dictionary.csv describes each column, code_lists.csv what the codes stand for.

Values are exactly as they were collected. Some may begin with = + - or @, which spreadsheet programs take for
formulas: import the columns as text instead of opening the files.
";

/// Writes the zip. `rows` is called for each table, in order, and gives its rows; it reads them from wherever
/// they are, so that memory does not grow with them. Text in the dictionary is in `language`.
///
/// # Errors
///
/// Where `out` does not take it, a row has a value without a column, or `rows` fails.
pub fn write_csv_zip<W: Write, E: From<WriteError>>(
    out: W,
    index: &Indexed,
    language: &str,
    mut rows: impl FnMut(&Table<'_>, &mut Rows<'_, W>) -> Result<(), E>,
) -> Result<W, E> {
    let mut zip = ZipWriter::new_stream(out);
    let tables = tables(index);
    begin(&mut zip, "README.txt")?;
    zip.write_all(README.as_bytes()).map_err(WriteError::from)?;
    dictionary(&mut zip, index, &tables, language)?;
    code_lists(&mut zip, index, language)?;
    for table in &tables {
        begin(&mut zip, &table.file_name)?;
        let mut sink = Rows { table, csv: csv::Writer::from_writer(&mut zip), record: Vec::new() };
        sink.head()?;
        rows(table, &mut sink)?;
        sink.csv.flush().map_err(WriteError::from)?;
    }
    let stream = zip.finish().map_err(WriteError::from)?;
    Ok(stream.into_inner())
}

/// The tables of a version: one for each item group on each form, and one for values without a column.
pub fn tables(index: &Indexed) -> Vec<Table<'_>> {
    let mut names = HashSet::new();
    let mut tables = Vec::new();
    let mut all: HashMap<(&str, &str), HashSet<&str>> = HashMap::new();
    for form in &index.version().forms {
        for (_, group) in index.groups_of(form) {
            let known = all.entry((form.oid.as_str(), group.oid.as_str()));
            if let std::collections::hash_map::Entry::Occupied(_) = known {
                continue;
            }
            let items = index.items_of(group);
            let columns: HashMap<&str, usize> =
                items.iter().enumerate().map(|(at, (_, item))| (item.oid.as_str(), at)).collect();
            known.or_default().extend(columns.keys());
            tables.push(Table {
                file_name: file_name(form, group, &mut names),
                place: Some((form, group)),
                items,
                columns,
                known: HashMap::new(),
            });
        }
    }
    tables.push(Table {
        file_name: "values_without_a_column.csv".to_owned(),
        place: None,
        items: Vec::new(),
        columns: HashMap::new(),
        known: all,
    });
    tables
}

impl Table<'_> {
    /// The rows of a form that belong into this table.
    pub fn rows_of<'a>(&self, chunk: &'a FormChunk, site: &'a str) -> Vec<Row<'a>> {
        if let Some((form, _)) = self.place
            && form.oid != chunk.form.form
        {
            return Vec::new();
        }
        let rows = chunk.groups.iter().map(|group| self.row_of(chunk, group, site));
        match self.place {
            Some((_, own)) => rows.filter(|row| own.oid == row.group).collect(),
            None => rows.filter(|row| !row.values.is_empty()).collect(),
        }
    }

    fn row_of<'a>(&self, chunk: &'a FormChunk, group: &'a ItemGroupData, site: &'a str) -> Row<'a> {
        let (event, event_repeat) =
            chunk.event.as_ref().map_or(("", None), |(event, repeat)| (event.as_str(), repeat.as_deref()));
        let keys = (chunk.form.form.as_str(), group.group.as_str());
        let has_column = |item: &str| self.known.get(&keys).is_some_and(|known| known.contains(item));
        let belongs =
            |item: &str| if self.place.is_some() { self.columns.contains_key(item) } else { !has_column(item) };
        let values = group.items.iter().filter(|item| belongs(item.item.as_str()));
        Row {
            site,
            subject: &chunk.subject_key,
            event,
            event_repeat: event_repeat.unwrap_or(""),
            form: keys.0,
            form_repeat: chunk.form.repeat.as_deref().unwrap_or(""),
            group: keys.1,
            group_repeat: group.repeat.as_deref().unwrap_or(""),
            values: values
                .filter_map(|item| {
                    let unit = item.unit.as_ref().map_or("", |unit| unit.as_str());
                    item.value.as_deref().map(|value| (item.item.as_str(), value, unit))
                })
                .collect(),
        }
    }

    /// The columns after the keys: the item's place, and whether the column is its unit's.
    fn layout(&self) -> impl Iterator<Item = (usize, bool)> {
        self.items.iter().enumerate().flat_map(|(at, (_, item))| {
            let unit = (!item.units.is_empty()).then_some((at, true));
            std::iter::once((at, false)).chain(unit)
        })
    }
}

impl<W: Write> Rows<'_, W> {
    /// Writes a row.
    ///
    /// # Errors
    ///
    /// Where it cannot be written, or has a value that this table has no column for.
    pub fn write(&mut self, row: &Row<'_>) -> Result<(), WriteError> {
        let keys = [
            row.site,
            row.subject,
            row.event,
            row.event_repeat,
            row.form,
            row.form_repeat,
            row.group,
            row.group_repeat,
        ];
        if self.table.place.is_none() {
            for (item, value, unit) in &row.values {
                self.csv.write_record(keys.iter().chain([item, value, unit])).map_err(broken)?;
            }
            return Ok(());
        }
        let count = self.table.items.len();
        self.record.iter_mut().for_each(String::clear);
        self.record.resize(count * 2, String::new());
        for (item, value, unit) in &row.values {
            let Some(at) = self.table.columns.get(item) else {
                return Err(WriteError::Column { file: self.table.file_name.clone(), item: (*item).to_owned() });
            };
            for (cell, text) in [(*at, value), (count + at, unit)] {
                if let Some(cell) = self.record.get_mut(cell) {
                    cell.push_str(text);
                }
            }
        }
        let cell = |(at, is_unit): (usize, bool)| {
            self.record.get(if is_unit { count + at } else { at }).map_or("", String::as_str)
        };
        self.csv.write_record(keys.into_iter().chain(self.table.layout().map(cell))).map_err(broken)
    }

    fn head(&mut self) -> Result<(), WriteError> {
        if self.table.place.is_none() {
            return self.csv.write_record(KEYS.iter().chain(&["ItemOID", "Value", "Unit"])).map_err(broken);
        }
        let keys = KEYS.iter().map(|key| (*key).to_owned());
        let columns: Vec<String> = column_names(self.table).collect();
        self.csv.write_record(keys.chain(columns)).map_err(broken)
    }
}

fn column_names<'a>(table: &'a Table<'_>) -> impl Iterator<Item = String> + 'a {
    table.layout().map(|(at, is_unit)| {
        let oid = table.items.get(at).map_or("", |(_, item)| item.oid.as_str());
        if is_unit { format!("{oid}.unit") } else { oid.to_owned() }
    })
}

/// `FORM.GROUP.csv`, of characters that every file system takes, and each name once.
fn file_name(form: &FormDef, group: &ItemGroupDef, names: &mut HashSet<String>) -> String {
    let safe = |oid: &str| -> String {
        oid.chars().take(80).map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect()
    };
    let base = format!("tables/{}.{}", safe(form.oid.as_str()), safe(group.oid.as_str()));
    let mut name = format!("{base}.csv");
    let mut next = 2;
    while !names.insert(name.to_ascii_lowercase()) {
        name = format!("{base}_{next}.csv");
        next += 1;
    }
    name
}

fn begin<W: Write>(zip: &mut ZipWriter<StreamWriter<W>>, name: &str) -> Result<(), WriteError> {
    Ok(zip.start_file(name, SimpleFileOptions::default().large_file(true))?)
}

fn dictionary<W: Write>(
    zip: &mut ZipWriter<StreamWriter<W>>,
    index: &Indexed,
    tables: &[Table<'_>],
    language: &str,
) -> Result<(), WriteError> {
    begin(zip, "data_dictionary.csv")?;
    let mut csv = csv::Writer::from_writer(zip);
    csv.write_record([
        "File",
        "Column",
        "FormOID",
        "FormName",
        "ItemGroupOID",
        "ItemGroupName",
        "Repeating",
        "ItemOID",
        "ItemName",
        "Question",
        "DataType",
        "Length",
        "SignificantDigits",
        "Mandatory",
        "Units",
        "CodeListOID",
    ])
    .map_err(broken)?;
    for table in tables {
        let Some((form, group)) = table.place else { continue };
        for (reference, item) in &table.items {
            let number = |number: Option<u32>| number.map(|of| of.to_string()).unwrap_or_default();
            let unit_name = |oid: &trial::definition::UnitOid| {
                let symbol = index.unit(oid.as_str()).map(|unit| unit.symbol.in_language(language));
                symbol.filter(|symbol| !symbol.is_empty()).unwrap_or(oid.as_str()).to_owned()
            };
            let yes_no = super::keep::yes_no;
            csv.write_record([
                table.file_name.as_str(),
                item.oid.as_str(),
                form.oid.as_str(),
                form.name.as_str(),
                group.oid.as_str(),
                group.name.as_str(),
                yes_no(group.repeating),
                item.oid.as_str(),
                item.name.as_str(),
                item.question.in_language(language).trim(),
                item.data_type.as_odm(),
                &number(item.length),
                &number(item.significant_digits),
                yes_no(reference.mandatory),
                &item.units.iter().map(unit_name).collect::<Vec<_>>().join("; "),
                item.code_list.as_ref().map_or("", |of| of.as_str()),
            ])
            .map_err(broken)?;
        }
    }
    Ok(csv.flush()?)
}

fn code_lists<W: Write>(
    zip: &mut ZipWriter<StreamWriter<W>>,
    index: &Indexed,
    language: &str,
) -> Result<(), WriteError> {
    begin(zip, "code_lists.csv")?;
    let mut csv = csv::Writer::from_writer(zip);
    csv.write_record(["CodeListOID", "CodeListName", "CodedValue", "Decode"]).map_err(broken)?;
    for list in &index.version().code_lists {
        let name = (list.oid.as_str(), list.name.as_str());
        if let CodeListContent::External(external) = &list.content {
            let version = external.version.as_deref().unwrap_or("");
            let dictionary = format!("{} {version}", external.dictionary.as_deref().unwrap_or(""));
            csv.write_record([name.0, name.1, "", dictionary.trim()]).map_err(broken)?;
        }
        for (value, decode) in list.choices(language) {
            csv.write_record([name.0, name.1, value, decode]).map_err(broken)?;
        }
    }
    Ok(csv.flush()?)
}

fn broken(error: csv::Error) -> WriteError {
    WriteError::Io(std::io::Error::other(error))
}
