// Generated from host/protocol by `cargo xtask codegen`. Do not edit.

/**
 * What kind of error it is, with the code that JSON-RPC carries.
 */
export type ErrorKind = "parse_error" | "invalid_request" | "method_not_found" | "invalid_params" | "internal" | "not_found" | "invalid_magnet" | "invalid_torrent" | "wrong_state" | "io" | "unavailable" | "incompatible" | "invalid_path" | "too_large";

/**
 * What an error says besides its sentence. Only `kind` is always there.
 */
export type ErrorData = { 
/**
 * The kind of error.
 */
kind: ErrorKind, 
/**
 * The parameter that is meant, as a path such as `options.save_path`.
 */
member?: string, 
/**
 * The torrent that is meant.
 */
id?: string, 
/**
 * The state that the torrent is in.
 */
state?: TorrentState, 
/**
 * The file or folder that is meant.
 */
path?: string, 
/**
 * What the system said.
 */
reason?: string, 
/**
 * The protocol versions that would do.
 */
supported?: Array<number>, };

/**
 * The error object of JSON-RPC. `message` is one plain sentence that a person can act on.
 */
export type RpcError = { 
/**
 * The code that belongs to `data.kind`.
 */
code: number, 
/**
 * The sentence.
 */
message: string, 
/**
 * The kind, and what else is known.
 */
data: ErrorData, };

/**
 * The state of a torrent.
 */
export type TorrentState = "queued" | "fetching_metadata" | "checking" | "downloading" | "seeding" | "finished" | "paused" | "cancelled" | "error";

/**
 * Why a torrent is in state `error`.
 */
export type TorrentError = { 
/**
 * The kind of error.
 */
kind: ErrorKind, 
/**
 * One sentence with what to do.
 */
message: string, };

/**
 * A torrent as the interface shows it.
 */
export type Torrent = { 
/**
 * The v1 info-hash in lower-case hex.
 */
id: string, 
/**
 * The name: text from a stranger, to be shown as text.
 */
name: string, 
/**
 * The state.
 */
state: TorrentState, 
/**
 * Whether the queue may start and stop it; off after `pause` and `cancel`.
 */
auto_managed: boolean, 
/**
 * Whether it runs outside the limits of the queue.
 */
forced: boolean, 
/**
 * The place in the queue, from 0; none for what is not in it.
 */
queue_position: number | null, 
/**
 * Of the selected bytes, the share that is on disk and verified. While `checking`, the share
 * that has been checked.
 */
progress: number, 
/**
 * The size of everything; 0 while unknown.
 */
total_bytes: number, 
/**
 * The size of the selected files; 0 while unknown.
 */
selected_bytes: number, 
/**
 * How much of the selected files is verified.
 */
done_bytes: number, 
/**
 * Downloaded over the torrent's whole life.
 */
downloaded: number, 
/**
 * Uploaded over the torrent's whole life.
 */
uploaded: number, 
/**
 * Uploaded over downloaded, or over the size where nothing was downloaded.
 */
ratio: number, 
/**
 * Bytes per second.
 */
download_rate: number, 
/**
 * Bytes per second.
 */
upload_rate: number, 
/**
 * Milliseconds until it is complete, where that can be said.
 */
eta_ms: number | null, 
/**
 * Peers that we are connected to.
 */
peers_connected: number, 
/**
 * Peers that we have heard of.
 */
peers_known: number, 
/**
 * The folder that its files are in.
 */
save_path: string, 
/**
 * The user's labels.
 */
labels: Array<string>, 
/**
 * When it was added.
 */
added_at: number, 
/**
 * When it was complete.
 */
completed_at: number | null, 
/**
 * Why it is in state `error`.
 */
error: TorrentError | null, 
/**
 * How many files; 0 while unknown.
 */
file_count: number, 
/**
 * Whether it is private (BEP 27).
 */
private: boolean, 
/**
 * A magnet link for it. That of a private torrent names no tracker, since those contain
 * passkeys; `get_magnet` gives the whole link.
 */
magnet: string, 
/**
 * Its own ratio limit, where it has one: uploaded over downloaded at which it stops seeding.
 */
ratio_limit?: number, 
/**
 * While its files are being moved: the share that has arrived.
 */
moving?: number, 
/**
 * The host of its first tracker, where it has one.
 */
tracker?: string, };

/**
 * The state of a port mapping.
 */
