//! Swarms of peers that behave well or badly, in any order.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// How a peer behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Honest,
    /// Never answers.
    Silent,
    /// Sends wrong bytes.
    Liar,
    /// Sends a wrong byte in the last part only.
    LateLiar,
    /// Claims another size and serves it.
    WrongSize(u32),
    /// Rejects everything.
    Rejecting,
    /// Sends parts of another length.
    WrongLength,
    /// Names another total size in its messages.
    WrongTotal,
    /// Answers half of its requests and rejects the others, sometimes what it was not asked for.
    Erratic,
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Honest),
        Just(Kind::Silent),
        Just(Kind::Liar),
        Just(Kind::LateLiar),
        (1..10 * PART_LEN).prop_map(Kind::WrongSize),
        Just(Kind::WrongSize(MAX_METADATA_BYTES)),
        Just(Kind::Rejecting),
        Just(Kind::WrongLength),
        Just(Kind::WrongTotal),
        Just(Kind::Erratic),
    ]
}

struct Swarm {
    test: Test,
    /// Peers that are connected; `None` once a peer was named as a liar.
    peers: Vec<Option<(Kind, Vec<u32>)>>,
}

impl Swarm {
    fn new(size: u32, kinds: &[Kind]) -> Self {
        let peers = kinds.iter().map(|kind| Some((*kind, Vec::new()))).collect();
        Self { test: Test::new(size), peers }
    }

    /// Asks a peer, and lets it answer its oldest request.
    fn step(&mut self, index: usize) {
        let key = PeerKey(index as u64);
        let Some(Some((kind, queue))) = self.peers.get_mut(index) else { return };
        let kind = *kind;
        let right = self.test.size();
        let size = if let Kind::WrongSize(size) = kind { size } else { right };
        let asked = self.test.requests_of(key, size);
        assert!(asked.len() <= MAX_IN_FLIGHT);
        assert!(asked.iter().all(|part| *part < size.div_ceil(PART_LEN)));
        queue.extend(asked);
        if queue.is_empty() || kind == Kind::Silent {
            queue.truncate(1);
            return;
        }
        let part = queue.remove(0);
        let now = self.test.now;
        let outcome = match kind {
            Kind::Honest => self.test.send(key, part),
            Kind::LateLiar if part == right.div_ceil(PART_LEN) - 1 => self.test.lie(key, part),
            Kind::LateLiar => self.test.send(key, part),
            Kind::Liar => self.test.lie(key, part),
            Kind::WrongSize(_) => {
                let data = vec![7; part_len(size, part)];
                self.test.send_data(key, part, size, &data)
            }
            Kind::WrongLength => {
                let data = vec![7; part_len(size, part) + 1];
                self.test.send_data(key, part, size, &data)
            }
            Kind::WrongTotal => {
                let data = vec![7; part_len(size, part)];
                self.test.send_data(key, part, size + 1, &data)
            }
            Kind::Erratic if part % 2 == 0 => self.test.lie(key, part),
            Kind::Erratic | Kind::Rejecting => {
                self.test.assembly.on_reject(key, part, now);
                self.test.assembly.on_reject(key, part + 1, now);
                Outcome::Ignored
            }
            Kind::Silent => Outcome::Ignored,
        };
        self.check(&outcome);
    }

    fn check(&mut self, outcome: &Outcome) {
        let assembly = &self.test.assembly;
        assert!(assembly.candidates.len() <= MAX_SIZES);
        assert!(assembly.buffered() <= MAX_BUFFERED_BYTES);
        assert!(assembly.peers.values().all(|peer| peer.in_flight() <= MAX_IN_FLIGHT));
        assert_eq!(assembly.complete, *outcome == Outcome::Complete);
        let Outcome::Failed(liars) = outcome else { return };
        for liar in liars {
            let peer = self.peers[liar.0 as usize].take();
            assert!(peer.is_some_and(|(kind, _)| kind != Kind::Honest), "{liar:?}");
            self.test.assembly.remove_peer(*liar);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// One honest peer is enough.
    #[test]
    fn an_honest_peer_is_enough(
        size in 1..8 * PART_LEN,
        others in vec(kinds(), 0..12),
        order in vec((0usize..13, 0u64..3000), 100),
    ) {
        let kinds = [&[Kind::Honest][..], &others].concat();
        let mut swarm = Swarm::new(size, &kinds);
        // Any order first, then rounds in which every peer is asked once a second.
        for (index, milliseconds) in order {
            if !swarm.test.assembly.complete {
                swarm.step(index);
                swarm.test.now += Duration::from_millis(milliseconds);
            }
        }
        let mut seconds = 0;
        while !swarm.test.assembly.complete {
            for index in (0..kinds.len()).rev() {
                if !swarm.test.assembly.complete {
                    swarm.step(index);
                }
            }
            swarm.test.wait(1);
            seconds += 1;
            prop_assert!(seconds < 1800, "{:?}", kinds);
        }
    }

    /// Silent and lying peers that come and go do not end the assembly.
    #[test]
    fn anything_may_happen(
        actions in vec((0u64..8, 0..5u8, 0..7u32, 0..3u32, 0u64..4000), 0..300),
    ) {
        let sizes = [SIZE, SIZE + 1, 100, MAX_METADATA_BYTES, 0, PART_LEN, u32::MAX];
        let mut test = Test::new(SIZE);
        let mut finished = false;
        for (key, action, number, kind, milliseconds) in actions {
            let key = PeerKey(key);
            test.now += Duration::from_millis(milliseconds);
            let size = sizes[number as usize];
            match action {
                0 => assert!(test.requests_of(key, size).len() <= MAX_IN_FLIGHT),
                1 => test.assembly.remove_peer(key),
                2 => test.assembly.on_reject(key, number, test.now),
                _ => {
                    let data = match kind {
                        0 => part(&test.metadata, number % 5).to_vec(),
                        1 => vec![9; part_len(SIZE, number)],
                        _ => vec![9; number as usize],
                    };
                    finished |= test.send_data(key, number, SIZE, &data) == Outcome::Complete;
                }
            }
            assert_eq!(test.assembly.complete, finished);
            assert!(test.assembly.buffered() <= MAX_BUFFERED_BYTES);
        }
    }
}
