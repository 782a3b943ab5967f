//! Passkeys: what holds is taken, whatever does not is refused with one answer; and the path that stays open.

use jiff::SignedDuration;
use store::{Challenge, Confirmation, Error, Made, Receipt, SignIn, Used, acts::RemovePasskey, views::Account};
use testbed::{Authenticator, THERE};

use crate::world::{NEXT_TOKEN, PASSWORD, World, save::assert_refused};

const ORIGIN: &str = "https://trials.example.org:8443";

fn challenge(n: u8) -> Challenge {
    Challenge { bytes: vec![n; 32], host: "trials.example.org".into(), origin: ORIGIN.into() }
}

fn add(world: &mut World, who: &str, device: &Authenticator) -> store::Result<Receipt> {
    let (actor, request) = (world.actor(who), world.request());
    let (client_data, attestation) = device.made(&challenge(1).bytes);
    let made = Made { client_data, attestation };
    world.organization().add_passkey(&actor, "Key", &made, Some(&challenge(1)), request)
}

fn used(world: &World, who: &str, device: &mut Authenticator, asked: &Challenge) -> Used {
    let used = device.used(&asked.bytes).unwrap();
    Used {
        credential: device.credential.clone(),
        client_data: used.client_data,
        authenticator_data: used.authenticator_data,
        signature: used.signature,
        user: store::user_handle(world.organization().id(), world.actor(who).person().unwrap()).to_vec(),
    }
}

fn enters(world: &World, used: &Used, token: &str) -> store::Result<Receipt> {
    world.organization().sign_in_with_passkey(used, Some(&challenge(2)), Some("Firefox on Linux"), token)
}

#[test]
fn a_passkey_alone_signs_in_and_is_two_factors() {
    for mut device in [Authenticator::new(ORIGIN).unwrap(), Authenticator::ed25519(ORIGIN).unwrap()] {
        let mut world = World::founded();
        add(&mut world, "adam", &device).unwrap();
        let used = used(&world, "adam", &mut device, &challenge(2));
        enters(&world, &used, "s").unwrap();
        let adam = world.whose("s").unwrap();
        let account = world.organization().view(&adam, &Account {}).unwrap();
        assert!(account.confirmed && account.second_factor && !account.code);
        assert_eq!(account.passkeys.len(), 1);
        assert!(account.sessions.iter().any(|session| session.client.as_deref() == Some("Firefox on Linux")));
        // A password alone is not enough any more.
        let alone = world.organization().sign_in("adam", PASSWORD, None, "t").unwrap();
        assert!(matches!(alone, SignIn::CodeNeeded { code: false, passkey: true }), "{alone:?}");
        assert!(world.whose("t").is_none());
        world.finish();
    }
}

#[test]
fn what_does_not_hold_is_refused_with_one_answer() {
    let mut world = World::founded();
    let mut device = Authenticator::new(ORIGIN).unwrap();
    add(&mut world, "adam", &device).unwrap();
    let good = |world: &World, device: &mut Authenticator| used(world, "adam", device, &challenge(2));
    let mut tried: Vec<(&str, Used)> = Vec::new();
    for (what, flags) in
        [("nobody there", 0b100), ("not verified", 0b001), ("copied, yet not copyable", THERE | 0b1_0000)]
    {
        device.flags = flags;
        tried.push((what, good(&world, &mut device)));
    }
    device.flags = THERE;
    device.origin = "https://trials.example.org.evil.example".into();
    tried.push(("another origin", good(&world, &mut device)));
    device.origin = ORIGIN.into();
    device.host = "evil.example".into();
    tried.push(("another host", good(&world, &mut device)));
    device.host = "trials.example.org".into();
    tried.push(("another challenge", used(&world, "adam", &mut device, &challenge(3))));
    let mut other = Authenticator::new(ORIGIN).unwrap();
    tried.push(("an unknown passkey", good(&world, &mut other)));
    other.credential.clone_from(&device.credential);
    tried.push(("another key under its id", good(&world, &mut other)));
    tried.push(("another's handle", Used { user: vec![7; 32], ..good(&world, &mut device) }));
    let mut changed = good(&world, &mut device);
    changed.authenticator_data[36] ^= 1;
    tried.push(("changed data", changed));
    let mut longer = good(&world, &mut device);
    longer.authenticator_data.push(0);
    tried.push(("more data", longer));
    let made = used(&world, "adam", &mut device, &challenge(2));
    let (client_data, _) = device.made(&challenge(2).bytes);
    tried.push(("a making for a use", Used { client_data, ..made }));
    for (what, used) in &tried {
        match enters(&world, used, "s") {
            Err(Error::Refused(why)) => {
                assert_eq!((why[0].field.as_str(), why[0].code), ("passkey", "wrong"), "{what}")
            }
            other => panic!("{what}: {other:?}"),
        }
    }
    assert!(world.whose("s").is_none());
    let late = world.organization().sign_in_with_passkey(&good(&world, &mut device), None, None, "s");
    assert_refused(late, "late");
    // Not one of these keeps its owner out.
    enters(&world, &good(&world, &mut device), "s").unwrap();
    world.finish();
}

