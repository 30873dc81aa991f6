//! The one side of [`Content`] that librqbit sees.

use std::any::TypeId;
use std::io::IoSlice;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use librqbit::storage::filesystem::FilesystemStorageFactory;
use librqbit::storage::{BoxStorageFactory, StorageFactory, StorageFactoryExt, TorrentStorage};
use librqbit::{ManagedTorrentShared, TorrentMetadata};
use tokio::sync::{Notify, watch};
use torrpeddo_swarm::Swarm;

use crate::session::behind::Behind;
use crate::session::content::{Content, Fault};
use crate::session::ledger::Ledger;
use crate::session::rest;

/// Makes the storage of one run, and knows how much of it librqbit still holds.
#[derive(Clone)]
pub struct Factory {
    /// Where the bytes go.
    pub content: Arc<Content>,
    /// And what they pass through on their way.
    pub behind: Arc<Behind>,
    /// Where verified pieces go.
    pub ledger: Arc<Ledger>,
    /// Told of every verified piece.
    pub swarm: Swarm,
    /// Told when the last wanted piece was verified.
    pub finished: watch::Sender<()>,
    /// Counts the storages that exist.
    pub holders: Holders,
}

impl StorageFactory for Factory {
    type Storage = Storage;

    fn create(
        &self,
        _shared: &ManagedTorrentShared,
        metadata: &TorrentMetadata,
    ) -> anyhow::Result<Storage> {
        // Everything is addressed by file number: both sides must mean the same by it.
        let ours = &self.content.meta().files;
        let same = ours.len() == metadata.file_infos.len()
            && ours.iter().zip(&metadata.file_infos).all(|(ours, theirs)| {
                ours.bytes == theirs.len
                    && ours.offset == theirs.offset_in_torrent
                    && ours.padding == theirs.attrs.padding
            });
        anyhow::ensure!(same, "the files of this torrent can be understood in two ways");
        Ok(Storage { factory: self.clone(), live: false, _held: self.holders.hold() })
    }

    /// librqbit keeps verified pieces only for storages of this type.
    fn is_type_id(&self, type_id: TypeId) -> bool {
        type_id == TypeId::of::<FilesystemStorageFactory>()
    }

    fn clone_box(&self) -> BoxStorageFactory {
        self.clone().boxed()
    }
}

/// What librqbit reads from and writes to.
pub struct Storage {
    factory: Factory,
    /// The first storage serves librqbit's look at the pieces that we say are there. It ignores a
    /// wrong hash, but reading a piece of every file from the disk can take minutes: it gets zeros,
    /// and we compare afterwards what it believes. It then takes the storage that is really used.
    live: bool,
    _held: Held,
}

impl Storage {
    fn write(&self, file: usize, offset: u64, data: [&[u8]; 2]) -> anyhow::Result<()> {
        anyhow::ensure!(self.live, Fault::Stopped);
        rest::served();
        self.note(self.factory.behind.write(file, offset, data))
    }

    fn note(&self, result: Result<(), Fault>) -> anyhow::Result<()> {
        result.map_err(|fault| self.factory.content.note(fault).into())
    }
}

impl TorrentStorage for Storage {
    fn init(&mut self, _: &ManagedTorrentShared, _: &TorrentMetadata) -> anyhow::Result<()> {
        Ok(())
    }

    fn pread_exact(&self, file_id: usize, offset: u64, buf: &mut [u8]) -> anyhow::Result<()> {
        let content = &self.factory.content;
        if !self.live {
            anyhow::ensure!(!content.is_closed(), Fault::Stopped);
            buf.fill(0);
            return Ok(());
        }
        self.note(self.factory.behind.settle(file_id, offset, buf.len()))?;
        self.note(content.read(file_id, offset, buf))
    }

    fn pwrite_all(&self, file_id: usize, offset: u64, buf: &[u8]) -> anyhow::Result<()> {
        self.write(file_id, offset, [buf, &[]])
    }

    fn pwrite_all_vectored(
        &self,
        file_id: usize,
        offset: u64,
        [first, second]: [IoSlice<'_>; 2],
    ) -> anyhow::Result<usize> {
        self.write(file_id, offset, [&first, &second])?;
        Ok(first.len() + second.len())
    }

    fn remove_file(&self, _: usize, _: &Path) -> anyhow::Result<()> {
        anyhow::bail!("librqbit does not delete files here")
    }

    fn remove_directory_if_empty(&self, _: &Path) -> anyhow::Result<()> {
        anyhow::bail!("librqbit does not delete folders here")
    }

    fn ensure_file_length(&self, _: usize, _: u64) -> anyhow::Result<()> {
        // Files grow as they are written: nothing is made that may never be needed.
        Ok(())
    }

    fn take(&self) -> anyhow::Result<Box<dyn TorrentStorage>> {
        let holders = &self.factory.holders;
        Ok(Box::new(Self { factory: self.factory.clone(), live: true, _held: holders.hold() }))
    }

    fn on_piece_completed(
        &self,
        piece_index: librqbit_core::lengths::ValidPieceIndex,
    ) -> anyhow::Result<()> {
        let id = self.factory.content.meta().info_hash;
        self.factory.swarm.verified(id, piece_index.get());
        if self.factory.ledger.add(piece_index.get()) {
            self.factory.swarm.finished(id);
            self.factory.finished.send_replace(());
        }
        Ok(())
    }
}

/// Counts who still holds something, and waits until nobody does.
#[derive(Clone, Default)]
pub struct Holders(Arc<Count>);

#[derive(Default)]
struct Count {
    holding: AtomicUsize,
    changed: Notify,
}

/// Holds until it is dropped.
pub struct Held(Arc<Count>);

impl Holders {
    fn hold(&self) -> Held {
        self.0.holding.fetch_add(1, Ordering::AcqRel);
        Held(Arc::clone(&self.0))
    }

    /// Returns when nobody holds anything.
    pub async fn gone(&self) {
        loop {
            let mut changed = std::pin::pin!(self.0.changed.notified());
            changed.as_mut().enable();
            if self.0.holding.load(Ordering::Acquire) == 0 {
                return;
            }
            changed.await;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.holding.fetch_sub(1, Ordering::AcqRel);
        self.0.changed.notify_waiters();
    }
}
