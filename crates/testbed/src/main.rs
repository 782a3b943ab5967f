//! `testbed server` and `testbed cluster`: start one, print `url <URL>` and `authority <PATH>`, and stop it at the end of
//! standard input. So it ends with whoever started it, however that ends.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use testbed::{Cluster, Server};

fn main() -> ExitCode {
    let ended = match std::env::args().nth(1).as_deref() {
        Some("server") => serve(Server::start(), |server| (server.url(), server.authority())),
        Some("cluster") => serve(Cluster::start(3), |cluster| (cluster.url(), cluster.authority())),
        _ => Err("usage: testbed server|cluster".into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if this fails.
            let _written = writeln!(io::stderr(), "testbed: {error}");
            ExitCode::FAILURE
        }
    }
}

type Ended = Result<(), Box<dyn std::error::Error>>;

fn serve<T>(started: testbed::Result<T>, door: impl Fn(&T) -> (String, &Path)) -> Ended {
    let running = started?;
    let (url, authority) = door(&running);
    let mut out = io::stdout();
    writeln!(out, "url {url}\nauthority {}", authority.display())?;
    out.flush()?;
    let mut ignored = [0; 512];
    while io::stdin().read(&mut ignored)? > 0 {}
    Ok(())
}
