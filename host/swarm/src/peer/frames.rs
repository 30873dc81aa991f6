//! Splits what one side sends into messages.

use std::io::{self, IoSliceMut};

use super::outgoing::{Frame, Memory, Origin};
use crate::wire::message::{Decoded, Limits, Message, WireError, decode};

/// Bytes of an unfinished message that are moved to the start of the read buffer. More of it stays
/// where it is, and the next read continues there.
const MOVED: usize = 64;

/// The receiver of the messages of one side.
pub(crate) trait Receiver {
    /// Why the connection ends.
    type Error: From<WireError>;

    /// Bounds of the next message.
    fn limits(&self) -> Limits;

    /// Whether an unfinished message is to be dropped, so that nothing is kept for it. `head` is what
    /// there is of it, at least its id.
    fn is_dropped(&mut self, head: &[u8]) -> bool;

    /// Takes a message.
    fn receive(&mut self, message: Message<'_>, frame: &Frame) -> Result<(), Self::Error>;
}

/// The unfinished message of one side.
#[derive(Debug, Default)]
pub(crate) struct FrameReader {
    /// The start of a message. If it is longer than `filled`, it has the length of the whole message.
    partial: Vec<u8>,
    filled: usize,
    /// Bytes to drop until the next message starts.
    skip: usize,
    /// Bytes at the start of the read buffer.
    buffered: usize,
    /// Bytes that the unfinished message in the buffer has in all, as far as that is known.
    needed: usize,
}

impl FrameReader {
    /// Reads once. Returns the number of bytes, 0 at the end of the stream.
    ///
    /// # Errors
    /// What `read` returns.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        read: impl FnOnce(&mut [IoSliceMut<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.buffered = 0;
        if self.partial.len() > self.filled {
            let rest = self.partial.get_mut(self.filled..).unwrap_or_default();
            let wanted = rest.len();
            let count = read(&mut [IoSliceMut::new(rest), IoSliceMut::new(buffer)])?;
            self.filled += count.min(wanted);
            self.buffered = count.saturating_sub(wanted);
            return Ok(count);
        }
        let moved = self.filled.min(buffer.len());
        let (head, rest) = buffer.split_at_mut(moved);
        let count = read(&mut [IoSliceMut::new(rest)])?;
        head.copy_from_slice(self.partial.get(..moved).unwrap_or_default());
        self.partial.clear();
        self.filled = 0;
        self.buffered = moved + count;
        Ok(count)
    }

    /// Puts bytes that were read elsewhere before everything else.
    pub fn prepend(&mut self, bytes: &[u8]) {
        self.partial = bytes.to_vec();
        self.filled = bytes.len();
    }

    /// Moves what [`prepend`](Self::prepend) put there into the buffer, as a read would do. Bytes that
    /// do not fit are lost, so the buffer must be larger.
    pub fn take_prepended(&mut self, buffer: &mut [u8]) {
        _ = self.read(buffer, |_| Ok(0));
    }

    /// Passes on every whole message of the latest read. Their memory stays valid until
    /// [`finish`](Self::finish).
    ///
    /// # Errors
    /// If a message is malformed, or refused by the receiver.
    pub fn process<R: Receiver>(
        &mut self,
        buffer: &[u8],
        receiver: &mut R,
    ) -> Result<usize, R::Error> {
        let data = buffer.get(..self.buffered).unwrap_or_default();
        if !self.partial.is_empty() {
            if self.filled < self.partial.len() {
                return Ok(0);
            }
            // Limits may have changed since the length was checked, so that it is checked again.
            if let Decoded::Message { message, frame_len } =
                decode(&self.partial, &receiver.limits())?
            {
                let frame = Frame { origin: Origin::Partial, range: 0..frame_len };
                receiver.receive(message, &frame)?;
            }
        }
        let mut at = self.skip.min(data.len());
        self.skip -= at;
        loop {
            let rest = data.get(at..).unwrap_or_default();
            let dropped = match decode(rest, &receiver.limits())? {
                Decoded::Message { message, frame_len } => {
                    let frame = Frame { origin: Origin::Buffer, range: at..at + frame_len };
                    at += frame_len;
                    receiver.receive(message, &frame)?;
                    continue;
                }
                Decoded::Skip { frame_len, .. } => frame_len,
                Decoded::Incomplete { needed } if needed > 5 && receiver.is_dropped(rest) => needed,
                Decoded::Incomplete { needed } => {
                    self.needed = needed;
                    return Ok(at);
                }
            };
            let there = dropped.min(rest.len());
            self.skip = dropped - there;
            at += there;
        }
    }

    /// The memory of the messages that were passed on.
    pub fn memory<'a>(&'a self, buffer: &'a [u8]) -> Memory<'a> {
        Memory { buffer, partial: &self.partial }
    }

    /// Ends a round: keeps what follows the first `consumed` bytes of the buffer.
    pub fn finish(&mut self, buffer: &[u8], consumed: usize) {
        if self.filled < self.partial.len() {
            return;
        }
        let rest = buffer.get(consumed..self.buffered).unwrap_or_default();
        self.buffered = 0;
        self.filled = rest.len();
        if rest.is_empty() {
            self.partial = Vec::new();
            return;
        }
        self.partial.clear();
        self.partial.extend_from_slice(rest);
        if rest.len() > MOVED {
            self.partial.resize(self.needed.max(rest.len()), 0);
        }
    }
}

#[cfg(test)]
mod tests;
