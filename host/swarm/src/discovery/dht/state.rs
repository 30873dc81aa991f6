//! The state file of the DHT, in the format of the crate's own persistence.

use std::io::Read as _;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::Path;

use librqbit_dht::{DhtState, Id20};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Bytes of a state file. 1,024 nodes, the most that the tables hold, take under 300 KiB.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;
/// Nodes of a bucket (BEP 5).
const BUCKET_NODES: usize = 8;
/// Bits of a node id.
const ID_BITS: u64 = 160;

/// What is kept of a node.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct State {
    /// The UDP port, 0 for any.
    pub port: u16,
    /// The IPv4 routing table.
    pub table: Option<Value>,
    /// The IPv6 routing table.
    pub table_v6: Option<Value>,
}

#[derive(Serialize)]
struct Saved<'a, T> {
    addr: SocketAddr,
    table: &'a T,
    table_v6: &'a T,
}

#[derive(Deserialize)]
struct Loaded {
    addr: SocketAddr,
    table: Option<Value>,
    table_v6: Option<Value>,
}

impl State {
    /// Reads a state file. Parts of it that are missing or damaged are left out.
    pub fn load(path: &Path) -> Self {
        let mut text = Vec::new();
        let read = std::fs::File::open(path)
            .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut text));
        match read {
            Ok(_) if text.len() as u64 <= MAX_FILE_BYTES => Self::parse(&text),
            Ok(_) => Self::default(),
            Err(error) => {
                tracing::debug!(path = %path.display(), "no state of the DHT: {error}");
                Self::default()
            }
        }
    }

    /// Parses the text of a state file.
    pub fn parse(text: &[u8]) -> Self {
        let Ok(loaded) = serde_json::from_slice::<Loaded>(text) else { return Self::default() };
        Self {
            port: loaded.addr.port(),
            table: loaded.table.filter(is_sound),
            table_v6: loaded.table_v6.filter(is_sound),
        }
    }

    /// What is kept of a running node.
    pub fn of(node: &DhtState) -> Self {
        serialize(node).map(|text| Self::parse(&text)).unwrap_or_default()
    }

    /// The node id that the tables were built around, or a random one.
    pub fn node_id(&self) -> Id20 {
        let kept = self.table.as_ref().or(self.table_v6.as_ref()).and_then(id_of);
        kept.unwrap_or_else(|| Id20::new(rand::random()))
    }
}

/// The routing table of a value that [`State::parse`] let through.
pub(super) fn table<T: DeserializeOwned>(value: Option<&Value>) -> Option<T> {
    T::deserialize(value?).ok()
}

/// Writes the state of a node: to a temporary file, which then takes the place of `path`.
///
/// # Errors
/// When the file cannot be written or renamed.
pub(super) fn save(node: &DhtState, path: &Path) -> std::io::Result<()> {
    let text = serialize(node)?;
    let mut temporary = path.to_owned();
    temporary.set_extension("tmp");
    std::fs::write(&temporary, text)?;
    std::fs::rename(&temporary, path)
}

fn serialize(node: &DhtState) -> serde_json::Result<Vec<u8>> {
    // Only the port is read again.
    let addr = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), node.listen_addr().port());
    node.with_routing_tables(|table, table_v6| serde_json::to_vec(&Saved { addr, table, table_v6 }))
}

fn id_of(table: &Value) -> Option<Id20> {
    table.get("id")?.as_str()?.parse().ok()
}

/// Whether a routing table has the shape that the crate relies on without checking: a binary tree
/// whose children come after their parents, ranges that are as wide as their depth says, and small
/// buckets.
fn is_sound(table: &Value) -> bool {
    let nodes = table.pointer("/buckets/data").and_then(Value::as_array);
    let (Some(_), Some(nodes)) = (id_of(table), nodes) else { return false };
    !nodes.is_empty()
        && nodes.iter().enumerate().all(|(index, node)| is_sound_node(node, index, nodes))
}

fn is_sound_node(node: &Value, index: usize, nodes: &[Value]) -> bool {
    let bits = |node: &Value| node.get("bits").and_then(Value::as_u64);
    let Some(own_bits @ 1..=ID_BITS) = bits(node) else { return false };
    if index == 0 && own_bits != ID_BITS {
        return false;
    }
    if let Some(leaf) = node.pointer("/data/Leaf/nodes") {
        return leaf.as_array().is_some_and(|nodes| nodes.len() <= BUCKET_NODES);
    }
    let children = node.pointer("/data/LeftRight").and_then(Value::as_array);
    children.is_some_and(|children| {
        children.len() == 2
            && children.iter().all(|child| {
                let child = child.as_u64().and_then(|child| usize::try_from(child).ok());
                child.filter(|child| *child > index).is_some_and(|child| {
                    nodes.get(child).and_then(bits).is_some_and(|bits| bits + 1 == own_bits)
                })
            })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with_nodes(data: &Value) -> Value {
        let id = "0102030405060708090a0b0c0d0e0f1011121314";
        serde_json::json!({"id": id, "size": 1, "buckets": {"data": data, "size": 1, "max_size": 8}})
    }

    fn leaf(bits: u64) -> Value {
        serde_json::json!({"bits": bits, "data": {"Leaf": {"nodes": []}}})
    }

    fn branch(bits: u64, left: u64, right: u64) -> Value {
        serde_json::json!({"bits": bits, "data": {"LeftRight": [left, right]}})
    }

    #[test]
    fn a_sound_table_is_recognised() {
        let sound = [
            serde_json::json!([leaf(160)]),
            serde_json::json!([branch(160, 1, 2), leaf(159), leaf(159)]),
        ];
        assert!(sound.iter().all(|data| is_sound(&with_nodes(data))));
        let unsound = [
            serde_json::json!([]),
            serde_json::json!([leaf(161)]),
            serde_json::json!([leaf(0)]),
            serde_json::json!([branch(160, 0, 0)]),
            serde_json::json!([branch(160, 1, 7), leaf(159)]),
            serde_json::json!([branch(160, 1, 2), leaf(159), leaf(3)]),
            serde_json::json!([{"bits": 160, "data": {"Leaf": {"nodes": [0, 1, 2, 3, 4, 5, 6, 7, 8]}}}]),
        ];
        for data in &unsound {
            assert!(!is_sound(&with_nodes(data)), "{data}");
        }
    }

    #[test]
    fn damaged_files_count_as_empty() {
        for text in [&b""[..], b"{", b"[]", b"{\"addr\": 1}"] {
            assert_eq!(State::parse(text), State::default());
        }
        let only_port = State::parse(br#"{"addr": "0.0.0.0:6881", "table": {"id": "x"}}"#);
        assert_eq!(only_port, State { port: 6881, ..State::default() });
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(State::load(&dir.path().join("none")), State::default());
        let large = dir.path().join("large");
        std::fs::File::create(&large).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
        assert_eq!(State::load(&large), State::default());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            State::parse(&text);
        }
    }
}
