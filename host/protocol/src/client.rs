//! A small blocking client: typed calls and notifications over any pair of streams.
//!
//! The CLI and the engine's start use it over the local socket, tests over a child's stdio too. It
//! belongs to one thread; answers that arrive while another one is awaited are kept for later.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::marker::PhantomData;

use serde_json::value::RawValue;

use crate::error::RpcError;
use crate::frame::{self, Frame};
use crate::jsonrpc::{Id, Incoming, Request};
use crate::limits;
use crate::methods::Method;
use crate::notifications::{Event, Notification, SessionChanged, TorrentsChanged};

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The other side answered with an error.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The other side is gone.
    #[error("The connection was closed.")]
    Closed,
    /// Reading or writing failed; a time-out of the stream ends up here too, and leaves the
    /// stream in the middle of a frame: drop the client.
    #[error("The connection failed: {0}.")]
    Io(#[source] io::Error),
    /// What was read is not what the protocol says.
    #[error("The answer makes no sense: {0}.")]
    Unexpected(String),
}

impl From<io::Error> for ClientError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as K;
        match error.kind() {
            K::UnexpectedEof | K::BrokenPipe | K::ConnectionReset => Self::Closed,
            _ => Self::Io(error),
        }
    }
}

/// What the engine said unasked.
#[derive(Debug, Clone, PartialEq)]
pub enum Notified {
    /// `torrents_changed`.
    Torrents(TorrentsChanged),
    /// `session_changed`.
    Session(Box<SessionChanged>),
    /// `event`.
    Event(Box<Event>),
    /// One that this version does not know.
    Unknown(String),
}

/// A call that was sent and not yet answered; see [`Client::send`].
#[derive(Debug)]
#[must_use = "the answer is read by Client::wait"]
pub struct Pending<M> {
    id: u64,
    method: PhantomData<M>,
}

/// A client of the engine.
#[derive(Debug)]
pub struct Client<R, W> {
    reader: R,
    writer: W,
    next_id: u64,
    answers: HashMap<u64, Result<Box<RawValue>, RpcError>>,
    notified: VecDeque<Notified>,
}

impl<R: Read, W: Write> Client<R, W> {
    /// A client that reads from `reader` and writes to `writer`.
    pub fn new(reader: R, writer: W) -> Self {
        Self { reader, writer, next_id: 1, answers: HashMap::new(), notified: VecDeque::new() }
    }

    /// Calls `M` and waits for its answer.
    ///
    /// # Errors
    /// The error that was answered, or that of the connection.
    pub fn call<M: Method>(&mut self, params: &M::Params) -> Result<M::Result, ClientError> {
        let pending = self.send::<M>(params)?;
        self.wait(pending)
    }

    /// Sends a call without waiting: several may be under way, and be answered in any order.
    ///
    /// # Errors
    /// That of the connection.
    pub fn send<M: Method>(&mut self, params: &M::Params) -> Result<Pending<M>, ClientError> {
        let id = self.next_id;
        self.next_id += 1;
        let params = match serde_json::to_value(params) {
            Ok(serde_json::Value::Object(params)) => params,
            Ok(_) => return Err(ClientError::Unexpected("parameters are an object".into())),
            Err(error) => return Err(ClientError::Unexpected(error.to_string())),
        };
        let request = Request {
            id: Some(id.into()),
            method: M::NAME.into(),
            params: (!params.is_empty()).then_some(params),
        };
        frame::write_frame(&mut self.writer, &request.to_bytes())?;
        Ok(Pending { id, method: PhantomData })
    }

    /// Waits for the answer of a call that was sent.
    ///
    /// # Errors
    /// The error that was answered, or that of the connection.
    pub fn wait<M: Method>(&mut self, pending: Pending<M>) -> Result<M::Result, ClientError> {
        loop {
            if let Some(answer) = self.answers.remove(&pending.id) {
                let result = answer?;
                return serde_json::from_str(result.get())
                    .map_err(|error| ClientError::Unexpected(format!("{}: {error}", M::NAME)));
            }
            self.read()?;
        }
    }

    /// Waits for the next notification.
    ///
    /// # Errors
    /// That of the connection; [`ClientError::Closed`] when the other side is gone.
    pub fn next_notification(&mut self) -> Result<Notified, ClientError> {
        loop {
            if let Some(notified) = self.notified.pop_front() {
                return Ok(notified);
            }
            self.read()?;
        }
    }

