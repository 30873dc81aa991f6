//! A bounded set of open files, shared by all torrents: librqbit alone would hold one descriptor
//! for every file of every torrent.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

/// Which file: the run it belongs to, and the file in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// A file of the torrent, by index.
    File(u64, usize),
    /// A piece that reaches into unwanted files.
    Part(u64, u32),
}

impl Key {
    fn run(self) -> u64 {
        match self {
            Self::File(run, _) | Self::Part(run, _) => run,
        }
    }
}

/// Open files, the longest unused closed first.
#[derive(Debug)]
pub struct Pool {
    limit: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    files: HashMap<Key, Slot>,
    clock: u64,
}

#[derive(Debug)]
struct Slot {
    file: Arc<File>,
    writable: bool,
    used: u64,
}

impl Pool {
    /// A pool that keeps at most so many files open. Files in use right now may come on top.
    pub fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), open: Mutex::default() }
    }

    /// The open file, opened by `open` where it is not open already, or only for reading.
    pub fn get(
        &self,
        key: Key,
        writable: bool,
        open: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<Arc<File>> {
        {
            let mut pool = self.open.lock();
            pool.clock += 1;
            let now = pool.clock;
            if let Some(slot) = pool.files.get_mut(&key)
                && (slot.writable || !writable)
            {
                slot.used = now;
                return Ok(Arc::clone(&slot.file));
            }
        }
        // Outside of the lock: opening may wait for a slow disk.
        let file = Arc::new(open()?);
        let mut pool = self.open.lock();
        let slot = Slot { file: Arc::clone(&file), writable, used: pool.clock };
        pool.files.insert(key, slot);
        while pool.files.len() > self.limit {
            let oldest = pool.files.iter().min_by_key(|(_, slot)| slot.used).map(|(key, _)| *key);
            let Some(oldest) = oldest else { break };
            pool.files.remove(&oldest);
        }
        Ok(file)
    }

    /// The open files of a run.
    pub fn of_run(&self, run: u64) -> Vec<(Key, Arc<File>)> {
        let pool = self.open.lock();
        let open = pool.files.iter().filter(|(key, _)| key.run() == run);
        open.map(|(key, slot)| (*key, Arc::clone(&slot.file))).collect()
    }

    /// Closes one file.
    pub fn forget(&self, key: Key) {
        self.open.lock().files.remove(&key);
    }

    /// Closes all files of a run.
    pub fn close(&self, run: u64) {
        self.open.lock().files.retain(|key, _| key.run() != run);
    }

    /// How many files are open.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.open.lock().files.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn the_longest_unused_is_closed_and_opened_again() {
        let pool = Pool::new(2);
        let opened = Cell::new(0);
        let get = |index| {
            pool.get(Key::File(1, index), false, || {
                opened.set(opened.get() + 1);
                tempfile::tempfile()
            })
            .unwrap();
        };
        get(0);
        get(1);
        get(0);
        get(2);
        assert_eq!((pool.len(), opened.get()), (2, 3));
        get(0);
        assert_eq!(opened.get(), 3, "0 was used after 1, so 1 went");
        get(1);
        assert_eq!((pool.len(), opened.get()), (2, 4));
    }

    #[test]
    fn a_file_open_for_reading_is_opened_again_for_writing() {
        let pool = Pool::new(4);
        let key = Key::Part(1, 3);
        let opened = Cell::new(0);
        let get = |writable| {
            pool.get(key, writable, || {
                opened.set(opened.get() + 1);
                tempfile::tempfile()
            })
            .unwrap();
        };
        get(false);
        get(true);
        get(false);
        assert_eq!(opened.get(), 2);
        assert!(pool.get(Key::File(2, 0), true, || Err(io::ErrorKind::NotFound.into())).is_err());
        pool.close(2);
        assert_eq!(pool.len(), 1);
        pool.close(1);
        assert_eq!(pool.len(), 0);
    }
}
