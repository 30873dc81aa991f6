//! The message of BEP 14, in the form of an HTTP request.

use std::fmt::Write as _;
use std::net::SocketAddr;

use torrpeddo_readers::metainfo::InfoHash;

/// Info-hashes of a message of ours: 20 lines of 52 bytes stay below the 1,400 bytes of BEP 14.
pub(super) const MAX_HASHES: usize = 20;
/// Lines that are read of a message. A datagram of 1,400 bytes has room for fewer info-hashes.
const MAX_LINES: usize = 64;

/// An announcement of a peer in the local network.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Announcement<'a> {
    /// The port at which the sender accepts peers.
    pub port: u16,
    /// The torrents.
    pub info_hashes: Vec<InfoHash>,
    /// What the sender recognises its own announcements by.
    pub cookie: Option<&'a str>,
}

impl<'a> Announcement<'a> {
    /// Parses a datagram. `None` unless it has a port and at least one info-hash; other headers and
    /// info-hashes that are none are ignored.
    pub fn parse(datagram: &'a [u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(datagram).ok()?.lines();
        if !lines.next()?.starts_with("BT-SEARCH ") {
            return None;
        }
        let (mut port, mut info_hashes, mut cookie) = (None, Vec::new(), None);
        for line in lines.take(MAX_LINES) {
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match name.trim() {
                name if name.eq_ignore_ascii_case("port") => port = value.parse::<u16>().ok(),
                name if name.eq_ignore_ascii_case("infohash") => {
                    info_hashes.extend(value.parse::<InfoHash>().ok());
                }
                name if name.eq_ignore_ascii_case("cookie") => cookie = Some(value),
                _ => {}
            }
        }
        let port = port.filter(|port| *port != 0)?;
        (!info_hashes.is_empty()).then_some(Self { port, info_hashes, cookie })
    }
}

/// Encodes an announcement. `group` is the multicast group that it is sent to.
pub(super) fn encode(
    group: SocketAddr,
    port: u16,
    info_hashes: &[InfoHash],
    cookie: &str,
) -> String {
    let mut message = format!("BT-SEARCH * HTTP/1.1\r\nHost: {group}\r\nPort: {port}\r\n");
    for info_hash in info_hashes {
        // Writing to a string does not fail.
        let _ = write!(message, "Infohash: {info_hash}\r\n");
    }
    let _ = write!(message, "cookie: {cookie}\r\n\r\n\r\n");
    message
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_of_other_clients_are_read() {
        let hash = "0123456789ABCDEF0123456789abcdef01234567";
        let text = format!(
            "BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 51413\r\nInfohash: {hash}\r\n\r\n\r\n"
        );
        let read = Announcement::parse(text.as_bytes()).unwrap();
        assert_eq!((read.port, read.cookie), (51413, None));
        assert_eq!(read.info_hashes, [hash.parse().unwrap()]);
        let odd = format!(
            "BT-SEARCH * HTTP/1.1\nPORT:1\ninfohash : {hash}\nInfohash: short\nCookie: a1\nX\n"
        );
        let read = Announcement::parse(odd.as_bytes()).unwrap();
        assert_eq!((read.port, read.cookie, read.info_hashes.len()), (1, Some("a1"), 1));
    }

    #[test]
    fn incomplete_messages_are_refused() {
        let hash = "0123456789abcdef0123456789abcdef01234567";
        let refused = [
            String::new(),
            format!("M-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: {hash}\r\n\r\n"),
            format!("BT-SEARCH * HTTP/1.1\r\nInfohash: {hash}\r\n\r\n"),
            format!("BT-SEARCH * HTTP/1.1\r\nPort: 0\r\nInfohash: {hash}\r\n\r\n"),
            format!("BT-SEARCH * HTTP/1.1\r\nPort: 65536\r\nInfohash: {hash}\r\n\r\n"),
            "BT-SEARCH * HTTP/1.1\r\nPort: 1\r\n\r\n".into(),
        ];
        for text in &refused {
            assert_eq!(Announcement::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_largest_message_fits() {
        let hashes = [InfoHash([0xab; 20]); MAX_HASHES];
        let group = "[ff15::efc0:988f]:6771".parse().unwrap();
        assert!(encode(group, 65535, &hashes, &u32::MAX.to_string()).len() <= 1400);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read(
            port in 1u16..,
            hashes in proptest::collection::vec(any::<[u8; 20]>(), 1..=MAX_HASHES),
            cookie in any::<u32>(),
        ) {
            let hashes: Vec<_> = hashes.into_iter().map(InfoHash).collect();
            let cookie = cookie.to_string();
            let text = encode("239.192.152.143:6771".parse().unwrap(), port, &hashes, &cookie);
            let read = Announcement::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(read, Announcement { port, info_hashes: hashes, cookie: Some(&cookie) });
        }

        #[test]
        fn any_datagram_is_read(
            tail in proptest::collection::vec(any::<u8>(), 0..200),
            text in "BT-SEARCH (port|Infohash|[a-z]|:|\r\n|[0-9])*",
        ) {
            Announcement::parse(&tail);
            Announcement::parse(text.as_bytes());
            Announcement::parse(&[b"BT-SEARCH * HTTP/1.1\r\nPort: 1\r\n", &tail[..]].concat());
        }
    }
}
