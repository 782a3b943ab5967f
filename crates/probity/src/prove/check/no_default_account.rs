//! No account comes with the product, and an unknown name is answered as a wrong password is.

use std::sync::Arc;

use anyhow::Result;
use store::{Error, FirstAdministrator, Installation, Organization, SignIn, acts::FoundOrganization};

use super::{Finding, Place};
use crate::{
    clock::MachineClock,
    prove::scratch::{Folder, Scratch},
};

/// Names and passwords that products have come with.
const USUAL: &[(&str, &str)] = &[
    ("admin", "admin"),
    ("admin", "password"),
    ("admin", ""),
    ("administrator", "administrator"),
    ("root", "root"),
    ("operator", "operator"),
    ("probity", "probity"),
    ("demo", "demo"),
    ("user", "user"),
    ("", ""),
];

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let mut against = new_installation()?;
    let scratch = Place::scratch()?;
    let (unknown, wrong) = (answers(&scratch, "nobody-of-this-name")?, answers(&scratch, "stranger")?);
    if unknown != wrong {
        against.push(format!("an unknown name is answered “{unknown:?}”, a wrong password “{wrong:?}”"));
    }
    Ok(Finding::unless(
        against,
        format!(
            "a new installation has no organization, and a new organization opened to none of {} usual names and \
             passwords; {} tries under an unknown name were answered as those with a wrong password, waits included",
            USUAL.len(),
            unknown.len()
        ),
    ))
}

/// Makes an installation as `probity init` does and tries to get in before anybody has enrolled.
fn new_installation() -> Result<Vec<String>> {
    let folder = Folder::new()?;
    let installation = Installation::create(&folder.path().join("data"), None, Arc::new(MachineClock))?;
    let mut against = Vec::new();
    if !installation.all().is_empty() {
        against.push("a new installation comes with an organization".to_owned());
    }
    let first = FirstAdministrator {
        name: "Admin".into(),
        email: "admin@example.org".into(),
        sign_in: "admin".into(),
        token: store::fresh_token()?,
    };
    let founding = FoundOrganization {
        name: "New".into(),
        origin: "localhost/scratch".into(),
        without_second_factor: Some("a proof".into()),
    };
    let organization = installation.found(founding, &first)?;
    against.extend(entered(&organization)?);
    Ok(against)
}

/// The usual names and passwords that get in.
fn entered(organization: &Organization) -> Result<Vec<String>> {
    let mut entered = Vec::new();
    for (name, password) in USUAL {
        let token = store::fresh_token()?;
        if let Ok(SignIn::Open(_) | SignIn::CodeNeeded { .. } | SignIn::SecondFactorMissing) =
            organization.sign_in(name, password, None, &token)
        {
            entered.push(format!("“{name}” signs in with “{password}”"));
        }
    }
    Ok(entered)
}

/// What seven wrong tries are told, one after the other.
fn answers(scratch: &Scratch, name: &str) -> Result<Vec<String>> {
    (0..7)
        .map(|_| {
            let token = store::fresh_token()?;
            Ok(match scratch.one.organization.sign_in(name, "not the password", None, &token) {
                Ok(other) => format!("{other:?}"),
                Err(Error::TooFast { retry_after }) => format!("wait {retry_after}"),
                Err(error) => error.to_string(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn an_answer_that_tells_a_name_is_known_differs() {
        let scratch = Place::scratch().unwrap();
        assert_eq!(new_installation().unwrap(), Vec::<String>::new());
        let one = answers(&scratch, "nobody-of-this-name").unwrap();
        assert!(one.iter().any(|answer| answer.starts_with("wait")), "{one:?}");
        // The same name again begins with a wait: the comparison sees it.
        assert_ne!(answers(&scratch, "nobody-of-this-name").unwrap(), one);
    }
}
