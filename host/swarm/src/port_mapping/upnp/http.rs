//! A small HTTP/1.1 client for routers: one request a connection, no redirects, and limits on
//! everything.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::port_mapping::MappingError;

/// How long a request may take, from connecting to the last byte.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer, with its headers.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Bytes of the headers.
const MAX_HEAD_BYTES: usize = 8 * 1024;
/// Number of headers.
const MAX_HEADERS: usize = 64;
/// Bytes of the line before a chunk.
const MAX_CHUNK_LINE: usize = 64;
/// Bytes that are read at a time.
const READ_BYTES: usize = 4 * 1024;

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    /// Our address on the way to the router.
    pub local: Ipv4Addr,
}

/// Requests a document. Any status but 200 is an error.
pub(super) async fn get(address: SocketAddrV4, path: &str) -> Result<Answer, MappingError> {
    let request = format!("GET {path} HTTP/1.1\r\n{}\r\n", common_headers(address));
    let answer = exchange(address, request).await?;
    if answer.status == 200 { Ok(answer) } else { Err(MappingError::Refused(answer.status)) }
}

/// Calls a SOAP action.
pub(super) async fn post(
    address: SocketAddrV4,
    path: &str,
    action: &str,
    body: &str,
) -> Result<Answer, MappingError> {
    let mut request = format!("POST {path} HTTP/1.1\r\n{}", common_headers(address));
    // Writing to a string does not fail.
    let _ = write!(
        request,
        "Content-Type: text/xml; charset=\"utf-8\"\r\nSOAPAction: \"{action}\"\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    exchange(address, request).await
}

fn common_headers(address: SocketAddrV4) -> String {
    format!("Host: {address}\r\nUser-Agent: Torrpeddo UPnP/1.1\r\nConnection: close\r\n")
}

async fn exchange(address: SocketAddrV4, request: String) -> Result<Answer, MappingError> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        let IpAddr::V4(local) = stream.local_addr()?.ip() else {
            return Err(MappingError::Malformed);
        };
        stream.write_all(request.as_bytes()).await?;
        let mut decoder = Decoder::default();
        let mut buffer = [0; READ_BYTES];
        loop {
            let len = stream.read(&mut buffer).await?;
            let data = buffer.get(..len).unwrap_or_default();
            if let Some((status, body)) = decoder.push(data, len == 0)? {
                return Ok(Answer { status, body, local });
            }
        }
    };
    tokio::time::timeout(TIMEOUT, exchange).await.unwrap_or(Err(MappingError::TimeOut))
}

/// Decodes an answer from its parts.
#[derive(Debug, Default)]
struct Decoder {
    received: Vec<u8>,
    head: Option<Head>,
    /// How much of `received` is decoded.
    at: usize,
    chunks: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    status: u16,
    framing: Framing,
}

#[derive(Debug, Clone, Copy)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClosed,
}

impl Decoder {
    /// Adds received bytes. Returns the status and the body once they are complete; `ended` says that
    /// nothing will follow.
    fn push(&mut self, data: &[u8], ended: bool) -> Result<Option<(u16, Vec<u8>)>, MappingError> {
        if self.received.len() + data.len() > MAX_ANSWER_BYTES {
            return Err(MappingError::TooLong);
        }
        self.received.extend_from_slice(data);
        let Some(head) = self.read_head()? else {
            return if ended { Err(MappingError::Malformed) } else { Ok(None) };
        };
        let body = match head.framing {
            Framing::Length(len) if self.received.len() - self.at >= len => {
                self.received.get(self.at..self.at + len).map(<[u8]>::to_vec)
            }
            Framing::Chunked if self.read_chunks()? => Some(std::mem::take(&mut self.chunks)),
            Framing::UntilClosed if ended => self.received.get(self.at..).map(<[u8]>::to_vec),
            _ if ended => return Err(MappingError::Malformed),
            _ => None,
        };
        Ok(body.map(|body| (head.status, body)))
    }

