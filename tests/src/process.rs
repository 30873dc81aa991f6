//! Processes: found by what they inherited, ended by their id.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Whether a process is there and not yet a zombie.
#[must_use]
pub fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !matches!(stat.rsplit(") ").next(), Some(rest) if rest.starts_with('Z')))
}

/// Sends `signal` to one process; nothing happens when it is gone already.
pub fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// Ends a process at once, as `kill -9` does, and waits until it is gone.
///
/// # Panics
/// When it is still there after ten seconds.
pub fn kill(pid: u32) {
    send(pid, Signal::KILL);
    assert!(gone_within(pid, Duration::from_secs(10)), "process {pid} survived SIGKILL");
}

/// Whether a process is gone before `patience` ends.
#[must_use]
pub fn gone_within(pid: u32, patience: Duration) -> bool {
    let began = Instant::now();
    while is_alive(pid) {
        if began.elapsed() > patience {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

/// The processes whose environment contains `NAME=value`: ours, however they detached themselves,
/// when the value is a temporary folder of ours.
#[must_use]
pub fn with_environment(name: &str, value: &str) -> Vec<u32> {
    let wanted = format!("{name}={value}");
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            *pid != std::process::id()
                && is_alive(*pid)
                && std::fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
                    environment.split(|byte| *byte == 0).any(|pair| pair == wanted.as_bytes())
                })
        })
        .collect()
}

/// The arguments of a process, for messages.
#[must_use]
pub fn describe(pid: u32) -> String {
    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    format!("{pid} ({})", String::from_utf8_lossy(&arguments).replace('\0', " ").trim())
}

/// The resident memory of a process in KiB.
#[must_use]
pub fn resident_kib(pid: u32) -> Option<u64> {
    status(pid, "VmRSS:")
}

/// The most resident memory that a process ever had, in KiB.
#[must_use]
pub fn peak_kib(pid: u32) -> Option<u64> {
    status(pid, "VmHWM:")
}

fn status(pid: u32, member: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(member))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The files below `folder` that a process has open. What was deleted counts too.
#[must_use]
pub fn open_below(pid: u32, folder: &Path) -> Vec<PathBuf> {
    descriptors(pid).filter(|path| path.starts_with(folder)).collect()
}

/// The TCP connections of a process: their own port, and the other one's.
#[must_use]
pub fn connections(pid: u32) -> Vec<(u16, u16)> {
    let own: HashSet<String> = descriptors(pid)
        .filter_map(|path| Some(path.to_str()?.strip_prefix("socket:[")?.replace(']', "")))
        .collect();
    let port = |address: &str| u16::from_str_radix(address.rsplit(':').next()?, 16).ok();
    ["tcp", "tcp6"]
        .iter()
        .filter_map(|name| std::fs::read_to_string(format!("/proc/{pid}/net/{name}")).ok())
        .flat_map(|table| table.lines().skip(1).map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let listens = fields.get(3) == Some(&"0A");
            (!listens && own.contains(*fields.get(9)?))
                .then_some((port(fields.get(1)?)?, port(fields.get(2)?)?))
        })
        .collect()
}

/// What the descriptors of a process lead to.
fn descriptors(pid: u32) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
    entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
}

/// The processor time that a process has taken, in both modes; nothing when it is gone.
#[must_use]
pub fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // After the name, which may have spaces in it: utime and stime are the fields 14 and 15.
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
    // Linux tells programs of hundredths of a second, whatever its own clock is.
    Duration::from_millis(fields.filter_map(|field| field.parse::<u64>().ok()).sum::<u64>() * 10)
}

/// How many bytes a process has read from files and sockets since it started.
#[must_use]
pub fn bytes_read(pid: u32) -> Option<u64> {
    let io = std::fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    io.lines().find_map(|line| line.strip_prefix("rchar: "))?.parse().ok()
}
