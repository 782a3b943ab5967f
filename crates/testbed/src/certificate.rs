//! A certificate authority of one run and the certificate it gives the server, made by `openssl`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::account::finish;
use crate::failure::Result;
use crate::folder::Folder;
use crate::programs;

/// P-256 keys take milliseconds; a machine may be busy.
const TASK_MAX: Duration = Duration::from_secs(30);

/// Where the PEM files are.
pub struct Certificates {
    /// The authority's certificate, which clients trust.
    pub authority: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// The server's private key, readable by the account alone.
    pub key: PathBuf,
}

/// A client's certificate and its key, as files in PEM.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The certificate.
    pub certificate: PathBuf,
    /// The private key, readable by the account alone.
    pub key: PathBuf,
}

/// The names that a server's certificate is for unless told.
const HERE: &str = "IP:127.0.0.1, DNS:localhost";

/// What `openssl req` reads instead of the machine's own configuration (RFC 5280, section 4.2.1); the names come last.
const CONFIGURATION: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
CN = testbed
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
";

/// Makes both in `folder`, for 127.0.0.1 and localhost. They are valid for a week: no run is longer.
pub fn make(folder: &Folder) -> Result<Certificates> {
    make_for(folder, HERE)
}

/// As [`make`], for other names: `DNS:db.example.org`.
pub fn make_for(folder: &Folder, names: &str) -> Result<Certificates> {
    folder.write("openssl.cnf", &format!("{CONFIGURATION}subjectAltName = {names}\n"))?;
    request(folder, "authority", "authority", &["-subj", "/CN=testbed authority"])?;
    request(
        folder,
        "server",
        "server",
        &["-subj", "/CN=127.0.0.1", "-CA", "authority.crt", "-CAkey", "authority.key"],
    )?;
    let at = |name: &str| folder.path().join(name);
    Ok(Certificates { authority: at("authority.crt"), certificate: at("server.crt"), key: at("server.key") })
}

/// A client's certificate of the authority that [`make`] made here, and its key. `name` is plain and its own.
pub fn client(folder: &Folder, name: &str) -> Result<Pair> {
    let subject = format!("/CN={name}");
    request(folder, name, "client", &["-subj", &subject, "-CA", "authority.crt", "-CAkey", "authority.key"])?;
    let at = |extension: &str| folder.path().join(name).with_extension(extension);
    Ok(Pair { certificate: at("crt"), key: at("key") })
}

/// Makes `<name>.key` and `<name>.crt` with these extensions.
fn request(folder: &Folder, name: &str, extensions: &str, arguments: &[&str]) -> Result {
    let mut task = folder.account().task(&programs::openssl()?, folder.path(), TASK_MAX);
    task.args(["req", "-x509", "-config", "openssl.cnf", "-extensions", extensions, "-days", "7", "-nodes"]);
    task.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    task.arg("-keyout").arg(Path::new(name).with_extension("key"));
    task.arg("-out").arg(Path::new(name).with_extension("crt"));
    finish(task.args(arguments), "making a certificate").map(|_| ())
}
