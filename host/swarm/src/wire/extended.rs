//! The handshake of the extension protocol (BEP 10), with the members that BEP 9, 11, 21, 54 and 55
//! add to it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use torrpeddo_readers::names::clean_text;

use super::bencode::{BencodeError, Value, Writer};

/// Most bytes of a client's name.
pub const MAX_CLIENT: usize = 100;

/// The ids that a peer wants to see in messages of extensions; `None` if it does not support one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExtensionIds {
    /// Exchange of metadata (BEP 9).
    pub ut_metadata: Option<u8>,
    /// Peer exchange (BEP 11).
    pub ut_pex: Option<u8>,
    /// Changes of `upload_only` (BEP 21, as libtorrent extends it).
    pub upload_only: Option<u8>,
    /// Hole punching (BEP 55).
    pub ut_holepunch: Option<u8>,
    /// The opposite of `have` (BEP 54).
    pub lt_donthave: Option<u8>,
}

/// An extended handshake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExtendedHandshake {
    /// The extensions.
    pub m: ExtensionIds,
    /// TCP port on which the sender listens, not 0.
    pub port: Option<u16>,
    /// Name and version of the client: at most [`MAX_CLIENT`] bytes that are safe to show, not
    /// empty.
    pub client: Option<String>,
    /// How many requests the sender queues, not 0.
    pub reqq: Option<u32>,
    /// The receiver's address as the sender sees it.
    pub yourip: Option<IpAddr>,
    /// Bytes of the metadata, not 0. It may exceed every sensible bound.
    pub metadata_size: Option<u32>,
    /// The sender downloads nothing (BEP 21).
    pub upload_only: bool,
    /// An IPv4 address of the sender.
    pub ipv4: Option<Ipv4Addr>,
    /// An IPv6 address of the sender.
    pub ipv6: Option<Ipv6Addr>,
}

impl ExtendedHandshake {
    /// Reads a handshake. Members of another type or out of range are ignored, and so are bytes
    /// after the dictionary.
    ///
    /// # Errors
    /// If the data does not start with a bencoded dictionary.
    pub fn parse(data: &[u8]) -> Result<Self, BencodeError> {
        let mut handshake = Self::default();
        handshake.update(data)?;
        Ok(handshake)
    }

    /// Reads a later handshake of the same peer. Missing and invalid members keep their value, and
    /// an extension with the id 0 is disabled.
    ///
    /// # Errors
    /// If the data does not start with a bencoded dictionary; nothing is changed then.
    pub fn update(&mut self, data: &[u8]) -> Result<(), BencodeError> {
        let dict = Value::parse(data)?;
        dict.as_dict().ok_or(BencodeError::NotADictionary)?;
        if let Some(ids) = dict.get(b"m") {
            self.m.update(ids);
        }
        let integer = |key| dict.get(key).and_then(Value::as_integer);
        let positive = |key| integer(key).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
        let bytes = |key| dict.get(key).and_then(Value::as_bytes);
        let port = positive(b"p").and_then(|port| u16::try_from(port).ok());
        replace(&mut self.port, port);
        replace(&mut self.client, bytes(b"v").and_then(client));
        replace(&mut self.reqq, positive(b"reqq"));
        replace(&mut self.yourip, bytes(b"yourip").and_then(ip));
        replace(&mut self.metadata_size, positive(b"metadata_size"));
        if let Some(number) = integer(b"upload_only") {
            self.upload_only = number != 0;
        }
        let ipv4 = bytes(b"ipv4").and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        replace(&mut self.ipv4, ipv4.map(Ipv4Addr::from));
        let ipv6 = bytes(b"ipv6").and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
        replace(&mut self.ipv6, ipv6.map(Ipv6Addr::from));
        Ok(())
    }

    /// The bytes to send, as the payload of an extended message with the id 0.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut dict = Writer::new();
        if let Some(ip) = self.ipv4 {
            dict.bytes(b"ipv4", &ip.octets());
        }
        if let Some(ip) = self.ipv6 {
            dict.bytes(b"ipv6", &ip.octets());
        }
        dict.dict(b"m", |m| self.m.encode(m));
        if let Some(size) = self.metadata_size {
            dict.integer(b"metadata_size", size);
        }
        if let Some(port) = self.port {
            dict.integer(b"p", port);
        }
        if let Some(reqq) = self.reqq {
            dict.integer(b"reqq", reqq);
        }
        if self.upload_only {
            dict.integer(b"upload_only", 1);
        }
        if let Some(client) = &self.client {
            dict.bytes(b"v", client.as_bytes());
        }
        match self.yourip {
            Some(IpAddr::V4(ip)) => _ = dict.bytes(b"yourip", &ip.octets()),
            Some(IpAddr::V6(ip)) => _ = dict.bytes(b"yourip", &ip.octets()),
            None => {}
        }
        dict.finish()
    }
}

impl ExtensionIds {
    /// The extensions with their names, in ascending order.
    const fn members(&mut self) -> [(&'static [u8], &mut Option<u8>); 5] {
        [
            (b"lt_donthave", &mut self.lt_donthave),
            (b"upload_only", &mut self.upload_only),
            (b"ut_holepunch", &mut self.ut_holepunch),
            (b"ut_metadata", &mut self.ut_metadata),
            (b"ut_pex", &mut self.ut_pex),
        ]
    }

    fn update(&mut self, ids: &Value<'_>) {
        for (name, member) in self.members() {
            let id = ids.get(name).and_then(Value::as_integer);
            if let Some(id) = id.and_then(|id| u8::try_from(id).ok()) {
                *member = (id != 0).then_some(id);
            }
        }
    }

    fn encode(mut self, m: &mut Writer) {
        for (name, member) in self.members() {
            if let Some(id) = member {
                m.integer(name, *id);
            }
        }
    }
}

/// Replaces a member if the new handshake has a valid one.
fn replace<T>(member: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *member = new;
    }
}

fn client(raw: &[u8]) -> Option<String> {
    // Four times as many bytes leave room for those that are cleaned away.
    let raw = raw.get(..4 * MAX_CLIENT).unwrap_or(raw);
    let client = clean_text(&String::from_utf8_lossy(raw), MAX_CLIENT);
    (!client.is_empty()).then_some(client)
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    let ip = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let ip = ip.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
    ip.ok().map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests;
