//! Messages that exchange the metadata (BEP 9): `ut_metadata`.

use super::bencode::{BencodeError, Value, Writer};

/// Bytes of every part of the metadata but the last.
pub const PART_LEN: u32 = 16 * 1024;

/// A message of `ut_metadata`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataMessage<'a> {
    /// Asks for a part.
    Request {
        /// Index of the part.
        piece: u32,
    },
    /// A part.
    Data {
        /// Index of the part.
        piece: u32,
        /// Bytes of the whole metadata.
        total_size: u32,
        /// The bytes of the part.
        data: &'a [u8],
    },
    /// The part is not sent.
    Reject {
        /// Index of the part.
        piece: u32,
    },
    /// A type that BEP 9 does not define, or numbers that are missing or out of range. It is to be
    /// ignored.
    Unknown,
}

impl<'a> MetadataMessage<'a> {
    /// Reads a message.
    ///
    /// # Errors
    /// If the message does not start with a bencoded dictionary.
    pub fn parse(payload: &'a [u8]) -> Result<Self, BencodeError> {
        let (message, len) = Value::parse_prefix(payload)?;
        message.as_dict().ok_or(BencodeError::NotADictionary)?;
        let integer = |key| message.get(key).and_then(Value::as_integer);
        let number = |key| integer(key).and_then(|number| u32::try_from(number).ok());
        let data = payload.get(len..).unwrap_or_default();
        Ok(match (integer(b"msg_type"), number(b"piece"), number(b"total_size")) {
            (Some(0), Some(piece), _) => Self::Request { piece },
            (Some(1), Some(piece), Some(total_size)) => Self::Data { piece, total_size, data },
            (Some(2), Some(piece), _) => Self::Reject { piece },
            _ => Self::Unknown,
        })
    }

    /// The message to send; empty for [`MetadataMessage::Unknown`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut message = Writer::new();
        match *self {
            Self::Request { piece } => message.integer(b"msg_type", 0).integer(b"piece", piece),
            Self::Data { piece, total_size, .. } => {
                let message = message.integer(b"msg_type", 1).integer(b"piece", piece);
                message.integer(b"total_size", total_size)
            }
            Self::Reject { piece } => message.integer(b"msg_type", 2).integer(b"piece", piece),
            Self::Unknown => return Vec::new(),
        };
        let mut bytes = message.finish();
        if let Self::Data { data, .. } = self {
            bytes.extend_from_slice(data);
        }
        bytes
    }
}

#[cfg(test)]
mod tests;
