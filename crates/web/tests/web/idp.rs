//! An OpenID provider that says whatever a test wants: what a certified one never would, too. A code bears what the ID token
//! for it is to say.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::OnceLock,
};

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};

/// The one of this test program. It lives as long as that.
pub struct Idp {
    pub issuer: String,
    key: EcdsaKeyPair,
    stranger: EcdsaKeyPair,
}

pub const CLIENT: &str = "probity of a test";
pub const SECRET: &str = "a secret: with % and ü";

/// What a code stands for. `claims` are laid over those of an honest token; `header` over its header.
pub struct Coded<'a> {
    pub challenge: &'a str,
    pub nonce: &'a str,
    pub subject: &'a str,
    pub at: i64,
    pub claims: Value,
    pub header: Value,
    pub stranger: bool,
}

impl Coded<'_> {
    pub fn code(&self) -> String {
        let said = json!({
            "challenge": self.challenge, "nonce": self.nonce, "sub": self.subject, "at": self.at,
            "claims": self.claims, "header": self.header, "stranger": self.stranger,
        });
        B64.encode(said.to_string())
    }
}

pub fn idp() -> &'static Idp {
    static IDP: OnceLock<&'static Idp> = OnceLock::new();
    IDP.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let key = || EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let idp: &'static Idp = Box::leak(Box::new(Idp { issuer, key: key(), stranger: key() }));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || idp.serve(stream));
            }
        });
        idp
    })
}

impl Idp {
    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut read = BufReader::new(stream.try_clone().ok()?);
        let mut first = String::new();
        read.read_line(&mut first).ok()?;
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            read.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        read.read_exact(&mut body).ok()?;
        let path = first.split(' ').nth(1)?;
        let (status, answer) = match path {
            "/.well-known/openid-configuration" => (200, self.metadata()),
            // One that calls itself another.
            "/liar/.well-known/openid-configuration" => (200, self.metadata()),
            "/keys" => (200, self.keys()),
            "/token" => match self.token(&headers, &body) {
                Some(token) => (200, json!({ "id_token": token, "token_type": "Bearer", "access_token": "-" })),
                None => (400, json!({ "error": "invalid_grant" })),
            },
            _ => (404, Value::Null),
        };
        let body = answer.to_string();
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .ok()
    }

    fn metadata(&self) -> Value {
        let at = &self.issuer;
        json!({
            "issuer": at, "authorization_endpoint": format!("{at}/authorize"), "token_endpoint": format!("{at}/token"),
            "jwks_uri": format!("{at}/keys"),
        })
    }

    fn keys(&self) -> Value {
        let point = self.key.public_key().as_ref();
        let (x, y) = (B64.encode(&point[1..33]), B64.encode(&point[33..]));
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "one", "use": "sig", "x": x, "y": y }] })
    }

    /// As a provider does: only for its client, and only for who knows the verifier.
    fn token(&self, headers: &HashMap<String, String>, body: &[u8]) -> Option<String> {
        let pair = format!(
            "{}:{}",
            crate::client::pct(CLIENT).replace("%20", "+"),
            crate::client::pct(SECRET).replace("%20", "+")
        );
        let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        if headers.get("authorization") != Some(&basic) {
            return None;
        }
        let form: HashMap<String, String> =
            form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let said: Value = serde_json::from_slice(&B64.decode(form.get("code")?).ok()?).ok()?;
        let challenge = B64.encode(digest::digest(&digest::SHA256, form.get("code_verifier")?.as_bytes()));
        let own = form.get("redirect_uri")? == "http://localhost/sign-in/provider";
        if said["challenge"] != challenge || !own || form.get("grant_type")? != "authorization_code" {
            return None;
        }
        let at = said["at"].as_i64()?;
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": said["sub"], "nonce": said["nonce"], "iat": at, "exp": at + 300,
        });
        let mut header = json!({ "alg": "ES256", "kid": "one" });
        for (all, over) in [(&mut claims, &said["claims"]), (&mut header, &said["header"])] {
            for (name, value) in over.as_object().into_iter().flatten() {
                match value {
                    Value::Null => all.as_object_mut()?.remove(name),
                    value => all.as_object_mut()?.insert(name.clone(), value.clone()),
                };
            }
        }
        let signed = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
        let key = if said["stranger"] == true { &self.stranger } else { &self.key };
        let signature = match header["alg"].as_str()? {
            "none" => String::new(),
            // With what is public as the secret.
            "HS256" => {
                let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, self.key.public_key().as_ref());
                B64.encode(aws_lc_rs::hmac::sign(&key, signed.as_bytes()))
            }
            _ => B64.encode(key.sign(&SystemRandom::new(), signed.as_bytes()).ok()?),
        };
        Some(format!("{signed}.{signature}"))
    }
}
