//! What long work shows while it runs, on standard error, and only where a person is looking.

use std::{borrow::Cow, io::Write as _, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

/// Writes a line for people to standard error.
pub(crate) fn say(line: &str) {
    // Where nobody can be told, there is nobody to tell that.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Work whose length is known, in bytes.
pub(crate) fn bytes(what: impl Into<Cow<'static, str>>, length: u64) -> ProgressBar {
    styled(ProgressBar::new(length), "{msg}  {bar:30} {bytes}/{total_bytes}  {eta}", what)
}

/// Work that is counted, and whose end is not known.
pub(crate) fn counted(what: impl Into<Cow<'static, str>>) -> ProgressBar {
    let bar = styled(ProgressBar::new_spinner(), "{spinner} {msg}  {human_pos}  {elapsed}", what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn styled(bar: ProgressBar, template: &str, what: impl Into<Cow<'static, str>>) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}

/// Writes what a command was asked for to standard output.
///
/// # Errors
/// Where nobody can read it: an answer that was not given is not given silently.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}").map_err(Into::into)
}
