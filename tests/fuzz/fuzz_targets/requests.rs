//! JSON-RPC requests: what is no request is answered with an error, and what is one keeps its
//! meaning when it is written again, its parameters too.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use torrpeddo_protocol::jsonrpc::{self, Request};
use torrpeddo_protocol::methods::{self as m, Method};

fuzz_target!(|data: &[u8]| {
    match Request::parse(data) {
        Ok(request) => {
            let again = Request::parse(&request.to_bytes()).expect("a request that was accepted");
            assert_eq!(again.method, request.method);
            assert_eq!(again.id.is_some(), request.id.is_some());
            if let Some((_, check)) = METHODS.iter().find(|(name, _)| *name == request.method) {
                check(request.params.unwrap_or_default());
            }
        }
        Err((id, error)) => {
            let answer = jsonrpc::failure(id.as_ref(), &error);
            let answer: Value = serde_json::from_slice(&answer).expect("an answer in JSON");
            assert!(answer["error"]["message"].as_str().is_some_and(|text| text.len() > 8));
        }
    }
});

/// Reads the parameters of a method. What was understood is understood when it is written again.
fn check<M: Method>(params: Map<String, Value>) {
    let Ok(params) = serde_json::from_value::<M::Params>(params.into()) else { return };
    let written = serde_json::to_value(&params).expect("parameters are JSON");
    let again: M::Params = serde_json::from_value(written.clone()).expect("our own parameters");
    assert_eq!(serde_json::to_value(&again).expect("parameters are JSON"), written);
}

type Check = fn(Map<String, Value>);

macro_rules! methods {
    ($($method:ident)*) => { &[$((m::$method::NAME, check::<m::$method> as Check)),*] };
}

/// Every method that has parameters.
const METHODS: &[(&str, Check)] = methods! {
    Hello SetSettings Subscribe Unsubscribe Shutdown GetLog AddMagnet AddTorrent AddUrl Preview
    DropPreview GetStatus GetFiles GetPeers GetTrackers GetPieces Pause Resume Cancel DeleteFiles
    Remove Recheck SetFiles MoveInQueue SetTorrent AnnounceNow AddPeers GetMagnet MoveFiles OpenFolder OpenFile GetTorrentFile
    ChooseFolder
};
