//! `postgres.json`: which PostgreSQL server has an installation's organizations, and as whom it finds them. The password of
//! that role is sealed by the root key, so that nothing in the data directory opens anything without it.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use trial::ids::{Id, OrganizationId};
use zeroize::Zeroizing;

use crate::{
    backend::Server,
    error::{Error, Result},
    key::{self, Cell, RootKey},
};

/// What the password is bound to: no organization, and nothing else that is sealed.
fn cell() -> Cell<'static> {
    Cell { organization: OrganizationId::from_bytes([0; 16]), kind: "postgres_password", key: &[0; 16], version: 1 }
}

/// Writes it where it is not yet.
pub(crate) fn write_new(path: &Path, server: &Server, root: &RootKey) -> Result<()> {
    key::write_new(path, &text(server, root)?)
}

/// Reads it with whichever of these keys sealed it.
pub(crate) fn read(path: &Path, roots: &[&RootKey]) -> Result<Server> {
    let server = Server::parse(&fs::read(path).map_err(Error::fault)?)?;
    let sealed = BASE64.decode(server.password()).unwrap_or_default();
    for root in roots {
        if let Some(password) = root.open(cell(), &sealed)? {
            let password = std::str::from_utf8(&password).map_err(Error::fault)?;
            return Ok(server.with_password(password));
        }
    }
    let message = format!(
        "{} does not open with this root key: put back the one that `probity init` or `probity move` made",
        path.display()
    );
    Err(Error::refused("keys", "wrong_key", message))
}

/// Seals it anew under another root key.
pub(crate) fn reseal(path: &Path, old: &RootKey, new: &RootKey) -> Result<()> {
    let server = read(path, &[old, new])?;
    key::replace(path, &text(&server, new)?)
}

fn text(server: &Server, root: &RootKey) -> Result<Zeroizing<Vec<u8>>> {
    let sealed = root.seal(cell(), server.password().as_bytes())?;
    server.with_password(&BASE64.encode(sealed)).text()
}
