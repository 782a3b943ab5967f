//! No setting, argument or variable turns encryption off, and a database in clear is refused.

use std::{fs, sync::Arc};

use anyhow::Result;
use clap::CommandFactory as _;
use store::Installation;

use super::{Finding, Place};
use crate::{
    clock::MachineClock,
    command::{CommandLine, configuration_settings},
    prove::scratch::{Folder, Scratch},
};

/// Words that a switch of encryption would have.
const WORDS: &[&str] = &[
    "encrypt",
    "cipher",
    "crypt",
    "clear",
    "plain",
    "insecure",
    "unsealed",
    "seal",
    "aead",
    "disable",
    "without-key",
    "no-key",
    "no-tls",
    "skip",
];

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let names = names();
    let mut against = switches(&names);
    if in_clear_opens(&Place::scratch()?)? {
        against.push("a database in clear was opened".to_owned());
    }
    Ok(Finding::unless(
        against,
        format!(
            "none of the {} arguments, variables and settings that this program knows concerns turning encryption off; \
             a database in clear was refused",
            names.len()
        ),
    ))
}

/// Every argument and variable of every command, and every setting of the configuration file.
pub(super) fn names() -> Vec<String> {
    let mut names = configuration_settings();
    let mut commands = vec![CommandLine::command()];
    while let Some(command) = commands.pop() {
        for argument in command.get_arguments() {
            names.push(argument.get_id().to_string());
            names.extend(argument.get_long().map(str::to_owned));
            names.extend(argument.get_env().map(|name| name.to_string_lossy().into_owned()));
        }
        commands.extend(command.get_subcommands().cloned());
    }
    names.sort();
    names.dedup();
    names
}

fn switches(names: &[String]) -> Vec<String> {
    let concerns = |name: &&String| {
        let name = name.to_lowercase().replace('_', "-");
        WORDS.iter().any(|word| name.contains(word))
    };
    names.iter().filter(concerns).map(|name| format!("{name} may concern encryption")).collect()
}

/// Puts a database in clear in an organization's place and opens the installation.
fn in_clear_opens(scratch: &Scratch) -> Result<bool> {
    let copy = Folder::new()?;
    let (from, to) = (scratch.data(), copy.path().join("data"));
    let own = format!("organizations/{}", scratch.one.organization.id());
    fs::create_dir_all(to.join(&own))?;
    fs::copy(from.join("root.key"), to.join("root.key"))?;
    fs::copy(from.join(&own).join("keys.json"), to.join(&own).join("keys.json"))?;
    // The head of an empty SQLite database of one page, as it lies on disk unencrypted (SQLite file format 1.3).
    let mut page = b"SQLite format 3\0\x10\x00\x01\x01\x00\x40\x20\x20".to_vec();
    page.resize(4096, 0);
    fs::write(to.join(&own).join("store.db"), page)?;
    Ok(Installation::open(&to, None, Arc::new(MachineClock)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_would_be_seen() {
        let names = names();
        assert!(names.iter().any(|name| name == "root-key"), "{names:?}");
        assert!(names.iter().any(|name| name == "PROBITY_DATA"), "{names:?}");
        assert_eq!(switches(&names), Vec::<String>::new());
        for planted in ["no-encryption", "PROBITY_PLAINTEXT", "disable_sealing"] {
            assert_eq!(switches(&[planted.to_owned()]).len(), 1, "{planted}");
        }
    }
}
