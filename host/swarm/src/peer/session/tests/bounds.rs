//! Messages that are not understood, malformed or too many.

use super::rig::Rig;
use crate::peer::tests::rig::info;
use crate::peer::{EndReason, PeerEvent, status};
use crate::wire::message::Message;
use crate::wire::metadata_message::MetadataMessage;

const HARMLESS: [Message<'static>; 6] = [
    Message::Port(1),
    Message::SuggestPiece(9),
    Message::AllowedFast(9),
    Message::KeepAlive,
    Message::Extended { id: 77, payload: b"d3:xyz" },
    Message::Extended { id: 1, payload: b"i1e" },
];

#[test]
fn harmless_messages_end_here_before_and_after_the_bitfield() {
    let mut rig = Rig::new(true, 0);
    rig.clear();
    for message in HARMLESS {
        rig.remote(message).unwrap();
    }
    rig.remote(Message::Bitfield(&[0x80])).unwrap();
    for message in HARMLESS {
        rig.remote(message).unwrap();
    }
    assert_eq!(rig.take_engine(), [Message::Bitfield(&[0x80])]);
    assert_eq!(rig.take_remote(), []);
}

#[test]
fn a_bitfield_may_come_late_and_again_but_not_too_often() {
    let mut rig = Rig::new(true, 0);
    rig.clear();
    rig.remote(Message::Have(3)).unwrap();
    rig.remote(Message::Bitfield(&[0xcf])).unwrap();
    rig.remote(Message::HaveNone).unwrap();
    rig.remote(Message::HaveAll).unwrap();
    let expected = [
        Message::Have(3),
        // Spare bits are cleared.
        Message::Bitfield(&[0xc0]),
        Message::Bitfield(&[0x00]),
        Message::Bitfield(&[0xf0]),
    ];
    assert_eq!(rig.take_engine(), expected);
    assert_eq!((rig.session.status.pieces(), rig.session.status.has(status::SEED)), (4, true));
    for _ in 0..7 {
        rig.remote(Message::Bitfield(&[0])).unwrap();
    }
    assert!(matches!(rig.remote(Message::Bitfield(&[0])), Err(EndReason::Flooded(_))));
}

#[test]
fn pieces_that_do_not_exist_end_the_connection() {
    let mut rig = Rig::new(true, 0);
    assert!(matches!(rig.remote(Message::Bitfield(&[1, 2])), Err(EndReason::Malformed(_))));
    assert!(matches!(rig.remote(Message::Bitfield(&[])), Err(EndReason::Malformed(_))));
    assert!(matches!(rig.remote(Message::Have(4)), Err(EndReason::Protocol(_))));
    let mut rig = Rig::unattached(true);
    assert!(matches!(rig.remote(Message::Have(131_072)), Err(EndReason::Protocol(_))));
}

#[test]
fn what_came_before_the_metadata_is_checked_with_it() {
    for (bits, valid) in [(&[0xa0][..], true), (&[0xa0, 0], false), (&[0xaf], true)] {
        let mut rig = Rig::unattached(true);
        rig.remote(Message::Bitfield(bits)).unwrap();
        rig.remote(Message::Unchoke).unwrap();
        let result = rig.apply(|session, out, _| session.set_info(info(), true, out));
        assert_eq!(result.is_ok(), valid);
        if valid {
            rig.clear();
            rig.apply(|session, out, _| session.on_engine_ready(out)).unwrap();
            let told = rig.take_engine();
            assert!(matches!(told[0], Message::Extended { id: 0, .. }));
            assert_eq!(told[1..], [Message::Bitfield(&[0xa0]), Message::Unchoke]);
        }
    }
    let mut rig = Rig::unattached(true);
    rig.remote(Message::Have(4)).unwrap();
    let result = rig.apply(|session, out, _| session.set_info(info(), true, out));
    assert!(matches!(result, Err(EndReason::Protocol(_))));
}

#[test]
fn pieces_are_told_after_the_metadata() {
    let mut rig = Rig::unattached(true);
    rig.apply(|session, out, _| {
        session.open(out);
        Ok(())
    })
    .unwrap();
    assert_eq!(rig.take_remote().last(), Some(&Message::HaveNone));
    rig.torrent.pieces.reset(&[0x50], 4);
    rig.apply(|session, out, _| session.set_info(info(), true, out)).unwrap();
    let told = rig.take_remote();
    assert_eq!(told[told.len() - 2..], [Message::Have(1), Message::Have(3)]);
}

#[test]
fn a_flood_of_extended_handshakes_ends_the_connection() {
    let mut rig = Rig::new(true, 0);
    let mut sent = 0;
    let result = loop {
        sent += 1;
        let payload = format!("d1:pi{sent}e4:reqqi{sent}ee");
        let result = rig.remote(Message::Extended { id: 0, payload: payload.as_bytes() });
        if result.is_err() || sent > 10_000 {
            break result;
        }
    };
    assert!(matches!(result, Err(EndReason::Flooded(_))), "{result:?}");
    let mut events = 0;
    while rig.events.try_recv().is_ok() {
        events += 1;
    }
    assert_eq!((events, rig.engine.len()), (10, 11));
}

