use std::collections::HashSet;

use torrpeddo_protocol::limits;

use super::*;
use crate::names;
use proptest::prelude::*;

fn text(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    [format!("{}:", bytes.len()).as_bytes(), bytes].concat()
}

/// The byte order mark of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A torrent of one file. `extra` goes into `info` as it is.
fn single(name: &[u8], length: u64, piece_bytes: u64, extra: &str) -> Vec<u8> {
    let pieces = vec![7; length.div_ceil(piece_bytes.max(1)) as usize * 20];
    let info = [
        format!("d6:lengthi{length}e4:name").into_bytes(),
        text(name),
        format!("12:piece lengthi{piece_bytes}e6:pieces").into_bytes(),
        text(pieces),
        extra.into(),
        b"e".to_vec(),
    ];
    torrent_from_info(&info.concat(), &[])
}

/// A torrent of several files, each with its path, length and attributes.
fn multi(name: &[u8], files: &[(&[&[u8]], u64, &str)]) -> Vec<u8> {
    let mut list = b"l".to_vec();
    let mut total = 0;
    for (path, length, attributes) in files {
        total += length;
        list.extend_from_slice(format!("d4:attr{}:{attributes}", attributes.len()).as_bytes());
        list.extend_from_slice(format!("6:lengthi{length}e4:pathl").as_bytes());
        path.iter().for_each(|part| list.extend(text(part)));
        list.extend_from_slice(b"ee");
    }
    list.push(b'e');
    let info = [
        b"d5:files".to_vec(),
        list,
        b"4:name".to_vec(),
        text(name),
        b"12:piece lengthi1024e6:pieces".to_vec(),
        text(vec![7; total.div_ceil(1024) as usize * 20]),
        b"e".to_vec(),
    ];
    torrent_from_info(&info.concat(), &[])
}

fn refusal(torrent: &[u8]) -> String {
    match Metainfo::parse(torrent) {
        Err(Error::InvalidTorrent(sentence)) => sentence,
        other => panic!("{other:?}"),
    }
}

fn paths(meta: &Metainfo) -> Vec<String> {
    meta.files.iter().map(|file| file.path.to_str().unwrap().replace('\\', "/")).collect()
}

#[test]
fn a_single_file() {
    let meta = Metainfo::parse(&single("é.txt".as_bytes(), 2500, 1024, "7:privatei1e")).unwrap();
    assert_eq!((meta.name.as_str(), meta.multi_file, meta.private), ("é.txt", false, true));
    assert_eq!((meta.piece_bytes, meta.piece_count, meta.total_bytes), (1024, 3, 2500));
    assert_eq!([0, 1, 2, 3].map(|piece| meta.piece_len(piece)), [1024, 1024, 452, 0]);
    assert_eq!(paths(&meta), ["é.txt"]);
    assert_eq!(meta.piece_hash(2), Some(&[7; 20][..]));
    assert_eq!(meta.piece_hash(3), None);
}

