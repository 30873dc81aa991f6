//! The few words that must be understood whatever the version of the engine: who it is, and
//! whether it works. They read as little of the answers as they can.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use torrpeddo_protocol::methods::{Empty, HelloParams, Method};

/// `hello`, of which only the engine's identity is read.
#[derive(Debug)]
pub struct Hello;

impl Method for Hello {
    const NAME: &'static str = "hello";
    type Params = HelloParams;
    type Result = Greeting;
}

/// Who answers at the socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// The version of the protocol.
    pub protocol: u32,
    /// The engine.
    pub engine: Identity,
}

impl Greeting {
    /// An engine that refused to say more.
    pub fn unknown() -> Self {
        Self { protocol: 0, engine: Identity { version: "?".into(), pid: 0 } }
    }
}

/// The engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its version.
    pub version: String,
    /// Its process.
    #[serde(default)]
    pub pid: u32,
}

/// `get_session`, of which only the counts are read.
#[derive(Debug)]
pub struct Work;

impl Method for Work {
    const NAME: &'static str = "get_session";
    type Params = Empty;
    type Result = Counts;
}

/// How many torrents are in each state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    counts: BTreeMap<String, u32>,
}

impl Counts {
    /// Whether something is under way that takes work to do again.
    pub fn is_under_way(&self) -> bool {
        ["downloading", "checking", "fetching_metadata"]
            .iter()
            .any(|state| self.counts.get(*state).is_some_and(|count| *count > 0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn seeds_and_waiting_ones_are_no_work_under_way() {
        let counts = |counts| serde_json::from_value::<Counts>(json!({"counts": counts})).unwrap();
        assert!(!counts(json!({})).is_under_way());
        assert!(!counts(json!({"seeding": 3, "queued": 2, "state_of_tomorrow": 1})).is_under_way());
        assert!(!counts(json!({"downloading": 0})).is_under_way());
        assert!(counts(json!({"downloading": 1})).is_under_way());
        assert!(counts(json!({"checking": 1})).is_under_way());
    }

    #[test]
    fn an_engine_of_another_time_is_understood() {
        let hello = json!({"protocol": 2, "engine": {"version": "3.0.0", "x": 1}, "y": []});
        let greeting: Greeting = serde_json::from_value(hello).unwrap();
        assert_eq!((greeting.protocol, greeting.engine.version.as_str()), (2, "3.0.0"));
    }
}