export type PortMappingState = "off" | "unknown" | "mapped" | "failed";

/**
 * Whether the router forwards the listen port to this computer (UPnP IGD, NAT-PMP, PCP).
 */
export type PortMapping = { 
/**
 * The state.
 */
state: PortMappingState, 
/**
 * The protocol that the router understood: `upnp`, `nat_pmp` or `pcp`.
 */
method?: string, 
/**
 * The router's address on the Internet, as the router reports it.
 */
external_ip?: string, 
/**
 * Why it failed.
 */
message?: string, };

/**
 * Totals over everything.
 */
export type Session = { 
/**
 * Bytes per second.
 */
download_rate: number, 
/**
 * Bytes per second.
 */
upload_rate: number, 
/**
 * Downloaded over the life of all torrents that are there.
 */
downloaded: number, 
/**
 * Uploaded over the life of all torrents that are there.
 */
uploaded: number, 
/**
 * How many torrents are in each state; states without one are absent.
 */
counts: { [state in TorrentState]?: number }, 
/**
 * Free bytes at the default folder.
 */
free_bytes: number, 
/**
 * The port that peers can reach.
 */
listen_port: number | null, 
/**
 * Nodes in the DHT's routing table (BEP 5).
 */
dht_nodes: number, 
/**
 * Connected peers of all torrents.
 */
peers_connected: number, 
/**
 * Whether the router forwards the listen port to this computer.
 */
port_mapping?: PortMapping, 
/**
 * Whether the alternative limits are in force.
 */
alternative_limits: boolean, 
/**
 * The version of the engine.
 */
engine_version: string, };

/**
 * A file of a torrent.
 */
export type FileStatus = { 
/**
 * The index by which `selected` names it.
 */
index: number, 
/**
 * The path below `save_path`, with `/` between its parts. Where a torrent has several files it
 * begins with the torrent's own folder.
 */
path: string, 
/**
 * The size.
 */
bytes: number, 
/**
 * How much of it is verified.
 */
done_bytes: number, 
/**
 * Whether it is downloaded.
 */
selected: boolean, };

/**
 * How a peer is reached.
 */
export type Transport = "tcp" | "utp";

/**
 * Who opened a connection.
 */
export type Direction = "in" | "out";

/**
 * Where the address of a peer came from.
 */
export type PeerSource = "tracker" | "dht" | "lsd" | "pex" | "user" | "incoming";

/**
 * The state of both directions of a connection (BEP 3), and what is known of the peer.
 */
export type PeerFlags = { 
/**
 * We refuse the peer's requests.
 */
am_choking: boolean, 
/**
 * We want pieces that the peer has.
 */
am_interested: boolean, 
/**
 * The peer refuses our requests.
 */
peer_choking: boolean, 
/**
 * The peer wants pieces that we have.
 */
peer_interested: boolean, 
/**
 * The peer has an optimistic unchoke slot.
 */
optimistic: boolean, 
/**
 * The peer unchoked us and has sent no block for a minute.
 */
snubbed: boolean, 
/**
 * The peer has every piece.
 */
seed: boolean, };

/**
 * A peer of a torrent.
 */
export type Peer = { 
/**
 * Address and port.
 */
address: string, 
/**
 * What the peer calls itself.
 */
client?: string, 
/**
 * How it is reached.
 */
transport: Transport, 
/**
 * Who opened the connection.
 */
direction: Direction, 
/**
 * Whether the stream is encrypted (MSE).
 */
encrypted: boolean, 
/**
 * The state of the connection.
 */
state: string, 
/**
 * The share of the torrent that the peer has.
 */
progress?: number, 
/**
 * Bytes per second from the peer.
 */
download_rate: number, 
/**
 * Bytes per second to the peer.
 */
upload_rate: number, 
/**
 * Bytes from the peer over this connection.
 */
downloaded: number, 
/**
 * Bytes to the peer over this connection.
 */
uploaded: number, 
/**
 * Where its address came from.
 */
source?: PeerSource, 
/**
 * Choke and interest in both directions.
 */
flags?: PeerFlags, };

/**
 * The state of a tracker.
 */
export type TrackerState = "disabled" | "not_contacted" | "updating" | "working" | "failed";

/**
 * A tracker of a torrent. What the engine does not know is absent.
 */
