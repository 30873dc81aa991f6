//! Reading, writing and syncing files at a place.

use std::fs::{File, Metadata};
use std::io;

use crate::metainfo::{FileEntry, Metainfo};

/// Cuts a range of a file at the borders of pieces: the piece, where in it, and how much.
pub fn segments(
    meta: &Metainfo,
    file: &FileEntry,
    offset: u64,
    length: usize,
) -> impl Iterator<Item = (u32, u64, usize)> + use<> {
    let piece_bytes = u64::from(meta.piece_bytes);
    let (mut at, mut left) = (file.offset + offset, length);
    std::iter::from_fn(move || {
        let (piece, within) = (at / piece_bytes, at % piece_bytes);
        let take = left.min((piece_bytes - within) as usize);
        at += take as u64;
        left -= take;
        (take > 0).then_some((piece as u32, within, take))
    })
}

/// Fills the buffer from a place in a file.
#[cfg(unix)]
pub fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

/// Writes all of it to a place in a file.
#[cfg(unix)]
pub fn write_at(file: &File, data: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, data, offset)
}

/// Whether a file still has a name somewhere.
#[cfg(unix)]
pub fn is_linked(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) > 0
}

/// Whether a file still has a name somewhere: on Windows an open one always has.
#[cfg(windows)]
pub fn is_linked(_: &Metadata) -> bool {
    true
}

/// Fills the buffer from a place in a file.
#[cfg(windows)]
pub fn read_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                buffer = buffer.split_at_mut(read).1;
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes all of it to a place in a file.
#[cfg(windows)]
pub fn write_at(file: &File, mut data: &[u8], mut offset: u64) -> io::Result<()> {
    while !data.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, data, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                data = data.split_at(written).1;
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Syncs a file that may be open for reading only. Some systems sync only what is open for writing,
/// and a disk that cannot be written has nothing to sync.
pub fn sync_read_only(file: &File) -> io::Result<()> {
    use io::ErrorKind as K;
    match file.sync_data() {
        Err(error) => match error.kind() {
            K::PermissionDenied | K::ReadOnlyFilesystem | K::InvalidInput | K::Unsupported => {
                Ok(())
            }
            _ => Err(error),
        },
        Ok(()) => Ok(()),
    }
}
