//! PostgreSQL servers that stand in for one another, each under a Patroni, which agree through an etcd.
//!
//! Every commit is on two servers before it is acknowledged (`synchronous_mode_strict`). So a leader that was paused
//! and wakes up after another took its place cannot acknowledge a write: its standby follows somebody else. That it
//! does not take its place back is the agreement's doing; see `patroni.yml`.

mod node;
mod rest;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::account::Account;
use crate::certificate;
use crate::daemon::Daemon;
use crate::door::Door;
use crate::failure::{Failure, Result};
use crate::folder::Folder;
use crate::{ports, programs, secret, wait};
use node::{Node, Passwords};
use rest::State;

/// With fewer nodes no commit would ever be acknowledged.
pub const NODES_MIN: usize = 2;
/// More would prove nothing that three do not.
pub const NODES_MAX: usize = 5;

/// For `initdb`, the standbys' copies and the first agreement: about ten seconds on a quiet machine.
const STARTED_MAX: Duration = Duration::from_secs(120);

/// A cluster with one leader that takes writes, one synchronous standby, and further standbys.
///
/// Nodes are numbered from 0. Dropped, everything ends at once and the folder is removed.
pub struct Cluster {
    // First, so that it is dropped first: it ends the processes that the others then reap.
    folder: Folder,
    etcd: Daemon,
    nodes: Vec<Node>,
    door: Door,
}

impl Cluster {
    /// A cluster of `nodes` servers, [`NODES_MIN`] to [`NODES_MAX`], whole when this returns.
    ///
    /// # Errors
    /// When a program is missing (its Debian package is named), or with the end of a log when something does not start.
    pub fn start(nodes: usize) -> Result<Self> {
        if !(NODES_MIN..=NODES_MAX).contains(&nodes) {
            return Err(Failure::new(format!("a cluster has {NODES_MIN} to {NODES_MAX} nodes, not {nodes}")));
        }
        let folder = Folder::create(Account::find()?)?;
        let certificates = certificate::make(&folder)?;
        let passwords = Passwords::make()?;
        let (etcd, agreement) = start_etcd(&folder)?;
        let made = (0..nodes).map(|number| Node::make(number, &folder, &certificates, &passwords, agreement));
        let nodes = made.collect::<Result<Vec<Node>>>()?;
        let ports = nodes.iter().map(|node| node.port).collect();
        let door = Door { ports, password: passwords.owner, authority: certificates.authority, shown: None };
        let mut cluster = Self { folder, etcd, nodes, door };
        for node in &mut cluster.nodes {
            node.start(&cluster.folder)?;
        }
        cluster.wait_until_whole(STARTED_MAX)?;
        Ok(cluster)
    }

    /// `postgres://owner:<password>@127.0.0.1:<port>,…/postgres?target_session_attrs=read-write`.
    pub fn url(&self) -> String {
        self.door.url()
    }

    /// The PEM file of the authority that signed the servers' certificate (for 127.0.0.1 and localhost).
    pub fn authority(&self) -> &Path {
        &self.door.authority
    }

    /// The port of a node's server on 127.0.0.1. None when there is no such node.
    pub fn port(&self, node: usize) -> Option<u16> {
        self.nodes.get(node).map(|node| node.port)
    }

    /// The node that holds the leader's key and whose server takes writes, by what the nodes themselves say. None when
    /// no node says so, or for a moment two do.
    ///
    /// A new leader acknowledges its first commit only when a standby follows it, some seconds later.
    pub fn leader(&self) -> Option<usize> {
        only(&self.states(), |state| state.is_leader)
    }

    /// Kills a node: its Patroni and its server's processes, all at once.
    ///
    /// # Errors
    /// When there is no such node or a process does not go away.
    pub fn kill(&mut self, node: usize) -> Result {
        let folder = &self.folder;
        find(&mut self.nodes, node)?.kill(folder)
    }

    /// Starts a killed node's Patroni again on the same folder. It finds its own way back, as a standby if another node
    /// leads by then; wait with [`Self::wait_until_whole`].
    ///
    /// # Errors
    /// When there is no such node, when it runs, or when Patroni does not start.
    pub fn revive(&mut self, node: usize) -> Result {
        let folder = &self.folder;
        find(&mut self.nodes, node)?.start(folder)
    }

    /// Stops a node's processes where they are: connections stay open and nothing answers.
    ///
    /// # Errors
    /// When there is no such node, or its processes cannot be listed or signalled.
    pub fn pause(&self, node: usize) -> Result {
        self.node(node)?.pause(&self.folder)
    }

    /// Lets a paused node go on.
    ///
    /// # Errors
    /// As [`Self::pause`].
    pub fn resume(&self, node: usize) -> Result {
        self.node(node)?.resume(&self.folder)
    }

    /// Waits for a leader; see [`Self::leader`].
    ///
    /// # Errors
    /// When none leads `within` the time, with the end of each node's log.
    pub fn wait_for_leader(&self, within: Duration) -> Result<usize> {
        wait::until("a leader", within, || Ok(self.leader())).map_err(|failure| self.with_logs(&failure))
    }

