//! Chance under load.

use std::{collections::BTreeSet, thread};

use store::fresh_token;

#[test]
fn many_threads_at_once_never_draw_the_same() {
    const THREADS: usize = 16;
    const EACH: usize = 20_000;
    let draws: Vec<_> =
        (0..THREADS).map(|_| thread::spawn(|| (0..EACH).map(|_| fresh_token().unwrap()).collect::<Vec<_>>())).collect();
    let all: BTreeSet<String> = draws.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert_eq!(all.len(), THREADS * EACH);
}
