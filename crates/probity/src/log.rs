//! The operational log, on standard error, and where the operator names one on another machine too: the same lines. It holds
//! incidents and what was refused, never a value: those are in the ledger.

mod away;
mod message;
mod queue;
mod sending;

use std::{
    fmt::Write as _,
    io::{self, Write},
    panic::PanicHookInfo,
    sync::Arc,
};

use clap::ValueEnum;
use serde::Deserialize;
use store::Clock as _;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use self::queue::{Event, Queue};
pub(crate) use self::{away::LogTo, sending::Sending};
use crate::clock::MachineClock;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line, for programs
    Json,
}

/// Starts the log. What is logged is `info` and above, or what PROBITY_LOG says. It is sent to another machine too, while
/// what is given back lives.
///
/// # Errors
/// Where there can be no thread for that.
pub(crate) fn start(format: LogFormat, to: Option<LogTo>) -> io::Result<Option<Sending>> {
    let queue = to.as_ref().map(|_| Arc::<Queue>::default());
    begin(format, "info", queue.clone());
    queue.zip(to).map(|(queue, to)| Sending::begin(queue, to)).transpose()
}

/// Starts the log on standard error alone, from another level on.
pub(crate) fn start_at(format: LogFormat, level: &str) {
    begin(format, level, None);
}

fn begin(format: LogFormat, level: &str, away: Option<Arc<Queue>>) {
    let filter = EnvFilter::try_from_env("PROBITY_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // It starts once; a second start changes nothing.
    if tracing::subscriber::set_global_default(written(format, filter, io::stderr, away)).is_ok() {
        std::panic::set_hook(Box::new(panicked));
    }
}

/// The log, as it is written somewhere, and waits to be sent to another machine.
fn written<W>(
    format: LogFormat,
    filter: EnvFilter,
    here: W,
    away: Option<Arc<Queue>>,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // No colours: their control characters are what `Lines` takes out.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    let lines = Lines { here, away };
    match format {
        LogFormat::Text => Box::new(log.with_writer(lines).finish()),
        LogFormat::Json => Box::new(log.json().with_writer(lines).finish()),
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
struct Lines<W> {
    here: W,
    away: Option<Arc<Queue>>,
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Lines<W> {
    type Writer = Line<'a, W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { here: self.here.make_writer(), away: self.away.as_deref(), level: Level::INFO }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Self::Writer {
        Line { here: self.here.make_writer_for(event), away: self.away.as_deref(), level: *event.level() }
    }
}

/// The line of one event.
struct Line<'a, W> {
    here: W,
    away: Option<&'a Queue>,
    level: Level,
}

impl<W: Write> Write for Line<'_, W> {
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
        let written = self.here.write_all(line.as_bytes());
        if let Some(away) = self.away {
            line.pop();
            away.push(Event { at: MachineClock.now(), level: self.level, line });
        }
        written.map(|()| event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.here.flush()
    }
}

#[cfg(test)]
mod tests;
