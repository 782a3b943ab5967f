//! Where a root key lies: in a file, or on a PKCS #11 token (an HSM, a smart card) that never gives it away.
//!
//! A key on a token is named by a URI (RFC 7512) with these attributes, each once:
//!
//! ```text
//! pkcs11:token=LABEL;object=LABEL?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/probity/pin
//! ```

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::Deserialize;

/// Before a URI of RFC 7512.
const SCHEME: &str = "pkcs11:";
/// Ends the name of a root key while it is not yet the root key.
pub(super) const NEXT: &str = ".next";
/// Bytes of a token's label (`CK_TOKEN_INFO`), and of a key's.
const LABEL_BYTES_MAX: usize = 32;

/// Where a root key lies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum RootKeyPlace {
    /// A file that its owner alone can read.
    File(PathBuf),
    /// A token, which does with the key what it is asked to and does not give it away.
    Token(TokenKey),
}

/// A key on a PKCS #11 token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenKey {
    /// The token's label.
    pub(super) token: String,
    /// The key's label.
    pub(super) object: String,
    /// The library that speaks with the token.
    pub(super) module: PathBuf,
    /// The file that has the PIN.
    pub(super) pin: PathBuf,
}

impl RootKeyPlace {
    /// Where the root key of a data directory lies unless told.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        RootKeyPlace::File(folder.join("root.key"))
    }

    /// Where the key that follows this one lies until it takes its place.
    pub(crate) fn next(&self) -> Self {
        match self {
            RootKeyPlace::File(path) => RootKeyPlace::File(super::files::beside(path, NEXT)),
            RootKeyPlace::Token(key) => RootKeyPlace::Token(key.next()),
        }
    }
}

impl fmt::Display for RootKeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RootKeyPlace::File(path) => path.display().fmt(f),
            RootKeyPlace::Token(key) => key.fmt(f),
        }
    }
}

impl fmt::Display for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}” on the token “{}”", self.object, self.token)
    }
}

impl FromStr for RootKeyPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix(SCHEME) {
            Some(named) => TokenKey::parse(named).map(RootKeyPlace::Token),
            None => Ok(RootKeyPlace::File(PathBuf::from(text))),
        }
    }
}

impl TryFrom<String> for RootKeyPlace {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl TokenKey {
    pub(super) fn next(&self) -> Self {
        TokenKey { object: format!("{}{NEXT}", self.object), ..self.clone() }
    }

    fn parse(named: &str) -> Result<Self, String> {
        let (path, query) = named.split_once('?').unwrap_or((named, ""));
        let (mut token, mut object, mut module, mut pin) = (None, None, None, None);
        for attribute in path.split(';').chain(query.split('&')).filter(|one| !one.is_empty()) {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let slot = match name {
                "token" => &mut token,
                "object" => &mut object,
                "module-path" => &mut module,
                "pin-source" => &mut pin,
                "pin-value" => {
                    return Err(
                        "a PIN does not belong into a command: write it to a file, and name that with pin-source"
                            .to_owned(),
                    );
                }
                _ => {
                    return Err(format!(
                        "“{name}” is not read in a pkcs11: URI; token, object, module-path and pin-source are"
                    ));
                }
            };
            if slot.replace(decoded(value)?).is_some() {
                return Err(format!("“{name}” stands twice in the pkcs11: URI: give it once"));
            }
        }
        let given = |what: Option<String>, name: &str| {
            what.filter(|value| !value.is_empty()).ok_or_else(|| {
                format!("the pkcs11: URI names no {name}: it is pkcs11:token=LABEL;object=LABEL?module-path=/FILE&pin-source=file:/FILE")
            })
        };
        let pin = given(pin, "pin-source")?;
        let key = TokenKey {
            token: label(given(token, "token")?)?,
            object: label(given(object, "object")?)?,
            module: absolute(&given(module, "module-path")?)?,
            pin: absolute(pin.strip_prefix("file://").or_else(|| pin.strip_prefix("file:")).unwrap_or(&pin))?,
        };
        Ok(key)
    }
}

fn label(text: String) -> Result<String, String> {
    if text.len() > LABEL_BYTES_MAX {
        return Err(format!("the label “{text}” is longer than {LABEL_BYTES_MAX} bytes"));
    }
    Ok(text)
}

/// A library is never looked for: what runs in this process is the file that was named.
fn absolute(path: &str) -> Result<PathBuf, String> {
    let path = Path::new(path);
    if path.is_absolute() {
        Ok(path.to_owned())
    } else {
        Err(format!("{} in the pkcs11: URI has to begin with /", path.display()))
    }
}

/// Percent-decoded (RFC 3986, 2.1).
fn decoded(text: &str) -> Result<String, String> {
    let wrong = || format!("“{text}” in the pkcs11: URI is not percent-encoded text");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2).ok_or_else(wrong)?;
        let digits = std::str::from_utf8(digits).ok().filter(|two| two.bytes().all(|one| one.is_ascii_hexdigit()));
        bytes.push(digits.and_then(|two| u8::from_str_radix(two, 16).ok()).ok_or_else(wrong)?);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const WHOLE: &str = "pkcs11:token=T;object=K?module-path=/m.so&pin-source=file:/p";

