//! Tiles at the sizes where they begin, fill and carry into the level above.

use ledger::tile::{
    Tile, TileBuilder, TileError, TilePath, completed_tiles, decode_entries, encode_entries, encode_hashes, tiles_of,
};
use ledger::tree::{
    HashReader as _, Leaves, Missing, consistency_proof, inclusion_proof, root_at, verify_consistency, verify_inclusion,
};
use ledger::{Frontier, leaf_hash};
use proptest::prelude::*;

use crate::world::{Rows, tile_bytes};

const BOUNDARIES: [u64; 12] = [0, 1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537];

fn tile(level: u8, index: u64, width: u16) -> Tile {
    Tile { level, index, width }
}

#[test]
fn a_store_of_rows_and_full_tiles_serves_every_boundary() {
    let mut rows = Rows::default();
    let mut frontier = Frontier::new();
    let mut builder = TileBuilder::new();
    let mut built = Vec::new();
    for size in BOUNDARIES {
        let before = frontier.size();
        built.clear();
        for n in before..size {
            let leaf = leaf_hash(&n.to_be_bytes());
            rows.append(&mut frontier, leaf);
            builder.append(leaf, |tile, hashes| built.push((tile, encode_hashes(hashes))));
        }
        // The builder fills tiles in order of time, the list is in order of level.
        built.sort_by_key(|(tile, _)| *tile);
        let completed: Vec<_> = completed_tiles(before, size).map(|tile| (tile, tile_bytes(&rows, tile))).collect();
        assert_eq!(built, completed, "tiles that became full from {before} to {size}");
        let partial: Vec<_> = builder.partial().map(|(tile, hashes)| (tile, encode_hashes(hashes))).collect();
        let rest: Vec<_> =
            tiles_of(size).filter(|tile| !tile.is_full()).map(|tile| (tile, tile_bytes(&rows, tile))).collect();
        assert_eq!(partial, rest, "partial tiles at {size}");

        let reader = rows.reader(size);
        assert_eq!(root_at(&reader, size), Ok(frontier.root()));
        assert_eq!(Frontier::from_hashes(size, &reader), Ok(frontier.clone()), "a restart at {size}");
        for tile in tiles_of(size) {
            assert_eq!(tile.read(&reader).unwrap(), tile_bytes(&rows, tile));
            assert_eq!(encode_hashes(&tile.decode(&tile_bytes(&rows, tile)).unwrap()), tile_bytes(&rows, tile));
        }
        let places = [0, 1, 254, 255, 256, 257, size / 2, size.saturating_sub(2), size.saturating_sub(1)];
        for index in places.into_iter().filter(|index| *index < size) {
            let proof = inclusion_proof(&reader, index, size).unwrap();
            let leaf = rows.leaves[usize::try_from(index).unwrap()];
            verify_inclusion(&leaf, index, size, &proof, &frontier.root()).unwrap();
        }
        for old in BOUNDARIES.into_iter().filter(|old| *old <= size) {
            let proof = consistency_proof(&reader, old, size).unwrap();
            let old_root = root_at(&rows.reader(old), old).unwrap();
            verify_consistency(old, size, &old_root, &frontier.root(), &proof).unwrap();
        }
    }
}

#[test]
fn a_subtree_beyond_the_tree_is_missing_however_far() {
    let mut rows = Rows::default();
    let mut frontier = Frontier::new();
    (0..300_u64).for_each(|n| rows.append(&mut frontier, leaf_hash(&n.to_be_bytes())));
    let reader = rows.reader(300);
    assert!(reader.subtree(7, 1).is_ok() && reader.subtree(8, 0).is_ok() && reader.subtree(0, 299).is_ok());
    // Shifted to a leaf's index, the last two would wrap around to 0.
    for (level, index) in [(7, 2), (8, 1), (0, 300), (9, 0), (63, 0), (255, 0), (7, 1 << 60), (255, u64::MAX)] {
        let missing = Err(Missing { level, index });
        assert_eq!(reader.subtree(level, index), missing);
        assert_eq!(Leaves(&rows.leaves).subtree(level, index), missing);
    }
}

