//! Addresses of peers that are given as `host:port`.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

/// Longest time to look a name up.
const LOOKUP: Duration = Duration::from_secs(5);

/// Most addresses of one name that are used.
const ADDRESSES_OF_NAME: usize = 4;

/// Most names that are looked up; addresses need no lookup.
const MAX_NAMES: usize = 64;

/// Splits peers that are given as `host:port` into addresses and names.
pub fn split(peers: &[String]) -> (Vec<SocketAddr>, Vec<String>) {
    let mut names = Vec::new();
    let addresses = peers.iter().filter_map(|peer| match peer.parse() {
        Ok(address) => Some(address),
        Err(_) => {
            names.push(peer.clone());
            None
        }
    });
    (addresses.collect(), names)
}

/// Returns the addresses of `names`, each a name with a port. Names that cannot be looked up in time are
/// left out.
pub async fn look_up(names: Vec<String>) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    let mut looking = JoinSet::new();
    for name in names.into_iter().take(MAX_NAMES) {
        looking.spawn(async move {
            let found = timeout(LOOKUP, tokio::net::lookup_host(name)).await;
            let found = found.ok().and_then(Result::ok).into_iter().flatten();
            found.take(ADDRESSES_OF_NAME).collect::<Vec<_>>()
        });
    }
    while let Some(found) = looking.join_next().await {
        addresses.extend(found.unwrap_or_default());
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_need_no_lookup_and_invalid_names_are_left_out() {
        let peers = ["1.2.3.4:5".to_owned(), "[::1]:6".to_owned(), "no such host:1".to_owned()];
        let (found, names) = split(&peers);
        assert_eq!(found, ["1.2.3.4:5".parse().unwrap(), "[::1]:6".parse::<SocketAddr>().unwrap()]);
        assert_eq!(names, ["no such host:1"]);
        assert!(look_up(names).await.is_empty());
        assert!(!look_up(vec!["localhost:7".to_owned()]).await.is_empty());
    }
}
