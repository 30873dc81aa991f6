//! Limits how many announces are under way, over all torrents and for each tracker.
//!
//! Thousands of torrents may start together and share a tracker that does not answer. Its announces
//! wait for each other, take few of the places, and fail together with the first one, so that trackers
//! that do answer are reached.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::exchange::Failure;

/// Hosts remembered before those that nobody waits for are forgotten.
const MAX_IDLE_HOSTS: usize = 256;

/// The places for announces.
pub(super) struct Gate {
    places: Semaphore,
    per_host: usize,
    hosts: Mutex<Hosts>,
}

struct Hosts {
    by_name: HashMap<String, Arc<Host>>,
    /// Number of hosts at which unused ones are removed.
    prune_at: usize,
}

struct Host {
    places: Semaphore,
    /// How often the host was unreachable.
    failures: AtomicU64,
    failure: Mutex<Option<Failure>>,
}

impl Gate {
    /// A gate for `places` announces, `per_host` of them for the same host.
    pub(super) fn new(places: usize, per_host: usize) -> Self {
        let hosts = Hosts { by_name: HashMap::new(), prune_at: MAX_IDLE_HOSTS };
        Self { places: Semaphore::new(places), per_host, hosts: Mutex::new(hosts) }
    }

    /// Waits for a place and then runs `work`, whose failure ends the waiting of others for the host if
    /// it was unreachable.
    pub(super) async fn run<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        host: &str,
        work: impl FnOnce() -> F,
    ) -> Result<T, Failure> {
        let host = self.host(host);
        let _places = self.enter(&host).await?;
        // Waiting announces stay small: only those that have a place allocate their future.
        let result = Box::pin(work()).await;
        if let Err(failure) = &result
            && failure.unreachable
        {
            *host.failure.lock() = Some(failure.clone());
            host.failures.fetch_add(1, Ordering::Release);
        }
        result
    }

    async fn enter<'a>(
        &'a self,
        host: &'a Host,
    ) -> Result<(SemaphorePermit<'a>, SemaphorePermit<'a>), Failure> {
        let seen = host.failures.load(Ordering::Acquire);
        let closed = |_| Failure::refused("The announcer has stopped.");
        let of_host = host.places.acquire().await.map_err(closed)?;
        let of_all = self.places.acquire().await.map_err(closed)?;
        if host.failures.load(Ordering::Acquire) != seen
            && let Some(failure) = host.failure.lock().clone()
        {
            return Err(failure);
        }
        Ok((of_host, of_all))
    }

    fn host(&self, name: &str) -> Arc<Host> {
        let mut hosts = self.hosts.lock();
        if let Some(host) = hosts.by_name.get(name) {
            return Arc::clone(host);
        }
        if hosts.by_name.len() >= hosts.prune_at {
            hosts.by_name.retain(|_, host| Arc::strong_count(host) > 1);
            hosts.prune_at = MAX_IDLE_HOSTS.max(2 * hosts.by_name.len());
        }
        let host = Arc::new(Host {
            places: Semaphore::new(self.per_host),
            failures: AtomicU64::new(0),
            failure: Mutex::new(None),
        });
        hosts.by_name.insert(name.to_owned(), Arc::clone(&host));
        host
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use tokio::task::JoinSet;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_unreachable_host_fails_together_and_blocks_nobody() {
        let gate = Arc::new(Gate::new(4, 2));
        let (tried, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        for _ in 0..100 {
            let (gate, tried) = (Arc::clone(&gate), Arc::clone(&tried));
            let failed = Arc::clone(&failed);
            tasks.spawn(async move {
                let work = || async {
                    tried.fetch_add(1, Ordering::SeqCst);
                    sleep(Duration::from_secs(30)).await;
                    Err::<(), _>(Failure::unreachable("silent"))
                };
                assert_eq!(gate.run("dead", work).await.unwrap_err().message, "silent");
                failed.fetch_add(1, Ordering::SeqCst);
            });
        }
        tokio::task::yield_now().await;
        assert_eq!(gate.run("alive", || async { Ok(1) }).await, Ok(1));
        assert_eq!((tried.load(Ordering::SeqCst), failed.load(Ordering::SeqCst)), (2, 0));
        while tasks.join_next().await.transpose().unwrap().is_some() {}
        // Both failures happened while the others waited.
        assert!(tried.load(Ordering::SeqCst) <= 4);
        assert_eq!(gate.run("dead", || async { Ok(2) }).await, Ok(2));
    }

    #[tokio::test(start_paused = true)]
    async fn places_are_limited_in_all_and_given_back() {
        let gate = Arc::new(Gate::new(3, 2));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        for number in 0..40 {
            let (gate, now, most) = (Arc::clone(&gate), Arc::clone(&now), Arc::clone(&most));
            tasks.spawn(async move {
                let host = format!("host {}", number % 8);
                let work = || async {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    sleep(Duration::from_secs(1)).await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    Ok(())
                };
                gate.run(&host, work).await
            });
        }
        let cancelled = tasks.spawn({
            let gate = Arc::clone(&gate);
            async move { gate.run("host 0", pending).await }
        });
        cancelled.abort();
        while let Some(result) = tasks.join_next().await {
            assert!(result.is_ok_and(|result| result.is_ok()) || cancelled.is_finished());
        }
        assert_eq!(most.load(Ordering::SeqCst), 3);
        assert_eq!(gate.places.available_permits(), 3);
    }

    #[tokio::test]
    async fn unused_hosts_are_forgotten() {
        let gate = Gate::new(1, 1);
        for number in 0..10_000 {
            let _ = gate.run(&number.to_string(), || async { Ok(()) }).await;
        }
        assert!(gate.hosts.lock().by_name.len() <= MAX_IDLE_HOSTS);
    }
}
