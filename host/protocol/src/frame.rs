//! Frames: a `u32` length in the machine's byte order, then that many bytes of UTF-8 JSON. This is
//! the browsers' native-messaging framing, kept unchanged on the local socket.
//!
//! Reading never trusts the announced length: memory grows with the bytes that arrive, at most to
//! the limit, and a frame over the limit is skipped without being kept.

use std::io::{self, Read, Write};

use byteorder::{ByteOrder, NativeEndian};

/// How many bytes the length prefix takes.
pub const HEADER_BYTES: usize = 4;

/// How much is skipped in one step, and the least that is reserved for a frame.
const CHUNK: usize = 16 * 1024;

/// One frame as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The bytes of the frame, without its length.
    Payload(Vec<u8>),
    /// The frame announced more than the limit. Its bytes were skipped, and the next frame can be
    /// read.
    TooLong {
        /// The announced length in bytes.
        announced: u32,
    },
}

/// Reads one frame of at most `limit` bytes; `None` when the stream ends between two frames.
///
/// # Errors
/// `UnexpectedEof` when the stream ends inside a frame, and whatever the reader says.
pub fn read_frame(reader: &mut impl Read, limit: usize) -> io::Result<Option<Frame>> {
    let mut header = [0; HEADER_BYTES];
    if !read_header(reader, &mut header)? {
        return Ok(None);
    }
    let announced = NativeEndian::read_u32(&header);
    if announced as usize > limit {
        skip(reader, announced)?;
        return Ok(Some(Frame::TooLong { announced }));
    }
    let mut payload = Vec::with_capacity((announced as usize).min(CHUNK));
    let read = reader.by_ref().take(u64::from(announced)).read_to_end(&mut payload)?;
    if read < announced as usize {
        return Err(inside_a_frame());
    }
    Ok(Some(Frame::Payload(payload)))
}

/// Writes one frame in a single call, so that two writers that share a lock cannot interleave.
///
/// # Errors
/// `InvalidInput` when the payload is longer than a `u32` can say, and whatever the writer says.
pub fn write_frame(writer: &mut impl Write, payload: &[u8]) -> io::Result<()> {
    writer.write_all(&encode(payload)?)?;
    writer.flush()
}

