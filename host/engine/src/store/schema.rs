//! The tables, as numbered migrations. A migration that has been released is never changed.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::failed;
use crate::{Error, Result};

const MIGRATIONS: &[M<'static>] = &[
    M::up(
        "CREATE TABLE torrents (
             id TEXT PRIMARY KEY,
             name TEXT NOT NULL,
             magnet TEXT NOT NULL,
             save_path TEXT NOT NULL,
             root TEXT,
             selected TEXT,
             intent TEXT NOT NULL,
             forced INTEGER NOT NULL,
             stopped INTEGER NOT NULL,
             queue_position INTEGER NOT NULL,
             labels TEXT NOT NULL,
             total_bytes INTEGER NOT NULL,
             selected_bytes INTEGER NOT NULL,
             done_bytes INTEGER NOT NULL,
             file_count INTEGER NOT NULL,
             private INTEGER NOT NULL,
             downloaded INTEGER NOT NULL,
             uploaded INTEGER NOT NULL,
             seeding_ms INTEGER NOT NULL,
             added_at INTEGER NOT NULL,
             completed_at INTEGER,
             error_kind TEXT,
             error_message TEXT,
             running INTEGER NOT NULL,
             verify INTEGER NOT NULL
         ) STRICT;
         CREATE TABLE metainfo (
             id TEXT PRIMARY KEY REFERENCES torrents(id) ON DELETE CASCADE,
             torrent BLOB NOT NULL
         ) STRICT;
         CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
         CREATE TABLE run (boot_id TEXT NOT NULL) STRICT;",
    ),
    M::up(
        "ALTER TABLE torrents ADD COLUMN working_path TEXT;
         ALTER TABLE torrents ADD COLUMN move_to TEXT;
         ALTER TABLE torrents ADD COLUMN move_from TEXT;
         ALTER TABLE torrents ADD COLUMN ratio_limit REAL;",
    ),
    M::up(
        "CREATE TABLE taken_files (
             path TEXT PRIMARY KEY,
             bytes INTEGER NOT NULL,
             modified INTEGER NOT NULL
         ) STRICT;",
    ),
];

/// Opens the database and brings it up to date.
pub(super) fn open(path: &Path) -> Result<Connection> {
    let mut connection = Connection::open(path).map_err(|error| failed(path, &error))?;
    (|| {
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)
    })()
    .map_err(|error| failed(path, &error))?;
    Migrations::from_slice(MIGRATIONS).to_latest(&mut connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => failed(path, &err),
        rusqlite_migration::Error::MigrationDefinition(_) => Error::Io {
            message: format!(
                "The database {} was written by a newer Torrpeddo. It was left as it is: install \
                 that version again, or a newer one.",
                path.display()
            ),
            path: Some(path.to_path_buf()),
            reason: error.to_string(),
        },
        other => Error::Internal(format!("the database cannot be brought up to date: {other}")),
    })?;
    Ok(connection)
}

/// A database as an earlier version left it.
#[cfg(test)]
pub(super) fn open_version(path: &Path, version: usize) -> Connection {
    let mut connection = Connection::open(path).unwrap();
    Migrations::from_slice(MIGRATIONS).to_version(&mut connection, version).unwrap();
    connection
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_migrations_are_well_formed() {
        super::Migrations::from_slice(super::MIGRATIONS).validate().unwrap();
    }
}
