#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::definition::{CodeListContent, CodeListItem};

fn item(data_type: DataType) -> ItemDef {
    ItemDef { data_type, ..ItemDef::default() }
}

fn code(data_type: DataType, raw: &str) -> Result<(), ValueProblemCode> {
    ItemValue::parse(&item(data_type), None, raw).map(|value| assert_eq!(value.as_collected(), raw)).map_err(|p| p.code)
}

#[test]
fn each_data_type_takes_its_own_texts() {
    use DataType::*;
    let table: &[(DataType, &[&str])] = &[
        (Text, &["a", " 35 Years ", "ä\n\t"]),
        (Integer, &["0", "-7", "+7", "007"]),
        (Float, &["0", "1.50", "-.5", "5.", "+3.1"]),
        (Decimal, &["1.25"]),
        (Double, &["1", "-1.5", "1.5E+3", "1D-2", "INF", "-INF", "NaN"]),
        (Boolean, &["true", "false", "0", "1"]),
        (Date, &["2026-11-21", "2024-02-29", "2026-11-21Z", "2026-11-21+02:00"]),
        (Time, &["14:05:30", "14:05", "00:00:00.125", "23:59:59Z", "14:05:30-05:00"]),
        (Datetime, &["2026-11-21T14:05:30", "2026-11-21T14:05", "2026-11-21T14:05:30.5+01:00"]),
        (HexBinary, &["0aFF"]),
        (Base64Binary, &["QUJD", "QUI=", "QQ=="]),
        (HexFloat, &["4110000000000000"]),
        (Base64Float, &["QRAAAAAAAAA="]),
        (PartialDate, &["2026", "2026-11", "2026-11-21"]),
        (PartialTime, &["14", "14:05", "14:05:30"]),
        (PartialDatetime, &["2026", "2026-11", "2026-11-21", "2026-11-21T14", "2026-11-21T14:05Z"]),
        (DurationDatetime, &["P1Y", "P2W", "P1Y2M3DT4H5M6.5S", "-PT1M"]),
        (IntervalDatetime, &["2026-11-01/2026-11-30", "2026-11/P1M", "P3D/2026-11-21T10"]),
        (IncompleteDate, &["2026---21", "--11-21", "-----", "2026-11", "2026-11-21"]),
        (IncompleteTime, &["-:05:-", "14:-:-", "14:05"]),
        (IncompleteDatetime, &["2026---21T14:-:-", "2026-11-21T-:-:-", "2026-11-21"]),
        (Uri, &["https://example.org/a?b#c", "urn:oid:1.2"]),
        (String, &["x"]),
    ];
    assert_eq!(table.len(), DataType::ALL.len());
    for (data_type, texts) in table {
        for text in *texts {
            assert_eq!(code(*data_type, text), Ok(()), "{data_type:?} {text}");
        }
    }
}

#[test]
fn what_is_not_of_the_type_is_refused() {
    use DataType::*;
    let table: &[(DataType, &[&str])] = &[
        (Integer, &["1.5", "x", "", "-", " 1", "1e3"]),
        (Float, &["1,5", ".", "1.2.3", "1e3"]),
        (Double, &["1.", "E5", "inf", "1e"]),
        (Boolean, &["yes", "TRUE", "2"]),
        (Date, &["21.11.2026", "2026-11", "2026-13-01", "2026-02-30", "2026-11-21T10:00", "26-11-21", "0000-01-01"]),
        (Time, &["25:00", "14", "14:60:00", "14:05:30.", "2 pm"]),
        (Datetime, &["2026-11-21", "2026-11-21 14:05", "2026-11-21T14"]),
        (HexBinary, &["0", "xy"]),
        (HexFloat, &["4110000000000000411000000000000041"]),
        (Base64Binary, &["QUJ", "QU=D", "===="]),
        (PartialDate, &["2026-", "11-2026", "2026---21", "UN/NOV/2026"]),
        (PartialTime, &["1", "24"]),
        (PartialDatetime, &["2026-11T14"]),
        (DurationDatetime, &["P", "PT", "P1", "P1S", "P1M1Y", "1Y"]),
        (IntervalDatetime, &["2026-11-01", "P1D/P2D", "/"]),
        (IncompleteDate, &["--02-30", "-"]),
        (Uri, &["a b", "<x>"]),
        (Text, &["a\0b", "\u{b}"]),
    ];
    for (data_type, texts) in table {
        for text in *texts {
            assert!(code(*data_type, text).is_err(), "{data_type:?} {text}");
        }
    }
}

