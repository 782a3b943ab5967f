//! Laboratory results of one sample, a row for each test.

use jiff::civil::Date;

use super::{Site, day, sheet::Sheet};
use crate::demo::chance::Chance;

/// A test as a laboratory reports it.
#[derive(Debug, Clone, Copy, Default)]
struct Test {
    code: &'static str,
    unit: &'static str,
    low: f64,
    high: f64,
    mean: f64,
    deviation: f64,
    digits: usize,
    /// Whether it is among the few that are measured at every visit.
    always: bool,
}

const fn test(
    code: &'static str,
    unit: &'static str,
    range: (f64, f64),
    drawn: (f64, f64),
    digits: usize,
    always: bool,
) -> Test {
    Test { code, unit, low: range.0, high: range.1, mean: drawn.0, deviation: drawn.1, digits, always }
}

const TESTS: [Test; 9] = [
    test("HGB", "MU.GL", (120.0, 170.0), (143.0, 12.0), 0, true),
    test("WBC", "MU.E9L", (4.0, 10.0), (6.7, 1.6), 1, false),
    test("PLAT", "MU.E9L", (150.0, 400.0), (255.0, 55.0), 0, false),
    test("SODIUM", "MU.MMOLL", (136.0, 145.0), (140.0, 2.2), 0, true),
    test("K", "MU.MMOLL", (3.5, 5.1), (4.3, 0.4), 1, true),
    test("CREAT", "MU.UMOLL", (50.0, 105.0), (79.0, 15.0), 0, true),
    test("ALT", "MU.UL", (5.0, 45.0), (26.0, 11.0), 0, true),
    test("GLUC", "MU.MMOLL", (3.9, 6.1), (5.5, 0.8), 1, false),
    test("CHOL", "MU.MMOLL", (2.5, 5.2), (5.0, 0.9), 1, false),
];

/// Milligrams per decilitre in a millimole per litre of glucose.
const GLUCOSE_MG_DL: f64 = 18.016;

/// Fills in the form: every test, or the few.
pub(super) fn fill(chance: &mut Chance, sheet: &mut Sheet, site: Site, date: Date, all: bool) {
    head(chance, sheet, site, date);
    let tests = TESTS.iter().filter(|test| all || test.always);
    for (row, test) in tests.enumerate() {
        result(chance, sheet, row + 1, test, site);
    }
}

fn head(chance: &mut Chance, sheet: &mut Sheet, site: Site, date: Date) {
    let minute = chance.between(7 * 60, 11 * 60);
    sheet.put("IG.LBHEAD", "I.LBDTC", day::at(date, minute));
    let fasting = chance.weighed(&[(82, "Y"), (14, "N"), (4, "U")]);
    sheet.put("IG.LBHEAD", "I.LBFAST", fasting);
    if fasting == "N" {
        let meal = minute - chance.between(40, 150);
        let hour = format!("{:02}", meal / 60);
        sheet.put("IG.LBHEAD", "I.LBMEAL", if chance.happens(400) { hour } else { format!("{hour}:{:02}", meal % 60) });
    }
    let own = if site == Site::Kyoto { 700 } else { 100 };
    let name = if chance.happens(own) { "Local laboratory" } else { "Harbour Central Laboratory" };
    sheet.put("IG.LBHEAD", "I.LBNAM", name);
}

fn result(chance: &mut Chance, sheet: &mut Sheet, row: usize, test: &Test, site: Site) {
    let drawn = chance.around(test.mean, test.deviation);
    // Now and then something is wrong with liver or kidneys.
    let drawn = if chance.happens(25) { drawn * 2.2 } else { drawn }.clamp(test.mean * 0.25, test.mean * 6.0);
    // Glucose comes in mg/dL from Lyon's own device.
    let in_mg = test.code == "GLUC" && site == Site::Lyon && chance.happens(200);
    let (factor, unit, digits) = if in_mg { (GLUCOSE_MG_DL, "MU.MGDL", 0) } else { (1.0, test.unit, test.digits) };
    let shown = |value: f64| format!("{:.*}", digits, value * factor);
    sheet.put_row("IG.LB", row, "I.LBTESTCD", test.code, None);
    sheet.put_row("IG.LB", row, "I.LBORRES", shown(drawn), Some(unit));
    sheet.put_row("IG.LB", row, "I.LBORNRLO", shown(test.low), None);
    sheet.put_row("IG.LB", row, "I.LBORNRHI", shown(test.high), None);
    if drawn < test.low || drawn > test.high {
        let far = drawn < test.low * 0.8 || drawn > test.high * 1.4;
        let significant = far && chance.happens(600);
        sheet.put_row("IG.LB", row, "I.LBCLSIG", if significant { "Y" } else { "N" }, None);
        if significant || chance.happens(150) {
            sheet.put_row("IG.LB", row, "I.LBCOM", chance.pick(COMMENTS), None);
        }
    }
}

const COMMENTS: &[&str] = &[
    "Repeat at the next visit.",
    "Sample slightly haemolysed.",
    "Known for years, family doctor informed.",
    "prélèvement difficile",
    "再検査予定",
    "Long run the day before.",
];
