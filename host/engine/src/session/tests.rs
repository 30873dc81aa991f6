//! Sessions against each other, on loopback.

mod hostile;
mod life;
mod peer;
mod places;
mod resolving;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::testing::Sample;
use super::*;

/// How long anything may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A session with its folders.
struct Node {
    dir: tempfile::TempDir,
    session: Session,
}

impl Node {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let session = Session::start(config(&dir, "boot")).await.unwrap();
        Self { dir, session }
    }

    /// Another session over the same folders, as after a restart.
    async fn restarted(self, boot_id: &str) -> Self {
        let session = Session::start(config(&self.dir, boot_id)).await.unwrap();
        Self { dir: self.dir, session }
    }

    /// A session that has everything.
    async fn seed(sample: &Sample) -> Self {
        let node = Self::new().await;
        sample.write(&node.save());
        node.run(sample, None, &[]).await;
        node.finished(sample).await;
        node
    }

    fn save(&self) -> PathBuf {
        self.dir.path().join("save")
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.session.listen_port().unwrap())
    }

    fn spec(&self, sample: &Sample, selected: Option<&[usize]>, peers: &[&Self]) -> RunSpec {
        RunSpec {
            id: sample.meta.info_hash,
            torrent: sample.torrent.clone().into(),
            meta: Arc::clone(&sample.meta),
            folder: self.save(),
            selected: selected.map(<[usize]>::to_vec),
            peers: peers.iter().map(|peer| peer.address()).collect(),
            tiers: Vec::new(),
            verify: Verify::Trust,
            check_only: false,
            totals: Totals::default(),
        }
    }

    async fn run(&self, sample: &Sample, selected: Option<&[usize]>, peers: &[&Self]) {
        self.session.run(self.spec(sample, selected, peers)).await.unwrap();
    }

    async fn halt(&self, sample: &Sample) -> Halted {
        self.session.halt(sample.meta.info_hash).await.unwrap().unwrap()
    }

    fn stats(&self, sample: &Sample) -> RunStats {
        self.session.stats(sample.meta.info_hash).unwrap()
    }

    /// Verified bytes of all files, wanted or not.
    fn have(&self, sample: &Sample) -> u64 {
        self.session.file_progress(sample.meta.info_hash).unwrap().iter().sum()
    }

    async fn finished(&self, sample: &Sample) -> RunStats {
        until(|| {
            let stats = self.stats(sample);
            assert!(!matches!(stats.phase, Phase::Failed(_)), "{stats:?}");
            stats.finished.then_some(stats)
        })
        .await
    }

    async fn failed(&self, sample: &Sample) -> Error {
        until(|| match self.stats(sample).phase {
            Phase::Failed(error) => Some(error),
            _ => None,
        })
        .await
    }

    async fn done(&self, sample: &Sample, bytes: u64) {
        until(|| {
            let stats = self.stats(sample);
            assert!(!matches!(stats.phase, Phase::Failed(_)), "{stats:?}");
            (stats.done_bytes >= bytes).then_some(())
        })
        .await;
    }
}

fn config(dir: &tempfile::TempDir, boot_id: &str) -> SessionConfig {
    SessionConfig {
        scratch: dir.path().join("session"),
        pieces: dir.path().join("pieces"),
        boot_id: boot_id.into(),
        listen_port: None,
        listen_loopback_only: true,
        dht: false,
        lsd: false,
        upnp: false,
        max_connections: 500,
        max_connections_per_torrent: 50,
        client: "Torrpeddo test".into(),
    }
}

async fn until<T>(mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < DEADLINE, "it took too long");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
