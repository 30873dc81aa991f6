//! Resolves the names of trackers and peers, once for all torrents.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::runtime::Handle;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{Instant, timeout};

use super::exchange::Family;
use crate::wire::address;

/// How long one look-up may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// How long addresses are kept.
const KEPT: Duration = Duration::from_secs(60);
/// How long it is kept that a name has no address.
const FAILURE_KEPT: Duration = Duration::from_secs(5);
/// Names kept. Beyond it, names that nobody waits for are forgotten.
const MAX_NAMES: usize = 1_024;
/// Look-ups at the same time; each of them occupies a thread.
const MAX_LOOKUPS: usize = 8;
/// Addresses of one name.
const MAX_ADDRESSES: usize = 16;

/// Looks a name up.
pub(super) type Lookup = Arc<dyn Fn(String) -> Looking + Send + Sync>;

/// The future of [`Lookup`].
pub(super) type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// How names are resolved and which addresses are local. Tests have rules of their own.
#[derive(Clone)]
pub(super) struct Network {
    pub(super) lookup: Lookup,
    pub(super) is_local: fn(IpAddr) -> bool,
}

impl Default for Network {
    fn default() -> Self {
        Self { lookup: Arc::new(|name| Box::pin(system(name))), is_local: address::is_local }
    }
}

type Cell = Arc<OnceCell<Found>>;

#[derive(Debug, Clone)]
struct Found {
    addresses: Arc<[IpAddr]>,
    until: Instant,
}

/// A cache of names in front of the operating system's resolver. Clones share it.
#[derive(Clone)]
pub(super) struct Resolver {
    names: Arc<Mutex<HashMap<String, Cell>>>,
    lookups: Arc<Semaphore>,
    network: Network,
    handle: Handle,
    families: [bool; 2],
}

impl Resolver {
    /// `families` says which address families this machine uses.
    pub(super) fn new(handle: Handle, families: [bool; 2], network: Network) -> Self {
        Self {
            names: Arc::default(),
            lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            network,
            handle,
            families,
        }
    }

    /// The addresses of a host, those of families that this machine does not use left out; empty if
    /// there are none, or if the look-up took longer than [`TIMEOUT`].
    pub(super) async fn resolve(&self, host: &url::Host<&str>) -> Vec<IpAddr> {
        let name = match host {
            url::Host::Domain(name) => *name,
            url::Host::Ipv4(ip) => return self.usable(&[IpAddr::V4(*ip)]),
            url::Host::Ipv6(ip) => return self.usable(&[IpAddr::V6(*ip).to_canonical()]),
        };
        let addresses = timeout(TIMEOUT, self.name(name)).await.unwrap_or_default();
        self.usable(&addresses)
    }

    fn usable(&self, addresses: &[IpAddr]) -> Vec<IpAddr> {
        let usable = |ip: &IpAddr| self.families[Family::of(*ip).index()];
        addresses.iter().copied().filter(usable).take(MAX_ADDRESSES).collect()
    }

    async fn name(&self, name: &str) -> Vec<IpAddr> {
        let cell = self.cell(name);
        let found = cell.get_or_init(|| self.look_up(name.to_owned())).await;
        found.addresses.to_vec()
    }

    /// The place for the addresses of a name, shared by all that wait for the same look-up.
    fn cell(&self, name: &str) -> Cell {
        let now = Instant::now();
        let fresh = |cell: &Cell| cell.get().is_none_or(|found| found.until > now);
        let mut names = self.names.lock();
        if let Some(cell) = names.get(name).filter(|cell| fresh(cell)) {
            return Arc::clone(cell);
        }
        if names.len() >= MAX_NAMES {
            names.retain(|_, cell| fresh(cell) && Arc::strong_count(cell) > 1);
        }
        let cell = Cell::default();
        names.insert(name.to_owned(), Arc::clone(&cell));
        cell
    }

    /// Looks a name up. The look-up goes on when nobody waits for it any more, because its thread
    /// cannot be stopped, and counts until it ends.
    async fn look_up(&self, name: String) -> Found {
        let permit = Arc::clone(&self.lookups).acquire_owned().await;
        let looking = (self.network.lookup)(name);
        let task = self.handle.spawn(async move {
            let _permit = permit;
            looking.await.unwrap_or_default()
        });
        let addresses: Vec<_> =
            task.await.unwrap_or_default().iter().map(IpAddr::to_canonical).collect();
        let kept = if addresses.is_empty() { FAILURE_KEPT } else { KEPT };
        Found { addresses: addresses.into(), until: Instant::now() + kept }
    }

