//! Beyond the loopback the server does not start without a certificate, and speaks TLS 1.2 and 1.3 only: older versions
//! are offered to it and refused, however they are offered, and nothing that one can set concerns versions.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context as _, Result};
use rustls::{ProtocolVersion, SupportedProtocolVersion};
use store::{Error, Installation};
use web::ServeConfig;

use super::{Finding, Place, encryption_has_no_switch::names};
use crate::{
    clock::MachineClock,
    prove::{
        scratch::{Folder, Served},
        wire::{Hello, Line, Reply, TLS_1_2, TLS_1_3},
    },
};

/// Addresses that other machines may reach.
const BEYOND: &[&str] = &["0.0.0.0:0", "[::]:0", "192.0.2.1:0"];
/// SSL 3.0, TLS 1.0 and TLS 1.1, as they are written on the wire.
const OLD: &[u16] = &[0x0300, 0x0301, 0x0302];
/// Words that a setting of versions would have.
const WORDS: &[&str] = &["tls", "ssl", "protocol", "suite", "legacy", "compat", "minimum", "lower", "weak"];

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let mut against = Vec::new();
    for address in BEYOND {
        if !refused_for_want_of_a_certificate(address.parse()?)? {
            against.push(format!("the server started at {address} without a certificate"));
        }
    }
    let served = Served::start(false)?;
    against.extend(old_ones_agreed(served.address()?)?);
    for (version, name) in [(&rustls::version::TLS12, "1.2"), (&rustls::version::TLS13, "1.3")] {
        if !speaks(&served, version)? {
            against.push(format!("TLS {name} was not agreed on with a client that speaks nothing else"));
        }
    }
    against.extend(switches(&names()));
    Ok(Finding::unless(
        against,
        format!(
            "{} were refused without a certificate; a scratch server refused SSL 3.0, TLS 1.0 and 1.1, offered alone and \
             in the list that came with 1.3, and served TLS 1.2 and 1.3; none of {} settings concerns versions",
            BEYOND.join(", "),
            names().len()
        ),
    ))
}

pub(super) fn refused_for_want_of_a_certificate(address: SocketAddr) -> Result<bool> {
    let folder = Folder::new()?;
    let installation = Arc::new(Installation::create(&folder.path().join("data"), None, Arc::new(MachineClock))?);
    let config = ServeConfig { listen: vec![address], ..ServeConfig::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("a runtime")?;
    runtime.block_on(async {
        match web::serve(config, installation).await {
            Ok(serving) => {
                serving.stop();
                serving.stopped().await?;
                Ok(false)
            }
            Err(Error::Refused(fields)) => Ok(fields.iter().any(|field| field.field == "certificate")),
            Err(other) => Err(other.into()),
        }
    })
}

/// Offers every old version in every way there is, with ciphers that the server knows: only the version is wrong.
fn old_ones_agreed(server: SocketAddr) -> Result<Vec<String>> {
    let suites: Vec<u16> = web::spoken().suites.into_iter().map(|(_, suite)| suite).collect();
    let mut against = Vec::new();
    for old in OLD {
        for (newest, versions) in [(*old, &[][..]), (TLS_1_2, &[*old][..])] {
            if let Reply::Agreed { version, .. } = (Hello { newest, versions, suites: &suites }).send(server)? {
                against.push(format!("a client that offered version {old:#06x} was answered with {version:#06x}"));
            }
        }
    }
    // The same hellos with a newer version are answered: they are well made.
    for (version, versions) in [(TLS_1_2, &[][..]), (TLS_1_3, &[TLS_1_3][..])] {
        let reply = Hello { newest: TLS_1_2, versions, suites: &suites }.send(server)?;
        if !matches!(reply, Reply::Agreed { version: agreed, .. } if agreed == version) {
            against.push(format!("a client that offered version {version:#06x} was answered with {reply:?}"));
        }
    }
    Ok(against)
}

fn speaks(served: &Served, version: &'static SupportedProtocolVersion) -> Result<bool> {
    let line = Line::to(served.address()?, served.authority.trusting(&[version], None)?)?;
    let agreed: Option<ProtocolVersion> = line.version();
    Ok(agreed == Some(version.version) && line.ask("GET /sign-in", "")?.status == 200)
}

fn switches(names: &[String]) -> Vec<String> {
    let concerns = |name: &&String| {
        let name = name.to_lowercase().replace('_', "-");
        WORDS.iter().any(|word| name.split('-').any(|part| part.contains(word)))
    };
    names.iter().filter(concerns).map(|name| format!("{name} may concern versions of TLS")).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
    };

    use super::*;

    #[test]
    fn the_loopback_is_served_without() {
        assert!(!refused_for_want_of_a_certificate("127.0.0.1:0".parse().unwrap()).unwrap());
    }

    #[test]
    fn an_old_version_that_is_agreed_on_and_a_switch_are_told() {
        // Somebody who agrees to TLS 1.1, whatever is offered.
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, mut hello) = (stream.unwrap(), [0; 1024]);
                let _ = stream.read(&mut hello).unwrap();
                let hello = [&[2, 0, 0, 38, 3, 2][..], &[0; 32], &[0, 0xc0, 0x0a, 0]].concat();
                stream.write_all(&[22, 3, 2, 0, 42]).unwrap();
                stream.write_all(&hello).unwrap();
            }
        });
        let against = old_ones_agreed(address).unwrap();
        assert_eq!(against.len(), 8, "{against:?}");
        assert_eq!(against[0], "a client that offered version 0x0300 was answered with 0x0302");
        assert_eq!(switches(&["tls-min".to_owned(), "PROBITY_PROTOCOL".to_owned(), "cert".to_owned()]).len(), 2);
    }
}
