//! A client of HTTP trackers (BEP 3, 7, 48): requests, redirects, and the rules for local addresses.
//!
//! A torrent from a stranger can name any URL as its tracker, also one of a device in the user's
//! network that acts on a plain GET request. A host with a local address is therefore asked only if the
//! path begins with `/announce` (or `/scrape` for a scrape), as in libtorrent's mitigation of
//! server-side request forgery, and no redirect leads from a public host to a local one. Names are
//! resolved here for that, and a client for public addresses gets no local ones from its resolver.

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode};
use torrpeddo_readers::metainfo::InfoHash;
use url::Url;

use super::exchange::{Answer, Failure, Family, Request, Retry, Scrape};
use super::http_answer::{self, MAX_ANSWER, NOT_BENCODED, TOO_LARGE};
use super::resolver::Resolver;
use super::schedule::MAX_INTERVAL;
use super::target;
use crate::wire::address;

/// How long an announce or scrape may take over one family, redirects included.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
/// How long connecting may take, all addresses of a name together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Redirects followed.
const MAX_REDIRECTS: usize = 5;
/// How long a connection is kept for the next torrent.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// Idle connections kept for each tracker.
const MAX_IDLE: usize = 4;

const SILENT: &str = "The tracker did not answer within 30 s.";
const REFUSED_PATH: &str =
    "A tracker on a local address is asked only if its path begins with /announce.";
const REFUSED_REDIRECT: &str =
    "The tracker redirects to a local address, which only a local tracker may.";

/// The client.
pub(super) struct HttpTrackers {
    resolver: Resolver,
    user_agent: String,
    /// By family, for public and for local hosts. Made when needed first, because reading the system's
    /// certificates takes a while.
    clients: [[OnceLock<Client>; 2]; 2],
}

/// Which paths are asked on local addresses.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Announce,
    Scrape,
}

/// Which addresses of a host are local.
#[derive(Debug, Clone, Copy)]
struct Locality {
    any: bool,
    all: bool,
}

struct Body {
    /// Every address of the host is local.
    local: bool,
    status: StatusCode,
    bytes: Vec<u8>,
    deflated: bool,
    retry_after: Option<Duration>,
}

impl HttpTrackers {
    pub(super) fn new(resolver: Resolver, user_agent: String) -> Self {
        Self { resolver, user_agent, clients: Default::default() }
    }

    /// Announces to `tracker` over one address family. Returns also whether the host that answered is
    /// on a local address.
    pub(super) async fn announce(
        &self,
        tracker: &Url,
        family: Family,
        request: &Request,
    ) -> Result<(Answer, bool), Failure> {
        let url = target::announce_url(tracker, request);
        let body = self.fetch(url, family, Purpose::Announce).await?;
        let local = body.local;
        Ok((body.read(http_answer::parse)?, local))
    }

    /// Asks `tracker` for the counts of a torrent.
    pub(super) async fn scrape(
        &self,
        tracker: &Url,
        family: Family,
        info_hash: &InfoHash,
    ) -> Result<Scrape, Failure> {
        let url = target::scrape_url(tracker, info_hash)
            .ok_or_else(|| Failure::refused("The tracker's URL has none for scrapes."))?;
        let body = self.fetch(url, family, Purpose::Scrape).await?;
        body.read(|bytes| http_answer::parse_scrape(bytes, info_hash))
    }

    async fn fetch(&self, url: Url, family: Family, purpose: Purpose) -> Result<Body, Failure> {
        let silent = |_| Failure::unreachable(SILENT);
        tokio::time::timeout(TIMEOUT, self.follow(url, family, purpose)).await.map_err(silent)?
    }

    async fn follow(&self, first: Url, family: Family, purpose: Purpose) -> Result<Body, Failure> {
        let mut url = first;
        let mut local_allowed = true;
        for _ in 0..=MAX_REDIRECTS {
            let local = self.locality(&url, family).await?;
            if local.any && !local_allowed {
                return Err(Failure::refused(REFUSED_REDIRECT));
            }
            if local.any && !purpose.allows(&url) {
                return Err(Failure::refused(REFUSED_PATH));
            }
            local_allowed &= local.all;
            let client = self.client(family, local.any)?;
            let response = client.get(url.clone()).send().await.map_err(|error| failure(&error))?;
            match redirect(&url, &response) {
                Some(next) => url = next?,
                None => return Body::receive(response, local.all).await,
            }
        }
        Err(Failure::refused("The tracker redirects too often."))
    }

