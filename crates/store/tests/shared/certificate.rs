//! A server that lets nobody in without a certificate, beside the role's password: on every connection, of every role, and
//! renewed without a restart.

use std::{fs, path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use store::{Error, Installation, PostgresCertificate, views::MyStudies};
use testbed::{Pair, Server};

use crate::scene::{Folder, Now, act, at_work, fill, revision, save};

/// The files that Probity is told of, beside its folder.
fn files(folder: &Folder) -> PostgresCertificate {
    let at = |extension: &str| folder.0.with_extension(extension);
    PostgresCertificate { certificate: at("crt"), key: at("key") }
}

fn put(files: &PostgresCertificate, pair: &Pair) {
    fs::copy(&pair.certificate, &files.certificate).unwrap();
    fs::copy(&pair.key, &files.key).unwrap();
}

/// A certificate that looks the same, of an authority that the server does not know.
fn put_of_another_authority(files: &PostgresCertificate) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let mut own = CertificateParams::new(Vec::new()).unwrap();
    own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    fs::write(&files.certificate, own.signed_by(&key, &authority).unwrap().pem()).unwrap();
    fs::write(&files.key, key.serialize_pem()).unwrap();
}

/// Roles of Probity's connections, each with the name of the certificate that it showed.
fn shown(server: &Server) -> Vec<(String, String)> {
    let asked =
        "SELECT DISTINCT usename, coalesce(client_dn, 'none') FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                 WHERE application_name = 'probity' ORDER BY 1, 2";
    let rows = server.sql("probity", asked).unwrap();
    rows.lines().map(|row| row.split_once('|').unwrap()).map(|(who, what)| (who.into(), what.into())).collect()
}

/// Ends all connections of Probity, as a server that starts again does.
fn end_all(server: &Server) {
    let ended = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'probity'";
    server.sql("probity", ended).unwrap();
}

fn why(outcome: store::Result<Installation>) -> (String, String) {
    let error = outcome.unwrap_err();
    let Error::Refused(refused) = &error else { panic!("{error}") };
    (refused[0].code.to_string(), error.to_string())
}

#[test]
fn every_connection_shows_a_certificate_and_the_next_shows_the_renewed_one() {
    let server = Server::start_asking().unwrap();
    let url = server.make("probity").unwrap();
    let authority = fs::read_to_string(server.authority()).unwrap();
    let folder = Folder::new("certificate");
    let files = files(&folder);
    let create = |certificate: Option<&PostgresCertificate>| {
        let place = (url.as_str(), authority.as_str());
        Installation::create_showing(&folder.0, None, Arc::new(Now), place, certificate.cloned())
    };

    let (code, text) = why(create(None));
    assert_eq!(code, "certificate_needed", "{text}");
    assert!(text.contains("valid client certificate") && text.contains("--postgres-cert"), "{text}");
    put_of_another_authority(&files);
    let (code, text) = why(create(Some(&files)));
    assert!(code == "certificate_not_taken" || code == "no_answer", "{code}: {text}");
    assert!(text.contains(&format!("not take the certificate of {}", files.certificate.display())), "{text}");
    assert!(!folder.0.join("root.key").exists(), "the same command can be given again");

    put(&files, &server.client("probity").unwrap());
    let installation = create(Some(&files)).unwrap();
    fill(&installation, 1);
    let (organization, ana, subjects) = at_work(&installation);
    act(&organization, &ana, save(subjects[0], 0, "one"));
    assert_eq!(organization.view(&ana, &MyStudies {}).unwrap().len(), 1);
    let seen = shown(&server);
    assert!(seen.iter().any(|(role, _)| role.starts_with("organization_")), "{seen:?}");
    assert!(seen.iter().all(|(_, certificate)| certificate == "/CN=probity"), "{seen:?}");

    put(&files, &server.client("renewed").unwrap());
    let next = |value: &str| {
        end_all(&server);
        act(&organization, &ana, save(subjects[0], revision(&organization, &ana, subjects[0]), value));
        let seen = shown(&server);
        assert!(!seen.is_empty() && seen.iter().all(|(_, certificate)| certificate == "/CN=renewed"), "{seen:?}");
    };
    next("two");
    // What cannot be used leaves the one before in use.
    fs::write(&files.certificate, "no certificate").unwrap();
    next("three");

    // One that the server does not take: whoever is at work waits, and is told no file of the operator's.
    put_of_another_authority(&files);
    end_all(&server);
    let told = organization.view(&ana, &MyStudies {}).unwrap_err();
    assert!(matches!(&told, Error::Busy { .. }) && !told.to_string().contains("crt"), "{told:?}");
    let pair = server.client("mended").unwrap();
    put(&files, &pair);
    act(&organization, &ana, save(subjects[0], revision(&organization, &ana, subjects[0]), "four"));
    assert!(shown(&server).iter().all(|(_, certificate)| certificate == "/CN=mended"));

    fs::write(&files.certificate, "no certificate").unwrap();
    drop((organization, installation));
    let open = || Installation::open_showing(&folder.0, None, Arc::new(Now), Some(files.clone()));
    let (code, text) = why(open());
    assert!(code == "not_usable" && text.contains("holds no certificate"), "{text}");
    put(&files, &server.client("again").unwrap());
    assert!(at_work(&open().unwrap()).0.verify(&[]).unwrap().holds());
    assert_eq!(why(Installation::open(&folder.0, None, Arc::new(Now))).0, "certificate_needed");
    remove(&files.certificate);
    remove(&files.key);
}

fn remove(file: &Path) {
    fs::remove_file(file).unwrap();
}
