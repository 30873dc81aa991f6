//! What a tracker's URL says: protocol, host, and what is sent there.

use std::fmt::Write as _;

use torrpeddo_readers::metainfo::InfoHash;
use url::{Host, Url};

use super::exchange::{Event, Request};
use super::udp_packets::MAX_URL_DATA;

/// Bytes of a tracker's URL.
pub const MAX_URL: usize = 2_048;

/// A tracker that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Over HTTP or HTTPS.
    Http(Url),
    /// Over UDP (BEP 15).
    Udp(UdpTarget),
}

/// A tracker that is asked over UDP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UdpTarget {
    /// Host name or address.
    pub host: Host<String>,
    /// Port, 80 if the URL names none.
    pub port: u16,
    /// Path and query, at most [`MAX_URL_DATA`] bytes (BEP 41).
    pub url_data: String,
}

impl Target {
    /// Reads a tracker's URL.
    ///
    /// # Errors
    /// A sentence that says why the tracker cannot be asked.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        let url = url.trim();
        if url.len() > MAX_URL {
            return Err("The tracker's URL is too long.");
        }
        let invalid = |_| "The tracker's URL is not valid.";
        if url.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("udp:")) {
            // The rules of `http` URLs apply: names are lower case and in ASCII, addresses are read.
            let rest = url.get(4..).unwrap_or_default();
            let url = Url::parse(&format!("http:{rest}")).map_err(invalid)?;
            return UdpTarget::new(&url).map(Self::Udp);
        }
        let mut url = Url::parse(url).map_err(invalid)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("Only http, https and udp trackers are supported.");
        }
        url.set_fragment(None);
        Ok(Self::Http(url))
    }

    /// Host name or address.
    #[must_use]
    pub fn host(&self) -> Option<Host<&str>> {
        match self {
            Self::Http(url) => url.host(),
            Self::Udp(target) => Some(match &target.host {
                Host::Domain(name) => Host::Domain(name.as_str()),
                Host::Ipv4(ip) => Host::Ipv4(*ip),
                Host::Ipv6(ip) => Host::Ipv6(*ip),
            }),
        }
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        match self {
            Self::Http(url) => url.port_or_known_default().unwrap_or_default(),
            Self::Udp(target) => target.port,
        }
    }
}

impl UdpTarget {
    fn new(url: &Url) -> Result<Self, &'static str> {
        let host = url.host().ok_or("The tracker's URL has no host.")?.to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        let mut url_data = url.path().to_owned();
        if let Some(query) = url.query() {
            url_data.push('?');
            url_data.push_str(query);
        }
        if port == 0 {
            return Err("The tracker's URL has no port.");
        }
        if url_data.len() > MAX_URL_DATA {
            return Err("The tracker's URL is too long.");
        }
        Ok(Self { host, port, url_data })
    }
}

/// The URL of an announce (BEP 3, 7, 23). The tracker's own query is kept as it is.
#[must_use]
pub fn announce_url(tracker: &Url, request: &Request) -> Url {
    let mut query = own_query(tracker);
    query.push_str("info_hash=");
    escape(&request.info_hash.0, &mut query);
    query.push_str("&peer_id=");
    escape(&request.peer_id, &mut query);
    // Writing to a string does not fail.
    let _ = write!(
        query,
        "&port={}&uploaded={}&downloaded={}&left={}&key={:08X}&numwant={}",
        request.port,
        request.uploaded,
        request.downloaded,
        request.left,
        request.key,
        request.numwant,
    );
    query.push_str(match request.event {
        Event::None => "",
        Event::Completed => "&event=completed",
        Event::Started => "&event=started",
        Event::Stopped => "&event=stopped",
    });
    query.push_str("&compact=1&no_peer_id=1&supportcrypto=0");
    if let Some(id) = &request.tracker_id {
        query.push_str("&trackerid=");
        escape(id, &mut query);
    }
    with_query(tracker, &query)
}

