//! The sites at work: several subjects at once, each save in its order and by the person whose hand it is.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    ops::AddAssign,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::{
    client::{Api, SignedIn, text},
    people,
    plan::{self, Hand, Save, Site, SubjectPlan},
    setup::Place,
};
use crate::progress::say;

/// Subjects entered at once. More than the machine has cores: the server commits their saves together.
const AT_ONCE: usize = 6;

/// What was entered.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Entered {
    subjects: usize,
    forms: usize,
    saves: usize,
    values: usize,
    time: Duration,
}

impl AddAssign for Entered {
    fn add_assign(&mut self, other: Self) {
        self.subjects += other.subjects;
        self.forms += other.forms;
        self.saves += other.saves;
        self.values += other.values;
    }
}

impl fmt::Display for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subjects, forms, saves, values, time } = self;
        let seconds = time.as_secs_f64();
        write!(f, "entered {subjects} subjects: {forms} forms, {saves} saves, {values} values in {seconds:.1} s")
    }
}

/// Enters everything that is planned.
pub(crate) fn enter(address: &str, place: &Place, plans: Vec<SubjectPlan>) -> Result<Entered> {
    let begun = Instant::now();
    say(&format!("data: entering {} subjects at {} sites", plans.len(), place.sites.len()));
    let bar = ProgressBar::new(plans.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} subjects  {elapsed}") {
        bar.set_style(style);
    }
    let desks = Desks::open(&Api::at(address), place)?;
    let queue = Mutex::new(VecDeque::from(plans));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let stop = || queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let work = || -> Result<Entered> {
        let mut entered = Entered::default();
        while let Some(subject) = next() {
            // One that fails ends the others too, after the subject they are at.
            entered += desks.subject(&subject).inspect_err(|_| stop())?;
            bar.inc(1);
        }
        Ok(entered)
    };
    let mut all = Entered::default();
    std::thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            all += worker.join().map_err(|_| anyhow!("entering the data ended in a panic"))??;
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    all.time = begun.elapsed();
    Ok(all)
}

/// The people who enter data, signed in.
struct Desks {
    study: String,
    sites: Vec<SiteDesk>,
}

struct SiteDesk {
    site: Site,
    id: String,
    coordinator: SignedIn,
    investigator: Option<SignedIn>,
}

impl Desks {
    fn open(api: &Api, place: &Place) -> Result<Self> {
        let sign_in = |person| {
            let account = place.account(person)?;
            api.sign_in(&account.organization, &account.sign_in, &account.password)
        };
        let desk = |(site, id): &(Site, String)| {
            let investigator = site.has_investigator().then(|| sign_in(people::INVESTIGATOR)).transpose()?;
            Ok(SiteDesk {
                site: *site,
                id: id.clone(),
                coordinator: sign_in(people::coordinator(*site))?,
                investigator,
            })
        };
        Ok(Self { study: place.study.clone(), sites: place.sites.iter().map(desk).collect::<Result<_>>()? })
    }

    fn subject(&self, plan: &SubjectPlan) -> Result<Entered> {
        let desk = self.sites.iter().find(|desk| desk.site == plan.site).context("nobody works at this site")?;
        let new = json!({ "site": desk.id, "code": plan.code });
        let added = desk.coordinator.post(&format!("/studies/{}/subjects", self.study), &new)?;
        let subject = text(&added, "id")?;
        let mut revisions: HashMap<&plan::Place, u64> = HashMap::new();
        let mut values = 0;
        for save in &plan.saves {
            let revision = revisions.entry(&save.place).or_default();
            let saved = desk.save(subject, save, *revision).with_context(|| format!("entering {}", plan.code))?;
            *revision = saved.get("revision").and_then(Value::as_u64).context("the answer has no revision")?;
            values += save.changes.len();
        }
        Ok(Entered { subjects: 1, forms: revisions.len(), saves: plan.saves.len(), values, ..Entered::default() })
    }
}

impl SiteDesk {
    fn save(&self, subject: &str, save: &Save, revision: u64) -> Result<Value> {
        let by = match save.by {
            Hand::Coordinator => &self.coordinator,
            Hand::Investigator => self.investigator.as_ref().context("this site has no investigator")?,
        };
        let body = json!({
            "revision": revision,
            "changes": save.changes,
            "removed": save.removed,
            "complete": save.complete,
            "reason": save.reason,
        });
        by.put(&path(subject, &save.place), &body)
    }
}

/// The address of a form: `-` stands for an empty repeat. No identifier of this study needs escaping.
fn path(subject: &str, place: &plan::Place) -> String {
    let dashed = |repeat: &str| if repeat.is_empty() { "-".to_owned() } else { repeat.to_owned() };
    format!(
        "/subjects/{subject}/visits/{}/{}/forms/{}/{}",
        place.event,
        dashed(&place.event_repeat),
        place.form,
        dashed(&place.form_repeat)
    )
}
