//! Requests from as many addresses of the loopback as wanted, each over a connection of its own.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
};

/// Addresses that attackers come from.
const SOURCES: u8 = 250;

/// Where a request comes from: an address of the loopback's network.
pub fn source(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 1, 0, u8::try_from(number % usize::from(SOURCES)).unwrap_or(0) + 1)
}

/// Asks, and reads the whole answer: status and body.
pub async fn ask(
    from: Ipv4Addr,
    server: SocketAddr,
    (method, path): (&str, &str),
    head: &str,
    body: &str,
) -> Result<(u16, String)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    let mut stream = socket.connect(server).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n{head}\r\n{body}",
        server.port(),
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).context("a status line")?;
    Ok((status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()))
}

/// Attempts to sign in with a password.
pub async fn attempt(from: Ipv4Addr, server: SocketAddr, name: &str, password: &str) -> Result<(u16, Value)> {
    let body = json!({"sign_in": name, "password": password}).to_string();
    let (status, answer) = ask(from, server, ("POST", "/api/v1/session"), "", &body).await?;
    Ok((status, serde_json::from_str(&answer).unwrap_or_default()))
}