export type Tracker = { 
/**
 * The announce URL.
 */
url: string, 
/**
 * Its tier (BEP 12), from 0. Trackers of one tier replace each other.
 */
tier: number, 
/**
 * The state.
 */
state: TrackerState, 
/**
 * What it said, or why it failed: text from a stranger, to be shown as text.
 */
message?: string, 
/**
 * Addresses of peers in its last answer.
 */
peers?: number, 
/**
 * Peers with all of the torrent, as the tracker counts them.
 */
seeds?: number, 
/**
 * Peers that still download, as the tracker counts them.
 */
leechers?: number, 
/**
 * Completed downloads, as the tracker counts them.
 */
downloads?: number, 
/**
 * When it was last asked.
 */
last_announce_at?: number, 
/**
 * When it is asked next.
 */
next_announce_at?: number, };

/**
 * How grave a finding is.
 */
export type Level = "ok" | "warning" | "problem";

/**
 * One thing that `torrpeddo doctor` looked at.
 */
export type Finding = { 
/**
 * What was looked at, such as `firefox manifest`.
 */
check: string, 
/**
 * How grave it is.
 */
level: Level, 
/**
 * What was found.
 */
message: string, 
/**
 * What to do about it.
 */
remedy?: string, };

/**
 * When the engine ends by itself.
 */
export type KeepRunning = "while_downloading" | "while_active" | "always" | "with_browser";

/**
 * What happens to a torrent at its ratio or time limit.
 */
export type OnLimit = "stop" | "remove";

/**
 * Whether peers are spoken to in encrypted streams (MSE).
 */
export type Encryption = "prefer" | "allow" | "require" | "off";

/**
 * When a torrent counts as slow, and is left out of the limits.
 */
export type IgnoreSlow = { 
/**
 * Whether slow ones are left out.
 */
enabled: boolean, 
/**
 * Slower than this, in bytes per second…
 */
rate: number, 
/**
 * …for this many seconds.
 */
seconds: number, };

/**
 * When the alternative limits are in force by themselves.
 */
export type Schedule = { 
/**
 * Days of the week, from 0 (Monday) to 6.
 */
days: Array<number>, 
/**
 * Local time at which they begin, `HH:MM`.
 */
from: string, 
/**
 * Local time at which they end, `HH:MM`; earlier than `from` means the next day.
 */
to: string, };

/**
 * A second pair of limits.
 */
export type Alternative = { 
/**
 * Whether they are in force now.
 */
enabled: boolean, 
/**
 * Bytes per second; null for none.
 */
download_limit: number | null, 
/**
 * Bytes per second; null for none.
 */
upload_limit: number | null, 
/**
 * When they are in force by themselves.
 */
schedule: Schedule | null, };

/**
 * All settings.
 */
export type Settings = { 
/**
 * Where downloads go when nobody says otherwise: an absolute path.
 */
download_folder: string, 
/**
 * Where they are until they are complete.
 */
incomplete_folder: string | null, 
/**
 * Whether a click opens the add dialog first.
 */
ask_before_add: boolean, 
/**
 * Whether added torrents wait for the user.
 */
start_paused: boolean, 
/**
 * How many download at once.
 */
max_active_downloads: number, 
/**
 * How many seed at once.
 */
max_active_seeds: number, 
/**
 * How many of both run at once.
 */
max_active: number, 
/**
 * How many magnets ask for their metadata at once.
 */
max_resolving: number, 
/**
 * Which of them do not count.
 */
ignore_slow: IgnoreSlow, 
/**
 * Bytes per second; null for none.
 */
download_limit: number | null, 
/**
 * Bytes per second; null for none.
 */
upload_limit: number | null, 
/**
 * A second pair of limits.
 */
alternative: Alternative, 
/**
 * Uploaded over downloaded at which a seed stops; null for none.
 */
ratio_limit: number | null, 
/**
 * Minutes of seeding after which a seed stops; null for none.
 */
seed_minutes_limit: number | null, 
/**
 * What happens then.
 */
on_limit: OnLimit, 
/**
 * The port for incoming connections; null lets the system pick.
 */
listen_port: number | null, 
/**
 * Asks the router for that port (UPnP IGD).
 */
upnp: boolean, 
/**
 * Finds peers in the DHT (BEP 5).
 */
dht: boolean, 
/**
 * Finds peers on the local network (BEP 14).
 */
lsd: boolean, 
/**
 * Speaks uTP (BEP 29).
 */
utp: boolean, 
/**
 * A proxy for everything that goes to peers and trackers.
 */
proxy_url: string | null, 
/**
 * The network interface to use.
 */
bind_interface: string | null, 
/**
 * Encryption towards peers.
 */
encryption: Encryption, 
/**
 * Connections to peers, over all torrents.
 */
max_connections: number, 
/**
 * Connections to peers of one torrent.
 */
max_connections_per_torrent: number, 
/**
 * Addresses and CIDR ranges never to speak to.
 */
banned_peers: Array<string>, 
/**
 * A list of more of them.
 */
blocklist_url: string | null, 
/**
 * Trackers added to every torrent that is not private.
 */
extra_trackers: Array<string>, 
/**
 * A folder whose torrent files are added. While there is one, the engine does not end by itself
 * for having nothing to do.
 */
watch_folder: string | null, 
/**
 * When the engine ends by itself.
 */
keep_running: KeepRunning, 
/**
 * Whether the engine, at its start, registers anew with browsers where the program was moved,
 * and with those that came later.
 */
repair_registrations: boolean, 
/**
 * Whether the engine notifies the desktop when no browser is there to do it.
 */
notify_when_browser_closed: boolean, };

