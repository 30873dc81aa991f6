//! Archives that are the same whoever makes them, and when.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;

use flate2::{Compression, GzBuilder};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::at;
use crate::Result;

/// A file in an archive.
pub struct Entry {
    /// With slashes, whatever the system has.
    name: String,
    executable: bool,
    bytes: Vec<u8>,
}

/// Every file below a folder, as if the folder had this name.
pub fn entries(folder: &Path, name: &str) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    collect(folder, name, &mut entries)?;
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

fn collect(folder: &Path, name: &str, entries: &mut Vec<Entry>) -> Result {
    for file in fs::read_dir(folder).map_err(|error| at(folder, &error))?.flatten() {
        let (path, own) = (file.path(), file.file_name());
        let own = own.to_str().ok_or_else(|| at(&path, &"the name is not UTF-8"))?;
        let name = format!("{name}/{own}");
        if path.is_dir() {
            collect(&path, &name, entries)?;
            continue;
        }
        let bytes = fs::read(&path).map_err(|error| at(&path, &error))?;
        entries.push(Entry { name, executable: is_executable(&path), bytes });
    }
    Ok(())
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|there| there.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "exe")
}

impl Entry {
    /// Whatever the umask of whoever packs is.
    fn mode(&self) -> u32 {
        if self.executable { 0o755 } else { 0o644 }
    }
}

/// Writes a `.tar.gz`: everything belongs to root, and is of one time.
pub fn tar_gz(path: &Path, entries: Vec<Entry>, time: u64) -> Result {
    let write = || {
        let packed = GzBuilder::new().write(File::create(path)?, Compression::best());
        let mut tar = tar::Builder::new(packed);
        for entry in entries {
            let mut header = tar::Header::new_ustar();
            header.set_size(entry.bytes.len() as u64);
            header.set_mode(entry.mode());
            header.set_mtime(time);
            header.set_uid(0);
            header.set_gid(0);
            header.set_username("root")?;
            header.set_groupname("root")?;
            tar.append_data(&mut header, &entry.name, entry.bytes.as_slice())?;
        }
        tar.into_inner()?.finish()?.sync_all()
    };
    write().map_err(|error: std::io::Error| at(path, &error))
}

/// Writes a zip. Everything in it is of 1980: where this format begins, and in no time zone.
pub fn zip(path: &Path, entries: Vec<Entry>) -> Result {
    let write = || {
        let mut zip = ZipWriter::new(File::create(path)?);
        for entry in entries {
            let options = SimpleFileOptions::default()
                .compression_method(zip::CompressionMethod::Deflated)
                .last_modified_time(zip::DateTime::default())
                .unix_permissions(entry.mode());
            zip.start_file(&entry.name, options)?;
            zip.write_all(&entry.bytes)?;
        }
        zip.finish()?.sync_all().map_err(Into::into)
    };
    write().map_err(|error: zip::result::ZipError| at(path, &error))
}

/// The files in a zip, sorted.
pub fn unzip(path: &Path) -> Result<Vec<Entry>> {
    let read = || {
        let mut zip = ZipArchive::new(File::open(path)?)?;
        let mut entries = Vec::new();
        for index in 0..zip.len() {
            let mut file = zip.by_index(index)?;
            if file.is_dir() {
                continue;
            }
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            entries.push(Entry { name: file.name().to_owned(), executable: false, bytes });
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    };
    read().map_err(|error: zip::result::ZipError| at(path, &error))
}

/// Writes files below a folder.
pub fn unpack(entries: Vec<Entry>, folder: &Path) -> Result {
    entries.into_iter().try_for_each(|entry| {
        let path = folder.join(entry.name);
        fs::create_dir_all(path.parent().unwrap_or(folder))
            .and_then(|()| fs::write(&path, entry.bytes))
            .map_err(|error| at(&path, &error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same files, made in another order.
    fn entries_in(order: [&str; 3]) -> Vec<Entry> {
        let dir = tempfile::tempdir().unwrap();
        for name in order {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name.repeat(100)).unwrap();
        }
        entries(dir.path(), "named").unwrap()
    }

    #[test]
    fn the_same_files_make_the_same_archives() {
        let dir = tempfile::tempdir().unwrap();
        let orders = [["a", "b/c", "b/a"], ["b/a", "a", "b/c"]];
        let [tars, zips] = ["tar.gz", "zip"].map(|kind| {
            orders.map(|order| {
                let file = dir.path().join(kind);
                match kind {
                    "zip" => zip(&file, entries_in(order)).unwrap(),
                    _ => tar_gz(&file, entries_in(order), 1_000_000_000).unwrap(),
                }
                fs::read(file).unwrap()
            })
        });
        assert_eq!(tars[0], tars[1]);
        assert_eq!(zips[0], zips[1]);
        let names = |entries: &[Entry]| entries.iter().map(|e| e.name.clone()).collect::<Vec<_>>();
        let there = unzip(&dir.path().join("zip")).unwrap();
        assert_eq!(names(&there), ["named/a", "named/b/a", "named/b/c"]);
        assert_eq!(there[2].bytes, "b/c".repeat(100).as_bytes());
    }
}
