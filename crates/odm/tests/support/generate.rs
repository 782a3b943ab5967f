//! Records with everything odd in them that files have: empty names, repeated languages, vendors' elements,
//! white space, texts of other scripts.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use trial::clinical::{
    Annotation, AuditOrigin, AuditRecord, Chunk, Context, EventChunk, EventHead, Flag, FlagCode, FormChunk, FormHead,
    ItemData, ItemElement, ItemGroupData, Part, Signature, SubjectChunk, SubjectHead, TransactionType,
};
use trial::definition::{
    Alias, CheckRule, CodeList, CodeListContent, CodeListItem, Comparator, ConditionDef, DataType, EnumeratedItem,
    EventDef, EventRef, Extension, ExtensionKind, FormDef, FormRef, FormalExpression, ItemDef, ItemGroupDef,
    ItemGroupRef, ItemRef, MeasurementUnit, Protocol, RangeCheck, Severity, Study, StudyVersion, Text, Translation,
};

fn words() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~äöü밀\n\t\r]{0,12}", Just(String::new()), Just(" <&>\"']]>?> ".to_owned()), "[a-z]{1,8}"]
}

fn text() -> impl Strategy<Value = Text> {
    let language = of(prop_oneof![Just("en".to_owned()), Just("de-CH".to_owned()), Just("not a language".to_owned())]);
    vec((language, words()).prop_map(|(language, text)| Translation { language, text }), 0..3).prop_map(Text)
}

fn extensions() -> impl Strategy<Value = Vec<Extension>> {
    let one = (words(), any::<bool>()).prop_map(|(value, is_element)| {
        let escaped = value.replace('&', "&amp;").replace('<', "&lt;");
        Extension {
            path: if is_element { String::new() } else { "Question/TranslatedText[2]".to_owned() },
            kind: if is_element { ExtensionKind::Element } else { ExtensionKind::Attribute },
            namespace: "urn:vendor".to_owned(),
            name: "Note".to_owned(),
            xml: if is_element { format!("<v:Note xmlns:v=\"urn:vendor\">{escaped}</v:Note>") } else { value },
        }
    });
    vec(one, 0..3)
}

fn aliases() -> impl Strategy<Value = Vec<Alias>> {
    vec((words(), words()).prop_map(|(context, name)| Alias { context, name }), 0..3)
}

fn item(at: usize) -> impl Strategy<Value = ItemDef> {
    let check = (text(), of(0usize..8), vec(words(), 0..3), any::<bool>(), any::<bool>()).prop_map(
        |(error_message, comparator, values, hard, formal)| RangeCheck {
            comparator: comparator.and_then(|at| Comparator::ALL.get(at).copied()),
            severity: if hard { Severity::Hard } else { Severity::Soft },
            rule: if formal && !values.is_empty() {
                let expression = |text: String| FormalExpression { context: Some(text.clone()), text };
                CheckRule::Expressions(values.into_iter().map(expression).collect())
            } else {
                CheckRule::Values(values)
            },
            error_message,
            ..RangeCheck::default()
        },
    );
    let texts = (words(), text(), text(), text(), of(words()), of("[A-Z]{1,12}"));
    (texts, 0..DataType::ALL.len(), of(0u32..30), vec(check, 0..3), aliases(), extensions()).prop_map(
        move |(
            (name, question, description, prompt, comment, sas),
            data_type,
            length,
            range_checks,
            aliases,
            extensions,
        )| {
            ItemDef {
                oid: format!("I.{at}").into(),
                name,
                data_type: DataType::ALL.get(data_type).copied().unwrap_or_default(),
                length,
                question,
                description,
                prompt,
                comment,
                sas_field_name: sas.clone(),
                sds_var_name: sas,
                range_checks,
                units: vec!["U".into()],
                aliases,
                extensions,
                ..ItemDef::default()
            }
        },
    )
}

