//! Where things lie: the workspace root, the target directory, the built programs.
//!
//! Paths are found from the environment that cargo sets, never written down.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The directory of the root `Cargo.toml`.
pub fn root() -> PathBuf {
    let here =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    // `xtask` is a direct child of the workspace root.
    here.parent().map_or(here.clone(), Path::to_path_buf)
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => root().join(directory),
        None => root().join("target"),
    }
}

/// The `probity` program of the development profile.
pub fn probity() -> PathBuf {
    target().join("debug").join("probity")
}

/// The `testbed` program of the development profile.
pub fn testbed() -> PathBuf {
    target().join("debug").join("testbed")
}

/// The cargo that runs us, so that a pinned toolchain stays the one in use.
pub fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}

/// Finds `program` on the search path.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let directories = env::var_os("PATH")?;
    env::split_paths(&directories).map(|directory| directory.join(program)).find(|file| file.is_file())
}
