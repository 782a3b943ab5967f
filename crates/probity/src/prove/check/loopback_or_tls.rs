//! Beyond the loopback the server does not start without a certificate, and speaks TLS 1.2 and 1.3 only.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context as _, Result};
use store::{Error, Installation};
use web::ServeConfig;

use super::{Finding, Place};
use crate::{clock::MachineClock, prove::scratch::Folder};

/// Addresses that other machines may reach.
const BEYOND: &[&str] = &["0.0.0.0:0", "[::]:0", "192.0.2.1:0"];

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let mut against = Vec::new();
    for address in BEYOND {
        if !refused_for_want_of_a_certificate(address.parse()?)? {
            against.push(format!("the server started at {address} without a certificate"));
        }
    }
    let versions = web::tls_versions();
    against.extend(old(&versions));
    Ok(Finding::unless(
        against,
        format!(
            "{} were refused without a certificate; TLS is {} and nothing else",
            BEYOND.join(", "),
            versions.join(" and ")
        ),
    ))
}

fn refused_for_want_of_a_certificate(address: SocketAddr) -> Result<bool> {
    let folder = Folder::new()?;
    let installation = Arc::new(Installation::create(&folder.path().join("data"), None, Arc::new(MachineClock))?);
    let config = ServeConfig { listen: vec![address], hosts: Vec::new(), certificate: None };
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

/// Versions that are not 1.2 or 1.3.
fn old(versions: &[String]) -> Vec<String> {
    let mut against: Vec<String> =
        versions.iter().filter(|version| !["TLSv1_2", "TLSv1_3"].contains(&version.as_str())).cloned().collect();
    if versions.is_empty() {
        against.push("no version of TLS at all".to_owned());
    }
    against
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_loopback_is_served_without_and_an_old_version_is_told() {
        assert!(!refused_for_want_of_a_certificate("127.0.0.1:0".parse().unwrap()).unwrap());
        assert_eq!(old(&["TLSv1_3".into(), "TLSv1_2".into()]), Vec::<String>::new());
        assert!(!old(&["TLSv1_1".into()]).is_empty());
        assert!(!old(&[]).is_empty());
    }
}
