//! What must last: torrents, their metainfo and the settings, in SQLite.
//!
//! The only place that knows SQL. One thread owns the connection. Writes are handed to it in the
//! order in which the manager made them, and it commits whatever has gathered in one transaction:
//! a thousand commands cost a handful of syncs, and each is answered only once it is on disk
//! (WAL, `synchronous=FULL`).

mod rows;
mod schema;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;

use rusqlite::{Connection, Transaction};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::files::Stamp;
use crate::metainfo::InfoHash;
use crate::{Error, Result};

pub use rows::{Intent, TorrentRow};

/// How many writes at most share a transaction.
const BATCH: usize = 512;

/// The store. Clones share one connection.
#[derive(Clone)]
pub struct Store {
    commands: mpsc::Sender<Command>,
    path: Arc<PathBuf>,
}

/// Resolves once the write is on disk.
#[must_use = "a command may be answered only after its change is on disk"]
pub struct Ack(oneshot::Receiver<Result<()>>);

impl Ack {
    /// Waits for the disk.
    ///
    /// # Errors
    /// `Io` when the database cannot be written.
    pub async fn durable(self) -> Result<()> {
        self.0.await.unwrap_or_else(|_| Err(closed()))
    }
}

/// Everything that was there at the start.
pub struct Loaded {
    /// The torrents, in the order in which they were added.
    pub torrents: Vec<TorrentRow>,
    /// The settings that somebody set.
    pub settings: BTreeMap<String, Value>,
}

type Job = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;

enum Command {
    Write(Job, oneshot::Sender<Result<()>>),
    Read(Box<dyn FnOnce(&Connection) + Send>),
}

impl Store {
    /// Opens the database at `path`, brings it up to date, and reads everything but the torrents'
    /// metainfo.
    ///
    /// # Errors
    /// A sentence when the file is damaged or from a newer version. It is left as it is.
    pub fn open(path: &Path, boot_id: &str) -> Result<(Self, Loaded)> {
        let mut connection = schema::open(path)?;
        // Whatever cannot be read is found before anything is changed.
        let mut loaded = rows::load(&connection, path)?;
        let crashed = rows::mark_running(&mut connection, boot_id);
        if crashed.map_err(|error| failed(path, &error))? {
            // Its data may be behind its bitfield, whatever was synced.
            loaded.torrents.iter_mut().for_each(|row| row.verify |= row.running);
        }
        let (commands, queue) = mpsc::channel();
        let path = Arc::new(path.to_path_buf());
        std::thread::Builder::new()
            .name("store".into())
            .spawn({
                let path = Arc::clone(&path);
                move || run(&connection, &queue, &path)
            })
            .map_err(|error| Error::Internal(format!("no thread for the store: {error}")))?;
        Ok((Self { commands, path }, loaded))
    }

    fn write(&self, job: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static) -> Ack {
        let (done, ack) = oneshot::channel();
        // A store that is gone drops `done`, and the ack says so.
        let _ = self.commands.send(Command::Write(Box::new(job), done));
        Ack(ack)
    }

    async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (done, answer) = oneshot::channel();
        let job = Box::new(move |connection: &Connection| drop(done.send(job(connection))));
        let _ = self.commands.send(Command::Read(job));
        answer.await.map_err(|_| closed())?.map_err(|error| failed(&self.path, &error))
    }

    /// Writes a torrent's row, new or changed.
    pub fn save(&self, row: TorrentRow) -> Ack {
        self.write(move |connection| rows::save(connection, &row))
    }

    /// Writes a torrent's metainfo together with its row.
    pub fn save_with_metainfo(&self, row: TorrentRow, torrent: Vec<u8>) -> Ack {
        self.write(move |connection| {
            rows::save(connection, &row)?;
            rows::save_metainfo(connection, row.id, &torrent)
        })
    }

    /// Forgets a torrent.
    pub fn remove(&self, id: InfoHash) -> Ack {
        self.write(move |connection| rows::remove(connection, id))
    }

    /// Writes settings; a null value forgets one.
    pub fn save_settings(&self, changed: BTreeMap<String, Value>) -> Ack {
        self.write(move |connection| rows::save_settings(connection, &changed))
    }

    /// Notes that a torrent file in the watched folder, as it is now, has been taken.
    pub fn save_taken(&self, path: PathBuf, stamp: Stamp) -> Ack {
        self.write(move |connection| rows::save_taken(connection, &path.to_string_lossy(), stamp))
    }

    /// Whether a torrent file in the watched folder, as it is now, has been taken before.
    ///
    /// # Errors
    /// `Io` when the database cannot be read.
    pub async fn is_taken(&self, path: PathBuf, stamp: Stamp) -> Result<bool> {
        self.read(move |connection| rows::is_taken(connection, &path.to_string_lossy(), stamp))
            .await
    }

    /// Resolves when everything that was handed over so far is on disk.
    pub fn barrier(&self) -> Ack {
        self.write(|_| Ok(()))
    }

    /// Notes that everything has been saved and the engine is about to end.
    pub fn mark_clean(&self) -> Ack {
        self.write(rows::mark_clean)
    }

    /// Folds the write-ahead log into the database, so that a backup of the one file is whole.
    ///
    /// # Errors
    /// `Io` when the database cannot be written.
    pub async fn checkpoint(&self) -> Result<()> {
        self.read(|connection| connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")).await
    }

    /// What to say when something in it makes no sense.
    pub fn damaged(&self, reason: &str) -> Error {
        damaged(&self.path, reason)
    }

    /// The bytes of a torrent file, or none while they are unknown.
    ///
    /// # Errors
    /// `Io` when the database cannot be read.
    pub async fn metainfo(&self, id: InfoHash) -> Result<Option<Vec<u8>>> {
        self.read(move |connection| rows::metainfo(connection, id)).await
    }
}

