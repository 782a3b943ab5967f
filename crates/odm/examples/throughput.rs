//! How fast ODM is written and read: `cargo run --release -p odm --example throughput -- [MEGABYTES]`.
//!
//! Writes a generated study to a file in the temporary directory, twice: with values only, and with an audit
//! record for each value. Reads it back, and says megabytes per second of processor time and the peak memory.
#![expect(clippy::print_stdout, reason = "it is what the example is for")]

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use odm::{ClinicalReader, FileInfo, Limits, Mode, OdmWriter, read_study};
use trial::clinical::{
    AuditRecord, Chunk, Context, EventChunk, EventHead, FormChunk, FormHead, ItemData, ItemGroupData, Part,
    SubjectChunk, SubjectHead,
};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let megabytes: u64 = std::env::args().nth(1).map_or(Ok(100), |of| of.parse())?;
    let path = std::env::temp_dir().join(format!("probity-odm-throughput-{}.xml", std::process::id()));
    println!("{:<28} {:>10} {:>12} {:>14} {:>12}", "", "MB", "values", "MB/CPU-s", "values/CPU-s");
    for (name, audited) in [("values only", false), ("a record for each value", true)] {
        let start = Clock::start();
        let values = write(&path, megabytes * 1_000_000, audited)?;
        report(&format!("write, {name}"), &path, values, start)?;
        for (how, mode) in [("read", Mode::Tolerant), ("read strictly", Mode::Strict)] {
            let start = Clock::start();
            let values = read(&path, mode)?;
            report(&format!("{how}, {name}"), &path, values, start)?;
        }
        let start = Clock::start();
        let input = BufReader::with_capacity(1 << 16, File::open(&path)?);
        let found = read_study(input, Mode::Strict, &Limits::default())?;
        report(&format!("check, {name}"), &path, found.report.value_count, start)?;
    }
    fs::remove_file(&path)?;
    if let Some(peak) = peak_memory() {
        println!("peak memory: {peak}");
    }
    Ok(())
}

fn write(path: &Path, bytes: u64, audited: bool) -> Result<u64, Failure> {
    let file = FileInfo { file_oid: "T".to_owned(), created: "2026-11-21T10:00:00Z".to_owned(), ..FileInfo::default() };
    let mut writer = OdmWriter::new(BufWriter::with_capacity(1 << 16, File::create(path)?), &file)?;
    let mut seed = Seed(7);
    let mut values = 0;
    let mut subject = 0u64;
    // A subject is some 90 KB with audit records and 30 KB without; the size need not be exact.
    let subject_bytes = if audited { 110_000 } else { 34_000 };
    while subject * subject_bytes < bytes {
        subject += 1;
        values += write_subject(&mut writer, subject, audited, &mut seed)?;
    }
    writer.finish()?.flush()?;
    Ok(values)
}

fn write_subject<W: Write>(
    writer: &mut OdmWriter<W>,
    number: u64,
    audited: bool,
    seed: &mut Seed,
) -> Result<u64, Failure> {
    let context = Context { study: "S.THROUGHPUT".into(), version: "MDV.1".into() };
    let key = format!("{number:06}");
    let subject = SubjectHead { key: key.clone(), site: Some("LOC.1".into()), ..SubjectHead::default() };
    writer.chunk(&Chunk::Subject(SubjectChunk { context: context.clone(), part: Part::Opening, subject }))?;
    let mut values = 0;
    for visit in 0..6 {
        let event = EventHead { event: format!("SE.VISIT{visit}").into(), ..EventHead::default() };
        let event_key = (event.event.clone(), None);
        let (context_of, subject_key) = (context.clone(), key.clone());
        writer.chunk(&Chunk::Event(EventChunk { context: context_of, subject_key, part: Part::Opening, event }))?;
        for form in 0..4 {
            let groups: Vec<ItemGroupData> = (0..2).map(|group| row(form, group, audited, seed)).collect();
            values += groups.iter().map(|group| group.items.len() as u64).sum::<u64>();
            writer.chunk(&Chunk::Form(FormChunk {
                context: context.clone(),
                subject_key: key.clone(),
                event: Some(event_key.clone()),
                form: FormHead { form: format!("F.FORM{form}").into(), ..FormHead::default() },
                groups,
                continues: false,
            }))?;
        }
    }
    Ok(values)
}

fn row(form: u32, group: u32, audited: bool, seed: &mut Seed) -> ItemGroupData {
    let items = (0..10)
        .map(|item| ItemData {
            item: format!("I.FORM{form}.GROUP{group}.ITEM{item}").into(),
            value: Some(match item {
                0 => format!("2026-{:02}-{:02}", seed.below(12) + 1, seed.below(28) + 1),
                1..=5 => format!("{}.{}", seed.below(200), seed.below(10)),
                6 => "a remark of the site & its \"investigator\"".to_owned(),
                _ => seed.below(5).to_string(),
            }),
            unit: (item == 1).then(|| "MU.MMHG".into()),
            audit: if audited { vec![audit(seed)] } else { Vec::new() },
            ..ItemData::default()
        })
        .collect();
    ItemGroupData { group: format!("IG.FORM{form}.GROUP{group}").into(), items, ..ItemGroupData::default() }
}

fn audit(seed: &mut Seed) -> AuditRecord {
    AuditRecord {
        user: Some(format!("USR.{}", seed.below(20)).into()),
        location: Some("LOC.1".into()),
        at: Some(format!("2026-11-{:02}T{:02}:05:30+01:00", seed.below(28) + 1, seed.below(24))),
        reason: Some("initial entry".to_owned()),
        ..AuditRecord::default()
    }
}

fn read(path: &Path, mode: Mode) -> Result<u64, Failure> {
    let input = BufReader::with_capacity(1 << 16, File::open(path)?);
    let mut values = 0;
    for chunk in ClinicalReader::new(input, mode, &Limits::default())? {
        if let Chunk::Form(form) = chunk? {
            values += form.groups.iter().map(|group| group.items.len() as u64).sum::<u64>();
        }
    }
    Ok(values)
}

fn report(what: &str, path: &Path, values: u64, clock: Clock) -> Result<(), Failure> {
    let megabytes = fs::metadata(path)?.len() as f64 / 1e6;
    let seconds = clock.seconds();
    let (rate, value_rate) = (megabytes / seconds, values as f64 / seconds);
    println!("{what:<28} {megabytes:>10.1} {values:>12} {rate:>14.1} {value_rate:>12.0}");
    Ok(())
}

/// Processor time of this thread, where the system says it; else the time that passed.
struct Clock {
    processor: Option<u64>,
    began: Instant,
}

impl Clock {
    fn start() -> Self {
        Self { processor: processor_nanoseconds(), began: Instant::now() }
    }

    fn seconds(&self) -> f64 {
        match (self.processor, processor_nanoseconds()) {
            (Some(from), Some(to)) => (to - from) as f64 / 1e9,
            _ => self.began.elapsed().as_secs_f64(),
        }
    }
}

fn processor_nanoseconds() -> Option<u64> {
    fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

fn peak_memory() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map(|peak| peak.trim().to_owned())
}

/// A seeded sequence of numbers (SplitMix64), so that every run writes the same file.
struct Seed(u64);

impl Seed {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
