"""Downloads torrents with libtorrent, for the benchmark to compare with.

Arguments: FOLDER TORRENT… Says `ready`, begins when it is told to by a line, says `done` when all
of it is there, and ends with its standard input.
"""

import sys
import time

import libtorrent as lt


def main():
    session = lt.session({
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        # The seeders have no uTP; trying it first delays the download by about five seconds.
        "enable_incoming_utp": False,
        "enable_outgoing_utp": False,
        "allow_multiple_connections_per_ip": True,
        "alert_mask": 0,
        "active_limit": 1000,
        "active_downloads": 1000,
    })
    print("ready", flush=True)
    sys.stdin.readline()
    handles = []
    for torrent in sys.argv[2:]:
        parameters = lt.add_torrent_params()
        parameters.ti = lt.torrent_info(torrent)
        parameters.save_path = sys.argv[1]
        handles.append(session.add_torrent(parameters))
    while not all(handle.status().is_seeding for handle in handles):
        time.sleep(0.01)
    print("done", flush=True)
    sys.stdin.read()


main()
