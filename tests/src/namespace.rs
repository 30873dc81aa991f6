//! A network of a test's own: what an engine says to the DHT, to the local network and to the
//! router is seen there, and leaves it never.

use std::io::{BufRead, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// The port at which new nodes of the DHT ask first.
pub const BOOTSTRAP_PORT: u16 = 6881;

/// Makes the network: a cable with both ends in it, since loopback is no local network. Whoever is
/// asked first in the DHT is at our address.
const MAKE: &str = "set -e
ip link set lo up
ip link add near type veth peer name far
ip address add $0/24 dev near
ip link set near up
ip link set far up
ip route add default dev near
mount --make-rprivate /
mount --bind \"$1\" /etc/hosts
echo made
exec cat";

/// A network namespace, and a mount namespace with an own list of hosts. Both end with this value.
pub struct Namespace {
    /// What runs in it keeps it there.
    keeper: Child,
    _hosts: tempfile::NamedTempFile,
}

impl Namespace {
    /// The one address in it, besides loopback.
    pub const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 0, 1));

    /// Makes one; `None` where that is not allowed, after saying so.
    ///
    /// # Panics
    /// When the disk says no.
    #[must_use]
    pub fn new() -> Option<Self> {
        let mut hosts = tempfile::NamedTempFile::new().expect("a file");
        let address = Self::ADDRESS;
        let list =
            format!("127.0.0.1 localhost\n{address} dht.transmissionbt.com dht.libtorrent.org\n");
        hosts.write_all(list.as_bytes()).expect("a list of hosts");
        let made = Command::new("unshare")
            .args(["--net", "--mount", "sh", "-c", MAKE])
            .arg(address.to_string())
            .arg(hosts.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for us.
            .process_group(0)
            .spawn();
        let mut keeper = match made {
            Ok(keeper) => keeper,
            Err(error) => {
                eprintln!("skipped: there is no unshare to make a network with ({error})");
                return None;
            }
        };
        let mut line = String::new();
        let output = keeper.stdout.take().expect("a piped output");
        let said = BufReader::new(output).read_line(&mut line);
        let namespace = Self { keeper, _hosts: hosts };
        if said.is_ok() && line == "made\n" {
            return Some(namespace);
        }
        eprintln!("skipped: this user may not make a network of his own");
        None
    }

    /// The same command, run in here.
    #[must_use]
    pub fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside.arg("--target").arg(self.keeper.id().to_string()).args(["--net", "--mount", "--"]);
        inside.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside
    }

    /// Runs `work` with the network of this namespace. Sockets that it makes stay in it.
    ///
    /// # Panics
    /// When the namespace cannot be entered, or `work` panics.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let path = format!("/proc/{}/ns/net", self.keeper.id());
        let network = std::fs::File::open(path).expect("a namespace");
        // In a thread of its own: only that one enters.
        std::thread::scope(|scope| {
            let entered = scope.spawn(|| {
                move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))
                    .expect("root may enter a namespace");
                work()
            });
            entered.join().expect("the work in the namespace")
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}
