//! How fast one may go: a browser that changes more than anybody types, and exports without end.

use std::time::{Duration, Instant};

use axum::http::header::RETRY_AFTER;
use trial::{access::Scope, role::Role};

use crate::{
    cases::Setup,
    client::{Answer, Ask},
    world::Person,
};

/// Asks for the same until that is refused; how often it was done, and within what time.
async fn until_refused(setup: &Setup, ask: impl Fn() -> Ask) -> (u32, Duration, Answer) {
    let begun = Instant::now();
    for done in 0.. {
        let answer = ask().send(&setup.world.app).await;
        if answer.status == 429 {
            return (done, begun.elapsed(), answer);
        }
        assert!(answer.status.is_success() || answer.status.is_redirection(), "{}", answer.text());
    }
    unreachable!("there are fewer numbers than that")
}

fn change(by: &Person) -> Ask {
    Ask::new("POST", "/account/density").cookie(&by.token).form(&[("density", "compact"), ("next", "/")])
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_faster_than_people_is_told_to_wait_and_nobody_else_is() {
    let setup = Setup::new();
    let (done, took, refused) = until_refused(&setup, || change(&setup.hand)).await;
    let meanwhile = u32::try_from(took.as_millis() / 500).unwrap();
    assert!((240..=241 + meanwhile).contains(&done), "{done} in {took:?}");
    assert_eq!(refused.header(RETRY_AFTER), "1");
    assert!(refused.text().contains("faster than anybody works"), "{}", refused.text());
    // They may read still, others may change, and a script of theirs is paced by requests alone.
    Ask::get("/account").cookie(&setup.hand.token).send(&setup.world.app).await.expect(200);
    change(&setup.lead).send(&setup.world.app).await.expect(303);
    Ask::get("/api/v1/me").bearer(&setup.hand.token).send(&setup.world.app).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_study_is_exported_thirty_times_and_then_now_and_then() {
    let setup = Setup::new();
    let world = &setup.world;
    let mut manager = world.person(&world.a, &world.admin, "manager");
    world.give(&world.a, &setup.builder, &mut manager, Role::DataManager, Scope::Study { study: setup.one.id });
    let address = format!("/api/v1/studies/{}/export", setup.one.id);
    let (done, took, refused) = until_refused(&setup, || Ask::get(address.as_str()).bearer(&manager.token)).await;
    assert!(took < Duration::from_mins(2) && done == 30, "{done} in {took:?}");
    assert_eq!((refused.json()["code"].as_str(), refused.status.as_u16()), (Some("pace"), 429));
    // The page that leads to it is no export.
    Ask::get(format!("/studies/{}/export", setup.one.id)).cookie(&manager.token).send(&world.app).await.expect(200);
    Ask::get(format!("/api/v1/studies/{}", setup.one.id)).bearer(&manager.token).send(&world.app).await.expect(200);
}
