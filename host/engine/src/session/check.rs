//! Finding out which pieces are on the disk, before librqbit gets the torrent: it would believe
//! damaged data, make missing files anew, and could not be stopped while it looks.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::metainfo::sha1;
use crate::session::bits::Bitfield;
use crate::session::content::{Content, Fault};
use crate::session::record::Saved;
use crate::session::types::Verify;

/// The pieces that are there. `None` if it was stopped before it knew. Blocks for as long as it
/// takes to read everything, if it must. `warned`: the user knows that files are gone.
pub fn find_pieces(
    content: &Content,
    saved: Option<Saved>,
    verify: Verify,
    warned: bool,
    checked: &AtomicU64,
    stop: &CancellationToken,
) -> Result<Option<Bitfield>> {
    let found = match (saved, verify) {
        (Some(saved), Verify::Trust) => Some(trust(content, saved, warned)?),
        _ => check(content, checked, stop)?,
    };
    content.make_empty_files()?;
    Ok(found)
}

/// Believes the record, but for what cannot be there: a file may be gone or cut off.
fn trust(content: &Content, saved: Saved, warned: bool) -> Result<Bitfield> {
    let Saved { bits, noted } = saved;
    // An empty folder is what is left where a disk is not mounted. To download everything once more
    // would fill the disk below, and forget what is on the other one.
    if !warned && content.is_bare(bits.iter_ones(), &content.lengths()?) {
        return Err(content.all_gone());
    }
    let is_good = |piece, _: &[u8]| bits.get(piece);
    content.adopt_parts(&content.lengths()?, false, is_good)?;
    let claimed = bits.ones();
    let bits = content.present(bits)?;
    let gone = claimed - bits.ones();
    if gone > 0 {
        tracing::warn!(
            id = %content.meta().info_hash,
            pieces = gone,
            "files are missing or shorter than they were"
        );
    }
    content.sync_pieces(noted.into_iter())?;
    Ok(bits)
}

/// Hashes everything that is there.
fn check(
    content: &Content,
    checked: &AtomicU64,
    stop: &CancellationToken,
) -> Result<Option<Bitfield>> {
    let meta = content.meta();
    if !content.has_data() {
        // Looking at nothing is no check, and is not shown as one.
        return Ok(Some(Bitfield::empty(meta.piece_count)));
    }
    let is_good = |piece, bytes: &[u8]| meta.piece_hash(piece) == Some(&sha1(bytes)[..]);
    content.adopt_parts(&content.lengths()?, true, is_good)?;
    let lengths = content.lengths()?;
    let mut bits = Bitfield::empty(meta.piece_count);
    let mut buffer = Vec::new();
    for piece in 0..meta.piece_count {
        if stop.is_cancelled() {
            return Ok(None);
        }
        if content.is_present(piece, &lengths) {
            match content.read_piece(piece, &mut buffer) {
                Ok(()) => _ = bits.set(piece, is_good(piece, &buffer)),
                Err(Fault::Stopped) => return Ok(None),
                Err(fault) if fault.is_missing() => {}
                Err(fault) => return Err(Error::from(fault)),
            }
        }
        checked.fetch_add(u64::from(meta.piece_len(piece)), Ordering::Relaxed);
    }
    // It may have been written a moment ago, by a killed engine or by someone else.
    content.sync_pieces(bits.iter_ones())?;
    Ok(Some(bits))
}
