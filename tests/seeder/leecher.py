"""Downloads a torrent with libtorrent from the peers that it is told of.

Arguments: one JSON object {"torrent", "path", "listen", "port"?, "dht"?, "download_limit"?}.
First line of output: {"ready": true, "port"}.
Then one answer for each line of input:
  {"do": "status"}                -> {"peers", "complete", "done"}, the last in bytes
  {"do": "connect", "host", "port"} -> {}
  {"do": "know", "host", "port"}  -> {}, when that node of the DHT has answered
  {"do": "start_over"}            -> {}, forgets what it has
The end of input ends the program, so it cannot outlive the test that started it.
"""

import json
import sys

import libtorrent as lt


def answer(**members):
    print(json.dumps(members), flush=True)


def dht_nodes(session):
    session.post_session_stats()
    session.wait_for_alert(100)
    for alert in session.pop_alerts():
        if isinstance(alert, lt.session_stats_alert):
            return alert.values["dht.dht_nodes"]
    return 0


def main():
    options = json.loads(sys.argv[1])
    session = lt.session({
        "listen_interfaces": "%s:%d" % (options["listen"], options.get("port", 0)),
        "enable_dht": options.get("dht", False),
        "dht_bootstrap_nodes": "",
        # All nodes of a test share one address.
        "dht_restrict_routing_ips": False,
        "dht_restrict_search_ips": False,
        "dht_prefer_verified_node_ids": False,
        "dht_ignore_dark_internet": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_incoming_utp": False,
        "enable_outgoing_utp": False,
        "allow_multiple_connections_per_ip": True,
        "min_reconnect_time": 1,
        "alert_mask": 0,
    })

    def add():
        parameters = lt.add_torrent_params()
        parameters.ti = lt.torrent_info(options["torrent"])
        parameters.save_path = options["path"]
        parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        parameters.download_limit = options.get("download_limit", 0)
        return session.add_torrent(parameters)

    handle = add()
    answer(ready=True, port=session.listen_port())

    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "status":
            status = handle.status()
            answer(peers=status.num_peers, complete=status.is_seeding,
                   done=status.total_done)
        elif command["do"] == "connect":
            handle.connect_peer((command["host"], command["port"]))
            answer()
        elif command["do"] == "know":
            session.add_dht_node((command["host"], command["port"]))
            while not dht_nodes(session):
                pass
            answer()
        elif command["do"] == "start_over":
            session.remove_torrent(handle, lt.session.delete_files)
            while session.get_torrents():
                session.wait_for_alert(10)
                session.pop_alerts()
            handle = add()
            answer()


main()