#[test]
fn a_counter_that_does_not_go_on_tells_of_a_copy() {
    let mut world = World::founded();
    let mut device = Authenticator::new(ORIGIN).unwrap();
    device.counter = 5;
    add(&mut world, "adam", &device).unwrap();
    let used = |world: &World, device: &mut Authenticator| used(world, "adam", device, &challenge(2));
    enters(&world, &used(&world, &mut device), "a").unwrap();
    device.counter = 3;
    assert_refused(enters(&world, &used(&world, &mut device), "b"), "copied");
    device.counter = 9;
    enters(&world, &used(&world, &mut device), "c").unwrap();
    world.finish();
}

#[test]
fn guesses_at_a_password_do_not_keep_a_passkey_waiting() {
    let mut world = World::founded();
    let mut device = Authenticator::new(ORIGIN).unwrap();
    add(&mut world, "adam", &device).unwrap();
    for _ in 0..8 {
        let _ = world.organization().sign_in("adam", "wrong password here", None, "t");
    }
    let password = world.organization().sign_in("adam", PASSWORD, None, "t");
    assert!(matches!(password, Err(Error::TooFast { .. })), "{password:?}");
    let used = used(&world, "adam", &mut device, &challenge(2));
    enters(&world, &used, "s").unwrap();
    world.finish();
}

#[test]
fn a_passkey_confirms_and_a_weaker_factor_beside_it_does_not() {
    let mut world = World::founded();
    let mut device = Authenticator::new(ORIGIN).unwrap();
    add(&mut world, "adam", &device).unwrap();
    let adam = world.actor("adam");
    world.clock.turn(SignedDuration::from_mins(16));
    let new = || crate::world::new_person("ana", "hers");
    assert!(matches!(world.try_act(&adam, new()), Err(Error::StepUp)));
    assert_refused(world.organization().confirm(&adam, Confirmation::Password(PASSWORD), NEXT_TOKEN), "needed");
    let asked = challenge(2);
    let shown = used(&world, "adam", &mut device, &asked);
    world.organization().confirm(&adam, Confirmation::Passkey(&shown, Some(&asked)), NEXT_TOKEN).unwrap();
    world.act(&adam, new());
    // Another's passkey is none of one's own.
    world.person("eve");
    let mut hers = Authenticator::new(ORIGIN).unwrap();
    add(&mut world, "eve", &hers).unwrap();
    let shown = used(&world, "eve", &mut hers, &asked);
    assert_refused(
        world.organization().confirm(&adam, Confirmation::Passkey(&shown, Some(&asked)), NEXT_TOKEN),
        "wrong",
    );
    world.finish();
}

#[test]
fn a_passkey_is_known_once_and_opens_nothing_once_removed() {
    let mut world = World::founded();
    let mut device = Authenticator::new(ORIGIN).unwrap();
    let passkey = add(&mut world, "adam", &device).unwrap().id("passkey").unwrap();
    assert_refused(add(&mut world, "adam", &device), "known");
    let elsewhere = used(&world, "adam", &mut device, &challenge(2));
    enters(&world, &elsewhere, "elsewhere").unwrap();
    let adam = world.actor("adam");
    world.person("eve");
    let eve = world.actor("eve");
    assert!(matches!(world.try_act(&eve, RemovePasskey { passkey }), Err(Error::Hidden)), "another's");
    world.act(&adam, RemovePasskey { passkey });
    assert!(world.whose("elsewhere").is_none(), "every other session ends");
    assert!(matches!(world.try_act(&adam, RemovePasskey { passkey }), Err(Error::Hidden)), "twice");
    let used = used(&world, "adam", &mut device, &challenge(2));
    assert_refused(enters(&world, &used, "s"), "wrong");
    assert!(matches!(world.organization().sign_in("adam", PASSWORD, None, "t").unwrap(), SignIn::Open(_)));
    world.finish();
}

#[test]
fn a_making_that_does_not_hold_is_refused() {
    let mut world = World::founded();
    let adam = world.actor("adam");
    let device = Authenticator::new(ORIGIN).unwrap();
    let (client_data, attestation) = device.made(&challenge(1).bytes);
    let mut unverified = Authenticator::new(ORIGIN).unwrap();
    unverified.flags = 0b001;
    let (_, weak) = unverified.made(&challenge(1).bytes);
    let short = attestation[..attestation.len() - 1].to_vec();
    let long = [attestation.as_slice(), &[0]].concat();
    for (what, attestation) in [("not verified", weak), ("cut", short), ("more", long), ("none", Vec::new())] {
        let made = Made { client_data: client_data.clone(), attestation };
        let request = world.request();
        let outcome = world.organization().add_passkey(&adam, "Key", &made, Some(&challenge(1)), request);
        assert!(matches!(&outcome, Err(Error::Refused(why)) if why[0].code == "not_made"), "{what}: {outcome:?}");
    }
    let made = Made { client_data, attestation };
    let request = world.request();
    assert_refused(world.organization().add_passkey(&adam, "Key", &made, Some(&challenge(9)), request), "not_made");
    assert_refused(world.organization().add_passkey(&adam, "Key", &made, None, request), "late");
    assert_refused(world.organization().add_passkey(&adam, " ", &made, Some(&challenge(1)), request), "empty");
    world.finish();
}
