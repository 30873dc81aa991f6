//! The requests of a peer.

use std::collections::VecDeque;

use super::blame::BLOCK;
use crate::types::TorrentInfo;
use crate::wire::message::BlockRequest;

/// Most requests of a peer that wait.
pub(crate) const MAX_QUEUED: usize = 250;

/// Most blocks of a peer that the piece engine is asked for at a time.
pub(crate) const MAX_IN_ENGINE: usize = 16;

/// Most bytes of one request. Clients ask for 16 KiB.
pub(crate) const MAX_REQUEST: u32 = 128 * 1024;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is answered with its block later.
    Queued,
    /// The same request waits already.
    Repeated,
    /// Too many requests wait.
    Full,
}

/// What becomes of a block of the piece engine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The peer asked for exactly this block.
    Forward,
    /// A request that is not one block has been completed.
    Assembled(BlockRequest, Vec<u8>),
    /// It is part of a request that is not complete.
    Kept,
    /// Nobody waits for it.
    Dropped,
}

/// A block that the piece engine was asked for.
#[derive(Debug, Clone, Copy)]
struct Asked {
    block: BlockRequest,
    purpose: Purpose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// The peer asked for exactly this block.
    Block,
    /// Part of the request that is assembled.
    Assembly,
    /// The peer no longer wants it.
    Cancelled,
}

/// A request that is not one block: it is cut out of the blocks around it.
#[derive(Debug)]
struct Assembly {
    request: BlockRequest,
    data: Vec<u8>,
    /// Offset in the piece of the next block to ask for.
    next: u32,
    /// Blocks that have not arrived.
    missing: u32,
}

/// The requests of a peer, from their arrival to the block that answers them.
#[derive(Debug, Default)]
pub(crate) struct UploadQueue {
    waiting: VecDeque<BlockRequest>,
    asked: VecDeque<Asked>,
    assembly: Option<Box<Assembly>>,
}

impl UploadQueue {
    /// Adds a request, which has been checked.
    pub fn push(&mut self, request: BlockRequest) -> Admission {
        let is_asked = |asked: &Asked| asked.block == request && asked.purpose == Purpose::Block;
        let assembled = self.assembly.as_ref().is_some_and(|assembly| assembly.request == request);
        if assembled || self.waiting.contains(&request) || self.asked.iter().any(is_asked) {
            return Admission::Repeated;
        }
        if self.waiting.len() >= MAX_QUEUED {
            return Admission::Full;
        }
        self.waiting.push_back(request);
        Admission::Queued
    }

    /// Removes a request. Returns whether it was there.
    pub fn cancel(&mut self, request: BlockRequest) -> bool {
        if let Some(at) = self.waiting.iter().position(|waiting| *waiting == request) {
            self.waiting.remove(at);
            return true;
        }
        if self.assembly.as_ref().is_some_and(|assembly| assembly.request == request) {
            self.drop_assembly();
            return true;
        }
        let mut asked = self.asked.iter_mut();
        let found = asked.find(|asked| asked.block == request && asked.purpose == Purpose::Block);
        found.map(|asked| asked.purpose = Purpose::Cancelled).is_some()
    }

    /// Removes every request, and returns them.
    pub fn clear(&mut self) -> Vec<BlockRequest> {
        let mut requests = Vec::new();
        for asked in &mut self.asked {
            if asked.purpose == Purpose::Block {
                requests.push(asked.block);
                asked.purpose = Purpose::Cancelled;
            }
        }
        if let Some(assembly) = &self.assembly {
            requests.push(assembly.request);
            self.drop_assembly();
        }
        requests.extend(std::mem::take(&mut self.waiting));
        requests
    }

