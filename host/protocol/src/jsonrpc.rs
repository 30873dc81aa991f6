//! The JSON-RPC 2.0 envelope. Batches are not supported.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{ErrorKind, RpcError};

/// The id of a request: a number or a string, chosen by the client.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Id {
    /// A number.
    Number(serde_json::Number),
    /// A string.
    String(String),
}

impl From<u64> for Id {
    fn from(id: u64) -> Self {
        Self::Number(id.into())
    }
}

/// A request, or a notification when it has no id.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The id, when an answer is wanted.
    pub id: Option<Id>,
    /// The method.
    pub method: String,
    /// The parameters: an object, or nothing.
    pub params: Option<serde_json::Map<String, Value>>,
}

impl Request {
    /// Reads a request from the bytes of a frame.
    ///
    /// # Errors
    /// The error to answer with, and the id to answer to where one could be read.
    pub fn parse(bytes: &[u8]) -> Result<Self, (Option<Id>, RpcError)> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| {
            (None, RpcError::new(ErrorKind::ParseError, format!("This is not JSON: {error}.")))
        })?;
        let invalid = |id, message: &str| (id, RpcError::new(ErrorKind::InvalidRequest, message));
        let mut object = match value {
            Value::Object(object) => object,
            Value::Array(_) => {
                return Err(invalid(None, "Batches are not supported: send one request a frame."));
            }
            _ => return Err(invalid(None, "A request is a JSON object.")),
        };
        let id = match object.remove("id") {
            None => None,
            Some(Value::Number(number)) => Some(Id::Number(number)),
            Some(Value::String(string)) => Some(Id::String(string)),
            Some(_) => return Err(invalid(None, "An id is a number or a string.")),
        };
        if object.remove("jsonrpc") != Some(Value::String("2.0".into())) {
            return Err(invalid(id, "The member jsonrpc must be \"2.0\"."));
        }
        let Some(Value::String(method)) = object.remove("method") else {
            return Err(invalid(id, "The member method is missing or no string."));
        };
        let params = match object.remove("params") {
            None => None,
            Some(Value::Object(params)) => Some(params),
            Some(_) => {
                let error =
                    RpcError::invalid_params("The member params must be an object.", "params");
                return Err((id, error));
            }
        };
        Ok(Self { id, method, params })
    }

    /// The bytes of this request.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut object = serde_json::Map::new();
        object.insert("jsonrpc".into(), "2.0".into());
        match &self.id {
            Some(Id::Number(number)) => drop(object.insert("id".into(), number.clone().into())),
            Some(Id::String(string)) => drop(object.insert("id".into(), string.clone().into())),
            None => {}
        }
        object.insert("method".into(), self.method.clone().into());
        if let Some(params) = &self.params {
            object.insert("params".into(), params.clone().into());
        }
        Value::Object(object).to_string().into_bytes()
    }
}

/// The bytes of an answer that went well.
///
/// # Errors
/// When `result` cannot be serialised.
pub fn success(id: &Id, result: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Success<'a, R> {
        jsonrpc: &'static str,
        id: &'a Id,
        result: &'a R,
    }
    serde_json::to_vec(&Success { jsonrpc: "2.0", id, result })
}

/// The bytes of an answer that did not go well. `id` is null where none could be read.
#[must_use]
pub fn failure(id: Option<&Id>, error: &RpcError) -> Vec<u8> {
    #[derive(Serialize)]
    struct Failure<'a> {
        jsonrpc: &'static str,
        id: Option<&'a Id>,
        error: &'a RpcError,
    }
    // Serialising plain strings and numbers into memory cannot fail; an empty frame would end
    // the connection rather than answer wrongly.
    serde_json::to_vec(&Failure { jsonrpc: "2.0", id, error }).unwrap_or_default()
}

/// The bytes of a notification.
///
/// # Errors
/// When `params` cannot be serialised.
pub fn notification(method: &str, params: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Notification<'a, P> {
        jsonrpc: &'static str,
        method: &'a str,
        params: &'a P,
    }
    serde_json::to_vec(&Notification { jsonrpc: "2.0", method, params })
}

/// What a client reads: an answer or a notification.
#[derive(Debug, Deserialize)]
pub struct Incoming {
    /// The id of the request that this answers; none in a notification.
    #[serde(default)]
    pub id: Option<Id>,
    /// The method of a notification.
    #[serde(default)]
    pub method: Option<String>,
    /// The parameters of a notification.
    #[serde(default)]
    pub params: Option<Box<RawValue>>,
    /// What the engine answers.
    #[serde(default)]
    pub result: Option<Box<RawValue>>,
    /// Why it does not.
    #[serde(default)]
    pub error: Option<RpcError>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn kind_of(bytes: &[u8]) -> (Option<Id>, ErrorKind) {
        let (id, error) = Request::parse(bytes).unwrap_err();
        (id, error.kind())
    }

    #[test]
    fn a_request_is_read() {
        let request =
            Request::parse(br#"{"jsonrpc":"2.0","id":"a","method":"ping","params":{"x":1}}"#)
                .unwrap();
        assert_eq!(request.id, Some(Id::String("a".into())));
        assert_eq!(request.method, "ping");
        assert_eq!(request.params.clone().unwrap()["x"], json!(1));
        assert_eq!(Request::parse(&request.to_bytes()).unwrap(), request);
    }

    #[test]
    fn what_is_no_request_is_refused_with_the_right_code() {
        use ErrorKind::{InvalidParams, InvalidRequest, ParseError};
        let one = || Some(Id::from(1));
        for (bytes, expected) in [
            (&b"{"[..], (None, ParseError)),
            (&b"\xff\xfe"[..], (None, ParseError)),
            (&b""[..], (None, ParseError)),
            (br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, (None, InvalidRequest)),
            (b"[]", (None, InvalidRequest)),
            (b"7", (None, InvalidRequest)),
            (br#"{"id":1,"method":"ping"}"#, (one(), InvalidRequest)),
            (br#"{"jsonrpc":"2.0","id":1}"#, (one(), InvalidRequest)),
            (br#"{"jsonrpc":"2.0","id":1,"method":7}"#, (one(), InvalidRequest)),
            (br#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, (None, InvalidRequest)),
            (br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, (one(), InvalidParams)),
        ] {
            assert_eq!(kind_of(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_stack_overflow() {
        let bytes = "[".repeat(200_000);
        assert_eq!(kind_of(bytes.as_bytes()).1, ErrorKind::ParseError);
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Request::parse(&bytes);
        }
    }
}
