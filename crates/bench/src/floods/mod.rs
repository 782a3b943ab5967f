//! Floods of sign-ins: what becomes of everybody else, of the accounts that are guessed at, and of the server's memory,
//! while ten thousand attempts a minute come in. And whether the time of an answer tells who has an account.

mod attacker;
mod scene;
mod timing;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use tokio::{sync::Mutex, task::JoinSet, time};

use self::{
    attacker::{ask, attempt, source},
    scene::{OWNER, Owner, Victims},
};
use crate::{
    figures::{Figures, say},
    http::Server,
    machine,
};

/// Attempts in a minute.
const RATE: f64 = 10_000.0;
/// Names that lists of stolen passwords hold; a few of them are known here.
const LISTED: usize = 10_000;
/// People who read pages meanwhile, and how often each opens one.
const READERS: usize = 8;
const READS: Duration = Duration::from_millis(100);
/// How often the owner signs in by passkey during a flood.
const OWNER_COMES: u32 = 5;

/// Whence a flood comes, and at whom.
#[derive(Clone, Copy, PartialEq)]
enum Flood {
    None,
    OneSource,
    OneAccount,
    ManyAtMany,
}

impl Flood {
    const fn name(self) -> &'static str {
        match self {
            Flood::None => "no flood",
            Flood::OneSource => "from one source",
            Flood::OneAccount => "from many sources at one account",
            Flood::ManyAtMany => "from many sources at many accounts",
        }
    }

    /// The `n`th attempt: from where, at which name.
    fn attempt(self, n: usize, victims: &Victims) -> (usize, String) {
        // One name in fifty has an account.
        let listed = || match n % 50 {
            0 => victims.names.get(n / 50 % victims.names.len().max(1)).cloned().unwrap_or_default(),
            _ => format!("listed-{}", n % LISTED),
        };
        match self {
            Flood::None | Flood::OneSource => (0, listed()),
            Flood::OneAccount => (n, OWNER.to_owned()),
            Flood::ManyAtMany => (n, listed()),
        }
    }
}

/// Measures how long refusals take, of a server that does nothing else.
pub fn timing(folder: &Path, rounds: u32, figures: &mut Figures) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for round in 1..=rounds {
        let data = folder.join(round.to_string());
        let (victims, _) = scene::found(&data)?;
        let server = Server::start(&data)?;
        say(&format!("timing, round {round} of {rounds}; load {}", machine::load()));
        runtime.block_on(timing::measure(server.address(), &victims.timed, figures))?;
    }
    Ok(())
}

/// Measures floods, and a time without one, each with people at work.
pub fn measure(folder: &Path, rounds: u32, slice: Duration, figures: &mut Figures) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    for round in 1..=rounds {
        let data = folder.join(round.to_string());
        let (victims, mut owner) = scene::found(&data)?;
        let server = Server::start(&data)?;
        say(&format!("floods, round {round} of {rounds}; load {}", machine::load()));
        runtime.block_on(async {
            for flood in [Flood::None, Flood::OneSource, Flood::OneAccount, Flood::ManyAtMany] {
                let seen = flooded(&server, flood, &victims, &mut owner, slice).await?;
                seen.tell(flood.name(), figures);
            }
            anyhow::Ok(())
        })?;
    }
    Ok(())
}

/// What was seen while a flood came in.
struct Seen {
    took: Duration,
    sent: Sent,
    /// What others waited for their pages, and how many of them did not get one.
    read: Vec<Duration>,
    unread: usize,
    /// What the owner waited each time that they came in.
    owner: Vec<Duration>,
    before: u64,
    peak: u64,
    cpu: Duration,
    load: String,
}

/// What became of attempts.
#[derive(Default)]
struct Sent {
    /// How long sending them took.
    sending: Duration,
    /// By the answer that they got; 0 where the connection was refused.
    answers: BTreeMap<u16, usize>,
    answered: Vec<Duration>,
}

async fn flooded(server: &Server, flood: Flood, victims: &Victims, owner: &mut Owner, slice: Duration) -> Result<Seen> {
    let address = server.address();
    let before = machine::forget_peak(server.id());
    let cpu = machine::cpu(server.id());
    let begun = Instant::now();
    let readers = readers(address, &victims.readers, slice).await?;
    let attackers = tokio::spawn(attack(address, flood, victims.clone(), slice));
    let mut came = Vec::new();
    for nth in 1..=OWNER_COMES {
        time::sleep_until((begun + slice * nth / (OWNER_COMES + 1)).into()).await;
        match owner.signs_in(address).await {
            Ok(took) => came.push(took),
            Err(error) => say(&format!("the owner did not come in: {error}")),
        }
    }
    let sent = attackers.await?;
    let (mut read, mut unread) = (Vec::new(), 0);
    for reader in readers.join_all().await {
        let (some, failed) = reader?;
        read.extend(some);
        unread += failed;
    }
    let took = begun.elapsed();
    let cpu = machine::cpu(server.id()).saturating_sub(cpu);
    let peak = machine::peak_memory(server.id());
    Ok(Seen { took, sent, read, unread, owner: came, before, peak, cpu, load: machine::load() })
}

