//! The names of tiles and entry bundles: `tile/<L>/<N>[.p/<W>]`, with N in groups of three digits.
//! One tile has one path; any other spelling is refused, since a server would look it up as a file.

use std::fmt;
use std::str::FromStr;

use super::{TILE_WIDTH, Tile, TileError};

/// The highest level the format can name.
const LEVEL_MAX: u8 = 63;

/// Longer paths than any index needs are refused unread.
const PATH_BYTES_MAX: usize = 64;

/// What a path under a log's prefix names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TilePath {
    /// `tile/<L>/<N>[.p/<W>]`: hashes.
    Hashes(Tile),
    /// `tile/entries/<N>[.p/<W>]`: the entries under the level 0 tile of the same index and width.
    Entries {
        /// Number of the bundle.
        index: u64,
        /// How many entries, 1 to 256.
        width: u16,
    },
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, width) = match self {
            Self::Hashes(tile) => {
                write!(f, "tile/{}/", tile.level)?;
                (tile.index, tile.width)
            }
            Self::Entries { index, width } => {
                f.write_str("tile/entries/")?;
                (*index, *width)
            }
        };
        write_index(f, index)?;
        if width < TILE_WIDTH { write!(f, ".p/{width}") } else { Ok(()) }
    }
}

impl FromStr for TilePath {
    type Err = TileError;

    fn from_str(path: &str) -> Result<Self, TileError> {
        parse(path).ok_or_else(|| TileError::Path(path.chars().take(PATH_BYTES_MAX).collect()))
    }
}

fn write_index(f: &mut fmt::Formatter<'_>, index: u64) -> fmt::Result {
    let mut groups = vec![index % 1000];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(rest % 1000);
        rest /= 1000;
    }
    for group in groups.iter().skip(1).rev() {
        write!(f, "x{group:03}/")?;
    }
    write!(f, "{:03}", index % 1000)
}

fn parse(path: &str) -> Option<TilePath> {
    if path.len() > PATH_BYTES_MAX {
        return None;
    }
    let (kind, place) = path.strip_prefix("tile/")?.split_once('/')?;
    let (index, width) = match place.split_once(".p/") {
        Some((index, width)) => (index, number(width, u64::from(TILE_WIDTH) - 1).filter(|width| *width > 0)?),
        None => (place, u64::from(TILE_WIDTH)),
    };
    let index = parse_index(index)?;
    let width = u16::try_from(width).ok()?;
    if kind == "entries" {
        return Some(TilePath::Entries { index, width });
    }
    let level = u8::try_from(number(kind, u64::from(LEVEL_MAX))?).ok()?;
    Some(TilePath::Hashes(Tile { level, index, width }))
}

fn parse_index(text: &str) -> Option<u64> {
    let groups: Vec<&str> = text.split('/').collect();
    let (last, upper) = groups.split_last()?;
    let mut index = 0_u64;
    for (n, group) in upper.iter().enumerate() {
        let value = digits(group.strip_prefix('x')?)?;
        // A leading x000 would be a second spelling of the same index.
        if n == 0 && value == 0 {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(value)?;
    }
    index.checked_mul(1000)?.checked_add(digits(last)?)
}

fn digits(group: &str) -> Option<u64> {
    let plain = group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| group.parse().ok()).flatten()
}

fn number(text: &str, max: u64) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten().filter(|value| *value <= max)
}
