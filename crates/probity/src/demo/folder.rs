//! The demonstration's folder. A file in it says that it was made for one, and holds the passwords of its invented
//! people, readable by the owner alone. A folder without that file is nobody's to throw away.

use std::{
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use store::{Error, Installation};

use super::accounts::{self, Account};
use crate::clock::MachineClock;

/// The file that says what the folder is for.
const MARK: &str = "demonstration.json";

/// A demonstration's folder.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

/// What was made in it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Made {
    /// What decided the data.
    pub(crate) seed: u64,
    /// How many subjects were entered.
    pub(crate) subjects: u32,
    /// Its people, with their passwords in clear: invented people of invented data.
    pub(crate) accounts: Vec<Account>,
}

/// The file's content.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Mark {
    /// For whoever finds it.
    note: String,
    /// Absent while it is being made.
    made: Option<Made>,
}

const NOTE: &str = "A demonstration of Probity: everything here is invented. `probity demo --fresh` begins it again.";

impl Folder {
    /// The folder named, or the usual one: `probity/demo` in the user's cache, else `probity-demo` right here.
    pub(crate) fn at(named: Option<PathBuf>) -> Self {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = || set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
        let usual =
            || cache().map_or_else(|| PathBuf::from("probity-demo"), |cache| cache.join("probity").join("demo"));
        Self { path: named.unwrap_or_else(usual) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn shown(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// What an earlier demonstration left to go on with; `None` where one is to be made. What was begun and never
    /// finished is thrown away, and so is a finished one where `fresh` says so.
    pub(crate) fn prepare(&self, fresh: bool) -> Result<Option<Made>> {
        match self.mark()? {
            None => Ok(None),
            Some(Mark { made: Some(made), .. }) if !fresh => Ok(Some(made)),
            Some(_) => self.throw_away().map(|()| None),
        }
    }

    /// Marks the folder as a demonstration's, before anything else is in it.
    pub(crate) fn begin(&self) -> Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(&self.path).with_context(|| format!("{} cannot be made", self.shown()))?;
        self.write(None)
    }

    /// Notes that everything is there.
    pub(crate) fn finish(&self, made: &Made) -> Result<()> {
        self.write(Some(made))
    }

    fn write(&self, made: Option<&Made>) -> Result<()> {
        let mark = serde_json::json!({ "note": NOTE, "made": made });
        accounts::write_private(&self.path.join(MARK), &serde_json::to_string_pretty(&mark)?)
    }

    fn mark(&self) -> Result<Option<Mark>> {
        let file = self.path.join(MARK);
        match fs::read_to_string(&file) {
            Ok(text) => serde_json::from_str(&text)
                .map(Some)
                .with_context(|| format!("{} cannot be understood: take the folder away by hand", file.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if self.is_empty() {
                    return Ok(None);
                }
                bail!(
                    "{} holds something that is no demonstration: name another folder with --data, or start what is \
                     there with `probity serve`",
                    self.shown()
                )
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", file.display())),
        }
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(&self.path).map_or(true, |mut entries| entries.next().is_none())
    }

    /// Removes the folder. Opening it first keeps away from one that another process has open.
    fn throw_away(&self) -> Result<()> {
        if let Err(Error::Refused(refusals)) = Installation::open(&self.path, None, Arc::new(MachineClock))
            && let Some(in_use) = refusals.iter().find(|refusal| refusal.code == "in_use")
        {
            bail!("{}", in_use.message);
        }
        fs::remove_dir_all(&self.path).with_context(|| format!("{} cannot be removed", self.shown()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// A folder of this test's own, gone when it ends.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("probity-demo-{name}-{}", std::process::id()));
            let _none_left = fs::remove_dir_all(&path);
            Self(path)
        }

        fn folder(&self) -> Folder {
            Folder::at(Some(self.0.clone()))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _gone = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_finished_one_is_gone_on_with_and_an_unfinished_one_thrown_away() {
        let scratch = Scratch::new("finished");
        let folder = scratch.folder();
        assert!(folder.prepare(false).unwrap().is_none());
        folder.begin().unwrap();
        assert!(folder.prepare(false).unwrap().is_none());
        assert!(!scratch.0.exists());
        folder.begin().unwrap();
        folder.finish(&Made { seed: 3, subjects: 4, accounts: Vec::new() }).unwrap();
        assert_eq!(folder.prepare(false).unwrap().unwrap().seed, 3);
        assert!(folder.prepare(true).unwrap().is_none());
        assert!(!scratch.0.exists());
    }

    #[test]
    fn a_folder_of_something_else_is_left_alone() {
        let scratch = Scratch::new("foreign");
        fs::create_dir_all(&scratch.0).unwrap();
        fs::write(scratch.0.join("thesis.txt"), "years of work").unwrap();
        for fresh in [false, true] {
            let said = scratch.folder().prepare(fresh).unwrap_err().to_string();
            assert!(said.contains("no demonstration"), "{said}");
        }
        assert!(scratch.0.join("thesis.txt").exists());
    }

    #[test]
    fn one_that_a_server_has_open_is_left_alone() {
        let scratch = Scratch::new("open");
        let folder = scratch.folder();
        folder.begin().unwrap();
        let _open = Installation::create(folder.path(), None, Arc::new(MachineClock)).unwrap();
        assert!(folder.prepare(true).is_err());
        assert!(scratch.0.exists());
    }
}
