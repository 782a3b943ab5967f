//! Running other programs: shown before they start, their failure said in words.
//!
//! Children inherit the terminal unless their output is read line by line, and then it is still shown.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::failure::{Failure, Outcome, While};
use crate::workspace;

/// A cargo command at the workspace root.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(workspace::cargo());
    command.args(arguments).current_dir(workspace::root());
    command
}

/// A cargo command for the whole workspace, with the demonstration in the program: always the same features, so that
/// everything is built once for all of them.
pub fn workspace(verb: &str, arguments: &[&str]) -> Command {
    let mut command = cargo(&[verb, "--workspace", "--features", "probity/demo", "--locked"]);
    command.args(arguments);
    command
}

/// Shows `command`, runs it to its end, fails when it does.
pub fn run(command: &mut Command) -> Outcome {
    let shown = show(command);
    println!("$ {shown}");
    let status = command.status().while_doing(format!("cannot start `{shown}`"))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{shown}` failed ({status})"))) }
}

/// As [`run`], and gives each line of standard output to `each` after showing it.
pub fn run_reading(command: &mut Command, mut each: impl FnMut(&str)) -> Outcome {
    let shown = show(command);
    println!("$ {shown}");
    let mut child = command.stdout(Stdio::piped()).spawn().while_doing(format!("cannot start `{shown}`"))?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line.while_doing(format!("reading what `{shown}` says"))?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            each(&line);
        }
    }
    let status = child.wait().while_doing(format!("waiting for `{shown}`"))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{shown}` failed ({status})"))) }
}

/// Whether `command` runs and ends well; its output is thrown away.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn show(command: &Command) -> String {
    let mut shown = String::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            let _infallible = write!(shown, "{}={} ", name.display(), without_password(&value.to_string_lossy()));
        }
    }
    shown.push_str(&short(command.get_program()));
    for argument in command.get_args() {
        let _infallible = write!(shown, " {}", argument.display());
    }
    shown
}

/// An address without the password that is in it: what is shown ends in logs.
fn without_password(value: &str) -> String {
    let parts = value.split_once("://").and_then(|(scheme, rest)| {
        let (who, place) = rest.split_once('@')?;
        Some((scheme, who.split_once(':')?.0, place))
    });
    parts.map_or_else(|| value.to_owned(), |(scheme, user, place)| format!("{scheme}://{user}:...@{place}"))
}

/// The program's name without its directory: what a person would type.
fn short(program: &OsStr) -> String {
    let path = std::path::Path::new(program);
    path.file_name().unwrap_or(program).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(without_password("postgres://owner:secret@127.0.0.1:1/a"), "postgres://owner:...@127.0.0.1:1/a");
        assert_eq!(without_password("/a/file:with@signs"), "/a/file:with@signs");
        assert_eq!(without_password("https://example.org/"), "https://example.org/");
    }
}