    /// Waits until all nodes run, one leads, all others stream from it, and one of them is its synchronous standby, also
    /// by the record that decides who may take over.
    ///
    /// # Errors
    /// When it is not so `within` the time, with the end of each node's log; at once when a node was killed and not
    /// revived, or has ended by itself.
    pub fn wait_until_whole(&mut self, within: Duration) -> Result {
        let whole = wait::until("a whole cluster", within, || {
            self.etcd.must_run()?;
            for node in &mut self.nodes {
                node.must_run()?;
            }
            Ok(is_whole(&self.states()).then_some(()))
        });
        whole.map_err(|failure| self.with_logs(&failure))
    }

    /// Makes a database; its URL. What is asked of it may be more than the one that every server has should bear.
    ///
    /// # Errors
    /// Where there is one of this name already.
    pub fn make(&self, database: &str) -> Result<String> {
        self.sql("postgres", &format!("CREATE DATABASE {database}"))?;
        Ok(self.door.url_of(database))
    }

    /// Runs `statement` in `database` on the node that takes writes, through `psql`, for a test's own checks: rows as
    /// lines, columns apart by `|`. At most a minute.
    ///
    /// # Errors
    /// With what `psql` says.
    pub fn sql(&self, database: &str, statement: &str) -> Result<String> {
        self.door.sql(self.folder.account(), database, statement)
    }

    /// As [`Self::sql`], on node `node`, whatever it is: a standby only reads.
    ///
    /// # Errors
    /// As [`Self::sql`], and when there is no such node.
    pub fn sql_on(&self, node: usize, database: &str, statement: &str) -> Result<String> {
        let ports = vec![self.node(node)?.port];
        self.door.with_ports(ports).sql(self.folder.account(), database, statement)
    }

    /// What each node says of itself, all asked at once: a paused one takes its time not to answer.
    fn states(&self) -> Vec<State> {
        std::thread::scope(|scope| {
            let asked: Vec<_> = self.nodes.iter().map(|node| scope.spawn(|| rest::ask(node.rest))).collect();
            asked.into_iter().map(|asked| asked.join().unwrap_or_default()).collect()
        })
    }

    fn node(&self, node: usize) -> Result<&Node> {
        self.nodes.get(node).ok_or_else(|| no_node(node))
    }

    fn with_logs(&self, failure: &Failure) -> Failure {
        let logs: Vec<String> = self.nodes.iter().map(Node::log).collect();
        Failure::new(format!("{failure}\n{}", logs.join("\n")))
    }
}

fn find(nodes: &mut [Node], node: usize) -> Result<&mut Node> {
    nodes.get_mut(node).ok_or_else(|| no_node(node))
}

fn no_node(node: usize) -> Failure {
    Failure::new(format!("there is no node {node}"))
}

fn only(states: &[State], is: impl Fn(&State) -> bool) -> Option<usize> {
    let mut found = states.iter().enumerate().filter(|(_, state)| is(state)).map(|(number, _)| number);
    found.next().filter(|_| found.next().is_none())
}

fn is_whole(states: &[State]) -> bool {
    let leader = only(states, |state| state.is_leader).and_then(|number| states.get(number));
    states.iter().all(|state| state.runs)
        && only(states, |state| state.is_synchronous_standby).is_some()
        && leader.is_some_and(|leader| leader.streaming + 1 == states.len() && leader.synchronous == 1)
}

/// Starts an etcd of one member and gives the port for its clients.
fn start_etcd(folder: &Folder) -> Result<(Daemon, u16)> {
    let home = folder.subfolder("etcd")?;
    let (clients, peers) = (ports::free()?, ports::free()?);
    let [clients_url, peers_url] = [clients, peers].map(|port| format!("http://127.0.0.1:{port}"));
    let mut etcd: Command = folder.account().command(&programs::etcd()?, &home);
    etcd.args(["--name", "only", "--data-dir", "kept", "--logger", "zap", "--log-level", "warn"]);
    // Why the second version: see patroni.yml.
    etcd.arg("--enable-v2");
    etcd.args(["--listen-client-urls", &clients_url, "--advertise-client-urls", &clients_url]);
    etcd.args(["--listen-peer-urls", &peers_url, "--initial-advertise-peer-urls", &peers_url]);
    etcd.args(["--initial-cluster", &format!("only={peers_url}")]);
    etcd.args(["--initial-cluster-token", &secret::password()?]);
    let mut daemon = Daemon::start("etcd", &mut etcd, folder.path().join("etcd.log"))?;
    let ready = wait::until("an etcd that answers", STARTED_MAX, || {
        daemon.must_run()?;
        Ok(rest::is_healthy(clients).then_some(()))
    });
    ready.map_err(|failure| daemon.failure(&format!("does not start ({failure})")))?;
    Ok((daemon, clients))
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Cluster on ports {:?}", self.door.ports)
    }
}
