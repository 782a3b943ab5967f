//! The same tests on PostgreSQL: those that keep data run once more, with every database on a server that is started here.
//!
//! It starts the server as a child that ends with its standard input, and so with us, however we end. It refuses to use
//! a server it did not start.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::failure::{Failure, Outcome, While};
use crate::tally::Tally;
use crate::{process, workspace};

/// The tests whose data may lie in either database.
const TESTS: [&str; 4] = ["store", "founding", "web", "exchange"];
/// How a test learns of the server; `testbed` reads them.
const SERVER: &str = "PROBITY_TEST_POSTGRES";
const AUTHORITY: &str = "PROBITY_TEST_POSTGRES_AUTHORITY";

/// Builds, starts, tests, stops.
pub fn run(keep_going: bool, tally: &mut Tally) -> Outcome {
    process::run(&mut process::workspace("build", &["--bin", "testbed"]))?;
    let server = Server::start()?;
    let mut command = process::workspace("test", &[]);
    command.args(TESTS.iter().flat_map(|test| ["--test", test]));
    if keep_going {
        command.arg("--no-fail-fast");
    }
    command.env(SERVER, &server.url).env(AUTHORITY, &server.authority);
    process::run_reading(&mut command, |line| tally.read(line))
}

/// Tests that `command` runs keep their data in files, whatever the person at the terminal tried last.
pub fn keep_out(command: &mut Command) {
    command.env_remove(SERVER).env_remove(AUTHORITY);
}

struct Server {
    child: Child,
    url: String,
    authority: String,
}

impl Server {
    fn start() -> Outcome<Self> {
        let mut command = Command::new(workspace::testbed());
        let piped = command.arg("server").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().while_doing("starting a PostgreSQL server")?;
        let output = child.stdout.take().ok_or_else(|| Failure::new("a child without an output"))?;
        let mut lines = BufReader::new(output).lines();
        let mut said = |what: &str| {
            let line = lines.next().and_then(Result::ok);
            let value = line.as_deref().and_then(|line| line.strip_prefix(what)).map(|rest| rest.trim().to_owned());
            value.ok_or_else(|| Failure::new("the PostgreSQL server did not start; what it says is above"))
        };
        let (url, authority) = (said("url ")?, said("authority ")?);
        Ok(Self { child, url, authority })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input is what it waits for.
        drop(self.child.stdin.take());
        let _reaped = self.child.wait();
    }
}
