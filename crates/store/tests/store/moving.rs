//! Moving an installation from files to a server and back: equal roots, whole afterwards, and on where it was broken off.
//! Where the environment names no server, there is nothing to do.

use std::sync::Arc;

use store::{Error, Installation, Organization, acts::AddSubject};
use testbed::Database;
use trial::ids::{Id, RequestId};

use crate::world::{
    Hands, World,
    save::{Beside, set},
};

/// The origin, size and root of every ledger, as checkpoints sign them.
fn signed(organization: &Organization) -> Vec<String> {
    let ledgers = organization.ledgers().unwrap();
    let notes = ledgers.iter().map(|(number, ..)| organization.checkpoint_of(*number).unwrap());
    notes.map(|note| note.lines().take(3).collect::<Vec<_>>().join(" ")).collect()
}

/// Stops once something is there.
fn broken_off(_: &str, done: u64) -> store::Result<()> {
    if done < 256 { Ok(()) } else { Err(Error::Busy { message: "the power went".into(), retry_after: 1 }) }
}

#[test]
fn everything_moves_to_a_server_and_back_and_goes_on_where_it_was_broken_off() {
    let Some(database) = Database::from_environment().unwrap() else { return };
    let (url, authority) = (database.url(), database.authority().unwrap());
    let mut world = World::in_files();
    let place = world.add_study("S.VITALS");
    let ana = world.coordinator("ana", &place);
    let subject = world.subject(&ana, place.oslo, "OSL-000");
    for n in 1..300 {
        world.subject(&ana, place.oslo, &format!("OSL-{n:03}"));
    }
    world.save(&ana, subject, vec![set("I.SYSBP", "120")]).unwrap();

    let broken = world.take().move_to_server(&url, &authority, broken_off);
    assert!(matches!(broken, Err(Error::Busy { .. })), "{broken:?}");
    world.open().unwrap();
    assert!(world.folder().join("organizations").is_dir(), "the old home stands");
    world.save(&ana, subject, vec![set("I.SYSBP", "121").because_of("measured again")]).unwrap();
    let before = signed(world.organization());
    let moved = world.take().move_to_server(&url, &authority, |_, _| Ok(())).unwrap();
    assert_eq!(moved.len(), 1);
    assert!(moved[0].records > 300, "{moved:?}");
    world.open().unwrap();
    assert!(!world.folder().join("organizations").exists() && world.folder().join("postgres.json").exists());
    assert_eq!(signed(world.organization()), before);
    world.assert_whole();
    // Sessions stay behind: everybody signs in anew.
    let ana = world.sign_in("ana", "a session on the server");
    assert_eq!(world.value(&ana, subject, "", "I.SYSBP").as_deref(), Some("121"));
    let again = world.take().move_to_server(&url, &authority, |_, _| Ok(()));
    assert!(matches!(again, Err(Error::Refused(_))), "{again:?}");

    world.open().unwrap();
    world.save(&ana, subject, vec![set("I.SYSBP", "122").because_of("on the server")]).unwrap();
    let other = Installation::open(world.folder(), None, Arc::<Hands>::clone(&world.clock)).unwrap();
    let there = other.all().pop().unwrap();
    let mut looked = 0;
    let broken = world.take().move_to_files(&url, |name, done| {
        // Everybody reads meanwhile, and nobody writes.
        looked += 1;
        let add = AddSubject { site: place.oslo, code: format!("late {looked}") };
        let refused = there.act(&ana, add, RequestId::from_bytes([7; 16]));
        assert!(matches!(refused, Err(Error::Busy { .. })), "{refused:?}");
        assert!(there.view(&ana, &store::views::MyStudies {}).is_ok());
        broken_off(name, done)
    });
    assert!(matches!(broken, Err(Error::Busy { .. })), "{broken:?}");
    other.give_up_move(&url).unwrap();
    let add = AddSubject { site: place.oslo, code: "after all".into() };
    there.act(&ana, add, RequestId::from_bytes([8; 16])).unwrap();
    drop((there, other));
    world.open().unwrap();
    let before = signed(world.organization());
    assert!(world.take().move_to_files(&url, broken_off).is_err());
    world.open().unwrap();
    world.take().move_to_files(&url, |_, _| Ok(())).unwrap();
    world.open().unwrap();
    assert!(!world.folder().join("postgres.json").exists());
    assert_eq!(signed(world.organization()), before);
    let ana = world.sign_in("ana", "a session in files");
    assert_eq!(world.value(&ana, subject, "", "I.SYSBP").as_deref(), Some("122"));
    world.finish();
}