    /// Every notification until the connection ends.
    pub fn notifications(&mut self) -> impl Iterator<Item = Notified> + '_ {
        std::iter::from_fn(|| self.next_notification().ok())
    }

    /// The two streams. What was read ahead and not asked for is lost.
    pub fn into_inner(self) -> (R, W) {
        (self.reader, self.writer)
    }

    /// Reads one frame and puts it where it belongs.
    fn read(&mut self) -> Result<(), ClientError> {
        let payload = match frame::read_frame(&mut self.reader, limits::FRAME_TO_BROWSER)? {
            Some(Frame::Payload(payload)) => payload,
            Some(Frame::TooLong { announced }) => {
                return Err(ClientError::Unexpected(format!("a frame of {announced} bytes")));
            }
            None => return Err(ClientError::Closed),
        };
        let unexpected = |error: serde_json::Error| ClientError::Unexpected(error.to_string());
        let incoming: Incoming = serde_json::from_slice(&payload).map_err(unexpected)?;
        if let Some(method) = incoming.method {
            let params = incoming.params.as_deref().map_or("{}", RawValue::get);
            let notified = match method.as_str() {
                TorrentsChanged::NAME => {
                    Notified::Torrents(serde_json::from_str(params).map_err(unexpected)?)
                }
                SessionChanged::NAME => {
                    Notified::Session(serde_json::from_str(params).map_err(unexpected)?)
                }
                Event::NAME => Notified::Event(serde_json::from_str(params).map_err(unexpected)?),
                _ => Notified::Unknown(method),
            };
            self.notified.push_back(notified);
            return Ok(());
        }
        let answer = match (incoming.result, incoming.error) {
            (_, Some(error)) => Err(error),
            (Some(result), None) => Ok(result),
            (None, None) => return Err(ClientError::Unexpected("neither result nor error".into())),
        };
        match incoming.id {
            Some(Id::Number(number)) => match number.as_u64() {
                Some(id) => drop(self.answers.insert(id, answer)),
                None => return Err(ClientError::Unexpected(format!("an answer to {number}"))),
            },
            // An error without an id is about the frame that was sent last: nothing else will
            // ever answer it.
            _ => {
                answer?;
                return Err(ClientError::Unexpected("an answer without an id".into()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ErrorKind;
    use crate::methods::{Empty, GetLog, GetLogParams, Ping};
    use crate::notifications::EventKind;

    fn wire(messages: &[serde_json::Value]) -> Vec<u8> {
        messages
            .iter()
            .flat_map(|message| frame::encode(message.to_string().as_bytes()).unwrap())
            .collect()
    }

    #[test]
    fn answers_may_come_in_any_order_and_between_notifications() {
        let wire = wire(&[
            json!({"jsonrpc":"2.0","method":"event","params":{"kind":"torrent_added","at":1}}),
            json!({"jsonrpc":"2.0","id":2,"result":{"lines":["a"]}}),
            json!({"jsonrpc":"2.0","method":"from_the_future"}),
            json!({"jsonrpc":"2.0","id":1,"result":{}}),
        ]);
        let mut client = Client::new(wire.as_slice(), Vec::new());
        let ping = client.send::<Ping>(&Empty {}).unwrap();
        let log = client.send::<GetLog>(&GetLogParams { lines: Some(1) }).unwrap();
        client.wait(ping).unwrap();
        assert_eq!(client.wait(log).unwrap().lines, ["a"]);
        let Notified::Event(event) = client.next_notification().unwrap() else { panic!() };
        assert_eq!(event.kind, EventKind::TorrentAdded);
        assert_eq!(
            client.next_notification().unwrap(),
            Notified::Unknown("from_the_future".into())
        );
        assert!(matches!(client.next_notification(), Err(ClientError::Closed)));
    }

    #[test]
    fn an_error_is_the_answer_of_its_call() {
        let error = RpcError::new(ErrorKind::Unavailable, "No.");
        let wire = wire(&[json!({"jsonrpc":"2.0","id":1,"error":error})]);
        let mut client = Client::new(wire.as_slice(), Vec::new());
        let Err(ClientError::Rpc(answer)) = client.call::<Ping>(&Empty {}) else { panic!() };
        assert_eq!(answer, error);
    }

    #[test]
    fn nonsense_is_an_error() {
        for nonsense in [json!(7), json!({"id":1}), json!({"id":"a","result":{}})] {
            let wire = wire(&[nonsense]);
            let mut client = Client::new(wire.as_slice(), Vec::new());
            assert!(matches!(client.call::<Ping>(&Empty {}), Err(ClientError::Unexpected(_))));
        }
        let mut client = Client::new(&b"\x05\0\0\0ab"[..], Vec::new());
        assert!(matches!(client.call::<Ping>(&Empty {}), Err(ClientError::Closed)));
    }
}
