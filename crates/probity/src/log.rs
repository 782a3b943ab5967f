//! The operational log, on standard error. It holds incidents and requests, never a value: those are in the ledger.

use clap::ValueEnum;
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

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
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // It starts once; a second start changes nothing.
    let _ = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    };
}
