use super::*;

#[test]
fn single_pieces_become_a_seed() {
    let mut pieces = RemotePieces::default();
    pieces.set_total(10).unwrap();
    assert_eq!(pieces.bitfield(), None);
    for piece in 0..10 {
        assert!(!pieces.is_seed());
        assert_eq!((pieces.add(piece), pieces.add(piece)), (Ok(true), Ok(false)));
    }
    assert!(pieces.is_seed() && pieces.bits().is_empty() && pieces.has(9));
    assert_eq!(pieces.bitfield(), Some(vec![0xff, 0xc0]));
    assert_eq!(pieces.add(10), Err(OutOfRange));
}

#[test]
fn pieces_before_the_metadata_are_checked_with_it() {
    let mut pieces = RemotePieces::default();
    assert_eq!(pieces.add(MAX_PIECES as u32), Err(OutOfRange));
    pieces.add(9).unwrap();
    assert!(pieces.set_total(8).is_err());
    let mut pieces = RemotePieces::default();
    pieces.replace(&[0xff, 0xff]).unwrap();
    pieces.set_total(9).unwrap();
    assert_eq!((pieces.count(), pieces.is_seed()), (9, true));
    let mut pieces = RemotePieces::default();
    pieces.replace(&[0, 0]).unwrap();
    assert_eq!(pieces.set_total(17), Err(OutOfRange));
    let mut pieces = RemotePieces::default();
    pieces.set_all(true);
    assert_eq!((pieces.count(), pieces.has(3)), (0, true));
    pieces.set_total(17).unwrap();
    assert_eq!(pieces.count(), 17);
    assert!(pieces.replace(&vec![0; MAX_PIECES]).is_err());
}

#[test]
fn a_new_bitfield_replaces_everything() {
    let mut pieces = RemotePieces::default();
    pieces.set_total(4).unwrap();
    pieces.set_all(true);
    pieces.replace(&[0x4f]).unwrap();
    assert_eq!((pieces.count(), pieces.has(1), pieces.has(4)), (1, true, false));
    pieces.set_all(false);
    assert_eq!((pieces.count(), pieces.has(1)), (0, false));
    assert_eq!(pieces.replace(&[]), Err(OutOfRange));
}
