//! librqbit's own session: started when a torrent first runs, and the calls to it that need care.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use librqbit::{AddTorrent, AddTorrentOptions, AddTorrentResponse, ManagedTorrent};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::metainfo::Metainfo;
use crate::session::bits::Bitfield;
use crate::session::inlet::{HandOver, Inlet, hand_over_all};
use crate::session::record;
use crate::session::setup::start;
use crate::session::storage::Factory;
use crate::session::threads::{Threads, begin};
use crate::session::types::SessionConfig;

/// librqbit's session.
pub struct Backend {
    session: Arc<librqbit::Session>,
    threads: Threads,
    /// Connections of the swarm on their way to librqbit.
    hand_overs: mpsc::UnboundedSender<HandOver>,
    /// librqbit mixes torrents up that are added at the same time.
    adding: tokio::sync::Mutex<()>,
    next_id: AtomicUsize,
    token: CancellationToken,
    scratch: std::path::PathBuf,
}

impl Backend {
    /// Starts librqbit, which listens for the swarm on loopback.
    ///
    /// # Errors
    /// `Unavailable` when it does not start.
    pub async fn start(config: &SessionConfig, token: CancellationToken) -> Result<Self> {
        let (setup, end) = (config.clone(), token.clone());
        let begin = move || async move {
            let session = start(&setup, &end).await?;
            let address = session.listen_addr().ok_or_else(|| {
                Error::Unavailable("The torrent session has no port on loopback.".into())
            })?;
            Ok((session, address))
        };
        let (hand_overs, queue) = mpsc::unbounded_channel();
        let serve = move |(_, address): &(_, _)| hand_over_all(*address, queue);
        let ((session, _), threads) = Threads::start(begin, serve, token.clone()).await?;
        Ok(Self {
            session,
            threads,
            hand_overs,
            adding: tokio::sync::Mutex::default(),
            next_id: AtomicUsize::new(1),
            token,
            scratch: config.scratch.clone(),
        })
    }

    /// How many torrents librqbit has.
    #[cfg(test)]
    pub fn torrents(&self) -> usize {
        self.session.with_torrents(|torrents| torrents.count())
    }

    /// Ends all of it.
    pub fn stop(&self) {
        self.token.cancel();
    }

    /// Adds a torrent, stopped, and returns when librqbit has looked at it. It must then believe
    /// exactly the pieces we gave it.
    pub async fn add(
        &self,
        meta: &Metainfo,
        torrent: Vec<u8>,
        bits: Bitfield,
        factory: Factory,
        mut options: AddTorrentOptions,
    ) -> Result<Arc<ManagedTorrent>> {
        let id = meta.info_hash;
        let one = self.adding.lock().await;
        let path = self.scratch.join(format!("{id}.bitv"));
        let bytes = bits.as_bytes().to_vec();
        let written = tokio::task::spawn_blocking(move || {
            record::replace(&path, &bytes, false).map_err(|error| Error::io(path, &error))
        });
        written.await.unwrap_or_else(|error| Err(Error::Internal(error.to_string())))?;
        options.paused = true;
        options.overwrite = true;
        // Our storage carries its folder itself; this must merely be some text.
        options.output_folder = Some(".".into());
        options.preferred_id = Some(self.next_id.fetch_add(1, Ordering::Relaxed));
        options.storage_factory = Some(librqbit::storage::StorageFactoryExt::boxed(factory));
        let session = Arc::clone(&self.session);
        let add = AddTorrent::from_bytes(torrent);
        let adding = async move { session.add_torrent(add, Some(options)).await };
        let added = self.threads.spawn(adding).await;
        drop(one);
        let handle = match added {
            Ok(Ok(AddTorrentResponse::Added(_, handle))) => handle,
            Ok(Ok(_)) => return Err(Error::Internal(format!("{id} runs already"))),
            Ok(Err(error)) => {
                return Err(Error::InvalidTorrent(format!(
                    "The torrent engine refuses this torrent: {error:#}."
                )));
            }
            Err(error) => return Err(Error::Internal(format!("adding {id} failed: {error}"))),
        };
        Ok(handle)
    }

    /// Waits until librqbit has looked at a torrent, and checks that it took over `bits`.
    ///
    /// # Errors
    /// `Internal` when librqbit does not start the torrent, or has other pieces.
    pub async fn initialized(&self, handle: &Arc<ManagedTorrent>, bits: &Bitfield) -> Result<()> {
        let failed = |error| Error::Internal(format!("the torrent did not start: {error:#}"));
        handle.wait_until_initialized().await.map_err(failed)?;
        let api = librqbit::Api::new(Arc::clone(&self.session), None);
        let (haves, _) = api
            .api_dump_haves(handle.id().into())
            .map_err(|error| Error::Internal(format!("no pieces are known: {error}")))?;
        if haves.as_raw_slice() != bits.as_bytes() {
            return Err(Error::Internal("the verified pieces were not taken over".into()));
        }
        Ok(())
    }

    /// Lets a torrent begin on a thread of its own, and returns the way in for its peers.
    ///
    /// # Errors
    /// `Internal` when librqbit does not start it.
    pub async fn begin(&self, handle: &Arc<ManagedTorrent>) -> Result<Inlet> {
        let thread: Handle = self.threads.assign();
        let begun = begin(&thread, self.session.unpause(handle)).await;
        begun.map_err(|error| Error::Internal(format!("the torrent did not start: {error:#}")))?;
        Ok(Inlet::new(thread, self.hand_overs.clone()))
    }

    /// Takes a torrent out. Its tasks are told to end; some may not have when this returns.
    pub async fn remove(&self, handle: &Arc<ManagedTorrent>) {
        let session = Arc::clone(&self.session);
        let id = handle.id();
        let removing = async move { session.delete(id.into(), false).await };
        let removed = self.threads.spawn(removing).await;
        match removed {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(id, %error, "not removed"),
            Err(error) => tracing::error!(id, %error, "removing failed"),
        }
    }
}
