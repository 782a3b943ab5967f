//! Rows of item groups and their values.

use std::io::BufRead;

use trial::clinical::{ItemData, ItemElement, ItemGroupData};
use trial::definition::{DataType, ItemGroupOid, limit};

use super::ClinicalReader;
use crate::error::ReadError;
use crate::read::definition::OWN_ITEMS;
use crate::read::evidence::{annotation, audit_record, own, sealed, signature, transaction};
use crate::schema::Edition;
use crate::vendor::openclinica;
use crate::xml::Token;

impl<R: BufRead> ClinicalReader<R> {
    /// Reads the ItemGroupData that just began: one row, and in ODM 2.0 the rows within it after it.
    pub(super) fn read_row(&mut self) -> Result<Vec<ItemGroupData>, ReadError> {
        let mut rows = Vec::with_capacity(1);
        self.read_rows(None, 0, &mut rows)?;
        Ok(rows)
    }

    fn read_rows(
        &mut self,
        within: Option<(ItemGroupOid, Option<String>)>,
        level: usize,
        rows: &mut Vec<ItemGroupData>,
    ) -> Result<(), ReadError> {
        if level > limit::NESTING_MAX {
            return Err(self.source.limit("item groups within item groups", limit::NESTING_MAX as u64));
        }
        let mut row = ItemGroupData {
            group: self.oids.get(self.source.attribute("ItemGroupOID").unwrap_or("")).into(),
            repeat: own(&self.source, "ItemGroupRepeatKey"),
            within,
            transaction: transaction(&mut self.source),
            ..ItemGroupData::default()
        };
        self.source.keep_attribute("ItemGroupDataSeq");
        let mut inner = Vec::new();
        let depth = self.source.depth();
        let most = self.source.limits().row_values;
        loop {
            match self.source.next()? {
                Token::Start => match self.source.name() {
                    name if name.starts_with("ItemData") => {
                        if row.items.len() >= most {
                            return Err(self.source.limit("values of one row", most as u64));
                        }
                        let item = self.read_item(name)?;
                        row.items.push(item);
                    }
                    "AuditRecord" => row.audit.push(audit_record(&mut self.source)?),
                    "Signature" if row.signature.is_none() => row.signature = Some(signature(&mut self.source)?),
                    "Annotation" => row.annotations.push(annotation(&mut self.source)?),
                    "ItemGroupData" if self.source.edition() == Edition::V2_0 => {
                        let holder = Some((row.group.clone(), row.repeat.clone()));
                        self.read_rows(holder, level + 1, &mut inner)?;
                    }
                    _ => self.source.keep_element()?,
                },
                Token::End(kept) if self.source.depth() < depth => {
                    if kept.foreign {
                        row.audit.extend(openclinica::audit_records(&kept.extensions));
                    }
                    rows.push(sealed(row, kept));
                    rows.append(&mut inner);
                    return Ok(());
                }
                Token::End(_) | Token::Eof => {}
            }
        }
    }

    /// Reads an item that stands directly in a form of ODM 2.0, into the group of the form's own items.
    pub(super) fn read_own_item(&mut self) -> Result<(), ReadError> {
        let name = self.source.name();
        let item = self.read_item(name)?;
        self.values += 1;
        let own = format!("{}{OWN_ITEMS}", self.form.record.form);
        match self.groups.iter_mut().find(|row| row.group == own.as_str()) {
            Some(row) => row.items.push(item),
            None => {
                self.groups.push(ItemGroupData { group: own.into(), items: vec![item], ..ItemGroupData::default() })
            }
        }
        Ok(())
    }

    /// Reads the ItemData, or typed ItemData, that just began.
    fn read_item(&mut self, name: &'static str) -> Result<ItemData, ReadError> {
        self.source.report.value_count += 1;
        let element = element(name);
        let mut item = ItemData {
            item: self.oids.get(self.source.attribute("ItemOID").unwrap_or("")).into(),
            value: own(&self.source, "Value"),
            element,
            transaction: transaction(&mut self.source),
            ..ItemData::default()
        };
        match self.source.attribute("IsNull") {
            Some("Yes") => item.is_null = true,
            Some(_) => self.source.keep_attribute("IsNull"),
            None => {}
        }
        if element != ItemElement::Untyped {
            item.audit_id = own(&self.source, "AuditRecordID");
            item.signature_id = own(&self.source, "SignatureID");
            item.annotation_id = own(&self.source, "AnnotationID");
            item.unit = self.source.attribute("MeasurementUnitOID").map(|oid| self.oids.get(oid).into());
        }
        let depth = self.source.depth();
        loop {
            match self.source.next()? {
                Token::Start => self.in_item(&mut item)?,
                Token::End(kept) if self.source.depth() < depth => {
                    if element != ItemElement::Untyped && !item.is_null {
                        item.value = Some(self.source.text().to_owned());
                    }
                    if kept.is_empty() {
                        return Ok(item);
                    }
                    if kept.foreign {
                        item.audit.extend(openclinica::audit_records(&kept.extensions));
                    }
                    return Ok(sealed(item, kept));
                }
                Token::End(_) | Token::Eof => {}
            }
        }
    }

    fn in_item(&mut self, item: &mut ItemData) -> Result<(), ReadError> {
        let source = &mut self.source;
        match source.name() {
            "AuditRecord" => item.audit.push(audit_record(source)?),
            "Signature" if item.signature.is_none() => item.signature = Some(Box::new(signature(source)?)),
            "Annotation" => item.annotations.push(annotation(source)?),
            "MeasurementUnitRef" if item.unit.is_none() => {
                item.unit = source.attribute("MeasurementUnitOID").map(|oid| self.oids.get(oid).into());
                let kept = source.skip()?;
                source.keep_under("MeasurementUnitRef", kept);
            }
            // ODM 2.0 has values in elements, and may have several: those after the first are kept as they are.
            "Value" if item.value.is_none() && matches!(source.attribute("SeqNum"), None | Some("1")) => {
                let (value, kept) = source.read_text()?;
                source.keep_under("Value", kept);
                item.value = Some(value);
            }
            _ => source.keep_element()?,
        }
        Ok(())
    }
}

/// Which element a value came in.
fn element(name: &str) -> ItemElement {
    match name.strip_prefix("ItemData") {
        None | Some("") => ItemElement::Untyped,
        Some("Any") => ItemElement::Any,
        Some("URI") => ItemElement::Typed(DataType::Uri),
        Some(typed) => {
            let matches = |of: &DataType| of.as_odm().eq_ignore_ascii_case(typed);
            DataType::ALL.into_iter().find(matches).map_or(ItemElement::Any, ItemElement::Typed)
        }
    }
}
