//! Chance: passwords of one run, and the numbers that keep runs apart.

use std::fs::File;
use std::io::Read as _;

use crate::failure::{Result, While as _};

/// 128 bits from the kernel as 32 hexadecimal digits: safe in a URL, a configuration file and a command.
pub fn password() -> Result<String> {
    Ok(format!("{:032x}", u128::from_le_bytes(bytes()?)))
}

/// A number from the kernel.
pub fn number() -> Result<u32> {
    Ok(u32::from_le_bytes(bytes()?))
}

fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let read = File::open("/dev/urandom").and_then(|mut chance| chance.read_exact(&mut bytes));
    read.while_doing("reading /dev/urandom")?;
    Ok(bytes)
}
