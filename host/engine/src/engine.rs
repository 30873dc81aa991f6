//! The engine as the binary sees it.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::Instant;
use torrpeddo_protocol::Settings;
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
    /// Since when nobody has been there and nothing has been under way. Kept here, because whoever
    /// waits for the end may begin to wait anew.
    idle_since: Mutex<Instant>,
    /// Connections of browsers, in the order in which they came.
    browsers: Mutex<Vec<Weak<rpc::Connection>>>,
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
            idle_since: Mutex::new(Instant::now()),
            browsers: Mutex::default(),
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
        loop {
            let asked = *shutdown.borrow_and_update();
            match asked {
                Some(When::Now) => return,
                Some(When::Idle) if !self.0.manager.busy(false) => return,
                _ => {}
            }
            let there = *clients.borrow_and_update();
            match self.0.manager.patience().filter(|_| there.now == 0) {
                Some(patience) => {
                    let patience = if there.ever { patience } else { patience.max(FIRST_CLIENT) };
                    if self.0.idle_since.lock().elapsed() >= patience {
                        return;
                    }
                }
                None => *self.0.idle_since.lock() = Instant::now(),
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

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.0.manager.settings()
    }

    pub(crate) fn manager(&self) -> &Manager {
        &self.0.manager
    }

    /// A client has said that it is a browser.
    pub(crate) fn meet_browser(&self, connection: &Arc<rpc::Connection>) {
        let mut browsers = self.0.browsers.lock();
        browsers
            .retain(|other| other.upgrade().is_some_and(|other| !Arc::ptr_eq(&other, connection)));
        browsers.push(Arc::downgrade(connection));
    }

    /// The browsers that are connected, the newest last.
    pub(crate) fn browsers(&self) -> Vec<Arc<rpc::Connection>> {
        self.0.browsers.lock().iter().filter_map(Weak::upgrade).collect()
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

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use serde_json::json;
    use torrpeddo_protocol::model::Finding;

    use super::*;
    use crate::{Desktop, Doctor, LogTail};

    struct Nothing;

    impl Desktop for Nothing {
        fn show(&self, _: &Path) -> Result<()> {
            Ok(())
        }
        fn choose_folder(&self, _: &str, _: Option<&Path>) -> Result<Option<PathBuf>> {
            Ok(None)
        }
        fn open(&self, _: &Path) -> Result<()> {
            Ok(())
        }
        fn trash(&self, _: &Path) -> Result<()> {
            Ok(())
        }
        fn notify(&self, _: &str, _: &str) -> Result<()> {
            Ok(())
        }
    }

    impl LogTail for Nothing {
        fn tail(&self, _: usize) -> Result<Vec<String>> {
            Ok(Vec::new())
        }
    }

    impl Doctor for Nothing {
        fn findings(&self) -> Vec<Finding> {
            Vec::new()
        }
    }

    async fn engine(folder: &Path) -> Engine {
        let mut defaults = Settings::built_in(folder.join("downloads").display().to_string());
        (defaults.dht, defaults.lsd, defaults.upnp) = (false, false, false);
        Engine::start(EngineConfig {
            data_dir: folder.join("data"),
            defaults,
            allowed_roots: Vec::new(),
            version: "0.0.0".into(),
            boot_id: "boot".into(),
            desktop: Arc::new(Nothing),
            log: Arc::new(Nothing),
            doctor: Arc::new(Nothing),
        })
        .await
        .unwrap()
    }

    #[tokio::test]
    async fn who_watches_a_folder_is_not_idle() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path()).await;
        let manager = engine.manager();
        assert!(manager.patience().is_some());
        for (watched, stays) in [(json!(folder.path()), true), (json!(null), false)] {
            let patch = json!({"watch_folder": watched}).as_object().unwrap().clone();
            manager.set_settings(patch).await.unwrap();
            assert_eq!(manager.patience().is_none(), stays);
        }
        engine.stop().await;
    }

    #[tokio::test]
    async fn an_idle_engine_ends_however_often_somebody_begins_to_wait_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path()).await;
        let (client, server) = tokio::io::duplex(1024);
        drop(client);
        engine.serve(server).await;
        tokio::time::pause();
        let mut waited = 0;
        while tokio::time::timeout(Duration::from_secs(10), engine.ended()).await.is_err() {
            waited += 1;
            assert!(waited < 10, "it should have ended after a minute");
        }
        assert!(waited >= 5, "it should have stayed for a minute");
        tokio::time::resume();
        engine.stop().await;
    }
}
