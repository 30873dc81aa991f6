//! Announces of all torrents to trackers of every kind.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use torrpeddo_readers::metainfo::InfoHash;
use url::Host;

use super::exchange::{Answer, Failure, Family, Request, Scrape};
use super::gate::Gate;
use super::http::HttpTrackers;
use super::resolver::{Network, Resolver};
use super::target::Target;
use super::udp::UdpTrackers;
use super::{AnnouncerConfig, TrackerPeers};
use crate::wire::address;

/// HTTP requests at the same time, over all torrents.
const MAX_HTTP: usize = 50;
/// HTTP requests at the same time to one host.
const MAX_HTTP_PER_HOST: usize = 8;
/// UDP exchanges at the same time, over all torrents.
const MAX_UDP: usize = 256;
/// UDP exchanges at the same time with one host.
const MAX_UDP_PER_HOST: usize = 64;
/// How long the other address family may take when one has answered.
const GRACE: Duration = Duration::from_secs(10);
/// How long resolving the names of peers may take.
const PEER_NAMES_TIMEOUT: Duration = Duration::from_secs(5);
/// How long peers wait for a receiver that is busy.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(30);

/// The results of an announce by family; `None` for a family that was not asked.
pub(super) type Results = [Option<Result<Answer, Failure>>; 2];

/// The clients that all torrents share.
pub(super) struct Trackers {
    resolver: Resolver,
    http: HttpTrackers,
    udp: UdpTrackers,
    http_gate: Gate,
    udp_gate: Gate,
}

impl Trackers {
    pub(super) fn new(config: &AnnouncerConfig, handle: Handle, network: Network) -> Self {
        let resolver = Resolver::new(handle.clone(), [config.ipv4, config.ipv6], network);
        Self {
            http: HttpTrackers::new(resolver.clone(), config.user_agent.clone()),
            resolver,
            udp: UdpTrackers::new(handle),
            http_gate: Gate::new(MAX_HTTP, MAX_HTTP_PER_HOST),
            udp_gate: Gate::new(MAX_UDP, MAX_UDP_PER_HOST),
        }
    }

    fn gate(&self, target: &Target) -> &Gate {
        match target {
            Target::Http(_) => &self.http_gate,
            Target::Udp(_) => &self.udp_gate,
        }
    }

    /// Announces over each family for which there is a request and an address (BEP 7). Peers go to
    /// `peers` as soon as one family has answered. `attempt` selects among the addresses of a UDP
    /// tracker.
    ///
    /// # Errors
    /// If the tracker could not be reached over any family.
    pub(super) async fn announce(
        &self,
        target: &Target,
        requests: &[Option<Request>; 2],
        attempt: u32,
        peers: Option<&mpsc::Sender<TrackerPeers>>,
    ) -> Result<Results, Failure> {
        let (results, late) = self
            .gate(target)
            .run(&gate_key(target), || self.announce_now(target, requests, attempt, peers))
            .await?;
        if let Some(peers) = peers {
            self.deliver_late(late, peers).await;
        }
        Ok(results)
    }

    async fn announce_now(
        &self,
        target: &Target,
        requests: &[Option<Request>; 2],
        attempt: u32,
        peers: Option<&mpsc::Sender<TrackerPeers>>,
    ) -> Result<(Results, Vec<Late>), Failure> {
        let addresses = self.addresses(target).await?;
        let one = async |family: Family| {
            let request = requests[family.index()].as_ref()?;
            let mut of_family = addresses.clone();
            of_family.retain(|ip| Family::of(*ip) == family);
            let ip = select(&of_family, attempt)?;
            let result = match target {
                Target::Http(url) => self.http.announce(url, family, request).await,
                Target::Udp(udp) => self
                    .udp
                    .announce(SocketAddr::new(ip, udp.port), request, &udp.url_data)
                    .await
                    .map(|answer| (answer, self.resolver.is_local(ip))),
            };
            Some(result.map(|(mut answer, local)| {
                let late = Late::deliver(&mut answer, local, peers);
                (answer, late)
            }))
        };
        let good = |done: &Option<Result<_, _>>| done.as_ref().is_some_and(Result::is_ok);
        let (v4, v6) = both(one(Family::V4), one(Family::V6), good).await;
        let mut late = Vec::new();
        let results = [v4, v6].map(|done| {
            Some(done?.map(|(answer, more)| {
                late.extend(more);
                answer
            }))
        });
        // A host that no family reaches is unreachable for other torrents too.
        let mut failures = results.iter().flatten().map(|result| result.as_ref().err());
        match failures.clone().next() {
            None => Err(Failure::refused("The tracker has no address of a family in use.")),
            Some(Some(first)) if failures.all(|one| one.is_some_and(|one| one.unreachable)) => {
                Err(first.clone())
            }
            Some(_) => Ok((results, late)),
        }
    }

