//! Exchanges handshakes (BEP 3). Time limits are the caller's.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use torrpeddo_readers::metainfo::InfoHash;

use crate::wire::handshake::Handshake;

/// Most bytes that are read after a handshake.
const MAX_RECEIVED: usize = 4096;

/// Sends a handshake on a connection that we opened, and reads the peer's. Returns it, and what the peer
/// has sent after it.
///
/// # Errors
/// If the connection fails or is closed, or the peer speaks another protocol
/// ([`io::ErrorKind::InvalidData`]). The info-hash is not compared.
pub async fn handshake_outgoing(
    stream: &mut TcpStream,
    ours: Handshake,
) -> io::Result<(Handshake, Vec<u8>)> {
    send(stream, ours).await?;
    let theirs = read_incoming(stream).await?;
    let mut received = vec![0; MAX_RECEIVED];
    let len = match stream.try_read(&mut received) {
        Ok(len) => len,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        Err(error) => return Err(error),
    };
    received.truncate(len);
    received.shrink_to_fit();
    Ok((theirs, received))
}

/// Reads the handshake on a connection that a peer opened. Nothing after it is read.
///
/// # Errors
/// If the connection fails or is closed, or the peer speaks another protocol
/// ([`io::ErrorKind::InvalidData`]). A wrong start is noticed as soon as it is there.
pub async fn read_incoming(stream: &mut TcpStream) -> io::Result<Handshake> {
    let mut bytes = [0; Handshake::LEN];
    let mut filled = 0;
    let expected = Handshake { reserved: [0; 8], info_hash: InfoHash([0; 20]), peer_id: [0; 20] };
    let expected = expected.to_bytes();
    while filled < bytes.len() {
        let Some(rest) = bytes.get_mut(filled..) else { break };
        let count = stream.read(rest).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += count;
        let named = filled.min(20);
        if bytes.get(..named) != expected.get(..named) {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Handshake::parse(&bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Sends a handshake, as the answer to [`read_incoming`].
///
/// # Errors
/// If the connection fails.
pub async fn send(stream: &mut TcpStream, ours: Handshake) -> io::Result<()> {
    stream.write_all(&ours.to_bytes()).await
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (ours, listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn both_sides_learn_the_handshake_of_the_other() {
        let (mut ours, mut theirs) = pair().await;
        let [one, two] = [1, 2].map(|id| Handshake::new(InfoHash([9; 20]), [id; 20]));
        let answer = async {
            let handshake = read_incoming(&mut theirs).await.unwrap();
            let mut bytes = two.to_bytes().to_vec();
            bytes.extend_from_slice(b"more");
            theirs.write_all(&bytes).await.unwrap();
            handshake
        };
        let (outgoing, incoming) = tokio::join!(handshake_outgoing(&mut ours, one), answer);
        assert_eq!(incoming, one);
        let (handshake, mut received) = outgoing.unwrap();
        assert_eq!(handshake, two);
        while received.len() < 4 {
            received.push(ours.read_u8().await.unwrap());
        }
        assert_eq!(received, b"more");
    }

    #[tokio::test]
    async fn other_protocols_are_refused_at_once() {
        let (mut ours, mut theirs) = pair().await;
        ours.write_all(b"GET / HT").await.unwrap();
        let error = read_incoming(&mut theirs).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let (mut ours, mut theirs) = pair().await;
        ours.write_all(b"\x13BitTorrent").await.unwrap();
        drop(ours);
        let error = read_incoming(&mut theirs).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
