"""Seeds a file or folder with libtorrent, on loopback alone.

Arguments: one JSON object {"path", "torrent", "piece_bytes"?, "upload_limit"?, "given"?}.
With "given", the torrent file is there already, whatever names it has in it, and the contents of
its files are in "path" under the names 0, 1, 2…
First line of output: {"ready": true, "port", "hash", "magnet", "torrent"}.
Then one answer for each line of input:
  {"do": "status"}                -> {"peers", "unchoked", "uploaded"}
  {"do": "limit", "rate": bytes}  -> {}, 0 for no limit
  {"do": "slots", "count": slots} -> {}, so many peers are unchoked, and others every second
  {"do": "disconnect"}            -> {}, closes every connection
The end of input ends the program, so it cannot outlive the test that started it.
"""

import json
import os
import sys

import libtorrent as lt


def answer(**members):
    print(json.dumps(members), flush=True)


def make_torrent(path, piece_bytes):
    # In the order of their names: a folder tells them in an order of its own.
    entries = sorted(lt.list_files(path), key=lambda entry: entry.filename)
    creator = lt.create_torrent(entries, piece_bytes, lt.create_torrent.v1_only)
    creator.set_creator("torrpeddo tests")
    lt.set_piece_hashes(creator, os.path.dirname(path))
    return lt.bencode(creator.generate())


def main():
    options = json.loads(sys.argv[1])
    path = os.path.abspath(options["path"])
    if options.get("given"):
        with open(options["torrent"], "rb") as file:
            data = file.read()
    else:
        data = make_torrent(path, options.get("piece_bytes", 0))
        with open(options["torrent"], "wb") as file:
            file.write(data)

    session = lt.session({
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_incoming_utp": False,
        "enable_outgoing_utp": False,
        "allow_multiple_connections_per_ip": True,
        # A client that went away must not be remembered as a bad one.
        "min_reconnect_time": 1,
        "alert_mask": 0,
    })
    info = lt.torrent_info(lt.bdecode(data))
    parameters = lt.add_torrent_params()
    parameters.ti = info
    if options.get("given"):
        parameters.save_path = path
        parameters.renamed_files = {n: str(n) for n in range(info.num_files())}
    else:
        parameters.save_path = os.path.dirname(path)
    parameters.flags = (parameters.flags | lt.torrent_flags.seed_mode) & ~(
        lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    handle = session.add_torrent(parameters)
    handle.set_upload_limit(options.get("upload_limit", 0))

    port = session.listen_port()
    magnet = "%s&x.pe=127.0.0.1:%d" % (lt.make_magnet_uri(info), port)
    answer(ready=True, port=port, hash=str(info.info_hash()), magnet=magnet,
           torrent=options["torrent"])

    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "status":
            status = handle.status()
            unchoked = [peer for peer in handle.get_peer_info()
                        if not peer.flags & lt.peer_info.remote_choked]
            answer(peers=status.num_peers, unchoked=len(unchoked),
                   uploaded=status.total_payload_upload)
        elif command["do"] == "limit":
            handle.set_upload_limit(command["rate"])
            answer()
        elif command["do"] == "slots":
            session.apply_settings({
                "unchoke_slots_limit": command["count"],
                "unchoke_interval": 1,
                "optimistic_unchoke_interval": 1,
                "seeding_piece_quota": 3,
            })
            answer()
        elif command["do"] == "disconnect":
            handle.pause()
            handle.resume()
            answer()


main()