/**
 * No parameters, or nothing to say.
 */
export type Empty = Record<string, never>;

/**
 * What can be subscribed to.
 */
export type Topic = "torrents" | "session" | "events";

/**
 * When the engine ends.
 */
export type When = "now" | "idle";

/**
 * Where in the queue.
 */
export type QueueMove = "top" | "up" | "down" | "bottom";

/**
 * Any subset of [`Settings`]: the members to change.
 */
export type SettingsPatch = Partial<Settings>;

/**
 * One answer of a method over many, in the order asked.
 */
export type OneResult = { id: string; ok: true } | { id: string; ok: false; error: RpcError };

/**
 * Who the client is.
 */
export type ClientInfo = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its version.
 */
version: string, 
/**
 * The browser it runs in.
 */
browser?: string, };

/**
 * Parameters of `hello`.
 */
export type HelloParams = { 
/**
 * The protocol's version that the client speaks.
 */
protocol: number, 
/**
 * Who the client is.
 */
client: ClientInfo, };

/**
 * Who the engine is.
 */
export type EngineInfo = { 
/**
 * Its version.
 */
version: string, 
/**
 * Its process.
 */
pid: number, 
/**
 * When it started.
 */
started_at: number, };

/**
 * Limits that a client should know.
 */
export type Limits = { 
/**
 * The longest frame from a client.
 */
frame_bytes: number, 
/**
 * The longest frame from the engine.
 */
answer_bytes: number, 
/**
 * The largest torrent file.
 */
torrent_bytes: number, 
/**
 * The longest magnet link.
 */
magnet_bytes: number, 
/**
 * The longest list of ids.
 */
ids: number, };

/**
 * Result of `hello`.
 */
export type HelloResult = { 
/**
 * The protocol's version that is spoken from now on.
 */
protocol: number, 
/**
 * Who the engine is.
 */
engine: EngineInfo, 
/**
 * The methods that work.
 */
capabilities: Array<string>, 
/**
 * Limits that a client should know.
 */
limits: Limits, };

/**
 * Parameters of `get_settings`.
 */
export type GetSettingsParams = { 
/**
 * What they are when nobody has set any, instead of what they are.
 */
defaults?: boolean, };

/**
 * Parameters of `get_session`.
 */
export type GetSessionParams = { 
/**
 * An absolute folder whose free space is wanted, instead of the default folder's. It need
 * not be there yet.
 */
folder?: string, };

/**
 * Result of `set_settings`.
 */
