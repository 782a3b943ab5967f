//! An organization with people to guess at, people at work, and an owner who has a passkey.

use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use store::{Actor, Challenge, Entering, GivenProof, Made, NewCredentials, NewFactor, Organization};
use testbed::Authenticator;
use trial::{access::Scope, role::Role};

use super::{
    READERS,
    attacker::{ask, source},
};
use crate::scene::{PASSWORD, Scene, add, enter, join, request, signed_in};

/// Whose account is guessed at.
pub const OWNER: &str = "owner";
/// Accounts on the attackers' lists.
const VICTIMS: usize = 20;
/// Accounts whose answers are timed.
const TIMED: usize = 100;

/// Who is there.
#[derive(Clone)]
pub struct Victims {
    /// Accounts on the attackers' lists.
    pub names: Vec<String>,
    /// Accounts whose answers are timed.
    pub timed: Vec<String>,
    /// People at work, and the page that each reads.
    pub readers: Vec<(String, String)>,
}

/// Founds it all in a folder.
pub fn found(folder: &Path) -> Result<(Victims, Owner)> {
    let scene = Scene::found(folder, 20)?;
    let organization = &scene.organization;
    let (adam, sofie) = (signed_in(organization, "adam")?, signed_in(organization, "sofie")?);
    let subjects = scene.subjects(READERS, "F")?;
    let names = people(organization, &adam, "victim", VICTIMS)?;
    let timed = people(organization, &adam, "timed", TIMED)?;
    let scope = Scope::Site { study: scene.study, site: scene.site };
    let mut readers = Vec::new();
    for (number, subject) in subjects.iter().enumerate() {
        let name = format!("reader-{number}");
        join(organization, &adam, &sofie, &name, Role::Coordinator, scope)?;
        readers.push((name, format!("/subjects/{subject}")));
    }
    Ok((Victims { names, timed, readers }, Owner::enrol(organization, &adam)?))
}

fn people(organization: &Organization, adam: &Actor, name: &str, count: usize) -> Result<Vec<String>> {
    (0..count)
        .map(|number| {
            let name = format!("{name}-{number}");
            add(organization, adam, &name)?;
            enter(organization, &name)?;
            Ok(name)
        })
        .collect()
}

/// The owner of an account, with their device.
pub struct Owner {
    device: Authenticator,
    user: String,
}

impl Owner {
    fn enrol(organization: &Organization, adam: &Actor) -> Result<Self> {
        let person = add(organization, adam, OWNER)?;
        let device = Authenticator::new("http://localhost:1")?;
        let challenge =
            Challenge { bytes: b"a challenge".into(), host: device.host.clone(), origin: device.origin.clone() };
        let (client_data, attestation) = device.made(&challenge.bytes);
        let made = Made { client_data, attestation };
        let second = NewFactor::Passkey { name: "Device", made: &made, challenge: Some(&challenge) };
        let entering = Entering { token: "session of owner", client: None };
        let choice = NewCredentials { password: PASSWORD, second, proof: GivenProof::Nothing };
        organization.enrol_and_enter(&format!("token of {OWNER}"), choice, entering, request())?;
        Ok(Owner { device, user: URL_SAFE_NO_PAD.encode(store::user_handle(organization.id(), person)) })
    }

    /// Signs in by passkey over HTTP, from an address that attackers use too, and says how long that took.
    pub async fn signs_in(&mut self, server: SocketAddr) -> Result<Duration> {
        self.device.origin = format!("http://localhost:{}", server.port());
        let begun = Instant::now();
        let (_, asked) = ask(source(0), server, ("GET", "/api/v1/challenge"), "", "").await?;
        let asked: Value = serde_json::from_str(&asked)?;
        let challenge = asked.get("challenge").and_then(Value::as_str).context("a challenge")?;
        let used = self.device.used(&URL_SAFE_NO_PAD.decode(challenge)?)?;
        let body = json!({
            "credential": URL_SAFE_NO_PAD.encode(&self.device.credential),
            "client_data": URL_SAFE_NO_PAD.encode(&used.client_data),
            "authenticator_data": URL_SAFE_NO_PAD.encode(&used.authenticator_data),
            "signature": URL_SAFE_NO_PAD.encode(&used.signature),
            "user": self.user,
        });
        let (status, answer) =
            ask(source(0), server, ("POST", "/api/v1/session/passkey"), "", &body.to_string()).await?;
        if status != 201 {
            bail!("the owner’s passkey was answered {status}: {answer}");
        }
        Ok(begun.elapsed())
    }
}
