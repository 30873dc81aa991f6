//! Port mapping on the router, so that peers outside the local network can connect to us: UPnP IGD,
//! PCP (RFC 6887) and NAT-PMP (RFC 6886), for IPv4.
//!
//! Answers are not trusted, since any host of the local network can send them: they are limited in
//! size and time, only private addresses are asked, and a description may not refer to another
//! address than the one it came from. `igd-next` builds a tree of the XML recursively, so that deep
//! nesting overflows the stack, and reads up to 1 MiB; so this client is our own.

mod gateway;
mod pcp;
#[cfg(test)]
mod tests;
mod upnp;

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::discovery::interfaces;

/// The lifetime that is asked for a mapping. It ends with that if we cannot remove it.
const LEASE: Duration = Duration::from_secs(3_600);
/// The shortest time after which a mapping is renewed, however short the router's lease is.
const MIN_RENEW: Duration = Duration::from_secs(30);
/// How often the network is looked at: for our address having gone, and for a lease that ran out
/// while the machine slept.
const CHECK_INTERVAL: Duration = Duration::from_secs(300);
/// The pause after no router has mapped the port.
const RETRY: Duration = Duration::from_secs(900);
/// Other external ports that are tried when the wanted one is taken.
const OTHER_PORTS: usize = 3;

/// What is to be mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortMapperConfig {
    /// The port of this machine, and the external one that is wanted.
    pub port: u16,
    /// Whether TCP is mapped.
    pub tcp: bool,
    /// Whether UDP is mapped, to the same external port.
    pub udp: bool,
}

impl PortMapperConfig {
    fn protocols(self) -> Vec<Protocol> {
        let tcp = self.tcp.then_some(Protocol::Tcp);
        tcp.into_iter().chain(self.udp.then_some(Protocol::Udp)).collect()
    }

    /// The external ports to try, in this order.
    fn external_ports(self) -> impl Iterator<Item = u16> {
        let others = std::iter::repeat_with(|| rand::random_range(10_000..60_000));
        std::iter::once(self.port).chain(others.take(OTHER_PORTS))
    }
}

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Tcp,
    Udp,
}

/// The protocol that mapped the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MappingMethod {
    /// UPnP Internet Gateway Device.
    Upnp,
    /// NAT Port Mapping Protocol (RFC 6886).
    NatPmp,
    /// Port Control Protocol (RFC 6887).
    Pcp,
}

/// How far the port is mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortMapping {
    /// Nothing is known yet, or the mapping was removed.
    Unknown,
    /// The port is mapped.
    Mapped {
        /// The router's external address, if it tells one.
        external: Option<IpAddr>,
        /// The external port.
        port: u16,
        /// What mapped it.
        method: MappingMethod,
    },
    /// No router has mapped the port. It is tried again after a quarter of an hour.
    Failed {
        /// What each protocol failed by, for a log or a tooltip. At most a few hundred bytes.
        reason: String,
    },
}

/// Keeps a port mapped, until it is stopped.
#[derive(Debug)]
pub struct PortMapper {
    status: watch::Receiver<PortMapping>,
    end: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl PortMapper {
    /// Starts mapping on the current runtime. UPnP, and PCP with NAT-PMP after it, are tried at the
    /// same time; the first to succeed is kept, and renewed when half of its lease has passed.
    #[must_use]
    pub fn start(config: PortMapperConfig) -> Self {
        Self::start_in(config, Network::default())
    }

    fn start_in(config: PortMapperConfig, network: Network) -> Self {
        let (sender, status) = watch::channel(PortMapping::Unknown);
        let end = CancellationToken::new();
        let task = tokio::spawn(run(config, network, sender, end.clone()));
        Self { status, end, task: Mutex::new(Some(task)) }
    }

    /// The status and its changes.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<PortMapping> {
        self.status.clone()
    }

