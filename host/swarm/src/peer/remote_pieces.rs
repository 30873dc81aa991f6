//! The pieces that a peer has.

use torrpeddo_readers::metainfo::MAX_PIECES;

use crate::wire::message::masked_bitfield;

/// The pieces of a peer, also while the number of pieces is unknown.
#[derive(Debug, Default)]
pub(crate) struct RemotePieces {
    /// The bits in the wire's order. Empty if the peer has all or nothing.
    bits: Vec<u8>,
    all: bool,
    count: u32,
    total: Option<u32>,
    /// Bytes of the bitfield that came before the number of pieces was known.
    unchecked: Option<usize>,
}

/// The peer has pieces that do not exist, or a bitfield of a wrong length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfRange;

impl RemotePieces {
    /// Adds a piece. Returns whether it is new.
    pub fn add(&mut self, piece: u32) -> Result<bool, OutOfRange> {
        let limit = self.total.unwrap_or(MAX_PIECES as u32);
        if piece >= limit {
            return Err(OutOfRange);
        }
        if self.all {
            return Ok(false);
        }
        let byte = (piece / 8) as usize;
        if self.bits.len() <= byte {
            let len = self.total.map_or(byte + 1, |total| total.div_ceil(8) as usize);
            self.bits.resize(len, 0);
        }
        let mask = 0x80 >> (piece % 8);
        match self.bits.get_mut(byte) {
            Some(bits) if *bits & mask == 0 => *bits |= mask,
            _ => return Ok(false),
        }
        self.count += 1;
        self.simplify();
        Ok(true)
    }

    /// Replaces everything.
    pub fn replace(&mut self, bits: &[u8]) -> Result<(), OutOfRange> {
        let bits = match self.total {
            Some(total) => masked_bitfield(bits, total).ok_or(OutOfRange)?,
            None if bits.len() > MAX_PIECES.div_ceil(8) => return Err(OutOfRange),
            None => {
                self.unchecked = Some(bits.len());
                bits.to_vec()
            }
        };
        self.count = bits.iter().map(|byte| byte.count_ones()).sum();
        self.bits = bits;
        self.all = false;
        self.simplify();
        Ok(())
    }

    /// Replaces everything with all pieces or with nothing.
    pub fn set_all(&mut self, all: bool) {
        self.bits = Vec::new();
        self.unchecked = None;
        self.all = all;
        self.count = if all { self.total.unwrap_or(0) } else { 0 };
    }

    /// Notes the number of pieces.
    pub fn set_total(&mut self, total: u32) -> Result<(), OutOfRange> {
        let len = total.div_ceil(8) as usize;
        let unchecked = self.unchecked.take();
        if unchecked.is_some_and(|unchecked| unchecked != len) || self.bits.len() > len {
            return Err(OutOfRange);
        }
        if !self.bits.is_empty() {
            self.bits.resize(len, 0);
            let masked = masked_bitfield(&self.bits, total).ok_or(OutOfRange)?;
            if unchecked.is_none() && masked != self.bits {
                return Err(OutOfRange);
            }
            let count: u32 = masked.iter().map(|byte| byte.count_ones()).sum();
            self.bits = masked;
            self.count = count;
        }
        self.total = Some(total);
        if self.all {
            self.count = total;
        }
        self.simplify();
        Ok(())
    }

    /// Whether the peer has a piece.
    pub fn has(&self, piece: u32) -> bool {
        let byte = (piece / 8) as usize;
        self.all || self.bits.get(byte).is_some_and(|bits| bits & (0x80 >> (piece % 8)) != 0)
    }

    /// Number of pieces. 0 while the peer has all of an unknown number.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether the peer has every piece.
    pub fn is_seed(&self) -> bool {
        self.all
    }

    /// The bits in the wire's order; empty if the peer has all or nothing.
    pub fn bits(&self) -> &[u8] {
        &self.bits
    }

    /// The bitfield to send, or `None` if the peer has no piece.
    pub fn bitfield(&self) -> Option<Vec<u8>> {
        let total = self.total.filter(|_| self.count > 0)?;
        if self.all {
            return masked_bitfield(&vec![0xff; total.div_ceil(8) as usize], total);
        }
        Some(self.bits.clone())
    }

    /// Drops the bits if the peer has every piece or none.
    fn simplify(&mut self) {
        if self.total.is_some_and(|total| total > 0 && total == self.count) {
            self.bits = Vec::new();
            self.all = true;
        }
    }
}

#[cfg(test)]
mod tests;
