use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;

fn peers(answer: &Answer) -> Vec<String> {
    answer.peers.iter().map(ToString::to_string).collect()
}

#[test]
fn a_plain_answer_is_read() {
    let answer = parse(
        b"d8:completei5e10:downloadedi7e11:external ip4:\xc0\x00\x02\x0910:incompletei6e\
          8:intervali900e12:min intervali60e5:peers6:\xc0\x00\x02\x01\x1a\xe1\
          10:tracker id3:abc15:warning message2:hie",
    );
    let expected = Answer {
        interval: Some(900),
        min_interval: Some(60),
        seeds: Some(5),
        leechers: Some(6),
        downloads: Some(7),
        peers: vec!["192.0.2.1:6881".parse().unwrap()],
        peer_names: vec![],
        warning: Some("hi".into()),
        tracker_id: Some(b"abc".to_vec()),
        external_ip: Some("192.0.2.9".parse().unwrap()),
    };
    assert_eq!(answer, Ok(expected));
}

#[test]
fn little_is_needed() {
    assert_eq!(parse(b"de"), Ok(Answer::default()));
    assert_eq!(parse(b"\r\n d5:peers0:e<!-- -->"), Ok(Answer::default()));
    let answer = parse(b"d6:peers618:\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe1e").unwrap();
    assert_eq!((answer.interval, peers(&answer)), (None, vec!["[2001:db8::1]:6881".into()]));
    let odd = b"d8:completei-5e10:incompletei4294967296e8:interval3:9006:peers6i1e5:peersi5ee";
    let answer = parse(odd).unwrap();
    assert_eq!((answer.seeds, answer.leechers, answer.interval), (None, None, Some(900)));
    let huge = parse(b"d8:intervali1099511627776e12:min intervali-99999999999999999999ee").unwrap();
    assert_eq!(huge.interval, Some(1 << 40));
    assert!(huge.min_interval.unwrap() < 0);
}

#[test]
fn bad_peers_are_skipped() {
    let compact =
        b"d5:peers20:\xc0\x00\x02\x01\x1a\xe1\xc0\x00\x02\x02\0\0\xe0\0\0\x01\0\x01\x7f\0e";
    assert_eq!(peers(&parse(compact).unwrap()), ["192.0.2.1:6881"]);
    let list = [
        "d2:ip9:192.0.2.14:porti1ee",
        "d2:ip11:2001:db8::17:peer id1:x4:porti2ee",
        "d2:ip13:[2001:db8::2]4:port1:3e",
        "d2:ip16:::ffff:192.0.2.24:porti4ee",
        "i5e",
        "le",
        "3:abc",
        "d2:ip9:192.0.2.9e",
        "d4:porti1ee",
        "d2:ipi1e4:porti1ee",
        "d2:ip9:192.0.2.94:porti0ee",
        "d2:ip9:192.0.2.94:porti65536ee",
        "d2:ip9:192.0.2.94:porti-1ee",
        "d2:ip14:Peer.example.A4:porti6ee",
        "d2:ip7:1.2.3.44:porti7ee",
        "d2:ip11:999.1.1.1.14:porti8ee",
        "d2:ip5:a b/c4:porti9ee",
    ];
    let answer = parse(format!("d5:peersl{}ee", list.concat()).as_bytes()).unwrap();
    assert_eq!(
        peers(&answer),
        ["192.0.2.1:1", "[2001:db8::1]:2", "[2001:db8::2]:3", "192.0.2.2:4", "1.2.3.4:7"]
    );
    assert_eq!(answer.peer_names, [("peer.example.a".to_owned(), 6)]);
}

#[test]
fn peers_and_names_are_bounded() {
    let mut body = b"d5:peers60000:".to_vec();
    body.extend([192, 0, 2, 1, 0x1a, 0xe1].repeat(10_000));
    body.extend(b"6:peers6l");
    for number in 0..50 {
        body.extend(format!("d2:ip7:a{number:02}.org4:porti1ee").bytes());
    }
    body.extend(b"ee");
    let answer = parse(&body).unwrap();
    assert_eq!((answer.peers.len(), answer.peer_names.len()), (MAX_PEERS, MAX_PEER_NAMES));
}