fn run(connection: &Connection, queue: &mpsc::Receiver<Command>, path: &Path) {
    while let Ok(first) = queue.recv() {
        let mut writes = Vec::new();
        let mut next = Some(first);
        let mut read = None;
        while let Some(command) = next {
            match command {
                Command::Write(job, done) => writes.push((job, done)),
                // A read sees the writes that were handed over before it.
                Command::Read(job) => {
                    read = Some(job);
                    break;
                }
            }
            next = if writes.len() < BATCH { queue.try_recv().ok() } else { None };
        }
        commit(connection, writes, path);
        if let Some(job) = read {
            job(connection);
        }
    }
}

fn commit(connection: &Connection, writes: Vec<(Job, oneshot::Sender<Result<()>>)>, path: &Path) {
    if writes.is_empty() {
        return;
    }
    let (jobs, acks): (Vec<_>, Vec<_>) = writes.into_iter().unzip();
    let mut outcomes = Vec::with_capacity(jobs.len());
    let committed = (|| {
        let transaction = connection.unchecked_transaction()?;
        for job in jobs {
            outcomes.push(apart(&transaction, job)?);
        }
        transaction.commit()
    })();
    let say = |error: &rusqlite::Error| {
        tracing::error!(%error, "the database cannot be written");
        failed(path, error)
    };
    let committed = committed.map_err(|error| say(&error));
    let outcomes = outcomes.into_iter().map(|outcome| outcome.map_err(|error| say(&error)));
    // Some have no outcome where the transaction was not carried to its end.
    let outcomes = outcomes.chain(std::iter::repeat(Ok(())));
    for (ack, outcome) in acks.into_iter().zip(outcomes) {
        let _ = ack.send(committed.clone().and(outcome));
    }
}

/// Does one write of several. One that fails leaves nothing behind, and the others as they are; where
/// `SQLite` gave up the whole transaction with it, as on a full disk, there is nothing to go on with.
fn apart(transaction: &Transaction<'_>, job: Job) -> rusqlite::Result<rusqlite::Result<()>> {
    transaction.execute_batch("SAVEPOINT one")?;
    let outcome = job(transaction);
    match &outcome {
        Ok(()) => {}
        Err(_) if transaction.is_autocommit() => return outcome.map(Ok),
        Err(_) => transaction.execute_batch("ROLLBACK TO one")?,
    }
    transaction.execute_batch("RELEASE one")?;
    Ok(outcome)
}

fn closed() -> Error {
    Error::Unavailable("The engine is ending. Try again in a moment.".into())
}

fn failed(path: &Path, error: &rusqlite::Error) -> Error {
    use rusqlite::ErrorCode as Code;
    let shown = path.display();
    let message = match error.sqlite_error_code() {
        Some(Code::DiskFull) => {
            format!("The disk is full: {shown} cannot be written. Free some space, then try again.")
        }
        Some(Code::NotADatabase | Code::DatabaseCorrupt) => {
            return damaged(path, &error.to_string());
        }
        Some(Code::ReadOnly | Code::PermissionDenied | Code::CannotOpen) => {
            format!("The database {shown} cannot be written. Allow writing there.")
        }
        _ => format!("The database {shown} cannot be used: {error}."),
    };
    Error::Io { message, path: Some(path.to_path_buf()), reason: error.to_string() }
}

fn damaged(path: &Path, reason: &str) -> Error {
    Error::Io {
        message: format!(
            "The database {} is damaged. It was left as it is: restore it from a backup, or move \
             it away to start with an empty list.",
            path.display()
        ),
        path: Some(path.to_path_buf()),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