export type SetSettingsResult = { 
/**
 * Those of the changed ones that take effect when the engine starts again.
 */
restart_required?: Array<string>, 
/**
 * Where downloads go when nobody says otherwise: an absolute path.
 */
download_folder: string, 
/**
 * Where they are until they are complete.
 */
incomplete_folder: string | null, 
/**
 * Whether a click opens the add dialog first.
 */
ask_before_add: boolean, 
/**
 * Whether added torrents wait for the user.
 */
start_paused: boolean, 
/**
 * How many download at once.
 */
max_active_downloads: number, 
/**
 * How many seed at once.
 */
max_active_seeds: number, 
/**
 * How many of both run at once.
 */
max_active: number, 
/**
 * How many magnets ask for their metadata at once.
 */
max_resolving: number, 
/**
 * Which of them do not count.
 */
ignore_slow: IgnoreSlow, 
/**
 * Bytes per second; null for none.
 */
download_limit: number | null, 
/**
 * Bytes per second; null for none.
 */
upload_limit: number | null, 
/**
 * A second pair of limits.
 */
alternative: Alternative, 
/**
 * Uploaded over downloaded at which a seed stops; null for none.
 */
ratio_limit: number | null, 
/**
 * Minutes of seeding after which a seed stops; null for none.
 */
seed_minutes_limit: number | null, 
/**
 * What happens then.
 */
on_limit: OnLimit, 
/**
 * The port for incoming connections; null lets the system pick.
 */
listen_port: number | null, 
/**
 * Asks the router for that port (UPnP IGD).
 */
upnp: boolean, 
/**
 * Finds peers in the DHT (BEP 5).
 */
dht: boolean, 
/**
 * Finds peers on the local network (BEP 14).
 */
lsd: boolean, 
/**
 * Speaks uTP (BEP 29).
 */
utp: boolean, 
/**
 * A proxy for everything that goes to peers and trackers.
 */
proxy_url: string | null, 
/**
 * The network interface to use.
 */
bind_interface: string | null, 
/**
 * Encryption towards peers.
 */
encryption: Encryption, 
/**
 * Connections to peers, over all torrents.
 */
max_connections: number, 
/**
 * Connections to peers of one torrent.
 */
max_connections_per_torrent: number, 
/**
 * Addresses and CIDR ranges never to speak to.
 */
banned_peers: Array<string>, 
/**
 * A list of more of them.
 */
blocklist_url: string | null, 
/**
 * Trackers added to every torrent that is not private.
 */
extra_trackers: Array<string>, 
/**
 * A folder whose torrent files are added. While there is one, the engine does not end by itself
 * for having nothing to do.
 */
watch_folder: string | null, 
/**
 * When the engine ends by itself.
 */
keep_running: KeepRunning, 
/**
 * Whether the engine, at its start, registers anew with browsers where the program was moved,
 * and with those that came later.
 */
repair_registrations: boolean, 
/**
 * Whether the engine notifies the desktop when no browser is there to do it.
 */
notify_when_browser_closed: boolean, };

/**
 * Parameters of `subscribe`.
 */
export type SubscribeParams = { 
/**
 * To what.
 */
topics: Array<Topic>, 
/**
 * The least time between two notifications of one kind.
 */
interval_ms?: number, };

/**
 * Parameters of `unsubscribe`.
 */
export type UnsubscribeParams = { 
/**
 * From what; from everything when absent.
 */
topics?: Array<Topic>, };

/**
 * Parameters of `shutdown`.
 */
export type ShutdownParams = { 
/**
 * When.
 */
when: When, };

/**
 * Result of `show_manager`.
 */
export type ShowManagerResult = { 
/**
 * Whether a browser was there to be told.
 */
shown: boolean, };

/**
 * Result of `diagnose`.
 */
export type DiagnoseResult = { 
/**
 * What was found.
 */
findings: Array<Finding>, };

/**
 * Parameters of `get_log`.
 */
export type GetLogParams = { 
/**
 * How many lines; 200 when absent.
 */
lines?: number, };

/**
 * Result of `get_log`.
 */
export type GetLogResult = { 
/**
 * Newest last.
 */
lines: Array<string>, };

/**
 * How to add.
 */
export type AddOptions = { 
/**
 * The folder; `download_folder` when absent.
 */
save_path?: string, 
/**
 * Waits for the user; `start_paused` when absent.
 */
paused?: boolean, 
/**
 * The files to download; all when absent.
 */
selected?: Array<number>, 
/**
 * First in the queue.
 */
queue_top?: boolean, 
/**
 * Labels.
 */
labels?: Array<string>, 
/**
 * The preview that this comes from; its metadata is used, and it is dropped.
 */
preview_id?: string, };

/**
 * Parameters of `add_magnet`.
 */
export type AddMagnetParams = { 
/**
 * The magnet link.
 */
uri: string, 
/**
 * How to add.
 */
options?: AddOptions, };

/**
 * Parameters of `add_torrent`.
 */
export type AddTorrentParams = { 
/**
 * The torrent file in base64.
 */
data: string, 
/**
 * How to add.
 */
options?: AddOptions, };

/**
 * Parameters of `add_url`.
 */
