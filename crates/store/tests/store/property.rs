//! Any sequence of acts by anybody: the audit holds, a rebuild is equal, and history has every acknowledged value.

use std::collections::BTreeMap;

use proptest::prelude::*;
use store::{
    Actor, Shown,
    acts::{EraseSubject, SaveForm},
};
use trial::{ids::SubjectId, role::Role};

use crate::world::{
    Place, World,
    save::{Beside, med, set, the_vitals, vitals, without_row},
};

#[derive(Debug, Clone)]
enum Step {
    Add { who: usize },
    Save { who: usize, subject: usize, item: usize, value: u16, reason: bool, stale: bool },
    TakeRow { who: usize, subject: usize, row: u8 },
    Complete { who: usize, subject: usize, complete: bool },
    Erase { who: usize, subject: usize },
    Look { who: usize, subject: usize },
    Turn { seconds: i64 },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let (who, subject) = (0..5_usize, 0..6_usize);
    prop_oneof![
        2 => who.clone().prop_map(|who| Step::Add { who }),
        10 => (who.clone(), subject.clone(), 0..6_usize, 0..450_u16, any::<bool>(), prop::bool::weighted(0.1))
            .prop_map(|(who, subject, item, value, reason, stale)| Step::Save { who, subject, item, value, reason, stale }),
        2 => (who.clone(), subject.clone(), 1..4_u8).prop_map(|(who, subject, row)| Step::TakeRow { who, subject, row }),
        2 => (who.clone(), subject.clone(), any::<bool>()).prop_map(|(who, subject, complete)| Step::Complete { who, subject, complete }),
        1 => (who.clone(), subject.clone()).prop_map(|(who, subject)| Step::Erase { who, subject }),
        2 => (who, subject).prop_map(|(who, subject)| Step::Look { who, subject }),
        2 => (-100..300_i64).prop_map(|seconds| Step::Turn { seconds }),
        1 => Just(Step::Restart),
    ]
}

/// What was acknowledged, by subject, row and item: every value in turn, `None` where it was taken away.
type Acknowledged = BTreeMap<(SubjectId, String, &'static str), Vec<Option<String>>>;

struct Play {
    world: World,
    place: Place,
    people: Vec<Actor>,
    subjects: Vec<SubjectId>,
    acknowledged: Acknowledged,
}

impl Play {
    fn begin() -> Self {
        let (mut world, place) = World::with_study();
        let people = vec![
            world.coordinator("ana", &place),
            world.at_site("ivar", Role::Investigator, &place, place.oslo),
            world.at_site("berit", Role::Coordinator, &place, place.bergen),
            world.in_study("maja", Role::Monitor, &place),
            world.actor("sofie"),
        ];
        // Room for the clock to be set back without undoing the grants.
        world.clock.turn(jiff::SignedDuration::from_hours(1));
        let subjects = vec![world.subject(&people[0], place.oslo, "first")];
        Play { world, place, people, subjects, acknowledged: Acknowledged::new() }
    }

    fn subject(&self, n: usize) -> SubjectId {
        self.subjects[n % self.subjects.len()]
    }

    fn revision(&self, actor: &Actor, subject: SubjectId) -> u64 {
        self.world.organization().view(actor, &the_vitals(subject)).map_or(0, |form| form.revision)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Add { who } => {
                let site = if who == 2 { self.place.bergen } else { self.place.oslo };
                let add = store::acts::AddSubject { site, code: format!("subject {}", self.subjects.len()) };
                if let Ok(receipt) = self.world.try_act(&self.people[who].clone(), add) {
                    self.subjects.push(receipt.id("subject").unwrap());
                }
            }
            Step::Save { who, subject, item, value, reason, stale } => {
                self.save(who, subject, (item, value), reason, stale)
            }
            Step::TakeRow { who, subject, row } => {
                let (actor, subject, row) = (self.people[who].clone(), self.subject(subject), row.to_string());
                let save = without_row(vitals(subject, self.revision(&actor, subject), vec![]), &row, "not hers");
                if self.world.try_act(&actor, save).is_ok() {
                    for (key, values) in &mut self.acknowledged {
                        // The history of each value that stood in the row says that it was taken away.
                        if key.0 == subject
                            && key.1 == row
                            && values.last().is_some_and(|last| last.as_deref() != Some("gone"))
                        {
                            values.push(Some("gone".into()));
                        }
                    }
                }
            }
            Step::Complete { who, subject, complete } => {
                let (actor, subject) = (self.people[who].clone(), self.subject(subject));
                let save = vitals(subject, self.revision(&actor, subject), vec![]);
                let reason = Some("found out later".to_owned());
                let _ = self.world.try_act(&actor, SaveForm { complete: Some(complete), reason, ..save });
            }
            Step::Erase { who, subject } => {
                let (actor, subject) = (self.people[who].clone(), self.subject(subject));
                if self.world.try_act(&actor, EraseSubject { subject, reason: "asked".into() }).is_ok() {
                    self.acknowledged.retain(|(of, ..), _| *of != subject);
                }
            }
            Step::Look { who, subject } => {
                let _ = self.world.organization().view(&self.people[who], &the_vitals(self.subject(subject)));
            }
            Step::Turn { seconds } => self.world.clock.turn(jiff::SignedDuration::from_secs(seconds)),
            Step::Restart => self.world.open().unwrap(),
        }
    }

    fn save(&mut self, who: usize, subject: usize, (item, value): (usize, u16), reason: bool, stale: bool) {
        let (actor, subject) = (self.people[who].clone(), self.subject(subject));
        let (row, item, text) = match item {
            0 => ("", "I.SYSBP", value.to_string()),
            1 => ("", "I.NOTE", if value % 5 == 0 { String::new() } else { format!("note {value}") }),
            2 => ("", "I.DATE", format!("2026-{:02}", value % 14)),
            n => (["1", "2", "3"][n - 3], "I.MED", format!("medicine {value}")),
        };
        let mut change = if row.is_empty() { set(item, &text) } else { med(row, item, &text) };
        if reason {
            change = change.because_of("looked again");
        }
        let revision = self.revision(&actor, subject) + u64::from(stale);
        if self.world.try_act(&actor, vitals(subject, revision, vec![change])).is_ok() {
            let value = Some(text).filter(|text| !text.is_empty());
            self.acknowledged.entry((subject, row.to_owned(), item)).or_default().push(value);
        }
    }

    fn end(self) {
        let maja = self.people[3].clone();
        for ((subject, row, item), values) in &self.acknowledged {
            let group = if row.is_empty() { "IG.VITALS" } else { "IG.MEDS" };
            let history = self.world.history(&maja, *subject, group, row, item);
            let shown: Vec<Option<String>> = history
                .into_iter()
                .map(|version| match (version.removed, version.value) {
                    (Some(_), _) => Some("gone".to_owned()),
                    (None, Some(Shown::Value(value))) => Some(value),
                    (None, _) => None,
                })
                .collect();
            assert_eq!(&shown, values, "{row} {item}");
        }
        self.world.finish();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_history_is_whole(steps in prop::collection::vec(step(), 1..60)) {
        let mut play = Play::begin();
        for step in steps {
            play.take(step);
        }
        play.end();
    }
}