fn code_list() -> impl Strategy<Value = CodeList> {
    let entry = (words(), text(), of("[0-9]{1,2}|x"), of(0i64..3), aliases());
    (words(), vec(entry, 0..4), any::<bool>(), 0..DataType::ALL.len()).prop_map(|(name, entries, coded, data_type)| {
        CodeList {
            oid: "CL".into(),
            name,
            data_type: DataType::ALL.get(data_type).copied().unwrap_or_default(),
            content: if coded {
                let item = |(coded_value, decode, rank, order_number, aliases)| CodeListItem {
                    coded_value,
                    decode,
                    rank,
                    order_number,
                    aliases,
                    ..CodeListItem::default()
                };
                CodeListContent::Coded(entries.into_iter().map(item).collect())
            } else {
                let item = |(coded_value, _, rank, order_number, aliases)| EnumeratedItem {
                    coded_value,
                    rank,
                    order_number,
                    aliases,
                    ..EnumeratedItem::default()
                };
                CodeListContent::Enumerated(entries.into_iter().map(item).collect())
            },
            ..CodeList::default()
        }
    })
}

pub fn study() -> impl Strategy<Value = Study> {
    let items = (item(0), item(1), item(2)).prop_map(|(a, b, c)| vec![a, b, c]);
    let names = (words(), words(), words(), text(), of(words()));
    (names, items, code_list(), extensions(), vec((0usize..3, of(0i64..3), any::<bool>()), 0..4)).prop_map(
        |((name, description, form_name, symbol, about), items, list, extensions, refs)| {
            let item_refs = refs.iter().map(|(item, order_number, mandatory)| ItemRef {
                item: format!("I.{item}").into(),
                order_number: *order_number,
                mandatory: *mandatory,
                key_sequence: *order_number,
                ..ItemRef::default()
            });
            let form_ref = FormRef { form: "F".into(), mandatory: true, ..FormRef::default() };
            let version = StudyVersion {
                oid: "V".into(),
                name: name.clone(),
                description: about,
                protocol: Some(Protocol {
                    description: symbol.clone(),
                    events: vec![EventRef { event: "E".into(), ..EventRef::default() }],
                    ..Protocol::default()
                }),
                events: vec![EventDef {
                    oid: "E".into(),
                    name: "e".to_owned(),
                    forms: vec![form_ref],
                    ..EventDef::default()
                }],
                forms: vec![FormDef {
                    oid: "F".into(),
                    name: form_name,
                    groups: vec![
                        ItemGroupRef { group: "G".into(), within: Some("H".into()), ..ItemGroupRef::default() };
                        refs.len().min(2)
                    ],
                    ..FormDef::default()
                }],
                groups: vec![ItemGroupDef {
                    oid: "G".into(),
                    name: "g".to_owned(),
                    items: item_refs.collect(),
                    ..ItemGroupDef::default()
                }],
                items,
                code_lists: vec![list],
                conditions: vec![ConditionDef {
                    oid: "C".into(),
                    name: "c".to_owned(),
                    description: symbol.clone(),
                    ..ConditionDef::default()
                }],
                extensions: extensions.clone(),
                ..StudyVersion::default()
            };
            Study {
                oid: "S".into(),
                name,
                description: description.clone(),
                protocol_name: description,
                units: vec![MeasurementUnit {
                    oid: "U".into(),
                    name: "u".to_owned(),
                    symbol,
                    ..MeasurementUnit::default()
                }],
                versions: vec![version],
                extensions,
            }
        },
    )
}

fn audit() -> impl Strategy<Value = Vec<AuditRecord>> {
    let one = (of("[A-Z]{0,3}"), of("[A-Z]{1,3}"), any::<bool>(), of(words()), any::<bool>()).prop_map(
        |(user, location, dated, reason, vendor)| AuditRecord {
            user: user.map(Into::into),
            location: location.map(Into::into),
            at: dated.then(|| "2026-11-21T10:00:00+01:00".to_owned()),
            reason,
            origin: if vendor {
                AuditOrigin::Extension { act: "a".to_owned(), old: None, new: Some("b".to_owned()) }
            } else {
                AuditOrigin::Standard
            },
            ..AuditRecord::default()
        },
    );
    vec(one, 0..3)
}