#[test]
fn problems_say_what_to_type_and_never_the_value() {
    let secret = "secret-value";
    for data_type in DataType::ALL {
        if let Err(problem) = ItemValue::parse(&item(data_type), None, secret) {
            assert!(!problem.message.contains(secret), "{problem}");
            assert!(problem.message.ends_with('.'), "{problem}");
        }
    }
    let value = ItemValue::parse(&item(DataType::Text), None, secret).unwrap();
    assert_eq!(format!("{value:?}"), "ItemValue(..)");
}

#[test]
fn length_counts_characters_and_digits() {
    let with = |data_type, length, significant_digits| ItemDef { length, significant_digits, ..item(data_type) };
    let table = [
        (with(DataType::Text, Some(3), None), "äöü", None),
        (with(DataType::Text, Some(3), None), "äöüx", Some(ValueProblemCode::TooLong)),
        (with(DataType::Integer, Some(3), None), "-123", None),
        (with(DataType::Integer, Some(3), None), "1234", Some(ValueProblemCode::TooManyDigits)),
        (with(DataType::Float, Some(5), Some(1)), "1234.5", None),
        (with(DataType::Float, Some(5), Some(1)), "1234.56", Some(ValueProblemCode::TooManyDigits)),
        (with(DataType::Float, None, Some(2)), "1.234", Some(ValueProblemCode::TooManyDigits)),
        (with(DataType::Integer, None, None), &"9".repeat(40), Some(ValueProblemCode::TooManyDigits)),
        (with(DataType::Text, None, None), &"x".repeat(VALUE_BYTES_MAX), None),
        (with(DataType::Text, None, None), &"x".repeat(VALUE_BYTES_MAX + 1), Some(ValueProblemCode::TooLong)),
        (with(DataType::Text, None, None), "", Some(ValueProblemCode::Empty)),
    ];
    for (item, raw, problem) in table {
        assert_eq!(ItemValue::parse(&item, None, raw).err().map(|p| p.code), problem, "{} characters", raw.len());
    }
}

#[test]
fn a_coded_value_is_one_of_the_list() {
    let entry = |value: &str| CodeListItem { coded_value: value.to_owned(), ..CodeListItem::default() };
    let list = CodeList {
        name: "Sex".to_owned(),
        content: CodeListContent::Coded(vec![entry("M"), entry("F")]),
        ..CodeList::default()
    };
    let sex = ItemDef { code_list: Some("CL".into()), length: Some(1), ..item(DataType::Integer) };
    assert_eq!(ItemValue::parse(&sex, Some(&list), "F").unwrap().as_collected(), "F");
    let problem = ItemValue::parse(&sex, Some(&list), "U").unwrap_err();
    assert_eq!(
        (problem.code, problem.message.as_str()),
        (ValueProblemCode::NotInCodeList, "Choose one of the list “Sex”: M, F.")
    );
}

