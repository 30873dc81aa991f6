//! Reaching the engine that is there, and judging whether it can be used.

use std::path::{Path, PathBuf};
use std::time::Duration;

use torrpeddo_protocol::client::{Client, ClientError};
use torrpeddo_protocol::methods::{ClientInfo, Empty, HelloParams};
use torrpeddo_protocol::{ErrorKind, PROTOCOL_VERSION};

use crate::address;
use crate::endpoint::{self, Stream, Unreached};
use crate::failure::{Failure, Result};
use crate::paths::Paths;
use crate::probe::{Greeting, Hello, Work};

/// The version of this program, and of the engines that it starts.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long an engine may take to answer the first question.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// A newer engine is replaced by an older one at most this often. Without it two installations of
/// different versions, each with a browser of its own, would replace each other's engine forever.
const DOWNGRADE_PAUSE: Duration = Duration::from_secs(600);

/// A connection on which the engine has said hello.
#[derive(Debug)]
pub struct Connection {
    /// The client on it.
    pub client: Client<Stream, Stream>,
    /// What the engine said.
    pub engine: Greeting,
    /// Where it listens, which its starter's environment may have made another place than ours.
    pub socket: PathBuf,
    /// The same stream once more, to set its limits.
    stream: Stream,
}

impl Connection {
    /// Bounds every read and write from now on, or lets them take their time. After one has run
    /// out of time the connection is of no more use.
    pub fn limit(&self, limit: Option<Duration>) -> std::io::Result<()> {
        endpoint::set_timeout(&self.stream, limit)
    }

    /// A second connection on which nothing was said yet. The first one stays open until it is
    /// there: an engine that ends with its last client must not see none in between.
    pub fn into_fresh(self) -> Result<Stream> {
        endpoint::connect(&self.socket).map_err(|error| unreached(&error))
    }
}

/// What is found at the socket.
#[derive(Debug)]
pub enum Found {
    /// Nobody.
    Nobody,
    /// An engine to use.
    Ready(Box<Connection>),
    /// An engine of another version that may be replaced.
    Replaceable(Box<Connection>),
    /// An engine that can neither be used nor replaced.
    Unusable(Failure),
}

/// Connects to the engine if one is running.
pub fn connect_running(paths: &Paths) -> Result<Option<Connection>> {
    match look(paths, false) {
        Found::Ready(connection) | Found::Replaceable(connection) => Ok(Some(*connection)),
        Found::Unusable(failure) => Err(failure),
        Found::Nobody => Ok(None),
    }
}

/// Looks who answers. With `replacing` an engine of another version may be found replaceable;
/// without it every engine that fits is as good as ours.
pub fn look(paths: &Paths, replacing: bool) -> Found {
    let announced = crate::engine_info::read(paths).map(|info| info.socket);
    let mut sockets = vec![paths.socket.clone()];
    // The environment of whoever started the engine may have led it to another place.
    sockets.extend(announced.filter(|socket| *socket != paths.socket));
    for socket in sockets {
        // Whoever listens at a place of somebody else is not our engine.
        if !address::is_ours(&socket) {
            continue;
        }
        match endpoint::connect(&socket) {
            Err(Unreached::Nobody) => {}
            Err(error) => return Found::Unusable(unreached(&error)),
            Ok(stream) => match greet(paths, stream, &socket, replacing) {
                Found::Nobody => {}
                found => return found,
            },
        }
    }
    Found::Nobody
}

/// Says hello, and judges the answer.
fn greet(paths: &Paths, stream: Stream, socket: &Path, replacing: bool) -> Found {
    let silent = |error: &dyn std::fmt::Display| {
        Found::Unusable(
            Failure::unavailable(format!("An engine is running but does not answer: {error}"))
                .hint("Run `torrpeddo doctor` to see which process it is."),
        )
    };
    let (reader, writer) = match (stream.try_clone(), stream.try_clone()) {
        (Ok(reader), Ok(writer)) => (reader, writer),
        (Err(error), _) | (_, Err(error)) => return silent(&error),
    };
    if let Err(error) = endpoint::set_timeout(&stream, Some(ANSWER_LIMIT)) {
        return silent(&error);
    }
    let mut client = Client::new(reader, writer);
    let hello = HelloParams {
        protocol: PROTOCOL_VERSION,
        client: ClientInfo { name: "torrpeddo".into(), version: VERSION.into(), browser: None },
    };
    let (engine, supported) = match client.call::<Hello>(&hello) {
        Ok(greeting) => {
            let protocol = greeting.protocol;
            (greeting, vec![protocol])
        }
        // It is just ending.
        Err(ClientError::Closed) => return Found::Nobody,
        Err(ClientError::Rpc(error)) if error.kind() == ErrorKind::Incompatible => {
            (Greeting::unknown(), error.data.supported.unwrap_or_default())
        }
        Err(error) => return silent(&error),
    };
    let fits = engine.protocol == PROTOCOL_VERSION;
    let mut connection = Connection { client, engine, socket: socket.to_owned(), stream };
    let replaceable = connection.engine.engine.version != VERSION
        && (replacing || !fits)
        && !is_working(&mut connection.client)
        && (!fits || may_replace(paths, &connection.engine.engine.version));
    // What the CLI waits for may take longer than a first answer.
    if let Err(error) = connection.limit(None) {
        return silent(&error);
    }
    match (replaceable, fits) {
        (true, _) => Found::Replaceable(Box::new(connection)),
        (false, true) => Found::Ready(Box::new(connection)),
        (false, false) => Found::Unusable(
            Failure::incompatible(
                "An engine of another version is at work and does not understand this one.",
                supported,
            )
            .hint("Let it finish or pause its torrents, then try again."),
        ),
    }
}

/// Whether something is under way that a replacement would interrupt. When that cannot be said it
/// is taken to be so.
fn is_working(client: &mut Client<Stream, Stream>) -> bool {
    client.call::<Work>(&Empty {}).map_or(true, |work| work.is_under_way())
}

/// Whether an idle engine of version `theirs` may make room for ours.
fn may_replace(paths: &Paths, theirs: &str) -> bool {
    if release(theirs) < release(VERSION) {
        return true;
    }
    let last = std::fs::metadata(&paths.replaced).and_then(|found| found.modified());
    last.ok().and_then(|last| last.elapsed().ok()).is_none_or(|passed| passed > DOWNGRADE_PAUSE)
}

/// The numbers of a version, for comparing.
fn release(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).take(3).collect()
}

fn unreached(error: &Unreached) -> Failure {
    match error {
        Unreached::Nobody => Failure::unavailable("The engine ended just now.").hint("Try again."),
        Unreached::Failed(error) => {
            Failure::unavailable(format!("The engine's socket cannot be reached: {error}."))
                .hint("Run `torrpeddo doctor` to see what is wrong.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(release("0.9.0") < release("0.10.0"));
        assert!(release("1.0.0-beta.2") < release("1.0.1"));
        assert!(release("") < release("0.0.1"));
        assert_eq!(release("1.2.3+build"), release("1.2.3"));
    }
}
