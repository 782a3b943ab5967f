//! Import and export of a synthetic study, each in a process of its own, so that its memory is its own.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    process::Command,
    sync::Arc,
    time::Instant,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use store::{Installation, views::MyStudies};
use web::exchange::{DataImport, FileIn, import_data};

use crate::{
    figures::{Figures, say},
    machine,
    scene::{self, Machine, STUDY, Scene},
};

/// Items of a form, forms (visits) of a subject.
const ITEMS: u64 = 20;
const VISITS: u64 = 50;

/// Writes the file, imports it, exports it again.
pub fn measure(folder: &Path, values: u64, figures: &mut Figures) -> Result<()> {
    let (data, file, out) = (folder.join("data"), folder.join("study.xml"), folder.join("exported.xml"));
    drop(Scene::found(&data, usize::try_from(ITEMS)?)?);
    let bytes = write_study(&file, values)?;
    say(&format!("a synthetic study of {values} item values, {} MB", bytes / 1_000_000));
    for (name, part, from) in
        [("reading and checking", "read", &file), ("import", "import", &file), ("export", "export", &out)]
    {
        let begun = Instant::now();
        let child = Command::new(std::env::current_exe()?).arg(part).arg(&data).arg(from).output()?;
        let took = begun.elapsed().as_secs_f64();
        if !child.status.success() {
            bail!("{name}: {}", String::from_utf8_lossy(&child.stderr));
        }
        let used: Used = serde_json::from_slice(&child.stdout).context("what the process used")?;
        let megabytes = std::fs::metadata(from)?.len() as f64 / 1e6;
        let name = format!("{name} of {values} item values");
        figures.add(&format!("{name}: rate"), "MB/s", megabytes / took);
        figures.add(&format!("{name}: a second of processor"), "MB", megabytes / used.processor);
        figures.add(&format!("{name}: values"), "1/s", values as f64 / took);
        figures.add(&format!("{name}: memory beyond the idle"), "MB", used.memory as f64 / 1e6);
    }
    Ok(())
}

/// What a process used for its part, beyond what it had used when it was ready.
#[derive(Serialize, Deserialize)]
struct Used {
    /// Seconds.
    processor: f64,
    /// Bytes.
    memory: u64,
}

/// Does a part's work and tells what it used.
fn measured(work: impl FnOnce() -> Result<()>) -> Result<()> {
    let own = std::process::id();
    let (memory, processor) = (machine::forget_peak(own), machine::cpu(own));
    work()?;
    let used = Used {
        processor: machine::cpu(own).saturating_sub(processor).as_secs_f64(),
        memory: machine::peak_memory(own).saturating_sub(memory),
    };
    say(&serde_json::to_string(&used)?);
    Ok(())
}

/// Clinical data as ODM 1.3.2 has it, for the study of [`Scene`].
fn write_study(file: &Path, values: u64) -> Result<u64> {
    let mut out = BufWriter::new(File::create(file)?);
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ODM xmlns=\"http://www.cdisc.org/ns/odm/v1.3\" ODMVersion=\"1.3.2\" \
         FileType=\"Snapshot\" FileOID=\"BENCH\" CreationDateTime=\"2026-11-21T23:05:55Z\">\n\
         <ClinicalData StudyOID=\"{STUDY}\" MetaDataVersionOID=\"1\">\n"
    )?;
    let forms = values / ITEMS;
    for form in 0..forms {
        let (subject, visit) = (form / VISITS, form % VISITS);
        if visit == 0 {
            if subject > 0 {
                writeln!(out, "</SubjectData>")?;
            }
            writeln!(out, "<SubjectData SubjectKey=\"B{subject:06}\">")?;
        }
        writeln!(
            out,
            "<StudyEventData StudyEventOID=\"SE\" StudyEventRepeatKey=\"{}\"><FormData FormOID=\"F\"><ItemGroupData ItemGroupOID=\"IG\">",
            visit + 1
        )?;
        for item in 0..ITEMS {
            let value = scene::value(usize::try_from(item)?, form);
            writeln!(out, "<ItemData ItemOID=\"I.{item}\" Value=\"{value}\"/>")?;
        }
        writeln!(out, "</ItemGroupData></FormData></StudyEventData>")?;
    }
    write!(out, "</SubjectData>\n</ClinicalData>\n</ODM>\n")?;
    out.flush()?;
    Ok(std::fs::metadata(file)?.len())
}

/// The process that imports, or only reads and checks.
pub fn import(data: &Path, file: &Path, dry_run: bool) -> Result<()> {
    let installation = Installation::open(data, None, Arc::new(Machine))?;
    let organization = installation.all().pop().context("an organization")?;
    let dag = scene::signed_in(&organization, "dag")?;
    let study = organization.view(&dag, &MyStudies {})?.first().context("a study")?.id;
    let site = organization.view(&dag, &store::views::ShowStudy { study })?.sites.first().map(|site| site.id);
    let asked = DataImport { study, site, again: false, dry_run, request: scene::request() };
    let mut file = FileIn::new("study.xml", File::open(file)?);
    measured(|| Ok(import_data(&organization, &dag, asked, &mut file, |_| ()).map(drop)?))
}

/// The exporting process.
pub fn export(data: &Path, file: &Path) -> Result<()> {
    let installation = Installation::open(data, None, Arc::new(Machine))?;
    let organization = installation.all().pop().context("an organization")?;
    let dag = scene::signed_in(&organization, "dag")?;
    let study = organization.view(&dag, &MyStudies {})?.first().context("a study")?.id;
    let out = BufWriter::new(File::create(file)?);
    let now = store::Clock::now(&Machine);
    measured(|| Ok(web::exchange::export_odm(&organization, &dag, study, now, out).map(drop)?))
}
