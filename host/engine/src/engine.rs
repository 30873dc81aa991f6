//! The engine as the binary sees it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use torrpeddo_protocol::methods::When;

use crate::config::EngineConfig;
use crate::manager::Manager;
use crate::{Result, rpc};

/// How often to look whether an engine that nobody uses may end.
const IDLE_LOOK: Duration = Duration::from_secs(1);

/// How long a new engine waits for its first client, whatever `keep_running` says: whoever started
/// it is about to connect.
const FIRST_CLIENT: Duration = Duration::from_secs(30);

/// A running engine. Clones share it.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    manager: Manager,
    /// How many clients are connected, and whether there has ever been one.
    clients: watch::Sender<Clients>,
    shutdown: watch::Sender<Option<When>>,
    /// How many subscriptions want each interval.
    intervals: Mutex<BTreeMap<Duration, usize>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Clients {
    now: usize,
    ever: bool,
}

/// Keeps a subscription's interval in force; dropping it lets go.
pub(crate) struct Watcher {
    engine: Engine,
    interval: Duration,
}

/// Counts a client; dropping it counts it out.
struct Client(Engine);

impl Engine {
    /// Opens the store, starts the session and brings every entry back as it was.
    ///
    /// # Errors
    /// When the store cannot be opened or no session can be started.
    pub async fn start(config: EngineConfig) -> Result<Self> {
        let manager = Manager::start(config).await?;
        Ok(Self(Arc::new(Inner {
            manager,
            clients: watch::Sender::new(Clients::default()),
            shutdown: watch::Sender::new(None),
            intervals: Mutex::default(),
        })))
    }

    /// Speaks the protocol with one client until it leaves.
    pub async fn serve<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let client = Client::new(self.clone());
        rpc::serve(self.clone(), stream).await;
        drop(client);
    }

    /// Resolves when the engine should end: `shutdown` was called, or nothing is left to do and
    /// nobody is there (`keep_running`).
    pub async fn ended(&self) {
        let mut shutdown = self.0.shutdown.subscribe();
        let mut clients = self.0.clients.subscribe();
        let mut alone_since = tokio::time::Instant::now();
        loop {
            let asked = *shutdown.borrow_and_update();
            match asked {
                Some(When::Now) => return,
                Some(When::Idle) if !self.0.manager.busy(false) => return,
                _ => {}
            }
            let there = *clients.borrow_and_update();
            if there.now > 0 {
                alone_since = tokio::time::Instant::now();
            } else if let Some(patience) = self.0.manager.patience() {
                let patience = if there.ever { patience } else { patience.max(FIRST_CLIENT) };
                if alone_since.elapsed() >= patience {
                    return;
                }
            } else {
                alone_since = tokio::time::Instant::now();
            }
            tokio::select! {
                _ = shutdown.changed() => {}
                _ = clients.changed() => {}
                () = tokio::time::sleep(IDLE_LOOK) => {}
            }
        }
    }

    /// Tells the clients, saves everything and stops all network and disk work.
    pub async fn stop(&self) {
        self.0.manager.stop().await;
    }

    pub(crate) fn manager(&self) -> &Manager {
        &self.0.manager
    }

    pub(crate) fn shut_down(&self, when: When) {
        self.0.shutdown.send_replace(Some(when));
    }

    /// Looks at running torrents as often as the most curious subscriber wants.
    pub(crate) fn watch(&self, interval: Duration) -> Watcher {
        *self.0.intervals.lock().entry(interval).or_default() += 1;
        self.set_tick();
        Watcher { engine: self.clone(), interval }
    }

    fn set_tick(&self) {
        let shortest = self.0.intervals.lock().keys().next().copied();
        self.0.manager.set_tick(shortest);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        {
            let mut intervals = self.engine.0.intervals.lock();
            if let Some(count) = intervals.get_mut(&self.interval) {
                *count -= 1;
                if *count == 0 {
                    intervals.remove(&self.interval);
                }
            }
        }
        self.engine.set_tick();
    }
}

impl Client {
    fn new(engine: Engine) -> Self {
        engine.0.clients.send_modify(|clients| {
            clients.now += 1;
            clients.ever = true;
        });
        Self(engine)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.0.0.clients.send_modify(|clients| clients.now = clients.now.saturating_sub(1));
    }
}
