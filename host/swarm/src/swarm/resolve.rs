//! Fetching the metadata of a torrent (BEP 9).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use torrpeddo_readers::metainfo::InfoHash;

use super::membership::Purpose;
use super::{Entry, Sources, Swarm};
use crate::error::MetadataError;
use crate::lookup;
use crate::torrent::Command;
use crate::types::PeerSource;

/// How long a torrent is kept after its metadata came, for the download that usually follows.
const PARKED: Duration = Duration::from_secs(30);

impl Swarm {
    /// Asks peers for the raw `info` dictionary of a torrent (BEP 9). It goes on until it has come:
    /// drop the future to give up, which closes the connections.
    ///
    /// # Errors
    /// When there is nobody to ask.
    pub async fn resolve(&self, id: InfoHash, sources: &Sources) -> Result<Bytes, MetadataError> {
        let discovers = self.0.network.discovers();
        if !discovers && sources.tiers.iter().all(Vec::is_empty) && sources.peers.is_empty() {
            return Err(MetadataError::NoPeerSource);
        }
        let entry = self.enter(id, &sources.tiers, Purpose::Resolve);
        let Some(entry) = entry else { return Err(MetadataError::Stopped) };
        let _resolving = Resolving { swarm: self.clone(), id, entry: entry.clone() };
        let torrent = &entry.torrent;
        let (sender, mut metadata) = oneshot::channel();
        torrent.command(Command::AwaitMetadata(sender)).await;
        let (mut found, names) = lookup::split(&sources.peers);
        if !found.is_empty() {
            torrent.command(Command::AddPeers(found.clone(), PeerSource::User)).await;
        }
        if !names.is_empty() {
            let named = tokio::select! {
                biased;
                metadata = &mut metadata => return metadata.unwrap_or(Err(MetadataError::Stopped)),
                named = lookup::look_up(names) => named,
            };
            torrent.command(Command::AddPeers(named.clone(), PeerSource::User)).await;
            found.extend(named);
        }
        if found.is_empty() && !discovers && sources.tiers.iter().all(Vec::is_empty) {
            return Err(MetadataError::NoPeerFound);
        }
        metadata.await.unwrap_or(Err(MetadataError::Stopped))
    }
}

/// Counts a call of `resolve`. When the last one ends and the torrent was not attached, the torrent
/// leaves: at once without metadata, after a while with it.
struct Resolving {
    swarm: Swarm,
    id: InfoHash,
    entry: Entry,
}

impl Drop for Resolving {
    fn drop(&mut self) {
        if self.entry.resolving.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        let (swarm, id, entry) = (self.swarm.clone(), self.id, self.entry.clone());
        let parked = entry.torrent.has_metadata();
        let end = swarm.0.end.clone();
        // Dropped outside of a runtime only when the process ends.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if parked {
                tokio::select! {
                    () = tokio::time::sleep(PARKED) => {}
                    () = end.cancelled() => {}
                }
            }
            let same = |there: &Entry| Arc::ptr_eq(&there.torrent, &entry.torrent);
            swarm.leave_if(id, same).await;
        });
    }
}