#[test]
fn failures_say_why_and_when_to_retry() {
    let failure = |body: &[u8]| parse(body).unwrap_err();
    let plain = failure(b"d14:failure reason5:no\xff !e");
    assert_eq!((plain.message.as_str(), plain.retry), ("no\u{fffd} !", Retry::BackOff));
    assert!(!plain.unreachable);
    let retry =
        |value: &str| failure(format!("d14:failure reason1:x8:retry in{value}e").as_bytes());
    let minutes = |minutes: u64| Retry::After(Duration::from_secs(60 * minutes));
    assert_eq!(retry("i5e").retry, minutes(5));
    assert_eq!(retry("2:10").retry, minutes(10));
    assert_eq!(retry("5:never").retry, Retry::Never);
    assert_eq!(retry("i0e").retry, Retry::BackOff);
    assert_eq!(retry("i-1e").retry, Retry::BackOff);
    assert_eq!(retry("i1099511627776e").retry, Retry::After(MAX_INTERVAL));
    assert_eq!(failure(b"d14:failure reason0:e").message, "The tracker refuses.");
    for nonsense in [&b""[..], b"<html>", b"le", b"i5e", b"d", b"d5:peers99:e"] {
        assert_eq!(failure(nonsense).message, NOT_BENCODED);
    }
}

#[test]
fn scrapes_are_read() {
    let hash = InfoHash([b'h'; 20]);
    let body =
        format!("d5:filesd20:{}d8:completei1e10:downloadedi2e10:incompletei3eeee", "h".repeat(20));
    let counts = Scrape { seeds: Some(1), downloads: Some(2), leechers: Some(3) };
    assert_eq!(parse_scrape(body.as_bytes(), &hash), Ok(counts));
    assert!(parse_scrape(body.as_bytes(), &InfoHash([0; 20])).is_err());
    assert!(parse_scrape(b"de", &hash).is_err());
}

#[test]
fn compressed_answers_are_recognised() {
    let body = b"d5:peers0:e";
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(body).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(body).unwrap();
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
    deflate.write_all(body).unwrap();
    for (compressed, raw) in [
        (gzip.clone(), false),
        (gzip[..gzip.len() - 8].to_vec(), false),
        (zlib.finish().unwrap(), false),
        (deflate.finish().unwrap(), true),
        (body.to_vec(), true),
    ] {
        assert_eq!(decompress(&compressed, raw).unwrap(), &body[..]);
    }
    assert!(decompress(&gzip[..12], false).is_err());
}

#[test]
fn a_bomb_is_not_unpacked() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        gzip.write_all(&vec![b'e'; 1 << 20]).unwrap();
    }
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 100_000);
    assert_eq!(decompress(&bomb, false).unwrap_err().message, TOO_LARGE);
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes: Vec<u8>, raw: bool) {
        if let Ok(body) = decompress(&bytes, raw) {
            let _ = parse(&body);
            let _ = parse_scrape(&body, &InfoHash([0; 20]));
        }
    }

    #[test]
    fn any_members_are_read(values in proptest::collection::vec(
        prop_oneof![
            any::<i64>().prop_map(|number| format!("i{number}e")),
            "[a-z0-9.:]{0,20}".prop_map(|text| format!("{}:{text}", text.len())),
            "[a-z0-9.:]{0,20}".prop_map(|text| format!("ld2:ip{}:{text}4:porti80eee", text.len())),
        ], 10)) {
        let keys = ["complete", "downloaded", "external ip", "failure reason", "interval",
            "min interval", "peers", "peers6", "retry in", "tracker id"];
        for skip in [true, false] {
            let body: String = keys.iter().zip(&values)
                .filter(|(key, _)| !skip || **key != "failure reason")
                .map(|(key, value)| format!("{}:{key}{value}", key.len()))
                .collect();
            match parse(format!("d{body}e").as_bytes()) {
                Ok(answer) => prop_assert!(answer.peers.iter().all(|one| one.port() != 0)),
                Err(failure) => prop_assert!(!failure.message.is_empty()),
            }
        }
    }
}