/// The URL of a scrape (BEP 48); `None` if the tracker's last path segment does not begin with
/// `announce`.
#[must_use]
pub fn scrape_url(tracker: &Url, info_hash: &InfoHash) -> Option<Url> {
    let (folder, last) = tracker.path().rsplit_once('/')?;
    let rest = last.strip_prefix("announce")?;
    let mut url = tracker.clone();
    url.set_path(&format!("{folder}/scrape{rest}"));
    let mut query = own_query(tracker);
    query.push_str("info_hash=");
    escape(&info_hash.0, &mut query);
    Some(with_query(&url, &query))
}

fn own_query(tracker: &Url) -> String {
    match tracker.query() {
        None | Some("") => String::with_capacity(384),
        Some(query) if query.ends_with('&') => query.to_owned(),
        Some(query) => format!("{query}&"),
    }
}

fn with_query(tracker: &Url, query: &str) -> Url {
    let mut url = tracker.clone();
    url.set_query(Some(query));
    url
}

/// Percent-encodes all but unreserved characters (RFC 3986 §2.3).
fn escape(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            out.push(char::from(*byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::announcer::testing::request;

    fn http(url: &str) -> Url {
        match Target::parse(url) {
            Ok(Target::Http(url)) => url,
            other => panic!("{url}: {other:?}"),
        }
    }

    fn udp(url: &str) -> UdpTarget {
        match Target::parse(url) {
            Ok(Target::Udp(target)) => target,
            other => panic!("{url}: {other:?}"),
        }
    }

    #[test]
    fn urls_name_protocol_host_and_port() {
        let target = udp("UDP://Tracker.Example.org:6969/announce?a=b#c");
        assert_eq!(target.host.to_string(), "tracker.example.org");
        assert_eq!((target.port, target.url_data.as_str()), (6969, "/announce?a=b"));
        let target = udp(" udp://[2001:db8::1] ");
        assert_eq!((target.port, target.url_data.as_str()), (80, "/"));
        assert!(matches!(target.host, Host::Ipv6(_)));
        assert_eq!(udp("udp://bücher.example:1").host.to_string(), "xn--bcher-kva.example");
        assert_eq!(Target::parse("https://a.example/x").map(|target| target.port()), Ok(443));
    }

    #[test]
    fn unusable_urls_are_refused() {
        let long = format!("http://a.example/{}", "x".repeat(MAX_URL));
        let long_udp = format!("udp://a.example:1/{}", "x".repeat(MAX_URL_DATA));
        for url in
            ["", "udp:", "udp://", "udp://a.example:0", "wss://a.example/announce", "a", "http://"]
                .into_iter()
                .chain([long.as_str(), long_udp.as_str()])
        {
            assert!(Target::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn announces_keep_the_trackers_query() {
        let mut request = request();
        request.info_hash.0[..4].copy_from_slice(b"\0a~&");
        let url = announce_url(&http("http://a.example/announce?passkey=%41b+c#x"), &request);
        let query = url.query().unwrap();
        assert!(query.starts_with("passkey=%41b+c&info_hash=%00a~%26%01"), "{query}");
        assert!(query.ends_with(
            "&port=6881&uploaded=1&downloaded=2&left=3&key=0000BEEF&numwant=80&event=started\
             &compact=1&no_peer_id=1&supportcrypto=0"
        ));
        request.event = Event::None;
        request.tracker_id = Some(b"i d".to_vec());
        let url = announce_url(&http("http://a.example/announce?"), &request);
        let query = url.query().unwrap();
        assert!(query.starts_with("info_hash=") && !query.contains("event"), "{query}");
        assert!(query.ends_with("&trackerid=i%20d"), "{query}");
    }

    #[test]
    fn scrapes_replace_the_last_segment() {
        let scrape = |url| scrape_url(&http(url), &InfoHash([b'a'; 20])).map(String::from);
        let hash = "a".repeat(20);
        for (announce, expected) in [
            ("http://e.org/announce", "http://e.org/scrape?info_hash="),
            ("http://e.org/x/announce", "http://e.org/x/scrape?info_hash="),
            ("http://e.org/announce.php?k=1", "http://e.org/scrape.php?k=1&info_hash="),
        ] {
            assert_eq!(scrape(announce), Some(format!("{expected}{hash}")));
        }
        for announce in ["http://e.org/a", "http://e.org/announce/x", "http://e.org/xannounce"] {
            assert_eq!(scrape(announce), None);
        }
    }
}
