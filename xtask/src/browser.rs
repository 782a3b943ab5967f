//! The browser tests: the program that was built, on a free loopback port, in front of headless Chromium.
//!
//! It starts `probity demo` with an empty data directory, waits until it answers, runs each test file of
//! `tests/browser` against it, and ends that one process. It refuses to use a server it did not start.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome, While};
use crate::tally::Tally;
use crate::{install, process, workspace};

/// The demonstration makes its study before it listens; longer than this, it hangs.
const START_LIMIT: Duration = Duration::from_secs(180);

/// Builds, starts, tests, stops.
pub fn run(tally: &mut Tally) -> Outcome {
    let chromium =
        install::chromium().ok_or_else(|| Failure::new("no Chromium found; run `cargo xtask test --only install`"))?;
    process::run(&mut process::workspace("build", &["--bin", "probity"]))?;
    let server = Server::start()?;
    let tested = tests()?.iter().try_for_each(|file| {
        let mut node = Command::new("node");
        node.args(["--test", "--test-reporter=spec"]).arg(file).current_dir(directory());
        node.env("PROBITY_URL", server.url())
            .env("PROBITY_ACCOUNTS", &server.accounts)
            .env("PROBITY_PROGRAM", workspace::probity())
            .env("PROBITY_CHROMIUM", &chromium);
        process::run_reading(&mut node, |line| tally.read(line))
    });
    if tested.is_err() {
        println!("\nthe last lines of the server's log:\n{}", server.last_lines(40));
    }
    tested
}

fn directory() -> PathBuf {
    workspace::root().join("tests/browser")
}

/// The test files in the order of their names; one at a time, since they share the server and the cores.
fn tests() -> Outcome<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(directory())
        .while_doing("reading tests/browser")?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    if files.is_empty() { Err(Failure::new("tests/browser holds no test file")) } else { Ok(files) }
}

struct Server {
    child: Child,
    address: SocketAddr,
    accounts: PathBuf,
    log: PathBuf,
    scratch: PathBuf,
}

impl Server {
    fn start() -> Outcome<Self> {
        let scratch = workspace::target().join(format!("browser-{}", std::process::id()));
        fs::create_dir_all(&scratch).while_doing("making a scratch directory")?;
        let accounts = scratch.join("accounts.json");
        let log = scratch.join("server.log");
        let address = free_address()?;
        let output = File::create(&log).while_doing("opening the server's log")?;
        let errors = output.try_clone().while_doing("opening the server's log")?;
        let mut command = Command::new(workspace::probity());
        command.arg("demo").args(["--listen", &address.to_string()]).arg("--data").arg(scratch.join("data"));
        command.arg("--accounts-file").arg(&accounts);
        println!("starting `probity demo` on {address}; its log is {}", log.display());
        let child =
            command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn().while_doing("starting probity")?;
        let mut server = Self { child, address, accounts, log, scratch };
        server.wait_until_it_answers()?;
        Ok(server)
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn wait_until_it_answers(&mut self) -> Outcome {
        let begun = Instant::now();
        while begun.elapsed() < START_LIMIT {
            if let Some(status) = self.child.try_wait().while_doing("looking after probity")? {
                let said = self.last_lines(40);
                return Err(Failure::new(format!("probity ended before it answered ({status}); it said:\n{said}")));
            }
            if self.accounts.exists() && answers(self.address) {
                println!("it answers after {:.1} s", begun.elapsed().as_secs_f64());
                return Ok(());
            }
            // The one place that waits for a while: nothing tells another process that a port was opened.
            std::thread::park_timeout(Duration::from_millis(100));
        }
        let said = self.last_lines(40);
        Err(Failure::new(format!("probity did not answer within {} s; it said:\n{said}", START_LIMIT.as_secs())))
    }

    fn last_lines(&self, count: usize) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.iter().skip(lines.len().saturating_sub(count)).map(|line| format!("  {line}\n")).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A kill is a fair end: what was acknowledged is durable, and the next start must cope with it.
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
        let _left_behind = fs::remove_dir_all(&self.scratch);
    }
}

fn free_address() -> Outcome<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).while_doing("finding a free port")?;
    listener.local_addr().while_doing("finding a free port")
}

/// Whether an HTTP server speaks there.
fn answers(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
        let mut beginning = [0_u8; 5];
        stream.read_exact(&mut beginning)?;
        Ok(&beginning == b"HTTP/")
    };
    ask().unwrap_or(false)
}
