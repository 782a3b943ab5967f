//! The operational log, on standard error and nowhere else. It holds incidents and what was refused, never a value: those
//! are in the ledger.

use std::{
    fmt::Write as _,
    io::{self, Write},
    panic::PanicHookInfo,
};

use clap::ValueEnum;
use serde::Deserialize;
use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line, for programs
    Json,
}

/// Starts the log. What is logged is `info` and above, or what PROBITY_LOG says.
pub(crate) fn start(format: LogFormat) {
    start_at(format, "info");
}

/// As [`start`], from another level on.
pub(crate) fn start_at(format: LogFormat, level: &str) {
    let filter = EnvFilter::try_from_env("PROBITY_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // It starts once; a second start changes nothing.
    if tracing::subscriber::set_global_default(written(format, filter, io::stderr)).is_ok() {
        std::panic::set_hook(Box::new(panicked));
    }
}

/// The log, as it is written somewhere.
fn written<W>(format: LogFormat, filter: EnvFilter, to: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // No colours: their control characters are what `Lines` takes out.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    match format {
        LogFormat::Text => Box::new(log.with_writer(Lines(to)).finish()),
        LogFormat::Json => Box::new(log.json().with_writer(Lines(to)).finish()),
    }
}

/// Where a panic was. What it says stays out: it may quote a value.
fn panicked(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    tracing::error!(place, thread, "panic");
}

/// Keeps each event on one line: a control character in what is logged is spelled out, so that nobody writes lines of
/// their own.
struct Lines<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Lines<W> {
    type Writer = Line<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(self.0.make_writer())
    }
}

/// The line of one event.
struct Line<W>(W);

impl<W: Write> Write for Line<W> {
    /// Events come whole, each with its line's end.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let mut line = String::with_capacity(text.len());
        for sign in text.trim_end_matches('\n').chars() {
            if sign.is_control() {
                // As JSON spells it, so that a line of JSON stays one. Writing to a string cannot fail.
                let _ = write!(line, "\\u{:04x}", u32::from(sign));
            } else {
                line.push(sign);
            }
        }
        line.push('\n');
        self.0.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::sync::{Arc, Mutex};

    use super::*;

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

    /// What is logged while something is done.
    fn logged(format: LogFormat, done: impl FnOnce()) -> String {
        let kept = Kept::default();
        let writes = kept.clone();
        tracing::subscriber::with_default(written(format, EnvFilter::new("info"), move || writes.clone()), done);
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
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
        assert!(log.contains("panic") && log.contains("log.rs") && !log.contains("held a value"), "{log}");
    }
}
