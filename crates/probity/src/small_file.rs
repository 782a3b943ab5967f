//! Files that an operator names: read whole, if they are no larger than such a file is.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};

use crate::data_directory::shown;

/// Bytes of a configuration, a certificate or a key.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Reads one.
///
/// # Errors
/// Where it cannot be read, or is larger than what was meant can be.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let about = fs::metadata(path).with_context(|| format!("{} cannot be read", shown(path)))?;
    if about.len() > FILE_BYTES_MAX {
        bail!("{} is larger than {FILE_BYTES_MAX} bytes: it is not what was meant", shown(path));
    }
    fs::read(path).with_context(|| format!("{} cannot be read", shown(path)))
}
