//! Reads a file and says what was found: `cargo run -p odm --example look -- FILE [strict]`.
#![expect(clippy::print_stdout, reason = "it is what the example is for")]

use std::fs::File;
use std::io::BufReader;

use odm::{ClinicalReader, Limits, Mode, ReadError, read_study};
use trial::clinical::Chunk;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which file?")?;
    let mode = if arguments.next().as_deref() == Some("strict") { Mode::Strict } else { Mode::Tolerant };
    let read = read_study(BufReader::new(File::open(&path)?), mode, &Limits::default())?;
    for study in &read.studies {
        for version in &study.versions {
            println!(
                "{} {}: {} visits, {} forms, {} groups, {} items, {} lists, {} units",
                study.oid,
                version.oid,
                version.events.len(),
                version.forms.len(),
                version.groups.len(),
                version.items.len(),
                version.code_lists.len(),
                study.units.len()
            );
        }
    }
    for problem in &read.problems {
        println!("{:?} {}: {}", problem.gravity, problem.place, problem.message);
    }
    println!("{} deviations, {} extensions", read.report.deviation_count, read.report.extension_count());
    for deviation in read.report.deviations.iter().take(100) {
        println!("  {deviation}");
    }
    for kept in &read.report.extensions {
        println!("  {} × {:?} {} {} ({} elements)", kept.count, kept.kind, kept.path, kept.name, kept.elements);
    }
    let mut reader = ClinicalReader::new(BufReader::new(File::open(&path)?), mode, &Limits::default())?;
    let (mut forms, mut values, mut audit) = (0, 0, 0);
    while let Some(chunk) = next(&mut reader)? {
        if let Chunk::Form(form) = chunk {
            forms += 1;
            let items = form.groups.iter().flat_map(|group| &group.items);
            audit += items.clone().map(|item| item.audit.len()).sum::<usize>();
            values += items.count();
        }
    }
    println!("{forms} forms, {values} values, {audit} audit records of values");
    Ok(())
}

fn next(reader: &mut ClinicalReader<BufReader<File>>) -> Result<Option<Chunk>, ReadError> {
    reader.next_chunk()
}
