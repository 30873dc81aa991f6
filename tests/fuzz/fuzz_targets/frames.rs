//! Frames: any bytes, in pieces of any size. The blocking reader (relay, command line) and the
//! asynchronous one (engine) must understand the same, and keep nothing over the limit.

#![no_main]

use std::future::Future;
use std::io::{ErrorKind, Read};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncRead, ReadBuf};
use torrpeddo_protocol::frame::{self, Frame, tokio_io};

fuzz_target!(|data: &[u8]| {
    let [step, limit, wire @ ..] = data else { return };
    let (step, limit) = (usize::from(*step).max(1), usize::from(*limit) * 16);
    let (mut blocking, mut asynchronous) = (Pieces { wire, step }, Pieces { wire, step });
    loop {
        let one = frame::read_frame(&mut blocking, limit).map_err(|error| error.kind());
        let two = ready(tokio_io::read_frame(&mut asynchronous, limit)).map_err(|e| e.kind());
        assert_eq!(one, two);
        match one {
            Ok(Some(Frame::Payload(payload))) => {
                assert!(payload.len() <= limit);
                let again = frame::encode(&payload).expect("a short payload");
                let read = frame::read_frame(&mut again.as_slice(), limit);
                assert_eq!(read.expect("a whole frame"), Some(Frame::Payload(payload)));
            }
            Ok(Some(Frame::TooLong { announced })) => assert!(announced as usize > limit),
            Ok(None) => return assert!(blocking.wire.is_empty()),
            Err(kind) => return assert_eq!(kind, ErrorKind::UnexpectedEof),
        }
    }
});

/// A stream that gives at most `step` bytes at once.
struct Pieces<'a> {
    wire: &'a [u8],
    step: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(self.step);
        self.wire.read(&mut buffer[..most])
    }
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let most = buffer.remaining().min(this.step).min(this.wire.len());
        let (now, later) = this.wire.split_at(most);
        buffer.put_slice(now);
        this.wire = later;
        Poll::Ready(Ok(()))
    }
}

/// The result of a future that never has to wait.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result;
        }
    }
}
