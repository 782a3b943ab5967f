//! One organization's work does not keep another's waiting.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use store::acts::{EndOtherSessions, ReadNotices};

use crate::world::{World, act};

/// So many acts at once; the queue holds more.
const ACTS: usize = 3_000;

#[test]
fn an_organization_whose_queue_is_full_leaves_room_for_another() {
    let world = World::new();
    let done = Arc::new(AtomicUsize::new(0));
    for _ in 0..ACTS {
        let (done, request) = (Arc::clone(&done), world.a.fresh_request().unwrap());
        let counted = move |outcome: store::Result<store::Receipt>| {
            outcome.unwrap();
            done.fetch_add(1, Ordering::SeqCst);
        };
        world.a.act_then(&world.admin.actor, EndOtherSessions {}, request, counted).unwrap();
    }
    act(&world.b, &world.b_admin.actor, ReadNotices {});
    let before = done.load(Ordering::SeqCst);
    assert!(before < ACTS, "the other organization waited for all of them");
    // Those come to their end too: the next act of the same queue is after them.
    act(&world.a, &world.admin.actor, ReadNotices {});
    assert_eq!(done.load(Ordering::SeqCst), ACTS);
}
