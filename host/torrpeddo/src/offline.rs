//! What the relay says while there is no engine: every request is answered with the reason, so
//! that the extension always has a sentence to show. Each later `hello` tries once more.

use std::io::{self, Read, Write};

use torrpeddo_protocol::frame::{self, Frame};
use torrpeddo_protocol::jsonrpc::{self, Request};
use torrpeddo_protocol::methods::{Hello, Method};
use torrpeddo_protocol::{ErrorKind, RpcError, limits};

use crate::failure::{Failure, Result};

/// How it ended.
#[derive(Debug)]
pub enum Outcome<S> {
    /// An engine is there. The second member is the frame of the `hello` that found it, for the
    /// engine to answer.
    Online(S, Vec<u8>),
    /// The browser left.
    Ended,
}

/// Answers every request with `failure`, until `retry` at a later `hello` finds an engine.
///
/// # Errors
/// When the browser's pipes fail.
pub fn answer<S>(
    reader: &mut impl Read,
    writer: &mut impl Write,
    failure: Failure,
    mut retry: impl FnMut() -> Result<S>,
) -> io::Result<Outcome<S>> {
    let mut error = failure.to_rpc();
    // A `hello` in the first frame belongs to the attempt that just failed.
    let mut first = true;
    loop {
        let payload = match frame::read_frame(reader, limits::FRAME_FROM_CLIENT) {
            Ok(Some(Frame::Payload(payload))) => payload,
            Ok(Some(Frame::TooLong { announced })) => {
                let error = RpcError::new(
                    ErrorKind::InvalidRequest,
                    format!("A frame of {announced} bytes is over the limit of 64 MiB."),
                );
                frame::write_frame(writer, &jsonrpc::failure(None, &error))?;
                continue;
            }
            Ok(None) => return Ok(Outcome::Ended),
            // A browser that is killed leaves in the middle of whatever it was saying.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok(Outcome::Ended);
            }
            Err(error) => return Err(error),
        };
        let tried = std::mem::take(&mut first);
        match Request::parse(&payload) {
            Ok(request) => {
                if request.method == Hello::NAME && !tried {
                    match retry() {
                        Ok(stream) => return Ok(Outcome::Online(stream, payload)),
                        Err(failure) => error = failure.to_rpc(),
                    }
                }
                if let Some(id) = &request.id {
                    frame::write_frame(writer, &jsonrpc::failure(Some(id), &error))?;
                }
            }
            Err((id, error)) => {
                frame::write_frame(writer, &jsonrpc::failure(id.as_ref(), &error))?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn run(input: &[Vec<u8>], retry: impl FnMut() -> Result<()>) -> (Outcome<()>, Vec<Value>) {
        let wire: Vec<u8> = input.iter().flat_map(|one| frame::encode(one).unwrap()).collect();
        let mut output = Vec::new();
        let failure = Failure::unavailable("No engine.").hint("Do this.");
        let outcome = answer(&mut wire.as_slice(), &mut output, failure, retry).unwrap();
        let mut answers = Vec::new();
        let mut output = output.as_slice();
        while let Some(Frame::Payload(payload)) = frame::read_frame(&mut output, 1 << 20).unwrap() {
            answers.push(serde_json::from_slice(&payload).unwrap());
        }
        (outcome, answers)
    }

    fn request(id: &Value, method: &str) -> Vec<u8> {
        json!({"jsonrpc": "2.0", "id": id, "method": method}).to_string().into_bytes()
    }

    fn never() -> Result<()> {
        panic!("no attempt was asked for")
    }

    #[test]
    fn requests_are_answered_and_notifications_are_not() {
        let notification = br#"{"jsonrpc":"2.0","method":"ping"}"#.to_vec();
        let input =
            [request(&json!(1), "hello"), notification, request(&json!("b"), "from_the_future")];
        let (outcome, answers) = run(&input, never);
        assert!(matches!(outcome, Outcome::Ended));
        assert_eq!(answers.len(), 2);
        assert_eq!(answers[0]["id"], 1);
        assert_eq!(answers[1]["id"], "b");
        for answer in answers {
            assert_eq!(answer["error"]["code"], 6);
            assert_eq!(answer["error"]["message"], "No engine. Do this.");
            assert_eq!(answer["error"]["data"]["kind"], "unavailable");
        }
    }

    #[test]
    fn the_rules_of_json_rpc_hold_without_an_engine() {
        for (frame, code) in [
            (&b"{"[..], -32700),
            (b"\xff", -32700),
            (b"", -32700),
            (b"[]", -32600),
            (br#"{"id":1,"method":"ping"}"#, -32600),
        ] {
            let (_, answers) = run(&[frame.to_vec()], never);
            assert_eq!(answers[0]["error"]["code"], code);
        }
    }

    #[test]
    fn a_frame_over_the_limit_is_skipped() {
        let mut wire = u32::try_from(limits::FRAME_FROM_CLIENT + 1).unwrap().to_ne_bytes().to_vec();
        wire.resize(4 + limits::FRAME_FROM_CLIENT + 1, b' ');
        wire.extend(frame::encode(&request(&json!(7), "ping")).unwrap());
        let mut output = Vec::new();
        answer(&mut wire.as_slice(), &mut output, Failure::unavailable("No."), never).unwrap();
        let mut output = output.as_slice();
        let mut next = || match frame::read_frame(&mut output, 1 << 20).unwrap() {
            Some(Frame::Payload(payload)) => serde_json::from_slice::<Value>(&payload).unwrap(),
            other => panic!("{other:?}"),
        };
        let first = next();
        assert_eq!((&first["id"], &first["error"]["code"]), (&json!(null), &json!(-32600)));
        assert_eq!(next()["id"], 7);
    }

    #[test]
    fn the_first_hello_has_been_tried_and_each_later_one_tries_again() {
        let mut attempts = 0;
        let input: Vec<_> = (1..=4).map(|id| request(&json!(id), "hello")).collect();
        let (outcome, answers) = run(&input, || {
            attempts += 1;
            if attempts < 2 { Err(Failure::unavailable("Still none.")) } else { Ok(()) }
        });
        let Outcome::Online((), hello) = outcome else { panic!() };
        assert_eq!(hello, request(&json!(3), "hello"), "the engine answers it");
        assert_eq!(answers[0]["error"]["message"], "No engine. Do this.");
        assert_eq!(answers[1]["error"]["message"], "Still none.");
        assert_eq!(attempts, 2);
    }

    #[test]
    fn half_a_frame_is_an_end() {
        let mut output = Vec::new();
        let outcome =
            answer(&mut &b"\x05\0\0\0ab"[..], &mut output, Failure::unavailable("No."), never);
        assert!(matches!(outcome, Ok(Outcome::Ended)));
    }
}
