//! What is logged, here and on another machine.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod elsewhere;

use std::sync::Mutex;

use super::*;

/// Standard error.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn writing(format: LogFormat, kept: &Kept, away: Option<Arc<Queue>>) -> Box<dyn Subscriber + Send + Sync> {
    let writes = kept.clone();
    written(format, EnvFilter::new("info"), move || writes.clone(), away)
}

/// What is logged while something is done.
fn logged(format: LogFormat, done: impl FnOnce()) -> String {
    let kept = Kept::default();
    tracing::subscriber::with_default(writing(format, &kept, None), done);
    kept.text()
}

#[test]
fn nobody_writes_a_line_of_their_own() {
    let said = "went wrong\n2026-11-21T10:00:00Z  INFO signed in\r\u{1b}[2K\u{85}";
    for format in [LogFormat::Text, LogFormat::Json] {
        let log = logged(format, || tracing::warn!(cause = %said, "a fault"));
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(log.ends_with('\n') && !log.trim_end_matches('\n').chars().any(char::is_control), "{log:?}");
        assert!(log.contains("went wrong"), "{log}");
        let is_json = serde_json::from_str::<serde_json::Value>(&log).is_ok();
        assert_eq!(is_json, format == LogFormat::Json, "{log}");
    }
}

#[test]
fn an_incident_is_found_in_the_log_with_its_cause() {
    let mut told = String::new();
    let log = logged(LogFormat::Json, || {
        if let store::Error::Fault { incident } = store::Error::fault("the disk is gone") {
            told = incident;
        }
    });
    assert!(!told.is_empty() && log.contains(&told) && log.contains("the disk is gone"), "{told}: {log}");
}

#[test]
fn a_panic_is_logged_by_its_place_and_not_by_what_it_says() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(panicked));
    let log = logged(LogFormat::Text, || {
        let ended = std::panic::catch_unwind(|| panic!("held a value"));
        assert!(ended.is_err());
    });
    std::panic::set_hook(before);
    assert!(log.contains("panic") && log.contains("log/tests.rs") && !log.contains("held a value"), "{log}");
}