    /// Removes the mapping and ends all work. When `patience` runs out first, the mapping is left to
    /// its lease.
    pub async fn stop(&self, patience: Duration) {
        self.end.cancel();
        let Some(mut task) = self.task.lock().take() else { return };
        if tokio::time::timeout(patience, &mut task).await.is_err() {
            tracing::debug!("the router was too slow to remove the port mapping");
            task.abort();
        }
    }
}

impl Drop for PortMapper {
    /// The mapping is removed in the background, if the runtime goes on.
    fn drop(&mut self) {
        self.end.cancel();
    }
}

/// Where routers are looked for.
#[derive(Debug, Clone)]
struct Network {
    /// Where searches for UPnP devices are sent.
    ssdp: SocketAddrV4,
    /// Addresses of this machine to search from; `None` for those of its interfaces.
    local: Option<Vec<Ipv4Addr>>,
    /// The server of PCP and NAT-PMP; `None` for the default gateway.
    gateway: Option<SocketAddrV4>,
    /// Whether a router on a loopback address is accepted.
    loopback: bool,
    timing: Timing,
}

/// How long things take.
#[derive(Debug, Clone, Copy)]
struct Timing {
    /// The lifetime that is asked for a mapping.
    lease: Duration,
    /// The least time before a mapping is renewed.
    min_renew: Duration,
    /// How long a search for UPnP devices awaits answers.
    search: Duration,
}

impl Timing {
    /// Half of a lease, within limits. A permanent lease is renewed like the one that was asked for:
    /// the router may have lost it in a restart.
    fn renew_after(self, granted: Duration) -> Duration {
        (granted.min(self.lease) / 2).max(self.min_renew)
    }
}

impl Default for Network {
    fn default() -> Self {
        let timing = Timing { lease: LEASE, min_renew: MIN_RENEW, search: upnp::SEARCH_TIME };
        Self { ssdp: upnp::SSDP, local: None, gateway: None, loopback: false, timing }
    }
}

impl Network {
    /// Whether something at this address may be a router of the local network.
    fn accepts(&self, ip: Ipv4Addr) -> bool {
        ip.is_private() || ip.is_link_local() || (self.loopback && ip.is_loopback())
    }

    /// The addresses of this machine in local networks.
    fn local_addresses(&self) -> Vec<Ipv4Addr> {
        if let Some(local) = &self.local {
            return local.clone();
        }
        let interfaces = interfaces::list();
        let addresses = interfaces.iter().filter_map(interfaces::Interface::local_v4);
        addresses.filter(|ip| self.accepts(*ip)).collect()
    }
}

/// A mapping on a router.
#[derive(Debug)]
enum Mapping {
    Upnp(upnp::Mapping),
    Pcp(pcp::Mapping),
}

impl Mapping {
    fn status(&self) -> PortMapping {
        match self {
            Self::Upnp(mapping) => mapping.status(),
            Self::Pcp(mapping) => mapping.status(),
        }
    }

    fn renew_after(&self) -> Duration {
        match self {
            Self::Upnp(mapping) => mapping.renew_after(),
            Self::Pcp(mapping) => mapping.renew_after(),
        }
    }

    /// The address of this machine that the port is mapped to.
    fn local(&self) -> Ipv4Addr {
        match self {
            Self::Upnp(mapping) => mapping.local(),
            Self::Pcp(mapping) => mapping.local(),
        }
    }

    async fn renew(&mut self) -> Result<(), MappingError> {
        match self {
            Self::Upnp(mapping) => mapping.renew().await,
            Self::Pcp(mapping) => mapping.renew().await,
        }
    }

    async fn remove(&self) {
        let removed = match self {
            Self::Upnp(mapping) => mapping.remove().await,
            Self::Pcp(mapping) => mapping.remove().await,
        };
        if let Err(error) = removed {
            tracing::debug!("the port mapping is not removed: {error}");
        }
    }
}

