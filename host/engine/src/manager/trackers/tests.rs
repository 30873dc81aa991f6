use super::*;
use crate::store::tests::row;

const HASH: &str = "0101010101010101010101010101010101010101";

/// A row whose link has these trackers, with no changes by the user.
fn row_with(link: &[&str]) -> TorrentRow {
    let trackers: String = link.iter().map(|url| format!("&tr={url}")).collect();
    TorrentRow {
        magnet: format!("magnet:?xt=urn:btih:{HASH}{trackers}"),
        trackers_added: Vec::new(),
        trackers_removed: Vec::new(),
        ..row(1)
    }
}

fn meta(private: bool, tiers: &[&[&str]]) -> Metainfo {
    let torrent =
        b"d4:infod6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces20:01234567890123456789ee";
    let mut meta = Metainfo::parse(torrent).unwrap();
    meta.private = private;
    meta.tiers =
        tiers.iter().map(|tier| tier.iter().map(|url| (*url).to_owned()).collect()).collect();
    meta
}

fn owned(urls: &[&str]) -> Vec<String> {
    urls.iter().map(|url| (*url).to_owned()).collect()
}

const A: &str = "udp://a.b/";
const B: &str = "udp://b.b/";
const C: &str = "udp://c.b/";
const D: &str = "udp://d.b/";
const E: &str = "udp://e.b/";

#[test]
fn a_public_torrent_asks_everything_once_and_keeps_its_tiers() {
    let mut row = row_with(&[A, C]);
    row.trackers_added = owned(&[E]);
    let meta = meta(false, &[&[A, B]]);
    let found = tiers(&row, Some(&meta), &owned(&[D, B])).unwrap();
    assert_eq!(found, [vec![A, B], vec![C], vec![D], vec![E]]);
    assert_eq!(tiers(&row, None, &[]).unwrap(), [[A], [C], [E]]);
}

#[test]
fn a_private_torrent_asks_its_own_and_the_users() {
    let mut row = row_with(&[A, C]);
    row.trackers_added = owned(&[E]);
    let extra = owned(&[D]);
    let own = meta(true, &[&[A], &[B]]);
    assert_eq!(tiers(&row, Some(&own), &extra).unwrap(), [[A], [B], [E]]);
    let none = meta(true, &[]);
    assert_eq!(tiers(&row, Some(&none), &extra).unwrap(), [[A], [C], [E]], "its link's");
}

#[test]
fn what_the_user_removed_is_not_asked() {
    let mut row = row_with(&[A, C]);
    change(&mut row, owned(&[A, C, D]), owned(&[E])).unwrap();
    let meta = meta(false, &[&[A, B]]);
    assert_eq!(tiers(&row, Some(&meta), &owned(&[D])).unwrap(), [[B], [E]]);
    assert_eq!(row.magnet, format!("magnet:?xt=urn:btih:{HASH}&tr=udp%3A%2F%2Fe.b%2F"));
    change(&mut row, owned(&[E]), owned(&[A])).unwrap();
    assert_eq!(tiers(&row, Some(&meta), &[]).unwrap(), [[A, B]], "it is back in its tier");
    assert_eq!((row.trackers_added, row.trackers_removed), (owned(&[A]), owned(&[C, D, E])));
}

#[test]
fn a_tracker_that_is_removed_and_added_at_once_is_there() {
    let mut row = row_with(&[A]);
    change(&mut row, owned(&[A]), owned(&[A, A])).unwrap();
    assert_eq!(tiers(&row, None, &[]).unwrap(), [[A]]);
    assert_eq!((&row.trackers_added, &row.trackers_removed), (&owned(&[A]), &Vec::new()));
}

#[test]
fn too_many_changes_are_refused_and_change_nothing() {
    let mut row = row_with(&[A]);
    let many: Vec<String> = (0..=CHANGED).map(|number| format!("udp://{number}.b/")).collect();
    let before = row.clone();
    for (remove, add) in [(many.clone(), Vec::new()), (Vec::new(), many)] {
        assert!(matches!(change(&mut row, remove, add), Err(Error::TooLarge(_))));
        assert_eq!(row, before);
    }
}

#[test]
fn urls_are_read_in_their_usual_spelling() {
    let read = |url: &str| urls(Some(&owned(&[url])), "trackers_add");
    assert_eq!(read("HTTP://A.b:80/x").unwrap(), ["http://a.b/x"]);
    assert!(urls(None, "trackers_add").unwrap().is_empty());
    match read("ftp://x").unwrap_err() {
        Error::InvalidParams { member: Some(member), .. } => assert_eq!(member, "trackers_add"),
        other => panic!("{other:?}"),
    }
}