    fn read_head(&mut self) -> Result<Option<Head>, MappingError> {
        if self.head.is_some() {
            return Ok(self.head);
        }
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let start = self.received.get(..MAX_HEAD_BYTES).unwrap_or(&self.received);
        let len = match response.parse(start) {
            Ok(httparse::Status::Complete(len)) => len,
            Ok(httparse::Status::Partial) if self.received.len() < MAX_HEAD_BYTES => {
                return Ok(None);
            }
            Ok(httparse::Status::Partial) => return Err(MappingError::TooLong),
            Err(_) => return Err(MappingError::Malformed),
        };
        let header = |name: &str| {
            let mut all = response.headers.iter();
            all.find(|header| header.name.eq_ignore_ascii_case(name))
                .map(|header| String::from_utf8_lossy(header.value).trim().to_ascii_lowercase())
        };
        let framing = match (header("transfer-encoding"), header("content-length")) {
            (Some(encoding), _) if encoding == "chunked" => Framing::Chunked,
            (None, Some(len)) => match len.parse::<usize>() {
                Ok(len) if len <= MAX_ANSWER_BYTES => Framing::Length(len),
                Ok(_) => return Err(MappingError::TooLong),
                Err(_) => return Err(MappingError::Malformed),
            },
            (None, None) => Framing::UntilClosed,
            (Some(_), _) => return Err(MappingError::Malformed),
        };
        self.head = Some(Head { status: response.code.unwrap_or_default(), framing });
        self.at = len;
        Ok(self.head)
    }

    /// Decodes the chunks that are complete. Returns whether the last one was among them.
    fn read_chunks(&mut self) -> Result<bool, MappingError> {
        loop {
            let rest = self.received.get(self.at..).unwrap_or_default();
            let line = rest.get(..MAX_CHUNK_LINE).unwrap_or(rest);
            let (line_len, size) = match httparse::parse_chunk_size(line) {
                Ok(httparse::Status::Complete(found)) => found,
                Ok(httparse::Status::Partial) if rest.len() < MAX_CHUNK_LINE => return Ok(false),
                Ok(httparse::Status::Partial) | Err(_) => return Err(MappingError::Malformed),
            };
            if size == 0 {
                return Ok(true);
            }
            let size = usize::try_from(size).map_err(|_| MappingError::TooLong)?;
            if size > MAX_ANSWER_BYTES {
                return Err(MappingError::TooLong);
            }
            // The chunk is followed by a line end.
            let Some(chunk) = rest.get(line_len..line_len + size + 2) else { return Ok(false) };
            self.chunks.extend_from_slice(chunk.get(..size).unwrap_or_default());
            self.at += line_len + size + 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(answer: &[u8], part: usize) -> Result<Option<(u16, Vec<u8>)>, MappingError> {
        let mut decoder = Decoder::default();
        for data in answer.chunks(part) {
            if let Some(decoded) = decoder.push(data, false)? {
                return Ok(Some(decoded));
            }
        }
        decoder.push(&[], true)
    }

    #[test]
    fn bodies_are_delimited_in_three_ways() {
        for answer in [
            "HTTP/1.1 500 Error\r\nContent-Length: 5\r\n\r\nhelloX",
            "HTTP/1.1 500 Error\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\n\r\n",
            "HTTP/1.0 500\r\n\r\nhello",
        ] {
            for part in [1, 3, 1000] {
                let decoded = decode(answer.as_bytes(), part).unwrap();
                assert_eq!(decoded, Some((500, b"hello".to_vec())), "{answer}");
            }
        }
    }

    #[test]
    fn broken_and_long_answers_are_refused() {
        let header = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(MAX_HEAD_BYTES));
        assert!(matches!(decode(header.as_bytes(), 1000), Err(MappingError::TooLong)));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(MAX_HEADERS + 1));
        assert!(matches!(decode(many.as_bytes(), 1000), Err(MappingError::Malformed)));
        let body = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(MAX_ANSWER_BYTES));
        assert!(matches!(decode(body.as_bytes(), 1000), Err(MappingError::TooLong)));
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        ] {
            assert!(matches!(decode(answer.as_bytes(), 1000), Err(MappingError::TooLong)));
        }
        for answer in [
            "",
            "\u{1}",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        ] {
            assert!(matches!(decode(answer.as_bytes(), 1000), Err(MappingError::Malformed)));
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read(
            start in prop_oneof![
                Just(""),
                Just("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                Just("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"),
            ],
            tail in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..100),
                "([0-9a-f]{1,3}\r\n[a-z\r\n]{0,9}){0,9}".prop_map(String::into_bytes),
            ],
            part in 1usize..50,
        ) {
            let _ = decode(&[start.as_bytes(), &tail[..]].concat(), part);
        }
    }
}
