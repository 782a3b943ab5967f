//! A person at the console. Whoever holds the machine holds no permission in any study, so what a study is asked for
//! is asked by a person who signs in here as anywhere.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result, bail};
use store::{Actor, Organization, Presence, SignIn, acts::SignOut};
use zeroize::Zeroizing;

/// Who asks.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct AsPerson {
    /// The name you sign in with; your password is asked for, or read from PROBITY_PASSWORD
    #[arg(long = "as", value_name = "SIGN-IN", env = "PROBITY_AS")]
    sign_in: String,

    /// The code your authenticator app shows now, where you have a second factor; asked for unless given
    #[arg(long, value_name = "DIGITS", env = "PROBITY_CODE", hide_env_values = true)]
    code: Option<String>,
}

/// Read once, from the environment: an argument would be seen by every user of the machine.
const PASSWORD: &str = "PROBITY_PASSWORD";

/// A person who is signed in until the command ends.
pub(crate) struct Present<'a> {
    organization: &'a Organization,
    actor: Actor,
}

impl AsPerson {
    /// Signs in.
    pub(crate) fn sign_in<'a>(&self, organization: &'a Organization) -> Result<Present<'a>> {
        let password = match std::env::var(PASSWORD) {
            Ok(password) => Zeroizing::new(password),
            Err(_) => asked(&format!("Password of {}", self.sign_in), PASSWORD)?,
        };
        let token = Zeroizing::new(format!("{}.{}", organization.id(), store::fresh_token()?));
        let mut code = self.code.clone();
        let mut answer = organization.sign_in(&self.sign_in, &password, code.as_deref(), &token)?;
        if let SignIn::CodeNeeded { .. } = answer {
            code = Some(asked("Code of your authenticator app, or a recovery code", "PROBITY_CODE")?.to_string());
            answer = organization.sign_in(&self.sign_in, &password, code.as_deref(), &token)?;
        }
        if let SignIn::NewPasswordNeeded = answer {
            bail!(
                "others may know the password of {}: sign in on the page once, which asks for a new one",
                self.sign_in
            );
        }
        let signed_in = organization.authenticate(&token, Presence::Person)?;
        let Some(signed_in) = signed_in else {
            bail!(
                "{} asks for a second factor and {} has none: enrol again with a new link from an administrator",
                organization.name(),
                self.sign_in
            );
        };
        Ok(Present { organization, actor: signed_in.actor })
    }
}

impl Present<'_> {
    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }
}

impl Drop for Present<'_> {
    /// Ends the session; if that fails it ends by itself, after ten minutes.
    fn drop(&mut self) {
        if let Ok(request) = self.organization.fresh_request() {
            let _ = self.organization.act(&self.actor, SignOut {}, request);
        }
    }
}

/// Asks without showing what is typed.
fn asked(what: &str, variable: &str) -> Result<Zeroizing<String>> {
    if !std::io::stdin().is_terminal() {
        bail!("{what}: nobody can be asked here; set {variable}");
    }
    let term = console::Term::stderr();
    term.write_str(&format!("{what}: "))?;
    term.read_secure_line().map(Zeroizing::new).context("the answer could not be read")
}
