//! Files that an operator names: certificates, keys, lists, a configuration. They are read whole, if they are no larger than
//! such a file is, and told apart by what they hold.

use std::{fs::File, io::Read as _, path::Path};

use aws_lc_rs::digest;
use jiff::Timestamp;
use x509_cert::{Certificate, der::Decode as _};

/// Bytes of one.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Reads one.
///
/// # Errors
/// In words: which, and why it cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let told = |why: &dyn std::fmt::Display| format!("{} cannot be read: {why}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| told(&error))?;
    file.take(FILE_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| told(&error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(told(&format!("it is larger than {FILE_BYTES_MAX} bytes, so it is not what was meant")));
    }
    Ok(bytes)
}

/// By which two readings of some files are told apart, in this order; what they hold is not kept for that.
#[must_use]
pub fn digest_of(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

/// When a certificate (DER) ends, where that can be read.
#[must_use]
pub fn certificate_end(certificate: &[u8]) -> Option<Timestamp> {
    let end = Certificate::from_der(certificate).ok()?.tbs_certificate.validity.not_after.to_unix_duration();
    Timestamp::from_second(i64::try_from(end.as_secs()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_file_that_is_larger_than_such_files_are_is_not_read_and_one_that_is_not_there_is_told() {
        let at = std::env::temp_dir().join(format!("probity-operator-file-{}", std::process::id()));
        for (bytes, fits) in [(FILE_BYTES_MAX, true), (FILE_BYTES_MAX + 1, false)] {
            File::create(&at).unwrap().set_len(bytes).unwrap();
            assert_eq!(read(&at).is_ok(), fits, "{bytes}");
        }
        assert!(read(&at).unwrap_err().contains("larger than 1048576 bytes"));
        std::fs::remove_file(&at).unwrap();
        assert!(read(&at).unwrap_err().contains("cannot be read"));
    }

    #[test]
    fn what_two_files_hold_is_not_what_one_holds() {
        assert_eq!(digest_of(&[b"a", b"b"]), digest_of(&[b"a", b"b"]));
        assert_ne!(digest_of(&[b"ab", b""]), digest_of(&[b"a", b"b"]));
    }
}
