//! Liars, and parts from one peer at a time.

use super::*;

#[test]
fn a_peer_that_lied_alone_is_named() {
    let mut test = Test::new(SIZE);
    assert_eq!(test.answer(A, Test::lie), Failed(vec![A]));
    assert_eq!(test.requests(A), [0; 0]);
    assert_eq!(test.serve(B), Complete);
}

#[test]
fn the_liar_of_two_peers_is_found() {
    let mut test = Test::new(SIZE);
    test.fail_together();
    assert_eq!(test.requests(A).len(), 4);
    // While it is the liar's turn, the other peer is not asked.
    assert_eq!(test.requests(B), [0; 0]);
    assert_eq!(test.answer(A, Test::lie), Failed(vec![A]));
    assert_eq!(test.serve(B), Complete);
}

#[test]
fn the_honest_of_two_peers_completes_alone() {
    let mut test = Test::new(SIZE);
    test.fail_together();
    assert_eq!(test.requests(B).len(), 4);
    assert_eq!(test.requests(A), [0; 0]);
    assert_eq!(test.serve(B), Complete);
}

#[test]
fn a_turn_is_lost_by_silence_rejects_and_departure() {
    let cases: [fn(&mut Test); 4] = [
        |test| test.wait(5),
        |test| [0, 1, 3].iter().for_each(|index| test.assembly.on_reject(A, *index, test.now)),
        |test| test.assembly.remove_peer(A),
        |test| assert!(!test.requests_of(A, 77).is_empty()),
    ];
    for lose in cases {
        let mut test = Test::new(SIZE);
        test.fail_together();
        assert_eq!(test.requests(A), [0, 1, 2, 3]);
        assert_eq!(test.lie(A, 2), Accepted);
        assert_eq!(test.requests(B), [0; 0]);
        lose(&mut test);
        assert_eq!(test.serve(B), Complete);
    }
}

#[test]
fn one_reject_costs_the_turn_before_the_first_part_only() {
    for delivered in [false, true] {
        let mut test = Test::new(SIZE);
        test.fail_together();
        assert_eq!(test.requests(B), [0, 1, 2, 3]);
        if delivered {
            assert_eq!(test.send(B, 0), Accepted);
        }
        test.assembly.on_reject(B, 1, test.now);
        assert_eq!(test.requests(A).is_empty(), delivered);
    }
}

#[test]
fn a_sender_that_is_slow_gets_more_time_in_each_turn() {
    let mut test = Test::new(4 * PART_LEN);
    assert_eq!((test.requests(A).len(), test.requests(B).len()), (4, 4));
    (0..3).for_each(|index| assert_eq!(test.lie(A, index), Accepted));
    assert_eq!(test.send(B, 3), Failed(vec![]));
    (0..3).for_each(|index| assert_eq!(test.send(B, index), Ignored));
    // Eleven seconds for each part, while a liar that rejects its first request waits for its turn.
    let mut seconds = 0;
    while !test.assembly.complete {
        if seconds % 11 == 10 {
            test.requests(B);
            let oldest = test.asked[&B].first().copied();
            oldest.map(|index| test.send(B, index));
        }
        test.requests(B);
        if let Some(index) = test.requests(A).first() {
            test.assembly.on_reject(A, *index, test.now);
        }
        test.wait(1);
        seconds += 1;
        assert!(seconds < 600);
    }
}

#[test]
fn a_silent_peer_does_not_displace_a_slow_sender() {
    let mut test = Test::new(SIZE);
    test.fail_together();
    // `A` takes its turn and is silent, `B` answers after six seconds each time.
    assert_eq!(test.requests(A).len(), 4);
    test.wait(5);
    for index in 0..5 {
        assert!(test.requests(A).len() <= usize::from(index == 0));
        assert!(!test.requests(B).is_empty());
        test.wait(6);
        assert!(test.requests(A).is_empty());
        assert_eq!(test.send(B, index), if index == 4 { Complete } else { Accepted });
    }
}

#[test]
fn a_slow_sender_alone_keeps_its_turn() {
    let mut test = Test::new(SIZE);
    test.fail_together();
    test.assembly.remove_peer(A);
    assert_eq!(test.requests(B), [0, 1, 2, 3]);
    for index in 0..4 {
        test.wait(100);
        assert_eq!(test.requests(B), [index]);
        assert_eq!(test.send(B, index), Accepted);
    }
    assert_eq!(test.serve(B), Complete);
}

#[test]
fn a_slow_turn_ends_when_others_wait() {
    let mut test = Test::new(100 * PART_LEN);
    while test.assembly.candidates.first().is_none_or(|c| !c.has_single_sender()) {
        let (wrong, right) = (test.requests(A), test.requests(B));
        wrong.into_iter().for_each(|index| _ = test.lie(A, index));
        right.into_iter().for_each(|index| _ = test.send(B, index));
    }
    assert_eq!(test.requests(A), [0, 1, 2, 3]);
    for index in 0..60 {
        assert_eq!(test.requests(B), [0; 0], "{index}");
        assert_eq!(test.lie(A, index), Accepted);
        test.requests(A);
        test.wait(1);
    }
    assert_eq!(test.serve(B), Complete);
}

#[test]
fn two_liars_cannot_pass_the_turn_to_each_other() {
    let mut test = Test::new(SIZE);
    test.fail_together();
    for liar in [A, C] {
        assert!(!test.requests(liar).is_empty());
        // It is known that the honest peer waits.
        assert_eq!(test.requests(B), [0; 0]);
        test.wait(4);
        test.requests(liar);
        test.assembly.on_reject(liar, 0, test.now);
        test.wait(2);
    }
    // `A` asks first, but it has had a turn already.
    assert_eq!(test.requests(A), [0; 0]);
    assert_eq!(test.serve(B), Complete);
}
