use proptest::prelude::*;

use super::*;
use crate::announcer::testing::request;

#[test]
fn requests_are_laid_out_as_the_protocol_says() {
    assert_eq!(connect(7), [0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0, 0, 0, 0, 7]);
    let packet = announce(0x0102_0304_0506_0708, 9, &request(), "/");
    assert_eq!(packet.len(), 98);
    assert_eq!(packet[..16], [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 0, 0, 0, 9]);
    assert_eq!(packet[16..36], [1; 20]);
    assert_eq!(&packet[36..56], b"-TP0100-abcdefghijkl");
    let numbers: Vec<_> = packet[56..80].chunks(8).map(|number| number[7]).collect();
    assert_eq!(numbers, [2, 3, 1], "downloaded, left, uploaded");
    assert_eq!(packet[80..88], [0, 0, 0, 2, 0, 0, 0, 0], "started, address of the sender");
    assert_eq!(packet[88..98], [0, 0, 0xbe, 0xef, 0, 0, 0, 80, 0x1a, 0xe1]);
    let packet = scrape(1, 2, &[3; 20]);
    assert_eq!((packet.len(), packet[11], packet[15], packet[16]), (36, 2, 2, 3));
}

#[test]
fn events_have_their_numbers() {
    let mut request = request();
    for (event, number) in
        [(Event::None, 0), (Event::Completed, 1), (Event::Started, 2), (Event::Stopped, 3)]
    {
        request.event = event;
        assert_eq!(announce(0, 0, &request, "")[80..84], [0, 0, 0, number]);
    }
}

#[test]
fn path_and_query_go_into_options_of_255_bytes() {
    let packet = announce(0, 0, &request(), "/announce?key=1");
    assert_eq!(packet[98..100], [2, 15]);
    assert_eq!(&packet[100..], b"/announce?key=1");
    let long = format!("/{}", "x".repeat(299));
    let packet = announce(0, 0, &request(), &long);
    assert_eq!((packet[98], packet[99], packet[355], packet[356]), (2, 255, 2, 45));
    assert_eq!(packet.len(), 98 + 300 + 4);
}

#[test]
fn answers_are_read() {
    let mut packet = vec![0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 7, 8, 0, 0, 0, 1, 0, 0, 0, 2];
    packet.extend([192, 0, 2, 1, 0x1a, 0xe1, 192, 0, 2, 2, 0, 0, 192, 0, 2, 3, 0x1a]);
    assert_eq!(transaction(&packet), Some(9));
    let expected = Answer {
        interval: Some(1_800),
        seeds: Some(2),
        leechers: Some(1),
        peers: vec!["192.0.2.1:6881".parse().unwrap()],
        ..Answer::default()
    };
    assert_eq!(parse(&packet, Family::V4), Some(Packet::Announce(expected)));
    packet.truncate(20);
    packet.extend("2001:db8::1".parse::<std::net::Ipv6Addr>().unwrap().octets());
    packet.extend([0x1a, 0xe1]);
    let Some(Packet::Announce(answer)) = parse(&packet, Family::V6) else { panic!() };
    assert_eq!(answer.peers, ["[2001:db8::1]:6881".parse().unwrap()]);
    packet[8] = 0xff;
    let Some(Packet::Announce(answer)) = parse(&packet, Family::V6) else { panic!() };
    assert!(answer.interval.unwrap() < 0);

    let connect = [0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8];
    let connection_id = 0x0102_0304_0506_0708;
    assert_eq!(parse(&connect, Family::V4), Some(Packet::Connect { connection_id }));
    let error = b"\0\0\0\x03\0\0\0\x09no \xff\0padding";
    assert_eq!(parse(error, Family::V4), Some(Packet::Error("no \u{fffd}".into())));
    let scrape = [0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
    let counts = Scrape { seeds: Some(1), downloads: Some(2), leechers: Some(3) };
    assert_eq!(parse(&scrape, Family::V4), Some(Packet::Scrape(counts)));
}

#[test]
fn short_and_unknown_packets_are_none() {
    for packet in [&[0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 1][..], &[0; 15], &[0, 0, 0, 4, 0, 0], &[]] {
        assert_eq!(parse(packet, Family::V4), None);
    }
    assert_eq!(transaction(&[0; 7]), None);
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes: Vec<u8>, action in 0u8..5) {
        let mut packet = vec![0, 0, 0, action];
        packet.extend(bytes);
        for family in Family::ALL {
            if let Some(Packet::Announce(answer)) = parse(&packet, family) {
                prop_assert!(answer.peers.len() <= packet.len() / 6);
            }
        }
    }
}