export type AddUrlParams = { 
/**
 * An http or https URL of a torrent file, or a magnet link.
 */
url: string, 
/**
 * How to add.
 */
options?: AddOptions, };

/**
 * Result of the methods that add.
 */
export type AddResult = { 
/**
 * The torrent.
 */
torrent: Torrent, 
/**
 * Whether it was there before.
 */
already_exists: boolean, };

/**
 * Parameters of `preview`: exactly one of `uri`, `data`, `url` and `preview_id`.
 */
export type PreviewParams = { 
/**
 * A magnet link.
 */
uri?: string, 
/**
 * A torrent file in base64.
 */
data?: string, 
/**
 * An http or https URL of a torrent file.
 */
url?: string, 
/**
 * A preview that is already there: its next page of files.
 */
preview_id?: string, 
/**
 * Where that page begins.
 */
cursor?: string, };

/**
 * Result of `preview`.
 */
export type PreviewResult = { 
/**
 * The name of this preview.
 */
preview_id: string, 
/**
 * The torrent. Absent while a torrent file is still being fetched from `url`.
 */
id?: string, 
/**
 * Its name, as far as it is known.
 */
name?: string, 
/**
 * Its files, once they are known.
 */
files?: Array<FileStatus>, 
/**
 * Its size, once it is known.
 */
total_bytes?: number, 
/**
 * How many files there are, once it is known.
 */
file_count?: number, 
/**
 * More files: ask again with this cursor.
 */
next_cursor?: string, 
/**
 * Whether the torrent is in the list already.
 */
already_exists?: boolean, };

/**
 * Parameters of `drop_preview`.
 */
export type DropPreviewParams = { 
/**
 * The preview.
 */
preview_id: string, };

/**
 * Parameters of `get_status`.
 */
export type GetStatusParams = { 
/**
 * Which torrents; all when absent.
 */
ids?: Array<string>, 
/**
 * Where the page begins.
 */
cursor?: string, };

/**
 * Result of `get_status`.
 */
export type GetStatusResult = { 
/**
 * The torrents.
 */
torrents: Array<Torrent>, 
/**
 * The session's totals.
 */
session: Session, 
/**
 * More torrents: ask again with this cursor.
 */
next_cursor?: string, };

/**
 * Parameters of `get_files`.
 */
export type GetFilesParams = { 
/**
 * The torrent.
 */
id: string, 
/**
 * Where the page begins.
 */
cursor?: string, };

/**
 * Result of `get_files`.
 */
export type GetFilesResult = { 
/**
 * The files.
 */
files: Array<FileStatus>, 
/**
 * More files: ask again with this cursor.
 */
next_cursor?: string, };

/**
 * Parameters of methods about one torrent.
 */
export type IdParams = { 
/**
 * The torrent.
 */
id: string, };

/**
 * Parameters of methods about many torrents.
 */
export type IdsParams = { 
/**
 * The torrents.
 */
ids: Array<string>, };

/**
 * Result of methods about many torrents.
 */
export type ManyResult = { 
/**
 * One for each id, in the order asked.
 */
results: Array<OneResult>, };

/**
 * Result of `get_peers`.
 */
export type GetPeersResult = { 
/**
 * The peers.
 */
peers: Array<Peer>, };

/**
 * Result of `get_trackers`.
 */
export type GetTrackersResult = { 
/**
 * The trackers.
 */
trackers: Array<Tracker>, };

/**
 * Result of `get_pieces`.
 */
export type GetPiecesResult = { 
/**
 * How many pieces.
 */
piece_count: number, 
/**
 * The size of all but the last.
 */
piece_bytes: number, 
/**
 * A bit for each piece, most significant first, in base64.
 */
have: string, };

/**
 * Parameters of `resume`.
 */
export type ResumeParams = { 
/**
 * The torrents.
 */
ids: Array<string>, 
/**
 * Runs them now, outside the limits.
 */
force?: boolean, };

/**
 * Parameters of `delete_files`.
 */
export type DeleteFilesParams = { 
/**
 * The torrents.
 */
ids: Array<string>, 
/**
 * To the system's bin.
 */
trash?: boolean, };

/**
 * Parameters of `remove`.
 */
export type RemoveParams = { 
/**
 * The torrents.
 */
ids: Array<string>, 
/**
 * Deletes their files too.
 */
delete_files?: boolean, 
/**
 * To the system's bin.
 */
trash?: boolean, };

/**
 * Parameters of `set_files`.
 */