#[test]
fn the_specification_s_example_of_70000_entries_holds() {
    let tiles: Vec<Tile> = tiles_of(70_000).collect();
    let of = |level, full| tiles.iter().filter(|tile| tile.level == level && tile.is_full() == full).count();
    assert_eq!((of(0, true), of(1, true), of(2, true)), (273, 1, 0));
    assert_eq!(
        tiles.iter().filter(|tile| !tile.is_full()).copied().collect::<Vec<_>>(),
        [tile(0, 273, 112), tile(1, 1, 17), tile(2, 0, 1)]
    );
    assert_eq!(tiles_of(256).collect::<Vec<_>>(), [tile(0, 0, 256), tile(1, 0, 1)]);
    assert_eq!(tiles_of(0).count(), 0);
    assert!(tile(0, 273, 112).is_within(70_000) && tile(0, 273, 5).is_within(70_000));
    assert!(!tile(0, 273, 113).is_within(70_000) && !tile(3, 0, 1).is_within(70_000));
}

#[test]
fn paths_are_those_of_the_specification() {
    let hashes = |level, index, width| TilePath::Hashes(tile(level, index, width));
    for (path, named) in [
        ("tile/0/x001/x234/067", hashes(0, 1_234_067, 256)),
        ("tile/0/000", hashes(0, 0, 256)),
        ("tile/1/x001/000", hashes(1, 1000, 256)),
        ("tile/0/273.p/112", hashes(0, 273, 112)),
        ("tile/entries/x001/000.p/1", TilePath::Entries { index: 1000, width: 1 }),
        ("tile/63/999.p/255", hashes(63, 999, 255)),
    ] {
        assert_eq!(path.parse(), Ok(named));
        assert_eq!(named.to_string(), path);
    }
}

#[test]
fn other_paths_are_refused() {
    for path in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x1/002",
        "tile/0/+01",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/../000",
        "tile/data/000",
        "tile/Entries/000",
        "tile/entries/000.p/1/2",
        "tile/8/0/000",
        "checkpoint",
        "tile/0/000\n",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/\u{0661}00",
    ] {
        assert!(matches!(path.parse::<TilePath>(), Err(TileError::Path(_))), "accepted: {path}");
    }
}

#[test]
fn a_bundle_holds_exactly_its_entries() {
    let longest = vec![b'x'; 65_535];
    let entries: [&[u8]; 4] = [b"one", b"", &longest, b"four"];
    let bytes = encode_entries(entries).unwrap();
    assert_eq!(decode_entries(&bytes, 4).unwrap(), entries);
    assert_eq!(decode_entries(&bytes, 3), Err(TileError::Bundle { expected: 3, offset: bytes.len() - 6 }));
    assert!(decode_entries(&bytes, 5).is_err());
    for end in [0, 1, 4, 5, bytes.len() - 1] {
        assert!(decode_entries(&bytes[..end], 4).is_err(), "cut at {end}");
    }
    assert_eq!(encode_entries([vec![b'x'; 65_536]]), Err(TileError::EntryTooLong(65_536)));
    assert_eq!(tile(0, 0, 2).decode(&[0; 63]), Err(TileError::Bytes { expected: 64, found: 63 }));
}

proptest! {
    #[test]
    fn every_path_reads_back(level in 0..=63_u8, index in any::<u64>(), width in 1..=256_u16, entries in any::<bool>()) {
        let path = if entries { TilePath::Entries { index, width } } else { TilePath::Hashes(tile(level, index, width)) };
        prop_assert_eq!(path.to_string().parse(), Ok(path));
    }

    #[test]
    fn whatever_reads_as_a_path_has_that_one_spelling(path in "(tile/)?[0-9entris]{1,8}/[x0-9/]{1,12}(\\.p/)?[0-9]{0,3}") {
        if let Ok(named) = path.parse::<TilePath>() {
            prop_assert_eq!(named.to_string(), path);
        }
    }

    #[test]
    fn completed_tiles_are_the_difference_of_all(old in 0..200_000_u64, more in 0..70_000_u64) {
        let full = |size| tiles_of(size).filter(Tile::is_full).collect::<Vec<_>>();
        let before = full(old);
        let new: Vec<Tile> = full(old + more).into_iter().filter(|tile| !before.contains(tile)).collect();
        prop_assert_eq!(completed_tiles(old, old + more).collect::<Vec<_>>(), new);
    }
}