/// Why a router did not map the port.
#[derive(Debug, thiserror::Error)]
enum MappingError {
    #[error("no router answers")]
    NoRouter,
    #[error("the router is not connected")]
    NotConnected,
    #[error("every external port that was tried is taken")]
    Taken,
    #[error("the router refuses with error {0}")]
    Refused(u16),
    #[error("the router's answer is not understood")]
    Malformed,
    #[error("the router's answer is too long")]
    TooLong,
    #[error("the router does not answer in time")]
    TimeOut,
    #[error("another attempt was faster, or mapping has ended")]
    Stopped,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

async fn run(
    config: PortMapperConfig,
    network: Network,
    status: watch::Sender<PortMapping>,
    end: CancellationToken,
) {
    // Attempts that were slower, whose mappings are removed.
    let mut slower = JoinSet::new();
    while !end.is_cancelled() {
        match map(config, &network, &end, &mut slower).await {
            Ok(mapping) => {
                status.send_replace(mapping.status());
                keep(mapping, &network, &end).await;
                status.send_replace(PortMapping::Unknown);
            }
            Err(reason) if !end.is_cancelled() => {
                tracing::debug!("the port is not mapped: {reason}");
                status.send_replace(PortMapping::Failed { reason });
                let _ = end.run_until_cancelled(tokio::time::sleep(RETRY)).await;
            }
            Err(_) => {}
        }
    }
    while slower.join_next().await.is_some() {}
    status.send_replace(PortMapping::Unknown);
}

/// Renews a mapping until the end or an error, and removes it then.
async fn keep(mut mapping: Mapping, network: &Network, end: &CancellationToken) {
    let (mut at, mut wall) = (Instant::now(), SystemTime::now());
    loop {
        let renew_after = mapping.renew_after();
        let wait = renew_after.saturating_sub(at.elapsed()).min(CHECK_INTERVAL);
        if end.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
            break;
        }
        if !network.local_addresses().contains(&mapping.local()) {
            tracing::debug!("the network of the port mapping is gone");
            return;
        }
        // The monotonic clock may stand still while the machine sleeps.
        if at.elapsed() >= renew_after || wall.elapsed().is_ok_and(|past| past >= renew_after) {
            if let Err(error) = mapping.renew().await {
                tracing::debug!("the port mapping is not renewed: {error}");
                break;
            }
            (at, wall) = (Instant::now(), SystemTime::now());
        }
    }
    mapping.remove().await;
}

/// Tries all protocols. Returns the mapping of the first one that succeeds, or why each failed.
async fn map(
    config: PortMapperConfig,
    network: &Network,
    end: &CancellationToken,
    slower: &mut JoinSet<()>,
) -> Result<Mapping, String> {
    let lost = end.child_token();
    let mut attempts = JoinSet::new();
    let (upnp_network, upnp_lost) = (network.clone(), lost.clone());
    attempts.spawn(async move {
        let mapping = upnp::map(config, &upnp_network, &upnp_lost).await;
        mapping.map(Mapping::Upnp).map_err(|error| format!("UPnP: {error}"))
    });
    let (pcp_network, pcp_lost) = (network.clone(), lost.clone());
    attempts.spawn(async move {
        let mapping = pcp::map(config, &pcp_network, &pcp_lost).await;
        mapping.map(Mapping::Pcp).map_err(|error| format!("PCP and NAT-PMP: {error}"))
    });
    let mut reasons = Vec::new();
    while let Some(outcome) = attempts.join_next().await {
        match outcome {
            Ok(Ok(mapping)) => {
                lost.cancel();
                slower.spawn(async move {
                    while let Some(outcome) = attempts.join_next().await {
                        if let Ok(Ok(mapping)) = outcome {
                            mapping.remove().await;
                        }
                    }
                });
                return Ok(mapping);
            }
            Ok(Err(reason)) => reasons.push(reason),
            Err(error) => reasons.push(error.to_string()),
        }
    }
    reasons.sort();
    Err(reasons.join("; "))
}
