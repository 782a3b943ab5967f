//! What appending costs as a ledger grows: the tree alone, and whole acts in the store.

use std::{
    path::Path,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use ledger::{Frontier, Hash};
use store::{Actor, Organization, acts::ReadNotices};

use crate::{
    figures::{Figures, say},
    scene::{self, Scene},
};

/// Acts timed at each size.
const SAMPLE: u64 = 4_000;
/// Acts that wait for their commit at once while a ledger is filled.
const WAITING_MAX: u64 = 512;

/// Measures at 10, at the square root of a hundred times the largest, and at the largest.
pub fn measure(folder: &Path, entries: u64, figures: &mut Figures) -> Result<()> {
    let sizes = [10, 10_000.min(entries), entries];
    for size in sizes {
        figures.add(&format!("ledger: append to a tree of {size}, hashing only"), "ns", pure(size));
    }
    let scene = Scene::found(folder, 1)?;
    let adam = scene::signed_in(&scene.organization, "adam")?;
    let mut held = size_of(&scene.organization, &adam)?;
    for size in sizes {
        if size > held + 100_000 {
            say(&format!("filling a ledger up to {size} entries"));
        }
        if size > held {
            fill(&scene.organization, &adam, size - held)?;
            held = size;
        }
        for _ in 0..3 {
            let begun = Instant::now();
            fill(&scene.organization, &adam, SAMPLE)?;
            let each = begun.elapsed().as_secs_f64() * 1e6 / SAMPLE as f64;
            figures.add(&format!("ledger: act in the store, durable, {size} entries before"), "us", each);
            held += SAMPLE;
        }
    }
    Ok(())
}

/// Nanoseconds of one append to a tree of this size.
fn pure(size: u64) -> f64 {
    let leaf = |n: u64| ledger::leaf_hash(&n.to_be_bytes());
    let mut tree = Frontier::new();
    for n in 0..size {
        tree.append(leaf(n));
    }
    let leaves: Vec<Hash> = (0..SAMPLE).map(leaf).collect();
    let mut took = Duration::ZERO;
    // A small tree would soon be a large one: begin again from the same size.
    for part in leaves.chunks(10) {
        let mut grown = tree.clone();
        let begun = Instant::now();
        for leaf in part {
            grown.append(*leaf);
        }
        took += begun.elapsed();
        std::hint::black_box(grown.root());
    }
    took.as_secs_f64() * 1e9 / SAMPLE as f64
}

fn size_of(organization: &Organization, adam: &Actor) -> Result<u64> {
    Ok(organization.view(adam, &store::views::LedgerHead { ledger: 1 })?.size)
}

/// Acts without records, many waiting at once, so that the entry itself is what costs.
fn fill(organization: &Organization, adam: &Actor, count: u64) -> Result<()> {
    let state = Arc::new((Mutex::new((0_u64, 0_u64)), Condvar::new()));
    for _ in 0..count {
        let mut waiting = state.0.lock().unwrap_or_else(PoisonError::into_inner);
        while waiting.0 >= WAITING_MAX {
            waiting = state.1.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.0 += 1;
        drop(waiting);
        let told = Arc::clone(&state);
        organization.act_then(adam, ReadNotices {}, scene::request(), move |outcome| {
            let mut waiting = told.0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.0 -= 1;
            waiting.1 += u64::from(outcome.is_err());
            told.1.notify_one();
        })?;
    }
    let mut waiting = state.0.lock().unwrap_or_else(PoisonError::into_inner);
    while waiting.0 > 0 {
        waiting = state.1.wait(waiting).unwrap_or_else(PoisonError::into_inner);
    }
    if waiting.1 > 0 {
        bail!("{} acts were refused", waiting.1);
    }
    Ok(())
}
