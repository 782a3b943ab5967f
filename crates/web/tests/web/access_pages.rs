//! The pages of access: what they show, what they refuse and where, and that what is grave is seen.

use jiff::SignedDuration;
use store::{AgreementKind, acts, views};
use trial::{access::Scope, ids::RequestId, role::Role};

use crate::{
    cases::Setup,
    client::{Answer, Ask},
    world::{Person, act, signed_in},
};

async fn shown(setup: &Setup, by: &Person, uri: &str) -> String {
    Ask::get(uri).cookie(&by.token).send(&setup.world.app).await.expect(200).text()
}

async fn sent(setup: &Setup, by: &Person, uri: &str, fields: &[(&str, &str)]) -> Answer {
    let request: RequestId = setup.world.a.fresh_request().unwrap();
    let request = request.to_string();
    let mut all = vec![("request", request.as_str())];
    all.extend_from_slice(fields);
    Ask::new("POST", uri).cookie(&by.token).form(&all).send(&setup.world.app).await
}

/// The same person in a new session: the clock went on, and the old one is over.
fn again(setup: &Setup, person: &Person) -> Person {
    Person { token: signed_in(&setup.world.a, &person.sign_in), ..person.clone() }
}

fn site(setup: &Setup) -> Scope {
    Scope::Site { study: setup.one.id, site: setup.one.sites[0] }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_is_asked_for_on_every_page_until_it_is_signed_in_the_version_that_was_shown() {
    let setup = Setup::new();
    let world = &setup.world;
    let subjects = format!("/studies/{}/subjects", setup.one.id);
    assert!(!shown(&setup, &setup.hand, "/").await.contains("to read and sign"));
    let publish = |text: &str| {
        let publish = acts::PublishAgreement { kind: AgreementKind::Security, text: text.into() };
        act(&world.a, &world.admin.actor, publish);
        let signature = world.a.view(&world.admin.actor, &views::MyDuties {}).unwrap().signature();
        act(&world.a, &world.admin.actor, signature);
    };
    publish("Lock your <device>.");
    let home = shown(&setup, &setup.hand, "/").await;
    assert!(
        home.contains("1 agreement to read and sign") && home.contains("rests: an agreement is not signed"),
        "{home}"
    );
    assert!(!home.contains(&format!("href=\"/studies/{}", setup.one.id)), "what does not open is no link: {home}");
    let refused = Ask::get(subjects.as_str()).cookie(&setup.hand.token).send(&world.app).await.expect(403).text();
    assert!(refused.contains("href=\"/account/agreements\""), "{refused}");
    let page = shown(&setup, &setup.hand, "/account/agreements").await;
    assert!(page.contains("Lock your &#60;device&#62;."), "{page}");
    assert!(!page.contains("to read and sign.</strong>"), "the page itself does not send one to itself");
    let (id, version) = world.a.view(&setup.hand.actor, &views::MyDuties {}).unwrap().signature().agreements[0];
    // Meanwhile there is a newer one: what was not read is not signed.
    publish("Lock your device, always.");
    let stale = sent(&setup, &setup.hand, "/account/agreements", &[("agreement", &format!("{id} {version}"))]).await;
    let stale = stale.expect(409).text();
    assert!(stale.contains("published anew") && stale.contains("Lock your device, always."), "{stale}");
    sent(&setup, &setup.hand, "/account/agreements", &[("agreement", "what?")]).await.expect(422);
    sent(&setup, &setup.hand, "/account/agreements", &[("agreement", &format!("{id} {}", version + 1))])
        .await
        .expect(303);
    Ask::get(subjects.as_str()).cookie(&setup.hand.token).send(&world.app).await.expect(200);
    assert!(!shown(&setup, &setup.hand, "/").await.contains("to read and sign"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_cannot_be_comes_back_as_it_was_typed_and_one_that_can_is_in_the_book() {
    let setup = Setup::new();
    let admin = &setup.world.admin;
    let fields = |more: &'static [(&'static str, &'static str)]| {
        let mut all =
            vec![("title", "Pharmacist"), ("levels", "site"), ("offered", "yes"), ("forms", "F.VS\r\nF.DRUG")];
        all.extend_from_slice(more);
        all
    };
    let edits = fields(&[("permissions", "study.see"), ("permissions", "form.edit")]);
    let page = sent(&setup, admin, "/roles", &edits).await.expect(422).text();
    assert!(page.contains("form.edit needs form.see too"), "{page}");
    assert!(page.contains("value=\"Pharmacist\"") && page.contains("value=\"form.edit\" checked"), "{page}");
    let unknown = fields(&[("permissions", "study.see"), ("permissions", "everything")]);
    sent(&setup, admin, "/roles", &unknown).await.expect(422);
    let sees = fields(&[("permissions", "study.see"), ("permissions", "subject.see"), ("permissions", "form.see")]);
    sent(&setup, admin, "/roles", &sees).await.expect(303);
    let page = shown(&setup, admin, "/roles").await;
    assert!(page.contains("<strong>Pharmacist</strong>") && page.contains("F.DRUG F.VS"), "{page}");
    // Who only administers a study looks, and is offered no form.
    let page = shown(&setup, &setup.builder, &format!("/roles?study={}", setup.one.id)).await;
    assert!(page.contains("Pharmacist") && !page.contains("id=\"define\""), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_looser_setting_is_refused_at_the_setting_with_the_layer_that_forbids_it() {
    let setup = Setup::new();
    let admin = &setup.world.admin;
    sent(&setup, admin, "/policy", &[("idle_seconds", "300")]).await.expect(303);
    let of_study = format!("/policy?study={}", setup.one.id);
    let typed = [("idle_seconds", "400"), ("password_age_days", "90"), ("review_days", "often")];
    let page = sent(&setup, &setup.builder, &of_study, &typed).await.expect(422).text();
    assert!(page.contains("type a whole number"), "{page}");
    let page = sent(&setup, &setup.builder, &of_study, &typed[..2]).await.expect(422).text();
    assert!(page.contains("id=\"why-idle_seconds\"") && page.contains("the organization has 5 minutes"), "{page}");
    assert!(page.contains("id=\"why-password_age_days\"") && page.contains("value=\"400\""), "{page}");
    let good = [("idle_seconds", "240"), ("password_age_days", "90"), ("why.password_age_days", "The sponsor asks.")];
    sent(&setup, &setup.builder, &of_study, &good).await.expect(303);
    let page = shown(&setup, &setup.builder, &of_study).await;
    assert!(page.contains("4 minutes") && page.contains("the study: The sponsor asks."), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_is_an_alarm_at_home_until_somebody_reviews_it() {
    let setup = Setup::new();
    let world = &setup.world;
    let mut support = world.person(&world.a, &world.admin, "support");
    world.give(&world.a, &world.admin, &mut support, Role::Support, Scope::Organization);
    let at = format!("/studies/{}/subjects?site={}", setup.one.id, setup.one.sites[0]);
    let asked = [("role", "monitor"), ("address", at.as_str()), ("hours", "2"), ("reason", "A form does not open.")];
    let longer = [asked[0], asked[1], ("hours", "20"), asked[3]];
    let page = sent(&setup, &support, "/requests/emergency", &longer).await.expect(422).text();
    assert!(page.contains("ask for 1 to 2 hours") && page.contains("A form does not open."), "{page}");
    sent(&setup, &support, "/requests/emergency", &asked).await.expect(303);
    world.clock.turn(SignedDuration::from_mins(30));
    let [support, admin, builder, other_builder] =
        [&support, &world.admin, &setup.builder, &setup.other_builder].map(|person| again(&setup, person));
    let home = shown(&setup, &support, "/").await;
    assert!(home.contains("You hold access by exception: Monitor") && home.contains("1 h 30 min left"), "{home}");
    assert!(!home.contains("Access was opened in an emergency"), "nobody reviews their own");
    let requests = format!("/requests?study={}&#38;site={}", setup.one.id, setup.one.sites[0]);
    for reviewer in [&admin, &builder] {
        let home = shown(&setup, reviewer, "/").await;
        assert!(home.contains("Access was opened in an emergency") && home.contains(&requests), "{home}");
    }
    let other = shown(&setup, &other_builder, "/").await;
    assert!(!other.contains("Access was opened"), "it is nothing to who administers another study");
    // When it has ended, the alarm goes on.
    world.clock.turn(SignedDuration::from_mins(100));
    let builder = again(&setup, &builder);
    let page = shown(&setup, &builder, &format!("/requests?study={}", setup.one.id)).await;
    assert!(page.contains("A form does not open."), "{page}");
    let review = page.split("action=\"/requests/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(shown(&setup, &builder, "/").await.contains("Access was opened in an emergency"));
    let review = format!("/requests/{}", review.replace("&#38;", "&"));
    sent(&setup, &builder, &review, &[("finding", "One form was looked at.")]).await.expect(303);
    assert!(!shown(&setup, &builder, "/").await.contains("Access was opened"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_answered_on_the_page_by_whoever_gives_the_role() {
    let setup = Setup::new();
    let world = &setup.world;
    let asker = world.person(&world.a, &world.admin, "asker");
    let Scope::Site { study, site } = site(&setup) else { unreachable!() };
    let place = format!("?study={study}&site={site}");
    let asked = [("role", "monitor"), ("place", place.as_str()), ("hours", "3"), ("reason", "To look at a query.")];
    let nowhere = [asked[0], ("address", "/subjects/1"), asked[2], asked[3]];
    sent(&setup, &asker, "/requests", &nowhere).await.expect(422);
    sent(&setup, &asker, "/requests", &asked).await.expect(303);
    assert!(shown(&setup, &setup.builder, "/").await.contains("1 request for access"));
    let page = shown(&setup, &setup.builder, &format!("/requests{place}")).await;
    assert!(page.contains("To look at a query."), "{page}");
    let answer = page.split("action=\"/requests/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let answer = format!("/requests/{}", answer.replace("&#38;", "&"));
    sent(&setup, &setup.builder, &answer, &[("approve", "yes"), ("answer", "")]).await.expect(422);
    sent(&setup, &setup.builder, &answer, &[("approve", "yes"), ("answer", "Go on.")]).await.expect(303);
    assert!(shown(&setup, &asker, "/requests").await.contains("Go on."));
    assert!(shown(&setup, &asker, "/").await.contains("3 h left"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_delegation_log_is_kept_by_the_investigator_and_read_by_the_site() {
    let setup = Setup::new();
    let log = format!("/sites/{}/delegations", setup.one.sites[0]);
    let person = setup.hand.id.to_string();
    let fields = [("person", person.as_str()), ("duties", "Enters data"), ("until", "2026-11-30")];
    let past = [fields[0], fields[1], ("until", "2026-11-01")];
    let page = sent(&setup, &setup.lead, &log, &past).await.expect(422).text();
    assert!(page.contains("id=\"until-why\"") && page.contains("Enters data"), "{page}");
    sent(&setup, &setup.lead, &log, &fields).await.expect(303);
    sent(&setup, &setup.hand, &log, &fields).await.expect(403);
    let read = shown(&setup, &setup.hand, &log).await;
    assert!(read.contains("Enters data") && !read.contains("/delegations/"), "who reads does not end: {read}");
    let page = shown(&setup, &setup.lead, &log).await;
    let end = page.split("action=\"/delegations/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let named = setup.one.sites[0].to_string();
    let ended = sent(&setup, &setup.lead, &format!("/delegations/{end}"), &[("site", &named)]).await.expect(303);
    assert_eq!(ended.headers["location"], log.as_str());
    assert!(shown(&setup, &setup.hand, &log).await.contains("ended"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_might_do_what_on_a_day_is_a_table_and_a_file() {
    let setup = Setup::new();
    let world = &setup.world;
    let study = setup.one.id;
    let of = format!("study={study}&person={}", setup.hand.id);
    let page = shown(&setup, &setup.builder, &format!("/access/matrix?{of}")).await;
    assert!(page.contains("1 role held") && page.contains("Enter and correct values."), "{page}");
    let file = Ask::get(format!("/access/matrix/csv?{of}")).cookie(&setup.builder.token).send(&world.app).await;
    let file = file.expect(200);
    assert!(file.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
    assert_eq!(file.headers["content-disposition"], "attachment; filename=\"access-2026-11-21.csv\"");
    let text = file.text();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains(",coordinator,Coordinator,") && text.contains("form.see form.edit"), "{text}");
    let before = shown(&setup, &setup.builder, &format!("/access/matrix?{of}&at=2026-11-20")).await;
    assert!(before.contains("Nobody held a role here then"), "{before}");
    let to_come = format!("/access/matrix?{of}&at=2026-11-25");
    Ask::get(to_come).cookie(&setup.builder.token).send(&world.app).await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn agreements_courses_and_training_are_kept_on_one_page() {
    let setup = Setup::new();
    let admin = &setup.world.admin;
    let empty = sent(&setup, admin, "/duties/agreements", &[("kind", "security"), ("text", " ")]).await.expect(422);
    assert!(empty.text().contains("id=\"text-security-why\""), "{}", empty.text());
    let course = [("title", "Safety"), ("valid_days", "365"), ("roles", "monitor"), ("needed", "yes")];
    sent(&setup, admin, "/duties/courses", &[course[0], ("valid_days", "long")]).await.expect(422);
    sent(&setup, admin, "/duties/courses", &course).await.expect(303);
    let page = shown(&setup, admin, "/duties").await;
    assert!(page.contains("<strong>Safety</strong>") && page.contains("<td>Monitor</td>"), "{page}");
    let id = page.split("/duties?course=").nth(1).and_then(|rest| rest.split('#').next()).unwrap().to_owned();
    let person = setup.receiver.id.to_string();
    let had = [("person", person.as_str()), ("course", &id), ("completed", "2026-11-20"), ("evidence", "No. 7")];
    let late = [had[0], had[1], ("completed", "2026-12-24"), had[3]];
    sent(&setup, admin, "/duties/training", &late).await.expect(422);
    sent(&setup, admin, "/duties/training", &had).await.expect(303);
    assert!(shown(&setup, admin, "/duties").await.contains("No. 7"));
    sent(&setup, admin, "/duties/agreements", &[("kind", "security"), ("text", "Newer.")]).await.expect(303);
    let page = Ask::get("/duties").cookie(&admin.token).send(&setup.world.app).await;
    // Their own signature is missing now too.
    assert!(page.expect(403).text().contains("Read and sign"));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_stand_on_pages_are_found_by_a_part_of_what_they_are_called_and_are_shown_when_something_was_done() {
    let setup = Setup::new();
    let (world, admin) = (&setup.world, &setup.world.admin);
    let added: Vec<_> = (0..60).map(|_| world.added(admin).0).collect();
    let rows = |page: &str| page.matches("/renew\"").count();
    let first = shown(&setup, admin, "/people").await;
    assert!(rows(&first) <= 50 && first.contains("/people?q=&amp;from=50") || first.contains("/people?q=&#38;from=50"));
    let next = shown(&setup, admin, "/people?q=&from=50").await;
    assert!(rows(&next) > 0 && next.contains("From the beginning"));
    let beyond = shown(&setup, admin, "/people?from=100000").await;
    assert!(beyond.contains("From the beginning"));
    let hand = shown(&setup, admin, &format!("/people?q={}", setup.hand.sign_in.to_uppercase())).await;
    assert!(rows(&hand) == 1 && hand.contains(&setup.hand.sign_in), "{hand}");
    assert!(shown(&setup, admin, "/people?q=%22%3Cnobody").await.contains("Show all"));
    let last = added.last().unwrap();
    let page = sent(&setup, admin, &format!("/people/{last}/renew"), &[("name", "Spare")]).await.expect(200).text();
    assert!(page.contains(&format!("/people/{last}/renew")), "whoever it was about stands on the page");
}