    /// The next block to ask the piece engine for, which counts as asked then.
    pub fn next_block(&mut self, info: &TorrentInfo) -> Option<BlockRequest> {
        if self.asked.len() >= MAX_IN_ENGINE {
            return None;
        }
        loop {
            if let Some(assembly) = &mut self.assembly
                && assembly.next < assembly.request.begin + assembly.request.len
            {
                let block = block_at(info, assembly.request.piece, assembly.next);
                assembly.next += BLOCK;
                self.asked.push_back(Asked { block, purpose: Purpose::Assembly });
                return Some(block);
            }
            let request = *self.waiting.front()?;
            let block = block_at(info, request.piece, request.begin - request.begin % BLOCK);
            if block == request {
                self.waiting.pop_front();
                self.asked.push_back(Asked { block, purpose: Purpose::Block });
                return Some(block);
            }
            if self.assembly.is_some() {
                // One request at a time is assembled, which bounds the memory.
                return None;
            }
            self.waiting.pop_front();
            self.assembly = Some(Box::new(Assembly {
                request,
                data: vec![0; request.len as usize],
                next: block.begin,
                missing: (request.begin + request.len).div_ceil(BLOCK) - block.begin / BLOCK,
            }));
        }
    }

    /// Takes a block of the piece engine.
    pub fn deliver(&mut self, block: BlockRequest, data: &[u8]) -> Delivery {
        let Some(at) = self.asked.iter().position(|asked| asked.block == block) else {
            return Delivery::Dropped;
        };
        match self.asked.remove(at).map(|asked| asked.purpose) {
            Some(Purpose::Block) => Delivery::Forward,
            Some(Purpose::Assembly) => self.assemble(block, data),
            Some(Purpose::Cancelled) | None => Delivery::Dropped,
        }
    }

    fn assemble(&mut self, block: BlockRequest, data: &[u8]) -> Delivery {
        let Some(assembly) = &mut self.assembly else { return Delivery::Dropped };
        let request = assembly.request;
        let start = block.begin.max(request.begin);
        let end = (block.begin + block.len).min(request.begin + request.len);
        if start < end {
            let from = (start - block.begin) as usize..(end - block.begin) as usize;
            let to = (start - request.begin) as usize..(end - request.begin) as usize;
            if let (Some(from), Some(to)) = (data.get(from), assembly.data.get_mut(to)) {
                to.copy_from_slice(from);
            }
        }
        assembly.missing = assembly.missing.saturating_sub(1);
        if assembly.missing > 0 {
            return Delivery::Kept;
        }
        match self.assembly.take() {
            Some(assembly) => Delivery::Assembled(assembly.request, assembly.data),
            None => Delivery::Kept,
        }
    }

    /// Notes that the piece engine has lost every request: those that are still wanted wait again.
    pub fn return_all(&mut self) {
        for asked in std::mem::take(&mut self.asked).into_iter().rev() {
            if asked.purpose == Purpose::Block {
                self.waiting.push_front(asked.block);
            }
        }
        if let Some(assembly) = self.assembly.take() {
            self.waiting.push_front(assembly.request);
        }
    }

    /// Requests that wait or that the piece engine has.
    pub fn len(&self) -> usize {
        self.waiting.len() + self.asked.len() + usize::from(self.assembly.is_some())
    }

    /// Whether there is no request.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Frees the memory of an empty queue.
    pub fn shrink(&mut self) {
        if self.is_empty() && (self.waiting.capacity() > 0 || self.asked.capacity() > 0) {
            *self = Self::default();
        }
    }

    fn drop_assembly(&mut self) {
        self.assembly = None;
        for asked in &mut self.asked {
            if asked.purpose == Purpose::Assembly {
                asked.purpose = Purpose::Cancelled;
            }
        }
    }
}

/// Whether a request lies within the torrent and is not too large.
pub(crate) fn is_valid(info: &TorrentInfo, request: BlockRequest) -> bool {
    let end = request.begin.checked_add(request.len);
    request.len > 0
        && request.len <= MAX_REQUEST
        && end.is_some_and(|end| end <= info.piece_len(request.piece))
}

/// The block at an aligned offset. The last one of a piece is shorter.
fn block_at(info: &TorrentInfo, piece: u32, begin: u32) -> BlockRequest {
    let len = info.piece_len(piece).saturating_sub(begin).min(BLOCK);
    BlockRequest { piece, begin, len }
}

#[cfg(test)]
mod tests;
