//! A person at a program: the public JSON API, spoken as any client speaks it. Connections are kept open; a write that
//! the server was too busy for is sent again under its request id, so that it is done once.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Serialize;
use serde_json::{Value, json};
use trial::ids::{Id as _, RequestId};
use ureq::{
    Agent, Body,
    http::{Request, Response},
};

use super::accounts;

/// The header in which a session comes.
const AUTHORIZATION: &str = "authorization";
/// Tries at one request.
const TRIES: u32 = 20;
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The API at an address.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    agent: Agent,
    root: String,
}

/// The API, asked by somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    api: Api,
    bearer: String,
}

impl Api {
    /// The API of the server at `http://…`.
    pub(crate) fn at(address: &str) -> Self {
        let config = Agent::config_builder()
            // The server is this process: no proxy lies between.
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .max_idle_connections_per_host(16)
            .build();
        Self { agent: config.into(), root: format!("{address}/api/v1") }
    }

    /// Sets a person's password with the token of the enrolment.
    pub(crate) fn enrol(&self, token: &str, password: &str) -> Result<()> {
        self.send("POST", "/enrolment", Some(("probity-enrolment", token)), &json!({ "password": password })).map(drop)
    }

    /// Signs a person in.
    pub(crate) fn sign_in(&self, organization: &str, sign_in: &str, password: &str) -> Result<SignedIn> {
        let body = json!({ "organization": organization, "sign_in": sign_in, "password": password });
        let opened = self.send("POST", "/session", None, &body)?;
        Ok(SignedIn { api: self.clone(), bearer: format!("Bearer {}", text(&opened, "token")?) })
    }

    fn get(&self, path: &str, bearer: &str) -> Result<Value> {
        self.try_until_done("GET", path, Some((AUTHORIZATION, bearer)), "application/json", b"")
    }

    fn send(&self, method: &str, path: &str, header: Option<(&str, &str)>, body: &impl Serialize) -> Result<Value> {
        let body = serde_json::to_vec(body)?;
        self.try_until_done(method, path, header, "application/json", &body)
    }

    fn try_until_done(
        &self,
        method: &str,
        path: &str,
        header: Option<(&str, &str)>,
        content: &str,
        body: &[u8],
    ) -> Result<Value> {
        let request_id = request_id()?.to_string();
        for attempt in 1..=TRIES {
            let mut request = Request::builder()
                .method(method)
                .uri(format!("{}{path}", self.root))
                .header("accept", "application/json")
                .header("content-type", content)
                .header("idempotency-key", &request_id);
            if let Some((name, value)) = header {
                request = request.header(name, value);
            }
            let response = self.agent.run(request.body(body)?).with_context(|| format!("{method} {path}"))?;
            let (status, answer) = read(response)?;
            match status {
                200..300 => return Ok(answer),
                503 if attempt < TRIES => std::thread::park_timeout(Duration::from_millis(50 * u64::from(attempt))),
                _ => return Err(refusal(method, path, status, &answer)),
            }
        }
        bail!("{method} {path}: the server stayed too busy")
    }
}

impl SignedIn {
    /// Posts JSON.
    pub(crate) fn post(&self, path: &str, body: &impl Serialize) -> Result<Value> {
        self.api.send("POST", path, Some((AUTHORIZATION, &self.bearer)), body)
    }

    /// Puts JSON.
    pub(crate) fn put(&self, path: &str, body: &impl Serialize) -> Result<Value> {
        self.api.send("PUT", path, Some((AUTHORIZATION, &self.bearer)), body)
    }

    /// Signs every agreement that waits.
    pub(crate) fn sign_agreements(&self) -> Result<()> {
        let duties = self.api.get("/account/duties", &self.bearer)?;
        let waiting = duties.get("agreements").and_then(Value::as_array).context("the answer has no agreements")?;
        let signed: Vec<Value> = waiting
            .iter()
            .filter(|agreement| agreement.get("signed").is_none_or(Value::is_null))
            .map(|agreement| json!({ "id": agreement.get("id"), "version": agreement.get("version") }))
            .collect();
        self.post("/account/agreements", &json!({ "agreements": signed })).map(drop)
    }

    /// Posts a file.
    pub(crate) fn post_file(&self, path: &str, content: &str, body: &[u8]) -> Result<Value> {
        self.api.try_until_done("POST", path, Some((AUTHORIZATION, &self.bearer)), content, body)
    }
}

/// A text in an answer.
pub(crate) fn text<'a>(answer: &'a Value, name: &str) -> Result<&'a str> {
    answer.get(name).and_then(Value::as_str).with_context(|| format!("the answer has no {name}"))
}

/// Reads an answer to its end, so that the connection can be used again.
fn read(mut response: Response<Body>) -> Result<(u16, Value)> {
    let status = response.status().as_u16();
    let body = response.body_mut().read_to_string()?;
    let answer = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap_or(Value::String(body)) };
    Ok((status, answer))
}

/// What the server said, in words. Of the values that were sent nothing is repeated.
fn refusal(method: &str, path: &str, status: u16, answer: &Value) -> anyhow::Error {
    let detail = answer.get("detail").and_then(Value::as_str).unwrap_or_default();
    let fields = answer.get("fields").map(ToString::to_string).unwrap_or_default();
    anyhow!("{method} {path}: {status} {detail} {fields}")
}

/// A request id (RFC 9562: a UUID of version 4).
fn request_id() -> Result<RequestId> {
    let drawn = u128::from_be_bytes(accounts::random()?);
    let marked = (drawn & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    Ok(RequestId::from_bytes(marked.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    #[test]
    fn a_request_id_is_a_uuid_of_version_4() {
        let id = super::request_id().unwrap().to_string();
        assert_eq!(id.as_bytes().get(14), Some(&b'4'), "{id}");
        assert!(matches!(id.as_bytes().get(19), Some(b'8' | b'9' | b'a' | b'b')), "{id}");
    }
}