#[test]
fn strange_extended_handshakes_are_harmless() {
    let mut rig = Rig::new(true, 0);
    for payload in [
        &b""[..],
        b"le",
        b"d1:m2:xx1:pi-1e4:reqq1:xe",
        b"d1:md11:ut_metadatai99999999999999999999e6:ut_pexi-1ee6:yourip3:abce",
        b"d1:v5:clientee trailing",
    ] {
        rig.remote(Message::Extended { id: 0, payload }).unwrap_or_default();
    }
    rig.wait(1).unwrap();
}

#[test]
fn peers_are_taken_once_a_minute_and_not_for_private_torrents() {
    let pex = Message::Extended { id: 1, payload: b"d5:added6:\x01\x02\x03\x04\x00\x05e" };
    let mut rig = Rig::new(true, 0);
    for _ in 0..100 {
        rig.remote(pex).unwrap();
    }
    let Ok(PeerEvent::Pex { added, .. }) = rig.events.try_recv() else { panic!("no peers") };
    assert_eq!(added[0].address.to_string(), "1.2.3.4:5");
    assert!(rig.events.try_recv().is_err());
    rig.wait(60).unwrap();
    rig.remote(pex).unwrap();
    assert!(rig.events.try_recv().is_ok());

    let mut rig = Rig::unattached(true);
    let private = crate::types::TorrentInfo { private: true, ..(*info()).clone() };
    rig.apply(|session, out, _| session.set_info(private.into(), true, out)).unwrap();
    rig.remote(pex).unwrap();
    assert!(rig.events.try_recv().is_err());
}

fn metadata(message: &MetadataMessage<'_>) -> Vec<u8> {
    message.encode()
}

#[test]
fn metadata_is_served_within_bounds() {
    let mut rig = Rig::new(true, 0);
    let handshake = Message::Extended { id: 0, payload: b"d1:md11:ut_metadatai9e6:ut_pexi3eee" };
    rig.remote(handshake).unwrap();
    rig.clear();
    let ask = |rig: &mut Rig, piece| {
        let payload = metadata(&MetadataMessage::Request { piece });
        rig.remote(Message::Extended { id: 2, payload: &payload }).unwrap();
        match rig.take_remote()[..] {
            [Message::Extended { id: 9, payload }] => MetadataMessage::parse(payload).unwrap(),
            ref other => panic!("{other:?}"),
        }
    };
    let info = info();
    for piece in 0..3_usize {
        let data = &info.info[piece * 16384..info.info.len().min((piece + 1) * 16384)];
        let piece = piece as u32;
        let expected = MetadataMessage::Data { piece, total_size: 40_000, data };
        assert_eq!(ask(&mut rig, piece), expected);
    }
    for piece in [3, u32::MAX] {
        assert_eq!(ask(&mut rig, piece), MetadataMessage::Reject { piece });
    }
    let served =
        (0..1000).filter(|_| matches!(ask(&mut rig, 0), MetadataMessage::Data { .. })).count();
    assert!(served < 256, "{served}");
}

#[test]
fn metadata_is_fetched() {
    let mut rig = Rig::unattached(true);
    let handshake =
        Message::Extended { id: 0, payload: b"d1:md11:ut_metadatai9ee13:metadata_sizei40000ee" };
    rig.remote(handshake).unwrap();
    let info = info();
    let mut asked = rig.take_remote();
    let mut complete = None;
    while let Some(Message::Extended { id: 9, payload }) = asked.pop() {
        let Ok(MetadataMessage::Request { piece }) = MetadataMessage::parse(payload) else {
            panic!("{payload:?}");
        };
        let start = piece as usize * 16384;
        let data = &info.info[start..info.info.len().min(start + 16384)];
        let payload = metadata(&MetadataMessage::Data { piece, total_size: 40_000, data });
        rig.remote(Message::Extended { id: 2, payload: &payload }).unwrap();
        asked.extend(rig.take_remote());
        if let Ok(PeerEvent::MetadataComplete(bytes)) = rig.events.try_recv() {
            complete = Some(bytes);
        }
    }
    assert_eq!(complete.as_ref(), Some(&info.info));
    assert!(rig.session.is_useful());
}

#[test]
fn unread_messages_are_bounded() {
    let mut rig = Rig::new(true, 0xf0);
    rig.backlog = 1024 * 1024;
    let result = rig.remote(Message::Request(crate::peer::tests::rig::block(0, 0)));
    assert!(matches!(result, Err(EndReason::Flooded(_))), "{result:?}");
}