    #[test]
    fn a_key_on_a_token_is_named_by_a_uri_and_everything_else_is_a_file() {
        let key = |token: &str, object: &str| {
            let (module, pin) = (PathBuf::from("/m.so"), PathBuf::from("/p"));
            RootKeyPlace::Token(TokenKey { token: token.to_owned(), object: object.to_owned(), module, pin })
        };
        for (text, place) in [
            ("root.key", RootKeyPlace::File("root.key".into())),
            ("/keys/pkcs11", RootKeyPlace::File("/keys/pkcs11".into())),
            (WHOLE, key("T", "K")),
            ("pkcs11:object=K;token=T?pin-source=/p&module-path=/m.so", key("T", "K")),
            ("pkcs11:token=T;object=K?module-path=/m.so&pin-source=file:///p", key("T", "K")),
            (
                "pkcs11:token=Site%20of%20%C3%85s;object=a%3Bb?module-path=%2Fm.so&pin-source=/p",
                key("Site of Ås", "a;b"),
            ),
        ] {
            assert_eq!(text.parse::<RootKeyPlace>().unwrap(), place, "{text}");
        }
    }

    #[test]
    fn a_uri_that_is_not_whole_or_says_more_is_told_what_to_do() {
        for (text, says) in [
            ("pkcs11:", "names no pin-source"),
            ("pkcs11:token=T?module-path=/m.so&pin-source=/p", "names no object"),
            ("pkcs11:token=;object=K?module-path=/m.so&pin-source=/p", "names no token"),
            ("pkcs11:token=T;object=K?pin-source=/p", "names no module-path"),
            ("pkcs11:token=T;token=U;object=K?module-path=/m.so&pin-source=/p", "stands twice"),
            ("pkcs11:token=T;object=K?module-path=/m.so&pin-value=1234", "write it to a file"),
            ("pkcs11:token=T;serial=1;object=K?module-path=/m.so&pin-source=/p", "“serial” is not read"),
            ("pkcs11:token=T;object=K?module-path=m.so&pin-source=/p", "begin with /"),
            ("pkcs11:token=T;object=K?module-path=/m.so&pin-source=file:p", "begin with /"),
            ("pkcs11:token=%2;object=K?module-path=/m.so&pin-source=/p", "not percent-encoded"),
            ("pkcs11:token=%+1;object=K?module-path=/m.so&pin-source=/p", "not percent-encoded"),
            ("pkcs11:token=%ff;object=K?module-path=/m.so&pin-source=/p", "not percent-encoded"),
            (
                "pkcs11:token=a-label-of-more-than-thirty-two-bytes;object=K?module-path=/m.so&pin-source=/p",
                "longer than 32",
            ),
        ] {
            let told = text.parse::<RootKeyPlace>().unwrap_err();
            assert!(told.contains(says), "{text}: {told}");
        }
    }

    #[test]
    fn the_next_key_lies_beside_the_key_and_the_pin_is_not_told() {
        let place: RootKeyPlace = WHOLE.parse().unwrap();
        assert_eq!(place.next().to_string(), "“K.next” on the token “T”");
        assert_eq!(RootKeyPlace::File("a/root.key".into()).next(), RootKeyPlace::File("a/root.key.next".into()));
    }
}
