//! The tables, as numbered migrations. A migration that has been released is never changed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite_migration::{M, Migrations};

use super::{damaged, failed};
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
    M::up(
        "ALTER TABLE torrents ADD COLUMN trackers_added TEXT NOT NULL DEFAULT '[]';
         ALTER TABLE torrents ADD COLUMN trackers_removed TEXT NOT NULL DEFAULT '[]';",
    ),
];

/// Opens the database and brings it up to date. One that is damaged or newer stays as it is, byte
/// for byte.
pub(super) fn open(path: &Path) -> Result<Connection> {
    match std::fs::metadata(path) {
        // To SQLite an empty file is a new database. Ours never is: it has been cut off.
        Ok(found) if found.len() == 0 => return Err(damaged(path, "it is empty")),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => create(path)?,
        Err(error) => return Err(Error::io(path, &error)),
    }
    let mut connection = Connection::open(path).map_err(|error| failed(path, &error))?;
    let version = set_up(&connection).map_err(|error| failed(path, &error))?;
    if version == 0 {
        return Err(damaged(path, "it has no tables"));
    }
    if version > MIGRATIONS.len() {
        return Err(Error::Io {
            message: format!(
                "The database {} was written by a newer Torrpeddo. It was left as it is: install \
                 that version again, or a newer one.",
                path.display()
            ),
            path: Some(path.to_path_buf()),
            reason: format!("its version is {version}"),
        });
    }
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// Sets up a connection and returns the version of the database. Nothing is changed in one of
/// another version.
fn set_up(connection: &Connection) -> rusqlite::Result<usize> {
    connection.busy_timeout(Duration::from_secs(5))?;
    // Closing it would fold its log into it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let version = version as usize;
    if (1..=MIGRATIONS.len()).contains(&version) {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
    }
    Ok(version)
}

/// Makes a new database under another name and puts it in its place when it is whole: what is found
/// there later and is not whole has been damaged.
fn create(path: &Path) -> Result<()> {
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let unused = |done: std::io::Result<()>| match done {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(path, &error)),
        _ => Ok(()),
    };
    // The log of a database that somebody has moved away would be taken for the new one's.
    unused(std::fs::rename(beside("-wal"), beside("-wal.old")))?;
    let new = beside(".new");
    unused(std::fs::remove_file(&new))?;
    let mut connection = Connection::open(&new).map_err(|error| failed(path, &error))?;
    migrate(&mut connection, path)?;
    connection.close().map_err(|(_, error)| failed(path, &error))?;
    std::fs::rename(&new, path).map_err(|error| Error::io(path, &error))
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<()> {
    Migrations::from_slice(MIGRATIONS).to_latest(connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => failed(path, &err),
        other => Error::Internal(format!("the database cannot be brought up to date: {other}")),
    })
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