    /// Whether an address is local.
    pub(super) fn is_local(&self, ip: IpAddr) -> bool {
        (self.network.is_local)(ip)
    }

    /// The hook for an HTTP client that connects over one family, and to local addresses only if
    /// `local`.
    pub(super) fn hook(&self, family: Family, local: bool) -> Arc<Hook> {
        Arc::new(Hook { resolver: self.clone(), family, local })
    }
}

async fn system(name: String) -> io::Result<Vec<IpAddr>> {
    let addresses = tokio::net::lookup_host((name, 0)).await?;
    Ok(addresses.map(|address| address.ip()).collect())
}

/// Gives an HTTP client the addresses that it may connect to.
pub(super) struct Hook {
    resolver: Resolver,
    family: Family,
    local: bool,
}

impl Resolve for Hook {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolver, family, local) = (self.resolver.clone(), self.family, self.local);
        Box::pin(async move {
            let found = resolver.resolve(&url::Host::Domain(name.as_str())).await;
            let usable =
                |ip: &IpAddr| Family::of(*ip) == family && (local || !resolver.is_local(*ip));
            let addresses: Vec<_> =
                found.into_iter().filter(usable).map(|ip| SocketAddr::new(ip, 0)).collect();
            if addresses.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn network(lookup: Lookup) -> Network {
        Network { lookup, ..Network::default() }
    }

    fn counting(addresses: &'static [&'static str]) -> (Resolver, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let lookup: Lookup = Arc::new(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move {
                tokio::task::yield_now().await;
                Ok(addresses.iter().map(|ip| ip.parse().unwrap()).collect())
            })
        });
        (Resolver::new(Handle::current(), [true, true], network(lookup)), count)
    }

    #[tokio::test(start_paused = true)]
    async fn one_look_up_serves_all_and_expires() {
        let (resolver, count) = counting(&["192.0.2.1", "::ffff:192.0.2.2", "2001:db8::1"]);
        let host = url::Host::Domain("a.example");
        let (one, two) = tokio::join!(resolver.resolve(&host), resolver.resolve(&host));
        assert_eq!((one.len(), &one), (3, &two));
        assert!(one[1].is_ipv4());
        assert_eq!(count.load(Ordering::SeqCst), 1);
        tokio::time::advance(KEPT).await;
        assert_eq!(resolver.resolve(&host).await.len(), 3);
        assert_eq!(count.load(Ordering::SeqCst), 2);
        for number in 0..MAX_NAMES * 2 {
            resolver.resolve(&url::Host::Domain(&number.to_string())).await;
        }
        assert!(resolver.names.lock().len() <= MAX_NAMES);
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_up_that_hangs_is_given_up() {
        let lookup: Lookup = Arc::new(|_| Box::pin(std::future::pending()));
        let resolver = Resolver::new(Handle::current(), [true, true], network(lookup));
        assert!(resolver.resolve(&url::Host::Domain("a.example")).await.is_empty());
    }

    #[tokio::test]
    async fn the_hook_gives_what_the_client_may_use() {
        let (resolver, _) = counting(&["192.0.2.1", "127.0.0.1", "::1"]);
        let give = async |family, local| {
            let name = "a.example".parse().unwrap();
            let found = resolver.hook(family, local).resolve(name).await;
            found.map(|found| found.map(|one| one.ip().to_string()).collect::<Vec<_>>()).ok()
        };
        assert_eq!(give(Family::V4, false).await.unwrap(), ["192.0.2.1"]);
        assert_eq!(give(Family::V4, true).await.unwrap(), ["192.0.2.1", "127.0.0.1"]);
        assert_eq!(give(Family::V6, true).await.unwrap(), ["::1"]);
        assert_eq!(give(Family::V6, false).await, None);
    }

    #[tokio::test]
    async fn unused_families_are_left_out() {
        let resolver = Resolver::new(Handle::current(), [true, false], Network::default());
        let v6 = url::Host::<&str>::Ipv6("::1".parse().unwrap());
        assert!(resolver.resolve(&v6).await.is_empty());
        let v4 = url::Host::<&str>::Ipv4("127.0.0.1".parse().unwrap());
        assert_eq!(resolver.resolve(&v4).await.len(), 1);
    }
}
