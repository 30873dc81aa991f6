//! The search for UPnP devices (SSDP).

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::port_mapping::{MappingError, Network};

/// Where searches are sent.
pub(crate) const SSDP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 255, 255, 250), 1900);

/// What is searched for: routers of both versions, and their services where a router answers only
/// for these.
const TARGETS: [&str; 4] = [
    "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
    "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
    "urn:schemas-upnp-org:service:WANIPConnection:1",
    "urn:schemas-upnp-org:service:WANPPPConnection:1",
];
/// How often a search is sent. Datagrams get lost.
const SENDS: u32 = 2;
/// The time between two sends.
const SEND_INTERVAL: Duration = Duration::from_millis(1_500);
/// How long answers are awaited. Devices wait up to two seconds before they answer.
pub(crate) const SEARCH_TIME: Duration = Duration::from_secs(5);
/// Local addresses that are searched from.
const MAX_LOCAL: usize = 8;
/// Datagrams that are read for each local address.
const MAX_DATAGRAMS: usize = 64;
/// Bytes that are read of a datagram.
const MAX_DATAGRAM: usize = 2_048;
/// Locations that wait while an earlier one is tried. Further ones are dropped.
const QUEUE: usize = 32;
/// Bytes of a location.
const MAX_LOCATION: usize = 512;

/// Where a device describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    pub address: SocketAddrV4,
    pub path: String,
}

/// A search that is under way. It ends when the value is dropped.
#[derive(Debug)]
pub(super) struct Search {
    found: mpsc::Receiver<Location>,
    deadline: Instant,
    _tasks: JoinSet<()>,
}

impl Search {
    /// Sends the search from all local addresses.
    ///
    /// # Errors
    /// When it can be sent from none of them.
    pub async fn start(network: &Network) -> Result<Self, MappingError> {
        let (sender, found) = mpsc::channel(QUEUE);
        let mut tasks = JoinSet::new();
        let mut failure = MappingError::NoRouter;
        for local in network.local_addresses().into_iter().take(MAX_LOCAL) {
            match open(local, network.ssdp).await {
                Ok(socket) => {
                    tasks.spawn(search(socket, network.clone(), sender.clone()));
                }
                Err(error) => failure = error.into(),
            }
        }
        if tasks.is_empty() {
            return Err(failure);
        }
        Ok(Self { found, deadline: Instant::now() + network.timing.search, _tasks: tasks })
    }

    /// The next device. `None` when the time is over, or `lost` is cancelled.
    pub async fn next(&mut self, lost: &CancellationToken) -> Option<Location> {
        tokio::select! {
            () = lost.cancelled() => None,
            // What has arrived counts, even if the time is over.
            location = self.found.recv() => location,
            () = tokio::time::sleep_until(self.deadline), if self.found.is_empty() => None,
        }
    }
}

/// Opens a socket for searches from a local address, and sends the first one.
async fn open(local: Ipv4Addr, ssdp: SocketAddrV4) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind((local, 0)).await?;
    SockRef::from(&socket).set_multicast_if_v4(&local)?;
    send(&socket, ssdp).await?;
    Ok(socket)
}

async fn send(socket: &UdpSocket, ssdp: SocketAddrV4) -> std::io::Result<()> {
    for target in TARGETS {
        let request = format!(
            "M-SEARCH * HTTP/1.1\r\nHOST: {SSDP}\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\nST: {target}\r\n\r\n"
        );
        socket.send_to(request.as_bytes(), ssdp).await?;
    }
    Ok(())
}

async fn search(socket: UdpSocket, network: Network, found: mpsc::Sender<Location>) {
    let resend = async {
        for _ in 1..SENDS {
            tokio::time::sleep(SEND_INTERVAL).await;
            let _ = send(&socket, network.ssdp).await;
        }
        std::future::pending::<()>().await;
    };
    let receive = async {
        let mut buffer = [0; MAX_DATAGRAM];
        for _ in 0..MAX_DATAGRAMS {
            // An error may belong to an earlier send.
            let Ok((len, from)) = socket.recv_from(&mut buffer).await else { continue };
            let SocketAddr::V4(from) = from else { continue };
            let answer = buffer.get(..len).unwrap_or_default();
            if network.accepts(*from.ip())
                && let Some(location) = parse_answer(answer, *from.ip())
            {
                let _ = found.try_send(location);
            }
        }
        // The search ends by time.
        std::future::pending::<()>().await;
    };
    tokio::join!(resend, receive);
}

/// The location in an answer, if it is on the address that answered.
fn parse_answer(answer: &[u8], from: Ipv4Addr) -> Option<Location> {
    let mut lines = std::str::from_utf8(answer).ok()?.lines();
    let mut status = lines.next()?.split_ascii_whitespace();
    if !status.next()?.starts_with("HTTP/1.") || status.next()? != "200" {
        return None;
    }
    let location = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("location").then_some(value.trim())
    })?;
    if location.len() > MAX_LOCATION {
        return None;
    }
    let url = Url::parse(location).ok()?;
    let address = super::at_address(&url, from)?;
    Some(Location { address, path: super::path_of(&url) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FROM: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);

    fn parse(location: &str) -> Option<Location> {
        let answer = format!(
            "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nLOCATION: {location}\r\nEXT:\r\n\r\n"
        );
        parse_answer(answer.as_bytes(), FROM)
    }

    #[test]
    fn a_location_on_the_sender_is_taken() {
        let location = parse("http://192.168.1.1:5000/rootDesc.xml?v=1").unwrap();
        assert_eq!(location.address, SocketAddrV4::new(FROM, 5000));
        assert_eq!(location.path, "/rootDesc.xml?v=1");
        assert_eq!(parse("http://192.168.1.1").unwrap().path, "/");
    }

    #[test]
    fn other_locations_are_refused() {
        for location in [
            "http://192.168.1.2:5000/",
            "http://router.local/",
            "https://192.168.1.1/",
            "http://[::1]/",
            "http://192.168.1.1@203.0.113.1/",
            "http://192.168.1.1:0/",
            "/rootDesc.xml",
            "",
        ] {
            assert_eq!(parse(location), None, "{location}");
        }
        assert_eq!(parse(&format!("http://192.168.1.1/{}", "x".repeat(600))), None);
        let not_found = "HTTP/1.1 404 No\r\nLocation: http://192.168.1.1/\r\n\r\n";
        assert_eq!(parse_answer(not_found.as_bytes(), FROM), None);
        let notify = "NOTIFY * HTTP/1.1\r\nLocation: http://192.168.1.1/\r\n\r\n";
        assert_eq!(parse_answer(notify.as_bytes(), FROM), None);
    }

    #[test]
    fn a_path_cannot_add_headers() {
        let location = parse("http://192.168.1.1/a b\u{1}c").unwrap();
        assert!(location.path.bytes().all(|byte| byte.is_ascii_graphic()), "{}", location.path);
    }

    proptest! {
        #[test]
        fn any_answer_is_read(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            location in "\\PC{0,60}",
        ) {
            parse_answer(&bytes, FROM);
            if let Some(location) = parse(&location) {
                prop_assert_eq!(*location.address.ip(), FROM);
            }
            if let Some(location) = parse(&format!("http://192.168.1.1/{location}")) {
                prop_assert!(location.path.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