    /// Delivers what the receiver had no room for, and peers that are given by name.
    async fn deliver_late(&self, late: Vec<Late>, peers: &mpsc::Sender<TrackerPeers>) {
        for Late { local, names, rejected } in late {
            let mut named = Vec::new();
            let deadline = Instant::now() + PEER_NAMES_TIMEOUT;
            for (name, port) in &names {
                let host = Host::Domain(name.as_str());
                let resolving = timeout_at(deadline, self.resolver.resolve(&host));
                let Ok(found) = resolving.await else { break };
                named.extend(found.into_iter().map(|ip| SocketAddr::new(ip, *port)));
            }
            named.retain(|peer| address::is_dialable(*peer));
            for one in rejected.into_iter().chain(TrackerPeers::new(named, local)) {
                // A receiver that is gone or stays full gets none.
                let _ = timeout(DELIVERY_TIMEOUT, peers.send(one)).await;
            }
        }
    }

    /// Asks a tracker for the counts of a torrent, over IPv4 if the tracker has such an address.
    pub(super) async fn scrape(
        &self,
        target: &Target,
        info_hash: &InfoHash,
    ) -> Result<Scrape, Failure> {
        let work = || async {
            let addresses = self.addresses(target).await?;
            let ip = addresses.iter().find(|ip| ip.is_ipv4()).or_else(|| addresses.first());
            let Some(ip) = ip.copied() else { return Ok(Scrape::default()) };
            match target {
                Target::Http(url) => self.http.scrape(url, Family::of(ip), info_hash).await,
                Target::Udp(udp) => self.udp.scrape(SocketAddr::new(ip, udp.port), info_hash).await,
            }
        };
        self.gate(target).run(&gate_key(target), work).await
    }

    async fn addresses(&self, target: &Target) -> Result<Vec<IpAddr>, Failure> {
        let host =
            target.host().ok_or_else(|| Failure::refused("The tracker's URL has no host."))?;
        let addresses = self.resolver.resolve(&host).await;
        if addresses.is_empty() {
            return Err(Failure::unreachable(match host {
                Host::Domain(_) => "The tracker's name could not be resolved.",
                _ => "The tracker's address is of a family that is not in use.",
            }));
        }
        Ok(addresses)
    }
}

/// Peers that are delivered after the announce has given its place back.
struct Late {
    local: bool,
    names: Vec<(String, u16)>,
    rejected: Option<TrackerPeers>,
}

impl Late {
    /// Delivers the peers of an answer without waiting. Returns what is left.
    fn deliver(
        answer: &mut Answer,
        local: bool,
        peers: Option<&mpsc::Sender<TrackerPeers>>,
    ) -> Option<Self> {
        let peers = peers?;
        let names = std::mem::take(&mut answer.peer_names);
        let rejected = TrackerPeers::new(answer.peers.clone(), local)
            .and_then(|known| peers.try_send(known).err())
            .map(mpsc::error::TrySendError::into_inner);
        let left = !names.is_empty() || rejected.is_some();
        left.then_some(Self { local, names, rejected })
    }
}

fn gate_key(target: &Target) -> String {
    let host = target.host().map(|host| host.to_string()).unwrap_or_default();
    format!("{host}:{}", target.port())
}

fn select(addresses: &[IpAddr], attempt: u32) -> Option<IpAddr> {
    let index = (attempt as usize).checked_rem(addresses.len())?;
    addresses.get(index).copied()
}

/// Waits for two futures of optional results. When one of them has a good one, the other is given up
/// after [`GRACE`].
async fn both<T>(
    one: impl Future<Output = Option<T>>,
    two: impl Future<Output = Option<T>>,
    good: impl Fn(&Option<T>) -> bool,
) -> (Option<T>, Option<T>) {
    tokio::pin!(one, two);
    tokio::select! {
        first = &mut one => {
            let second = rest(&mut two, good(&first)).await;
            (first, second)
        }
        second = &mut two => {
            let first = rest(&mut one, good(&second)).await;
            (first, second)
        }
    }
}

async fn rest<T>(other: impl Future<Output = Option<T>>, good: bool) -> Option<T> {
    if good { timeout(GRACE, other).await.ok().flatten() } else { other.await }
}
