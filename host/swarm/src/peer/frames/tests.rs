use std::collections::VecDeque;
use std::io;

use proptest::prelude::*;

use super::*;
use crate::wire::message::BlockRequest;

const LIMITS: Limits = Limits { bitfield_len: None, max_block: 32 * 1024, max_extended: 64 * 1024 };

/// Collects the bytes of messages.
struct Collector<'a> {
    buffer: &'a [u8],
    frames: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct Failed;

impl From<WireError> for Failed {
    fn from(_: WireError) -> Self {
        Self
    }
}

impl Receiver for Collector<'_> {
    type Error = Failed;

    fn limits(&self) -> Limits {
        LIMITS
    }

    fn is_dropped(&mut self, head: &[u8]) -> bool {
        head[4] == 20
    }

    fn receive(&mut self, message: Message<'_>, frame: &Frame) -> Result<(), Failed> {
        let mut bytes = Vec::new();
        message.encode(&mut bytes);
        if frame.origin == Origin::Buffer {
            assert_eq!(self.buffer[frame.range.clone()], bytes);
        } else {
            assert_eq!(frame.range, 0..bytes.len());
        }
        self.frames.push(bytes);
        Ok(())
    }
}

/// Reads `chunks` one after the other, and returns the messages.
fn read_all(chunks: impl IntoIterator<Item = Vec<u8>>, buffer_len: usize) -> Vec<Vec<u8>> {
    let mut reader = FrameReader::default();
    let mut buffer = vec![0; buffer_len];
    let mut frames = Vec::new();
    let mut chunks: VecDeque<Vec<u8>> = chunks.into_iter().collect();
    while let Some(mut chunk) = chunks.pop_front() {
        if chunk.is_empty() {
            continue;
        }
        let blocked = reader.read(&mut buffer, |_| Err(io::ErrorKind::WouldBlock.into()));
        assert!(blocked.is_err());
        let count = reader
            .read(&mut buffer, |buffers| {
                let mut count = 0;
                for buffer in buffers {
                    let len = buffer.len().min(chunk.len());
                    buffer[..len].copy_from_slice(&chunk[..len]);
                    chunk.drain(..len);
                    count += len;
                }
                Ok(count)
            })
            .unwrap();
        assert!(count > 0);
        let mut collector = Collector { buffer: &buffer, frames: std::mem::take(&mut frames) };
        let consumed = reader.process(&buffer, &mut collector).unwrap();
        frames = collector.frames;
        reader.finish(&buffer, consumed);
        chunks.push_front(chunk);
    }
    frames
}

fn stream() -> (Vec<u8>, Vec<Vec<u8>>) {
    let data = vec![5; 16 * 1024];
    let messages = [
        Message::KeepAlive,
        Message::Unchoke,
        Message::Piece { piece: 1, begin: 2, data: &data },
        Message::Piece { piece: 1, begin: 3, data: &data[..1] },
        Message::Bitfield(&data[..3000]),
        Message::Request(BlockRequest { piece: 1, begin: 2, len: 3 }),
        Message::Piece { piece: 4, begin: 2, data: &data },
        Message::Choke,
    ];
    let (mut bytes, mut frames) = (Vec::new(), Vec::new());
    for message in messages {
        let mut frame = Vec::new();
        message.encode(&mut frame);
        bytes.extend_from_slice(&frame);
        frames.push(frame);
        // Skipped between all others.
        bytes.extend_from_slice(&700_u32.to_be_bytes());
        bytes.push(99);
        bytes.resize(bytes.len() + 699, 9);
    }
    (bytes, frames)
}

#[test]
fn messages_are_found_byte_by_byte() {
    let (bytes, frames) = stream();
    assert_eq!(read_all(bytes.into_iter().map(|byte| vec![byte]), 64 * 1024), frames);
}

#[test]
fn unfinished_messages_are_dropped_if_the_receiver_says_so() {
    let mut bytes = Vec::new();
    Message::Extended { id: 1, payload: &[7; 5000] }.encode(&mut bytes);
    Message::Choke.encode(&mut bytes);
    let frames =
        read_all([bytes[..5].to_vec(), bytes[5..200].to_vec(), bytes[200..].to_vec()], 4096);
    assert_eq!(frames, [b"\0\0\0\x01\0"]);
}

#[test]
fn bytes_read_elsewhere_come_first() {
    let (bytes, frames) = stream();
    let mut reader = FrameReader::default();
    let mut buffer = vec![0; 256 * 1024];
    reader.prepend(&bytes);
    reader.take_prepended(&mut buffer);
    let mut collector = Collector { buffer: &buffer, frames: Vec::new() };
    let consumed = reader.process(&buffer, &mut collector).unwrap();
    assert_eq!((consumed, collector.frames), (bytes.len(), frames));
}

proptest! {
    #[test]
    fn messages_do_not_depend_on_how_they_arrive(
        sizes in prop::collection::vec(1..20_000_usize, 1..40),
        buffer_len in 1000..70_000_usize,
    ) {
        let (bytes, frames) = stream();
        let mut chunks = Vec::new();
        let mut rest = &bytes[..];
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, after) = rest.split_at(rest.len().min(*size));
            chunks.push(chunk.to_vec());
            rest = after;
        }
        prop_assert_eq!(read_all(chunks, buffer_len), frames);
    }
}
