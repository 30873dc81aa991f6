use proptest::prelude::*;

use super::*;
use crate::peer::tests::rig::info;

fn content(block: BlockRequest) -> Vec<u8> {
    (block.begin..block.begin + block.len).map(|at| (at / 7) as u8).collect()
}

proptest! {
    #[test]
    fn every_request_is_answered_with_its_bytes(
        requests in prop::collection::vec((0..4_u32, 0..65536_u32, 1..=65536_u32), 1..60),
    ) {
        let info = info();
        let mut queue = UploadQueue::default();
        let mut wanted = Vec::new();
        for (piece, begin, len) in requests {
            let request = BlockRequest { piece, begin, len };
            if is_valid(&info, request) && queue.push(request) == Admission::Queued {
                wanted.push(request);
            }
        }
        let mut engine = VecDeque::new();
        loop {
            while let Some(block) = queue.next_block(&info) {
                prop_assert!(block.begin % BLOCK == 0 && is_valid(&info, block));
                engine.push_back(block);
            }
            prop_assert!(engine.len() <= MAX_IN_ENGINE);
            let Some(block) = engine.pop_front() else { break };
            let answered = match queue.deliver(block, &content(block)) {
                Delivery::Forward => block,
                Delivery::Assembled(request, data) => {
                    prop_assert_eq!(data, content(request));
                    request
                }
                Delivery::Kept => continue,
                Delivery::Dropped => panic!("{block:?} was dropped"),
            };
            let at = wanted.iter().position(|wanted| *wanted == answered).unwrap();
            wanted.remove(at);
        }
        prop_assert!(wanted.is_empty() && queue.is_empty());
    }
}
