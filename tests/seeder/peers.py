"""Runs the peers of a swarm: libtorrent sessions, each with an address of its own on loopback.

Arguments: one JSON object {"torrent", "peers": [{"address", "folder", "seed"?, "upload_limit"?,
"unchoke_slots"?}]}. A peer downloads into its folder, or has the files there if it is a seed. Limits are
in bytes per second; without "unchoke_slots" a peer has libtorrent's default of eight.
First line of output: {"ready": true}; no peer has announced itself then.
Then one answer for each line of input:
  {"do": "begin"}  -> {}, starts all peers
  {"do": "status"} -> {"leechers": [{"progress": 0…1, "seconds": time to complete, or null}]}
The end of input ends the program.
"""

import json
import os
import select
import sys
import time

import libtorrent as lt

SETTINGS = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    # Compare choking, not congestion control: not every client has uTP.
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "alert_mask": 0,
    # One of each for a session: a swarm of many sessions shares few processors.
    "aio_threads": 1,
    "hashing_threads": 1,
}
POLL_SECONDS = 0.02


def start_session(peer):
    settings = dict(SETTINGS)
    settings["listen_interfaces"] = peer["address"] + ":0"
    settings["outgoing_interfaces"] = peer["address"]
    if "unchoke_slots" in peer:
        settings["unchoke_slots_limit"] = peer["unchoke_slots"]
    session = lt.session(settings)
    # By default every peer on loopback is in the class "local", which is always unchoked.
    everyone = lt.ip_filter()
    everyone.add_rule("0.0.0.0", "255.255.255.255", 1 << lt.session.global_peer_class_id)
    session.set_peer_class_filter(everyone)
    return session


class Peer:
    def __init__(self, options, peer):
        self.seed = peer.get("seed", False)
        self.seconds = None
        self.session = start_session(peer)
        parameters = lt.add_torrent_params()
        parameters.ti = lt.torrent_info(options["torrent"])
        parameters.flags |= lt.torrent_flags.paused
        parameters.flags &= ~lt.torrent_flags.auto_managed
        parameters.save_path = peer["folder"]
        if self.seed:
            parameters.flags |= lt.torrent_flags.seed_mode
        else:
            os.makedirs(peer["folder"], exist_ok=True)
        self.handle = self.session.add_torrent(parameters)
        self.handle.set_upload_limit(peer.get("upload_limit", 0))

    def look(self, began):
        if self.seconds is None and self.handle.status().is_seeding:
            self.seconds = time.monotonic() - began

    def status(self):
        return {"progress": self.handle.status().progress, "seconds": self.seconds}


def answer(**members):
    print(json.dumps(members), flush=True)


def main():
    options = json.loads(sys.argv[1])
    peers = [Peer(options, peer) for peer in options["peers"]]
    leechers = [peer for peer in peers if not peer.seed]
    began = None
    answer(ready=True)

    while True:
        readable, _, _ = select.select([sys.stdin], [], [], POLL_SECONDS)
        if began is not None:
            for peer in leechers:
                peer.look(began)
        if not readable:
            continue
        # One request at a time: nothing is left in the buffer, where select would not see it.
        line = sys.stdin.readline()
        if not line:
            return
        if json.loads(line)["do"] == "begin":
            began = time.monotonic()
            for peer in peers:
                peer.handle.resume()
            answer()
        else:
            answer(leechers=[peer.status() for peer in leechers])


main()
