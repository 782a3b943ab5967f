//! The command line: read once, into a command that can only be run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ledger::archive::Content;
use ledger::note::VerifierKey;

use crate::files;

pub(crate) const HELP: &str = "\
ledger-verify: checks a Probity ledger offline, trusting only its public keys

USAGE
  ledger-verify bundle FILE --entry FILE --key VKEY [--key VKEY]...
      Is this entry in the ledger? FILE is a .tlog-proof; the entry's file holds
      the entry's exact bytes, without a newline at the end.

  ledger-verify archive FOLDER --key VKEY [--key VKEY]... [--seen FILE]... [--opaque]
      Is every entry as it was signed? FOLDER holds checkpoint, tile/ and
      tile/entries/ as C2SP tlog-tiles lays them out.

OPTIONS
  --key VKEY      a public key as name+id+base64; give both of the ledger's, the
                  Ed25519 and the ML-DSA-44 one. Every key given must have signed.
  --keys FILE     public keys from a file, one a line; lines starting with # are notes
  --entry FILE    the entry
  --seen FILE     a signed checkpoint kept elsewhere, from earlier: shows whether the
                  ledger was cut or rewritten since by someone with its keys
  --opaque        do not read the entries as Probity's, only hash them
  -h, --help      this text
  -V, --version   the version

EXIT STATUS
  0  all of it holds
  1  something does not; each line that begins with FOUND or REFUSED says what
  2  the check could not be made (a file is missing, the command line is wrong)
";

/// What to do.
pub(crate) enum Command {
    Help,
    Version,
    Bundle { bundle: PathBuf, entry: PathBuf, keys: Vec<VerifierKey> },
    Archive { folder: PathBuf, seen: Vec<PathBuf>, keys: Vec<VerifierKey>, content: Content },
}

/// Everything the options can say, before it is known to which command.
#[derive(Default)]
struct Options {
    operands: Vec<OsString>,
    keys: Vec<VerifierKey>,
    entry: Option<PathBuf>,
    seen: Vec<PathBuf>,
    opaque: bool,
}

pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut arguments = arguments;
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        let mut value = |what: &str| arguments.next().ok_or(format!("{} needs {what} after it", argument.display()));
        match argument.to_str() {
            Some("-h" | "--help" | "help") => return Ok(Command::Help),
            Some("-V" | "--version") => return Ok(Command::Version),
            Some("--key") => options.keys.push(parse_key(&value("a public key")?.to_string_lossy())?),
            Some("--keys") => options.keys.extend(read_keys(Path::new(&value("a file of public keys")?))?),
            Some("--entry") => options.entry = Some(value("a file")?.into()),
            Some("--seen") => options.seen.push(value("a file")?.into()),
            Some("--opaque") => options.opaque = true,
            Some(unknown) if unknown.starts_with('-') => return Err(format!("there is no option {unknown}")),
            _ => options.operands.push(argument),
        }
    }
    command(options)
}

fn command(options: Options) -> Result<Command, String> {
    let Options { operands, keys, entry, seen, opaque } = options;
    let mut operands = operands.into_iter();
    let verb = operands.next().ok_or("say what to check: bundle or archive")?;
    let path = operands.next().map(PathBuf::from);
    if let Some(extra) = operands.next() {
        return Err(format!("one thing at a time: {} is too much", extra.display()));
    }
    let keys = if keys.is_empty() { Err("give the ledger's public keys with --key or --keys") } else { Ok(keys) };
    match verb.to_str() {
        Some("bundle") if !seen.is_empty() || opaque => Err("--seen and --opaque belong to archive".to_owned()),
        Some("bundle") => Ok(Command::Bundle {
            bundle: path.ok_or("bundle needs the file of the proof after it")?,
            entry: entry.ok_or("give the entry with --entry")?,
            keys: keys?,
        }),
        Some("archive") if entry.is_some() => Err("--entry belongs to bundle".to_owned()),
        Some("archive") => Ok(Command::Archive {
            folder: path.ok_or("archive needs the folder after it")?,
            seen,
            keys: keys?,
            content: if opaque { Content::Opaque } else { Content::Entries },
        }),
        _ => Err(format!("there is no command {}; say bundle or archive", verb.display())),
    }
}

fn parse_key(text: &str) -> Result<VerifierKey, String> {
    let short: String = text.chars().take(40).collect();
    VerifierKey::parse(text.trim()).map_err(|error| format!("{error} ({short}…)"))
}

fn read_keys(path: &Path) -> Result<Vec<VerifierKey>, String> {
    let bytes = files::read(path).map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(parse_key).collect()
}