fn annotation() -> impl Strategy<Value = Annotation> {
    (any::<i32>(), of(words()), vec(words(), 0..2), of(Just(TransactionType::Update))).prop_map(
        |(sequence, comment, flags, transaction)| Annotation {
            sequence: i64::from(sequence),
            comment,
            transaction,
            flags: flags
                .into_iter()
                .map(|code| Flag {
                    value: FlagCode { code_list: "CL".into(), code: code.clone() },
                    flag_type: Some(FlagCode { code_list: "CL".into(), code }),
                    extensions: Vec::new(),
                })
                .collect(),
            ..Annotation::default()
        },
    )
}

fn value() -> impl Strategy<Value = ItemData> {
    let element = prop_oneof![
        Just(ItemElement::Untyped),
        Just(ItemElement::Any),
        Just(ItemElement::Typed(DataType::String)),
        Just(ItemElement::Typed(DataType::Integer)),
        Just(ItemElement::Typed(DataType::Date)),
    ];
    ((0usize..3, words(), any::<bool>()), element, of(Just("U")), audit(), vec(annotation(), 0..2), extensions())
        .prop_map(|((item, value, is_null), element, unit, audit, annotations, extensions)| ItemData {
            item: format!("I.{item}").into(),
            value: (!is_null).then_some(value),
            is_null,
            element,
            unit: unit.map(Into::into),
            audit,
            annotations,
            extensions,
            ..ItemData::default()
        })
}

fn form(event: bool) -> impl Strategy<Value = FormChunk> {
    let row =
        (of("[1-9]"), vec(value(), 0..4), audit(), extensions()).prop_map(|(repeat, items, audit, extensions)| {
            ItemGroupData { group: "G".into(), repeat, items, audit, extensions, ..ItemGroupData::default() }
        });
    (of("[1-9]"), vec(row, 0..3), audit(), vec(annotation(), 0..2)).prop_map(
        move |(repeat, groups, audit, annotations)| FormChunk {
            context: context(),
            subject_key: "1".to_owned(),
            event: event.then(|| ("E".into(), Some("1".to_owned()))),
            form: FormHead { form: "F".into(), repeat, audit, annotations, ..FormHead::default() },
            groups,
            continues: false,
        },
    )
}

fn context() -> Context {
    Context { study: "S".into(), version: "V".into() }
}

/// A subject with forms in a visit and outside one, and what is said after them.
pub fn chunks() -> impl Strategy<Value = Vec<Chunk>> {
    let signature = of(of(Just("2026-11-21T10:00:00Z".to_owned())).prop_map(|at| Signature {
        user: Some("A".into()),
        location: Some("L".into()),
        definition: Some("D".into()),
        at,
        ..Signature::default()
    }));
    let heads = (audit(), signature, vec(annotation(), 0..2), extensions(), audit());
    (heads, vec(form(true), 1..3), vec(form(false), 0..2)).prop_map(
        |((audit, signature, annotations, extensions, late), in_visit, outside)| {
            let key = || "1".to_owned();
            let subject = SubjectHead {
                key: key(),
                audit,
                signature: signature.clone(),
                annotations,
                extensions: extensions.clone(),
                ..SubjectHead::default()
            };
            let event =
                EventHead { event: "E".into(), repeat: Some("1".to_owned()), signature, ..EventHead::default() };
            let mut chunks = vec![
                Chunk::Subject(SubjectChunk { context: context(), part: Part::Opening, subject }),
                Chunk::Event(EventChunk { context: context(), subject_key: key(), part: Part::Opening, event }),
            ];
            chunks.extend(in_visit.into_iter().map(Chunk::Form));
            if !extensions.is_empty() {
                let event =
                    EventHead { event: "E".into(), repeat: Some("1".to_owned()), extensions, ..EventHead::default() };
                chunks.push(Chunk::Event(EventChunk {
                    context: context(),
                    subject_key: key(),
                    part: Part::Closing,
                    event,
                }));
            }
            chunks.extend(outside.into_iter().map(Chunk::Form));
            if !late.is_empty() {
                let subject = SubjectHead { key: key(), audit: late, ..SubjectHead::default() };
                chunks.push(Chunk::Subject(SubjectChunk { context: context(), part: Part::Closing, subject }));
            }
            chunks
        },
    )
}
