#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::definition::{CodeListItem, FormalExpression, StudyVersion, Text};

fn check(comparator: Comparator, values: &[&str]) -> RangeCheck {
    RangeCheck {
        comparator: Some(comparator),
        rule: CheckRule::Values(values.iter().map(|of| (*of).to_owned()).collect()),
        ..RangeCheck::default()
    }
}

fn item(data_type: DataType, checks: Vec<RangeCheck>) -> ItemDef {
    ItemDef { oid: "I".into(), data_type, range_checks: checks, ..ItemDef::default() }
}

fn fails(item: &ItemDef, raw: &str) -> bool {
    let value = ItemValue::parse(item, None, raw).unwrap();
    let found = range(item, None, &value, None, "en");
    assert_eq!(found.not_evaluated, []);
    !found.findings.is_empty()
}

#[test]
fn each_comparator_compares_by_the_data_type() {
    use Comparator::*;
    let table = [
        (DataType::Integer, Lt, vec!["10"], "9", "10"),
        (DataType::Integer, Le, vec!["10"], "10", "11"),
        (DataType::Float, Gt, vec!["1.5"], "1.51", "1.50"),
        (DataType::Float, Ge, vec!["1.5"], "1.50", "1.49"),
        (DataType::Integer, Eq, vec!["7"], "07", "8"),
        (DataType::Integer, Ne, vec!["7"], "8", "7"),
        (DataType::Integer, In, vec!["1", "2", "3"], "3", "4"),
        (DataType::Integer, NotIn, vec!["1", "2"], "3", "2"),
        (DataType::Date, Ge, vec!["2026-01-01"], "2026-01-01", "2025-12-31"),
        (DataType::Text, Eq, vec!["Y"], "Y", "N"),
    ];
    for (data_type, comparator, values, passing, failing) in table {
        let item = item(data_type, vec![check(comparator, &values)]);
        assert!(!fails(&item, passing), "{comparator:?} {values:?} {passing}");
        assert!(fails(&item, failing), "{comparator:?} {values:?} {failing}");
    }
}

#[test]
fn findings_are_hard_or_soft_and_say_what_is_expected() {
    let own = RangeCheck {
        severity: Severity::Hard,
        error_message: Text::of("en", " Too low "),
        ..check(Comparator::Ge, &["50"])
    };
    let item = item(DataType::Integer, vec![own, check(Comparator::Ge, &["60"])]);
    let value = ItemValue::parse(&item, None, "40").unwrap();
    let found = range(&item, None, &value, None, "de").findings;
    assert_eq!(
        found,
        [
            Finding { item: "I".into(), hard: true, message: "Too low".to_owned() },
            Finding { item: "I".into(), hard: false, message: "Expected at least 60.".to_owned() },
        ]
    );
}

#[test]
fn a_check_in_another_unit_is_not_made() {
    let mut item =
        item(DataType::Float, vec![RangeCheck { unit: Some("KG".into()), ..check(Comparator::Le, &["200"]) }]);
    item.units = vec!["KG".into(), "LB".into()];
    let value = ItemValue::parse(&item, None, "300").unwrap();
    let with = |unit: Option<&str>| range(&item, None, &value, unit.map(UnitOid::from).as_ref(), "en");
    assert_eq!(with(Some("KG")).findings.len(), 1);
    assert_eq!(with(Some("LB")).not_evaluated.len(), 1);
    assert_eq!(with(None).not_evaluated.first().map(|of| of.reason.as_str()), Some("the value's unit is not given"));
}

#[test]
fn formal_expressions_are_reported_as_not_evaluated() {
    let rule = CheckRule::Expressions(vec![FormalExpression { context: None, text: "1 = 1".to_owned() }]);
    let item = item(DataType::Text, vec![RangeCheck { rule, ..RangeCheck::default() }]);
    let value = ItemValue::parse(&item, None, "x").unwrap();
    let found = range(&item, None, &value, None, "en");
    assert_eq!(found.findings, []);
    assert_eq!(found.not_evaluated.len(), 1);
}

#[test]
fn ranks_decide_where_codes_have_them() {
    let code = |value: &str, rank: &str| CodeListItem {
        coded_value: value.to_owned(),
        rank: Some(rank.to_owned()),
        ..CodeListItem::default()
    };
    let list = CodeList {
        content: CodeListContent::Coded(vec![code("MILD", "1"), code("SEVERE", "3"), code("MODERATE", "2")]),
        ..CodeList::default()
    };
    let item = item(DataType::Text, vec![check(Comparator::Lt, &["SEVERE"])]);
    let found = |raw| {
        let value = ItemValue::parse(&item, Some(&list), raw).unwrap();
        range(&item, Some(&list), &value, None, "en").findings.len()
    };
    assert_eq!((found("MODERATE"), found("SEVERE")), (0, 1));
}

#[test]
fn mandatory_items_are_missed_where_their_group_is_used() {
    let item_ref = |oid: &str, mandatory| ItemRef { item: oid.into(), mandatory, ..ItemRef::default() };
    let group = |oid: &str, items| ItemGroupDef { oid: oid.into(), items, ..ItemGroupDef::default() };
    let excused = ItemRef { collection_exception: Some("C".into()), ..item_ref("B", true) };
    let version = StudyVersion {
        groups: vec![
            group("ONE", vec![item_ref("A", true), excused, item_ref("C", false)]),
            group("ROWS", vec![item_ref("D", true), item_ref("E", true)]),
        ],
        items: ["A", "B", "C", "D", "E"]
            .map(|oid| ItemDef { oid: oid.into(), name: oid.to_owned(), ..ItemDef::default() })
            .to_vec(),
        ..StudyVersion::default()
    };
    let group_ref = |oid: &str, mandatory| ItemGroupRef { group: oid.into(), mandatory, ..ItemGroupRef::default() };
    let form = FormDef { groups: vec![group_ref("ONE", true), group_ref("ROWS", false)], ..FormDef::default() };
    let index = Indexed::new(version, Vec::new());
    let lacking = |answered: &[Answered<'_>]| -> Vec<(String, Option<String>, bool)> {
        let found = missing(&index, &form, answered, "en");
        found.into_iter().map(|of| (of.finding.item.to_string(), of.row, of.finding.hard)).collect()
    };
    let own = str::to_owned;
    assert_eq!(lacking(&[]), [(own("A"), None, true), (own("B"), None, false)]);
    let one = Answered { group: "ONE", row: None, item: "A" };
    let row = Answered { group: "ROWS", row: Some("2"), item: "D" };
    assert_eq!(lacking(&[one, row]), [(own("B"), None, false), (own("E"), Some(own("2")), true)]);
}
