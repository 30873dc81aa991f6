use super::*;
use proptest::prelude::*;

const HEX: &str = "c12fe1c06bba254a9dc9f519b335aa7c1367a88a";

fn sentence(uri: &str) -> String {
    match Magnet::parse(uri) {
        Err(Error::InvalidMagnet(sentence)) => sentence,
        other => panic!("{uri}: {other:?}"),
    }
}

#[test]
fn hex_and_base32_in_any_case_are_the_same_torrent() {
    for hash in [
        HEX,
        &HEX.to_uppercase(),
        "yex6dqdlxisuvhoj6um3gnnkpqjwpkek",
        "YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK",
    ] {
        let magnet = Magnet::parse(&format!("MAGNET:?XT=URN:BTIH:{hash}")).unwrap();
        assert_eq!(magnet.info_hash.to_string(), HEX);
    }
}

#[test]
fn everything_in_a_link_is_read() {
    let magnet = Magnet::parse(&format!(
        " magnet:?dn=A+name%3A+%E6%97%A5&xt.1=urn:btmh:1220aa&xt.2=urn:btih:{HEX}\
         &tr=udp%3A%2F%2Ftracker.example%3A80&amp;tr.1=https://t.example/announce\
         &tr=udp://tracker.example:80&tr=ftp://no.example&tr=javascript:x\
         &x.pe=1.2.3.4:5&x.pe=Host.Example:6&x.pe=[::1]:7&x.pe=nonsense&x.pe=a:0\
         &so=0,4-6,5-8,2&ws=http://seed.example/&x.unknown=1 "
    ))
    .unwrap();
    assert_eq!(magnet.name.as_deref(), Some("A name: 日"));
    assert_eq!(magnet.trackers, ["udp://tracker.example:80", "https://t.example/announce"]);
    assert_eq!(magnet.peers, ["1.2.3.4:5", "host.example:6", "[::1]:7"]);
    assert_eq!(magnet.selected.as_ref().unwrap().to_string(), "0,2,4-8");
    assert_eq!(magnet.selected.as_ref().unwrap().indices(6), [0, 2, 4, 5]);
    assert_eq!(magnet.web_seeds, ["http://seed.example/"]);
    assert_eq!(Magnet::parse(&magnet.to_uri()).unwrap(), magnet);
}

#[test]
fn every_refusal_says_why() {
    assert!(sentence("http://example.org").contains("not a magnet link"));
    assert!(sentence("magnet").contains("not a magnet link"));
    assert!(sentence("magnet:").contains("no “xt”"));
    assert!(sentence("magnet:?dn=x").contains("no “xt”"));
    assert!(sentence("magnet:?xt=urn:btih:123").contains("damaged"));
    assert!(
        sentence("magnet:?xt=urn:btih:0000000000000000000000000000000é000000").contains("damaged")
    );
    assert!(sentence("magnet:?xt=urn:btmh:1220abcd").contains("v2-only"));
    assert!(sentence("magnet:?xt=urn:sha1:ABC").contains("not for BitTorrent"));
    let long = format!("magnet:?xt=urn:btih:{HEX}&dn={}", "x".repeat(limits::MAGNET));
    assert!(matches!(Magnet::parse(&long), Err(Error::TooLarge(_))));
}

#[test]
fn giant_and_senseless_selections_are_harmless() {
    let select =
        |so: &str| Magnet::parse(&format!("magnet:?xt=urn:btih:{HEX}&so={so}")).unwrap().selected;
    let all = select("0-100000000000000").unwrap();
    assert_eq!(all.indices(3), [0, 1, 2]);
    assert_eq!(select("0-99999999999999999999999999999").unwrap(), all);
    assert_eq!(select("100000000000000"), None);
    assert_eq!(select("5-2,x,-,,-1,1-"), None);
    assert_eq!(select("7-9").unwrap().indices(3), [] as [usize; 0]);
    assert_eq!(select("1,0").unwrap().to_string(), "0-1");
}

#[test]
fn lists_are_bounded() {
    let mut uri = format!("magnet:?xt=urn:btih:{HEX}");
    for n in 0..1000 {
        _ = write!(uri, "&tr=udp://t{n}.example:1&x.pe=h{n}:1");
    }
    let magnet = Magnet::parse(&uri).unwrap();
    assert_eq!((magnet.trackers.len(), magnet.peers.len()), (MAX_SOURCES, MAX_SOURCES));
}

#[test]
fn what_is_written_can_be_read_again_however_long_its_sources_are() {
    let name = "\"".repeat(MAX_NAME_BYTES);
    let so: String = (0..MAX_RANGES).map(|n| format!("{},", 2 * n + 100_000)).collect();
    let mut magnet =
        Magnet::parse(&format!("magnet:?xt=urn:btih:{HEX}&dn={name}&so={so}")).unwrap();
    magnet.trackers =
        (0..MAX_SOURCES).map(|n| format!("http://t.example/{n}?{}", "%22".repeat(500))).collect();
    let uri = magnet.to_uri();
    assert!(uri.len() <= limits::MAGNET);
    let again = Magnet::parse(&uri).unwrap();
    assert_eq!((&again.name, &again.selected), (&magnet.name, &magnet.selected));
    assert!(!again.trackers.is_empty() && magnet.trackers.starts_with(&again.trackers));
    assert_eq!(again.to_uri(), uri);
}

#[test]
fn the_host_of_the_first_tracker_is_found() {
    for (trackers, host) in [
        ("&tr=udp://Tracker.Example:80/announce&tr=http://other.example/", Some("tracker.example")),
        ("&tr=nonsense&x.pe=1.2.3.4:5&tr.2=https://[2001:db8::1]/a", Some("[2001:db8::1]")),
        ("&dn=tr%3Dudp", None),
    ] {
        let magnet = Magnet::parse(&format!("magnet:?xt=urn:btih:{HEX}{trackers}")).unwrap();
        assert_eq!(tracker_host(&magnet.to_uri()).as_deref(), host, "{trackers}");
    }
    assert_eq!(tracker_host(""), None);
}

proptest! {
    #[test]
    fn any_text_is_survived(text in "(magnet:\\?)?(xt=urn:bt[im]h:[0-9a-z]{0,41}|[&=%+.,a-z0-9-]|\\PC){0,60}") {
        _ = Magnet::parse(&text);
    }

    #[test]
    fn what_is_parsed_parses_again(
        name in "\\PC{0,300}", so in "[0-9,-]{0,40}", tracker in "udp://[a-z]{1,9}/[\\PC]{0,20}", peer in "[a-z.0-9]{1,9}:[0-9]{1,6}",
    ) {
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let uri = format!(
            "magnet:?xt=urn:btih:{HEX}&dn={}&so={so}&tr={}&x.pe={}",
            encode(&name), encode(&tracker), encode(&peer)
        );
        let magnet = Magnet::parse(&uri).unwrap();
        prop_assert_eq!(Magnet::parse(&magnet.to_uri()).unwrap(), magnet);
    }
}
