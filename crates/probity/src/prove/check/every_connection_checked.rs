//! Nobody is between us and the other side: in clear there is a redirect and nothing else, a program's certificate and
//! the database's are checked, and who is not the database hears nothing of us.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context as _, Result};
use store::{Error, Installation};

use super::{Finding, Place, authenticated_ciphers::filled, loopback_or_tls::refused_for_want_of_a_certificate};
use crate::{
    clock::MachineClock,
    prove::{
        scratch::{Folder, Served},
        wire::{Authority, Impostor, Line, Pair, in_clear},
    },
};

/// What a route says of itself in clear.
const ONLY_WHERE: u16 = 308;
/// And one that programs ask for.
const REFUSED: u16 = 403;

pub(super) fn check(place: &Place<'_>) -> Result<Finding> {
    let mut against = Vec::new();
    if !refused_for_want_of_a_certificate("0.0.0.0:0".parse()?)? {
        against.push("the server serves in clear beyond the loopback".to_owned());
    }
    let served = Served::start(true)?;
    let (routes, told) = told_in_clear(served.redirect()?)?;
    against.extend(told);
    if in_clear(served.address()?, "GET /sign-in", "")?.is_some() {
        against.push("the server answers in clear where it speaks TLS".to_owned());
    }
    against.extend(programs_let_in(&served)?);
    against.extend(impostors_believed()?);
    let own = own_database(place.installation)?;
    let database = match own {
        None => "this installation has no database elsewhere".to_owned(),
        Some(true) => "this installation's own database was not believed under another authority".to_owned(),
        Some(false) => {
            against.push("this installation's database was believed under another authority".to_owned());
            String::new()
        }
    };
    Ok(Finding::unless(
        against,
        format!(
            "in clear {routes} routes of a scratch server said where to go over TLS, or a program that it is \
             refused, and nothing else; programs without a \
             certificate, and with one of another authority, were not served; of a database whose certificate comes from \
             another authority, is for another name, or is missing, none heard a word; {database}"
        ),
    ))
}

/// Asks for every route in clear; how many, and which told more than where to go.
fn told_in_clear(address: SocketAddr) -> Result<(usize, Vec<String>)> {
    let (mut routes, mut against) = (0_usize, Vec::new());
    for route in web::table().routes() {
        let request = format!("{} {}", route.method, filled(&route.path));
        let answer = in_clear(address, &request, "")?.with_context(|| format!("{request}: no answer"))?;
        routes = routes.saturating_add(1);
        // Programs are not led on: they would go on sending their token in clear, and nobody would see.
        let due =
            if route.path.starts_with("/api/") || route.path.starts_with("/ledger/") { REFUSED } else { ONLY_WHERE };
        if answer.status != due || !answer.body.is_empty() || answer.header("set-cookie").is_some() {
            against.push(format!("{request} in clear was answered with {}", answer.status));
        }
    }
    Ok((routes, against))
}

/// Comes as a program, with each certificate that it should not have, and with the one that it should.
fn programs_let_in(served: &Served) -> Result<Vec<String>> {
    let programs = served.programs.as_ref().context("the scratch server trusts no programs")?;
    let status = |own: Option<&Pair>| -> Result<Option<u16>> {
        let config = served.authority.trusting(rustls::ALL_VERSIONS, own)?;
        // With TLS 1.3 a client learns with the first answer that its certificate was refused.
        let answer = Line::to(served.address()?, config).and_then(|line| line.ask("GET /api/v1/openapi.json", ""));
        Ok(answer.ok().map(|answer| answer.status))
    };
    let mut against = Vec::new();
    let mut expect = |who: &str, found: Option<u16>, wanted: Option<u16>| {
        if found != wanted {
            against.push(format!("{who} was answered with {found:?} and not {wanted:?}"));
        }
    };
    expect("a program without a certificate", status(None)?, Some(401));
    expect("a program with one of another authority", status(Some(&Authority::new()?.program()?))?, None);
    expect("a program with a certificate", status(Some(&programs.program()?))?, Some(200));
    Ok(against)
}

/// Goes to each of those who are not the database; whom we said something to.
fn impostors_believed() -> Result<Vec<String>> {
    let (authority, other) = (Authority::new()?, Authority::new()?);
    let (own, elsewhere) = (authority.server("127.0.0.1")?, authority.server("db.example.org")?);
    let unknown = other.server("127.0.0.1")?;
    let mut against = Vec::new();
    for (who, shown, code) in [
        ("a database with a certificate of another authority", Some(&unknown), "certificate"),
        ("a database with a certificate for another name", Some(&elsewhere), "certificate"),
        ("a database without TLS", None, "no_tls"),
    ] {
        let (refused, heard) = go_to(shown, &authority)?;
        if refused.as_deref() != Some(code) {
            against.push(format!("{who} was not refused as such: {refused:?}"));
        }
        if heard > 0 {
            against.push(format!("{who} heard {heard} bytes"));
        }
    }
    // The right one hears us: so silence above is not an accident.
    let (_, heard) = go_to(Some(&own), &authority)?;
    if heard == 0 {
        against.push("a database with the right certificate heard nothing either".to_owned());
    }
    Ok(against)
}

/// Begins an installation on a database that shows this certificate: with what code it was refused, and what they heard.
fn go_to(shown: Option<&Pair>, authority: &Authority) -> Result<(Option<String>, usize)> {
    let (folder, impostor) = (Folder::new()?, Impostor::wait(shown)?);
    let url = format!("postgres://owner:scratch@{}/scratch", impostor.address);
    let made =
        Installation::create_on(&folder.path().join("data"), None, Arc::new(MachineClock), &url, &authority.pem());
    let code = match made {
        Ok(_) => anyhow::bail!("an installation was made on somebody who is no database"),
        Err(Error::Refused(fields)) => fields.first().map(|field| field.code.to_owned()),
        Err(_) => None,
    };
    Ok((code, impostor.heard()?))
}

/// Whether our own database is refused under another authority; none where there is none.
fn own_database(installation: &Installation) -> Result<Option<bool>> {
    let other = Authority::new()?.pem();
    match installation.connect_trusting(&other) {
        None => Ok(None),
        Some(Ok(())) => Ok(Some(false)),
        Some(Err(Error::Refused(fields))) => Ok(Some(fields.iter().any(|field| field.code == "certificate"))),
        Some(Err(error)) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    #[test]
    fn who_answers_in_clear_and_who_is_believed_is_told() {
        assert_eq!(impostors_believed().unwrap(), Vec::<String>::new());
        // Where everybody is let in, that is told of those who should not be.
        let mut open = Served::start(false).unwrap();
        open.programs = Some(Authority::new().unwrap());
        let against = programs_let_in(&open).unwrap();
        assert!(against[0].starts_with("a program without a certificate was answered with Some(200)"), "{against:?}");
        let authority = Authority::new().unwrap();
        let (_, heard) = go_to(Some(&authority.server("127.0.0.1").unwrap()), &authority).unwrap();
        assert!(heard > 0);
    }
}
