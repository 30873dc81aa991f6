//! Blocks that are on their way to the disk.
//!
//! librqbit writes in the same task that reads from a peer, and would wait for the disk with each block
//! of 16 KiB. What it writes is taken over here and written a few blocks at a time, those together that
//! follow each other: to write one of 128 KiB takes little longer than one of 16 KiB. Another thread
//! does so, unless enough of them are writing already: they would only take the processors from each
//! other.
//!
//! Whoever reads, to check a piece or to send one, finds what was written before: what is still waiting
//! there is written first. What was not read has not been verified and may be lost.

use std::num::NonZero;
use std::sync::Arc;
use std::{mem, thread};

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::session::content::{Content, Fault};

/// How many bytes wait before they are written.
const BATCH: usize = 128 * 1024;
/// How many may wait. From then on it is the disk that is waited for.
const MOST: usize = 1024 * 1024;

/// Threads that write, for all torrents: one for every two processors.
#[derive(Clone)]
pub struct Writers {
    runtime: Handle,
    free: Arc<Semaphore>,
}

impl Writers {
    /// Threads of this runtime.
    pub fn new(runtime: Handle) -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        Self::some(processors.div_ceil(2), runtime)
    }

    fn some(threads: usize, runtime: Handle) -> Self {
        Self { runtime, free: Arc::new(Semaphore::new(threads)) }
    }
}

/// The blocks of one torrent on their way to the disk.
pub struct Behind {
    content: Arc<Content>,
    writers: Writers,
    queue: Mutex<Queue>,
    /// Something was written, or failed.
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Block>,
    waiting_bytes: usize,
    /// What a thread is writing now.
    writing: Vec<Span>,
    /// One of the writers is there for it, or about to be.
    busy: bool,
    /// Something was not written: what is there must not be believed any more.
    failed: bool,
}

struct Block {
    span: Span,
    data: Vec<u8>,
}

/// Where in which file.
#[derive(Debug, Clone, Copy)]
struct Span {
    file: usize,
    start: u64,
    end: u64,
}

impl Span {
    fn new(file: usize, start: u64, length: usize) -> Self {
        Self { file, start, end: start.saturating_add(length as u64) }
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.file == other.file && self.start < other.end && other.start < self.end
    }
}

impl Queue {
    /// Adds a block, to the one that it follows if that is there.
    fn push(&mut self, span: Span, data: [&[u8]; 2]) {
        self.waiting_bytes += (span.end - span.start) as usize;
        let same = |block: &&mut Block| block.span.file == span.file;
        let before = match self.waiting.iter().any(|block| block.span.overlaps(&span)) {
            // It must be written after that one.
            true => None,
            false => {
                self.waiting.iter_mut().filter(same).find(|block| block.span.end == span.start)
            }
        };
        if let Some(before) = before {
            before.span.end = span.end;
            data.iter().for_each(|part| before.data.extend_from_slice(part));
        } else {
            self.waiting.push(Block { span, data: data.concat() });
        }
    }
}

impl Behind {
    /// For the content of a torrent.
    pub fn new(content: Arc<Content>, writers: Writers) -> Arc<Self> {
        Arc::new(Self { content, writers, queue: Mutex::default(), changed: Condvar::new() })
    }

    /// Takes a block over. An error may be that of an earlier one.
    pub fn write(
        self: &Arc<Self>,
        file: usize,
        offset: u64,
        data: [&[u8]; 2],
    ) -> Result<(), Fault> {
        let length = data.iter().map(|part| part.len()).sum();
        let span = Span::new(file, offset, length);
        let mut queue = self.queue.lock();
        while queue.waiting_bytes >= MOST && !queue.failed {
            if queue.busy || !queue.writing.is_empty() {
                self.changed.wait(&mut queue);
            } else {
                self.write_waiting(&mut queue)?;
            }
        }
        if queue.failed {
            return Err(Fault::Stopped);
        }
        queue.push(span, data);
        if queue.busy || queue.waiting_bytes < BATCH {
            return Ok(());
        }
        if let Ok(permit) = Arc::clone(&self.writers.free).try_acquire_owned() {
            queue.busy = true;
            let behind = Arc::clone(self);
            self.writers.runtime.spawn_blocking(move || behind.drain(permit));
        } else if queue.writing.is_empty() {
            self.write_waiting(&mut queue)?;
        }
        Ok(())
    }

    /// Returns when everything that was written to this place can be read. Blocks.
    pub fn settle(&self, file: usize, offset: u64, length: usize) -> Result<(), Fault> {
        let wanted = Span::new(file, offset, length);
        let mut queue = self.queue.lock();
        loop {
            if queue.failed {
                return Err(Fault::Stopped);
            }
            if queue.waiting.iter().any(|block| block.span.overlaps(&wanted)) {
                if queue.writing.is_empty() {
                    // It is quicker to write them here than to wake somebody for it.
                    self.write_waiting(&mut queue)?;
                    continue;
                }
            } else if !queue.writing.iter().any(|span| span.overlaps(&wanted)) {
                return Ok(());
            }
            self.changed.wait(&mut queue);
        }
    }

