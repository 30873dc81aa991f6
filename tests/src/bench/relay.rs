//! What the relay costs.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde_json::json;

use super::table::{median, ms, row, title};
use crate::{Relay, Sandbox, files, magnets, process, sandbox::hello};

/// Measures the relay, and how quickly the engine answers through it.
///
/// # Panics
/// When the engine does not answer.
pub fn relay() {
    title("The relay");
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let cold = time(|| drop(hello(&relay)));

    let mut starts = Vec::new();
    let mut resident = 0;
    for _ in 0..50 {
        let began = Instant::now();
        let one = sandbox.relay();
        one.ok("ping", json!({}));
        starts.push(began.elapsed());
        resident = resident.max(process::resident_kib(one.pid()).unwrap_or_default());
    }

    let mut socket = direct(&sandbox);
    let (mut through, mut straight, mut adds) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3000 {
        through.push(time(|| drop(relay.ok("ping", json!({})))));
        straight.push(time(|| ping(&mut socket)));
    }
    for number in 0..200 {
        adds.push(time(|| drop(relay.ok("add_magnet", json!({"uri": magnets::dead(number)})))));
    }
    let many = add_many(&relay);

    let (through, straight, adds) = (median(through), median(straight), median(adds));
    timed("engine started by the first relay, first answer", cold);
    timed("relay started, first answer (engine running)", median(starts));
    row("relay, resident memory at most", &format!("{resident} KiB"));
    timed("round trip of a ping, through the relay", through);
    timed("round trip of a ping, straight to the socket", straight);
    timed("  the relay adds", through.saturating_sub(straight));
    timed("add_magnet of a magnet that nobody has", adds);
    timed("  the same, each of 2000 sent at once", many / 2000);
    let ratio = adds.as_secs_f64() / through.as_secs_f64();
    row("  in round trips of a ping", &format!("{ratio:.1}"));
}

fn timed(what: &str, took: Duration) {
    row(what, &format!("{:.3} ms", ms(took)));
}

fn time(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn add_many(relay: &Relay) -> Duration {
    time(|| {
        let asked: Vec<u64> = (1000..3000)
            .map(|number| relay.begin("add_magnet", &json!({"uri": magnets::dead(number)})))
            .collect();
        for id in asked {
            relay.finish(id).expect("an entry");
        }
    })
}

/// A connection to the engine without a relay in between.
fn direct(sandbox: &Sandbox) -> UnixStream {
    let path = files::list(&sandbox.home())
        .into_iter()
        .find(|name| name.ends_with(".sock"))
        .expect("the engine's socket");
    UnixStream::connect(sandbox.home().join(path)).expect("an engine that listens")
}

fn ping(socket: &mut UnixStream) {
    let request = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let length = u32::try_from(request.len()).expect("a short request");
    let mut frame = length.to_ne_bytes().to_vec();
    frame.extend(request);
    socket.write_all(&frame).expect("an engine that reads");
    let mut header = [0; 4];
    socket.read_exact(&mut header).expect("an answer");
    let mut answer = vec![0; u32::from_ne_bytes(header) as usize];
    socket.read_exact(&mut answer).expect("an answer");
}
