use super::*;
use crate::wire::metadata_message::PART_LEN;

mod sizes;
mod swarm;
mod turns;

/// Metadata of five parts, the last one shorter.
const SIZE: u32 = 4 * PART_LEN + 100;

const A: PeerKey = PeerKey(1);
const B: PeerKey = PeerKey(2);
const C: PeerKey = PeerKey(3);

fn metadata(size: u32) -> Vec<u8> {
    (0..size).map(|index| (index % 251) as u8).collect()
}

fn part(metadata: &[u8], part: u32) -> &[u8] {
    let start = (part * PART_LEN) as usize;
    &metadata[start..metadata.len().min(start + PART_LEN as usize)]
}

/// [`MetadataProgress`] without the metadata, which is compared already.
#[derive(Debug, PartialEq)]
enum Outcome {
    Ignored,
    Accepted,
    Complete,
    Failed(Vec<PeerKey>),
}

use Outcome::{Accepted, Complete, Failed, Ignored};

/// An assembly with a clock.
struct Test {
    assembly: MetadataAssembly,
    metadata: Vec<u8>,
    now: Instant,
    /// What each peer was asked for and has not answered.
    asked: HashMap<PeerKey, Vec<u32>>,
}

impl Test {
    fn new(size: u32) -> Self {
        let metadata = metadata(size);
        let assembly = MetadataAssembly::new(InfoHash(sha1(&metadata)));
        Self { assembly, metadata, now: Instant::now(), asked: HashMap::new() }
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn size(&self) -> u32 {
        u32::try_from(self.metadata.len()).expect("a size")
    }

    /// Everything that a peer with the right size is asked for now.
    fn requests(&mut self, peer: PeerKey) -> Vec<u32> {
        let size = self.size();
        let requests = self.requests_of(peer, size);
        self.asked.entry(peer).or_default().extend(&requests);
        requests
    }

    fn requests_of(&mut self, peer: PeerKey, size: u32) -> Vec<u32> {
        std::iter::from_fn(|| self.assembly.next_request(peer, size, self.now)).collect()
    }

    /// Sends the right part.
    fn send(&mut self, peer: PeerKey, index: u32) -> Outcome {
        let data = part(&self.metadata, index).to_vec();
        self.send_data(peer, index, self.size(), &data)
    }

    /// Sends a part of the right length with wrong bytes.
    fn lie(&mut self, peer: PeerKey, index: u32) -> Outcome {
        let data = vec![0xff; part(&self.metadata, index).len()];
        self.send_data(peer, index, self.size(), &data)
    }

    fn send_data(&mut self, peer: PeerKey, index: u32, size: u32, data: &[u8]) -> Outcome {
        if let Some(asked) = self.asked.get_mut(&peer) {
            asked.retain(|asked| *asked != index);
        }
        match self.assembly.on_data(peer, index, size, data) {
            MetadataProgress::Ignored => Ignored,
            MetadataProgress::Accepted => Accepted,
            MetadataProgress::Complete(metadata) => {
                assert!(metadata == self.metadata, "the metadata is wrong");
                Complete
            }
            MetadataProgress::Failed { liars } => Failed(liars),
        }
    }

    /// Sends right parts for as long as the peer is asked. Returns the last outcome.
    fn serve(&mut self, peer: PeerKey) -> Outcome {
        self.answer(peer, Self::send)
    }

    fn answer(
        &mut self,
        peer: PeerKey,
        answer: impl Fn(&mut Self, PeerKey, u32) -> Outcome,
    ) -> Outcome {
        let mut last = Ignored;
        loop {
            self.requests(peer);
            let next = self.asked.get(&peer).and_then(|asked| asked.first());
            let Some(next) = next.copied() else { return last };
            last = answer(self, peer, next);
            if !matches!(last, Accepted | Ignored) {
                return last;
            }
        }
    }

    /// Lets `A` send all parts but the last one wrong and `B` the last one right, so that all parts
    /// are asked from one peer at a time.
    fn fail_together(&mut self) {
        assert_eq!((self.requests(A), self.requests(B)), (vec![0, 1, 2, 3], vec![4, 0, 1, 2]));
        (0..4).for_each(|index| assert_eq!(self.lie(A, index), Accepted));
        assert_eq!(self.send(B, 4), Failed(vec![]));
        assert_eq!(self.assembly.buffered(), 0);
        // Answers to the earlier requests are ignored.
        (0..3).for_each(|index| assert_eq!(self.send(B, index), Ignored));
    }
}

#[test]
fn one_peer_sends_everything() {
    let mut test = Test::new(SIZE);
    assert_eq!(test.requests(A), [0, 1, 2, 3]);
    assert_eq!(test.send(A, 2), Accepted);
    assert_eq!(test.requests(A), [4]);
    for index in [0, 4, 3] {
        assert_eq!(test.send(A, index), Accepted);
    }
    assert_eq!(test.requests(A), [0; 0]);
    assert_eq!(test.send(A, 1), Complete);
    // The end: nothing is asked for and nothing is taken any more.
    assert_eq!(test.requests(A), [0; 0]);
    assert_eq!(test.requests(B), [0; 0]);
    assert_eq!(test.send(A, 1), Ignored);
    assert!(test.assembly.peers.is_empty() && test.assembly.candidates.is_empty());
}

#[test]
fn parts_are_spread_over_peers() {
    let mut test = Test::new(SIZE);
    assert_eq!(test.requests(A), [0, 1, 2, 3]);
    assert_eq!(test.requests(B), [4, 0, 1, 2]);
    // Each part is asked from two peers at most.
    assert_eq!(test.requests(C), [3, 4]);
    assert_eq!(test.requests(PeerKey(4)), [0; 0]);
}

#[test]
fn unasked_and_repeated_parts_are_ignored() {
    let mut test = Test::new(SIZE);
    assert_eq!(test.send(A, 0), Ignored);
    assert_eq!(test.requests(A), [0, 1, 2, 3]);
    assert_eq!(test.lie(A, 4), Ignored);
    assert_eq!(test.lie(B, 0), Ignored);
    let size = test.size();
    for piece in [5, 1000, u32::MAX] {
        let progress = test.send_data(A, piece, size, &[]);
        assert_eq!(progress, Ignored);
    }
    assert_eq!(test.send(A, 0), Accepted);
    assert_eq!(test.lie(A, 0), Ignored);
    for index in [1, 2, 3] {
        assert_eq!(test.send(A, index), Accepted);
    }
    assert_eq!(test.serve(A), Complete);
}

#[test]
fn the_second_of_two_answers_is_ignored() {
    let mut test = Test::new(SIZE);
    assert_eq!(test.requests(A), [0, 1, 2, 3]);
    assert_eq!(test.requests(B), [4, 0, 1, 2]);
    assert_eq!(test.send(B, 0), Accepted);
    assert_eq!(test.lie(A, 0), Ignored);
    assert_eq!(test.serve(B), Complete);
}

#[test]
fn invalid_parts_exclude_their_sender() {
    let invalid: [(u32, &[u8]); 5] =
        [(SIZE + 1, &[0; 100]), (SIZE, &[0; 99]), (SIZE, &[0; 101]), (SIZE, &[]), (0, &[0; 100])];
    for (total_size, data) in invalid {
        let mut test = Test::new(SIZE);
        assert_eq!(test.requests(A).len(), 4);
        assert_eq!(test.send(A, 0), Accepted);
        assert_eq!(test.requests(A), [4]);
        let progress = test.send_data(A, 4, total_size, data);
        assert_eq!(progress, Ignored);
        test.wait(1000);
        assert_eq!(test.requests(A), [0; 0]);
        assert_eq!(test.requests_of(A, SIZE + 1), [0; 0]);
        assert_eq!(test.send(A, 1), Ignored);
        // Its valid part is used all the same.
        assert_eq!(test.requests(B), [1, 2, 3, 4]);
        for index in [1, 2, 3] {
            assert_eq!(test.send(B, index), Accepted);
        }
        assert_eq!(test.send(B, 4), Complete);
    }
}

#[test]
fn a_rejected_part_is_asked_from_another_peer_at_once() {
    let mut test = Test::new(PART_LEN);
    assert_eq!(test.requests(A), [0]);
    assert_eq!(test.requests(B), [0]);
    assert_eq!(test.requests(C), [0; 0]);
    test.assembly.on_reject(A, 0, test.now);
    assert_eq!(test.requests(A), [0; 0]);
    assert_eq!(test.requests(C), [0]);
    assert_eq!(test.send(C, 0), Complete);
}

#[test]
fn rejects_pause_a_peer_longer_each_time() {
    let mut test = Test::new(PART_LEN);
    for pause in [2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(test.requests(A), [0]);
        test.assembly.on_reject(A, 0, test.now);
        test.wait(pause - 1);
        assert_eq!(test.requests(A), [0; 0]);
        test.wait(1);
    }
    assert_eq!(test.serve(A), Complete);
}

#[test]
fn unasked_rejects_are_ignored() {
    let mut test = Test::new(SIZE);
    test.assembly.on_reject(A, 0, test.now);
    assert_eq!(test.requests(A).len(), 4);
    test.assembly.on_reject(A, 4, test.now);
    test.assembly.on_reject(B, 0, test.now);
    assert_eq!(test.send(A, 0), Accepted);
    assert_eq!(test.requests(A), [4]);
}

#[test]
fn a_part_resets_the_pause() {
    let mut test = Test::new(SIZE);
    for _ in 0..3 {
        let requests = test.requests(A);
        test.assembly.on_reject(A, requests[0], test.now);
        test.wait(60);
    }
    let requests = test.requests(A);
    assert_eq!(test.send(A, requests[0]), Accepted);
    let requests = test.requests(A);
    test.assembly.on_reject(A, requests[0], test.now);
    test.wait(2);
    assert!(!test.requests(A).is_empty());
}

#[test]
fn silent_peers_do_not_keep_parts_from_others() {
    let mut test = Test::new(PART_LEN);
    assert_eq!(test.requests(A), [0]);
    assert_eq!(test.requests(B), [0]);
    test.wait(4);
    assert_eq!(test.requests(C), [0; 0]);
    test.wait(1);
    // The silent ones are asked again, which does not count.
    assert_eq!(test.requests(A), [0]);
    assert_eq!(test.requests(B), [0]);
    assert_eq!(test.requests(C), [0]);
    assert_eq!(test.requests(A), [0; 0]);
    // A late answer is as good as any.
    assert_eq!(test.send(A, 0), Complete);
}

#[test]
fn a_silent_peer_is_asked_for_one_part_at_a_time() {
    let mut test = Test::new(SIZE);
    assert_eq!(test.requests(A), [0, 1, 2, 3]);
    for expected in [0, 1, 2, 3, 0] {
        test.wait(5);
        assert_eq!(test.requests(A), [expected]);
    }
    for index in [3, 0, 2] {
        assert_eq!(test.send(A, index), Accepted);
    }
    assert_eq!(test.requests(A), [1]);
    assert_eq!(test.requests(A), [0; 0]);
    assert_eq!(test.send(A, 1), Accepted);
    assert_eq!(test.requests(A), [4]);
    assert_eq!(test.send(A, 4), Complete);
}

#[test]
fn a_part_from_elsewhere_releases_a_silent_peer() {
    let mut test = Test::new(SIZE);
    assert_eq!(test.requests(A), [0, 1, 2, 3]);
    test.wait(6);
    for index in test.requests(B) {
        assert_eq!(test.send(B, index), Accepted);
    }
    assert_eq!(test.requests(A), [4]);
}

#[test]
fn parts_of_a_peer_that_left_are_used() {
    let mut test = Test::new(SIZE);
    assert_eq!(test.requests(A), [0, 1, 2, 3]);
    assert_eq!(test.send(A, 1), Accepted);
    test.assembly.remove_peer(A);
    test.assembly.remove_peer(A);
    assert_eq!(test.send(A, 0), Ignored);
    assert_eq!(test.requests(B), [0, 2, 3, 4]);
    assert_eq!(test.serve(B), Complete);
}