/// The bytes of one frame: length and payload.
///
/// # Errors
/// `InvalidInput` when the payload is longer than a `u32` can say.
pub fn encode(payload: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(payload.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a frame of more than 4 GiB"))?;
    let mut bytes = vec![0; HEADER_BYTES + payload.len()];
    NativeEndian::write_u32(&mut bytes, length);
    bytes[HEADER_BYTES..].copy_from_slice(payload);
    Ok(bytes)
}

fn read_header(reader: &mut impl Read, header: &mut [u8; HEADER_BYTES]) -> io::Result<bool> {
    let mut filled = 0;
    while filled < HEADER_BYTES {
        match reader.read(&mut header[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(inside_a_frame()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

fn skip(reader: &mut impl Read, bytes: u32) -> io::Result<()> {
    let skipped = io::copy(&mut reader.by_ref().take(u64::from(bytes)), &mut io::sink())?;
    if skipped < u64::from(bytes) { Err(inside_a_frame()) } else { Ok(()) }
}

fn inside_a_frame() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the stream ended inside a frame")
}

/// The same over tokio's streams.
#[cfg(feature = "async")]
pub mod tokio_io {
    use std::io;

    use byteorder::{ByteOrder, NativeEndian};
    use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

    use super::{CHUNK, Frame, HEADER_BYTES, encode, inside_a_frame};

    /// Reads one frame; see [`super::read_frame`]. Not cancel-safe: run it in a task of its own.
    ///
    /// # Errors
    /// As [`super::read_frame`].
    pub async fn read_frame(
        reader: &mut (impl AsyncRead + Unpin),
        limit: usize,
    ) -> io::Result<Option<Frame>> {
        let mut header = [0; HEADER_BYTES];
        let mut filled = 0;
        while filled < HEADER_BYTES {
            match reader.read(&mut header[filled..]).await? {
                0 if filled == 0 => return Ok(None),
                0 => return Err(inside_a_frame()),
                read => filled += read,
            }
        }
        let announced = NativeEndian::read_u32(&header);
        let mut body = reader.take(u64::from(announced));
        if announced as usize > limit {
            let skipped = tokio::io::copy(&mut body, &mut tokio::io::sink()).await?;
            if skipped < u64::from(announced) {
                return Err(inside_a_frame());
            }
            return Ok(Some(Frame::TooLong { announced }));
        }
        let mut payload = Vec::with_capacity((announced as usize).min(CHUNK));
        if body.read_to_end(&mut payload).await? < announced as usize {
            return Err(inside_a_frame());
        }
        Ok(Some(Frame::Payload(payload)))
    }

    /// Writes one frame; see [`super::write_frame`].
    ///
    /// # Errors
    /// As [`super::write_frame`].
    pub async fn write_frame(
        writer: &mut (impl AsyncWrite + Unpin),
        payload: &[u8],
    ) -> io::Result<()> {
        writer.write_all(&encode(payload)?).await?;
        writer.flush().await
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(payload: &[u8]) -> Vec<u8> {
        encode(payload).unwrap()
    }

    #[test]
    fn a_frame_comes_back_as_it_was_sent() {
        let mut wire = Vec::new();
        write_frame(&mut wire, b"{}").unwrap();
        assert_eq!(wire[..4], 2u32.to_ne_bytes());
        let mut reader = wire.as_slice();
        assert_eq!(read_frame(&mut reader, 10).unwrap(), Some(Frame::Payload(b"{}".to_vec())));
        assert_eq!(read_frame(&mut reader, 10).unwrap(), None);
    }

    #[test]
    fn an_empty_frame_is_a_frame() {
        let wire = framed(b"");
        assert_eq!(read_frame(&mut wire.as_slice(), 10).unwrap(), Some(Frame::Payload(Vec::new())));
    }

    #[test]
    fn a_frame_at_the_limit_is_read_and_one_byte_more_is_skipped() {
        let mut wire = framed(&[7; 8]);
        wire.extend(framed(&[8; 9]));
        wire.extend(framed(b"next"));
        let mut reader = wire.as_slice();
        assert_eq!(read_frame(&mut reader, 8).unwrap(), Some(Frame::Payload(vec![7; 8])));
        assert_eq!(read_frame(&mut reader, 8).unwrap(), Some(Frame::TooLong { announced: 9 }));
        assert_eq!(read_frame(&mut reader, 8).unwrap(), Some(Frame::Payload(b"next".to_vec())));
    }

    #[test]
    fn the_end_inside_a_frame_is_an_error() {
        for cut in 1..6 {
            let wire = framed(b"abc");
            let error = read_frame(&mut &wire[..cut], 10).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "cut at {cut}");
        }
    }

    #[test]
    fn an_announced_length_alone_reserves_next_to_nothing() {
        /// Fails the test when it is asked to fill a large buffer.
        struct Small(usize);
        impl Read for Small {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                assert!(buffer.len() <= 4 * CHUNK, "a buffer of {} bytes", buffer.len());
                if self.0 == 0 {
                    self.0 += 1;
                    buffer[..4].copy_from_slice(&(60u32 << 20).to_ne_bytes());
                    return Ok(4);
                }
                Ok(0)
            }
        }
        assert!(read_frame(&mut Small(0), 64 << 20).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic_and_never_exceed_the_limit(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            limit in 0usize..64,
        ) {
            let mut reader = bytes.as_slice();
            while let Ok(Some(frame)) = read_frame(&mut reader, limit) {
                if let Frame::Payload(payload) = frame {
                    prop_assert!(payload.len() <= limit);
                    prop_assert!(payload.capacity() <= 2 * CHUNK);
                }
            }
        }

        #[test]
        fn a_sequence_of_frames_comes_back(
            frames in proptest::collection::vec(
                proptest::collection::vec(any::<u8>(), 0..100), 0..10),
        ) {
            let wire: Vec<u8> = frames.iter().flat_map(|frame| framed(frame)).collect();
            let mut reader = wire.as_slice();
            let mut read = Vec::new();
            while let Some(Frame::Payload(payload)) = read_frame(&mut reader, 100).unwrap() {
                read.push(payload);
            }
            prop_assert_eq!(read, frames);
        }

        #[cfg(feature = "async")]
        #[test]
        fn both_readers_agree(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            limit in 0usize..64,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (mut blocking, mut asynchronous) = (bytes.as_slice(), bytes.as_slice());
            loop {
                let one = read_frame(&mut blocking, limit).map_err(|error| error.kind());
                let two = runtime
                    .block_on(tokio_io::read_frame(&mut asynchronous, limit))
                    .map_err(|error| error.kind());
                prop_assert_eq!(&one, &two);
                if !matches!(one, Ok(Some(_))) {
                    break;
                }
            }
        }
    }
}