#[test]
fn moments_compare_as_far_as_they_are_known() {
    use std::cmp::Ordering::*;
    let table = [
        (DataType::Date, "2026-11-21", "2026-11-22", Some(Less)),
        (DataType::PartialDate, "2026-11", "2026-12-01", Some(Less)),
        (DataType::PartialDate, "2026-11", "2026-11-21", None),
        (DataType::PartialDate, "2026-11", "2026-11", Some(Equal)),
        (DataType::PartialDate, "2026", "2025-12-31", Some(Greater)),
        (DataType::Time, "09:00", "10:00", Some(Less)),
        (DataType::Datetime, "2026-11-21T10:00:00+02:00", "2026-11-21T09:00:00+01:00", Some(Equal)),
        (DataType::Datetime, "2026-11-21T10:00:00+02:00", "2026-11-21T09:00:00Z", Some(Less)),
        (DataType::DurationDatetime, "P1M", "P31D", None),
        (DataType::DurationDatetime, "P2W", "P15D", Some(Less)),
        (DataType::Float, "1.50", "1.5", Some(Equal)),
        (DataType::Integer, "10", "9", Some(Greater)),
    ];
    for (data_type, one, other, order) in table {
        let parse = |raw| ItemValue::parse(&item(data_type), None, raw).unwrap();
        assert_eq!(parse(one).compare(&parse(other)), order, "{one} and {other}");
    }
}

#[test]
fn partial_dates_are_typed_as_sites_write_them() {
    use DataType::*;
    let table = [
        (PartialDate, "21/NOV/2026", "2026-11-21", "21/NOV/2026"),
        (PartialDate, "UN/NOV/2026", "2026-11", "UN/NOV/2026"),
        (PartialDate, "un-nov-2026", "2026-11", "UN/NOV/2026"),
        (PartialDate, "November 2026", "2026-11", "UN/NOV/2026"),
        (PartialDate, "UN/UNK/2026", "2026", "UN/UNK/2026"),
        (PartialDate, "2026-11", "2026-11", "UN/NOV/2026"),
        (Date, "21 Nov 2026", "2026-11-21", "21/NOV/2026"),
        (IncompleteDate, "21/UNK/2026", "2026---21", "21/UNK/2026"),
        (IncompleteDate, "21/NOV/UNKN", "--11-21", "21/NOV/UNKN"),
    ];
    for (data_type, typed, collected, shown) in table {
        assert_eq!(from_entry(data_type, typed).as_deref(), Ok(collected), "{typed}");
        assert_eq!(code(data_type, collected), Ok(()), "{collected}");
        assert_eq!(to_entry(collected), shown, "{collected}");
    }
    for (data_type, typed) in [
        (PartialDate, "21/UNK/2026"),
        (Date, "UN/NOV/2026"),
        (PartialDate, "40/NOV/2026"),
        (PartialDate, "21/ABC/2026"),
        (PartialDate, "soon"),
    ] {
        assert!(from_entry(data_type, typed).is_err(), "{typed}");
    }
    assert_eq!(from_entry(Text, "UN/NOV/2026").as_deref(), Ok("UN/NOV/2026"));
}

proptest! {
    #[test]
    fn any_text_parses_or_is_refused_but_never_panics(raw in "\\PC{0,40}", at in 0usize..23) {
        let data_type = DataType::ALL.get(at).copied().unwrap_or_default();
        if let Ok(value) = ItemValue::parse(&item(data_type), None, &raw) {
            prop_assert_eq!(value.as_collected(), raw.as_str());
            let _ = value.compare(&value);
        }
        let _ = from_entry(data_type, &raw);
        let _ = to_entry(&raw);
    }

    #[test]
    fn dates_survive_entry(year in 1000i16..=9999, month in 1i8..=12, day in 1i8..=28) {
        let date = format!("{year:04}-{month:02}-{day:02}");
        prop_assert_eq!(from_entry(DataType::PartialDate, &to_entry(&date)), Ok(date.clone()));
        let value = ItemValue::parse(&item(DataType::Date), None, &date).unwrap();
        prop_assert_eq!(value.date().map(|d| d.to_string()), Some(date));
    }

    #[test]
    fn numbers_are_kept_as_typed_and_compare_exactly(units in -1_000_000i64..1_000_000, places in 0u32..6) {
        let number = Decimal::new(units, places);
        let value = ItemValue::parse(&item(DataType::Float), None, &number.to_string()).unwrap();
        prop_assert_eq!(value.number(), Some(number));
    }
}
