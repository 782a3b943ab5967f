//! Free ports on 127.0.0.1.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use crate::failure::{Failure, Result};
use crate::secret;

/// Below the ports that the kernel gives to outgoing connections (32768 and up): a client must not take a server's port
/// while the server is down.
const RANGE: Range<u32> = 12_000..32_000;

/// More tries than this mean that something else is wrong.
const TRIES_MAX: usize = 200;

/// A port that nobody listens on at this moment. Chosen by chance, so that two test programs hardly meet.
pub fn free() -> Result<u16> {
    for _ in 0..TRIES_MAX {
        let port = RANGE.start + secret::number()? % (RANGE.end - RANGE.start);
        let Ok(port) = u16::try_from(port) else { continue };
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Failure::new(format!("no free port on 127.0.0.1 in {TRIES_MAX} tries")))
}
