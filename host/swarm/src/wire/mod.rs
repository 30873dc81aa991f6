//! The peer wire protocol: messages as bytes and back (BEP 3, 6, 9, 10, 11, 23). Pure.

pub mod address;
pub mod bencode;
pub mod compact;
pub mod extended;
pub mod handshake;
pub mod message;
pub mod metadata_message;
pub mod pex;
