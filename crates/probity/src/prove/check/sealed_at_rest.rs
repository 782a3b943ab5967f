//! A value entered lies in clear in no file, and no database begins as an unencrypted one does.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::Result;

use super::{Finding, Place};

/// How an SQLite database in clear begins.
const SQLITE_HEADER: &[u8] = b"SQLite format 3\0";

pub(super) fn check(place: &Place<'_>) -> Result<Finding> {
    let mut against = in_clear(place.installation.folder())?;
    let scratch = Place::scratch()?;
    let (value, reason) = (store::fresh_token()?, store::fresh_token()?);
    scratch.one.save(3, "I.1", &value, Some(&reason))?;
    let files = files_of(&scratch.data())?;
    for (what, text) in [("value", &value), ("reason", &reason)] {
        for file in &files {
            if holds(file, text.as_bytes())? {
                against.push(format!("a {what} lies in clear in {}", file.display()));
            }
        }
    }
    against.extend(in_clear(&scratch.data())?);
    Ok(Finding::unless(
        against,
        format!(
            "a random value and a random reason, saved in a scratch installation, are in none of its {} files, \
             write-ahead logs included; no database here or there begins as one in clear",
            files.len()
        ),
    ))
}

/// Databases of this folder that anybody could open.
fn in_clear(folder: &Path) -> Result<Vec<String>> {
    let mut clear = Vec::new();
    for file in files_of(folder)? {
        let mut head = Vec::new();
        File::open(&file)?.take(SQLITE_HEADER.len() as u64).read_to_end(&mut head)?;
        if head == SQLITE_HEADER {
            clear.push(format!("{} is a database in clear", file.display()));
        }
    }
    Ok(clear)
}

/// Every file under the folder.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            match entry.file_type()? {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    Ok(files)
}

/// Whether these bytes are anywhere in the file.
fn holds(file: &Path, text: &[u8]) -> Result<bool> {
    let bytes = std::fs::read(file)?;
    Ok(bytes.windows(text.len()).any(|window| window == text))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::prove::scratch::Folder;

    #[test]
    fn a_value_and_a_database_in_clear_are_found() {
        let folder = Folder::new().unwrap();
        let file = folder.path().join("below/a.db-wal");
        std::fs::create_dir(file.parent().unwrap()).unwrap();
        std::fs::write(&file, [SQLITE_HEADER, b"the value of a subject"].concat()).unwrap();
        assert_eq!(files_of(folder.path()).unwrap(), std::slice::from_ref(&file));
        assert!(holds(&file, b"value").unwrap());
        assert!(!holds(&file, b"valux").unwrap());
        assert_eq!(in_clear(folder.path()).unwrap().len(), 1);
    }
}
