//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use torrpeddo_protocol::TorrentState;

const EXAMPLES: &str = "\
Examples:
  torrpeddo add 'magnet:?xt=urn:btih:…'           add a magnet link
  torrpeddo add debian.torrent --wait             add a torrent file and see it through
  torrpeddo list                                  what is there
  torrpeddo pause 3f2a                            pause the torrent whose id begins so
  torrpeddo settings max_active_downloads 3       at most three at once
  torrpeddo install                               tell the browsers of this user about Torrpeddo

Exit codes:
  0  done
  1  something was not done; for `doctor`: there is a problem
  2  the command line makes no sense
  3  the engine cannot be started or reached
  4  `torrpeddo engine`: another engine is running already

Environment:
  TORRPEDDO_HOME      a folder for everything Torrpeddo keeps, instead of the user's own folders
  TORRPEDDO_DEFAULTS  settings as JSON, for those that nobody has set
  TORRPEDDO_LOG       what the engine logs: error, warn, info, debug or trace";

const FLAGS: &str = "\
Flags:
  D  it sends us data, or would at once     d  we want data, and it chokes us
  U  we send it data, or would at once      u  it wants data, and we choke it
  K  it would send, and we want nothing     ?  we would send, and it wants nothing
  O  optimistic unchoke slot                S  snubbed: unchoked us, and sends nothing
  I  it connected to us                     E  encrypted          P  uTP";

/// A torrent client that lives in the browser.
///
/// The browser starts what it needs by itself. This command line controls the same engine.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, arg_required_else_help = true, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Print one JSON document, for scripts (`watch`: one a line)
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add magnet links, torrent files or URLs of torrent files
    Add(AddArguments),
    /// Add magnet links and torrent files, and show the full page in the browser
    Open(OpenArguments),
    /// List the torrents
    #[command(visible_alias = "ls")]
    List(ListArguments),
    /// Show the progress until interrupted
    Watch(WatchArguments),
    /// List the connected peers of a torrent
    #[command(after_help = FLAGS)]
    Peers(One),
    /// List the trackers of a torrent, and what they answered
    Trackers(One),
    /// Ask the trackers of torrents for peers now
    Announce(Which),
    /// Stop torrents until you resume them
    Pause(Which),
    /// Let torrents go on: as soon as a place in the queue is free
    Resume(ResumeArguments),
    /// Take torrents out of the engine; their files and entries stay
    Cancel(Which),
    /// Delete the files of cancelled torrents, then their entries
    DeleteFiles(DeleteFilesArguments),
    /// Forget torrents; their files stay unless you say otherwise
    #[command(visible_alias = "rm")]
    Remove(RemoveArguments),
    /// Show or change settings
    Settings(SettingsArguments),
    /// End the engine; it saves everything first
    Stop(StopArguments),
    /// Tell the browsers where Torrpeddo is
    Install(InstallArguments),
    /// Undo `install`
    Uninstall(InstallArguments),
    /// Look whether everything is set up, and say what to do where it is not
    Doctor(DoctorArguments),
    /// Run the engine in this terminal (browsers and commands start it by themselves)
    Engine(EngineArguments),
    /// Speak the browsers' protocol over standard input and output
    Relay,
    /// Print the completions of a shell
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder, for packages
    #[command(hide = true)]
    Manual {
        /// The folder.
        folder: PathBuf,
    },
}

/// Arguments of `add`.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// A magnet link, a torrent file, or the http(s) URL of one
    #[arg(required = true, value_name = "MAGNET|FILE|URL")]
    pub sources: Vec<String>,
    /// Download into this folder
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Do not start yet
    #[arg(long, conflicts_with = "wait")]
    pub paused: bool,
    /// First in the queue
    #[arg(long)]
    pub top: bool,
    /// Wait until everything is there, and show the progress
    #[arg(long)]
    pub wait: bool,
    /// Give it a label; may be repeated
    #[arg(long = "label", value_name = "LABEL")]
    pub labels: Vec<String>,
}

/// Arguments of `open`.
#[derive(Debug, Args)]
pub struct OpenArguments {
    /// A magnet link, a torrent file, or the http(s) URL of one
    #[arg(value_name = "MAGNET|FILE|URL")]
    pub sources: Vec<String>,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Only these: ids, beginnings of ids, or names
    #[arg(value_name = "TORRENT")]
    pub torrents: Vec<String>,
    /// Only those in this state; may be repeated
    #[arg(long = "state", value_name = "STATE")]
    pub states: Vec<State>,
}

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub struct WatchArguments {
    /// Only these: ids, beginnings of ids, or names
    #[arg(value_name = "TORRENT")]
    pub torrents: Vec<String>,
}

