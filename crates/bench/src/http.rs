//! Form saves over HTTP: the server in a process of its own, clients that keep their connections.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::json;
use store::Installation;
use trial::ids::SubjectId;

use crate::{
    figures::{Figures, say},
    machine,
    scene::{self, Machine, PASSWORD, Scene},
};

/// Serves until it is killed.
pub fn serve(data: &Path) -> Result<()> {
    let installation = Arc::new(Installation::open(data, None, Arc::new(Machine))?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
        // One client here stands for many people.
        let config = web::ServeConfig { listen, unpaced: true, ..Default::default() };
        let serving = web::serve(config, installation).await?;
        for address in &serving.addresses {
            say(&address.to_string());
        }
        serving.stopped().await?;
        Ok(())
    })
}

/// A server with its data, and where it listens.
pub struct Http {
    server: Server,
    /// Another process that does part of its work.
    database: Option<u32>,
    address: SocketAddr,
    bearer: String,
    subjects: Vec<SubjectId>,
    /// Those that have forms.
    filled: Vec<SubjectId>,
    items: usize,
}

/// Killed by its own id when the bench is done with it.
pub struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Serves a data directory in a process of its own; it listens when this returns.
    pub fn start(data: &Path) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?).arg("serve").arg(data).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("a pipe")?).read_line(&mut line)?;
        let address = line.trim().parse().with_context(|| format!("the server said “{line}”"))?;
        Ok(Server { child, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Http {
    /// With as many subjects as all rounds take: every save begins a form.
    pub fn begin(folder: &Path, items: usize, subjects: usize, on: Option<(&testbed::Server, &str)>) -> Result<Self> {
        let data: PathBuf = folder.join("data");
        let scene = match on {
            None => Scene::found(&data, items)?,
            Some((server, url)) => Scene::found_on(&data, items, server, url)?,
        };
        let subjects = scene.subjects(subjects, "B")?;
        drop(scene);
        let server = Server::start(&data)?;
        let address = server.address;
        let mut client = Client::connect(address)?;
        let sign_in = json!({"sign_in": "ana", "password": PASSWORD}).to_string();
        let (status, body) = client.send("POST", "/api/v1/session", "", &sign_in)?;
        if status != 201 {
            bail!("signing in was answered {status}: {body}");
        }
        let token: serde_json::Value = serde_json::from_str(&body)?;
        let bearer = token.get("token").and_then(|token| token.as_str()).context("a token")?.to_owned();
        Ok(Http {
            server,
            database: on.and_then(|(server, _)| server.pid()),
            address,
            bearer,
            subjects,
            filled: Vec::new(),
            items,
        })
    }

    /// All clients save, visit after visit.
    pub fn round(&mut self, name: &str, clients: usize, slice: Duration, figures: &mut Figures) -> Result<()> {
        let rest = self.subjects.len().checked_sub(clients).context("more rounds than the bench has subjects for")?;
        let before = self.cpu();
        let begun = Instant::now();
        let threads: Vec<_> = self
            .subjects
            .split_off(rest)
            .into_iter()
            .map(|subject| {
                let (address, bearer, items) = (self.address, self.bearer.clone(), self.items);
                std::thread::spawn(move || saves(address, &bearer, subject, items, |_| begun.elapsed() < slice))
            })
            .collect();
        let mut each = Vec::new();
        for thread in threads {
            each.extend(thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))??);
        }
        let took = begun.elapsed();
        let used = self.cpu().saturating_sub(before);
        let clients = if clients == 1 { "1 client".into() } else { format!("{clients} clients") };
        let name = format!("{name}, {clients}");
        figures.latencies(&name, each.clone(), took);
        figures.add(&format!("{name}: server's CPU each"), "us", used.as_secs_f64() * 1e6 / each.len().max(1) as f64);
        Ok(())
    }

    /// Saves this many forms of subjects of its own, a hundred each.
    pub fn fill(&mut self, forms: usize, clients: usize) -> Result<()> {
        let subjects = self.subjects.split_off(self.subjects.len().saturating_sub(forms / FILLED));
        let part = subjects.len().div_ceil(clients).max(1);
        std::thread::scope(|scope| {
            let threads: Vec<_> = subjects
                .chunks(part)
                .map(|part| {
                    let (address, bearer, items) = (self.address, &self.bearer, self.items);
                    scope.spawn(move || {
                        let all = |n| n <= FILLED as u64;
                        part.iter().try_for_each(|subject| saves(address, bearer, *subject, items, all).map(drop))
                    })
                })
                .collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))?)
        })?;
        self.filled = subjects;
        Ok(())
    }

    /// Opens pages of subjects that were filled, one after another.
    pub fn open(&self, name: &str, page: impl Fn(SubjectId, usize) -> String, figures: &mut Figures) -> Result<()> {
        let mut client = Client::connect(self.address)?;
        let head = format!("Authorization: Bearer {}\r\n", self.bearer);
        let mut each = Vec::new();
        let begun = Instant::now();
        for n in 0..OPENED {
            // Far apart, so that not all of them are at hand.
            let subject = self.filled.get(n.wrapping_mul(7_919) % self.filled.len().max(1)).context("a subject")?;
            let one = Instant::now();
            let (status, answer) = client.send("GET", &page(*subject, n), &head, "")?;
            each.push(one.elapsed());
            if status != 200 {
                bail!("a page was answered {status}: {answer}");
            }
        }
        figures.latencies(name, each, begun.elapsed());
        Ok(())
    }

    fn cpu(&self) -> Duration {
        machine::cpu(self.server.id()) + self.database.map_or(Duration::ZERO, machine::cpu_with_children)
    }
}

/// Forms of a subject that is filled.
pub const FILLED: usize = 100;
/// Pages opened in one round.
const OPENED: usize = 300;

/// Different bodies that a client sends.
const BODIES: u64 = 64;

fn saves(
    address: SocketAddr,
    bearer: &str,
    subject: SubjectId,
    items: usize,
    more: impl Fn(u64) -> bool,
) -> Result<Vec<Duration>> {
    let mut client = Client::connect(address)?;
    let mut each = Vec::new();
    // Made beforehand: the client shares the processors with the server that it measures.
    let bodies: Vec<String> =
        (0..BODIES).map(|n| json!({"revision": 0, "changes": scene::changes(items, n)}).to_string()).collect();
    for (n, body) in (1_u64..).zip(bodies.iter().cycle()) {
        if !more(n) {
            break;
        }
        let (visit, form) = scene::place(n);
        let path = format!("/api/v1/subjects/{subject}/visits/SE/{visit}/forms/{form}/-");
        let head = format!("Authorization: Bearer {bearer}\r\nIdempotency-Key: {}\r\n", scene::request());
        let one = Instant::now();
        let (status, answer) = client.send("PUT", &path, &head, body)?;
        each.push(one.elapsed());
        if status != 200 {
            bail!("a save was answered {status}: {answer}");
        }
    }
    Ok(each)
}

/// As much of HTTP/1.1 as a client needs that talks to one server.
struct Client {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Client {
    fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Client { stream: BufReader::new(stream), address })
    }

    /// Sends a request and reads its whole answer: status and body.
    fn send(&mut self, method: &str, path: &str, head: &str, body: &str) -> Result<(u16, String)> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{head}\r\n{body}",
            self.address,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).context("a status line")?;
        let mut length = 0_usize;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        Ok((status, String::from_utf8_lossy(&answer).into_owned()))
    }
}
