//! The engine's list as a client has it: the first frame, and then what changed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::Relay;

/// A list that is kept up to date by notifications.
pub struct List {
    relay: Relay,
    torrents: BTreeMap<String, Value>,
}

impl List {
    /// Subscribes.
    ///
    /// # Panics
    /// When the engine does not let us.
    #[must_use]
    pub fn new(relay: Relay) -> Self {
        relay.ok("subscribe", json!({"topics": ["torrents"], "interval_ms": 200}));
        Self { relay, torrents: BTreeMap::new() }
    }

    /// Takes in what has arrived since the last time.
    pub fn update(&mut self) {
        for notification in self.relay.drain() {
            if notification.method != "torrents_changed" {
                continue;
            }
            if notification.params["reset"] == true {
                self.torrents.clear();
            }
            for torrent in notification.params["upsert"].as_array().into_iter().flatten() {
                let id = torrent["id"].as_str().unwrap_or_default();
                self.torrents.insert(id.into(), torrent.clone());
            }
            for id in notification.params["removed"].as_array().into_iter().flatten() {
                self.torrents.remove(id.as_str().unwrap_or_default());
            }
        }
    }

    /// One torrent, as far as it is known.
    #[must_use]
    pub fn get(&self, id: &str) -> Entry<'_> {
        Entry(self.torrents.get(id).unwrap_or(&Value::Null))
    }

    /// The connection, for requests.
    #[must_use]
    pub fn relay(&self) -> &Relay {
        &self.relay
    }
}

/// A torrent of the list.
#[derive(Clone, Copy)]
pub struct Entry<'a>(&'a Value);

impl Entry<'_> {
    /// Its state; `waiting` before there is one.
    #[must_use]
    pub fn state(&self) -> &str {
        self.0["state"].as_str().unwrap_or("waiting")
    }

    /// From 0 to 1.
    #[must_use]
    pub fn progress(&self) -> f64 {
        self.0["progress"].as_f64().unwrap_or_default()
    }

    /// Bytes per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.0["download_rate"].as_f64().unwrap_or_default()
    }

    /// What is wrong with it, in a sentence.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.0["error"]["message"].as_str()
    }

    /// Everything is there and verified.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        ["seeding", "finished"].contains(&self.state())
    }
}