/// Which torrent.
#[derive(Debug, Args)]
pub struct One {
    /// Its id, the beginning of it, or its name
    #[arg(value_name = "TORRENT")]
    pub torrent: String,
}

/// Which torrents.
#[derive(Debug, Args)]
pub struct Which {
    /// Ids, beginnings of ids, or names
    #[arg(value_name = "TORRENT", required_unless_present = "all", conflicts_with = "all")]
    pub torrents: Vec<String>,
    /// All of them
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `resume`.
#[derive(Debug, Args)]
pub struct ResumeArguments {
    /// Which.
    #[command(flatten)]
    pub which: Which,
    /// Run now, outside the limits of the queue
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `delete-files`.
#[derive(Debug, Args)]
pub struct DeleteFilesArguments {
    /// Which.
    #[command(flatten)]
    pub which: Which,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

/// Arguments of `remove`.
#[derive(Debug, Args)]
pub struct RemoveArguments {
    /// Which.
    #[command(flatten)]
    pub which: Which,
    /// Delete their files too
    #[arg(long)]
    pub delete_files: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

/// Arguments of `settings`.
#[derive(Debug, Args)]
pub struct SettingsArguments {
    /// The setting, such as `download_folder` or `ignore_slow.rate`; all when absent
    pub name: Option<String>,
    /// Its new value: a number (rates also as 500K or 2M), true, false, none, a text, or JSON
    #[arg(allow_hyphen_values = true)]
    pub value: Option<String>,
}

/// Arguments of `stop`.
#[derive(Debug, Args)]
pub struct StopArguments {
    /// Not now, but as soon as nothing downloads
    #[arg(long)]
    pub idle: bool,
}

/// Arguments of `install` and `uninstall`.
#[derive(Debug, Args)]
pub struct InstallArguments {
    /// Only this browser, even if it was never started; may be repeated
    #[arg(long = "browser", value_name = "NAME")]
    pub browsers: Vec<String>,
    /// For every user of this machine; needs an administrator
    #[arg(long)]
    pub system: bool,
    /// For a browser of Chromium's family that is started with this --user-data-dir
    #[arg(long, value_name = "DIR", conflicts_with_all = ["system", "manifest_dir"])]
    pub user_data_dir: Option<PathBuf>,
    /// Use this folder of native manifests instead of the browser's own
    #[arg(long, value_name = "DIR", conflicts_with = "system")]
    pub manifest_dir: Option<PathBuf>,
    /// Also take magnet links and torrent files from other programs; `uninstall`: only give these back
    #[arg(long, conflicts_with = "system")]
    pub handler: bool,
    /// Also start the engine with your session; `uninstall`: only leave that to the browser again
    #[arg(long, conflicts_with = "system")]
    pub autostart: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Put right what can be put right without you
    #[arg(long)]
    pub fix: bool,
}

/// Arguments of `engine`.
#[derive(Debug, Args)]
pub struct EngineArguments {
    /// Nobody looks at this terminal: log to the file only
    #[arg(long, hide = true)]
    pub detached: bool,
}

/// A state, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum State {
    /// Waits for a place in the queue
    Queued,
    /// Asks peers what is in it
    FetchingMetadata,
    /// Verifies what is on disk
    Checking,
    /// Downloads
    Downloading,
    /// Complete, and uploads
    Seeding,
    /// Complete
    Finished,
    /// Stopped by you
    Paused,
    /// Taken out by you; its files are still there
    Cancelled,
    /// Stopped by a fault
    Error,
}

impl State {
    /// Whether a torrent is in it.
    pub fn is(self, state: TorrentState) -> bool {
        self.to_possible_value().is_some_and(|value| value.get_name() == state.as_str())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_state_can_be_typed() {
        for state in [
            TorrentState::Queued,
            TorrentState::FetchingMetadata,
            TorrentState::Checking,
            TorrentState::Downloading,
            TorrentState::Seeding,
            TorrentState::Finished,
            TorrentState::Paused,
            TorrentState::Cancelled,
            TorrentState::Error,
        ] {
            let named = State::value_variants().iter().filter(|typed| typed.is(state));
            assert_eq!(named.count(), 1, "{state}");
        }
    }
}
