//! A peer in a few lines, which can also misbehave.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::metainfo::{InfoHash, sha1};

/// What the peer does after the handshakes.
#[derive(Clone, Copy, PartialEq)]
pub enum Manner {
    /// Serves the metadata.
    Honest,
    /// Sends metadata before saying that it has any.
    Premature,
    /// Says nothing at all.
    Silent,
}

pub struct Peer {
    pub address: String,
    pub id: InfoHash,
    /// One message for each connection that ended.
    pub ended: tokio::sync::mpsc::UnboundedReceiver<()>,
    /// One message for each connection that got as far as the handshake.
    pub greeted: tokio::sync::mpsc::UnboundedReceiver<()>,
}

/// Serves the raw `info` of a torrent.
pub async fn serve(info: Vec<u8>, manner: Manner) -> Peer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let id = InfoHash(sha1(&info));
    let (end, ended) = tokio::sync::mpsc::unbounded_channel();
    let (greet, greeted) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (info, end, greet) = (info.clone(), end.clone(), greet.clone());
            tokio::spawn(async move {
                _ = talk(stream, &info, id, manner, &greet).await;
                _ = end.send(());
            });
        }
    });
    Peer { address, id, ended, greeted }
}

async fn talk(
    mut stream: TcpStream,
    info: &[u8],
    id: InfoHash,
    manner: Manner,
    greet: &tokio::sync::mpsc::UnboundedSender<()>,
) -> std::io::Result<()> {
    let mut greeting = [0; 68];
    stream.read_exact(&mut greeting).await?;
    _ = greet.send(());
    if manner == Manner::Silent {
        // Until the other side hangs up.
        return stream.read(&mut greeting).await.map(drop);
    }
    let mut answer = b"\x13BitTorrent protocol\0\0\0\0\0\x10\0\0".to_vec();
    answer.extend(id.0);
    answer.extend(b"-XX0000-abcdefghijkl");
    stream.write_all(&answer).await?;
    if manner == Manner::Premature {
        send(&mut stream, 3, b"d8:msg_typei1e5:piecei0e10:total_sizei1eex").await?;
    }
    let hello = format!("d1:md11:ut_metadatai3ee13:metadata_sizei{}ee", info.len());
    send(&mut stream, 0, hello.as_bytes()).await?;
    let mut theirs = 0;
    loop {
        let length = stream.read_u32().await? as usize;
        let mut message = vec![0; length];
        stream.read_exact(&mut message).await?;
        match message.as_slice() {
            [20, 0, hello @ ..] => theirs = number_after(hello, b"11:ut_metadatai"),
            [20, 3, request @ ..] => {
                let piece = number_after(request, b"5:piecei");
                let data = info.chunks(16384).nth(piece).unwrap_or_default();
                let mut reply =
                    format!("d8:msg_typei1e5:piecei{piece}e10:total_sizei{}ee", info.len())
                        .into_bytes();
                reply.extend(data);
                send(&mut stream, theirs as u8, &reply).await?;
            }
            _ => {}
        }
    }
}

async fn send(stream: &mut TcpStream, kind: u8, payload: &[u8]) -> std::io::Result<()> {
    let mut message = (payload.len() as u32 + 2).to_be_bytes().to_vec();
    message.extend([20, kind]);
    message.extend(payload);
    stream.write_all(&message).await
}

fn number_after(text: &[u8], label: &[u8]) -> usize {
    let start = text.windows(label.len()).position(|window| window == label).unwrap();
    let digits = text[start + label.len()..].iter().take_while(|b| b.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}
