//! Adds up what the test runners say of themselves, for one closing line.
//!
//! Reads cargo's `test result:` lines and the counts of node's spec reporter; guesses nothing else.

/// Tests counted so far, over all runners.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
}

impl Tally {
    /// Takes in one line of a runner's output.
    pub fn read(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            // "ok. 12 passed; 0 failed; 0 ignored; …"
            let counts = result.split_once(". ").map_or(result, |(_, counts)| counts);
            for count in counts.split(';') {
                self.add(count.trim().split_once(' ').map(|(number, word)| (word, number)));
            }
        } else if let Some(count) = line.strip_prefix("ℹ ") {
            self.add(
                count.split_once(' ').map(|(word, number)| (if word == "pass" { "passed" } else { word }, number)),
            );
        }
    }

    fn add(&mut self, count: Option<(&str, &str)>) {
        match count {
            Some(("passed", number)) => self.passed += number.trim().parse::<u64>().unwrap_or(0),
            Some(("failed" | "fail", number)) => self.failed += number.trim().parse::<u64>().unwrap_or(0),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_are_counted() {
        let mut tally = Tally::default();
        tally.read("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s");
        tally.read("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        tally.read("ℹ pass 4");
        tally.read("ℹ fail 1");
        tally.read("ℹ duration_ms 120");
        tally.read("test something ... ok");
        assert_eq!(tally, Tally { passed: 19, failed: 3 });
    }
}
