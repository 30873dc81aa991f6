//! Blocks that are on their way to the disk.
//!
//! librqbit writes in the same task that reads from a peer, and would wait for the disk with each block
//! of 16 KiB. What it writes is taken over here and written by another thread, a few blocks at a time.
//! Whoever reads, to check a piece or to send one, finds what was written before: what is still waiting
//! there is written first. What was not read has not been verified and may be lost.

use std::mem;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::runtime::Handle;

use crate::session::content::{Content, Fault};

/// How many blocks wait before a thread is woken for them: that costs as much as to write one.
const BATCH: usize = 8;
/// How many may wait. From then on it is the disk that is waited for.
const MOST: usize = 64;

/// The blocks of one torrent on their way to the disk.
pub struct Behind {
    content: Arc<Content>,
    /// Where there are threads for work that waits.
    threads: Handle,
    queue: Mutex<Queue>,
    /// Something was written, or failed.
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Block>,
    /// What a thread is writing now.
    writing: Vec<Span>,
    /// A thread is writing, or about to.
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

impl Behind {
    /// For the content of a torrent, written on threads of `threads`.
    pub fn new(content: Arc<Content>, threads: Handle) -> Arc<Self> {
        Arc::new(Self { content, threads, queue: Mutex::default(), changed: Condvar::new() })
    }