    /// Which of the host's addresses of a family are local.
    async fn locality(&self, url: &Url, family: Family) -> Result<Locality, Failure> {
        let host = url.host().ok_or_else(|| Failure::refused("The tracker's URL has no host."))?;
        let port = url.port_or_known_default().unwrap_or_default();
        let mut addresses = self.resolver.resolve(&host).await;
        addresses.retain(|ip| {
            Family::of(*ip) == family && address::is_dialable(SocketAddr::new(*ip, port))
        });
        if addresses.is_empty() {
            return Err(Failure::unreachable("The tracker's name has no address that is usable."));
        }
        let mut local = addresses.iter().map(|ip| self.resolver.is_local(*ip));
        Ok(Locality { any: local.clone().any(|local| local), all: local.all(|local| local) })
    }

    fn client(&self, family: Family, local: bool) -> Result<&Client, Failure> {
        let [v4, v6] = &self.clients;
        let [public, private] = match family {
            Family::V4 => v4,
            Family::V6 => v6,
        };
        let slot = if local { private } else { public };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let client = self.build(family, local).map_err(|error| {
            tracing::warn!(%error, "no HTTP client for trackers");
            Failure::refused("No HTTP client could be made.")
        })?;
        Ok(slot.get_or_init(|| client))
    }

    fn build(&self, family: Family, local: bool) -> reqwest::Result<Client> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate"));
        Client::builder()
            .user_agent(&self.user_agent)
            .default_headers(headers)
            .referer(false)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(self.resolver.hook(family, local))
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE)
            .http1_only()
            .http1_ignore_invalid_headers_in_responses(true)
            .build()
    }
}

impl Purpose {
    fn allows(self, url: &Url) -> bool {
        let path = url.path();
        // A device may decode `%2f..%2f` before it looks at the path.
        if path.contains('%') {
            return false;
        }
        path.starts_with("/announce") || matches!(self, Self::Scrape) && path.starts_with("/scrape")
    }
}

/// Where a response redirects to.
fn redirect(url: &Url, response: &Response) -> Option<Result<Url, Failure>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?;
    let next = std::str::from_utf8(location.as_bytes()).ok().and_then(|to| url.join(to).ok());
    Some(
        next.filter(|next| matches!(next.scheme(), "http" | "https")).ok_or_else(|| {
            Failure::refused("The tracker redirects to an address that is not valid.")
        }),
    )
}

impl Body {
    async fn receive(mut response: Response, local: bool) -> Result<Self, Failure> {
        let too_large = || Failure::refused(TOO_LARGE);
        if response.content_length().is_some_and(|len| len > MAX_ANSWER as u64) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
            if bytes.len() + chunk.len() > MAX_ANSWER {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        let header = |name: HeaderName| response.headers().get(name)?.to_str().ok();
        let retry_after = header(RETRY_AFTER)
            .and_then(|text| text.trim().parse().ok())
            .filter(|seconds| *seconds > 0)
            .map(|seconds| Duration::from_secs(seconds).min(MAX_INTERVAL));
        let deflated = header(CONTENT_ENCODING).is_some_and(|name| name.contains("deflate"));
        Ok(Self { local, status: response.status(), bytes, deflated, retry_after })
    }

    /// Reads the answer. Trackers also send bencoded failures with an HTTP status of 400 or more.
    fn read<T>(self, parse: impl Fn(&[u8]) -> Result<T, Failure>) -> Result<T, Failure> {
        let result =
            http_answer::decompress(&self.bytes, self.deflated).and_then(|bytes| parse(&bytes));
        match result {
            Ok(answer) if self.status.is_success() => Ok(answer),
            Err(failure) if self.status.is_success() || failure.message != NOT_BENCODED => {
                Err(failure)
            }
            _ => Err(Failure {
                message: format!("The tracker answered with HTTP status {}.", self.status),
                retry: self.retry_after.map_or(Retry::BackOff, Retry::After),
                unreachable: false,
            }),
        }
    }
}

/// The text for an error of the HTTP client. Its own names the URL, and with it the passkey.
fn failure(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::unreachable(SILENT);
    }
    if !error.is_connect() {
        return Failure::refused("The connection to the tracker broke off.");
    }
    let mut source = error.source();
    while let Some(inner) = source {
        match inner.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => {
                return Failure::unreachable("The tracker refuses connections.");
            }
            Some(io::ErrorKind::InvalidData) => {
                return Failure::unreachable("No secure connection to the tracker could be made.");
            }
            _ => source = inner.source(),
        }
    }
    Failure::unreachable("No connection to the tracker could be made.")
}

#[cfg(test)]
mod tests;