/// Sends attempts at their times, whether or not those before were answered.
async fn attack(server: SocketAddr, flood: Flood, victims: Victims, slice: Duration) -> Sent {
    let seen = Arc::new(Mutex::new(Sent::default()));
    let count = if flood == Flood::None { 0 } else { (RATE / 60.0 * slice.as_secs_f64()) as usize };
    let begun = time::Instant::now();
    let mut sent = JoinSet::new();
    for n in 0..count {
        time::sleep_until(begun + Duration::from_secs_f64(n as f64 * 60.0 / RATE)).await;
        let (from, name) = flood.attempt(n, &victims);
        let seen = Arc::clone(&seen);
        sent.spawn(async move {
            let one = Instant::now();
            let status = attempt(source(from), server, &name, "a guess at somebody’s password").await;
            let mut seen = seen.lock().await;
            *seen.answers.entry(status.map_or(0, |(status, _)| status)).or_insert(0) += 1;
            seen.answered.push(one.elapsed());
        });
    }
    let sending = begun.elapsed();
    sent.join_all().await;
    Sent { sending, ..std::mem::take(&mut *seen.lock().await) }
}

/// People who open a page ten times a second each. What a page took counts from when it should have been asked for.
async fn readers(
    server: SocketAddr,
    readers: &[(String, String)],
    slice: Duration,
) -> Result<JoinSet<Result<(Vec<Duration>, usize)>>> {
    let mut all = JoinSet::new();
    for (number, (name, page)) in (0_u32..).zip(readers.iter().cloned()) {
        let (status, answer) = attempt(source(200), server, &name, crate::scene::PASSWORD).await?;
        let token = answer.get("token").and_then(|token| token.as_str()).map(str::to_owned);
        let Some(token) = token else { bail!("{name} was answered {status}: {answer}") };
        // Not all in the same moment.
        let first = READS * number / READERS as u32;
        all.spawn(async move {
            let (mut read, mut unread) = (Vec::new(), 0);
            let begun = time::Instant::now() + first;
            for n in 0_u32.. {
                let due = begun + READS * n;
                if due >= begun + slice {
                    break;
                }
                time::sleep_until(due).await;
                let head = format!("Authorization: Bearer {token}\r\n");
                if !matches!(ask(source(201), server, ("GET", &page), &head, "").await, Ok((200, _))) {
                    unread += 1;
                }
                read.push(due.elapsed());
            }
            Ok((read, unread))
        });
    }
    Ok(all)
}

impl Seen {
    fn tell(self, name: &str, figures: &mut Figures) {
        let Sent { sending, answers, answered } = self.sent;
        let sent: usize = answers.values().sum();
        let count = |status| answers.get(&status).copied().unwrap_or(0) as f64;
        let by_answer: Vec<_> = answers.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        say(&format!("{name}: {sent} attempts; {}; load {}", by_answer.join(", "), self.load));
        let name = format!("{name}:");
        figures.latencies(&format!("{name} others’ pages"), self.read, self.took);
        figures.add(&format!("{name} others’ pages that did not come"), "", self.unread as f64);
        figures.add(
            &format!("{name} the server’s processors in use"),
            "",
            self.cpu.as_secs_f64() / self.took.as_secs_f64(),
        );
        figures.add(&format!("{name} memory before"), "MB", self.before as f64 / 1e6);
        figures.add(&format!("{name} memory at most"), "MB", self.peak as f64 / 1e6);
        figures.add(&format!("{name} the owner came in by passkey"), "", self.owner.len() as f64);
        let longest = self.owner.iter().max().copied().unwrap_or_default();
        figures.add(&format!("{name} … and waited at most"), "ms", longest.as_secs_f64() * 1e3);
        if sent == 0 {
            return;
        }
        figures.add(&format!("{name} attempts a minute"), "", sent as f64 * 60.0 / sending.as_secs_f64());
        figures.add(&format!("{name} passwords looked at (422)"), "", count(422));
        figures.add(&format!("{name} made to wait (429)"), "", count(429));
        figures.add(&format!("{name} told to come again (503)"), "", count(503));
        figures.add(&format!("{name} not let in at the door"), "", count(0));
        figures.add(&format!("{name} sessions opened"), "", count(201));
        figures.latencies(&format!("{name} attempts answered"), answered, self.took);
    }
}