    /// Takes a block over. An error may be that of an earlier one.
    pub fn write(
        self: &Arc<Self>,
        file: usize,
        offset: u64,
        data: [&[u8]; 2],
    ) -> Result<(), Fault> {
        let data = data.concat();
        let span = Span::new(file, offset, data.len());
        let mut queue = self.queue.lock();
        while queue.waiting.len() >= MOST && !queue.failed {
            self.changed.wait(&mut queue);
        }
        if queue.failed {
            return Err(Fault::Stopped);
        }
        queue.waiting.push(Block { span, data });
        if !queue.busy && queue.waiting.len() >= BATCH {
            queue.busy = true;
            let behind = Arc::clone(self);
            self.threads.spawn_blocking(move || behind.drain());
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

    fn drain(&self) {
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
        self.changed.notify_all();
    }

    /// Writes what is waiting, without the lock.
    fn write_waiting(&self, queue: &mut MutexGuard<'_, Queue>) -> Result<(), Fault> {
        let blocks = mem::take(&mut queue.waiting);
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

    const BYTES: u64 = 4096;
    const BLOCK: usize = 16;

    struct Fixture {
        dir: tempfile::TempDir,
        content: Arc<Content>,
        behind: Arc<Behind>,
        _runtime: tokio::runtime::Runtime,
    }

    impl Fixture {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let meta = Sample::new("T", 16, &[("a", BYTES), ("b", BYTES)]).meta;
            let content = Content::open(Place {
                folder: Folder::create(&dir.path().join("save")).unwrap(),
                parts: dir.path().join("parts"),
                selected: selection(&meta, None),
                before: Bitfield::empty(2),
                pool: Arc::new(Pool::new(2)),
                run: 1,
                meta,
            });
            let content = Arc::new(content.unwrap());
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let behind = Behind::new(Arc::clone(&content), runtime.handle().clone());
            Self { dir, content, behind, _runtime: runtime }
        }

        fn write(&self, file: usize, offset: u64, byte: u8) -> Result<(), Fault> {
            self.behind.write(file, offset, [&[byte; BLOCK / 2], &[byte; BLOCK / 2]])
        }

        fn read(&self, file: usize, offset: u64) -> Result<[u8; BLOCK], Fault> {
            let mut buffer = [0; BLOCK];
            self.behind.settle(file, offset, BLOCK)?;
            self.content.read(file, offset, &mut buffer)?;
            Ok(buffer)
        }

        fn length(&self, name: &str) -> Option<u64> {
            std::fs::metadata(self.dir.path().join("save/T").join(name)).ok().map(|data| data.len())
        }
    }

    #[test]
    fn what_was_written_can_be_read() {
        let test = Fixture::new();
        test.write(0, 32, 7).unwrap();
        assert_eq!(test.read(0, 32).unwrap(), [7; BLOCK]);
        assert_eq!(test.read(0, 24).unwrap(), [[0; BLOCK / 2], [7; BLOCK / 2]].concat()[..]);
    }

    #[test]
    fn reading_elsewhere_waits_for_nothing() {
        let test = Fixture::new();
        test.write(0, 32, 7).unwrap();
        test.behind.settle(0, 0, 32).unwrap();
        test.behind.settle(0, 48, BLOCK).unwrap();
        test.behind.settle(1, 32, BLOCK).unwrap();
        assert_eq!(test.length("a"), None);
        test.behind.settle(0, 47, BLOCK).unwrap();
        assert_eq!(test.length("a"), Some(48));
    }

    #[test]
    fn many_are_written_by_themselves_and_never_too_many_wait() {
        let test = Fixture::new();
        let blocks = BYTES / BLOCK as u64;
        for round in 0..20 {
            for block in 0..blocks {
                test.write(0, block * BLOCK as u64, round).unwrap();
                assert!(test.behind.queue.lock().waiting.len() <= MOST);
            }
        }
        let last = (blocks - BATCH as u64) * BLOCK as u64;
        let mut queue = test.behind.queue.lock();
        while queue.busy {
            test.behind.changed.wait(&mut queue);
        }
        assert!(queue.waiting.len() < BATCH);
        drop(queue);
        assert!(test.length("a") >= Some(last));
        assert_eq!(test.read(0, 0).unwrap(), [19; BLOCK]);
    }

    #[test]
    fn after_a_block_that_was_not_written_nothing_is_believed() {
        let test = Fixture::new();
        std::fs::create_dir_all(test.dir.path().join("save/T/b")).unwrap();
        test.write(1, 0, 1).unwrap();
        assert!(test.content.failure().is_none());
        assert!(matches!(test.read(1, 0), Err(Fault::Io { .. })));
        assert!(matches!(test.read(0, 0), Err(Fault::Stopped)));
        assert!(matches!(test.write(0, 0, 1), Err(Fault::Stopped)));
    }

    #[test]
    fn a_block_that_a_thread_could_not_write_is_told() {
        let test = Fixture::new();
        std::fs::create_dir_all(test.dir.path().join("save/T/b")).unwrap();
        while test.write(1, 0, 1).is_ok() {}
        assert!(test.content.failure().is_some());
    }

    #[test]
    fn who_waits_for_the_disk_waits_no_longer_than_the_torrent_runs() {
        let test = Fixture::new();
        test.content.close();
        while test.write(0, 0, 1).is_ok() {}
        assert!(test.content.failure().is_none(), "that it was stopped is no failure");
        assert_eq!(test.length("a"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// What is read is what was written last, whoever brought it to the disk.
        #[test]
        fn the_last_writer_wins(
            steps in proptest::collection::vec((0u64..64, any::<u8>(), 0u8..8), 1..120),
        ) {
            let test = Fixture::new();
            // As long as it will be: what is beyond the end of a file cannot be read.
            test.write(0, BYTES - BLOCK as u64, 0).unwrap();
            test.read(0, BYTES - BLOCK as u64).unwrap();
            let mut model = [0; BYTES as usize];
            for (place, byte, look) in steps {
                let offset = place * 24 % (BYTES - BLOCK as u64);
                let there = offset as usize..offset as usize + BLOCK;
                if look == 0 {
                    prop_assert_eq!(&test.read(0, offset).unwrap()[..], &model[there]);
                } else {
                    test.write(0, offset, byte).unwrap();
                    model[there].fill(byte);
                }
            }
            let mut all = vec![0; BYTES as usize];
            test.behind.settle(0, 0, all.len()).unwrap();
            test.content.read(0, 0, &mut all).unwrap();
            prop_assert_eq!(&all[..], &model[..]);
        }
    }
}