#[test]
fn the_hash_is_that_of_the_raw_info() {
    let torrent = single(b"a", 1, 1, "1:zli1ee");
    let start = torrent.iter().position(|b| *b == b'o').unwrap() + 1;
    let expected = sha1(&torrent[start..torrent.len() - 1]);
    let meta = Metainfo::parse(&torrent).unwrap();
    assert_eq!(meta.info_hash.0, expected);
    assert_eq!(meta.info_hash.to_string().parse::<InfoHash>().unwrap(), meta.info_hash);
    // FIPS 180: the well-known hash of "abc".
    assert_eq!(InfoHash(sha1(b"abc")).to_string(), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

#[test]
fn several_files_keep_their_order_and_padding() {
    let meta = Metainfo::parse(&multi(
        b"T",
        &[
            (&[b"a"], 1000, ""),
            (&[b".pad", b"24"], 24, "p"),
            (&[b"d", b"b"], 0, "x"),
            (&[b"d", b"", b"c"], 3000, ""),
            (&[b".pad", b"24"], 24, "p"),
        ],
    ))
    .unwrap();
    assert_eq!(paths(&meta), ["T/a", "T/.pad/1", "T/d/b", "T/d/c", "T/.pad/4"]);
    assert_eq!(
        meta.files.iter().map(|f| f.offset).collect::<Vec<_>>(),
        [0, 1000, 1024, 1024, 4024]
    );
    assert_eq!(
        meta.files.iter().map(|f| f.padding).collect::<Vec<_>>(),
        [false, true, false, false, true]
    );
    let files: Vec<_> = (0..4).map(|piece| meta.files_of(piece)).collect();
    assert_eq!(files, [0..2, 3..4, 3..4, 3..5]);
}

#[test]
fn colliding_names_are_parted() {
    let meta = Metainfo::parse(&multi(
        b"T",
        &[
            (&[b"README"], 1, ""),
            (&[b"readme"], 1, ""),
            (&[b"ReadMe", b"x"], 1, ""),
            (&[b"a:b"], 1, ""),
            (&[b"a*b"], 1, ""),
            (&[b"CON"], 1, ""),
            (&[b"C:"], 1, ""),
        ],
    ))
    .unwrap();
    let expected =
        ["T/README", "T/readme (2)", "T/ReadMe (3)/x", "T/a_b", "T/a_b (2)", "T/_CON", "T/C_"];
    assert_eq!(paths(&meta), expected);
}

#[test]
fn hidden_climbing_stays_inside() {
    let meta = Metainfo::parse(&multi(
        b"\xEF\xBB\xBF..",
        &[(&[b"\xEF\xBB\xBF..", b"x"], 1, ""), (&[b"\xFF\xFE.\0.\0", b"y"], 1, "l")],
    ))
    .unwrap();
    assert_eq!(paths(&meta), ["_/_/x", "_/_/y"]);
    let meta = Metainfo::parse(&single(b"\xEF\xBB\xBF..", 1, 1, "")).unwrap();
    assert_eq!(paths(&meta), ["_"]);
}

#[test]
fn utf8_spellings_are_preferred() {
    let meta = Metainfo::parse(&single(b"\x93\xfa", 1, 1, "10:name.utf-83:日")).unwrap();
    assert_eq!(meta.name, "日");
}

#[test]
fn trackers_are_cleaned() {
    let info = b"d6:lengthi1e4:name1:a12:piece lengthi1e6:pieces20:aaaaaaaaaaaaaaaaaaaae";
    let with = |outer: &str| {
        let torrent = [b"d", outer.as_bytes(), b"4:info", &info[..], b"e trailing"].concat();
        Metainfo::parse(&torrent).unwrap().trackers()
    };
    assert_eq!(with("8:announce10:udp://a.b/"), ["udp://a.b/"]);
    assert_eq!(
        with("8:announce10:udp://a.b/13:announce-listll10:udp://c.d/7:ftp://xel10:udp://c.d/ee"),
        ["udp://c.d/"]
    );
    assert_eq!(with("8:announce10:udp://a.b/13:announce-listle"), ["udp://a.b/"]);
    assert_eq!(with("8:announcei3e13:announce-listi4e"), [""; 0]);
}

#[test]
fn tiers_are_kept() {
    let info = b"d6:lengthi1e4:name1:a12:piece lengthi1e6:pieces20:aaaaaaaaaaaaaaaaaaaae";
    let list = "13:announce-listl\
                l10:udp://a.b/10:udp://c.d/el7:ftp://xeleli3ee\
                l10:udp://a.b/10:udp://e.f/ee";
    let torrent = [b"d", list.as_bytes(), b"4:info", &info[..], b"e"].concat();
    let meta = Metainfo::parse(&torrent).unwrap();
    assert_eq!(meta.tiers, [vec!["udp://a.b/", "udp://c.d/"], vec!["udp://e.f/"]]);
}

#[test]
fn rebuilding_keeps_the_hash_and_nothing_else() {
    let torrent = [b"d7:comment1:x", &single(b"a", 1, 1, "")[1..]].concat();
    let rebuilt = rebuild(&torrent, &["udp://t.example:1/".to_owned()]).unwrap();
    let (before, after) = (Metainfo::parse(&torrent).unwrap(), Metainfo::parse(&rebuilt).unwrap());
    assert_eq!(before.info_hash, after.info_hash);
    assert_eq!(after.trackers(), ["udp://t.example:1/"]);
    assert!(!rebuilt.windows(7).any(|window| window == b"comment"));
}

#[test]
fn every_refusal_says_why() {
    assert!(refusal(b"").contains("not a torrent file"));
    assert!(refusal(b"<html>").contains("not a torrent file"));
    assert!(refusal(b"de").contains("missing"));
    assert!(refusal(b"d4:infodee").contains("no checksums"));
    assert!(refusal(b"d4:infod12:meta versioni2eee").contains("v2-only"));
    assert!(refusal(&single(b"a", 1, 0, "")).contains("0 bytes long"));
    assert!(refusal(&single(b"a", 0, 1, "")).contains("empty"));
    assert!(refusal(&single(b"a", 1, 1 << 33, "")).contains("at most"));
    assert!(refusal(&single(b"a", 131_073, 1, "")).contains("131073 pieces"));
    assert!(refusal(&single(b"..", 1, 1, "")).contains("leads out"));
    assert!(refusal(&single(b"a/b", 1, 1, "")).contains("leads out"));
    assert!(refusal(&single(b"", 1, 1, "")).contains("no name"));
    assert!(refusal(&single(b"a", 1, 1, "7:privatei7e")).contains("private"));
    assert!(refusal(&single(b"a", 1, 1, "4:name1:b")).contains("twice"));
    assert!(refusal(&single(b"a", 1, 1, "5:filesle")).contains("either one file"));
    assert!(refusal(&multi(b"T", &[])).contains("no files"));
    assert!(refusal(&multi(b"T", &[(&[b"a", b"..", b"b"], 1, "")])).contains("leads out"));
    assert!(refusal(&multi(b"T", &[(&[b"a\\b"], 1, "")])).contains("leads out"));
    assert!(refusal(&multi(b"T", &[(&[b"a"], 1, ""), (&[b"\\"], 1, "p")])).contains("leads out"));
    assert!(refusal(&multi(b"T", &[(&[b"", b""], 1, "")])).contains("no name"));
    assert!(
        refusal(&multi(b"T", &[(&[b"a"], 1, ""), (&[b".", b"a"], 1, "")])).contains("same name")
    );
    let legacy: &[&[u8]] = &[b"\x83\x65\x83\x58\x83\x67\x82\xcc\x83\x65\x83\x58\x83\x67"];
    assert!(Metainfo::parse(&multi(b"T", &[(legacy, 1, "")])).is_ok());
    // Nothing is left of a byte order mark.
    assert!(refusal(&multi(b"T", &[(legacy, 1, ""), (&[BOM], 1, "")])).contains("no name"));
    assert!(refusal(&multi(b"T", &[(&[BOM], 1, "")])).contains("no name"));
    assert!(Metainfo::parse(&multi(b"T", &[(&[b"a"], 1, ""), (&[BOM], 1, "p")])).is_ok());
    assert!(refusal(&single(BOM, 1, 1, "")).contains("no name"));
    let large = format!(
        "d4:infod5:filesl{}e4:name1:a12:piece lengthi1e6:pieces0:ee",
        "d6:lengthi9223372036854775807e4:pathl1:aee".repeat(3)
    );
    assert!(refusal(large.as_bytes()).contains("impossibly large"));
    let wrong = b"d4:infod6:lengthi5e4:name1:a12:piece lengthi1e6:pieces20:aaaaaaaaaaaaaaaaaaaaee";
    assert!(refusal(wrong).contains("do not fit"));
    let deep = format!("d4:info{}{}e", "l".repeat(200_000), "e".repeat(200_000));
    assert!(refusal(deep.as_bytes()).contains("nested"));
    let many = format!("d4:infod5:filesl{}eee", "d6:lengthi1e4:pathl1:aee".repeat(MAX_FILES + 1));
    assert!(refusal(many.as_bytes()).contains("more than"));
    let huge = vec![b'd'; limits::TORRENT_FILE + 1];
    assert!(matches!(Metainfo::parse(&huge), Err(Error::TooLarge(_))));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        _ = Metainfo::parse(&bytes);
    }

    #[test]
    fn a_damaged_torrent_is_survived(position in 0usize..400, byte: u8) {
        let mut torrent = multi(b"T", &[(&[b"a", b"b"], 1500, ""), (&[b"c"], 700, "p"), (&[b"d"], 0, "")]);
        let position = position % torrent.len();
        torrent[position] = byte;
        if let Ok(meta) = Metainfo::parse(&torrent) {
            prop_assert_eq!(meta.files.len(), 3);
        }
    }

    #[test]
    fn paths_are_inside_and_different(
        names in proptest::collection::vec(proptest::collection::vec("[aA.\u{feff}: é]{1,3}|\\PC{1,300}", 1..4), 1..20),
    ) {
        let raw: Vec<Vec<&[u8]>> =
            names.iter().map(|path| path.iter().map(|part| part.as_bytes()).collect()).collect();
        let files: Vec<(&[&[u8]], u64, &str)> = raw.iter().map(|path| (&path[..], 1, "")).collect();
        if let Ok(meta) = Metainfo::parse(&multi(b"Name", &files)) {
            let mut seen = HashSet::new();
            let mut folders = HashSet::new();
            for file in &meta.files {
                let parts: Vec<_> = file.path.components().collect();
                prop_assert!(parts.iter().all(|part| matches!(part, std::path::Component::Normal(_))));
                prop_assert!(file.path.starts_with("Name") && parts.len() >= 2);
                prop_assert!(seen.insert(names::fold(file.path.to_str().unwrap())));
                folders.extend(file.path.ancestors().skip(1).map(|f| names::fold(f.to_str().unwrap())));
            }
            prop_assert!(seen.is_disjoint(&folders));
        }
    }
}