    fn drain(&self, permit: OwnedSemaphorePermit) {
        let mut queue = self.queue.lock();
        while !queue.failed && !queue.waiting.is_empty() {
            if queue.writing.is_empty() {
                if let Err(fault) = self.write_waiting(&mut queue) {
                    self.content.note(fault);
                }
            } else {
                self.changed.wait(&mut queue);
            }
        }
        queue.busy = false;
        drop(permit);
        self.changed.notify_all();
    }

    /// Writes what is waiting, without the lock.
    fn write_waiting(&self, queue: &mut MutexGuard<'_, Queue>) -> Result<(), Fault> {
        let blocks = mem::take(&mut queue.waiting);
        queue.waiting_bytes = 0;
        queue.writing = blocks.iter().map(|block| block.span).collect();
        let written = MutexGuard::unlocked(queue, || {
            blocks.iter().try_for_each(|Block { span, data }| {
                self.content.write(span.file, span.start, data)
            })
        });
        queue.writing.clear();
        queue.failed |= written.is_err();
        self.changed.notify_all();
        written
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::files::Folder;
    use crate::session::bits::{Bitfield, selection};
    use crate::session::content::Place;
    use crate::session::pool::Pool;
    use crate::session::testing::Sample;

    const BYTES: u64 = 1024 * 1024;
    const BLOCK: usize = 8 * 1024;
    /// Enough blocks for somebody to be woken for them.
    const ENOUGH: usize = BATCH / BLOCK;

    struct Fixture {
        dir: tempfile::TempDir,
        content: Arc<Content>,
        behind: Arc<Behind>,
        _runtime: tokio::runtime::Runtime,
    }

    impl Fixture {
        fn new() -> Self {
            Self::with_writers(1)
        }

        fn with_writers(writers: usize) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let meta = Sample::zeros("T", BYTES as u32, BYTES).meta;
            let content = Content::open(Place {
                folder: Folder::create(&dir.path().join("save")).unwrap(),
                parts: dir.path().join("parts"),
                selected: selection(&meta, None),
                before: Bitfield::empty(1),
                pool: Arc::new(Pool::new(2)),
                run: 1,
                meta,
            });
            let content = Arc::new(content.unwrap());
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let writers = Writers::some(writers, runtime.handle().clone());
            let behind = Behind::new(Arc::clone(&content), writers);
            Self { dir, content, behind, _runtime: runtime }
        }

        /// Something is in the way of the file.
        fn spoil(&self) {
            std::fs::create_dir_all(self.file()).unwrap();
        }

        fn file(&self) -> std::path::PathBuf {
            self.dir.path().join("save/T/0")
        }

        fn length(&self) -> Option<u64> {
            std::fs::metadata(self.file()).ok().map(|data| data.len())
        }

        fn write(&self, offset: usize, byte: u8) -> Result<(), Fault> {
            self.behind.write(0, offset as u64, [&[byte; BLOCK / 4], &[byte; BLOCK - BLOCK / 4]])
        }

        fn read(&self, offset: usize) -> Result<Vec<u8>, Fault> {
            let mut buffer = vec![0; BLOCK];
            self.behind.settle(0, offset as u64, BLOCK)?;
            self.content.read(0, offset as u64, &mut buffer)?;
            Ok(buffer)
        }

        /// Waits until no writer is at work.
        fn rest(&self) -> MutexGuard<'_, Queue> {
            let mut queue = self.behind.queue.lock();
            while queue.busy {
                self.behind.changed.wait(&mut queue);
            }
            queue
        }
    }

    #[test]
    fn what_was_written_can_be_read() {
        let test = Fixture::new();
        test.write(2 * BLOCK, 7).unwrap();
        assert_eq!(test.read(2 * BLOCK).unwrap(), [7; BLOCK]);
        let across = [[0; BLOCK / 2], [7; BLOCK / 2]].concat();
        assert_eq!(test.read(BLOCK + BLOCK / 2).unwrap(), across);
    }

    #[test]
    fn reading_elsewhere_waits_for_nothing() {
        let test = Fixture::new();
        test.write(2 * BLOCK, 7).unwrap();
        let block = BLOCK as u64;
        test.behind.settle(0, 0, 2 * BLOCK).unwrap();
        test.behind.settle(0, 3 * block, BLOCK).unwrap();
        test.behind.settle(1, 2 * block, BLOCK).unwrap();
        assert_eq!(test.length(), None);
        test.behind.settle(0, 3 * block - 1, BLOCK).unwrap();
        assert_eq!(test.length(), Some(3 * block));
    }

    #[test]
    fn blocks_that_follow_each_other_are_written_together() {
        let test = Fixture::new();
        // Two pieces at a time, as from two peers.
        for block in 0..4 {
            test.write(block * BLOCK, 1).unwrap();
            test.write((block + 10) * BLOCK, 2).unwrap();
        }
        let spans = |queue: &Queue| -> Vec<_> {
            let blocks = queue.waiting.iter();
            blocks.map(|block| (block.span.start, block.span.end, block.data.len())).collect()
        };
        let block = BLOCK as u64;
        let together = [(0, 4 * block, 4 * BLOCK), (10 * block, 14 * block, 4 * BLOCK)];
        assert_eq!(spans(&test.behind.queue.lock()), together);
        // What was written before stays before.
        test.write(3 * BLOCK, 3).unwrap();
        assert_eq!(test.behind.queue.lock().waiting.len(), 3);
        assert_eq!(test.read(3 * BLOCK).unwrap(), [3; BLOCK]);
    }

    #[test]
    fn many_are_written_by_themselves_and_never_too_many_wait() {
        for writers in [0, 1] {
            let test = Fixture::with_writers(writers);
            for round in 0..20 {
                for offset in (0..BYTES as usize).step_by(BLOCK) {
                    test.write(offset, round).unwrap();
                    assert!(test.behind.queue.lock().waiting_bytes <= MOST);
                }
            }
            assert!(test.rest().waiting_bytes < BATCH);
            assert!(test.length() >= Some(BYTES - BATCH as u64), "{writers}");
            assert_eq!(test.read(0).unwrap(), [19; BLOCK]);
        }
    }

    #[test]
    fn with_no_writer_free_they_are_written_at_once() {
        let test = Fixture::with_writers(0);
        for block in 0..ENOUGH {
            assert_eq!(test.length(), None);
            test.write(block * BLOCK, 1).unwrap();
        }
        assert_eq!(test.length(), Some(BATCH as u64));
    }

    #[test]
    fn a_writer_is_free_again_when_it_has_nothing_to_do() {
        let test = Fixture::new();
        for _ in 0..3 {
            for block in 0..ENOUGH {
                test.write(block * BLOCK, 1).unwrap();
            }
            drop(test.rest());
            assert_eq!(test.behind.writers.free.available_permits(), 1);
        }
    }

    /// Two that write and one that reads, all at the same place: nobody waits for ever.
    #[test]
    fn several_threads_get_along() {
        for writers in [0, 1] {
            let test = Fixture::with_writers(writers);
            let write = |side: usize| {
                for round in 0..30 {
                    for block in 0..60 {
                        test.write((2 * block + side) * BLOCK, round).unwrap();
                    }
                }
            };
            thread::scope(|scope| {
                scope.spawn(|| write(0));
                scope.spawn(|| write(1));
                scope.spawn(|| (0..2000).for_each(|n| test.behind.settle(0, n, BLOCK).unwrap()));
            });
            for block in 0..120 {
                assert_eq!(test.read(block * BLOCK).unwrap(), [29; BLOCK]);
            }
        }
    }

    #[test]
    fn after_a_block_that_was_not_written_nothing_is_believed() {
        let test = Fixture::new();
        test.spoil();
        test.write(0, 1).unwrap();
        assert!(test.content.failure().is_none());
        assert!(matches!(test.read(0), Err(Fault::Io { .. })));
        assert!(matches!(test.read(BLOCK), Err(Fault::Stopped)));
        assert!(matches!(test.write(0, 1), Err(Fault::Stopped)));
    }

    #[test]
    fn a_block_that_a_writer_could_not_write_is_told() {
        let test = Fixture::new();
        test.spoil();
        while test.write(0, 1).is_ok() {}
        assert!(test.content.failure().is_some());
    }

    #[test]
    fn a_block_that_could_not_be_written_at_once_is_told() {
        let test = Fixture::with_writers(0);
        test.spoil();
        let fault = (0..ENOUGH).find_map(|block| test.write(block * BLOCK, 1).err());
        assert!(matches!(fault, Some(Fault::Io { .. })), "{fault:?}");
    }

    #[test]
    fn who_waits_for_the_disk_waits_no_longer_than_the_torrent_runs() {
        let test = Fixture::new();
        test.content.close();
        while test.write(0, 1).is_ok() {}
        assert!(test.content.failure().is_none(), "that it was stopped is no failure");
        assert_eq!(test.length(), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// What is read is what was written last, whoever brought it to the disk.
        #[test]
        fn the_last_writer_wins(
            steps in proptest::collection::vec((0usize..96, any::<u8>(), 0u8..24), 1..200),
            writers in 0usize..2,
        ) {
            let test = Fixture::with_writers(writers);
            let last = BYTES as usize - BLOCK;
            // As long as it will be: what is beyond the end of a file cannot be read.
            test.write(last, 0).unwrap();
            test.read(last).unwrap();
            let mut model = vec![0; BYTES as usize];
            for (place, byte, look) in steps {
                // Some follow each other, some overlap.
                let offset = place * BLOCK / 2;
                let there = offset..offset + BLOCK;
                if look == 0 {
                    prop_assert_eq!(&test.read(offset).unwrap()[..], &model[there]);
                } else {
                    test.write(offset, byte).unwrap();
                    model[there].fill(byte);
                }
            }
            let mut all = vec![0; BYTES as usize];
            test.behind.settle(0, 0, all.len()).unwrap();
            test.content.read(0, 0, &mut all).unwrap();
            prop_assert!(all == model);
        }
    }
}
