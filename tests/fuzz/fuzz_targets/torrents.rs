//! Torrent files: whatever is accepted has safe, different paths and numbers that fit, and librqbit
//! understands it in the same way.

#![no_main]

use std::collections::HashSet;
use std::path::{Component, Path};

use libfuzzer_sys::fuzz_target;
use librqbit_core::torrent_metainfo::torrent_from_bytes;
use torrpeddo_readers::metainfo::{MAX_FILES, MAX_PIECES, Metainfo, rebuild};
use torrpeddo_readers::names;

fuzz_target!(|data: &[u8]| {
    let Ok(meta) = Metainfo::parse(data) else { return };
    numbers_fit(&meta);
    paths_are_safe(&meta);
    let rebuilt = rebuild(data, &meta.trackers()).expect("a torrent that was accepted");
    let again = Metainfo::parse(&rebuilt).expect("a torrent that was accepted");
    // Rebuilding gives every tracker a tier of its own.
    assert_eq!(again.trackers(), meta.trackers());
    assert_eq!(Metainfo { tiers: meta.tiers.clone(), ..again }, meta);
    librqbit_agrees(&meta, &rebuilt);
});

fn numbers_fit(meta: &Metainfo) {
    assert!((1..=MAX_FILES).contains(&meta.files.len()));
    assert!((1..=MAX_PIECES).contains(&(meta.piece_count as usize)));
    let mut offset = 0;
    for file in &meta.files {
        assert_eq!(file.offset, offset);
        offset += file.bytes;
    }
    assert_eq!(offset, meta.total_bytes);
    let pieces = 0..meta.piece_count;
    assert!(pieces.clone().all(|piece| meta.piece_len(piece) > 0));
    assert_eq!(pieces.clone().map(|piece| u64::from(meta.piece_len(piece))).sum::<u64>(), offset);
    assert!(pieces.clone().all(|piece| !meta.files_of(piece).is_empty()));
    assert!(pieces.clone().all(|piece| meta.piece_hash(piece).is_some()));
    assert_eq!(meta.piece_hash(meta.piece_count), None);
}

fn paths_are_safe(meta: &Metainfo) {
    let (mut files, mut folders) = (HashSet::new(), HashSet::new());
    let key = |path: &Path| names::fold(path.to_str().expect("a path of text"));
    for file in meta.files.iter().filter(|file| !file.padding) {
        for part in file.path.components() {
            let Component::Normal(part) = part else { panic!("{}", file.path.display()) };
            assert!(part.len() <= 255, "{}", file.path.display());
        }
        assert!(files.insert(key(&file.path)), "{} is there twice", file.path.display());
        folders.extend(file.path.ancestors().skip(1).filter(|f| f.parent().is_some()).map(key));
    }
    assert!(files.is_disjoint(&folders), "a file is a folder");
}

fn librqbit_agrees(meta: &Metainfo, rebuilt: &[u8]) {
    let theirs = torrent_from_bytes(rebuilt).expect("librqbit reads what we accept");
    assert_eq!(theirs.info_hash.0, meta.info_hash.0);
    let info = theirs.info.data.validate().expect("librqbit takes what we accept");
    let lengths: Vec<u64> = info.iter_file_lengths().collect();
    assert!(lengths.iter().eq(meta.files.iter().map(|file| &file.bytes)));
    let padding: Vec<bool> = info.iter_file_details().map(|file| file.attrs().padding).collect();
    assert!(padding.iter().eq(meta.files.iter().map(|file| &file.padding)));
    assert_eq!(info.lengths().total_pieces(), meta.piece_count);
}
