//! What a node says of itself: Patroni's REST API, read as far as is needed and without a parser for JSON.
//!
//! The status codes carry most of it; of the body, keys and values are sought that Patroni writes itself and no one
//! else can put there (<https://patroni.readthedocs.io/en/latest/rest_api.html>).

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// For one answer. Patroni asks its server before it answers; a paused node never answers.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// A status is about one kilobyte.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// A node's state. One that does not answer is nothing.
#[derive(Debug, Default)]
pub struct State {
    /// Its server is up.
    pub runs: bool,
    /// It holds the leader's key and its server takes writes.
    pub is_leader: bool,
    /// The record of who may take over names it.
    pub is_synchronous_standby: bool,
    /// How many servers stream from it.
    pub streaming: usize,
    /// How many of these its commits wait for.
    pub synchronous: usize,
}

/// Asks the node whose Patroni listens on `port`.
pub fn ask(port: u16) -> State {
    let Ok(answer) = get(port, "/primary") else { return State::default() };
    let says = |text: &str| answer.body.contains(text);
    State {
        runs: says(r#""state":"running""#) || says(r#""state":"streaming""#),
        is_leader: answer.status == 200 && (says(r#""role":"master""#) || says(r#""role":"primary""#)),
        is_synchronous_standby: says(r#""sync_standby":true"#),
        streaming: answer.body.matches(r#""state":"streaming","sync_state""#).count(),
        synchronous: answer.body.matches(r#""sync_state":"sync""#).count(),
    }
}

/// Whether the etcd on `port` has a leader, itself, and takes writes.
pub fn is_healthy(port: u16) -> bool {
    get(port, "/health").is_ok_and(|answer| answer.body.contains(r#""health":"true""#))
}

struct Answer {
    status: u16,
    /// Without white space.
    body: String,
}

/// HTTP/1.0, so that the answer ends with the connection and comes in one piece (RFC 1945).
fn get(port: u16, path: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), ANSWER_MAX)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    stream.set_write_timeout(Some(ANSWER_MAX))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
    let mut text = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut text)?;
    parse(&text).ok_or_else(|| io::Error::other("no answer of HTTP"))
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: body.split_whitespace().collect() })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn an_answer_is_read() {
        let answer = parse("HTTP/1.0 503 Service Unavailable\r\nServer: x\r\n\r\n{\"role\": \"replica\"}").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (503, r#"{"role":"replica"}"#));
        assert!(parse("").is_none());
    }
}