export type SetFilesParams = { 
/**
 * The torrent.
 */
id: string, 
/**
 * The files to download.
 */
selected: Array<number>, };

/**
 * Parameters of `move_in_queue`.
 */
export type MoveInQueueParams = { 
/**
 * The torrents.
 */
ids: Array<string>, 
/**
 * Where to.
 */
to: QueueMove, };

/**
 * Parameters of `set_torrent`.
 */
export type SetTorrentParams = { 
/**
 * The torrent.
 */
id: string, 
/**
 * Bytes per second; null for none.
 */
download_limit?: number | null, 
/**
 * Bytes per second; null for none.
 */
upload_limit?: number | null, 
/**
 * Uploaded over downloaded; null for the setting's.
 */
ratio_limit?: number | null, 
/**
 * Labels, all of them.
 */
labels?: Array<string>, 
/**
 * Announce URLs to add, each in a tier of its own.
 */
trackers_add?: Array<string>, 
/**
 * Announce URLs to remove, the torrent file's own too. Removed before others are added.
 */
trackers_remove?: Array<string>, };

/**
 * Parameters of `add_peers`.
 */
export type AddPeersParams = { 
/**
 * The torrent.
 */
id: string, 
/**
 * Addresses with a port: `host:port`, `192.0.2.1:6881` or `[2001:db8::1]:6881`. At most 256.
 */
peers: Array<string>, };

/**
 * Result of `add_peers`.
 */
export type AddPeersResult = { 
/**
 * How many of them are tried now.
 */
added: number, };

/**
 * Parameters of `get_magnet`.
 */
export type GetMagnetParams = { 
/**
 * The torrent.
 */
id: string, 
/**
 * Whether the link names the trackers, which may contain a passkey. When absent, it does
 * unless the torrent is private.
 */
with_trackers?: boolean, };

/**
 * Result of `get_magnet`.
 */
export type GetMagnetResult = { 
/**
 * The magnet link.
 */
magnet: string, };

/**
 * Parameters of `move_files`.
 */
export type MoveFilesParams = { 
/**
 * The torrent.
 */
id: string, 
/**
 * Where to: an absolute path.
 */
save_path: string, };

/**
 * Parameters of `open_file`.
 */
export type OpenFileParams = { 
/**
 * The torrent.
 */
id: string, 
/**
 * The file.
 */
index: number, };

/**
 * Parameters of `get_torrent_file`.
 */
export type GetTorrentFileParams = { 
/**
 * The torrent.
 */
id: string, 
/**
 * Where the part begins.
 */
cursor?: string, };

/**
 * Result of `get_torrent_file`.
 */
export type TorrentFileResult = { 
/**
 * A name for the file.
 */
name: string, 
/**
 * Its bytes in base64, or a part of them.
 */
data: string, 
/**
 * It does not fit one answer: ask again with this cursor, and join the decoded parts.
 */
next_cursor?: string, };

/**
 * Parameters of `choose_folder`.
 */
export type ChooseFolderParams = { 
/**
 * The title of the dialog.
 */
title?: string, 
/**
 * Where it begins.
 */
start?: string, };

/**
 * Result of `choose_folder`.
 */
export type ChooseFolderResult = { 
/**
 * The folder; null when the user chose none.
 */
path: string | null, };

/**
 * Torrents that changed. First a full list (`reset`), in several frames when it is long.
 */
export type TorrentsChanged = { 
/**
 * This frame begins a full list: forget what was known.
 */
reset?: boolean, 
/**
 * New and changed torrents.
 */
upsert: Array<Torrent>, 
/**
 * Ids of torrents that are gone.
 */
removed: Array<string>, 
/**
 * Another frame of the same change follows.
 */
more?: boolean, };

/**
 * What an event is about.
 */
export type EventKind = "torrent_added" | "torrent_completed" | "torrent_error" | "torrent_removed" | "metadata_received" | "preview_ready" | "preview_failed" | "show_manager" | "engine_stopping";

/**
 * Something happened; sent at once.
 */
export type Event = { 
/**
 * What happened.
 */
kind: EventKind, 
/**
 * When.
 */
at: number, 
/**
 * The torrent.
 */
id?: string, 
/**
 * Its name.
 */
name?: string, 
/**
 * The preview.
 */
preview_id?: string, 
/**
 * The files of a preview. Absent where the list would not fit a frame: ask `preview` again
 * with a `cursor`.
 */
files?: Array<FileStatus>, 
/**
 * The size of a preview.
 */
total_bytes?: number, 
/**
 * Why it failed.
 */
error?: RpcError, };

