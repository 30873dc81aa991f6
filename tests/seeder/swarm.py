"""Seeds torrents of random files from several libtorrent sessions, for the benchmark.

Arguments: one JSON object {"folder", "torrents", "bytes", "sessions", "announce", "upload_limit"?},
the limit in bytes per second for each torrent of each session.
Output: {"ports", "torrents": [paths]}; the files are below "folder"/data.
The end of input ends the program.
"""

import json
import os
import sys
import time

import libtorrent as lt

PIECE_BYTES = 1 << 20
SETTINGS = {
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "allow_multiple_connections_per_ip": True,
    "alert_mask": 0,
    "active_limit": 1000,
    # One of each for a session: they would only take the processors from the client.
    "aio_threads": 1,
    "hashing_threads": 1,
}


def write(path, size):
    with open(path, "wb") as file:
        for start in range(0, size, PIECE_BYTES):
            file.write(os.urandom(min(PIECE_BYTES, size - start)))


def make_torrent(path, announce):
    creator = lt.create_torrent(lt.list_files(path), PIECE_BYTES, lt.create_torrent.v1_only)
    creator.add_tracker(announce)
    lt.set_piece_hashes(creator, os.path.dirname(path))
    return lt.bencode(creator.generate())


def without_tracker(path):
    """The torrent for a seeder, which would be told of itself when it announced."""
    with open(path, "rb") as file:
        torrent = lt.bdecode(file.read())
    return lt.torrent_info({b"info": torrent[b"info"]})


def main():
    options = json.loads(sys.argv[1])
    data = os.path.join(options["folder"], "data")
    os.mkdir(data)
    torrents = []
    for number in range(options["torrents"]):
        path = os.path.join(data, "file-%d.bin" % number)
        write(path, options["bytes"])
        torrents.append(path + ".torrent")
        with open(torrents[-1], "wb") as file:
            file.write(make_torrent(path, options["announce"]))

    sessions = [lt.session(SETTINGS) for _ in range(options["sessions"])]
    handles = []
    for session in sessions:
        for torrent in torrents:
            parameters = lt.add_torrent_params()
            parameters.ti = without_tracker(torrent)
            parameters.save_path = data
            parameters.flags = (parameters.flags | lt.torrent_flags.seed_mode) & ~(
                lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
            handles.append(session.add_torrent(parameters))
            handles[-1].set_upload_limit(options.get("upload_limit", 0))
    while not all(handle.status().is_seeding for handle in handles):
        time.sleep(0.01)
    print(json.dumps({"ports": [s.listen_port() for s in sessions], "torrents": torrents}),
          flush=True)
    sys.stdin.read()


main()
