//! Bytes on their way to one side of a connection.

use std::io::{self, IoSlice};
use std::ops::Range;

use crate::wire::message::Message;

/// Most slices of one vectored write. A run of forwarded messages is one slice.
const MAX_SLICES: usize = 64;

/// Where bytes are until they have been written or copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The read buffer of the thread.
    Buffer,
    /// The message that was completed by the latest read ([`FrameReader`](super::frames::FrameReader)).
    Partial,
    /// Bytes of the [`Outgoing`] itself.
    Own,
}

/// A message in the memory it was read into.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub origin: Origin,
    pub range: Range<usize>,
}

/// The memory that [`Frame`]s refer to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory<'a> {
    pub buffer: &'a [u8],
    pub partial: &'a [u8],
}

/// What is to be written to one side after a round of messages. Forwarded messages are ranges of the
/// memory that they were read into.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    segments: Vec<Frame>,
    own: Vec<u8>,
    len: usize,
}

impl Outgoing {
    /// Adds a message.
    pub fn push(&mut self, message: &Message<'_>) {
        let start = self.own.len();
        message.encode(&mut self.own);
        self.extend(Origin::Own, start..self.own.len());
    }

    /// Adds bytes.
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        let start = self.own.len();
        self.own.extend_from_slice(bytes);
        self.extend(Origin::Own, start..self.own.len());
    }

    /// Adds a message as it was read, without copying it.
    pub fn forward(&mut self, frame: &Frame) {
        self.extend(frame.origin, frame.range.clone());
    }

    fn extend(&mut self, origin: Origin, range: Range<usize>) {
        self.len += range.len();
        match self.segments.last_mut() {
            Some(last) if last.origin == origin && last.range.end == range.start => {
                last.range.end = range.end;
            }
            _ => self.segments.push(Frame { origin, range }),
        }
    }

    /// Bytes in it.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Removes everything, and keeps the memory.
    pub fn clear(&mut self) {
        self.segments.clear();
        self.own.clear();
        self.len = 0;
    }

    /// The bytes in their order.
    pub fn slices<'a>(&'a self, memory: Memory<'a>) -> impl Iterator<Item = &'a [u8]> + 'a {
        let slices = self.segments.iter().map(move |Frame { origin, range }| {
            let bytes = match origin {
                Origin::Buffer => memory.buffer,
                Origin::Partial => memory.partial,
                Origin::Own => &self.own,
            };
            bytes.get(range.clone()).unwrap_or_default()
        });
        slices.filter(|slice| !slice.is_empty())
    }
}

/// Bytes that a socket did not take.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    bytes: Vec<u8>,
    start: usize,
}

impl Backlog {
    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Whether everything has been written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops everything, and the memory.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Writes what waits and then `out`, and keeps what the socket does not take. Returns the number of
    /// bytes that were written.
    ///
    /// # Errors
    /// If the socket fails; `WouldBlock` and `Interrupted` are no failures.
    pub fn write(
        &mut self,
        out: &Outgoing,
        memory: Memory<'_>,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut total = 0;
        while !self.is_empty() {
            let rest = self.bytes.get(self.start..).unwrap_or_default();
            match taken(write(&[IoSlice::new(rest)]))? {
                Some(written) => {
                    self.start += written;
                    total += written;
                }
                None => {
                    self.compact();
                    out.slices(memory).for_each(|slice| self.bytes.extend_from_slice(slice));
                    return Ok(total);
                }
            }
        }
        self.clear();
        let mut slices = out.slices(memory);
        let mut list = [IoSlice::new(&[]); MAX_SLICES];
        loop {
            let mut count = 0;
            for (place, slice) in list.iter_mut().zip(slices.by_ref()) {
                *place = IoSlice::new(slice);
                count += 1;
            }
            let Some(mut rest) = list.get_mut(..count).filter(|list| !list.is_empty()) else {
                return Ok(total);
            };
            while !rest.is_empty() {
                match taken(write(rest))? {
                    Some(written) => {
                        total += written;
                        IoSlice::advance_slices(&mut rest, written);
                    }
                    None => {
                        rest.iter().for_each(|slice| self.bytes.extend_from_slice(slice));
                        slices.for_each(|slice| self.bytes.extend_from_slice(slice));
                        return Ok(total);
                    }
                }
            }
        }
    }

    /// Removes what has been written from memory once it is most of it.
    fn compact(&mut self) {
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
    }
}

/// The number of bytes that a write took, or `None` if the socket is full.
fn taken(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        Ok(written) => Ok(Some(written)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