export interface Methods {
  /** Agrees on the protocol's version. Optional, but first when used. */
  hello: { params: HelloParams; result: HelloResult };
  /** Answers. */
  ping: { params: Empty; result: Empty };
  /** All settings, or their defaults. */
  get_settings: { params: GetSettingsParams; result: Settings };
  /** Changes some of them, all or nothing. */
  set_settings: { params: SettingsPatch; result: SetSettingsResult };
  /** The session's totals, and the free space of a folder. */
  get_session: { params: GetSessionParams; result: Session };
  /** Begins notifications. */
  subscribe: { params: SubscribeParams; result: Empty };
  /** Ends notifications. */
  unsubscribe: { params: UnsubscribeParams; result: Empty };
  /** Ends the engine. */
  shutdown: { params: ShutdownParams; result: Empty };
  /** What `torrpeddo doctor` says. */
  diagnose: { params: Empty; result: DiagnoseResult };
  /** The newest lines of the log. */
  get_log: { params: GetLogParams; result: GetLogResult };
  /** Adds a magnet link, at once; its metadata is fetched afterwards. */
  add_magnet: { params: AddMagnetParams; result: AddResult };
  /** Adds the bytes of a torrent file. */
  add_torrent: { params: AddTorrentParams; result: AddResult };
  /** Adds a torrent file from the web, or a magnet link. */
  add_url: { params: AddUrlParams; result: AddResult };
  /** Looks into a torrent without writing anything. */
  preview: { params: PreviewParams; result: PreviewResult };
  /** Ends a preview. */
  drop_preview: { params: DropPreviewParams; result: Empty };
  /** Torrents, and the session's totals. */
  get_status: { params: GetStatusParams; result: GetStatusResult };
  /** The files of a torrent. */
  get_files: { params: GetFilesParams; result: GetFilesResult };
  /** The peers of a torrent. */
  get_peers: { params: IdParams; result: GetPeersResult };
  /** The trackers of a torrent. */
  get_trackers: { params: IdParams; result: GetTrackersResult };
  /** The pieces of a torrent. */
  get_pieces: { params: IdParams; result: GetPiecesResult };
  /** Stops torrents until the user resumes them. */
  pause: { params: IdsParams; result: ManyResult };
  /** Hands torrents back to the queue. */
  resume: { params: ResumeParams; result: ManyResult };
  /** Takes torrents out of the engine; files and entries stay. */
  cancel: { params: IdsParams; result: ManyResult };
  /** Deletes the files of cancelled torrents, then their entries. */
  delete_files: { params: DeleteFilesParams; result: ManyResult };
  /** Forgets entries, from any state. */
  remove: { params: RemoveParams; result: ManyResult };
  /** Verifies what is on disk. */
  recheck: { params: IdsParams; result: ManyResult };
  /** Selects the files to download. */
  set_files: { params: SetFilesParams; result: Empty };
  /** Moves torrents in the queue. */
  move_in_queue: { params: MoveInQueueParams; result: ManyResult };
  /** Changes what can be changed of one torrent. */
  set_torrent: { params: SetTorrentParams; result: Torrent };
  /** Asks the trackers of torrents at once. */
  announce_now: { params: IdsParams; result: ManyResult };
  /** Adds addresses of peers to a torrent. */
  add_peers: { params: AddPeersParams; result: AddPeersResult };
  /** A magnet link for a torrent. */
  get_magnet: { params: GetMagnetParams; result: GetMagnetResult };
  /** Moves a torrent's files to another folder. */
  move_files: { params: MoveFilesParams; result: Empty };
  /** Shows a torrent in the file manager. */
  open_folder: { params: IdParams; result: Empty };
  /** Opens a file with its program. */
  open_file: { params: OpenFileParams; result: Empty };
  /** The torrent file, to be exported. */
  get_torrent_file: { params: GetTorrentFileParams; result: TorrentFileResult };
  /** Lets a browser that is connected show the full page. */
  show_manager: { params: Empty; result: ShowManagerResult };
  /** Asks the user for a folder. */
  choose_folder: { params: ChooseFolderParams; result: ChooseFolderResult };
}

export interface Notifications {
  torrents_changed: TorrentsChanged;
  session_changed: Session;
  event: Event;
}
