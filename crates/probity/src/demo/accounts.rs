//! The accounts of the demonstration's people: made-up passwords, written down for whoever tries it.
//!
//! A real installation never knows a password after it was set. These are kept in clear because they open nothing but
//! invented data on the machine's own loopback.

use std::{fmt::Write as _, fs, io::Write as _, path::Path};

use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use trial::role::Role;

use super::folder::Folder;

/// One person's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// The role's code; a person with the same role at several places has one account.
    pub(crate) role: String,
    /// The organization's name, as it is typed to sign in.
    pub(crate) organization: String,
    /// The person's name.
    pub(crate) name: String,
    /// The name to sign in with.
    pub(crate) sign_in: String,
    /// The password.
    pub(crate) password: String,
}

impl Account {
    /// The role, for people.
    fn title(&self) -> &str {
        Role::from_code(&self.role).and_then(Role::title).unwrap_or(&self.role)
    }
}

/// Bytes of randomness from the machine.
///
/// # Errors
/// Where the machine gives none.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let fresh = URL_SAFE_NO_PAD.decode(store::fresh_token()?)?;
    fresh.first_chunk().copied().context("more randomness was asked for than a token holds")
}

/// A new password: five words, of 40 bits together. Enough where each guess costs an Argon2id and growing waits.
pub(crate) fn password() -> Result<String> {
    let drawn: [u8; 5] = random()?;
    let words: Vec<&str> =
        drawn.iter().filter_map(|byte| WORDS.split_ascii_whitespace().nth(usize::from(*byte))).collect();
    Ok(words.join("-"))
}

/// Writes the accounts as JSON.
pub(crate) fn write(file: &Path, accounts: &[Account]) -> Result<()> {
    write_private(file, &serde_json::to_string_pretty(accounts)?)
}

/// Writes a file that its owner alone may read. It appears whole or not at all.
pub(crate) fn write_private(file: &Path, text: &str) -> Result<()> {
    let mut draft = file.as_os_str().to_owned();
    draft.push(".new");
    let written = || -> std::io::Result<()> {
        let _none_left = fs::remove_file(&draft);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut draft_file = options.open(&draft)?;
        draft_file.write_all(text.as_bytes())?;
        draft_file.write_all(b"\n")?;
        draft_file.sync_all()?;
        fs::rename(&draft, file)
    };
    written().with_context(|| format!("{} cannot be written", file.display()))
}

/// What is said once everything is ready.
pub(crate) fn said(address: &str, folder: &Folder, accounts: &[Account]) -> String {
    let heads = ["Role", "Name", "Sign-in", "Password"];
    let rows: Vec<[&str; 4]> =
        accounts.iter().map(|account| [account.title(), &account.name, &account.sign_in, &account.password]).collect();
    let width =
        |at: usize| rows.iter().chain([&heads]).filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let mut text = String::new();
    let _infallible = writeln!(
        text,
        "\nOpen {address} and sign in as any of these people of the organization “{}”:\n",
        organization(accounts)
    );
    for row in [&heads].into_iter().chain(&rows) {
        let mut line = String::from(" ");
        for (at, cell) in row.iter().enumerate() {
            let _infallible = write!(line, " {cell:width$} ", width = width(at).unwrap_or(0));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let _infallible = write!(
        text,
        "\nAll of it is invented, and lies in {}\nCtrl-C stops the server; the same command starts it again.",
        folder.shown()
    );
    text
}

fn organization(accounts: &[Account]) -> &str {
    accounts.first().map_or("", |account| account.organization.as_str())
}

/// 256 short words that are hard to mistake for each other.
const WORDS: &str = "\
    acorn agate alder amber anchor anvil apple apron arbor arrow aspen atlas autumn badge bagel bamboo banjo barley \
    basalt basket beacon beaver bench berry birch bison blanket blossom bonnet border bottle branch bridge bronze brook \
    bucket butter button cabin cactus camel candle canoe canyon carbon carpet castle cedar cello chalk cherry chestnut \
    cider cinder circle clover cobalt coffee comet copper coral cotton crane crayon cricket crystal current daisy \
    dapple denim desert dolphin donkey dragon drum eagle earth ebony echo elbow ember emerald engine fable falcon \
    feather fennel fern ferry fiddle finch flame flannel flint flower forest fossil fountain fox galaxy garden garlic \
    garnet geyser ginger glacier glove goblet gravel guitar hammer harbor harvest hazel heron hickory hollow honey \
    horizon hornet iceberg igloo indigo inkwell iris island ivory jacket jasmine jigsaw juniper kayak kernel kettle \
    kitten ladder lagoon lantern larch lemon lentil lilac linen lizard lobster lotus lumber magnet mango maple marble \
    meadow melon mirror mitten monsoon mosaic moss mustard napkin nectar needle nickel nutmeg oasis ocean olive onion \
    opal orange orchard otter oyster paddle panda papaya parsley pebble pelican pepper petal pewter piano pickle pigeon \
    pillow pine planet plum pocket pollen poppy prairie prism puddle pumpkin puzzle quail quartz quilt rabbit radish \
    raven ribbon river robin rocket rooster rosemary saddle saffron sandal sapling satin scarf shadow silver slate \
    sparrow spinach spruce squirrel stable starling stone summit sunset swallow tablet talon tango temple thimble \
    thistle thunder timber tulip tundra tunnel turnip turtle valley velvet wagon walnut walrus warbler water wheat \
    whistle willow window winter wolf wombat yarrow";

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::collections::HashSet;

    use super::*;

    #[test]
    fn passwords_are_five_different_words_of_256() {
        let words: HashSet<&str> = WORDS.split_ascii_whitespace().collect();
        assert_eq!(words.len(), 256);
        assert_eq!(WORDS.split_ascii_whitespace().count(), 256);
        let made: HashSet<String> = (0..50).map(|_| password().unwrap()).collect();
        assert_eq!(made.len(), 50);
        let least = trial::policy::Policy::platform().password_characters(false) as usize;
        for one in made {
            assert_eq!(one.split('-').count(), 5);
            assert!(one.chars().count() >= least, "{one}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_written_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = std::env::temp_dir().join(format!("probity-accounts-{}.json", std::process::id()));
        for text in ["one", "two"] {
            write_private(&file, text).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), format!("{text}\n"));
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::remove_file(&file).unwrap();
    }
}
